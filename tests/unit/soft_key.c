/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/soft_key.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/base/writer.h"
#include "common/webauthn/crypto.h"
#include "daemon/verify/verify_and_commit.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <string.h>

#define COORDINATE    32
#define SIGNATURE_MAX 128
#define SSH_TYPE      "sk-ssh-ed25519@openssh.com"

struct soft_key soft_key_new(int32_t algorithm, const char *id)
{
    struct soft_key key = {.algorithm = algorithm, .id = id};

    key.pair = algorithm == ES256 ? EVP_EC_gen("P-256") : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_non_null(key.pair);
    return key;
}

void soft_key_free(struct soft_key *key)
{
    EVP_PKEY_free(key->pair);
}

static struct pk_bytes finish(struct pk_writer *writer)
{
    struct pk_bytes bytes = {0};

    assert_int_equal(pk_writer_finish(writer, &bytes), PK_OK);
    return bytes;
}

static void put(struct pk_writer *writer, const void *bytes, size_t len)
{
    pk_writer_put(writer, (struct pk_view){bytes, len});
}

/* x ‖ y of P-256, behind the byte that says "uncompressed"; or the 32 bytes of Ed25519. */
static void read_point(const struct soft_key *key, uint8_t ret[1 + 2 * COORDINATE])
{
    size_t len = 0;

    assert_int_equal(EVP_PKEY_get_octet_string_param(key->pair, OSSL_PKEY_PARAM_PUB_KEY, ret,
                                                     1 + 2 * COORDINATE, &len),
                     1);
    assert_int_equal(len, key->algorithm == ES256 ? 1 + 2 * COORDINATE : COORDINATE);
}

struct pk_bytes soft_key_public(const struct soft_key *key)
{
    static const uint8_t es256[] = {0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, COORDINATE};
    static const uint8_t y[] = {0x22, 0x58, COORDINATE};
    static const uint8_t eddsa[] = {0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, COORDINATE};
    struct pk_writer writer = pk_writer_new(SIGNATURE_MAX);
    uint8_t point[1 + 2 * COORDINATE];

    read_point(key, point);
    if (key->algorithm == ES256) {
        put(&writer, es256, sizeof(es256));
        put(&writer, point + 1, COORDINATE);
        put(&writer, y, sizeof(y));
        put(&writer, point + 1 + COORDINATE, COORDINATE);
    } else {
        put(&writer, eddsa, sizeof(eddsa));
        put(&writer, point, COORDINATE);
    }
    return finish(&writer);
}

static void put_data(struct pk_writer *writer, const char *rp_id, uint8_t flags, uint32_t counter)
{
    uint8_t hash[PK_HASH_SIZE];

    pk_sha256(pk_view_string(rp_id), hash);
    put(writer, hash, sizeof(hash));
    pk_writer_u8(writer, flags);
    pk_writer_u32(writer, counter);
}

struct pk_bytes soft_key_data(const char *rp_id, uint8_t flags, uint32_t counter)
{
    struct pk_writer writer = pk_writer_new(SIGNATURE_MAX);

    put_data(&writer, rp_id, flags, counter);
    return finish(&writer);
}

struct pk_bytes soft_key_sign(const struct soft_key *key, struct pk_view data,
                              const uint8_t hash[PK_HASH_SIZE])
{
    struct pk_writer writer = pk_writer_new(PK_AUTH_DATA_MAX);
    PK_AUTO_BYTES struct pk_bytes signed_data = {0};
    struct pk_bytes signature = {malloc(SIGNATURE_MAX), SIGNATURE_MAX};
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    pk_writer_put(&writer, data);
    put(&writer, hash, PK_HASH_SIZE);
    signed_data = finish(&writer);
    assert_int_equal(EVP_DigestSignInit(context, NULL,
                                        key->algorithm == ES256 ? EVP_sha256() : NULL, NULL,
                                        key->pair),
                     1);
    assert_int_equal(
        EVP_DigestSign(context, signature.data, &signature.len, signed_data.data, signed_data.len),
        1);
    EVP_MD_CTX_free(context);
    return signature;
}

