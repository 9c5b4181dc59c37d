/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file that builds CBOR: libfido2 gives the parts, WebAuthn specifies the object. */
#ifndef AUTHENTICATOR_ATTESTATION_OBJECT_H
#define AUTHENTICATOR_ATTESTATION_OBJECT_H

#include "common/base/bytes.h"

struct attestation_parts {
    const char *format;         /* "packed", "fido-u2f", "none", … */
    struct pk_view statement;   /* attStmt as CBOR; not looked at for fido-u2f */
    struct pk_view certificate; /* fido-u2f: DER; its statement is made of these two */
    struct pk_view signature;
    struct pk_view auth_data; /* raw */
    /*
     * The relying party wants no attestation: the statement is dropped (format "none") unless it is
     * a self attestation by a key without AAGUID, which identifies nobody (WebAuthn 5.1.3).
     */
    bool drop_statement;
};

/*
 * {"fmt", "attStmt", "authData"} in CTAP2 canonical order (WebAuthn 6.5.4). PK_DEVICE_ERROR for a
 * statement that is not one CBOR map or parts that are missing, PK_NO_MEMORY.
 */
enum pk_status attestation_object_build(const struct attestation_parts *parts,
                                        struct pk_bytes *ret) PK_WARN_UNUSED;

/*
 * The content of a definite CBOR byte string of at most max bytes, which is how libfido2 1.12 hands
 * out authenticator data. PK_DEVICE_ERROR, PK_NO_MEMORY.
 */
enum pk_status byte_string_unwrap(struct pk_view cbor, size_t max,
                                  struct pk_bytes *ret) PK_WARN_UNUSED;

#endif
