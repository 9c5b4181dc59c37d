/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The credential of a request's body, in the spellings of the services, as the daemon takes it:
 * WebAuthn's member names (WebAuthn 5.1.8) and base64url without padding.
 */
#ifndef GATEWAY_CREDENTIAL_BODY_H
#define GATEWAY_CREDENTIAL_BODY_H

#include "gateway/members.h"

enum credential_kind { CREDENTIAL_REGISTRATION, CREDENTIAL_AUTHENTICATION };

enum credential_spelling {
    CREDENTIAL_CAMEL = 1u << 0,  /* rawId, clientDataJSON, ... */
    CREDENTIAL_SNAKE = 1u << 1,  /* raw_id, client_data_json, ... */
    CREDENTIAL_BASE64 = 1u << 2, /* clientDataJSON in the standard alphabet, too */
};

struct credential_body {
    char *text;      /* for the daemon */
    char *challenge; /* that clientDataJSON names, the id of a ceremony begun with "byChallenge";
                        NULL: it cannot be read */
    bool has_user_handle;
};

/*
 * What is there is of its type and in base64url, padded or not; id is not padded. A userHandle of
 * null or "" counts as none, as does an empty attestationObject beside an assertion; transports
 * beside the response count where the response has none; members that nobody reads are left out.
 * false: it is no credential.
 */
bool credential_body_read(const json_t *body, enum credential_kind kind, unsigned spellings,
                          struct credential_body *ret) PK_WARN_UNUSED;
void credential_body_clear(struct credential_body *body);
#define AUTO_CREDENTIAL_BODY __attribute__((cleanup(credential_body_clear)))

/* Base64url without padding that a credential id can be. */
bool credential_id_valid(const char *id) PK_WARN_UNUSED;

#endif
