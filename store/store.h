/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The credential store, as a table of functions ("verbs"): sqlite/ is the one that every host has,
 * remote/ asks another process, which has one of those that are for many hosts: ldap/, postgresql/.
 * Every verb that changes something returns PK_OK only once the change is on disk, on as many of
 * the store's servers as it promises. Verbs block, and may be called by any thread. PK_STORAGE
 * means that nothing was changed, or that the disk, a server or the way to it has failed; whether
 * something was changed is then not known, and whatever was to be used up counts as used up.
 *
 * An account is (relying party section, name, uid). For system accounts the uid is part of the
 * identity: rows whose name now has another uid are kept, listed as orphaned, and authenticate
 * nothing. An account that was gone from the host is marked orphaned (accounts_update): it stays so
 * when an account of the same name and uid is made, which gets a row of its own. Every verb that
 * takes an account means the one that lives. Accounts of other relying parties have the uid
 * PK_NO_UID.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "common/webauthn/verify.h"
#include "store/decision_records.h"
#include "store/key_records.h"

#include <sys/types.h>

#define PK_NO_UID ((uid_t)-1)

struct account {
    char *rp;   /* of the [rp NAME] section; "default" for the host's own; owned */
    char *name; /* login name, or a program's user id at another relying party */
    uid_t uid;
    struct pk_bytes user_handle; /* unique within the relying party: PK_USER_HANDLE_SIZE random
                                    bytes or, where user_put made it, the user's id; owned */
    char *user_name;             /* as the application calls the user; NULL: it never did; owned */
    char *display_name;          /* the same */
    char *icon;                  /* the same */
    int64_t created;             /* seconds since the epoch; 0: not known */
    bool listed;                 /* it is in the host's password file; kept when it is created */
    bool orphaned;               /* it was gone from the host; set by list alone */
};
void account_clear(struct account *account);
/* On PK_NO_MEMORY *ret holds what was copied so far and must be cleared. */
enum pk_status account_copy(const struct account *from, struct account *ret) PK_WARN_UNUSED;
#define AUTO_ACCOUNT __attribute__((cleanup(account_clear)))

