/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/tokens/signing.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "daemon/tokens/private_keys.h"

#include <jose/jose.h>
#include <stdlib.h>
#include <string.h>

/* Without it libjose writes what it does not like to standard error. */
static void ignore(void *misc, const char *file, int line, uint64_t error, const char *format,
                   va_list arguments)
{
    (void)misc, (void)file, (void)line, (void)error, (void)format, (void)arguments;
}

static jose_cfg_t *quiet(void)
{
    jose_cfg_t *cfg = jose_cfg();

    if (cfg)
        jose_cfg_set_err_func(cfg, ignore, NULL);
    return cfg;
}

static enum pk_status dump_secret(const json_t *jwk, struct pk_secret *ret)
{
    char *text = json_dumps(jwk, JSON_COMPACT);
    enum pk_status status;

    if (!text)
        return PK_NO_MEMORY;
    status = pk_secret_copy(pk_view_string(text), ret);
    explicit_bzero(text, strlen(text));
    free(text);
    return status;
}

enum pk_status signing_generate(const char *algorithm, unsigned bits, struct pk_secret *ret_jwk)
{
    jose_cfg_auto_t *cfg = quiet();
    json_auto_t *jwk = NULL;

    if (!cfg)
        return PK_NO_MEMORY;
    if (strcmp(algorithm, "RS256") == 0)
        jwk = json_pack("{s:s, s:s, s:i}", "alg", algorithm, "kty", "RSA", "bits", (int)bits);
    else if (strcmp(algorithm, "ES256") == 0)
        jwk = json_pack("{s:s, s:s, s:s}", "alg", algorithm, "kty", "EC", "crv", "P-256");
    else
        jwk = json_pack("{s:s, s:s, s:i}", "alg", algorithm, "kty", "oct", "bytes",
                        PK_SHARED_KEY_MIN);
    if (!jwk)
        return PK_NO_MEMORY;
    return jose_jwk_gen(cfg, jwk) ? dump_secret(jwk, ret_jwk) : PK_INTERNAL;
}

enum pk_status signing_from_bytes(struct pk_view secret, struct pk_secret *ret_jwk)
{
    json_auto_t *jwk = NULL;
    char *text;

    if (secret.len < PK_SHARED_KEY_MIN || secret.len > PK_SHARED_KEY_MAX)
        return PK_INVALID_ARGUMENT;
    text = pk_base64url_encode(secret);
    if (!text)
        return PK_NO_MEMORY;
    jwk = json_pack("{s:s, s:s, s:s}", "alg", "HS256", "kty", "oct", "k", text);
    explicit_bzero(text, strlen(text));
    free(text);
    return jwk ? dump_secret(jwk, ret_jwk) : PK_NO_MEMORY;
}

enum pk_status signing_shared_mark(const struct pk_secret *jwk, uint8_t ret[PK_HASH_SIZE])
{
    PK_AUTO_JSON struct pk_json *json = NULL;
    PK_AUTO_BYTES struct pk_bytes key = {0};
    struct pk_view text;
    enum pk_status status = pk_json_parse(pk_secret_view(jwk), &json);

    if (status == PK_OK && !pk_json_string(pk_json_get(pk_json_root(json), "k"), &text))
        status = PK_INTERNAL;
    if (status == PK_OK)
        status = pk_base64url_decode(text, PK_SHARED_KEY_MAX, &key);
    if (status == PK_OK)
        status = pk_hmac_sha256(pk_view_of(&key), pk_view_string("passkeyd: the same key?"), ret);
    if (key.data)
        explicit_bzero(key.data, key.len);
    return status == PK_OK || status == PK_NO_MEMORY ? status : PK_INTERNAL;
}

static json_t *load(const struct signing_key *key)
{
    return json_loadb((const char *)key->jwk.data, key->jwk.len, JSON_REJECT_DUPLICATES, NULL);
}

/* Joins the parts of a signature that libjose made. */
static enum pk_status compact(const json_t *jws, char **ret_text)
{
    const char *header = json_string_value(json_object_get(jws, "protected"));
    const char *payload = json_string_value(json_object_get(jws, "payload"));
    const char *signature = json_string_value(json_object_get(jws, "signature"));

    if (!header || !payload || !signature)
        return PK_INTERNAL;
    *ret_text = pk_text_format("%s.%s.%s", header, payload, signature);
    return *ret_text ? PK_OK : PK_NO_MEMORY;
}

