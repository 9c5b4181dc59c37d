/* SPDX-License-Identifier: BSD-2-Clause */
/* WebAuthn 8.5: a JSON Web Signature (RFC 7515) by Google's SafetyNet service. */
#include "common/base/text.h"
#include "common/base/writer.h"
#include "common/webauthn/attest_certificate.h"
#include "common/webauthn/attestation.h"
#include "common/webauthn/json.h"

#include <string.h>

enum { CLOCK_SKEW_SECONDS = 60 };

/* RFC 7518 section 3.1 */
static const struct {
    const char *name;
    int64_t algorithm;
    size_t raw_size; /* of r and of s, which JWS does not wrap in DER; 0: neither */
} algorithms[] = {{"RS256", -257, 0}, {"ES256", -7, 32}};

/* The three parts of the compact serialization, and what was signed. */
struct jws {
    struct pk_json *header, *payload;
    struct pk_bytes header_text, payload_text;
    int64_t algorithm;
    struct pk_bytes signature;
    struct pk_view signing_input; /* borrowed */
};

static void jws_clear(struct jws *jws)
{
    pk_json_free(jws->header);
    pk_json_free(jws->payload);
    pk_bytes_clear(&jws->header_text);
    pk_bytes_clear(&jws->payload_text);
    pk_bytes_clear(&jws->signature);
}

/* Up to the next dot, which is dropped; all that is left when there is none. */
static struct pk_view next_part(struct pk_view *left)
{
    const uint8_t *dot = left->len > 0 ? memchr(left->ptr, '.', left->len) : NULL;
    struct pk_view part = {left->ptr, dot ? (size_t)(dot - left->ptr) : left->len};
    size_t taken = part.len + (dot ? 1 : 0);

    *left = (struct pk_view){left->ptr + taken, left->len - taken};
    return part;
}

/* The object borrows from the text. */
static enum pk_status decode_object(struct pk_view part, struct pk_bytes *text,
                                    struct pk_json **ret)
{
    enum pk_status status = pk_base64url_decode(part, PK_ATTESTATION_OBJECT_MAX, text);

    if (status == PK_OK)
        status = pk_json_parse(pk_view_of(text), ret);
    return status == PK_OK || status == PK_NO_MEMORY ? status : PK_SAFETYNET_RESPONSE;
}

static enum pk_status parse_jws(struct pk_view text, struct jws *jws)
{
    struct pk_view left = text;
    struct pk_view header = next_part(&left), payload = next_part(&left);

    enum pk_status status;

    if (left.len == 0)
        return PK_SAFETYNET_RESPONSE;
    jws->signing_input = (struct pk_view){text.ptr, text.len - left.len - 1};
    status = decode_object(header, &jws->header_text, &jws->header);
    if (status == PK_OK)
        status = decode_object(payload, &jws->payload_text, &jws->payload);
    if (status == PK_OK && pk_base64url_decode(left, PK_SIGNATURE_MAX, &jws->signature) != PK_OK)
        status = PK_SAFETYNET_RESPONSE;
    return status;
}

/* RFC 7515 section 4.1.6: standard base64. */
static enum pk_status read_path(const struct pk_json_value *x5c,
                                struct pk_attestation_finding *finding)
{
    enum pk_status status = PK_OK;

    if (!pk_json_is(x5c, PK_JSON_ARRAY) || !x5c->first)
        return PK_SAFETYNET_RESPONSE;
    for (const struct pk_json_value *item = x5c->first; item && status == PK_OK;
         item = item->next) {
        PK_AUTO_BYTES struct pk_bytes der = {0};
        struct pk_view text;

        if (!pk_json_string(item, &text) ||
            pk_base64_decode(text, PK_ATTESTATION_OBJECT_MAX, &der) != PK_OK)
            return PK_SAFETYNET_RESPONSE;
        status = pk_attestation_finding_add(finding, pk_view_of(&der));
    }
    return status == PK_ATTESTATION_STATEMENT_MALFORMED ? PK_SAFETYNET_RESPONSE : status;
}

/* A number without sign as DER INTEGER. */
static void write_der_integer(struct pk_writer *writer, struct pk_view number)
{
    while (number.len > 1 && number.ptr[0] == 0) {
        number.ptr++;
        number.len--;
    }
    pk_writer_u8(writer, 2);
    pk_writer_u8(writer, (uint8_t)(number.len + (number.ptr[0] >> 7)));
    if (number.ptr[0] & 0x80)
        pk_writer_u8(writer, 0);
    pk_writer_put(writer, number);
}