struct credential {
    struct account account;
    char *rp_id; /* of the credential: imported ones may differ from the section's id */
    struct pk_credential_record record;
    int32_t algorithm;
    uint8_t aaguid[PK_AAGUID_SIZE];
    unsigned transports;
    char *name;             /* chosen by the person; unique within the account */
    char *format;           /* attestation statement format */
    char *attestation_type; /* pk_attestation_type_name() */
    char *trust;            /* pk_trust_name() */
    bool discoverable;
    bool user_verified; /* UV was set at registration or at any time since */
    bool mfa;           /* for a second factor only: no sign-in by itself may be made with it */
    unsigned
        cred_protect; /* CTAP 2.1 section 12.1, as the key said or was seen: 1 to 3; 0: not known */
    char *instrument_display_name; /* NULL: none */
    char *imported;                /* "pam-u2f", "sssd" or "ssh"; NULL: enrolled here */
    bool id_unknown;               /* record.id is random, until the key has said what it is */
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

/* Changes that a successful sign-in writes to the credential. */
struct credential_use {
    uint32_t sign_count;
    bool backup_state;
    bool user_verified;
    int64_t when;            /* seconds since the epoch */
    struct pk_view found_id; /* what the id is that was unknown; empty: it was not */
};

enum credential_order {
    CREDENTIALS_BY_ACCOUNT, /* and those of an account from the oldest on */
    CREDENTIALS_OLDEST_FIRST,
    CREDENTIALS_NEWEST_FIRST,
};

/* Selects credentials; a NULL, empty or zero member matches everything. Borrowed. */
struct credential_filter {
    const char *rp;
    const char *account_name;
    const uid_t *uid;
    struct pk_view credential_id;
    struct pk_view user_handle;
    bool living;       /* none of orphans */
    bool first_factor; /* none that are for a second factor only */
    enum credential_order order;
    size_t offset; /* so many of them are left out at the beginning; with limit only */
    size_t limit;  /* at most so many; 0: all */
};

/* Selects one user of an application, by exactly one member beside rp. Borrowed. */
struct user_filter {
    const char *rp;
    const char *id;
    const char *user_name; /* of several that have it, the first one */
    struct pk_view user_handle;
};

/* How a recovery code's hash was made (recovery_codes.c). */
enum recovery_scheme {
    RECOVERY_SCRYPT = 0, /* before schema 2 */
    RECOVERY_HMAC = 1,
};

struct recovery_code {
    enum recovery_scheme scheme;
    uint8_t salt[PK_HASH_SIZE];
    uint8_t hash[PK_HASH_SIZE];
};

/* A system account that lives, and when it was seen (presence.h). */
struct account_state {
    int64_t id; /* of its row */
    struct account account;
    unsigned missing_looks; /* looks in a row that found nobody of that name and uid */
    int64_t missing_last;   /* when the last of them was, in seconds since the epoch; 0: never */
};

struct account_states {
    struct account_state *items;
    size_t count;
};
void account_states_clear(struct account_states *states);
#define AUTO_ACCOUNT_STATES __attribute__((cleanup(account_states_clear)))

/* An account that has passkeys. Orphans of one name and uid are one. */
struct account_holding {
    struct account account; /* rp, name, uid and orphaned */
    size_t passkeys;
    size_t codes; /* recovery codes that were not used; those of an orphan open nothing: 0 */
};

struct account_holdings {
    struct account_holding *items;
    size_t count;
};
void account_holdings_clear(struct account_holdings *holdings);
#define AUTO_ACCOUNT_HOLDINGS __attribute__((cleanup(account_holdings_clear)))

enum account_fate {
    ACCOUNT_LISTED,  /* it is in the password file */
    ACCOUNT_FOUND,   /* another name service knows it */
    ACCOUNT_MISSING, /* one more look found nobody */
    ACCOUNT_GONE,    /* it is an orphan from now on, and its tickets are void */
};

struct account_change {
    int64_t id;
    enum account_fate fate;
};

struct account_changes {
    const struct account_change *items;
    size_t count;
    int64_t now;     /* seconds since the epoch */
    const char *key; /* as of put, in the same transaction; NULL: nothing is put */
    struct pk_view value;
};

/*
 * What was begun for a program and is not answered yet, where several hosts serve its relying
 * party: whichever of them gets the answer takes it, once.
 */
struct kept_ceremony {
    char *rp;             /* of the [rp NAME] section; owned */
    char *id;             /* unique within the relying party; owned */
    struct pk_bytes data; /* PK_STORE_CEREMONY_MAX at most; only who wrote it reads it; owned */
    int64_t expires;      /* seconds since the epoch */
    bool anonymous;       /* begun by nobody in particular: the oldest of them make room */
    bool replaces;        /* it takes the place of one that has its id */
};
void kept_ceremony_clear(struct kept_ceremony *ceremony);
#define AUTO_KEPT_CEREMONY __attribute__((cleanup(kept_ceremony_clear)))

/* For the administrator. */
struct store_state {
    char *kind;   /* "sqlite", "ldap", "postgresql"; owned */
    char *server; /* the file or the server that answers now; "": none does; owned */
    int64_t lag;  /* milliseconds that the other servers are behind; -1: not known, or no others */
    int64_t age;  /* seconds since the cache was as the server; -1: there is no cache */
    int64_t refuses; /* seconds until the cache is too old to be used; -1: never */
};
void store_state_clear(struct store_state *state);
#define AUTO_STORE_STATE __attribute__((cleanup(store_state_clear)))

struct store;
struct backup_counts;
struct restore_wish;
struct restore_report;

enum account_create {
    ACCOUNT_FIND,
    ACCOUNT_CREATE,
    ACCOUNT_CREATE_LISTED, /* it is in the host's password file */
};

struct store_verbs {
    /* When no other thread uses the store any more. */
    void (*close)(struct store *store);
    /* Finds the account or, as create says, creates it with a new user handle. PK_NOT_FOUND. */
    enum pk_status (*account)(struct store *store, const char *rp, const char *name, uid_t uid,
                              enum account_create create, struct account *ret);
    enum pk_status (*list)(struct store *store, const struct credential_filter *filter,
                           struct credential_list *ret);
    /*
     * Inserts atomically, with the account if it does not exist. PK_EXISTS when any account of any
     * relying party has the credential id, PK_LIMIT_EXCEEDED when the account has max_per_account
     * credentials already, PK_NAME_TAKEN when it has another of that name. A ticket_hash that is
     * not empty is used up in the same transaction (PK_TICKET_INVALID, also when the ticket expires
     * before credential->created). An empty record.user_handle means the account's.
     */
    enum pk_status (*insert)(struct store *store, const struct credential *credential,
                             size_t max_per_account, struct pk_view ticket_hash);
    /*
     * NULL, as is the next: nobody adds passkeys but the store itself. Whether that account's are
     * added by insert_as: *ret_where, the caller's to free, says to people where its password is
     * known; NULL: they are added by insert.
     */
    enum pk_status (*insert_asks)(struct store *store, const struct account *account,
                                  char **ret_where);
    /*
     * As insert, in the account's own name, which its password there proves; where the account
     * is none of theirs, insert. PK_PASSWORD_REFUSED: the password was not taken, or was empty;
     * PK_DENIED: it was, and the account may not add passkeys. Of both store_error() has words for
     * the person, and nothing was changed.
     */
    enum pk_status (*insert_as)(struct store *store, const struct credential *credential,
                                size_t max_per_account, struct pk_view ticket_hash,
                                const struct pk_secret *password);
    /* PK_EXISTS: the id that was found is another credential's; nothing is changed. */
    enum pk_status (*use)(struct store *store, struct pk_view credential_id,
                          const struct credential_use *use);
    /* PK_NOT_FOUND unless that account has the credential; PK_NAME_TAKEN. */
    enum pk_status (*rename)(struct store *store, const struct account *account,
                             struct pk_view credential_id, const char *name);
    /* With the last one the decisions about the account go. PK_NOT_FOUND. */
    enum pk_status (*remove)(struct store *store, const struct account *account,
                             struct pk_view credential_id);
    /* Single values by key: the recorded RP id, the HMAC key for decoys. PK_NOT_FOUND. */
    enum pk_status (*get)(struct store *store, const char *key, struct pk_bytes *ret);
    enum pk_status (*put)(struct store *store, const char *key, struct pk_view value);
    /* Adds an enrolment ticket, by its hash, for one account; expires: seconds since the epoch. */
    enum pk_status (*ticket_add)(struct store *store, struct pk_view ticket_hash, const char *rp,
                                 const char *name, uid_t uid, int64_t expires);
    /* PK_OK if the ticket exists, is for that account and has not expired. Does not use it up. */
    enum pk_status (*ticket_check)(struct store *store, struct pk_view ticket_hash, const char *rp,
                                   const char *name, uid_t uid, int64_t now);
    /*
     * Whom that ticket is for, by rp, name and uid, and when it ends. PK_TICKET_INVALID: there is
     * none, or it has expired. Does not use it up.
     */
    enum pk_status (*ticket_find)(struct store *store, struct pk_view ticket_hash, int64_t now,
                                  struct account *ret, int64_t *ret_expires);
    /* Voids all tickets of the account. PK_NOT_FOUND: it has none. */
    enum pk_status (*tickets_remove)(struct store *store, const struct account *account);
    /* Replaces all recovery codes of the account by these, at most PK_RECOVERY_CODES. */
    enum pk_status (*recovery_replace)(struct store *store, const struct account *account,
                                       const struct recovery_code *codes, size_t count);
    /* The unused codes, in a fixed order, into an array of PK_RECOVERY_CODES. */
    enum pk_status (*recovery_list)(struct store *store, const struct account *account,
                                    struct recovery_code *ret_codes, size_t *ret_count);
    /* Uses one code up; PK_NOT_FOUND when it was used in the meantime. */
    enum pk_status (*recovery_use)(struct store *store, const struct account *account,
                                   const uint8_t hash[PK_HASH_SIZE]);
    /* The system accounts that live, of every relying party. */
    enum pk_status (*accounts)(struct store *store, struct account_states *ret);
    /* Makes all changes in one transaction. An orphan that has nothing is removed. */
    enum pk_status (*accounts_update)(struct store *store, const struct account_changes *changes);
    /*
     * What belonged to orphans of that relying party and name, or to the name with another uid,
     * belongs to the account from now on, in one transaction. *ret_count: passkeys. PK_NOT_FOUND:
     * there is no such; PK_NAME_TAKEN: two passkeys would have the same name, and nothing changes;
     * PK_STORAGE: also where a directory says whose one of them is.
     */
    enum pk_status (*adopt)(struct store *store, const struct account *account, size_t *ret_count);

