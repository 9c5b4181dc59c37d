/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Known answers of the hybrid transport, a session with an iPhone among them: those of
 * tests/vectors/hybrid/vectors.json, or of the file that PASSKEY_HYBRID_VECTORS names.
 */
#include "common/base/cbor.h"
#include "common/base/text.h"
#include "common/hybrid/channel.h"
#include "common/hybrid/ctap.h"
#include "common/hybrid/message.h"
#include "common/hybrid/phone.h"
#include "common/hybrid/qr.h"
#include "common/hybrid/upgrade.h"
#include "common/webauthn/authdata.h"
#include "common/webauthn/crypto.h"
#include "common/webauthn/crypto_seal.h"
#include "tests/unit/hybrid_support.h"

#include <jansson.h>

#define TUNNELS_ALL (PK_HYBRID_GOOGLE | PK_HYBRID_APPLE | PK_HYBRID_HASHED)

static json_t *vectors;

/* The text of a member; NULL: absent or null. */
static const char *text_of(const json_t *vector, const char *name)
{
    return json_string_value(json_object_get(vector, name));
}

/* The bytes of a member, which must be there. */
static struct pk_bytes hex_of(const json_t *vector, const char *name)
{
    const char *hex = text_of(vector, name);

    if (!hex)
        fail_msg("a vector has no %s", name);
    return unhex(hex ? hex : "");
}

static uint64_t number_of(const json_t *vector, const char *name)
{
    assert_true(json_is_integer(json_object_get(vector, name)));
    return (uint64_t)json_integer_value(json_object_get(vector, name));
}

/* Calls check with each vector of a section; there must be some. */
static void each(const char *section, void (*check)(const json_t *vector))
{
    const json_t *list = json_object_get(vectors, section);

    assert_true(json_array_size(list) > 0);
    for (size_t i = 0; i < json_array_size(list); i++)
        check(json_array_get(list, i));
}

/* ---- digits, QR code, keys ---- */

static void check_digits(const json_t *vector)
{
    PK_AUTO_BYTES struct pk_bytes bytes = hex_of(vector, "bytes");
    PK_AUTO_SECRET struct pk_secret digits = {0};
    PK_AUTO_SECRET struct pk_secret back = {0};

    assert_status(pk_hybrid_digits_encode(pk_view_of(&bytes), &digits), PK_OK);
    assert_string_equal((char *)digits.data, text_of(vector, "digits"));
    assert_status(pk_hybrid_digits_decode(pk_secret_view(&digits), &back), PK_OK);
    assert_views_equal(pk_secret_view(&back), pk_view_of(&bytes));
}

static void check_digits_invalid(const json_t *vector)
{
    PK_AUTO_SECRET struct pk_secret bytes = {0};

    assert_status(pk_hybrid_digits_decode(pk_view_string(text_of(vector, "digits")), &bytes),
                  PK_INVALID_INPUT);
    assert_null(bytes.data);
}

static void digits(void **state)
{
    (void)state;
    each("digits", check_digits);
    each("digits_invalid", check_digits_invalid);
}

static void check_private(const json_t *vector, struct pk_view compressed)
{
    PK_AUTO_BYTES struct pk_bytes scalar = hex_of(vector, "private");
    PK_AUTO_P256 struct pk_p256 key = {0};
    uint8_t made[PK_HYBRID_COMPRESSED_SIZE];
    uint8_t point[PK_P256_POINT_SIZE];

    assert_status(pk_p256_load(pk_view_of(&scalar), &key), PK_OK);
    pk_p256_compress(key.point, made);
    assert_views_equal((struct pk_view){made, sizeof(made)}, compressed);
    assert_status(pk_p256_decompress(compressed, point), PK_OK);
    assert_memory_equal(point, key.point, sizeof(point));
}

