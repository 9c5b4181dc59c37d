/* SPDX-License-Identifier: BSD-2-Clause */
/* WebAuthn 8.2: packed, with a certificate or by the credential key itself. */
#include "common/webauthn/attest_certificate.h"
#include "common/webauthn/attestation.h"

static enum pk_status verify_self(const struct pk_attestation_subject *subject,
                                  const struct pk_statement *statement)
{
    enum pk_status status;

    if (statement->alg != pk_public_key_algorithm(subject->key)->number)
        return PK_ATTESTATION_ALGORITHM_MISMATCH;
    status = pk_signature_verify(subject->key, subject->signed_data, statement->sig);
    return status == PK_OK ? PK_OK : PK_ATTESTATION_SIGNATURE_INVALID;
}

static enum pk_status verify_certified(const struct pk_attestation_subject *subject,
                                       const struct pk_statement *statement)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *certificate = NULL;
    enum pk_status status;

    if (statement->alg == PK_ALGORITHM_RS1) /* for TPMs alone */
        return PK_ALGORITHM_UNSUPPORTED;
    status = pk_statement_certificate(statement, subject->signed_data, &certificate);
    if (status == PK_OK)
        status = pk_certificate_check_leaf(certificate);
    if (status == PK_OK)
        status = pk_certificate_check_packed_subject(certificate);
    if (status == PK_OK)
        status = pk_certificate_check_model_extensions(certificate);
    if (status == PK_OK)
        status = pk_certificate_check_aaguid(certificate, subject->auth_data->aaguid);
    return status;
}

enum pk_status pk_attest_packed(const struct pk_attestation_subject *subject,
                                struct pk_view statement,
                                struct pk_attestation_finding *ret_finding)
{
    struct pk_statement parsed;
    enum pk_status status = pk_statement_parse(statement, PK_STATEMENT_ALG | PK_STATEMENT_SIG,
                                               PK_STATEMENT_X5C, &parsed);

    if (status != PK_OK)
        return status;
    if (!(parsed.members & PK_STATEMENT_X5C)) {
        ret_finding->type = PK_ATTESTATION_TYPE_SELF;
        return verify_self(subject, &parsed);
    }
    status = verify_certified(subject, &parsed);
    if (status == PK_OK)
        status = pk_attestation_finding_add_path(ret_finding, &parsed);
    ret_finding->type = PK_ATTESTATION_TYPE_BASIC;
    return status;
}
