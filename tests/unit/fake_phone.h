/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In place of common/keys: a ceremony with a phone that does what a test says. The methods local
 * and phone are the daemon's own, and behind them is one that only looks.
 */
#ifndef TESTS_UNIT_FAKE_PHONE_H
#define TESTS_UNIT_FAKE_PHONE_H

#include "common/keys/phone_ceremony.h"
#include "tests/unit/begin_sign_in.h"

#define WITH_PHONES "[rp default]\nid = example.org\n[phone]\nenabled = yes\n"
#define ON_PHONE    (PK_TRANSPORT_HYBRID | PK_TRANSPORT_INTERNAL)

struct pk_phone_ceremony {
    const struct pk_phone_ceremony_ops *ops;
    void *data;
    struct pk_dialogue person;
    struct pk_frame asked;
    char purpose[256];
    char payer[64];
};

struct fake_phone {
    struct pk_phone_ceremony *ceremony; /* NULL: no code is shown */
    unsigned started, freed, given_up;
    enum pk_status refuses; /* PK_OK: none can be begun */
};
extern struct fake_phone phone;

/* cmocka's; bare_daemon_tear_down() is its other half. */
int fake_phone_set_up(void **state);

/* The phone signs what it is asked with that key, or says it of that RP id. */
void phone_signs(const struct soft_key *key, const char *rp_id, uint8_t flags);
/* It makes a credential. */
void phone_makes(const struct soft_key *key, const char *rp_id, uint8_t flags);
void phone_fails(enum pk_status why);
/* It was heard, and the service of that number is being connected to. */
void phone_connects_by(uint16_t service);

#endif
