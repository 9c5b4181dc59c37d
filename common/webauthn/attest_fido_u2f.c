/* SPDX-License-Identifier: BSD-2-Clause */
/* WebAuthn 8.6: what a U2F security key signed at registration. */
#include "common/base/writer.h"
#include "common/webauthn/attest_certificate.h"
#include "common/webauthn/attestation.h"
#include "common/webauthn/cose.h"

enum { ES256 = -7 };

/* 0x00, rpIdHash, clientDataHash, credentialId, and the point uncompressed. */
static enum pk_status compose(const struct pk_attestation_subject *subject,
                              const struct pk_cose_key *key, struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_AUTH_DATA_MAX);

    pk_writer_u8(&writer, 0);
    pk_writer_put(&writer, subject->auth_data->rp_id_hash);
    pk_writer_put(&writer, subject->client_data_hash);
    pk_writer_put(&writer, subject->auth_data->credential_id);
    pk_writer_u8(&writer, 4);
    pk_writer_put(&writer, key->x);
    pk_writer_put(&writer, key->y);
    return pk_writer_finish(&writer, ret);
}

enum pk_status pk_attest_fido_u2f(const struct pk_attestation_subject *subject,
                                  struct pk_view statement,
                                  struct pk_attestation_finding *ret_finding)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *certificate = NULL;
    PK_AUTO_BYTES struct pk_bytes signed_data = {0};
    struct pk_statement parsed;
    struct pk_cose_key key;
    enum pk_status status =
        pk_statement_parse(statement, PK_STATEMENT_SIG | PK_STATEMENT_X5C, 0, &parsed);

    if (status == PK_OK && parsed.x5c_count != 1)
        status = PK_ATTESTATION_STATEMENT_MALFORMED;
    if (status == PK_OK)
        status = pk_cose_key_parse(subject->auth_data->public_key, &key);
    if (status == PK_OK && key.algorithm->number != ES256)
        status = PK_ATTESTATION_ALGORITHM_MISMATCH;
    if (status == PK_OK)
        status = compose(subject, &key, &signed_data);
    if (status == PK_OK)
        status = pk_certificate_parse(parsed.x5c[0], &certificate);
    if (status == PK_OK && !pk_certificate_has_p256_key(certificate))
        status = PK_CERTIFICATE_KEY;
    if (status == PK_OK)
        status = pk_certificate_verify_signature(certificate, ES256, pk_view_of(&signed_data),
                                                 parsed.sig);
    if (status == PK_OK)
        status = pk_attestation_finding_add_path(ret_finding, &parsed);
    ret_finding->type = PK_ATTESTATION_TYPE_BASIC;
    return status;
}
