/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the PostgreSQL store, by the file that they are in, and what they share. */
#ifndef STORE_POSTGRESQL_VERBS_H
#define STORE_POSTGRESQL_VERBS_H

#include "store/postgresql/query.h"

extern const struct store_verbs store_postgresql_verbs;

/* postgresql.c */
void store_postgresql_close(struct store *store);
enum pk_status store_postgresql_state(struct store *store, struct store_state *ret);
/* verbs_credentials.c */
enum pk_status store_postgresql_list(struct store *store, const struct credential_filter *filter,
                                     struct credential_list *ret);
enum pk_status store_postgresql_count(struct store *store, const struct credential_filter *filter,
                                      size_t *ret_count);
enum pk_status store_postgresql_insert(struct store *store, const struct credential *credential,
                                       size_t max_per_account, struct pk_view ticket_hash);
/* verbs_accounts.c */
enum pk_status store_postgresql_accounts(struct store *store, struct account_states *ret);
enum pk_status store_postgresql_holdings(struct store *store, const uid_t *uid,
                                         struct account_holdings *ret);
enum pk_status store_postgresql_accounts_update(struct store *store,
                                                const struct account_changes *changes);
enum pk_status store_postgresql_adopt(struct store *store, const struct account *account,
                                      size_t *ret_count);
/* verbs_recovery.c */
enum pk_status store_postgresql_recovery_replace(struct store *store, const struct account *account,
                                                 const struct recovery_code *codes, size_t count);
enum pk_status store_postgresql_recovery_list(struct store *store, const struct account *account,
                                              struct recovery_code *ret_codes, size_t *ret_count);
enum pk_status store_postgresql_recovery_use(struct store *store, const struct account *account,
                                             const uint8_t hash[PK_HASH_SIZE]);
/* verbs_users.c */
enum pk_status store_postgresql_user_put(struct store *store, const struct account *user,
                                         struct account *ret);
enum pk_status store_postgresql_user_find(struct store *store, const struct user_filter *filter,
                                          struct account *ret, size_t *ret_passkeys);
enum pk_status store_postgresql_transaction_add(struct store *store,
                                                const struct transaction *transaction);
enum pk_status store_postgresql_transaction_list(struct store *store, const char *rp,
                                                 const char *user, struct transaction_list *ret);
/* verbs_decisions.c */
enum pk_status store_postgresql_decisions_add(struct store *store, struct kept_decision_list *list,
                                              size_t max_refusals);
enum pk_status store_postgresql_decisions_list(struct store *store, const struct account *account,
                                               struct kept_decision_list *ret);
enum pk_status store_postgresql_decisions_last(struct store *store, int64_t *ret_id);
/* verbs_keys.c */
enum pk_status store_postgresql_api_key_add(struct store *store, const struct api_key *key);
enum pk_status store_postgresql_api_key_list(struct store *store, const char *rp,
                                             struct api_key_list *ret);
enum pk_status store_postgresql_api_key_revoke(struct store *store, const char *rp, const char *id);
enum pk_status store_postgresql_signing_key_add(struct store *store, const struct signing_key *key,
                                                enum signing_key_add how, int64_t old_expire);
enum pk_status store_postgresql_signing_key_list(struct store *store, const char *rp, int64_t now,
                                                 struct signing_key_list *ret);
/* verbs_tickets.c */
enum pk_status store_postgresql_ticket_add(struct store *store, struct pk_view ticket_hash,
                                           const char *rp, const char *name, uid_t uid,
                                           int64_t expires);
enum pk_status store_postgresql_ticket_check(struct store *store, struct pk_view ticket_hash,
                                             const char *rp, const char *name, uid_t uid,
                                             int64_t now);
enum pk_status store_postgresql_ticket_find(struct store *store, struct pk_view ticket_hash,
                                            int64_t now, struct account *ret, int64_t *ret_expires);
enum pk_status store_postgresql_tickets_remove(struct store *store, const struct account *account);
/* verbs_ceremonies.c */
enum pk_status store_postgresql_ceremony_add(struct store *store,
                                             const struct kept_ceremony *ceremony, size_t max);
enum pk_status store_postgresql_ceremony_take(struct store *store, const char *rp, const char *id,
                                              int64_t now, struct pk_bytes *ret);

/* --- inside of a verb ------------------------------------------------------------------------- */

/* Writes a fact, in the transaction of its caller or as one by itself. */
enum pk_status pg_put(struct pg_connection *connection, const char *key,
                      struct pk_view value) PK_WARN_UNUSED;
/*
 * Writes an account's row. PK_EXISTS: it, or one with its user handle, is there; the transaction
 * goes on.
 */
enum pk_status pg_account_insert(struct pg_connection *connection,
                                 const struct account *account) PK_WARN_UNUSED;
/*
 * The row of the account that lives, which nobody else changes or counts until the transaction
 * ends. PK_NOT_FOUND.
 */
enum pk_status pg_account_lock(struct pg_connection *connection, const struct account *account,
                               int64_t *ret_id) PK_WARN_UNUSED;
/* Reads user_name, display_name, icon and created, from that column on. */
enum pk_status pg_read_user(struct query *query, int column, struct account *ret) PK_WARN_UNUSED;
/* Runs a statement of one parameter, a row's id; of two, the first an integer. */
enum pk_status pg_run_for(struct pg_connection *connection, const char *sql,
                          int64_t id) PK_WARN_UNUSED;
enum pk_status pg_run_for_at(struct pg_connection *connection, const char *sql, int64_t value,
                             int64_t id) PK_WARN_UNUSED;

#endif
