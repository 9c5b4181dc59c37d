/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ssh-agent method alone, with an agent at the other end of a socket that does what a test
 * says. The table authmethods[] is here. Failures end the test.
 */
#ifndef TESTS_UNIT_SCRIPTED_AGENT_H
#define TESTS_UNIT_SCRIPTED_AGENT_H

#include "common/base/writer.h"
#include "daemon/bus/value.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/begin_sign_in.h"

#define PRESENT PK_FLAG_UP
#define TOUCH   30 /* seconds that a touch is waited for, the default */

#define AGENT_SIGNATURE 14 /* the first byte of one, as say() takes it */

/* cmocka's, beside begin_sign_in_set_up(). */
int scripted_agent_tear_down(void **state);

/* The daemon's end, as a caller hands it over; the agent before is gone. */
struct value new_agent(void);
/* The next request, without its length; empty: the daemon closed. */
size_t hear(uint8_t ret[4096]);
void assert_hung_up(void);
/* The agent is gone. */
void hang_up(void);

/* It answers that, which is emptied. */
void say(struct pk_writer *content);
void say_failure(void);
/* Is asked for its keys, and holds these, for that application (NULL: "ssh:"). */
void hold(const struct soft_key *const *keys, size_t count, const char *application);
/* Is asked for a signature by that key, and gives one by signer (NULL: none). */
void sign_as(const struct soft_key *key, const struct soft_key *signer, uint8_t flags);
void sign(const struct soft_key *key, uint8_t flags);

/* An enrolled key of OpenSSH's. */
void give_ssh_key(const struct soft_key *key, const char *user, uid_t uid);

#endif
