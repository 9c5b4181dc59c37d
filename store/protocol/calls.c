/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/protocol/calls.h"

/* clang-format off */
#define PLAIN(type_, of, member) {.type = (type_), .offset = offsetof(of, member)}
#define BOOL(of, member)     PLAIN(FIELD_BOOL, of, member)
#define U32(of, member)      PLAIN(FIELD_U32, of, member)
#define I64(of, member)      PLAIN(FIELD_I64, of, member)
#define SIZE(of, member)     PLAIN(FIELD_SIZE, of, member)
#define TEXT(of, member)     PLAIN(FIELD_TEXT, of, member)
#define OPTIONAL(of, member) PLAIN(FIELD_OPTIONAL_TEXT, of, member)
#define BYTES(of, member)    PLAIN(FIELD_BYTES, of, member)
#define VIEW(of, member)     PLAIN(FIELD_VIEW, of, member)
#define SECRET(of, member)   PLAIN(FIELD_SECRET, of, member)
#define ENUM(of, member, last) \
    {.type = FIELD_ENUM, .offset = offsetof(of, member), .max = (last)}
#define FIXED(of, member) \
    {.type = FIELD_FIXED, .offset = offsetof(of, member), .max = sizeof(((of *)0)->member)}
#define STRUCT(of, member, table) \
    {.type = FIELD_STRUCT, .offset = offsetof(of, member), .fields = (table)}
#define LIST_UP_TO(of, items, count, table, most_) \
    {.type = FIELD_LIST, .offset = offsetof(of, items), .count_offset = offsetof(of, count), \
     .max = sizeof(*((of *)0)->items), .fields = (table), .most = (most_)}
#define LIST(of, items, count, table) LIST_UP_TO(of, items, count, table, 0)
#define END {.type = FIELD_END}

/* --- records ---------------------------------------------------------------------------------- */

static const struct field account_fields[] = {
    TEXT(struct account, rp),
    TEXT(struct account, name),
    U32(struct account, uid),
    BYTES(struct account, user_handle),
    OPTIONAL(struct account, user_name),
    OPTIONAL(struct account, display_name),
    OPTIONAL(struct account, icon),
    I64(struct account, created),
    BOOL(struct account, listed),
    BOOL(struct account, orphaned),
    END,
};

static const struct field credential_fields[] = {
    STRUCT(struct credential, account, account_fields),
    TEXT(struct credential, rp_id),
    BYTES(struct credential, record.id),
    BYTES(struct credential, record.public_key),
    BYTES(struct credential, record.user_handle),
    U32(struct credential, record.sign_count),
    BOOL(struct credential, record.backup_eligible),
    BOOL(struct credential, record.backup_state),
    BOOL(struct credential, record.payment),
    BOOL(struct credential, record.verification),
    BOOL(struct credential, record.foreign_handle),
    U32(struct credential, algorithm),
    FIXED(struct credential, aaguid),
    U32(struct credential, transports),
    TEXT(struct credential, name),
    TEXT(struct credential, format),
    TEXT(struct credential, attestation_type),
    TEXT(struct credential, trust),
    BOOL(struct credential, discoverable),
    BOOL(struct credential, user_verified),
    BOOL(struct credential, mfa),
    U32(struct credential, cred_protect),
    OPTIONAL(struct credential, instrument_display_name),
    OPTIONAL(struct credential, imported),
    BOOL(struct credential, id_unknown),
    I64(struct credential, created),
    I64(struct credential, last_used),
    END,
};

static const struct field code_fields[] = {
    ENUM(struct recovery_code, scheme, RECOVERY_HMAC),
    FIXED(struct recovery_code, salt),
    FIXED(struct recovery_code, hash),
    END,
};

static const struct field state_fields[] = {
    I64(struct account_state, id),
    STRUCT(struct account_state, account, account_fields),
    U32(struct account_state, missing_looks),
    I64(struct account_state, missing_last),
    END,
};

static const struct field change_fields[] = {
    I64(struct account_change, id),
    ENUM(struct account_change, fate, ACCOUNT_GONE),
    END,
};

/* Its account is only what says whose it is: no handle, which is why it has a table of its own. */
static const struct field holding_fields[] = {
    TEXT(struct account_holding, account.rp),
    TEXT(struct account_holding, account.name),
    U32(struct account_holding, account.uid),
    BOOL(struct account_holding, account.orphaned),
    SIZE(struct account_holding, passkeys),
    SIZE(struct account_holding, codes),
    END,
};

