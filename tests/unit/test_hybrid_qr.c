/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of QR codes, against the vectors under tests/vectors/hybrid (made by make.py). */
#include "common/hybrid/qr.h"

#include "common/hybrid/derive.h"
#include "tests/unit/hybrid_support.h"

static const uint8_t key[PK_HYBRID_COMPRESSED_SIZE] = {3};
static const uint8_t secret[PK_HYBRID_SECRET_SIZE] = {1};

static struct pk_hybrid_qr sample(void)
{
    return (struct pk_hybrid_qr){
        .public_key = {key, sizeof(key)},
        .secret = {secret, sizeof(secret)},
        .domains = PK_HYBRID_DOMAINS,
        .time = 1780000000,
        .has_state_assisted = true,
        .hint = pk_view_string(PK_HYBRID_HINT_GET),
    };
}

/* ---- CBOR ---- */

static enum pk_status parse(struct pk_view cbor)
{
    struct pk_hybrid_qr qr;

    return pk_hybrid_qr_parse(cbor, &qr);
}

static void check_code(const char *name, struct pk_bytes *content)
{
    struct pk_hybrid_qr qr;

    if (pk_hybrid_qr_parse(pk_view_of(content), &qr) != PK_OK)
        fail_msg("%s was refused", name);
    for (size_t len = 0; len < content->len; len++) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};

        assert_status(pk_bytes_copy((struct pk_view){content->data, len}, &cut), PK_OK);
        if (parse(pk_view_of(&cut)) == PK_OK)
            fail_msg("%s cut to %zu bytes was taken", name, len);
    }
    if (content->len < PK_HYBRID_QR_MAX)
        assert_status(parse((struct pk_view){content->data, content->len + 1}),
                      PK_CBOR_TRAILING_DATA);
}

static void check_bad_code(const char *name, struct pk_bytes *content)
{
    struct pk_hybrid_qr qr = {.time = 7};

    if (!strstr(name, "--qr-"))
        return;
    check_vector_status(name, pk_hybrid_qr_parse(pk_view_of(content), &qr));
    assert_int_equal(qr.time, 7);
}

static void codes(void **state)
{
    PK_AUTO_BYTES struct pk_bytes least = read_vector("hybrid/valid", "qr-least.bin");
    struct pk_hybrid_qr qr;

    (void)state;
    each_vector("hybrid/valid", "qr-", check_code);
    each_vector("hybrid/invalid", "", check_bad_code);
    assert_status(pk_hybrid_qr_parse(pk_view_of(&least), &qr), PK_OK);
    assert_false(qr.has_state_assisted);
    assert_views_equal(qr.hint, pk_view_string("ga"));
}

static void ours_is_small(void **state)
{
    PK_AUTO_SECRET struct pk_secret cbor = {0};
    PK_AUTO_SECRET struct pk_secret text = {0};
    const struct pk_hybrid_qr qr = sample();

    (void)state;
    assert_status(pk_hybrid_qr_cbor(&qr, &cbor), PK_OK);
    assert_int_equal(cbor.len, 69);
    assert_status(pk_hybrid_qr_text(&qr, &text), PK_OK);
    assert_int_equal(text.len, 174);
    assert_memory_equal(text.data, "FIDO:/", 6);
    assert_int_equal(strspn((char *)text.data + 6, "0123456789"), text.len - 6);
}

static void what_is_no_code_is_not_written(void **state)
{
    static const uint8_t uncompressed[PK_P256_POINT_SIZE] = {4};
    struct pk_secret made = {0};
    struct pk_hybrid_qr qr = sample();

    (void)state;
    qr.public_key = (struct pk_view){uncompressed, sizeof(uncompressed)};
    assert_status(pk_hybrid_qr_text(&qr, &made), PK_INVALID_ARGUMENT);
    qr.public_key.len = PK_HYBRID_COMPRESSED_SIZE;
    assert_status(pk_hybrid_qr_cbor(&qr, &made), PK_INVALID_ARGUMENT);
    qr = sample();
    qr.secret.len--;
    assert_status(pk_hybrid_qr_cbor(&qr, &made), PK_INVALID_ARGUMENT);
    assert_null(made.data);
}