static void check_qr(const json_t *vector)
{
    const json_t *assisted = json_object_get(vector, "state_assisted");
    PK_AUTO_BYTES struct pk_bytes wanted = hex_of(vector, "cbor");
    PK_AUTO_BYTES struct pk_bytes public_key = hex_of(vector, "public_compressed");
    PK_AUTO_BYTES struct pk_bytes secret = hex_of(vector, "secret");
    PK_AUTO_SECRET struct pk_secret cbor = {0};
    PK_AUTO_SECRET struct pk_secret text = {0};
    struct pk_hybrid_qr qr;

    assert_status(pk_hybrid_qr_text_decode(pk_view_string(text_of(vector, "text")), &cbor), PK_OK);
    assert_views_equal(pk_secret_view(&cbor), pk_view_of(&wanted));
    assert_status(pk_hybrid_qr_parse(pk_secret_view(&cbor), &qr), PK_OK);
    assert_views_equal(qr.public_key, pk_view_of(&public_key));
    assert_views_equal(qr.secret, pk_view_of(&secret));
    assert_int_equal(qr.domains, number_of(vector, "domains"));
    assert_int_equal(qr.time, number_of(vector, "time"));
    assert_int_equal(qr.has_state_assisted, json_is_boolean(assisted));
    assert_int_equal(qr.state_assisted, json_is_true(assisted));
    assert_views_equal(qr.hint, pk_view_string(text_of(vector, "hint")));
    assert_status(pk_hybrid_qr_text(&qr, &text), PK_OK);
    assert_string_equal((char *)text.data, text_of(vector, "text"));
    if (text_of(vector, "private"))
        check_private(vector, qr.public_key);
}

static void qr_codes(void **state)
{
    (void)state;
    each("qr", check_qr);
}

static void check_hkdf(const json_t *vector)
{
    PK_AUTO_BYTES struct pk_bytes secret = hex_of(vector, "secret");
    PK_AUTO_BYTES struct pk_bytes salt = hex_of(vector, "salt");
    PK_AUTO_BYTES struct pk_bytes wanted = hex_of(vector, "out");
    PK_AUTO_SECRET struct pk_secret key = {0};

    assert_status(pk_hybrid_derive(pk_view_of(&secret), pk_view_of(&salt),
                                   (enum pk_hybrid_purpose)number_of(vector, "purpose"),
                                   number_of(vector, "length"), &key),
                  PK_OK);
    assert_views_equal(pk_secret_view(&key), pk_view_of(&wanted));
}

static void keys(void **state)
{
    (void)state;
    each("hkdf", check_hkdf);
}

/* ---- adverts and domains ---- */

static void check_domain(const json_t *vector)
{
    const char *wanted = text_of(vector, "domain");
    char domain[PK_HYBRID_DOMAIN_SIZE] = "untouched";
    uint16_t number = (uint16_t)number_of(vector, "id");

    if (!wanted) {
        assert_status(pk_hybrid_domain(number, TUNNELS_ALL, domain), PK_NOT_FOUND);
        assert_string_equal(domain, "untouched");
        return;
    }
    assert_status(pk_hybrid_domain(number, TUNNELS_ALL, domain), PK_OK);
    assert_string_equal(domain, wanted);
    if (number > 255)
        assert_status(pk_hybrid_domain(number, PK_HYBRID_TUNNELS_DEFAULT, domain), PK_DENIED);
}

static void domains(void **state)
{
    (void)state;
    each("domain", check_domain);
}

static struct pk_secret eid_key_of(const json_t *vector)
{
    struct pk_secret key = {0};
    PK_AUTO_BYTES struct pk_bytes from =
        hex_of(vector, text_of(vector, "eid_key") ? "eid_key" : "secret");

    if (text_of(vector, "eid_key"))
        assert_status(pk_secret_copy(pk_view_of(&from), &key), PK_OK);
    else
        assert_status(pk_hybrid_derive(pk_view_of(&from), (struct pk_view){NULL, 0},
                                       PK_HYBRID_EID_KEY, PK_HYBRID_EID_KEY_SIZE, &key),
                      PK_OK);
    return key;
}

static void check_suffix(const json_t *vector, struct pk_view suffix)
{
    json_t *channels = json_object_get(vector, "suffix");
    struct pk_reader reader = pk_reader_new(suffix);

    if (!channels) {
        assert_int_equal(suffix.len, 0);
        return;
    }
    assert_int_equal(pk_cbor_map(&reader), json_object_size(channels));
    for (void *at = json_object_iter(channels); at; at = json_object_iter_next(channels, at)) {
        assert_int_equal(pk_cbor_unsigned(&reader), strtoul(json_object_iter_key(at), NULL, 10));
        assert_int_equal(pk_cbor_unsigned(&reader), json_integer_value(json_object_iter_value(at)));
    }
    assert_status(pk_reader_finish(&reader), PK_OK);
}