/* By libjose, with a key that is no pair. payload: in base64url. */
static enum pk_status sign_shared(const struct signing_key *key, const json_t *header,
                                  const char *payload, char **ret_text)
{
    jose_cfg_auto_t *cfg = quiet();
    json_auto_t *jwk = load(key);
    json_auto_t *jws = json_pack("{s:s}", "payload", payload);
    json_auto_t *signature = json_pack("{s:O}", "protected", header);

    if (!cfg || !jws || !signature)
        return PK_NO_MEMORY;
    if (!jwk || !jose_jws_sig(cfg, jws, signature, jwk))
        return PK_INTERNAL;
    return compact(jws, ret_text);
}

static char *encode_json(const json_t *json)
{
    PK_AUTO_FREE char *text = json_dumps(json, JSON_COMPACT);

    return text ? pk_base64url_encode(pk_view_string(text)) : NULL;
}

/* RFC 7515 section 5.1: what is signed is the two parts with a dot between them. */
static enum pk_status sign_with_pair(const struct signing_key *key, const json_t *header,
                                     const char *payload, char **ret_text)
{
    PK_AUTO_FREE char *protected = encode_json(header);
    PK_AUTO_FREE char *text = protected ? pk_text_format("%s.%s", protected, payload) : NULL;
    PK_AUTO_FREE char *encoded = NULL;
    PK_AUTO_BYTES struct pk_bytes signature = {0};
    enum pk_status status;

    if (!text)
        return PK_NO_MEMORY;
    status = private_key_sign(pk_secret_view(&key->jwk), key->algorithm, pk_view_string(text),
                              &signature);
    if (status != PK_OK)
        return status;
    encoded = pk_base64url_encode(pk_view_of(&signature));
    *ret_text = encoded ? pk_text_format("%s.%s", text, encoded) : NULL;
    return *ret_text ? PK_OK : PK_NO_MEMORY;
}

enum pk_status signing_sign(const struct signing_key *key, const json_t *claims, bool with_kid,
                            char **ret_text)
{
    json_auto_t *header = json_pack("{s:s, s:s*, s:s}", "alg", key->algorithm, "kid",
                                    with_kid ? key->kid : NULL, "typ", "JWT");
    PK_AUTO_FREE char *payload = encode_json(claims);

    if (!header || !payload)
        return PK_NO_MEMORY;
    return private_key_signs(key->algorithm) ? sign_with_pair(key, header, payload, ret_text)
                                             : sign_shared(key, header, payload, ret_text);
}

static json_t *string_of(struct pk_view view)
{
    return json_stringn((const char *)view.ptr, view.len);
}

enum pk_status signing_verify(const struct signing_key *key, const struct token_text *token)
{
    jose_cfg_auto_t *cfg = quiet();
    json_auto_t *jwk = load(key);
    json_auto_t *jws = NULL;

    /* RFC 8725 section 3.1: the token does not choose. */
    if (!pk_view_equal(token->algorithm, pk_view_string(key->algorithm)))
        return PK_SIGNATURE_INVALID;
    jws = json_pack("{s:o, s:o, s:o}", "protected", string_of(token->protected), "payload",
                    string_of(token->payload), "signature", string_of(token->signature));
    if (!cfg || !jwk || !jws)
        return PK_NO_MEMORY;
    /* The private half of a pair is not needed, and takes most of the time to get ready. */
    if (private_key_signs(key->algorithm) && !jose_jwk_pub(cfg, jwk))
        return PK_INTERNAL;
    /* libjose compares MACs in constant time. */
    return jose_jws_ver(cfg, jws, NULL, jwk, true) ? PK_OK : PK_SIGNATURE_INVALID;
}

/* The members that are the public half (RFC 7518 sections 6.2.1 and 6.3.1), into the object. */
static bool copy_public(const json_t *jwk, json_t *object)
{
    static const char *const members[] = {"kty", "n", "e", "crv", "x", "y"};
    bool good = true;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_t *value = json_object_get(jwk, members[i]);

        good = good && (!value || json_object_set(object, members[i], value) == 0);
    }
    return good;
}

json_t *signing_public(const struct signing_key *key)
{
    json_auto_t *jwk = load(key);
    json_t *object;

    if (!jwk || !private_key_signs(key->algorithm))
        return NULL;
    object = json_pack("{s:s, s:s, s:s}", "kid", key->kid, "alg", key->algorithm, "use", "sig");
    if (object && copy_public(jwk, object))
        return object;
    json_decref(object);
    return NULL;
}