struct pk_bytes soft_key_attestation(const struct soft_key *key, const char *rp_id, uint8_t flags,
                                     uint32_t counter)
{
    static const uint8_t head[] = "\xa3"
                                  "\x63"
                                  "fmt"
                                  "\x64"
                                  "none"
                                  "\x67"
                                  "attStmt"
                                  "\xa0"
                                  "\x68"
                                  "authData"
                                  "\x59";
    static const uint8_t aaguid[PK_AAGUID_SIZE] = {0};
    struct pk_writer data = pk_writer_new(PK_AUTH_DATA_MAX);
    struct pk_writer object = pk_writer_new(PK_AUTH_DATA_MAX);
    PK_AUTO_BYTES struct pk_bytes public_key = soft_key_public(key);
    PK_AUTO_BYTES struct pk_bytes bytes = {0};

    put_data(&data, rp_id, flags | PK_FLAG_AT, counter);
    put(&data, aaguid, sizeof(aaguid));
    pk_writer_u16(&data, (uint16_t)strlen(key->id));
    put(&data, key->id, strlen(key->id));
    pk_writer_put(&data, pk_view_of(&public_key));
    bytes = finish(&data);
    /* The authenticator's CBOR uses the shortest lengths. */
    put(&object, head, sizeof(head) - 2);
    assert_in_range(bytes.len, 24, 65535);
    if (bytes.len < 256) {
        pk_writer_u8(&object, 0x58);
        pk_writer_u8(&object, (uint8_t)bytes.len);
    } else {
        pk_writer_u8(&object, 0x59);
        pk_writer_u16(&object, (uint16_t)bytes.len);
    }
    pk_writer_put(&object, pk_view_of(&bytes));
    return finish(&object);
}

/* --- as OpenSSH has it ------------------------------------------------------------------------ */

struct pk_bytes soft_key_ssh_blob(const struct soft_key *key, const char *application)
{
    struct pk_writer writer = pk_writer_new(PK_AUTH_DATA_MAX);
    uint8_t point[1 + 2 * COORDINATE];

    assert_int_equal(key->algorithm, EDDSA);
    read_point(key, point);
    pk_writer_text(&writer, SSH_TYPE);
    pk_writer_string(&writer, (struct pk_view){point, COORDINATE});
    pk_writer_text(&writer, application);
    return finish(&writer);
}

struct pk_bytes soft_key_ssh_sign(const struct soft_key *key, const char *application,
                                  uint8_t flags, uint32_t counter, struct pk_view message)
{
    struct pk_writer writer = pk_writer_new(PK_AUTH_DATA_MAX);
    PK_AUTO_BYTES struct pk_bytes data = soft_key_data(application, flags, counter);
    PK_AUTO_BYTES struct pk_bytes signature = {0};
    uint8_t hash[PK_HASH_SIZE];

    pk_sha256(message, hash);
    signature = soft_key_sign(key, pk_view_of(&data), hash);
    pk_writer_text(&writer, SSH_TYPE);
    pk_writer_string(&writer, pk_view_of(&signature));
    pk_writer_u8(&writer, flags);
    pk_writer_u32(&writer, counter);
    return finish(&writer);
}

/* --- in the store ----------------------------------------------------------------------------- */

void soft_key_store(const struct soft_key *key, struct store *store, const char *user, uid_t uid,
                    const char *rp_id, const char *name)
{
    AUTO_CREDENTIAL struct credential credential = {.algorithm = key->algorithm, .created = 1000};

    assert_int_equal(store->verbs->account(store, "default", user, uid, true, &credential.account),
                     PK_OK);
    assert_int_equal(pk_bytes_copy(pk_view_string(key->id), &credential.record.id), PK_OK);
    credential.record.public_key = soft_key_public(key);
    credential.rp_id = strdup(rp_id);
    credential.transports = key->transports;
    credential.name = strdup(name);
    credential.format = strdup("none");
    credential.attestation_type = strdup("None");
    credential.trust = strdup("unknown");
    assert_int_equal(store->verbs->insert(store, &credential, 64, (struct pk_view){0}), PK_OK);
}

