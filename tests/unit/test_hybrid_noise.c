/* SPDX-License-Identifier: BSD-2-Clause */
/* The handshake and the messages behind it, the client's side against a phone's. */
#include "common/hybrid/channel.h"

#include "common/base/limits.h"
#include "common/hybrid/phone.h"
#include "common/webauthn/crypto_seal.h"
#include "tests/unit/hybrid_support.h"

/* The second handshake of vectors.json, which those of make.py are made of. */
#define PSK       "22a4622a822ef829e4f97d93d193fb10ae0967c7f420ebfe7e3d5fe07482cf09"
#define STATIC    "14f5c1358ec78582d755a55f6cc3068aa1237a0087f147d01483c8d25924b67f"
#define EPHEMERAL "7f6317d6df1ad3be4016e7004b7ca23d8b3431e849155c3165353df0ce78e743"
#define OTHER     "b5ed66b39ecbe5a3a1c58aa4a4bd98e2af352ec90df84ecf24dad5fb38805e90"
#define ORDER     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

static struct pk_bytes psk;
static struct pk_p256 own, ephemeral, other;

static struct pk_p256 load(const char *hex)
{
    PK_AUTO_BYTES struct pk_bytes scalar = unhex(hex);
    struct pk_p256 key = {0};

    assert_status(pk_p256_load(pk_view_of(&scalar), &key), PK_OK);
    return key;
}

static struct pk_noise_setup client_setup(void)
{
    return (struct pk_noise_setup){PK_NOISE_KN_PSK0, pk_view_of(&psk), &ephemeral, &own, {0}};
}

static struct pk_noise_setup phone_setup(void)
{
    return (struct pk_noise_setup){PK_NOISE_KN_PSK0, pk_view_of(&psk), &other, NULL,
                                   view_of_point(&own)};
}

/* ---- keys ---- */

static void scalars(void **state)
{
    static const struct {
        const char *hex;
        enum pk_status status;
    } bad[] = {
        {ORDER, PK_KEY_MALFORMED},
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", PK_KEY_MALFORMED},
        {"0000000000000000000000000000000000000000000000000000000000000000", PK_KEY_MALFORMED},
        {"01", PK_KEY_LENGTH_INVALID},
        {"", PK_KEY_LENGTH_INVALID},
        {"0000000000000000000000000000000000000000000000000000000000000000ff",
         PK_KEY_LENGTH_INVALID},
    };
    PK_AUTO_P256 struct pk_p256 one =
        load("0000000000000000000000000000000000000000000000000000000000000001");
    PK_AUTO_P256 struct pk_p256 last =
        load("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550");
    struct pk_p256 none = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        PK_AUTO_BYTES struct pk_bytes scalar = unhex(bad[i].hex);

        assert_status(pk_p256_load(pk_view_of(&scalar), &none), bad[i].status);
        assert_null(none.scalar.data);
    }
    /* They are each other's negative: x is the same. */
    assert_memory_equal(one.point, last.point, 33);
    assert_memory_not_equal(one.point, last.point, sizeof(one.point));
}

static void points(void **state)
{
    static const uint8_t off_curve[33] = {2, [32] = 1};
    uint8_t compressed[33];
    uint8_t point[PK_P256_POINT_SIZE] = {0};
    struct pk_secret shared = {0};

    (void)state;
    pk_p256_compress(own.point, compressed);
    assert_status(pk_p256_decompress((struct pk_view){compressed, 33}, point), PK_OK);
    assert_memory_equal(point, own.point, sizeof(point));
    assert_status(pk_p256_decompress((struct pk_view){compressed, 32}, point),
                  PK_KEY_LENGTH_INVALID);
    assert_status(pk_p256_decompress(view_of_point(&own), point), PK_KEY_LENGTH_INVALID);
    compressed[0] = 5;
    assert_status(pk_p256_decompress((struct pk_view){compressed, 33}, point),
                  PK_KEY_POINT_INVALID);
    assert_status(pk_p256_decompress((struct pk_view){off_curve, 33}, point), PK_KEY_POINT_INVALID);
    assert_status(pk_p256_shared(&own, (struct pk_view){own.point, 64}, &shared),
                  PK_KEY_LENGTH_INVALID);
    assert_null(shared.data);
}