static void check_advert(const json_t *vector)
{
    PK_AUTO_BYTES struct pk_bytes data = hex_of(vector, "service_data");
    PK_AUTO_SECRET struct pk_secret key = eid_key_of(vector);
    PK_AUTO_ADVERT struct pk_hybrid_advert advert = {0};
    PK_AUTO_BYTES struct pk_bytes plain = {0};
    PK_AUTO_BYTES struct pk_bytes routing = {0};
    uint8_t made[PK_HYBRID_ADVERT_SIZE];
    enum pk_status status =
        pk_hybrid_advert_open(pk_secret_view(&key), pk_view_of(&data), TUNNELS_ALL, &advert);

    if (!text_of(vector, "plaintext")) {
        assert_int_not_equal(status, PK_OK);
        assert_null(advert.plaintext.data);
        return;
    }
    plain = hex_of(vector, "plaintext");
    routing = hex_of(vector, "routing_id");
    assert_status(status, PK_OK);
    assert_views_equal(pk_secret_view(&advert.plaintext), pk_view_of(&plain));
    assert_views_equal((struct pk_view){advert.routing_id, sizeof(advert.routing_id)},
                       pk_view_of(&routing));
    assert_int_equal(advert.domain, number_of(vector, "domain_id"));
    check_suffix(vector, advert.suffix);
    assert_status(pk_hybrid_advert_make(pk_secret_view(&key), plain.data, made), PK_OK);
    assert_memory_equal(made, data.data, sizeof(made));
}

static void adverts(void **state)
{
    (void)state;
    each("advert", check_advert);
}

/* ---- handshake ---- */

static struct pk_p256 key_of(const json_t *vector, const char *name)
{
    PK_AUTO_BYTES struct pk_bytes scalar = hex_of(vector, name);
    struct pk_p256 key = {0};

    assert_status(pk_p256_load(pk_view_of(&scalar), &key), PK_OK);
    return key;
}

static void check_result(const json_t *vector, const struct pk_noise_result *result)
{
    PK_AUTO_BYTES struct pk_bytes hash = hex_of(vector, "handshake_hash");
    PK_AUTO_BYTES struct pk_bytes client = hex_of(vector, "client_key");
    PK_AUTO_BYTES struct pk_bytes phone = hex_of(vector, "phone_key");

    assert_views_equal((struct pk_view){result->handshake_hash, sizeof(result->handshake_hash)},
                       pk_view_of(&hash));
    assert_views_equal(pk_secret_view(&result->client_key), pk_view_of(&client));
    assert_views_equal(pk_secret_view(&result->phone_key), pk_view_of(&phone));
}

/* The client's side, with both messages as they are in the vector. */
static void check_client(const json_t *vector, struct pk_noise_setup setup)
{
    PK_AUTO_BYTES struct pk_bytes first = hex_of(vector, "message_1");
    PK_AUTO_BYTES struct pk_bytes second = hex_of(vector, "message_2");
    PK_AUTO_P256 struct pk_p256 ephemeral = key_of(vector, "initiator_ephemeral");
    PK_AUTO_NOISE struct pk_noise noise = {0};
    PK_AUTO_NOISE_RESULT struct pk_noise_result result = {0};
    uint8_t message[PK_NOISE_MESSAGE_SIZE];

    setup.ephemeral = &ephemeral;
    assert_status(pk_noise_begin(&setup, message, &noise), PK_OK);
    assert_views_equal((struct pk_view){message, sizeof(message)}, pk_view_of(&first));
    assert_status(pk_noise_finish(&noise, &setup, pk_view_of(&second), &result), PK_OK);
    check_result(vector, &result);
}

