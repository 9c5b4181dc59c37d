/* SPDX-License-Identifier: BSD-2-Clause */
/* One opened security key: what it is, how it is asked, what its errors mean. */
#ifndef AUTHENTICATOR_KEY_H
#define AUTHENTICATOR_KEY_H

#include "authenticator/choices.h"
#include "authenticator/hid.h"

#include "common/base/cleanup.h"

struct key {
    fido_dev_t *device;
    struct hid hid;
    struct key_info info;
    int error;         /* the last one libfido2 gave */
    uint8_t pin_tries; /* as of the last question; PK_TRIES_UNKNOWN */
};

static inline void free_assert(fido_assert_t *assertion)
{
    fido_assert_free(&assertion);
}
PK_DEFINE_CLEANUP(fido_assert_t *, free_assert);

/*
 * Greets the key whose device fd is, and asks what it can do. channel is watched for CANCEL from
 * now on. The key, and fd with it, is closed by key_close() whatever the result. As key_status().
 */
enum pk_status key_open(struct key *key, struct pk_channel *channel, int fd) PK_WARN_UNUSED;
void key_close(struct key *key);

/* Remembers libfido2's error and says what it means (CTAP 2.1 section 8.2). */
enum pk_status key_status(struct key *key, int error) PK_WARN_UNUSED;

/* How many tries the PIN has left; also in key->pin_tries. PK_TRIES_UNKNOWN without a PIN. */
uint8_t key_pin_tries(struct key *key);

/*
 * Asks silently, without touch or verification, which of the credentials the key holds for rp_id;
 * ret_found gets the index of the first. An empty list asks for discoverable ones and finds 0.
 * PK_NO_MATCH: none that it shows. PK_PIN_REQUIRED: it does not say without a person.
 */
struct credential_list {
    const struct pk_descriptor *items;
    size_t count;
};
enum pk_status key_find(struct key *key, const char *rp_id, const struct credential_list *list,
                        size_t *ret_found) PK_WARN_UNUSED;

#endif