static const struct field transaction_fields[] = {
    TEXT(struct transaction, rp),
    TEXT(struct transaction, user),
    TEXT(struct transaction, id),
    TEXT(struct transaction, data),
    I64(struct transaction, created),
    END,
};

static const struct field api_key_fields[] = {
    TEXT(struct api_key, rp),
    TEXT(struct api_key, id),
    TEXT(struct api_key, name),
    FIXED(struct api_key, hash),
    I64(struct api_key, created),
    END,
};

static const struct field signing_key_fields[] = {
    TEXT(struct signing_key, rp),
    TEXT(struct signing_key, kid),
    TEXT(struct signing_key, algorithm),
    BOOL(struct signing_key, imported),
    SECRET(struct signing_key, jwk),
    I64(struct signing_key, created),
    I64(struct signing_key, retired),
    I64(struct signing_key, expires),
    END,
};

static const struct field decision_fields[] = {
    I64(struct kept_decision, id),
    OPTIONAL(struct kept_decision, rp),
    OPTIONAL(struct kept_decision, name),
    U32(struct kept_decision, uid),
    I64(struct kept_decision, made),
    BOOL(struct kept_decision, approved),
    BOOL(struct kept_decision, enrollment),
    U32(struct kept_decision, times),
    TEXT(struct kept_decision, context),
    OPTIONAL(struct kept_decision, passkey),
    BYTES(struct kept_decision, credential_id),
    END,
};

static const struct field fate_fields[] = {
    ENUM(struct told_fate, fate, DECISION_LATER),
    END,
};

/* --- requests --------------------------------------------------------------------------------- */

static const struct field asks_account[] = {
    TEXT(struct store_request, rp),
    TEXT(struct store_request, id),
    U32(struct store_request, uid),
    ENUM(struct store_request, create, ACCOUNT_CREATE_LISTED),
    END,
};

static const struct field asks_filter[] = {
    OPTIONAL(struct store_request, filter.rp),
    OPTIONAL(struct store_request, filter.account_name),
    BOOL(struct store_request, has_uid),
    U32(struct store_request, uid_wanted),
    VIEW(struct store_request, filter.credential_id),
    VIEW(struct store_request, filter.user_handle),
    BOOL(struct store_request, filter.living),
    BOOL(struct store_request, filter.first_factor),
    ENUM(struct store_request, filter.order, CREDENTIALS_NEWEST_FIRST),
    SIZE(struct store_request, filter.offset),
    SIZE(struct store_request, filter.limit),
    END,
};

static const struct field asks_insert[] = {
    STRUCT(struct store_request, credential, credential_fields),
    SIZE(struct store_request, max),
    VIEW(struct store_request, id_view),
    END,
};

static const struct field asks_insert_as[] = {
    STRUCT(struct store_request, credential, credential_fields),
    SIZE(struct store_request, max),
    VIEW(struct store_request, id_view),
    SECRET(struct store_request, password),
    END,
};

static const struct field asks_use[] = {
    VIEW(struct store_request, id_view),
    U32(struct store_request, use.sign_count),
    BOOL(struct store_request, use.backup_state),
    BOOL(struct store_request, use.user_verified),
    I64(struct store_request, use.when),
    VIEW(struct store_request, use.found_id),
    END,
};

/* Whose it is: the account's handle says nothing here. */
#define WHOSE \
    TEXT(struct store_request, account.rp), TEXT(struct store_request, account.name), \
    U32(struct store_request, account.uid)

static const struct field asks_whose[] = {WHOSE, END};

static const struct field asks_rename[] = {
    WHOSE,
    VIEW(struct store_request, id_view),
    TEXT(struct store_request, name),
    END,
};

static const struct field asks_remove[] = {
    WHOSE,
    VIEW(struct store_request, id_view),
    END,
};

static const struct field asks_get[] = {TEXT(struct store_request, key), END};

static const struct field asks_put[] = {
    TEXT(struct store_request, key),
    VIEW(struct store_request, value),
    END,
};

/* time: until when it is good, or now. */
static const struct field asks_ticket[] = {
    TEXT(struct store_request, rp),
    TEXT(struct store_request, id),
    U32(struct store_request, uid),
    VIEW(struct store_request, id_view),
    I64(struct store_request, time),
    END,
};

static const struct field asks_ticket_find[] = {
    VIEW(struct store_request, id_view),
    I64(struct store_request, time),
    END,
};