/* ---- the handshake ---- */

static enum pk_status finish(struct pk_view message, struct pk_noise_result *ret)
{
    const struct pk_noise_setup setup = client_setup();
    PK_AUTO_NOISE struct pk_noise noise = {0};
    uint8_t first[PK_NOISE_MESSAGE_SIZE];

    assert_status(pk_noise_begin(&setup, first, &noise), PK_OK);
    return pk_noise_finish(&noise, &setup, message, ret);
}

static void check_answer(const char *name, struct pk_bytes *content)
{
    PK_AUTO_NOISE_RESULT struct pk_noise_result result = {0};
    struct pk_noise_result none = {0};

    if (finish(pk_view_of(content), &result) != PK_OK)
        fail_msg("%s was refused", name);
    for (size_t len = 0; len < content->len; len++) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};

        assert_status(pk_bytes_copy((struct pk_view){content->data, len}, &cut), PK_OK);
        assert_status(finish(pk_view_of(&cut), &none), PK_TRUNCATED);
    }
    assert_status(finish((struct pk_view){content->data, content->len + 1}, &none),
                  PK_TRAILING_DATA);
}

static void check_bad_answer(const char *name, struct pk_bytes *content)
{
    struct pk_noise_result result = {0};

    if (!strstr(name, "--noise-"))
        return;
    check_vector_status(name, finish(pk_view_of(content), &result));
    assert_null(result.client_key.data);
    assert_null(result.phone_key.data);
}

static void answers(void **state)
{
    (void)state;
    each_vector("hybrid/valid", "noise-", check_answer);
    each_vector("hybrid/invalid", "", check_bad_answer);
}

/* A phone that heard another advert, or has another code, gets no further than the first tag. */
static void phone_of_another_session(void **state)
{
    const struct pk_noise_setup client = client_setup();
    struct pk_noise_setup phone = phone_setup();
    PK_AUTO_BYTES struct pk_bytes wrong = unhex(PSK);
    PK_AUTO_NOISE struct pk_noise noise = {0};
    struct pk_noise_result none = {0};
    uint8_t first[PK_NOISE_MESSAGE_SIZE];
    uint8_t second[PK_NOISE_MESSAGE_SIZE];
    const struct pk_view message = {first, sizeof(first)};

    (void)state;
    assert_status(pk_noise_begin(&client, first, &noise), PK_OK);
    wrong.data[0] ^= 1;
    phone.psk = pk_view_of(&wrong);
    assert_status(pk_noise_answer(&phone, message, second, &none), PK_SIGNATURE_INVALID);
    phone = phone_setup();
    phone.peer_static = view_of_point(&other);
    assert_status(pk_noise_answer(&phone, message, second, &none), PK_SIGNATURE_INVALID);
    phone = phone_setup();
    phone.pattern = PK_NOISE_NK_PSK0;
    phone.own_static = &own;
    assert_status(pk_noise_answer(&phone, message, second, &none), PK_SIGNATURE_INVALID);
    first[80] ^= 1;
    phone = phone_setup();
    assert_status(pk_noise_answer(&phone, message, second, &none), PK_SIGNATURE_INVALID);
    assert_null(none.client_key.data);
}

/* Who has seen the code, but not its private key, is no client of the phone. */
static void client_without_the_private_key(void **state)
{
    struct pk_noise_setup client = client_setup();
    const struct pk_noise_setup phone = phone_setup();
    PK_AUTO_NOISE struct pk_noise noise = {0};
    PK_AUTO_NOISE_RESULT struct pk_noise_result phone_result = {0};
    PK_AUTO_P256 struct pk_p256 forged = load(OTHER);
    struct pk_noise_result none = {0};
    uint8_t first[PK_NOISE_MESSAGE_SIZE];
    uint8_t second[PK_NOISE_MESSAGE_SIZE];

    (void)state;
    memcpy(forged.point, own.point, sizeof(own.point));
    client.own_static = &forged;
    assert_status(pk_noise_begin(&client, first, &noise), PK_OK);
    assert_status(
        pk_noise_answer(&phone, (struct pk_view){first, sizeof(first)}, second, &phone_result),
        PK_OK);
    assert_int_not_equal(
        pk_noise_finish(&noise, &client, (struct pk_view){second, sizeof(second)}, &none), PK_OK);
    assert_null(none.client_key.data);
}

