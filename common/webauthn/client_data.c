/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Collected client data, WebAuthn 5.8.1. Unknown members, and tokenBinding of earlier levels, are
 * tolerated (5.8.1: "clients may add members"), whatever is in them; a member twice is not.
 */
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "common/webauthn/json.h"
#include "common/webauthn/verify.h"

#include <string.h>

static enum pk_status parse(struct pk_view text, struct pk_json **ret)
{
    static const uint8_t byte_order_mark[] = {0xef, 0xbb, 0xbf};
    enum pk_status status;

    if (text.len > PK_CLIENT_DATA_MAX)
        return PK_CLIENT_DATA_MALFORMED;
    if (!pk_utf8_valid(text))
        return PK_CLIENT_DATA_NOT_UTF8;
    /* "UTF-8 decode" of 7.1 step 5 drops it; the hash is over what came. */
    if (text.len >= sizeof(byte_order_mark) &&
        memcmp(text.ptr, byte_order_mark, sizeof(byte_order_mark)) == 0) {
        text.ptr += sizeof(byte_order_mark);
        text.len -= sizeof(byte_order_mark);
    }
    status = pk_json_parse(text, ret);
    if (status == PK_EXISTS)
        return PK_CLIENT_DATA_DUPLICATE;
    return status == PK_OK || status == PK_NO_MEMORY ? status : PK_CLIENT_DATA_MALFORMED;
}

/* SPC 1.0 section "Verifying an authentication assertion", as far as the RP is known here. */
static enum pk_status check_payment(const struct pk_requirements *requirements,
                                    const struct pk_credential_record *record,
                                    const struct pk_json_value *data)
{
    const struct pk_json_value *payment = pk_json_get(data, "payment");
    struct pk_view rp_id;

    if (!record || !record->payment)
        return PK_PAYMENT_DENIED;
    if (!pk_json_is(payment, PK_JSON_OBJECT))
        return PK_CLIENT_DATA_MALFORMED;
    if (!pk_json_string(pk_json_get(payment, "rpId"), &rp_id) ||
        !pk_view_equal(rp_id, pk_view_string(requirements->rp_id)))
        return PK_PAYMENT_MISMATCH;
    return PK_OK;
}

static enum pk_status check_type(const struct pk_requirements *requirements,
                                 const struct pk_credential_record *record,
                                 const struct pk_json_value *data)
{
    struct pk_view type;

    if (!pk_json_string(pk_json_get(data, "type"), &type))
        return PK_CLIENT_DATA_MALFORMED;
    if (requirements->ceremony == PK_REGISTRATION)
        return pk_view_equal(type, pk_view_string("webauthn.create")) ? PK_OK : PK_TYPE_MISMATCH;
    if (pk_view_equal(type, pk_view_string("payment.get")))
        return check_payment(requirements, record, data);
    /* A payment is not approved by a sign-in. */
    if (requirements->payment || !pk_view_equal(type, pk_view_string("webauthn.get")))
        return PK_TYPE_MISMATCH;
    return PK_OK;
}

static enum pk_status check_challenge(const struct pk_requirements *requirements,
                                      const struct pk_json_value *data)
{
    PK_AUTO_FREE char *expected = pk_base64url_encode(pk_view_of(&requirements->challenge));
    struct pk_view challenge;

    if (!expected)
        return PK_NO_MEMORY;
    if (!pk_json_string(pk_json_get(data, "challenge"), &challenge))
        return PK_CLIENT_DATA_MALFORMED;
    /* An empty challenge would match any response without one. */
    if (challenge.len == 0 || !pk_view_equal(challenge, pk_view_string(expected)))
        return PK_CHALLENGE_MISMATCH;
    return PK_OK;
}

static bool holds(const struct pk_strings *strings, struct pk_view string)
{
    for (size_t i = 0; i < strings->count; i++)
        if (pk_view_equal(string, pk_view_string(strings->items[i])))
            return true;
    return false;
}

static enum pk_status check_origins(const struct pk_requirements *requirements,
                                    const struct pk_json_value *data)
{
    const struct pk_json_value *cross = pk_json_get(data, "crossOrigin");
    const struct pk_json_value *top = pk_json_get(data, "topOrigin");
    struct pk_view origin;

    if (!pk_json_string(pk_json_get(data, "origin"), &origin) ||
        (cross && !pk_json_is_bool(cross)) || (top && !pk_json_is(top, PK_JSON_STRING)))
        return PK_CLIENT_DATA_MALFORMED;
    if (!holds(&requirements->origins, origin))
        return PK_ORIGIN_MISMATCH;
    if (pk_json_is(cross, PK_JSON_TRUE) && !requirements->allow_cross_origin)
        return PK_CROSS_ORIGIN_DENIED;
    if (!top)
        return PK_OK;
    /* 5.8.1: topOrigin is there only when crossOrigin is true. */
    if (!pk_json_is(cross, PK_JSON_TRUE))
        return PK_TOP_ORIGIN_MISMATCH;
    if (requirements->top_origins.count > 0 &&
        (!pk_json_string(top, &origin) || !holds(&requirements->top_origins, origin)))
        return PK_TOP_ORIGIN_MISMATCH;
    return PK_OK;
}

enum pk_status pk_client_data_verify(const struct pk_requirements *requirements,
                                     const struct pk_credential_record *record,
                                     struct pk_view client_data, uint8_t ret_hash[PK_HASH_SIZE])
{
    PK_AUTO_JSON struct pk_json *json = NULL;
    const struct pk_json_value *data;
    enum pk_status status = parse(client_data, &json);

    if (status != PK_OK)
        return status;
    data = pk_json_root(json);
    status = check_type(requirements, record, data);
    if (status == PK_OK)
        status = check_challenge(requirements, data);
    if (status == PK_OK)
        status = check_origins(requirements, data);
    if (status == PK_OK)
        pk_sha256(client_data, ret_hash);
    return status;
}