static const struct field asks_recovery_replace[] = {
    WHOSE,
    LIST(struct store_request, codes, code_count, code_fields),
    END,
};

static const struct field asks_recovery_use[] = {
    WHOSE,
    FIXED(struct store_request, hash),
    END,
};

static const struct field asks_changes[] = {
    LIST(struct store_request, changes.items, changes.count, change_fields),
    I64(struct store_request, changes.now),
    OPTIONAL(struct store_request, changes.key),
    VIEW(struct store_request, changes.value),
    END,
};

static const struct field asks_holdings[] = {
    BOOL(struct store_request, has_uid),
    U32(struct store_request, uid_wanted),
    END,
};

/* An account that is made where there is none. */
static const struct field asks_whole[] = {
    STRUCT(struct store_request, account, account_fields),
    END,
};

static const struct field asks_user_find[] = {
    TEXT(struct store_request, user.rp),
    OPTIONAL(struct store_request, user.id),
    OPTIONAL(struct store_request, user.user_name),
    VIEW(struct store_request, user.user_handle),
    END,
};

static const struct field asks_transaction[] = {
    STRUCT(struct store_request, transaction, transaction_fields),
    END,
};

static const struct field asks_rp[] = {TEXT(struct store_request, rp), END};

static const struct field asks_rp_id[] = {
    TEXT(struct store_request, rp),
    TEXT(struct store_request, id),
    END,
};

static const struct field asks_rp_time[] = {
    TEXT(struct store_request, rp),
    I64(struct store_request, time),
    END,
};

static const struct field asks_rp_id_time[] = {
    TEXT(struct store_request, rp),
    TEXT(struct store_request, id),
    I64(struct store_request, time),
    END,
};

static const struct field asks_api_key[] = {
    STRUCT(struct store_request, api_key, api_key_fields),
    END,
};

static const struct field asks_signing_key[] = {
    STRUCT(struct store_request, signing_key, signing_key_fields),
    ENUM(struct store_request, how, SIGNING_KEY_REPLACE),
    I64(struct store_request, time),
    END,
};

static const struct field asks_decisions[] = {
    LIST(struct store_request, decisions.items, decisions.count, decision_fields),
    SIZE(struct store_request, max),
    END,
};

static const struct field asks_ceremony[] = {
    TEXT(struct store_request, ceremony.rp),
    TEXT(struct store_request, ceremony.id),
    BYTES(struct store_request, ceremony.data),
    I64(struct store_request, ceremony.expires),
    BOOL(struct store_request, ceremony.anonymous),
    BOOL(struct store_request, ceremony.replaces),
    SIZE(struct store_request, max),
    END,
};

/* --- replies ---------------------------------------------------------------------------------- */

/* Where a verb can have so many at most, no more are made room for: a secret takes pages. */

static const struct field nothing[] = {END};

static const struct field says_account[] = {
    STRUCT(struct store_reply, account, account_fields),
    END,
};

static const struct field says_credentials[] = {
    LIST(struct store_reply, credentials.items, credentials.count, credential_fields),
    END,
};

static const struct field says_bytes[] = {BYTES(struct store_reply, bytes), END};

static const struct field says_whose[] = {
    TEXT(struct store_reply, account.rp),
    TEXT(struct store_reply, account.name),
    U32(struct store_reply, account.uid),
    I64(struct store_reply, number),
    END,
};

static const struct field says_codes[] = {
    LIST_UP_TO(struct store_reply, codes, code_count, code_fields, PK_RECOVERY_CODES),
    END,
};

static const struct field says_states[] = {
    LIST(struct store_reply, states.items, states.count, state_fields),
    END,
};

static const struct field says_holdings[] = {
    LIST(struct store_reply, holdings.items, holdings.count, holding_fields),
    END,
};

static const struct field says_count[] = {SIZE(struct store_reply, count), END};

static const struct field says_user[] = {
    STRUCT(struct store_reply, account, account_fields),
    SIZE(struct store_reply, count),
    END,
};

static const struct field says_transactions[] = {
    LIST_UP_TO(struct store_reply, transactions.items, transactions.count, transaction_fields,
               PK_TRANSACTIONS_LISTED),
    END,
};

static const struct field says_api_keys[] = {
    LIST_UP_TO(struct store_reply, api_keys.items, api_keys.count, api_key_fields,
               PK_API_KEYS_MAX),
    END,
};

