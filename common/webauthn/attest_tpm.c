/* SPDX-License-Identifier: BSD-2-Clause */
/* WebAuthn 8.3: a TPM 2.0 certifies, with its attestation identity key, the credential's key. */
#include "common/webauthn/attest_certificate.h"
#include "common/webauthn/attestation.h"
#include "common/webauthn/tpm.h"

static enum pk_status check_pub_area(const struct pk_attestation_subject *subject,
                                     const struct pk_tpm_public *tpm)
{
    struct pk_cose_key key;
    enum pk_status status = pk_cose_key_parse(subject->auth_data->public_key, &key);

    if (status != PK_OK)
        return status;
    return pk_tpm_public_is(tpm, &key) ? PK_OK : PK_TPM_KEY_MISMATCH;
}

/* extraData is the hash of what was to be signed, by the hash of alg. */
static enum pk_status check_extra_data(const struct pk_attestation_subject *subject, int64_t alg,
                                       struct pk_view extra_data)
{
    const struct pk_algorithm *algorithm = pk_algorithm_find(alg);
    struct pk_digest digest;
    enum pk_status status;

    if (!algorithm)
        return PK_ALGORITHM_UNSUPPORTED;
    if (algorithm->hash == PK_HASH_NONE)
        return PK_ATTESTATION_ALGORITHM_MISMATCH;
    status = pk_hash_compute(algorithm->hash, subject->signed_data, &digest);
    if (status != PK_OK)
        return status;
    return pk_view_equal(extra_data, pk_digest_view(&digest)) ? PK_OK : PK_TPM_EXTRA_DATA;
}

/* Part 1 section 16: nameAlg, as pubArea has it, and the hash of pubArea. */
static enum pk_status check_name(struct pk_view pub_area, enum pk_hash hash, struct pk_view name)
{
    struct pk_digest digest;
    enum pk_status status = pk_hash_compute(hash, pub_area, &digest);

    if (status != PK_OK)
        return status;
    if (name.len != 2 + digest.len ||
        !pk_view_equal((struct pk_view){name.ptr, 2}, (struct pk_view){pub_area.ptr + 2, 2}) ||
        !pk_view_equal((struct pk_view){name.ptr + 2, digest.len}, pk_digest_view(&digest)))
        return PK_TPM_NAME_MISMATCH;
    return PK_OK;
}

static enum pk_status check_cert_info(const struct pk_attestation_subject *subject,
                                      const struct pk_statement *statement)
{
    struct pk_tpm_public tpm;
    struct pk_tpm_attest attest;
    enum pk_status status = pk_tpm_public_parse(statement->pub_area, &tpm);

    if (status == PK_OK)
        status = check_pub_area(subject, &tpm);
    if (status == PK_OK)
        status = pk_tpm_attest_parse(statement->cert_info, &attest);
    if (status == PK_OK)
        status = check_extra_data(subject, statement->alg, attest.extra_data);
    if (status == PK_OK)
        status = check_name(statement->pub_area, tpm.name_hash, attest.name);
    return status;
}

static enum pk_status check_certificate(const struct pk_attestation_subject *subject,
                                        const struct pk_statement *statement)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *certificate = NULL;
    enum pk_status status = pk_statement_certificate(statement, statement->cert_info, &certificate);

    if (status == PK_OK)
        status = pk_certificate_check_leaf(certificate);
    if (status == PK_OK)
        status = pk_certificate_check_aik(certificate);
    if (status == PK_OK)
        status = pk_certificate_check_aaguid(certificate, subject->auth_data->aaguid);
    return status;
}

enum pk_status pk_attest_tpm(const struct pk_attestation_subject *subject, struct pk_view statement,
                             struct pk_attestation_finding *ret_finding)
{
    const unsigned all = PK_STATEMENT_VER | PK_STATEMENT_ALG | PK_STATEMENT_X5C | PK_STATEMENT_SIG |
                         PK_STATEMENT_CERT_INFO | PK_STATEMENT_PUB_AREA;
    struct pk_statement parsed;
    enum pk_status status = pk_statement_parse(statement, all, 0, &parsed);

    if (status == PK_OK && !pk_view_equal(parsed.ver, pk_view_string("2.0")))
        status = PK_TPM_VERSION;
    if (status == PK_OK)
        status = check_cert_info(subject, &parsed);
    if (status == PK_OK)
        status = check_certificate(subject, &parsed);
    if (status == PK_OK)
        status = pk_attestation_finding_add_path(ret_finding, &parsed);
    ret_finding->type = PK_ATTESTATION_TYPE_ATTCA;
    return status;
}