/* The phone's, where its key is known. */
static void check_phone(const json_t *vector, struct pk_noise_setup setup)
{
    PK_AUTO_BYTES struct pk_bytes first = hex_of(vector, "message_1");
    PK_AUTO_BYTES struct pk_bytes second = hex_of(vector, "message_2");
    PK_AUTO_P256 struct pk_p256 ephemeral = key_of(vector, "responder_ephemeral");
    PK_AUTO_NOISE_RESULT struct pk_noise_result result = {0};
    uint8_t message[PK_NOISE_MESSAGE_SIZE];

    setup.ephemeral = &ephemeral;
    assert_status(pk_noise_answer(&setup, pk_view_of(&first), message, &result), PK_OK);
    assert_views_equal((struct pk_view){message, sizeof(message)}, pk_view_of(&second));
    check_result(vector, &result);
}

static void check_noise(const json_t *vector)
{
    const bool linked = strcmp(text_of(vector, "pattern"), "NKpsk0") == 0;
    PK_AUTO_BYTES struct pk_bytes psk = hex_of(vector, "psk");
    PK_AUTO_P256 struct pk_p256 known =
        key_of(vector, linked ? "responder_static" : "initiator_static");
    const struct pk_view point = {known.point, sizeof(known.point)};
    struct pk_noise_setup owner = {linked ? PK_NOISE_NK_PSK0 : PK_NOISE_KN_PSK0, pk_view_of(&psk),
                                   .own_static = &known};
    struct pk_noise_setup other = {owner.pattern, pk_view_of(&psk), .peer_static = point};

    check_client(vector, linked ? other : owner);
    if (text_of(vector, "responder_ephemeral"))
        check_phone(vector, linked ? owner : other);
}

static void handshakes(void **state)
{
    (void)state;
    each("noise", check_noise);
}

/* ---- messages ---- */

/* What the vector is of, made without the code that is under test. */
static void check_construction(const json_t *vector, struct pk_view key, struct pk_view sealed)
{
    const bool old = strcmp(text_of(vector, "construction"), "old") == 0;
    const uint32_t counter = (uint32_t)number_of(vector, "counter");
    static const uint8_t about = 2;
    PK_AUTO_BYTES struct pk_bytes padded = hex_of(vector, "padded");
    PK_AUTO_BYTES struct pk_bytes plain = {calloc(1, sealed.len), padded.len};
    uint8_t nonce[PK_SEAL_NONCE_SIZE] = {0};
    const struct pk_seal seal = {key.ptr, nonce, {&about, old ? 1 : 0}};

    for (size_t i = 0; i < 4; i++)
        nonce[old ? i : 11 - i] = (uint8_t)(counter >> (8 * i));
    assert_status(pk_seal_open(&seal, sealed, plain.data), PK_OK);
    assert_views_equal(pk_view_of(&plain), pk_view_of(&padded));
}

static void check_crypter(const json_t *vector)
{
    const bool old = strcmp(text_of(vector, "construction"), "old") == 0;
    const uint32_t counter = (uint32_t)number_of(vector, "counter");
    PK_AUTO_BYTES struct pk_bytes key = hex_of(vector, "key");
    PK_AUTO_BYTES struct pk_bytes plain = hex_of(vector, "plaintext");
    PK_AUTO_BYTES struct pk_bytes sealed = hex_of(vector, "ciphertext");
    PK_AUTO_CHANNEL struct pk_hybrid_channel channel = {.written = counter, .read = counter};
    PK_AUTO_BYTES struct pk_bytes made = {0};
    PK_AUTO_BYTES struct pk_bytes opened = {0};
    enum pk_status status;

    check_construction(vector, pk_view_of(&key), pk_view_of(&sealed));
    assert_status(pk_secret_copy(pk_view_of(&key), &channel.read_key), PK_OK);
    assert_status(pk_secret_copy(pk_view_of(&key), &channel.write_key), PK_OK);
    status = pk_hybrid_channel_read(&channel, pk_view_of(&sealed), &opened);
    if (old) {
        assert_status(status, counter == 0 ? PK_UNSUPPORTED : PK_SIGNATURE_INVALID);
        return;
    }
    assert_status(status, PK_OK);
    assert_views_equal(pk_view_of(&opened), pk_view_of(&plain));
    assert_int_equal(channel.read, counter + 1);
    assert_status(pk_hybrid_channel_write(&channel, pk_view_of(&plain), &made), PK_OK);
    assert_views_equal(pk_view_of(&made), pk_view_of(&sealed));
    assert_int_equal(channel.written, counter + 1);
}

