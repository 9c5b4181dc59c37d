/* SPDX-License-Identifier: BSD-2-Clause */
/* X.509 certificates (RFC 5280) as attestation needs them: strict reading, fields, trust paths. */
#ifndef PK_WEBAUTHN_ATTEST_CERTIFICATE_H
#define PK_WEBAUTHN_ATTEST_CERTIFICATE_H

#include "common/base/cleanup.h"
#include "common/webauthn/signature.h"

#include <time.h>

struct pk_certificate;

/* DER, and nothing behind it. PK_CERTIFICATE_MALFORMED. */
enum pk_status pk_certificate_parse(struct pk_view der, struct pk_certificate **ret) PK_WARN_UNUSED;
void pk_certificate_free(struct pk_certificate *certificate);
PK_DEFINE_CLEANUP(struct pk_certificate *, pk_certificate_free);
#define PK_AUTO_CERTIFICATE PK_CLEANUP(pk_certificate_free)

/* The subject public key, borrowed. PK_CERTIFICATE_KEY when OpenSSL cannot read it. */
enum pk_status pk_certificate_key(const struct pk_certificate *certificate,
                                  struct evp_pkey_st **ret) PK_WARN_UNUSED;

/* Whether the subject public key is a point of P-256. */
bool pk_certificate_has_p256_key(const struct pk_certificate *certificate);

/* Whether the subject public key is that key. */
bool pk_certificate_has_key(const struct pk_certificate *certificate,
                            const struct pk_public_key *key);

/*
 * A signature by the certificate's key. PK_ATTESTATION_ALGORITHM_MISMATCH when the key cannot be
 * used with that COSE algorithm, PK_ALGORITHM_UNSUPPORTED, PK_ATTESTATION_SIGNATURE_INVALID.
 */
enum pk_status pk_certificate_verify_signature(const struct pk_certificate *certificate,
                                               int64_t algorithm, struct pk_view message,
                                               struct pk_view signature) PK_WARN_UNUSED;

/* Version 3, and basic constraints that say it is no CA: PK_CERTIFICATE_VERSION, _CA. */
enum pk_status pk_certificate_check_leaf(const struct pk_certificate *certificate) PK_WARN_UNUSED;

/* WebAuthn 8.2.1, subject: C, O, OU "Authenticator Attestation", CN. PK_CERTIFICATE_SUBJECT. */
enum pk_status
pk_certificate_check_packed_subject(const struct pk_certificate *certificate) PK_WARN_UNUSED;

/*
 * id-fido-gen-ce-aaguid (1.3.6.1.4.1.45724.1.1.4): where it is there, not critical and equal to
 * aaguid. PK_CERTIFICATE_AAGUID.
 */
enum pk_status pk_certificate_check_aaguid(const struct pk_certificate *certificate,
                                           struct pk_view aaguid) PK_WARN_UNUSED;

/*
 * WebAuthn 8.2.1 and 8.2.2: id-fido-gen-ce-fw-version is an INTEGER that is not negative,
 * id-fido-gen-ce-sernum an OCTET STRING, and neither critical. PK_CERTIFICATE_EXTENSION.
 */
enum pk_status
pk_certificate_check_model_extensions(const struct pk_certificate *certificate) PK_WARN_UNUSED;

/*
 * WebAuthn 8.3.1: an empty subject, the alternative name (TCG EK credential profile section 3.2.9)
 * and the extended key usage of an attestation identity key. PK_CERTIFICATE_SUBJECT, _ALT_NAME,
 * _KEY_USAGE.
 */
enum pk_status pk_certificate_check_aik(const struct pk_certificate *certificate) PK_WARN_UNUSED;

/* Whether it was issued to that host: a DNS alternative name or the common name, no wildcards. */
bool pk_certificate_names_host(const struct pk_certificate *certificate, const char *host);

/*
 * The value of the extension with that dotted object identifier, borrowed, its critical bit.
 * PK_NOT_FOUND; PK_CERTIFICATE_MALFORMED when it is there twice.
 */
enum pk_status pk_certificate_extension(const struct pk_certificate *certificate, const char *oid,
                                        struct pk_view *ret_value,
                                        bool *ret_critical) PK_WARN_UNUSED;

/*
 * RFC 5280 section 6: whether path (attestation certificate first) leads to an anchor, or begins
 * with one, at that time. No certificate is trusted merely for being in the path.
 * PK_CERTIFICATE_MALFORMED for a path, PK_INVALID_ARGUMENT for an anchor that does not parse.
 */
enum pk_status pk_certificate_path_verify(const struct pk_bytes *path, size_t path_count,
                                          const struct pk_bytes *anchors, size_t anchor_count,
                                          time_t time, bool *ret_trusted) PK_WARN_UNUSED;

#endif