/* ---- digits ---- */

static void check_digits(const char *name, struct pk_bytes *content)
{
    PK_AUTO_SECRET struct pk_secret bytes = {0};
    PK_AUTO_SECRET struct pk_secret again = {0};

    if (pk_hybrid_digits_decode(pk_view_of(content), &bytes) != PK_OK)
        fail_msg("%s was refused", name);
    assert_status(pk_hybrid_digits_encode(pk_secret_view(&bytes), &again), PK_OK);
    assert_views_equal(pk_secret_view(&again), pk_view_of(content));
}

static void check_bad_digits(const char *name, struct pk_bytes *content)
{
    struct pk_secret bytes = {0};

    if (!strstr(name, "--digits-"))
        return;
    check_vector_status(name, pk_hybrid_digits_decode(pk_view_of(content), &bytes));
    assert_null(bytes.data);
}

static void digits(void **state)
{
    static const uint8_t many[PK_HYBRID_QR_MAX + 1];
    struct pk_secret made = {0};

    (void)state;
    each_vector("hybrid/valid", "digits-", check_digits);
    each_vector("hybrid/invalid", "", check_bad_digits);
    assert_status(pk_hybrid_digits_encode((struct pk_view){many, sizeof(many)}, &made),
                  PK_TOO_LARGE);
}

static void schemes(void **state)
{
    static const char *const bad[] = {"",           "FIDO:",     "FIDO/000", "fido:000",
                                      "XFIDO:/000", "FIDO:// 0", "FIDX:/255"};
    PK_AUTO_SECRET struct pk_secret large = {0};
    PK_AUTO_SECRET struct pk_secret small = {0};
    struct pk_secret none = {0};

    (void)state;
    assert_status(pk_hybrid_qr_text_decode(pk_view_string("FIDO:/255"), &large), PK_OK);
    assert_status(pk_hybrid_qr_text_decode(pk_view_string("fIdo:/255"), &small), PK_OK);
    assert_views_equal(pk_secret_view(&large), pk_view_string("\xff"));
    assert_views_equal(pk_secret_view(&small), pk_secret_view(&large));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_status(pk_hybrid_qr_text_decode(pk_view_string(bad[i]), &none), PK_INVALID_INPUT);
    assert_null(none.data);
}

/* ---- derivation ---- */

/* RFC 5869, appendix A: test cases 1 to 3. */
static void hkdf(void **state)
{
    static const struct {
        const char *ikm, *salt, *info, *okm;
    } cases[] = {
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
         "f0f1f2f3f4f5f6f7f8f9",
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    };
    static const uint8_t large[65];
    uint8_t out[64];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_BYTES struct pk_bytes ikm = unhex(cases[i].ikm);
        PK_AUTO_BYTES struct pk_bytes salt = unhex(cases[i].salt);
        PK_AUTO_BYTES struct pk_bytes info = unhex(cases[i].info);
        PK_AUTO_BYTES struct pk_bytes okm = unhex(cases[i].okm);
        const struct pk_hkdf from = {pk_view_of(&ikm), pk_view_of(&salt), pk_view_of(&info)};

        assert_status(pk_hkdf_sha256(&from, out, okm.len), PK_OK);
        assert_memory_equal(out, okm.data, okm.len);
    }
    assert_status(pk_hkdf_sha256(&(struct pk_hkdf){.info = {large, sizeof(large)}}, out, 1),
                  PK_TOO_LARGE);
    assert_status(pk_hkdf_sha256(&(struct pk_hkdf){.info = {large, 1}}, out, PK_HKDF_MAX + 1),
                  PK_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes),
        cmocka_unit_test(ours_is_small),
        cmocka_unit_test(what_is_no_code_is_not_written),
        cmocka_unit_test(digits),
        cmocka_unit_test(schemes),
        cmocka_unit_test(hkdf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
