/* SPDX-License-Identifier: BSD-2-Clause */
/* What signing in and enrolling by a phone share, for the files of this folder only. */
#ifndef PASSKEYD_PHONE_H
#define PASSKEYD_PHONE_H

#include "common/keys/phone_ceremony.h"
#include "daemon/auth/attempt.h"

/* The first member of a method's state: the row's functions begin there. */
struct phone {
    struct attempt *attempt;
    const char *account;                /* name of the account, as it was given; borrowed */
    bool own_timeout;                   /* that no method may change */
    struct pk_phone_ceremony *ceremony; /* NULL: none is under way */
    /* What the row does of it for this kind of attempt. */
    void (*typed)(struct phone *own, struct pk_secret *answer);
    void (*free)(struct phone *own);
};

/*
 * Shows a code, in the place of an earlier one; asked is taken, and ops get own for data. As
 * pk_phone_ceremony_new().
 */
enum pk_status phone_show(struct phone *own, struct pk_frame *asked,
                          const struct pk_phone_ceremony_ops *ops) PK_WARN_UNUSED;
void phone_clear(struct phone *own);

/* For the ops: a line of the log names the service, which learns of this computer. */
void phone_connects(void *own, uint16_t service);

/* As of the local method: the daemon is the client. */
enum pk_status phone_client_data_hash(const struct ceremony *ceremony,
                                      uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

/* sign_in.c, enroll.c */
enum pk_status phone_sign_in_start(struct sign_in *sign_in, void **ret_state) PK_WARN_UNUSED;
enum pk_status phone_enroll(struct enrollment *enrollment, void **ret_state) PK_WARN_UNUSED;

#endif