/* r and s side by side (RFC 7518 section 3.4) become the DER that signature.h takes. */
static enum pk_status wrap_signature(struct pk_bytes *signature, size_t size)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(2 * (size + 3));
    PK_AUTO_BYTES struct pk_bytes integers = {0};
    enum pk_status status;

    if (signature->len != 2 * size)
        return PK_ATTESTATION_SIGNATURE_INVALID;
    write_der_integer(&writer, (struct pk_view){signature->data, size});
    write_der_integer(&writer, (struct pk_view){signature->data + size, size});
    status = pk_writer_finish(&writer, &integers);
    if (status != PK_OK)
        return status;
    pk_bytes_clear(signature);
    writer = pk_writer_new(integers.len + 2);
    pk_writer_u8(&writer, 0x30);
    pk_writer_u8(&writer, (uint8_t)integers.len);
    pk_writer_put(&writer, pk_view_of(&integers));
    return pk_writer_finish(&writer, signature);
}

static enum pk_status check_header(struct jws *jws)
{
    const struct pk_json_value *header = pk_json_root(jws->header);
    struct pk_view alg;

    /* Nothing that must be understood is understood (RFC 7515 section 4.1.11). */
    if (!pk_json_string(pk_json_get(header, "alg"), &alg) || pk_json_get(header, "crit"))
        return PK_SAFETYNET_RESPONSE;
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (!pk_view_equal(alg, pk_view_string(algorithms[i].name)))
            continue;
        jws->algorithm = algorithms[i].algorithm;
        return algorithms[i].raw_size > 0 ? wrap_signature(&jws->signature, algorithms[i].raw_size)
                                          : PK_OK;
    }
    return PK_ALGORITHM_UNSUPPORTED;
}

static enum pk_status check_nonce(const struct pk_json_value *payload, struct pk_view signed_data)
{
    uint8_t hash[PK_HASH_SIZE];
    PK_AUTO_FREE char *expected = NULL;
    struct pk_view nonce;

    pk_sha256(signed_data, hash);
    expected = pk_base64_encode((struct pk_view){hash, sizeof(hash)});
    if (!expected)
        return PK_NO_MEMORY;
    if (!pk_json_string(pk_json_get(payload, "nonce"), &nonce) ||
        !pk_view_equal(nonce, pk_view_string(expected)))
        return PK_SAFETYNET_NONCE;
    return PK_OK;
}

/*
 * The challenge within the nonce shows that the answer is fresh; only a timestamp after the time of
 * verification is refused.
 */
static enum pk_status check_payload(const struct pk_json_value *payload,
                                    const struct pk_attestation_subject *subject)
{
    const struct pk_json_value *timestamp = pk_json_get(payload, "timestampMs");
    enum pk_status status = check_nonce(payload, subject->signed_data);
    int64_t milliseconds;

    if (status != PK_OK)
        return status;
    if (!pk_json_is(pk_json_get(payload, "ctsProfileMatch"), PK_JSON_TRUE))
        return PK_SAFETYNET_CTS_PROFILE;
    if (timestamp && (!pk_json_integer(timestamp, &milliseconds) ||
                      milliseconds / 1000 > subject->time + CLOCK_SKEW_SECONDS))
        return PK_SAFETYNET_TIMESTAMP;
    return PK_OK;
}

static enum pk_status check_signer(const struct pk_attestation_finding *finding,
                                   const struct jws *jws)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *certificate = NULL;
    enum pk_status status = pk_certificate_parse(pk_view_of(&finding->path[0]), &certificate);

    if (status == PK_OK && !pk_certificate_names_host(certificate, "attest.android.com"))
        status = PK_SAFETYNET_HOST;
    if (status == PK_OK)
        status = pk_certificate_verify_signature(certificate, jws->algorithm, jws->signing_input,
                                                 pk_view_of(&jws->signature));
    return status;
}

enum pk_status pk_attest_safetynet(const struct pk_attestation_subject *subject,
                                   struct pk_view statement,
                                   struct pk_attestation_finding *ret_finding)
{
    __attribute__((cleanup(jws_clear))) struct jws jws = {0};
    struct pk_statement parsed;
    enum pk_status status =
        pk_statement_parse(statement, PK_STATEMENT_VER | PK_STATEMENT_RESPONSE, 0, &parsed);

    if (status == PK_OK && parsed.ver.len == 0)
        status = PK_SAFETYNET_RESPONSE;
    if (status == PK_OK)
        status = parse_jws(parsed.response, &jws);
    if (status == PK_OK)
        status = check_header(&jws);
    if (status == PK_OK)
        status = read_path(pk_json_get(pk_json_root(jws.header), "x5c"), ret_finding);
    if (status == PK_OK)
        status = check_payload(pk_json_root(jws.payload), subject);
    if (status == PK_OK)
        status = check_signer(ret_finding, &jws);
    ret_finding->type = PK_ATTESTATION_TYPE_BASIC;
    return status;
}
