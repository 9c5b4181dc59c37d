/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/authenticator.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define KEYS            64
#define POINT           65 /* uncompressed */
#define DIGEST          32
#define SIGNATURE_MAX   80
#define CLIENT_DATA_MAX 512

#define USER_PRESENT  0x01
#define USER_VERIFIED 0x04
#define ATTESTED      0x40

struct authenticator {
    const char *origin;
    uint8_t rp_id_hash[DIGEST];
    EVP_PKEY *keys[KEYS];
    uint8_t points[KEYS][POINT];
};

/* What is written one part after the other; it is large enough for all of them. */
struct bytes {
    uint8_t data[512];
    size_t len;
};

static void put(struct bytes *bytes, const void *from, size_t len)
{
    (void)memcpy(bytes->data + bytes->len, from, len);
    bytes->len += len;
}

static bool digest(const void *data, size_t len, uint8_t ret[DIGEST])
{
    return EVP_Digest(data, len, ret, NULL, EVP_sha256(), NULL) == 1;
}

void authenticator_free(struct authenticator *authenticator)
{
    if (!authenticator)
        return;
    for (size_t i = 0; i < KEYS; i++)
        EVP_PKEY_free(authenticator->keys[i]);
    free(authenticator);
}

struct authenticator *authenticator_new(const char *rp_id, const char *origin)
{
    struct authenticator *made = calloc(1, sizeof(*made));
    bool good = made && digest(rp_id, strlen(rp_id), made->rp_id_hash);

    for (size_t i = 0; good && i < KEYS; i++) {
        size_t len = 0;

        made->keys[i] = EVP_EC_gen("P-256");
        good = made->keys[i] &&
               EVP_PKEY_get_octet_string_param(made->keys[i], OSSL_PKEY_PARAM_PUB_KEY,
                                               made->points[i], POINT, &len) == 1 &&
               len == POINT;
    }
    if (good) {
        made->origin = origin;
        return made;
    }
    authenticator_free(made);
    return NULL;
}

void authenticator_make(const struct authenticator *authenticator, unsigned user,
                        struct passkey *ret)
{
    (void)authenticator;
    *ret = (struct passkey){.user = user, .key = user % KEYS};
    pk_random(ret->id, sizeof(ret->id));
}

/* WebAuthn 6.1; counters stay 0, as those of synchronised passkeys do. */
static void put_data(const struct authenticator *authenticator, uint8_t flags, struct bytes *data)
{
    static const uint8_t counter[4];

    put(data, authenticator->rp_id_hash, DIGEST);
    put(data, &flags, 1);
    put(data, counter, sizeof(counter));
}

/* {1: 2, 3: -7, -1: 1, -2: x, -3: y}, behind AAGUID and credential id (WebAuthn 6.5.1). */
static void put_credential(const struct authenticator *authenticator, const struct passkey *passkey,
                           struct bytes *data)
{
    static const uint8_t aaguid[16];
    static const uint8_t length[2] = {0, BENCH_ID_SIZE};
    static const uint8_t key[] = {0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32};
    static const uint8_t y[] = {0x22, 0x58, 32};
    const uint8_t *point = authenticator->points[passkey->key];

    put(data, aaguid, sizeof(aaguid));
    put(data, length, sizeof(length));
    put(data, passkey->id, BENCH_ID_SIZE);
    put(data, key, sizeof(key));
    put(data, point + 1, 32);
    put(data, y, sizeof(y));
    put(data, point + 33, 32);
}

static char *client_data(const struct authenticator *authenticator, const char *type,
                         const char *challenge)
{
    return pk_text_format("{\"type\":\"webauthn.%s\",\"challenge\":\"%s\",\"origin\":\"%s\","
                          "\"crossOrigin\":false}",
                          type, challenge, authenticator->origin);
}

static char *encode(const void *data, size_t len)
{
    return pk_base64url_encode((struct pk_view){data, len});
}

char *authenticator_register(const struct authenticator *authenticator,
                             const struct passkey *passkey, const char *challenge)
{
    static const uint8_t before[] = "\xa3"
                                    "cfmtdnonegattStmt\xa0hauthDataX";
    struct bytes data = {0}, object = {0};
    PK_AUTO_FREE char *client = client_data(authenticator, "create", challenge);
    PK_AUTO_FREE char *client_text = client ? encode(client, strlen(client)) : NULL;
    PK_AUTO_FREE char *id = encode(passkey->id, BENCH_ID_SIZE);
    PK_AUTO_FREE char *object_text = NULL;
    uint8_t length;

    /* "authData" is of eight letters: 0x68 is 'h'. Its length fits into a byte: 0x58 is 'X'. */
    put_data(authenticator, USER_PRESENT | USER_VERIFIED | ATTESTED, &data);
    put_credential(authenticator, passkey, &data);
    length = (uint8_t)data.len;
    put(&object, before, sizeof(before) - 1);
    put(&object, &length, 1);
    put(&object, data.data, data.len);
    object_text = encode(object.data, object.len);
    if (!client_text || !id || !object_text)
        return NULL;
    return pk_text_format("{\"id\":\"%s\",\"rawId\":\"%s\",\"type\":\"public-key\","
                          "\"authenticatorAttachment\":\"platform\",\"clientExtensionResults\":{},"
                          "\"response\":{\"clientDataJSON\":\"%s\",\"attestationObject\":\"%s\","
                          "\"transports\":[\"internal\"]}}",
                          id, id, client_text, object_text);
}

static bool sign(EVP_PKEY *key, const struct bytes *message, struct bytes *signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good;

    signature->len = SIGNATURE_MAX;
    good =
        context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, signature->data, &signature->len, message->data, message->len) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

char *authenticator_sign_in(const struct authenticator *authenticator,
                            const struct passkey *passkey, const char *challenge)
{
    struct bytes message = {0}, signature = {0};
    PK_AUTO_FREE char *client = client_data(authenticator, "get", challenge);
    PK_AUTO_FREE char *client_text = client ? encode(client, strlen(client)) : NULL;
    PK_AUTO_FREE char *id = encode(passkey->id, BENCH_ID_SIZE);
    PK_AUTO_FREE char *data_text = NULL, *signature_text = NULL, *handle = NULL;
    char user[32];

    put_data(authenticator, USER_PRESENT | USER_VERIFIED, &message);
    data_text = encode(message.data, message.len);
    if (!client || !digest(client, strlen(client), message.data + message.len))
        return NULL;
    message.len += DIGEST;
    if (!sign(authenticator->keys[passkey->key], &message, &signature))
        return NULL;
    signature_text = encode(signature.data, signature.len);
    (void)snprintf(user, sizeof(user), BENCH_USER_FORMAT, passkey->user);
    handle = *passkey->handle ? strdup(passkey->handle) : encode(user, strlen(user));
    if (!client_text || !id || !data_text || !signature_text || !handle)
        return NULL;
    return pk_text_format("{\"id\":\"%s\",\"rawId\":\"%s\",\"type\":\"public-key\","
                          "\"authenticatorAttachment\":\"platform\",\"clientExtensionResults\":{},"
                          "\"response\":{\"clientDataJSON\":\"%s\",\"authenticatorData\":\"%s\","
                          "\"signature\":\"%s\",\"userHandle\":\"%s\"}}",
                          id, id, client_text, data_text, signature_text, handle);
}