static void a_handshake_is_finished_once(void **state)
{
    PK_AUTO_BYTES struct pk_bytes message = read_vector("hybrid/valid", "noise-phone.bin");
    const struct pk_noise_setup setup = client_setup();
    PK_AUTO_NOISE struct pk_noise noise = {0};
    struct pk_noise_result none = {0};
    uint8_t first[PK_NOISE_MESSAGE_SIZE];

    (void)state;
    assert_status(pk_noise_begin(&setup, first, &noise), PK_OK);
    assert_status(pk_noise_finish(&noise, &setup, (struct pk_view){message.data, 80}, &none),
                  PK_TRUNCATED);
    assert_status(pk_noise_finish(&noise, &setup, pk_view_of(&message), &none),
                  PK_INVALID_ARGUMENT);
}

static void setups_that_lack_something(void **state)
{
    struct pk_noise_setup setup = client_setup();
    struct pk_noise noise = {0};
    struct pk_noise_result none = {0};
    uint8_t first[PK_NOISE_MESSAGE_SIZE];
    uint8_t second[PK_NOISE_MESSAGE_SIZE] = {0};

    (void)state;
    setup.own_static = NULL;
    assert_status(pk_noise_begin(&setup, first, &noise), PK_INVALID_ARGUMENT);
    setup = client_setup();
    setup.psk.len--;
    assert_status(pk_noise_begin(&setup, first, &noise), PK_INVALID_ARGUMENT);
    setup = client_setup();
    setup.ephemeral = NULL;
    assert_status(pk_noise_begin(&setup, first, &noise), PK_INVALID_ARGUMENT);
    setup = client_setup();
    setup.pattern = PK_NOISE_NK_PSK0;
    assert_status(pk_noise_begin(&setup, first, &noise), PK_INVALID_ARGUMENT);
    assert_status(pk_noise_answer(&setup, (struct pk_view){second, 80}, first, &none),
                  PK_TRUNCATED);
    assert_null(noise.keys.data);
}

/* ---- messages ---- */

struct pair {
    struct pk_hybrid_channel client, phone;
};

static struct pair make_pair(void)
{
    const struct pk_noise_setup client = client_setup();
    const struct pk_noise_setup phone = phone_setup();
    PK_AUTO_NOISE struct pk_noise noise = {0};
    PK_AUTO_NOISE_RESULT struct pk_noise_result one = {0};
    PK_AUTO_NOISE_RESULT struct pk_noise_result two = {0};
    uint8_t first[PK_NOISE_MESSAGE_SIZE];
    uint8_t second[PK_NOISE_MESSAGE_SIZE];

    assert_status(pk_noise_begin(&client, first, &noise), PK_OK);
    assert_status(pk_noise_answer(&phone, (struct pk_view){first, sizeof(first)}, second, &two),
                  PK_OK);
    assert_status(pk_noise_finish(&noise, &client, (struct pk_view){second, sizeof(second)}, &one),
                  PK_OK);
    assert_memory_equal(one.handshake_hash, two.handshake_hash, PK_HASH_SIZE);
    return (struct pair){pk_hybrid_channel_of_client(&one), pk_hybrid_channel_of_phone(&two)};
}

static void clear_pair(struct pair *pair)
{
    pk_hybrid_channel_clear(&pair->client);
    pk_hybrid_channel_clear(&pair->phone);
}
#define AUTO_PAIR __attribute__((cleanup(clear_pair)))