static void messages(void **state)
{
    (void)state;
    each("crypter", check_crypter);
}

static void check_greeting(const json_t *vector)
{
    PK_AUTO_BYTES struct pk_bytes message = hex_of(vector, "plaintext");
    PK_AUTO_BYTES struct pk_bytes info = hex_of(vector, "get_info");
    struct pk_hybrid_greeting greeting = {0};
    enum pk_status status = pk_hybrid_greeting_parse(pk_view_of(&message), &greeting);

    if (number_of(vector, "revision") == 0) {
        assert_status(status, PK_UNSUPPORTED);
        return;
    }
    assert_status(status, PK_OK);
    assert_views_equal(greeting.info, pk_view_of(&info));
    assert_true(greeting.ctap2 && greeting.stores && greeting.verifies);
    assert_int_equal(greeting.aaguid.len, PK_AAGUID_SIZE);
}

static void greetings(void **state)
{
    (void)state;
    each("post_handshake", check_greeting);
}

/* ---- linking, of which only these two are known: from the parts that a client of it would use
 * ---- */

static void check_pairing_signature(const json_t *vector)
{
    PK_AUTO_P256 struct pk_p256 client = key_of(vector, "client_private");
    PK_AUTO_BYTES struct pk_bytes phone = hex_of(vector, "authenticator_public");
    PK_AUTO_BYTES struct pk_bytes hash = hex_of(vector, "handshake_hash");
    PK_AUTO_BYTES struct pk_bytes wanted = hex_of(vector, "signature");
    PK_AUTO_SECRET struct pk_secret shared = {0};
    uint8_t mac[PK_HASH_SIZE];

    assert_status(pk_p256_shared(&client, pk_view_of(&phone), &shared), PK_OK);
    assert_status(pk_hmac_sha256(pk_secret_view(&shared), pk_view_of(&hash), mac), PK_OK);
    assert_views_equal((struct pk_view){mac, sizeof(mac)}, pk_view_of(&wanted));
}

static void check_client_payload(const json_t *vector)
{
    PK_AUTO_BYTES struct pk_bytes link_id = hex_of(vector, "link_id");
    PK_AUTO_BYTES struct pk_bytes nonce = hex_of(vector, "nonce");
    PK_AUTO_BYTES struct pk_bytes wanted = hex_of(vector, "header");
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(1024);

    pk_cbor_write_map(&writer, 3);
    pk_cbor_write_unsigned(&writer, 1);
    pk_cbor_write_bytes(&writer, pk_view_of(&link_id));
    pk_cbor_write_unsigned(&writer, 2);
    pk_cbor_write_bytes(&writer, pk_view_of(&nonce));
    pk_cbor_write_unsigned(&writer, 3);
    pk_cbor_write_text(&writer, pk_view_string(text_of(vector, "hint")));
    assert_status(writer.status, PK_OK);
    assert_views_equal((struct pk_view){writer.data, writer.len}, pk_view_of(&wanted));
}

static void linking(void **state)
{
    (void)state;
    each("pairing_signature", check_pairing_signature);
    each("client_payload", check_client_payload);
}

/* ---- a whole session ---- */

/* wss://DOMAIN/cable/connect/ROUTING/TUNNEL */
static void check_url(const json_t *vector, struct pk_view secret)
{
    PK_AUTO_SECRET struct pk_secret tunnel = {0};
    PK_AUTO_FREE char *url = strdup(text_of(vector, "url"));
    PK_AUTO_FREE char *request = NULL;
    PK_AUTO_FREE char *wanted = NULL;
    PK_AUTO_BYTES struct pk_bytes routing = {0};
    struct pk_upgrade upgrade = {0};
    char *host = url + strlen("wss://");
    char *path = strchr(host, '/');

    wanted = pk_text_format("GET %s HTTP/1.1\r\n", path);
    *path = '\0';
    path[strlen("/cable/connect/") + 6] = '\0';
    routing = unhex(path + strlen("/cable/connect/"));
    upgrade.host = host;
    memcpy(upgrade.routing_id, routing.data, sizeof(upgrade.routing_id));
    assert_status(pk_hybrid_derive(secret, (struct pk_view){NULL, 0}, PK_HYBRID_TUNNEL_ID,
                                   PK_HYBRID_TUNNEL_ID_SIZE, &tunnel),
                  PK_OK);
    memcpy(upgrade.tunnel_id, tunnel.data, sizeof(upgrade.tunnel_id));
    assert_status(pk_upgrade_request(&upgrade, &request), PK_OK);
    assert_memory_equal(request, wanted, strlen(wanted));
}