static const struct field says_signing_keys[] = {
    LIST_UP_TO(struct store_reply, signing_keys.items, signing_keys.count, signing_key_fields,
               PK_SIGNING_KEYS_MAX),
    END,
};

static const struct field says_fates[] = {
    LIST(struct store_reply, fates, fate_count, fate_fields),
    END,
};

static const struct field says_decisions[] = {
    LIST(struct store_reply, decisions.items, decisions.count, decision_fields),
    END,
};

static const struct field says_number[] = {I64(struct store_reply, number), END};

static const struct field says_state[] = {
    TEXT(struct store_reply, state.kind),
    TEXT(struct store_reply, state.server),
    I64(struct store_reply, state.lag),
    I64(struct store_reply, state.age),
    I64(struct store_reply, state.refuses),
    END,
};

static const struct field says_where[] = {OPTIONAL(struct store_reply, where), END};

static const struct call_shape shapes[CALL_END] = {
    [CALL_ACCOUNT] = {"account", asks_account, says_account},
    [CALL_LIST] = {"list", asks_filter, says_credentials},
    [CALL_INSERT] = {"insert", asks_insert, nothing},
    [CALL_USE] = {"use", asks_use, nothing},
    [CALL_RENAME] = {"rename", asks_rename, nothing},
    [CALL_REMOVE] = {"remove", asks_remove, nothing},
    [CALL_GET] = {"get", asks_get, says_bytes},
    [CALL_PUT] = {"put", asks_put, nothing},
    [CALL_TICKET_ADD] = {"ticket_add", asks_ticket, nothing},
    [CALL_TICKET_CHECK] = {"ticket_check", asks_ticket, nothing},
    [CALL_TICKET_FIND] = {"ticket_find", asks_ticket_find, says_whose},
    [CALL_TICKETS_REMOVE] = {"tickets_remove", asks_whose, nothing},
    [CALL_RECOVERY_REPLACE] = {"recovery_replace", asks_recovery_replace, nothing},
    [CALL_RECOVERY_LIST] = {"recovery_list", asks_whose, says_codes},
    [CALL_RECOVERY_USE] = {"recovery_use", asks_recovery_use, nothing},
    [CALL_ACCOUNTS] = {"accounts", nothing, says_states},
    [CALL_ACCOUNTS_UPDATE] = {"accounts_update", asks_changes, nothing},
    [CALL_ADOPT] = {"adopt", asks_whole, says_count},
    [CALL_HOLDINGS] = {"holdings", asks_holdings, says_holdings},
    [CALL_COUNT] = {"count", asks_filter, says_count},
    [CALL_USER_PUT] = {"user_put", asks_whole, says_account},
    [CALL_USER_FIND] = {"user_find", asks_user_find, says_user},
    [CALL_TRANSACTION_ADD] = {"transaction_add", asks_transaction, nothing},
    [CALL_TRANSACTION_LIST] = {"transaction_list", asks_rp_id, says_transactions},
    [CALL_API_KEY_ADD] = {"api_key_add", asks_api_key, nothing},
    [CALL_API_KEY_LIST] = {"api_key_list", asks_rp, says_api_keys},
    [CALL_API_KEY_REVOKE] = {"api_key_revoke", asks_rp_id, nothing},
    [CALL_SIGNING_KEY_ADD] = {"signing_key_add", asks_signing_key, nothing},
    [CALL_SIGNING_KEY_LIST] = {"signing_key_list", asks_rp_time, says_signing_keys},
    [CALL_DECISIONS_ADD] = {"decisions_add", asks_decisions, says_fates},
    [CALL_DECISIONS_LIST] = {"decisions_list", asks_whose, says_decisions},
    [CALL_DECISIONS_LAST] = {"decisions_last", nothing, says_number},
    [CALL_CEREMONY_ADD] = {"ceremony_add", asks_ceremony, nothing},
    [CALL_CEREMONY_TAKE] = {"ceremony_take", asks_rp_id_time, says_bytes},
    [CALL_STATE] = {"state", nothing, says_state},
    [CALL_INSERT_ASKS] = {"insert_asks", asks_whose, says_where},
    [CALL_INSERT_AS] = {"insert_as", asks_insert_as, nothing},
};
/* clang-format on */

const struct call_shape *call_shape(unsigned call)
{
    return call < CALL_END && shapes[call].name ? &shapes[call] : NULL;
}
