/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the Hanko dialect share: contracts H1 to H15 of the Hanko passkey server. */
#ifndef GATEWAY_DIALECT_HANKO_H
#define GATEWAY_DIALECT_HANKO_H

#include "gateway/dialect.h"
#include "gateway/members.h"

/* Refuses with {title, details, status}; details NULL: without that member. */
void hanko_refuse(struct exchange *exchange, unsigned status, const char *title,
                  const char *details);
/* The same by the row for what a call came to. */
void hanko_refuse_answer(struct exchange *exchange, const struct failures *failures,
                         const struct party_answer *answer);
/* 200 with that body, which is taken. */
void hanko_answer(struct exchange *exchange, json_t *body);
/* 204 without a body. */
void hanko_answer_nothing(struct exchange *exchange);

/* The body, NULL for an empty one. false: it was refused. */
bool hanko_read(struct exchange *exchange, const json_t **ret) PK_WARN_UNUSED;
/*
 * The texts of the body by their rules, in the order of the rules. false: they are not valid, and
 * the request was refused with everything that is wrong.
 */
bool hanko_read_texts(struct exchange *exchange, const json_t *body, const struct text_rule *rules,
                      size_t count, const char **ret) PK_WARN_UNUSED;

extern const struct failures hanko_failures;

/* dialect_hanko_ceremonies.c: H1 to H4, H10 to H14 */
dialect_handler hanko_registration_initialize, hanko_registration_finalize, hanko_login_initialize,
    hanko_login_finalize, hanko_mfa_registration_initialize, hanko_mfa_registration_finalize,
    hanko_mfa_login_initialize, hanko_mfa_login_finalize, hanko_transaction_initialize,
    hanko_transaction_finalize;

/* dialect_hanko_credentials.c: H5 to H8, H15 */
dialect_handler hanko_list_credentials, hanko_get_credential, hanko_rename_credential,
    hanko_remove_credential, hanko_list_transactions;

#endif
