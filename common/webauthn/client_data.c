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

/* What is signed for: WebAuthn 5.8.1, and SPC 1.0. */
static const char create_type[] = "webauthn.create";
static const char get_type[] = "webauthn.get";
static const char payment_type[] = "payment.get";

/* Marks for the prover, as in checks.h. */
/*@ ghost
    /@ requires same(type, wanted);
       requires requirements->ceremony == PK_REGISTRATION ?
         wanted.ptr == (uint8_t *)&create_type[0] :
         wanted.ptr == (uint8_t *)&get_type[0] && !requirements->payment;
       assigns type_passed;
       ensures type_passed == requirements; @/
    void pass_type(const struct pk_requirements *requirements, struct pk_view type,
                   struct pk_view wanted);

    /@ requires record != \null && record->payment && same(rp_id, wanted);
       requires wanted.ptr == (uint8_t *)requirements->rp_id;
       assigns type_passed;
       ensures type_passed == requirements; @/
    void pass_payment(const struct pk_requirements *requirements,
                      const struct pk_credential_record *record, struct pk_view rp_id,
                      struct pk_view wanted);

    /@ requires challenge.len > 0 && same(challenge, wanted);
       requires encodes((char *)wanted.ptr, requirements->challenge);
       assigns challenge_passed;
       ensures challenge_passed == requirements; @/
    void pass_challenge(const struct pk_requirements *requirements, struct pk_view challenge,
                        struct pk_view wanted);

    /@ requires among(origin, requirements->origins);
       requires crossed ==> requirements->allow_cross_origin;
       requires top != \null ==> crossed;
       requires top != \null && requirements->top_origins.count > 0 ==>
         among(top->text, requirements->top_origins);
       assigns origin_passed;
       ensures origin_passed == requirements; @/
    void pass_origin(const struct pk_requirements *requirements, struct pk_view origin,
                     int crossed, const struct pk_json_value *top); */

/*@ requires readable(text) && \valid(ret) && \separated(ret, &heap);
    assigns *ret, heap[..];
    ensures \result == PK_OK ==> *ret != \null; */
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
/*@ requires demanded(requirements) && (record == \null || recorded(record));
    requires readable_value(data);
    assigns type_passed;
    ensures \result == PK_OK ==> type_passed == requirements; */
static enum pk_status check_payment(const struct pk_requirements *requirements,
                                    const struct pk_credential_record *record,
                                    const struct pk_json_value *data)
{
    const struct pk_json_value *payment = pk_json_get(data, "payment");
    struct pk_view rp_id, wanted = pk_view_string(requirements->rp_id);

    if (!record || !record->payment)
        return PK_PAYMENT_DENIED;
    if (!pk_json_is(payment, PK_JSON_OBJECT))
        return PK_CLIENT_DATA_MALFORMED;
    if (!pk_json_string(pk_json_get(payment, "rpId"), &rp_id) || !pk_view_equal(rp_id, wanted))
        return PK_PAYMENT_MISMATCH;
    /*@ ghost pass_payment(requirements, record, rp_id, wanted); */
    return PK_OK;
}

/*@ requires demanded(requirements) && (record == \null || recorded(record));
    requires readable_value(data);
    assigns type_passed;
    ensures \result == PK_OK ==> type_passed == requirements; */
static enum pk_status check_type(const struct pk_requirements *requirements,
                                 const struct pk_credential_record *record,
                                 const struct pk_json_value *data)
{
    struct pk_view type, wanted;

    if (!pk_json_string(pk_json_get(data, "type"), &type))
        return PK_CLIENT_DATA_MALFORMED;
    if (requirements->ceremony == PK_REGISTRATION)
        wanted = pk_view_string(create_type);
    else if (pk_view_equal(type, pk_view_string(payment_type)))
        return check_payment(requirements, record, data);
    else if (requirements->payment) /* which is not approved by a sign-in */
        return PK_TYPE_MISMATCH;
    else
        wanted = pk_view_string(get_type);
    if (!pk_view_equal(type, wanted))
        return PK_TYPE_MISMATCH;
    /*@ ghost pass_type(requirements, type, wanted); */
    return PK_OK;
}

