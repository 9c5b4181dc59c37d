/* SPDX-License-Identifier: BSD-2-Clause */
/* Extension outputs, of the client (JSON) and of the authenticator (CBOR): WebAuthn 9 and 10. */
#ifndef PK_WEBAUTHN_EXTENSIONS_H
#define PK_WEBAUTHN_EXTENSIONS_H

#include "common/webauthn/json.h"
#include "common/webauthn/verify.h"

/*
 * Reads authenticator extension outputs (a checked CBOR item, or empty) into *results and holds
 * them to what was asked for. Outputs of extensions that were not asked for are ignored, or refused
 * where the requirements say so. PK_EXTENSIONS_MALFORMED, PK_EXTENSION_UNSOLICITED,
 * PK_CRED_PROTECT_TOO_WEAK.
 */
/*@ requires \valid_read(requirements) && readable(extensions) && \valid(results);
    assigns *results; */
enum pk_status pk_extensions_read(const struct pk_requirements *requirements,
                                  struct pk_view extensions,
                                  struct pk_extension_results *results) PK_WARN_UNUSED;

/*
 * Likewise for clientExtensionResults; NULL: absent. PK_EXTENSIONS_MALFORMED,
 * PK_EXTENSION_UNSOLICITED, PK_RESIDENT_KEY_MISSING.
 */
/*@ requires \valid_read(requirements) && readable_value(outputs) && \valid(results);
    assigns *results; */
enum pk_status pk_client_extensions_read(const struct pk_requirements *requirements,
                                         const struct pk_json_value *outputs,
                                         struct pk_extension_results *results) PK_WARN_UNUSED;

#endif