    /* By rp, name and uid. Of a uid, those that live; NULL: everybody's, and those of orphans. */
    enum pk_status (*holdings)(struct store *store, const uid_t *uid, struct account_holdings *ret);
    /* How many list would find without offset and limit. */
    enum pk_status (*count)(struct store *store, const struct credential_filter *filter,
                            size_t *ret_count);
    /*
     * A user of an application, uid PK_NO_UID, by rp and name: created with that user handle, or
     * updated with those of user name, display name and icon that are not NULL; handle and time of
     * creation stay as they were. *ret: as it is now. PK_EXISTS: another user of that relying party
     * has the handle.
     */
    enum pk_status (*user_put)(struct store *store, const struct account *user,
                               struct account *ret);
    /* *ret_passkeys, which may be NULL: how many the user has. PK_NOT_FOUND. */
    enum pk_status (*user_find)(struct store *store, const struct user_filter *filter,
                                struct account *ret, size_t *ret_passkeys);

    /*
     * PK_EXISTS: the relying party had a transaction of that id; PK_NOT_FOUND: no such user;
     * PK_LIMIT_EXCEEDED: the user had more than PK_TRANSACTIONS_DAY in a day.
     */
    enum pk_status (*transaction_add)(struct store *store, const struct transaction *transaction);
    /* Those of the user, the latest first, at most PK_TRANSACTIONS_LISTED or PK_TRANSACTIONS_BYTES.
     */
    enum pk_status (*transaction_list)(struct store *store, const char *rp, const char *user,
                                       struct transaction_list *ret);

