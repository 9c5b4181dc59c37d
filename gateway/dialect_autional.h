/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the Autional dialect share: N1 to N8 of its identity service, M1 to M4 of its
 * service for second factors. */
#ifndef GATEWAY_DIALECT_AUTIONAL_H
#define GATEWAY_DIALECT_AUTIONAL_H

#include "gateway/credential_body.h"
#include "gateway/dialect.h"
#include "gateway/members.h"
#include "gateway/options_shape.h"

#define AUTIONAL_NAME_MAX 128 /* characters */

#define AUTIONAL_INVALID_REQUEST 40000001

/* Refuses with {code, message, timestamp}. */
void autional_refuse(struct exchange *exchange, unsigned status, int code, const char *message);
void autional_refuse_outcome(struct exchange *exchange, const struct failures *failures,
                             enum party_outcome outcome);
void autional_refuse_answer(struct exchange *exchange, const struct failures *failures,
                            const struct party_answer *answer);
/* 200 with {code, message, data, timestamp}; data is taken, NULL: without that member. */
void autional_succeed(struct exchange *exchange, json_t *data);
/* The same without data, and with the members of more, which is taken; NULL is a failure. */
void autional_succeed_flat(struct exchange *exchange, json_t *more);

/* The body, NULL for an empty one. false: it, or the tenant of the header, was refused. */
bool autional_read(struct exchange *exchange, const json_t **ret) PK_WARN_UNUSED;
/* The texts of the body by their rules. false: they are not valid, and the request was refused. */
bool autional_read_texts(struct exchange *exchange, const json_t *body,
                         const struct text_rule *rules, size_t count,
                         const char **ret) PK_WARN_UNUSED;

/* The options of a call with the user's token. */
json_t *autional_bearer_options(struct exchange *exchange, const char *purpose);

/* What asks for a registration, whichever of the two services it is for. */
extern const char *const autional_algorithms[];
extern const struct options_shape autional_creation_shape;

struct autional_finish {
    enum party_call call;
    enum credential_kind credential;
    unsigned spellings;
    bool wrapped;   /* the credential is the member "credential" */
    bool top_level; /* it is the body itself */
    const char *purpose;
    bool with_bearer;
    bool sole; /* the user has one at a time, which need not be named */
    const struct failures *failures;
    party_answered *answered;
    const char *flag; /* an option that is set to true; NULL: none */
};

/* Reads the credential and hands it on to the ceremony that its challenge names. */
void autional_finish(struct exchange *exchange, const struct autional_finish *finish);

extern const struct failures autional_failures, autional_registration_failures;

/* dialect_autional_credentials.c: N7, N8, M1 to M4 */
dialect_handler autional_list_own, autional_remove_own, autional_list_factors,
    autional_register_factor, autional_verify_factor, autional_get_factor, autional_rename_factor,
    autional_remove_factor;

#endif
