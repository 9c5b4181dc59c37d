/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Credentials as other programs list them: pam_u2f in its authorisation files, sssd and FreeIPA in
 * the values of a directory. Each is one credential's text; no file, no line.
 */
#ifndef PK_WEBAUTHN_FOREIGN_KEY_H
#define PK_WEBAUTHN_FOREIGN_KEY_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"

struct pk_foreign_key {
    struct pk_bytes id;         /* empty: the authenticator keeps the credential, and knows it */
    struct pk_bytes public_key; /* COSE_Key, which pk_public_key_parse() takes */
    int32_t algorithm;
    bool verification; /* it was to be used with the user verified */
};
void pk_foreign_key_clear(struct pk_foreign_key *key);
#define PK_AUTO_FOREIGN_KEY __attribute__((cleanup(pk_foreign_key_clear)))

/*
 * "keyHandle,publicKey,type,options" of pam_u2f 1.1 (the handle may be "*", of a resident
 * credential; type is es256, eddsa or rs256), and "keyHandle,publicKey" of those before, whose key
 * is a point in hex and whose handle is in base64url. Options: +presence, +verification, +pin.
 * PK_INVALID_INPUT, PK_UNSUPPORTED for another type, PK_TOO_LARGE, the errors of
 * pk_public_key_parse(), PK_NO_MEMORY; *ret_why then says what is wrong: static.
 */
enum pk_status pk_u2f_key_parse(struct pk_view text, struct pk_foreign_key *ret,
                                const char **ret_why) PK_WARN_UNUSED;

/*
 * "passkey:id,publicKey" of sssd and FreeIPA, where the key is a SubjectPublicKeyInfo (RFC 5280
 * section 4.1.2.7) of P-256, Ed25519 or RSA, in base64; a third field, a user handle, was in an
 * early design and is looked past. Errors likewise.
 */
enum pk_status pk_passkey_mapping_parse(struct pk_view text, struct pk_foreign_key *ret,
                                        const char **ret_why) PK_WARN_UNUSED;
/* Whether a value is such a mapping at all: it begins with "passkey:", in any case. */
bool pk_is_passkey_mapping(struct pk_view text) PK_WARN_UNUSED;

#endif
