/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who keeps a passkey, by the AAGUID of what made it (WebAuthn 6.5.1). Without an attestation,
 * which most of these do not give, it is that software's own word: good for a name, and for nothing
 * else.
 */
#ifndef PK_WEBAUTHN_PROVIDERS_H
#define PK_WEBAUTHN_PROVIDERS_H

#include "common/base/limits.h"

#include <stdint.h>

/* "iCloud Keychain"; static; NULL: not known here, or all zero, which means nothing. */
const char *pk_provider_name(const uint8_t aaguid[PK_AAGUID_SIZE]);

#endif