    /* PK_LIMIT_EXCEEDED: the relying party has PK_API_KEYS_MAX; PK_EXISTS: that id or hash is. */
    enum pk_status (*api_key_add)(struct store *store, const struct api_key *key);
    /* Those of the relying party, from the oldest on. */
    enum pk_status (*api_key_list)(struct store *store, const char *rp, struct api_key_list *ret);
    /* It is gone: no list has it any more. PK_NOT_FOUND. */
    enum pk_status (*api_key_revoke)(struct store *store, const char *rp, const char *id);

    /*
     * Adds a key that signs. With SIGNING_KEY_REPLACE those of the same algorithm expire when
     * old_expire says, in seconds since the epoch, or before; those of the relying party that have
     * expired at key->created are removed; all in one transaction. PK_LIMIT_EXCEEDED: as many as
     * PK_SIGNING_KEYS_MAX are left.
     */
    enum pk_status (*signing_key_add)(struct store *store, const struct signing_key *key,
                                      enum signing_key_add how, int64_t old_expire);
    /* Those that sign or have not expired, the newest first. */
    enum pk_status (*signing_key_list)(struct store *store, const char *rp, int64_t now,
                                       struct signing_key_list *ret);

    /*
     * Adds decisions, in the order of their ids, in one transaction, and says of each in its fate
     * what became of it; one that is there already is not added again. At most max_refusals rows
     * of refusals are written. Where there is nothing to write the disk is not written to.
     */
    enum pk_status (*decisions_add)(struct store *store, struct kept_decision_list *list,
                                    size_t max_refusals);
    /* Those about the account, in the order of their ids; rp and name stay NULL. */
    enum pk_status (*decisions_list)(struct store *store, const struct account *account,
                                     struct kept_decision_list *ret);
    /* The highest id that there is; 0: none. */
    enum pk_status (*decisions_last)(struct store *store, int64_t *ret_id);

    /*
     * NULL, as is the next: no other host has this store, and the daemon keeps them itself.
     * PK_EXISTS for an id that is there, unless it replaces; PK_LIMIT_EXCEEDED when the relying
     * party has max that have not expired, none of them anonymous.
     */
    enum pk_status (*ceremony_add)(struct store *store, const struct kept_ceremony *ceremony,
                                   size_t max);
    /*
     * Removes it, and gives its data to one caller alone, whatever becomes of hosts and servers
     * meanwhile. PK_NOT_FOUND: there is none, it was taken, or it had expired at now.
     */
    enum pk_status (*ceremony_take)(struct store *store, const char *rp, const char *id,
                                    int64_t now, struct pk_bytes *ret);

    /* How the store is; it says so when its servers are away, too. */
    enum pk_status (*state)(struct store *store, struct store_state *ret);

    /*
     * An image of everything, and such an image in the place of everything (backup.h).
     * PK_UNSUPPORTED: its servers have images of their own.
     */
    enum pk_status (*backup)(struct store *store, bool with_keys, struct pk_bytes *ret,
                             struct backup_counts *ret_counts);
    enum pk_status (*restore)(struct store *store, const struct restore_wish *wish,
                              struct restore_report *ret);
};

struct store {
    const struct store_verbs *verbs;
};

#define STORE_ERROR_SIZE 256
/*
 * Why the last verb that this thread called and that returned PK_STORAGE did so, for the log;
 * empty: none did. Never NULL. Other outcomes have words where their verb says so.
 */
const char *store_error(void);
/*
 * Until when this thread's verbs must have returned, of pk_clock_monotonic_ms(): for backends that
 * ask somebody else, and then return PK_STORAGE. INT64_MAX, unless it was set: never.
 */
int64_t store_deadline(void);
void store_set_deadline(int64_t deadline);
/*
 * Who is told of every failure, in the thread where it was, beside who called the verb; NULL:
 * nobody.
 */
void store_report_by(void (*report)(const char *why));
/* For backends. */
void store_set_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same where the store has not failed: nobody is told but who called the verb. */
void store_explain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
