/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A relying party of each kind that has tokens, and users of theirs who register and sign in, in
 * the store of bare_daemon.h. Failures end the test.
 */
#ifndef TESTS_UNIT_TOKEN_PARTIES_H
#define TESTS_UNIT_TOKEN_PARTIES_H

#include "daemon/tokens/tokens.h"
#include "tests/unit/soft_key.h"

#define NOW    1700000000
#define SECRET "a secret that two programs share, and nobody else"
#define USER   "u-1"

#define PARTIES 5
extern const struct token_party standard, hanko, cloudreve, authsignal, autional;
extern const struct token_party *const parties[PARTIES];

struct approval *register_at(const struct soft_key *key, const char *rp);
/* A sign-in with that key, which has been registered. */
struct approval *sign_in_at(const struct soft_key *key, const char *rp);
/* SECRET becomes the party's key. */
void share_secret(const struct token_party *party);
/* The tokens of a sign-in with a new key; details may be NULL. */
struct tokens approved(const struct token_party *party, const struct token_details *details);

#endif
