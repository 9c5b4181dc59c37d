/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ssh method alone, the request that the person's computer reads, and its answer: both sides of
 * the text are real, and so are the signatures. The table authmethods[] is here. Failures end the
 * test.
 */
#ifndef TESTS_UNIT_SSH_ANSWERS_H
#define TESTS_UNIT_SSH_ANSWERS_H

#include "common/wire/forward.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/begin_sign_in.h"

#define PRESENT PK_FLAG_UP

extern struct pk_forward_request request; /* the last one that was put */
extern bool older_version;                /* of the challenge than the request has */
extern char own_origin[];

/* cmocka's, beside begin_sign_in_set_up(). */
int ssh_answers_tear_down(void **state);

/* A reply that is held back comes. */
void after_hold(void);
/* From a remote host; ruser: who is signed in there and may know of the account. */
void begin(const char *user, const char *rhost, const char *ruser);
/* The same, and it goes on. */
void start(const char *user, const char *rhost, const char *ruser);
/* Of alice, from afar. */
void start_enrollment(const char *name, unsigned timeout);
/* Reads the request out of what the person is shown. */
void read_request(void);
/* A sign-in and its request: as anybody from afar, and as somebody who may know why. */
void ask(const char *user);
void ask_openly(const char *user);

/* That key's answer to the last request, as its lines. */
struct pk_strings sign(const struct soft_key *key, size_t index, char *origin, uint8_t flags);
struct pk_strings attest(const struct soft_key *key, char *origin, uint8_t flags);
/* Takes the lines. */
void type_lines(struct pk_strings lines);
/* It ended with that, and no challenge is left. */
void assert_ended(const char *result);
/* The passkey of that id has not signed in. */
void assert_unused(const char *id);

#endif
