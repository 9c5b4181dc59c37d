/* SPDX-License-Identifier: BSD-2-Clause */
/* WebAuthn 8.8: a certificate made for this one credential, with the nonce inside. */
#include "common/webauthn/attest_certificate.h"
#include "common/webauthn/attestation.h"
#include "common/webauthn/der.h"

/* SEQUENCE { [1] EXPLICIT OCTET STRING } */
static enum pk_status read_nonce(struct pk_view extension, struct pk_view *ret)
{
    struct pk_reader reader = pk_reader_new(extension), inner, tagged;
    struct pk_der element;

    inner = pk_reader_new(pk_der_expect(&reader, PK_DER_SEQUENCE));
    element = pk_der_read(&inner);
    tagged = pk_reader_new(element.value);
    *ret = pk_der_expect(&tagged, PK_DER_OCTET_STRING);
    if (pk_reader_finish(&reader) != PK_OK || pk_reader_finish(&inner) != PK_OK ||
        pk_reader_finish(&tagged) != PK_OK || element.tag_class != PK_DER_CONTEXT ||
        element.tag != 1 || !element.constructed)
        return PK_APPLE_NONCE;
    return PK_OK;
}

static enum pk_status check_nonce(const struct pk_certificate *certificate,
                                  struct pk_view signed_data)
{
    uint8_t expected[PK_HASH_SIZE];
    struct pk_view extension, nonce;
    bool critical;
    enum pk_status status =
        pk_certificate_extension(certificate, "1.2.840.113635.100.8.2", &extension, &critical);

    if (status == PK_NOT_FOUND)
        return PK_APPLE_NONCE;
    if (status == PK_OK)
        status = read_nonce(extension, &nonce);
    if (status != PK_OK)
        return status;
    pk_sha256(signed_data, expected);
    return pk_view_equal(nonce, (struct pk_view){expected, sizeof(expected)}) ? PK_OK
                                                                              : PK_APPLE_NONCE;
}

/* The first devices also sent alg, which repeats the algorithm of the credential's key. */
enum pk_status pk_attest_apple(const struct pk_attestation_subject *subject,
                               struct pk_view statement, struct pk_attestation_finding *ret_finding)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *certificate = NULL;
    struct pk_statement parsed;
    enum pk_status status =
        pk_statement_parse(statement, PK_STATEMENT_X5C, PK_STATEMENT_ALG, &parsed);

    if (status == PK_OK)
        status = pk_certificate_parse(parsed.x5c[0], &certificate);
    if (status == PK_OK)
        status = check_nonce(certificate, subject->signed_data);
    if (status == PK_OK && !pk_certificate_has_key(certificate, subject->key))
        status = PK_ATTESTATION_KEY_MISMATCH;
    if (status == PK_OK)
        status = pk_attestation_finding_add_path(ret_finding, &parsed);
    ret_finding->type = PK_ATTESTATION_TYPE_ANONCA;
    return status;
}
