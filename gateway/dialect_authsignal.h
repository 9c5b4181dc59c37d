/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the Authsignal dialect share: A1 to A8 of its client API, S1 to S3 of its
 * server API. */
#ifndef GATEWAY_DIALECT_AUTHSIGNAL_H
#define GATEWAY_DIALECT_AUTHSIGNAL_H

#include "gateway/dialect.h"
#include "gateway/members.h"

#define AUTHSIGNAL_TEXT_MAX 255 /* characters of names */

/* Refuses with {error, errorCode, errorDescription}: clients read all of them on every status. */
void authsignal_refuse(struct exchange *exchange, unsigned status, const char *error,
                       const char *description);
void authsignal_refuse_answer(struct exchange *exchange, const struct failures *failures,
                              const struct party_answer *answer);
/* 200 with that body, which is taken; NULL is a failure. */
void authsignal_answer(struct exchange *exchange, json_t *body);

/* The body, NULL for an empty one. false: it was refused. */
bool authsignal_read(struct exchange *exchange, const json_t **ret) PK_WARN_UNUSED;
/* The texts of the body by their rules. false: they are not valid, and the request was refused. */
bool authsignal_read_texts(struct exchange *exchange, const json_t *body,
                           const struct text_rule *rules, size_t count,
                           const char **ret) PK_WARN_UNUSED;

/* Letters, digits, '_' and '-', 64 at most. */
bool authsignal_is_action(const char *action);

/* Of the daemon's passkey; is_default: what a list begins with. */
json_t *authsignal_authenticator(const json_t *passkey, const json_t *user, bool is_default);
json_t *authsignal_authenticators(const json_t *result);

/* The server API's, whose caller has a secret and no token. */
extern const struct failures authsignal_failures, authsignal_server_failures;

/* dialect_authsignal_server.c: A6, A7, S1 to S3 */
dialect_handler authsignal_list_own, authsignal_find_passkey, authsignal_track, authsignal_validate,
    authsignal_list, authsignal_remove;

#endif