/* A message of len bytes from one to the other. */
static void pass(struct pk_hybrid_channel *from, struct pk_hybrid_channel *to, size_t len)
{
    PK_AUTO_BYTES struct pk_bytes plain = {malloc(len + 1), len};
    PK_AUTO_BYTES struct pk_bytes sealed = {0};
    PK_AUTO_BYTES struct pk_bytes opened = {0};

    memset(plain.data, 0xa5, len);
    assert_status(pk_hybrid_channel_write(from, pk_view_of(&plain), &sealed), PK_OK);
    assert_int_equal((sealed.len - PK_SEAL_TAG_SIZE) % 32, 0);
    assert_true(sealed.len > len + PK_SEAL_TAG_SIZE && sealed.len <= len + PK_SEAL_TAG_SIZE + 32);
    assert_status(pk_hybrid_channel_read(to, pk_view_of(&sealed), &opened), PK_OK);
    assert_views_equal(pk_view_of(&opened), pk_view_of(&plain));
}

static void messages(void **state)
{
    AUTO_PAIR struct pair pair = make_pair();
    static const uint8_t large[PK_HYBRID_PAYLOAD_MAX + 1];
    struct pk_bytes none = {0};

    (void)state;
    for (size_t len = 0; len < 100; len++) {
        pass(&pair.client, &pair.phone, len);
        pass(&pair.phone, &pair.client, len);
    }
    pass(&pair.phone, &pair.client, PK_HYBRID_PAYLOAD_MAX);
    assert_status(
        pk_hybrid_channel_write(&pair.client, (struct pk_view){large, sizeof(large)}, &none),
        PK_TOO_LARGE);
    assert_int_equal(pair.client.written, 100);
    assert_null(none.data);
}

static struct pk_bytes sealed_text(struct pk_hybrid_channel *channel, const char *text)
{
    struct pk_bytes sealed = {0};

    assert_status(pk_hybrid_channel_write(channel, pk_view_string(text), &sealed), PK_OK);
    return sealed;
}

/* Refused, and so is what comes after it. */
static void check_end(struct pk_hybrid_channel *channel, struct pk_view message,
                      enum pk_status status, struct pk_view next)
{
    struct pk_bytes none = {0};

    assert_status(pk_hybrid_channel_read(channel, message, &none), status);
    assert_status(pk_hybrid_channel_read(channel, next, &none), PK_CANCELLED);
    assert_null(none.data);
}

static void order_of_messages(void **state)
{
    (void)state;
    for (int fault = 0; fault < 4; fault++) {
        AUTO_PAIR struct pair pair = make_pair();
        PK_AUTO_BYTES struct pk_bytes one = sealed_text(&pair.phone, "one");
        PK_AUTO_BYTES struct pk_bytes two = sealed_text(&pair.phone, "two");
        PK_AUTO_BYTES struct pk_bytes back = sealed_text(&pair.client, "back");
        PK_AUTO_BYTES struct pk_bytes plain = {0};

        if (fault == 0) { /* one is left out */
            check_end(&pair.client, pk_view_of(&two), PK_SIGNATURE_INVALID, pk_view_of(&one));
        } else if (fault == 1) { /* one comes twice */
            assert_status(pk_hybrid_channel_read(&pair.client, pk_view_of(&one), &plain), PK_OK);
            check_end(&pair.client, pk_view_of(&one), PK_SIGNATURE_INVALID, pk_view_of(&two));
        } else if (fault == 2) { /* one's own comes back */
            check_end(&pair.client, pk_view_of(&back), PK_SIGNATURE_INVALID, pk_view_of(&one));
        } else { /* another bit */
            one.data[0] ^= 1;
            check_end(&pair.client, pk_view_of(&one), PK_SIGNATURE_INVALID, pk_view_of(&two));
        }
    }
}