/* The RP id that a getAssertion has under its first key, behind type, command and the map's head.
 */
static char *rp_id_of(struct pk_view request)
{
    struct pk_reader reader = pk_reader_new(request);
    struct pk_view id;

    (void)pk_reader_u16(&reader);
    (void)pk_cbor_map(&reader);
    assert_int_equal(pk_cbor_unsigned(&reader), 1);
    id = pk_cbor_text(&reader);
    assert_true(id.len > 0);
    return strndup((const char *)id.ptr, id.len);
}

static void check_request(const json_t *vector, struct pk_view wanted,
                          struct pk_assertion_request *asked)
{
    PK_AUTO_BYTES struct pk_bytes hash = hex_of(vector, "client_data_hash");
    PK_AUTO_BYTES struct pk_bytes command = {0};
    PK_AUTO_BYTES struct pk_bytes message = {0};

    pk_sha256(pk_view_string(text_of(vector, "client_data_json")), asked->client_data_hash);
    assert_memory_equal(asked->client_data_hash, hash.data, PK_HASH_SIZE);
    assert_status(pk_hybrid_get_assertion(asked, &command), PK_OK);
    assert_status(pk_hybrid_message_make(PK_HYBRID_CTAP, pk_view_of(&command), &message), PK_OK);
    assert_views_equal(pk_view_of(&message), wanted);
}

static void check_session(const json_t *vector)
{
    PK_AUTO_BYTES struct pk_bytes secret = hex_of(vector, "qr_secret");
    PK_AUTO_BYTES struct pk_bytes wanted = hex_of(vector, "request");
    PK_AUTO_BYTES struct pk_bytes response = hex_of(vector, "response");
    PK_AUTO_FREE char *rp_id = rp_id_of(pk_view_of(&wanted));
    struct pk_assertion_request asked = {.rp_id = rp_id};
    struct pk_assertion_answer made = {0};
    enum pk_hybrid_type type;
    struct pk_view answer;
    struct pk_auth_data data;
    uint8_t hash[PK_HASH_SIZE];

    check_url(vector, pk_view_of(&secret));
    check_request(vector, pk_view_of(&wanted), &asked);
    assert_status(pk_hybrid_message_parse(pk_view_of(&response), &type, &answer), PK_OK);
    assert_int_equal(type, PK_HYBRID_CTAP);
    assert_status(pk_hybrid_assertion_made(&asked, answer, &made), PK_OK);
    assert_status(pk_auth_data_parse(pk_view_of(&made.authenticator_data), &data), PK_OK);
    pk_sha256(pk_view_string(rp_id), hash);
    assert_memory_equal(data.rp_id_hash.ptr, hash, sizeof(hash));
    assert_int_equal(data.flags, 0x1d);
    assert_true(made.credential_id.len > 0 && made.signature.len > 0 && made.user_handle.len > 0);
    pk_assertion_answer_clear(&made);
}

static void sessions(void **state)
{
    (void)state;
    each("session", check_session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits),   cmocka_unit_test(qr_codes),  cmocka_unit_test(keys),
        cmocka_unit_test(domains),  cmocka_unit_test(adverts),   cmocka_unit_test(handshakes),
        cmocka_unit_test(messages), cmocka_unit_test(greetings), cmocka_unit_test(linking),
        cmocka_unit_test(sessions),
    };
    const char *named = getenv("PASSKEY_HYBRID_VECTORS");
    PK_AUTO_FREE char *path =
        named && named[0] != '\0'
            ? strdup(named)
            : pk_text_format("%s/tests/vectors/hybrid/vectors.json", getenv("srcdir"));
    json_error_t error;
    int failed;

    vectors = path ? json_load_file(path, JSON_REJECT_DUPLICATES, &error) : NULL;
    if (!vectors) {
        (void)fprintf(stderr, "%s: %s\n", path, error.text);
        return 1;
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(vectors);
    return failed;
}
