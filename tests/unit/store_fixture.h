/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store of its own for each test, and the few things every test of it does. Failures end the
 * test. Tests of the verbs are one suite for every kind of store: they are linked with a fixture
 * that opens the SQLite store (store_open_sqlite.c), and with one that asks another process
 * (store_open_remote.c): one that has such a store as well, or the one that runs at the socket
 * which PASSKEYD_TEST_STORE names.
 */
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

/* Of store_open_*.c. */
struct store *open_store(const char *folder);
/* After close: what else there is of it. */
void end_store(void);
extern const bool store_is_file;
struct store *reopen(struct fixture *fixture);
/* Found, or made. */
struct account account_of(struct store *store, const char *rp, const char *name, uid_t uid);
/* A credential whose id is that text. Takes the account over. */
struct credential make(struct account account, const char *id, const char *name);
enum pk_status insert(struct store *store, const char *account, uid_t uid, const char *id,
                      const char *name);
/* Closes the store, so that everything is in the one file; its path, the caller's to free. */
char *close_and_name(struct fixture *fixture);
/* Also those of_file, where the store is a file in the folder. */
int store_tests_run(const struct CMUnitTest *tests, size_t count, const struct CMUnitTest *of_file,
                    size_t file_count);
#define STORE_TESTS_RUN(tests) store_tests_run(tests, sizeof(tests) / sizeof((tests)[0]), NULL, 0)
#define STORE_TESTS_RUN_WITH(tests, of_file)                                                       \
    store_tests_run(tests, sizeof(tests) / sizeof((tests)[0]), of_file,                            \
                    sizeof(of_file) / sizeof((of_file)[0]))
size_t count_of(struct store *store, const struct credential_filter *filter);

#endif
