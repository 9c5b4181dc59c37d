/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs of store.h as calls: for each what is asked and what is answered, as structs and as
 * tables of their members. A verb keeps its number for ever, and a member its place: a call that
 * changes gets a number of its own, and PROTOCOL_VERSION rises.
 */
#ifndef STORE_PROTOCOL_CALLS_H
#define STORE_PROTOCOL_CALLS_H

#include "store/protocol/fields.h"
#include "store/store.h"

enum store_call {
    CALL_ACCOUNT = 1,
    CALL_LIST = 2,
    CALL_INSERT = 3,
    CALL_USE = 4,
    CALL_RENAME = 5,
    CALL_REMOVE = 6,
    CALL_GET = 7,
    CALL_PUT = 8,
    CALL_TICKET_ADD = 9,
    CALL_TICKET_CHECK = 10,
    CALL_TICKET_FIND = 11,
    CALL_TICKETS_REMOVE = 12,
    CALL_RECOVERY_REPLACE = 13,
    CALL_RECOVERY_LIST = 14,
    CALL_RECOVERY_USE = 15,
    CALL_ACCOUNTS = 16,
    CALL_ACCOUNTS_UPDATE = 17,
    CALL_ADOPT = 18,
    CALL_HOLDINGS = 19,
    CALL_COUNT = 20,
    CALL_USER_PUT = 21,
    CALL_USER_FIND = 22,
    CALL_TRANSACTION_ADD = 23,
    CALL_TRANSACTION_LIST = 24,
    CALL_API_KEY_ADD = 25,
    CALL_API_KEY_LIST = 26,
    CALL_API_KEY_REVOKE = 27,
    CALL_SIGNING_KEY_ADD = 28,
    CALL_SIGNING_KEY_LIST = 29,
    CALL_DECISIONS_ADD = 30,
    CALL_DECISIONS_LIST = 31,
    CALL_DECISIONS_LAST = 32,
    CALL_CEREMONY_ADD = 33,
    CALL_CEREMONY_TAKE = 34,
    CALL_STATE = 35,
    CALL_INSERT_ASKS = 36,
    CALL_INSERT_AS = 37,
    CALL_END /* behind the last one */
};

/* What a call says: of each only the members that its table in calls.c has. */
struct store_request {
    union {
        struct account account;
        struct credential credential; /* INSERT, INSERT_AS */
        struct credential_filter filter;
        struct user_filter user;
        struct transaction transaction;
        struct api_key api_key;
        struct signing_key signing_key;
        struct kept_decision_list decisions;
        struct kept_ceremony ceremony;
        struct account_changes changes;
        struct {
            char *rp;
            char *id; /* or the user, or the name of the account */
            uid_t uid;
        };
        struct {
            char *key;
            struct pk_view value;
        };
    };
    enum account_create create;
    enum signing_key_add how;
    bool has_uid; /* of filter.uid, and of HOLDINGS: uid_wanted is looked for */
    uid_t uid_wanted;
    struct pk_view id_view; /* of a credential, or the hash of a ticket */
    struct credential_use use;
    char *name; /* RENAME */
    const struct recovery_code *codes;
    size_t code_count;
    uint8_t hash[PK_HASH_SIZE];
    size_t max;
    int64_t time;
    struct pk_secret password; /* INSERT_AS */
};

/* What a decision's fate is told by; the rest is known. */
struct told_fate {
    enum decision_fate fate;
};

struct store_reply {
    union {
        struct account account;
        struct credential_list credentials;
        struct pk_bytes bytes;
        struct account_states states;
        struct account_holdings holdings;
        struct transaction_list transactions;
        struct api_key_list api_keys;
        struct signing_key_list signing_keys;
        struct kept_decision_list decisions;
        struct store_state state;
        char *where;
        struct {
            struct recovery_code *codes;
            size_t code_count;
        };
        struct {
            struct told_fate *fates;
            size_t fate_count;
        };
    };
    size_t count;
    int64_t number;
};

struct call_shape {
    const char *name; /* for messages */
    const struct field *request;
    const struct field *reply; /* of PK_OK alone */
};

/* NULL: there is no such call. */
const struct call_shape *call_shape(unsigned call);

#endif
