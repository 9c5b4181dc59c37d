/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sign-ins whose methods only look: the table authmethods[] is here, and no method of the daemon's
 * is linked.
 */
#ifndef TESTS_UNIT_WATCHED_SIGN_IN_H
#define TESTS_UNIT_WATCHED_SIGN_IN_H

#include "daemon/auth/sign_in.h"
#include "daemon/auth/sign_in_attempt.h"

extern struct sign_in *last;              /* that a method was started for */
extern char started[PK_METHOD_COUNT + 1]; /* the first letters of those that were: "lasr" */
extern bool decline;                      /* a method leads nowhere at once */

#define NO_METHODS                                                                                 \
    {                                                                                              \
        .count = 0                                                                                 \
    }
#define LOCAL                                                                                      \
    {                                                                                              \
        {PK_METHOD_LOCAL}, 1                                                                       \
    }
#define SSH                                                                                        \
    {                                                                                              \
        {PK_METHOD_SSH}, 1                                                                         \
    }
#define SSH_LOCAL                                                                                  \
    {                                                                                              \
        {PK_METHOD_SSH, PK_METHOD_LOCAL}, 2                                                        \
    }
#define RECOVERY_LOCAL                                                                             \
    {                                                                                              \
        {PK_METHOD_RECOVERY, PK_METHOD_LOCAL}, 2                                                   \
    }

extern const struct sign_in_request nothing; /* alice, and no more */

/* Of services: sshd serves ssh, login does not, sudo says nothing of it; one is of another RP. */
extern const char ssh_config[];
extern const char shop_config[];

/* cmocka's; bare_daemon_tear_down() is its other half. */
int watch_set_up(void **state);

/* By that user's program, and by root's. */
void ask_by(uid_t uid, const struct sign_in_request *request);
void ask(const struct sign_in_request *request);
/* What was asked ended in that error, and no method was started. */
void assert_error(const char *error);

/* A passkey in the store, whose name is its id; and one of alice's. */
void give_passkey(const char *user, uid_t uid, const char *rp_id, const char *id);
void give_alice(void);

#endif
