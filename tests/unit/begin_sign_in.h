/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sign-ins as Manager1.Authenticate begins them, of the bare daemon; for tests of one method,
 * behind which is another that only looks.
 */
#ifndef TESTS_UNIT_BEGIN_SIGN_IN_H
#define TESTS_UNIT_BEGIN_SIGN_IN_H

#include "daemon/auth/sign_in.h"
#include "daemon/auth/sign_in_attempt.h"
#include "tests/unit/soft_key.h"

extern struct sign_in *behind; /* the last one that came as far as the method behind */
/* The controlling terminal of who asks, as caller.h has it; 0: none, as at the start of each test.
 */
extern uint32_t terminal_of_caller;
/* That one, for the table authmethods[]: it leads nowhere. */
extern const struct authmethod method_behind;

/* cmocka's; bare_daemon_tear_down() is its other half. */
int begin_sign_in_set_up(void **state);

/* Texts that are NULL are not given. It goes on with settle(). */
void begin_sign_in(uid_t uid, const struct sign_in_request *wanted);
/* The same, and it goes on: a conversation is open. */
void open_sign_in(uid_t uid, const struct sign_in_request *wanted);

/* Its credential in the store, whose name is its id. */
void give_key(const struct soft_key *key, const char *user, uid_t uid, const char *rp_id);
/* The passkeys that there are. */
size_t passkeys(void);
/* The challenges that are waiting for an answer. */
size_t challenges(void);
/* It says that next, which is its end, and no challenge is left. */
void assert_done(const char *result);

#endif
