/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ceremony with a phone nearby: one process of passkey-phone, the QR code that it makes, and the
 * order in which it may send frames. One that breaks the order, or takes too long, counts as a
 * connection that failed. It may lie about what a phone said, and cannot forge it: accounts and
 * signatures are the caller's business.
 */
#ifndef PK_KEYS_PHONE_CEREMONY_H
#define PK_KEYS_PHONE_CEREMONY_H

#include "common/keys/dialogue.h"
#include "common/keys/keys.h"

struct pk_phone_ceremony;

#define PK_PHONE_CODE_SECONDS   120 /* how long a code is good, until a phone is heard */
#define PK_PHONE_ANSWER_SECONDS 120 /* how long its user may then take */

struct pk_phone_ceremony_ops {
    /*
     * A tunnel service is being connected to, which learns this computer's address: its number, see
     * common/hybrid/domain.h. A few times at most; NULL: nobody wants to know.
     */
    void (*connects)(void *data, uint16_t service);
    /* ASSERTION with one answer, or CREDENTIAL, as was asked: the ceremony is over. */
    void (*answered)(void *data, const struct pk_frame *frame);
    /* The ceremony is over without an answer. */
    void (*failed)(void *data, enum pk_status why);
};

/* Borrowed. */
struct pk_phone_request {
    const char *purpose; /* of the approval, to follow "Approve on your phone" */
    const char *payer;   /* each has one ceremony at a time */
    bool on_light;       /* the code is for a terminal with a light background */
};

/*
 * Starts, for asked, which is GET_ASSERTION with all credentials in one list or MAKE_CREDENTIAL and
 * is taken; its path does not matter. The person is shown the code as "qr-code", then what to do as
 * "phone", and later "phone-heard" and "phone-asked". PK_UNAVAILABLE where the program uses no
 * phones or the process cannot be started, PK_BUSY while the payer has another ceremony,
 * PK_NO_MEMORY; ops are not called then.
 */
enum pk_status pk_phone_ceremony_new(struct pk_keys *keys, const struct pk_dialogue *person,
                                     const struct pk_phone_request *request, struct pk_frame *asked,
                                     const struct pk_phone_ceremony_ops *ops, void *data,
                                     struct pk_phone_ceremony **ret) PK_WARN_UNUSED;

/* The person does not want to wait any longer: it fails with PK_CANCELLED, unless it is over. Not
 * from within ops. */
void pk_phone_ceremony_give_up(struct pk_phone_ceremony *ceremony);

/* Cancels what is under way, and releases. Also from within ops. */
void pk_phone_ceremony_free(struct pk_phone_ceremony *ceremony);

#endif
