/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the daemon remembers. A vtable of verbs, so that a directory can serve a fleet; the SQLite
 * store (store_sqlite.c) is the one every host has. Every verb that changes something returns PK_OK
 * only once it is on disk.
 *
 * An account is (relying party section, name, uid). For system accounts the uid is part of the
 * identity: rows whose name now means another uid are kept, listed as orphaned, and open nothing.
 * Accounts of other relying parties have the uid PK_NO_UID.
 */
#ifndef PASSKEYD_STORE_H
#define PASSKEYD_STORE_H

#include "common/webauthn/verify.h"

#include <sys/types.h>

#define PK_NO_UID ((uid_t)-1)

struct account {
    char *rp;   /* name of the [rp NAME] section; "default" for the host's own */
    char *name; /* login name, or the user id a program gave for another relying party */
    uid_t uid;
    struct pk_bytes user_handle; /* PK_USER_HANDLE_SIZE random bytes */
};
void account_clear(struct account *account);
#define AUTO_ACCOUNT __attribute__((cleanup(account_clear)))

struct credential {
    struct account account;
    char *rp_id; /* the credential's own: may differ from the section's for imported ones */
    struct pk_credential_record record;
    int32_t algorithm;
    uint8_t aaguid[PK_AAGUID_SIZE];
    unsigned transports;
    char *name;             /* what the person calls it; unique within the account */
    char *format;           /* attestation statement format */
    char *attestation_type; /* pk_attestation_type_name() */
    char *trust;            /* pk_trust_name() */
    bool discoverable;
    bool user_verified;            /* UV was set at registration or at any time since */
    char *instrument_display_name; /* NULL: none */
    int64_t created;               /* seconds since the epoch */
    int64_t last_used;             /* 0: never */
};
void credential_clear(struct credential *credential);
#define AUTO_CREDENTIAL __attribute__((cleanup(credential_clear)))

struct credential_list {
    struct credential *items;
    size_t count;
};
void credential_list_clear(struct credential_list *list);
#define AUTO_CREDENTIAL_LIST __attribute__((cleanup(credential_list_clear)))

/* What a successful sign-in changes. */
struct credential_use {
    uint32_t sign_count;
    bool backup_state;
    bool user_verified;
    int64_t when;
};

/* What credential_list selects by; a NULL or empty member selects nothing away. */
struct credential_filter {
    const char *rp;
    const char *account_name;
    const uid_t *uid;
    struct pk_view credential_id;
    struct pk_view user_handle;
};

struct store;

struct store_verbs {
    void (*close)(struct store *store);
    /* Finds the account or, when create is set, makes it with a new user handle. PK_NOT_FOUND. */
    enum pk_status (*account)(struct store *store, const char *rp, const char *name, uid_t uid,
                              bool create, struct account *ret);
    enum pk_status (*list)(struct store *store, const struct credential_filter *filter,
                           struct credential_list *ret);
    /*
     * Inserts atomically, with the account if that is not there: PK_EXISTS when the credential id
     * is known for any account of any relying party, PK_LIMIT_EXCEEDED when the account holds
     * max_per_account already, PK_INVALID_ARGUMENT when the account has another of that name.
     * ticket may be empty; if not, it is used up in the same transaction (PK_TICKET_INVALID, also
     * when it expires before credential->created). An empty record.user_handle means the account's.
     */
    enum pk_status (*insert)(struct store *store, const struct credential *credential,
                             size_t max_per_account, struct pk_view ticket_hash);
    enum pk_status (*use)(struct store *store, struct pk_view credential_id,
                          const struct credential_use *use);
    /* PK_NOT_FOUND unless that account holds it; PK_EXISTS when the name is taken. */
    enum pk_status (*rename)(struct store *store, const struct account *account,
                             struct pk_view credential_id, const char *name);
    enum pk_status (*remove)(struct store *store, const struct account *account,
                             struct pk_view credential_id);
    /* Small facts: the recorded RP id, the HMAC key for decoys. PK_NOT_FOUND. */
    enum pk_status (*get)(struct store *store, const char *key, struct pk_bytes *ret);
    enum pk_status (*put)(struct store *store, const char *key, struct pk_view value);
    /* Enrolment tickets: a hash, for one account, until a time. */
    enum pk_status (*ticket_add)(struct store *store, struct pk_view ticket_hash, const char *rp,
                                 const char *name, uid_t uid, int64_t expires);
    /* PK_OK while it is there, for that account, and not expired. Does not use it up. */
    enum pk_status (*ticket_check)(struct store *store, struct pk_view ticket_hash, const char *rp,
                                   const char *name, uid_t uid, int64_t now);
    /* Replaces all recovery codes of the account by these (salt and scrypt hash per code). */
    enum pk_status (*recovery_replace)(struct store *store, const struct account *account,
                                       const uint8_t (*salts)[PK_HASH_SIZE],
                                       const uint8_t (*hashes)[PK_HASH_SIZE], size_t count);
    /* The unused ones, in a fixed order; *ret_count of at most PK_RECOVERY_CODES. */
    enum pk_status (*recovery_list)(struct store *store, const struct account *account,
                                    uint8_t (*ret_salts)[PK_HASH_SIZE],
                                    uint8_t (*ret_hashes)[PK_HASH_SIZE], size_t *ret_count);
    /* Uses one up; PK_NOT_FOUND when somebody was faster. */
    enum pk_status (*recovery_use)(struct store *store, const struct account *account,
                                   const uint8_t hash[PK_HASH_SIZE]);
};

struct store {
    const struct store_verbs *verbs;
    char error[256]; /* what the last PK_STORAGE of a verb was about, for the log */
};

/*
 * Opens or creates DIRECTORY/passkeyd.db (0600, WAL, synchronous=FULL) and migrates its schema.
 * PK_STORAGE with *ret_why (static or owned by the store module until the next call) for the log.
 */
enum pk_status store_sqlite_open(const char *directory, struct store **ret_store,
                                 const char **ret_why) PK_WARN_UNUSED;

#endif
