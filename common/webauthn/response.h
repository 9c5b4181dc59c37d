/* SPDX-License-Identifier: BSD-2-Clause */
/* As in verify.h, for responses that the caller has parsed as JSON already. */
#ifndef PK_WEBAUTHN_RESPONSE_H
#define PK_WEBAUTHN_RESPONSE_H

#include "common/webauthn/json.h"
#include "common/webauthn/verify.h"

/* As pk_registration_response_verify(). */
enum pk_status pk_registration_json_verify(const struct pk_requirements *requirements,
                                           const struct pk_json_value *credential,
                                           struct pk_registration_result *ret) PK_WARN_UNUSED;

/* As pk_authentication_response_parse(). */
enum pk_status pk_authentication_json_parse(const struct pk_json_value *credential,
                                            struct pk_authentication_response *ret) PK_WARN_UNUSED;

#endif
