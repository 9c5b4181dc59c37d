/* SPDX-License-Identifier: BSD-2-Clause */
/* WebAuthn 8.4: a key of the Android keystore and the certificate that describes it. */
#include "common/webauthn/attest_certificate.h"
#include "common/webauthn/attestation.h"
#include "common/webauthn/der.h"

/* Android's key attestation schema: members of AuthorizationList and their values. */
enum {
    TAG_PURPOSE = 1,
    TAG_ALL_APPLICATIONS = 600,
    TAG_ORIGIN = 702,
    ORIGIN_GENERATED = 0,
    PURPOSE_SIGN = 2,
};

/* SET OF INTEGER that holds PURPOSE_SIGN and nothing else: 8.4 says "equal to KM_PURPOSE_SIGN". */
static enum pk_status check_purpose(struct pk_view value)
{
    struct pk_reader reader = pk_reader_new(value), set;
    uint32_t purpose;

    set = pk_reader_new(pk_der_expect(&reader, PK_DER_SET));
    if (pk_reader_finish(&reader) != PK_OK)
        return PK_ANDROID_KEY_DESCRIPTION;
    if (set.remaining == 0)
        return PK_ANDROID_KEY_PURPOSE;
    purpose = pk_der_uint32(&set);
    if (set.status != PK_OK)
        return PK_ANDROID_KEY_DESCRIPTION;
    return purpose == PURPOSE_SIGN && set.remaining == 0 ? PK_OK : PK_ANDROID_KEY_PURPOSE;
}

static enum pk_status check_origin(struct pk_view value)
{
    struct pk_reader reader = pk_reader_new(value);
    uint32_t origin = pk_der_uint32(&reader);

    if (pk_reader_finish(&reader) != PK_OK)
        return PK_ANDROID_KEY_DESCRIPTION;
    return origin == ORIGIN_GENERATED ? PK_OK : PK_ANDROID_KEY_ORIGIN;
}

/* What the two lists have said so far. */
struct authorizations {
    bool origin, purpose;
};

static enum pk_status check_authorization(struct pk_der element, struct authorizations *said)
{
    if (element.tag_class != PK_DER_CONTEXT || !element.constructed)
        return PK_ANDROID_KEY_DESCRIPTION;
    switch (element.tag) {
    case TAG_PURPOSE:
        said->purpose = true;
        return check_purpose(element.value);
    case TAG_ALL_APPLICATIONS:
        return PK_ANDROID_KEY_ALL_APPLICATIONS;
    case TAG_ORIGIN:
        said->origin = true;
        return check_origin(element.value);
    default:
        return PK_OK;
    }
}

static enum pk_status check_list(struct pk_view list, struct authorizations *said)
{
    struct pk_reader reader = pk_reader_new(list);
    enum pk_status status = PK_OK;

    while (reader.remaining > 0 && status == PK_OK) {
        struct pk_der element = pk_der_read(&reader);

        status = reader.status == PK_OK ? check_authorization(element, said)
                                        : PK_ANDROID_KEY_DESCRIPTION;
    }
    return status;
}

/*
 * "The union" of the two lists (WebAuthn 8.4): what either says must be right, and one must say it.
 * The specification's own example (section 16) leaves both out, so it is refused.
 */
static enum pk_status check_lists(struct pk_view software, struct pk_view tee)
{
    struct authorizations said = {0};
    enum pk_status status = check_list(software, &said);

    if (status == PK_OK)
        status = check_list(tee, &said);
    if (status == PK_OK && !said.origin)
        status = PK_ANDROID_KEY_ORIGIN;
    if (status == PK_OK && !said.purpose)
        status = PK_ANDROID_KEY_PURPOSE;
    return status;
}

/* Security levels are ENUMERATED, but INTEGER in the specification's own example. */
static void skip_number(struct pk_reader *reader)
{
    struct pk_der element = pk_der_read(reader);

    if (element.tag_class != PK_DER_UNIVERSAL || element.constructed || element.value.len == 0 ||
        (element.tag != PK_DER_INTEGER && element.tag != PK_DER_ENUMERATED))
        pk_reader_fail(reader, PK_INVALID_INPUT);
}

static enum pk_status check_description(struct pk_view extension, struct pk_view client_data_hash)
{
    struct pk_reader outer = pk_reader_new(extension), reader;
    struct pk_view challenge, software, tee;

    reader = pk_reader_new(pk_der_expect(&outer, PK_DER_SEQUENCE));
    skip_number(&reader); /* attestationVersion */
    skip_number(&reader); /* attestationSecurityLevel */
    skip_number(&reader); /* keymasterVersion */
    skip_number(&reader); /* keymasterSecurityLevel */
    challenge = pk_der_expect(&reader, PK_DER_OCTET_STRING);
    (void)pk_der_expect(&reader, PK_DER_OCTET_STRING); /* uniqueId */
    software = pk_der_expect(&reader, PK_DER_SEQUENCE);
    tee = pk_der_expect(&reader, PK_DER_SEQUENCE);
    if (pk_reader_finish(&outer) != PK_OK || pk_reader_finish(&reader) != PK_OK)
        return PK_ANDROID_KEY_DESCRIPTION;
    if (!pk_view_equal(challenge, client_data_hash))
        return PK_ANDROID_KEY_CHALLENGE;
    return check_lists(software, tee);
}

static enum pk_status verify(const struct pk_attestation_subject *subject,
                             const struct pk_statement *statement)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *certificate = NULL;
    struct pk_view extension;
    bool critical;
    enum pk_status status;

    if (statement->alg == PK_ALGORITHM_RS1) /* for TPMs alone */
        return PK_ALGORITHM_UNSUPPORTED;
    status = pk_statement_certificate(statement, subject->signed_data, &certificate);
    if (status == PK_OK && !pk_certificate_has_key(certificate, subject->key))
        status = PK_ATTESTATION_KEY_MISMATCH;
    if (status == PK_OK)
        status = pk_certificate_extension(certificate, "1.3.6.1.4.1.11129.2.1.17", &extension,
                                          &critical);
    if (status == PK_NOT_FOUND)
        return PK_ANDROID_KEY_DESCRIPTION;
    if (status == PK_OK)
        status = check_description(extension, subject->client_data_hash);
    return status;
}

enum pk_status pk_attest_android_key(const struct pk_attestation_subject *subject,
                                     struct pk_view statement,
                                     struct pk_attestation_finding *ret_finding)
{
    struct pk_statement parsed;
    enum pk_status status = pk_statement_parse(
        statement, PK_STATEMENT_ALG | PK_STATEMENT_SIG | PK_STATEMENT_X5C, 0, &parsed);

    if (status == PK_OK)
        status = verify(subject, &parsed);
    if (status == PK_OK)
        status = pk_attestation_finding_add_path(ret_finding, &parsed);
    ret_finding->type = PK_ATTESTATION_TYPE_BASIC;
    return status;
}