/*@ requires demanded(requirements) && readable_value(data);
    assigns challenge_passed, heap[..];
    ensures \result == PK_OK ==> challenge_passed == requirements; */
static enum pk_status check_challenge(const struct pk_requirements *requirements,
                                      const struct pk_json_value *data)
{
    PK_AUTO_FREE char *expected = pk_base64url_encode(pk_view_of(&requirements->challenge));
    struct pk_view challenge, wanted;

    if (!expected)
        return PK_NO_MEMORY;
    /*@ admit is_string(expected) && encodes(expected, requirements->challenge); */
    wanted = pk_view_string(expected);
    if (!pk_json_string(pk_json_get(data, "challenge"), &challenge))
        return PK_CLIENT_DATA_MALFORMED;
    /* An empty challenge would match any response without one. */
    if (challenge.len == 0 || !pk_view_equal(challenge, wanted))
        return PK_CHALLENGE_MISMATCH;
    /*@ ghost pass_challenge(requirements, challenge, wanted); */
    return PK_OK;
}

/*@ requires \valid_read(strings) && texts(*strings) && readable(string);
    assigns \nothing;
    ensures \result ==> among(string, *strings); */
static bool holds(const struct pk_strings *strings, struct pk_view string)
{
    /*@ loop invariant 0 <= i <= strings->count;
        loop assigns i;
        loop variant strings->count - i; */
    for (size_t i = 0; i < strings->count; i++)
        if (pk_view_equal(string, pk_view_string(strings->items[i])))
            return true;
    return false;
}

/*@ requires demanded(requirements) && readable_value(data);
    assigns origin_passed;
    ensures \result == PK_OK ==> origin_passed == requirements; */
static enum pk_status check_origins(const struct pk_requirements *requirements,
                                    const struct pk_json_value *data)
{
    const struct pk_json_value *cross = pk_json_get(data, "crossOrigin");
    const struct pk_json_value *top = pk_json_get(data, "topOrigin");
    struct pk_view origin, top_origin = {NULL, 0};
    bool crossed = pk_json_is(cross, PK_JSON_TRUE);

    if (!pk_json_string(pk_json_get(data, "origin"), &origin) ||
        (cross && !pk_json_is_bool(cross)) || (top && !pk_json_string(top, &top_origin)))
        return PK_CLIENT_DATA_MALFORMED;
    if (!holds(&requirements->origins, origin))
        return PK_ORIGIN_MISMATCH;
    if (crossed && !requirements->allow_cross_origin)
        return PK_CROSS_ORIGIN_DENIED;
    /* 5.8.1: topOrigin is there only when crossOrigin is true. */
    if (top && !crossed)
        return PK_TOP_ORIGIN_MISMATCH;
    if (top && requirements->top_origins.count > 0 &&
        !holds(&requirements->top_origins, top_origin))
        return PK_TOP_ORIGIN_MISMATCH;
    /*@ ghost pass_origin(requirements, origin, crossed, top); */
    return PK_OK;
}

enum pk_status pk_client_data_verify(const struct pk_requirements *requirements,
                                     const struct pk_credential_record *record,
                                     struct pk_view client_data, uint8_t ret_hash[PK_HASH_SIZE])
{
    PK_AUTO_JSON struct pk_json *json = NULL;
    const struct pk_json_value *data;
    enum pk_status status = parse(client_data, &json);

    /*@ ghost type_passed = challenge_passed = origin_passed = NULL; */
    if (status != PK_OK)
        return status;
    data = pk_json_root(json);
    /*@ assert demanded(requirements); */
    /*@ assert record == \null || recorded(record); */
    status = check_type(requirements, record, data);
    if (status == PK_OK)
        status = check_challenge(requirements, data);
    if (status == PK_OK)
        status = check_origins(requirements, data);
    if (status == PK_OK)
        pk_sha256(client_data, ret_hash);
    /*@ assert status == PK_OK ==> hash_of(ret_hash, client_data); */
    return status;
}
