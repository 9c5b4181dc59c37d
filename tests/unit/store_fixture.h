/* SPDX-License-Identifier: BSD-2-Clause */
/* A store of its own for each test, and the few things every test of it does. Failures end the
 * test. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include "store/sqlite/sqlite.h"
#include "tests/unit/scratch.h"

#define MAX 20 /* passkeys an account */

struct fixture {
    char folder[SCRATCH_PATH_MAX];
    struct store *store;
};

/* cmocka's: *state is a struct fixture with an open store in a scratch folder. */
int set_up(void **state);
int tear_down(void **state);

struct store *open_store(const char *folder);
struct store *reopen(struct fixture *fixture);
/* Found, or made. */
struct account account_of(struct store *store, const char *rp, const char *name, uid_t uid);
/* A credential whose id is that text. Takes the account over. */
struct credential make(struct account account, const char *id, const char *name);
enum pk_status insert(struct store *store, const char *account, uid_t uid, const char *id,
                      const char *name);
/* Closes the store, so that everything is in the one file; its path, the caller's to free. */
char *close_and_name(struct fixture *fixture);
size_t count_of(struct store *store, const struct credential_filter *filter);

#endif
