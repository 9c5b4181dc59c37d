/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/attestation.h"

#include "common/base/cbor.h"
#include "common/base/cleanup.h"
#include "common/webauthn/attest_certificate.h"

/*
 * covers_aaguid: what the maker's key signs holds the authenticator data. A U2F key signs no AAGUID
 * (8.6), and android-key's authenticator data are signed by the new credential itself (8.4).
 */
static const struct {
    const char *format;
    pk_attest *verify;
    bool covers_aaguid;
} formats[] = {
    {"none", pk_attest_none, false},
    {"packed", pk_attest_packed, true},
    {"tpm", pk_attest_tpm, true},
    {"android-key", pk_attest_android_key, false},
    {"android-safetynet", pk_attest_safetynet, true},
    {"fido-u2f", pk_attest_fido_u2f, false},
    {"apple", pk_attest_apple, true},
};

const char *pk_attestation_type_name(enum pk_attestation_type type)
{
    static const char *const names[] = {
        [PK_ATTESTATION_TYPE_NONE] = "None",     [PK_ATTESTATION_TYPE_SELF] = "Self",
        [PK_ATTESTATION_TYPE_BASIC] = "Basic",   [PK_ATTESTATION_TYPE_ATTCA] = "AttCA",
        [PK_ATTESTATION_TYPE_ANONCA] = "AnonCA",
    };

    return names[type];
}

const char *pk_trust_name(enum pk_trust trust)
{
    static const char *const names[] = {
        [PK_TRUST_UNKNOWN] = "unknown", [PK_TRUST_NO] = "no", [PK_TRUST_YES] = "yes"};

    return names[trust];
}

void pk_attestation_finding_clear(struct pk_attestation_finding *finding)
{
    for (size_t i = 0; i < finding->path_count; i++)
        pk_bytes_clear(&finding->path[i]);
    *finding = (struct pk_attestation_finding){0};
}

enum pk_status pk_attestation_finding_add(struct pk_attestation_finding *finding,
                                          struct pk_view certificate)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *parsed = NULL;
    enum pk_status status;

    if (finding->path_count >= PK_X5C_MAX)
        return PK_ATTESTATION_STATEMENT_MALFORMED;
    /* Also where the path is not validated later. */
    status = pk_certificate_parse(certificate, &parsed);
    if (status == PK_OK)
        status = pk_bytes_copy(certificate, &finding->path[finding->path_count]);
    if (status == PK_OK)
        finding->path_count++;
    return status;
}

enum pk_status pk_attestation_finding_add_path(struct pk_attestation_finding *finding,
                                               const struct pk_statement *statement)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < statement->x5c_count && status == PK_OK; i++)
        status = pk_attestation_finding_add(finding, statement->x5c[i]);
    return status;
}

static unsigned member_named(struct pk_view name)
{
    static const char *const names[] = {"alg",      "sig",     "x5c",     "ver",
                                        "certInfo", "pubArea", "response"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (pk_view_equal(name, pk_view_string(names[i])))
            return 1U << i;
    return 0;
}

static void read_x5c(struct pk_reader *reader, struct pk_statement *statement)
{
    size_t count = pk_cbor_array(reader);

    if (count == 0 || count > PK_X5C_MAX)
        pk_reader_fail(reader, PK_CBOR_TYPE_MISMATCH);
    for (size_t i = 0; i < count && reader->status == PK_OK; i++)
        statement->x5c[statement->x5c_count++] = pk_cbor_bytes(reader);
}

static void read_member(struct pk_reader *reader, unsigned member, struct pk_statement *statement)
{
    switch (member) {
    case PK_STATEMENT_ALG:
        statement->alg = pk_cbor_int(reader);
        break;
    case PK_STATEMENT_SIG:
        statement->sig = pk_cbor_bytes(reader);
        break;
    case PK_STATEMENT_X5C:
        read_x5c(reader, statement);
        break;
    case PK_STATEMENT_VER:
        statement->ver = pk_cbor_text(reader);
        break;
    case PK_STATEMENT_CERT_INFO:
        statement->cert_info = pk_cbor_bytes(reader);
        break;
    case PK_STATEMENT_PUB_AREA:
        statement->pub_area = pk_cbor_bytes(reader);
        break;
    case PK_STATEMENT_RESPONSE:
        statement->response = pk_cbor_bytes(reader);
        break;
    default:
        pk_reader_fail(reader, PK_CBOR_TYPE_MISMATCH);
        break;
    }
    statement->members |= member;
}

enum pk_status pk_statement_parse(struct pk_view bytes, unsigned required, unsigned optional,
                                  struct pk_statement *ret)
{
    struct pk_reader reader = pk_reader_new(bytes);
    struct pk_statement statement = {0};
    size_t pairs = pk_cbor_map(&reader);

    for (size_t i = 0; i < pairs && reader.status == PK_OK; i++)
        read_member(&reader, member_named(pk_cbor_text(&reader)) & (required | optional),
                    &statement);
    if (pk_reader_finish(&reader) != PK_OK || (statement.members & required) != required)
        return PK_ATTESTATION_STATEMENT_MALFORMED;
    *ret = statement;
    return PK_OK;
}

enum pk_status pk_statement_certificate(const struct pk_statement *statement,
                                        struct pk_view signed_data, struct pk_certificate **ret)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *certificate = NULL;
    enum pk_status status = pk_certificate_parse(statement->x5c[0], &certificate);

    if (status == PK_OK)
        status = pk_certificate_verify_signature(certificate, statement->alg, signed_data,
                                                 statement->sig);
    if (status == PK_OK)
        *ret = pk_steal(certificate);
    return status;
}

/* WebAuthn 7.1 step 24. None and Self have no trust path, whatever the anchors. */
static enum pk_status judge(const struct pk_requirements *requirements,
                            const struct pk_attestation_subject *subject,
                            const struct pk_attestation_finding *finding, enum pk_trust *ret)
{
    bool trusted;
    enum pk_status status;

    if (finding->path_count == 0) {
        *ret = PK_TRUST_NO;
        return PK_OK;
    }
    /* Without anchors too: a path must be made of certificates. */
    status =
        pk_certificate_path_verify(finding->path, finding->path_count, requirements->trust_anchors,
                                   requirements->trust_anchor_count, subject->time, &trusted);
    if (status != PK_OK)
        return status;
    if (requirements->trust_anchor_count == 0)
        *ret = PK_TRUST_UNKNOWN;
    else
        *ret = trusted ? PK_TRUST_YES : PK_TRUST_NO;
    return PK_OK;
}

enum pk_status pk_attestation_verify(const struct pk_requirements *requirements,
                                     const struct pk_attestation_subject *subject,
                                     struct pk_view format, struct pk_view statement,
                                     struct pk_attestation_result *ret)
{
    PK_AUTO_FINDING struct pk_attestation_finding finding = {0};
    enum pk_status status = PK_ATTESTATION_FORMAT_UNKNOWN;
    enum pk_trust trust;
    bool covers_aaguid = false;

    if (pk_view_equal(format, pk_view_string("compound")))
        return pk_attest_compound(requirements, subject, statement, ret);
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (!pk_view_equal(format, pk_view_string(formats[i].format)))
            continue;
        status = formats[i].verify(subject, statement, &finding);
        covers_aaguid = formats[i].covers_aaguid;
    }
    if (status == PK_OK)
        status = judge(requirements, subject, &finding, &trust);
    if (status == PK_OK)
        *ret = (struct pk_attestation_result){
            finding.type, trust, covers_aaguid && finding.path_count > 0 && trust != PK_TRUST_NO};
    return status;
}
