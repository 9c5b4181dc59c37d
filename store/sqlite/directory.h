/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A SQLite store as the cache of a directory (store/ldap): which of its passkeys the directory has,
 * and how what changes there is written here. Passkeys without a row in these tables are of this
 * host alone, and nothing that the directory says touches them.
 */
#ifndef STORE_SQLITE_DIRECTORY_H
#define STORE_SQLITE_DIRECTORY_H

#include "common/base/terms.h"
#include "store/store.h"

/* Where in the directory a passkey is; each is looked through by itself. */
enum directory_source {
    DIRECTORY_ENTRIES = 1,  /* an entry of its own */
    DIRECTORY_MAPPINGS = 2, /* a value of the account's entry */
};

enum directory_kind {
    DIRECTORY_HAS,   /* and this is all of it */
    DIRECTORY_KEEPS, /* what was said of it still holds */
    DIRECTORY_LACKS, /* it was removed */
};

struct directory_change {
    enum directory_kind kind;
    struct pk_view key;                  /* what the directory calls it; at most 1023 bytes */
    const struct credential *credential; /* of DIRECTORY_HAS */
};

struct directory_changes {
    enum directory_source source;
    int64_t generation; /* of directory_begin() */
    const struct directory_change *items;
    size_t count;
    const char *cookie; /* kept in the same transaction; NULL: the one before stays */
};

/* What became of them. */
struct directory_outcome {
    size_t added, removed;
    size_t left_out;        /* their accounts had PK_CREDENTIAL_LIST_MAX already */
    struct pk_strings told; /* sentences for the log: what was another passkey under a known id */
};
void directory_outcome_clear(struct directory_outcome *outcome);
#define AUTO_DIRECTORY_OUTCOME __attribute__((cleanup(directory_outcome_clear)))

/* Makes the tables, once. For a store of store_sqlite_open(), as are all of these. */
enum pk_status directory_prepare(struct store *store) PK_WARN_UNUSED;

/* A look through all that a source has begins: what is not seen from now on is swept away. */
enum pk_status directory_begin(struct store *store, int64_t *ret_generation) PK_WARN_UNUSED;

/*
 * Writes the changes in one transaction. A passkey of a known id whose account, key or relying
 * party id is another one is a new passkey: the one before goes with its counter, and outcome.told
 * says so. Where the one before is not the same source's, it stays, and the other is not taken,
 * which is told once. One whose removal is owed to a server (directory_owe()) is not taken.
 */
enum pk_status directory_apply(struct store *store, const struct directory_changes *changes,
                               struct directory_outcome *outcome) PK_WARN_UNUSED;

/* Removes what the source was not seen to have since the generation began. */
enum pk_status directory_sweep(struct store *store, enum directory_source source,
                               int64_t generation,
                               struct directory_outcome *outcome) PK_WARN_UNUSED;

/* What the directory calls that passkey. PK_NOT_FOUND: it is of this host alone. */
enum pk_status directory_find(struct store *store, struct pk_view credential_id,
                              enum directory_source *ret_source,
                              struct pk_bytes *ret_key) PK_WARN_UNUSED;

/*
 * The entry that has that key was removed, as a server has acknowledged: what was said of it before
 * and is heard after it is not taken, and the directory does not use a key again.
 */
enum pk_status directory_bury(struct store *store, struct pk_view key) PK_WARN_UNUSED;

/* A passkey that is here is one of the directory's from now on. */
enum pk_status directory_mark(struct store *store, enum directory_source source, struct pk_view key,
                              struct pk_view credential_id) PK_WARN_UNUSED;

/* Credential ids of passkeys at the host's own relying party that are of this host alone. */
struct directory_ids {
    struct pk_bytes *items;
    size_t count;
};
enum pk_status directory_own(struct store *store, struct directory_ids *ret) PK_WARN_UNUSED;
void directory_ids_clear(struct directory_ids *ids);
#define AUTO_DIRECTORY_IDS __attribute__((cleanup(directory_ids_clear)))

/*
 * Passkeys that the directory says are of that name with another uid, among those that adopt would
 * take. Those of the account's own uid, which was away, the directory says are its own.
 */
enum pk_status directory_orphans(struct store *store, const struct account *account,
                                 size_t *ret_count) PK_WARN_UNUSED;

/* Removals that a server has not acknowledged yet, by server; paid ones are forgotten. */
enum pk_status directory_owe(struct store *store, struct pk_view credential_id,
                             const char *server) PK_WARN_UNUSED;
enum pk_status directory_pay(struct store *store, struct pk_view credential_id,
                             const char *server) PK_WARN_UNUSED;
enum pk_status directory_owed(struct store *store, const char *server,
                              struct directory_ids *ret) PK_WARN_UNUSED;

/* Single values: the cookie, and when the cache was as the directory. PK_NOT_FOUND. */
enum pk_status directory_get(struct store *store, const char *key, char **ret) PK_WARN_UNUSED;
enum pk_status directory_put(struct store *store, const char *key,
                             const char *value) PK_WARN_UNUSED;
#define DIRECTORY_COOKIE "cookie"

/* The sentences that outcomes told, the latest 100, the latest first. */
enum pk_status directory_told(struct store *store, struct pk_strings *ret) PK_WARN_UNUSED;

#endif
