/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements out: the JSON that a browser or another WebAuthn client is given. */
#ifndef PK_WEBAUTHN_OPTIONS_H
#define PK_WEBAUTHN_OPTIONS_H

#include "common/webauthn/requirements.h"

/*
 * PublicKeyCredentialCreationOptionsJSON (WebAuthn 5.1.9) of a registration, compact, UTF-8,
 * without an outer "publicKey". *ret_json is the caller's to free. PK_INVALID_ARGUMENT for
 * requirements that contradict themselves, PK_NO_MEMORY.
 */
enum pk_status pk_creation_options_json(const struct pk_requirements *requirements,
                                        char **ret_json) PK_WARN_UNUSED;

/* PublicKeyCredentialRequestOptionsJSON (WebAuthn 5.1.10) of an authentication; likewise. */
enum pk_status pk_request_options_json(const struct pk_requirements *requirements,
                                       char **ret_json) PK_WARN_UNUSED;

/*
 * The requirement, attachment, attestation preference or transport of that WebAuthn spelling.
 * PK_INVALID_INPUT for any other.
 */
enum pk_status pk_requirement_parse(const char *text, enum pk_requirement *ret) PK_WARN_UNUSED;
enum pk_status pk_attachment_parse(const char *text, enum pk_attachment *ret) PK_WARN_UNUSED;
enum pk_status pk_attestation_preference_parse(const char *text,
                                               enum pk_attestation_preference *ret) PK_WARN_UNUSED;
enum pk_status pk_transport_parse(const char *text, enum pk_transport *ret) PK_WARN_UNUSED;
/* The WebAuthn spelling; static. NULL for a bit that is none. */
const char *pk_transport_name(enum pk_transport transport);

#endif
