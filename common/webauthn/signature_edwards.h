/* SPDX-License-Identifier: BSD-2-Clause */
/* Points of edwards25519 and edwards448 (RFC 8032): the check that OpenSSL leaves out. */
#ifndef PK_WEBAUTHN_SIGNATURE_EDWARDS_H
#define PK_WEBAUTHN_SIGNATURE_EDWARDS_H

#include "common/base/bytes.h"

/*
 * Whether an encoded public key of 32 (Ed25519) or 57 bytes (Ed448) is the canonical encoding of a
 * point on the curve (RFC 8032 sections 5.1.3 and 5.2.3) that is not of small order: with such a
 * point, anybody can make signatures.
 */
bool pk_edwards_point_valid(struct pk_view encoded) PK_WARN_UNUSED;

#endif
