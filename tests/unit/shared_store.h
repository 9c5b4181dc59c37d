/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What several hosts have in one store beside what SQLite has: gateways' ceremonies, in memory. It
 * can be in trouble, and can have its callers meet. One at a time; its functions but the verbs are
 * for the test's thread. Failures end the test.
 */
#ifndef TESTS_UNIT_SHARED_STORE_H
#define TESTS_UNIT_SHARED_STORE_H

#include "store/store.h"

/* Adds the verbs to those; nothing is kept yet, and there is no trouble. */
void shared_store_open(struct store_verbs *verbs);
void shared_store_close(void);

/* How many are kept, with those whose time has passed. */
size_t shared_store_count(void);
/* The record of the relying party's of that id; borrowed, until it is taken. Empty: none. */
struct pk_view shared_store_record(const char *rp, const char *id);
/* Puts another one in its place. */
void shared_store_replace(const char *rp, const char *id, struct pk_view record);
/* A relying party may have so many, whatever its hosts say; 0: what they say. */
void shared_store_limit(size_t max);

enum shared_trouble {
    SHARED_WORKS,
    SHARED_AWAY, /* PK_STORAGE, and nothing has happened */
    SHARED_LOST, /* PK_STORAGE, and it has: only the answer was lost */
};
void shared_store_trouble(enum shared_trouble add, enum shared_trouble take);

/* The next that take wait in the verb until so many are there at once. */
void shared_store_meet(unsigned count);
/* Those that take wait in the verb until that is called with false. */
void shared_store_hold(bool hold);
/* Waits until one of them does. */
void shared_store_wait_held(void);

#endif
