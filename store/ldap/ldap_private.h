/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the directory's store share. */
#ifndef STORE_LDAP_LDAP_PRIVATE_H
#define STORE_LDAP_LDAP_PRIVATE_H

#include "store/ldap/ldap_store.h"
#include "store/ldap/link.h"
#include "store/sqlite/directory.h"

#include <pthread.h>

#define LDAP_CALL_MS    5000 /* for the thread: to connect, or one answer */
#define LDAP_WORDS_SIZE 256

struct ldap_store {
    struct store base;
    struct store *cache;
    const struct ldap_config *config;
    struct ldap_guard *guard;
    /* Held while the directory and the cache are made to say the same, before the next. */
    pthread_mutex_t changing;
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t changed;
    int64_t fresh;      /* monotonic ms: the cache was as a server then; INT64_MIN: not yet */
    int64_t fresh_wall; /* the same in seconds since the epoch, of an earlier run, too; 0: never */
    int64_t saved_wall; /* what of it is on the disk */
    bool failing;       /* nobody answers: it is not worth waiting */
    char server[LDAP_WORDS_SIZE]; /* that is followed; "": none */
    char why[LDAP_WORDS_SIZE];    /* why the last attempt failed */
    uint8_t unused[PK_HASH_SIZE]; /* the thread's: what poll.c has said of values */
    struct ldap_link *link;       /* the thread's; NULL: none is open */
    struct ldap_link *lookups;    /* and its second one */
    bool ending;
    bool runs; /* thread is to be joined */
    pthread_t thread;
};

/* sync.c: the thread. */
enum pk_status ldap_sync_start(struct ldap_store *store) PK_WARN_UNUSED;
void ldap_sync_stop(struct ldap_store *store);
/* The cache was as the server at that time (monotonic ms). */
void ldap_sync_fresh(struct ldap_store *store, int64_t when);
/* Removals that servers were away for: those that answer now make them. */
void ldap_sync_pay_others(struct ldap_store *store);
bool ldap_sync_ending(struct ldap_store *store);
/* Writes the changes, and what they came to into the log. */
enum pk_status ldap_sync_apply(struct ldap_store *store,
                               const struct directory_changes *changes) PK_WARN_UNUSED;
enum pk_status ldap_sync_sweep(struct ldap_store *store, enum directory_source source,
                               int64_t generation) PK_WARN_UNUSED;

/* changes.c */
/* By when a verb of this thread has to know (monotonic ms): its deadline, or so long from now. */
int64_t ldap_time_limit(int64_t most_ms);
/* Accounts below min-uid, root before all, and other relying parties have theirs on this host. */
bool ldap_is_local(const struct ldap_store *store, const char *rp, const uid_t *uid);
/* Adds its entry, whose DN *ret_dn is, the caller's to free. Errors of ldap_link_status(). */
struct ldap_account;
enum pk_status ldap_entry_add(struct ldap_link *link, const struct ldap_config *config,
                              const struct credential *credential,
                              const struct ldap_account *account, char **ret_dn) PK_WARN_UNUSED;
enum pk_status ldap_verb_insert(struct store *base, const struct credential *credential,
                                size_t max_per_account, struct pk_view ticket);
/*
 * One change at a time, so that what is followed meanwhile is written behind it. PK_STORAGE:
 * another takes too long.
 */
enum pk_status ldap_changing_begin(struct ldap_store *store) PK_WARN_UNUSED;
void ldap_changing_end(struct ldap_store *store);
enum pk_status ldap_verb_insert_asks(struct store *base, const struct account *account,
                                     char **ret_where);
enum pk_status ldap_verb_insert_as(struct store *base, const struct credential *credential,
                                   size_t max_per_account, struct pk_view ticket,
                                   const struct pk_secret *password);
enum pk_status ldap_verb_remove(struct store *base, const struct account *account,
                                struct pk_view id);

/*
 * session.c: follows one server until it fails or the store ends. PK_UNSUPPORTED: the server cannot
 * be followed, only asked again and again.
 */
enum pk_status ldap_follow(struct ldap_store *store, struct ldap_link *link) PK_WARN_UNUSED;
/* poll.c: reads all passkeys' entries, and all mappings, anew. */
enum pk_status ldap_poll_entries(struct ldap_store *store, struct ldap_link *link) PK_WARN_UNUSED;
enum pk_status ldap_poll_mappings(struct ldap_store *store, struct ldap_link *link) PK_WARN_UNUSED;

#endif