struct approval *soft_key_register(const struct soft_key *key, struct store *store,
                                   const char *correlation, const char *rp_id,
                                   const struct account *account)
{
    static const uint8_t hash[PK_HASH_SIZE];
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = ceremony_new(correlation, 0);
    PK_AUTO_BYTES struct pk_bytes object = soft_key_attestation(key, rp_id, PK_FLAG_UP, 0);
    struct verdict verdict;

    ceremony->requirements.ceremony = PK_REGISTRATION;
    ceremony->requirements.rp_id = strdup(rp_id);
    ceremony->requirements.algorithms[0] = key->algorithm;
    ceremony->requirements.algorithm_count = 1;
    ceremony->max_credentials = 9;
    ceremony->account.rp = strdup(account->rp);
    ceremony->account.name = strdup(account->name);
    ceremony->account.uid = account->uid;
    ceremony->account.user_handle =
        (struct pk_bytes){calloc(1, PK_USER_HANDLE_SIZE), PK_USER_HANDLE_SIZE};
    ceremony->account.user_handle.data[0] = (uint8_t)key->id[0];
    verdict = verify_and_commit_attestation(store, ceremony,
                                            &(struct attestation){
                                                .client_data_hash = hash,
                                                .object = pk_view_of(&object),
                                                .name = "new",
                                            });
    assert_string_equal(pk_status_name(verdict.status), pk_status_name(PK_OK));
    return verdict.approval;
}

static char *encoded(struct pk_view bytes)
{
    char *text = pk_base64url_encode(bytes);

    assert_non_null(text);
    return text;
}

/* The client data, in base64url. */
static char *client_data(const char *type, struct pk_view challenge, const char *origin)
{
    PK_AUTO_FREE char *challenge_text = encoded(challenge);
    PK_AUTO_FREE char *text =
        pk_text_format("{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\","
                       "\"crossOrigin\":false}",
                       type, challenge_text, origin);

    return encoded(pk_view_string(text));
}

char *soft_key_registration(const struct soft_key *key, const struct pk_requirements *requirements,
                            const char *origin, uint8_t flags, uint32_t counter)
{
    PK_AUTO_FREE char *data =
        client_data("webauthn.create", pk_view_of(&requirements->challenge), origin);
    PK_AUTO_BYTES struct pk_bytes object =
        soft_key_attestation(key, requirements->rp_id, flags, counter);
    PK_AUTO_FREE char *object_text = encoded(pk_view_of(&object));
    PK_AUTO_FREE char *id = encoded(pk_view_string(key->id));

    return pk_text_format("{\"id\":\"%s\",\"rawId\":\"%s\",\"type\":\"public-key\","
                          "\"clientExtensionResults\":{},\"response\":{\"clientDataJSON\":\"%s\","
                          "\"attestationObject\":\"%s\",\"transports\":[\"internal\"]}}",
                          id, id, data, object_text);
}

char *soft_key_response(const struct soft_key *key, const struct pk_requirements *requirements,
                        const char *origin, uint8_t flags, uint32_t counter)
{
    const struct pk_view challenge = pk_view_of(&requirements->challenge);
    PK_AUTO_BYTES struct pk_bytes data = soft_key_data(requirements->rp_id, flags, counter);
    PK_AUTO_BYTES struct pk_bytes signature = {0};
    PK_AUTO_FREE char *id = encoded(pk_view_string(key->id));
    PK_AUTO_FREE char *client_data_text = client_data("webauthn.get", challenge, origin);
    PK_AUTO_FREE char *data_text = encoded(pk_view_of(&data));
    PK_AUTO_FREE char *signature_text = NULL;
    uint8_t digest[PK_HASH_SIZE];

    assert_int_equal(pk_client_data_hash(PK_AUTHENTICATION, challenge, origin, digest), PK_OK);
    signature = soft_key_sign(key, pk_view_of(&data), digest);
    signature_text = encoded(pk_view_of(&signature));
    return pk_text_format("{\"id\":\"%s\",\"rawId\":\"%s\",\"type\":\"public-key\","
                          "\"clientExtensionResults\":{},\"response\":{\"clientDataJSON\":\"%s\","
                          "\"authenticatorData\":\"%s\",\"signature\":\"%s\"}}",
                          id, id, client_data_text, data_text, signature_text);
}