static void sizes_of_messages(void **state)
{
    static const uint8_t large[PK_HYBRID_MESSAGE_MAX + 1];

    (void)state;
    for (size_t len = 0; len < 64; len++) {
        AUTO_PAIR struct pair pair = make_pair();
        PK_AUTO_BYTES struct pk_bytes one = sealed_text(&pair.phone, "one");

        if (len < one.len)
            check_end(&pair.client, (struct pk_view){one.data, len},
                      len <= PK_SEAL_TAG_SIZE ? PK_TRUNCATED : PK_SIGNATURE_INVALID,
                      pk_view_of(&one));
        else
            check_end(&pair.client, (struct pk_view){large, sizeof(large)}, PK_TOO_LARGE,
                      pk_view_of(&one));
    }
}

/* Seals bytes as they are: a phone that pads in its own way. */
static struct pk_bytes sealed_bytes(const struct pk_hybrid_channel *phone, struct pk_view padded)
{
    uint8_t nonce[PK_SEAL_NONCE_SIZE] = {0};
    const struct pk_seal seal = {.key = phone->write_key.data, .nonce = nonce};
    struct pk_bytes sealed = {malloc(padded.len + PK_SEAL_TAG_SIZE), padded.len + PK_SEAL_TAG_SIZE};

    nonce[11] = (uint8_t)phone->written;
    assert_status(pk_seal_close(&seal, padded, sealed.data), PK_OK);
    return sealed;
}

static void padding(void **state)
{
    static const struct {
        uint8_t last;
        size_t len;
        enum pk_status status;
        size_t left;
    } cases[] = {
        {0, 1, PK_OK, 0},     {1, 1, PK_PROTOCOL, 0},     {3, 5, PK_OK, 1},
        {31, 32, PK_OK, 0},   {32, 32, PK_PROTOCOL, 0},   {255, 300, PK_OK, 44},
        {255, 256, PK_OK, 0}, {255, 255, PK_PROTOCOL, 0}, {0, 33, PK_OK, 32},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_PAIR struct pair pair = make_pair();
        uint8_t padded[300] = {0};
        PK_AUTO_BYTES struct pk_bytes sealed = {0};
        PK_AUTO_BYTES struct pk_bytes plain = {0};

        padded[cases[i].len - 1] = cases[i].last;
        sealed = sealed_bytes(&pair.phone, (struct pk_view){padded, cases[i].len});
        assert_status(pk_hybrid_channel_read(&pair.client, pk_view_of(&sealed), &plain),
                      cases[i].status);
        assert_int_equal(plain.len, cases[i].left);
        assert_int_equal(pair.client.ended, cases[i].status != PK_OK);
    }
}

static void counters_end(void **state)
{
    AUTO_PAIR struct pair pair = make_pair();
    struct pk_bytes none = {0};
    PK_AUTO_BYTES struct pk_bytes last = {0};

    (void)state;
    pair.phone.written = pair.client.read = PK_HYBRID_COUNTER_MAX - 1;
    pass(&pair.phone, &pair.client, 5);
    assert_status(pk_hybrid_channel_write(&pair.phone, pk_view_string("x"), &none),
                  PK_LIMIT_EXCEEDED);
    assert_null(none.data);
    pair.phone.written--;
    last = sealed_text(&pair.phone, "x");
    check_end(&pair.client, pk_view_of(&last), PK_LIMIT_EXCEEDED, pk_view_of(&last));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars),
        cmocka_unit_test(points),
        cmocka_unit_test(answers),
        cmocka_unit_test(phone_of_another_session),
        cmocka_unit_test(client_without_the_private_key),
        cmocka_unit_test(a_handshake_is_finished_once),
        cmocka_unit_test(setups_that_lack_something),
        cmocka_unit_test(messages),
        cmocka_unit_test(order_of_messages),
        cmocka_unit_test(sizes_of_messages),
        cmocka_unit_test(padding),
        cmocka_unit_test(counters_end),
    };
    int failed;

    psk = unhex(PSK);
    own = load(STATIC);
    ephemeral = load(EPHEMERAL);
    other = load(OTHER);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    pk_bytes_clear(&psk);
    pk_p256_clear(&own);
    pk_p256_clear(&ephemeral);
    pk_p256_clear(&other);
    return failed;
}
