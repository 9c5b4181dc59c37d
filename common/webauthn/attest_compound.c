/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * WebAuthn 8.9: several statements about one credential. Policy here: every one of them must
 * verify, and the credential is as well attested as by the best of them.
 */
#include "common/base/cbor.h"
#include "common/webauthn/attestation.h"

static int rank(const struct pk_attestation_result *result)
{
    if (result->type == PK_ATTESTATION_TYPE_NONE)
        return 0;
    if (result->type == PK_ATTESTATION_TYPE_SELF)
        return 1;
    /* A path that ends at no anchor ranks below one that there were no anchors to judge by. */
    return result->trust == PK_TRUST_YES ? 4 : result->trust == PK_TRUST_UNKNOWN ? 3 : 2;
}

static enum pk_status verify_one(const struct pk_requirements *requirements,
                                 const struct pk_attestation_subject *subject,
                                 struct pk_reader *reader, struct pk_attestation_result *ret)
{
    struct pk_view format = {NULL, 0}, statement = {NULL, 0};
    size_t pairs = pk_cbor_map(reader);

    for (size_t i = 0; i < pairs && reader->status == PK_OK; i++) {
        struct pk_view name = pk_cbor_text(reader);

        if (pk_view_equal(name, pk_view_string("fmt")))
            format = pk_cbor_text(reader);
        else if (pk_view_equal(name, pk_view_string("attStmt")))
            statement = pk_cbor_item(reader);
        else
            return PK_COMPOUND_MALFORMED;
    }
    if (reader->status != PK_OK || pairs != 2 || pk_view_equal(format, pk_view_string("compound")))
        return PK_COMPOUND_MALFORMED;
    return pk_attestation_verify(requirements, subject, format, statement, ret);
}

enum pk_status pk_attest_compound(const struct pk_requirements *requirements,
                                  const struct pk_attestation_subject *subject,
                                  struct pk_view statement, struct pk_attestation_result *ret)
{
    struct pk_reader reader = pk_reader_new(statement);
    struct pk_attestation_result best = {0};
    size_t count = pk_cbor_array(&reader);
    enum pk_status status = PK_OK;

    if (reader.status != PK_OK || count < 2 || count > PK_X5C_MAX)
        return PK_COMPOUND_MALFORMED;
    for (size_t i = 0; i < count && status == PK_OK; i++) {
        struct pk_attestation_result one;

        status = verify_one(requirements, subject, &reader, &one);
        if (status == PK_OK && (i == 0 || rank(&one) > rank(&best)))
            best = one;
    }
    if (status == PK_OK)
        *ret = best;
    return status;
}
