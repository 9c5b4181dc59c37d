/* SPDX-License-Identifier: BSD-2-Clause */
/* The expected bytes are written out by hand from RFC 8949 and WebAuthn 6.5.4. */
#include "authenticator/attestation_object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define VIEW(text) ((struct pk_view){(const uint8_t *)(text), sizeof(text) - 1})

/* 32 bytes of hash, flags AT|UP, counter 0, AAGUID of that first byte. */
#define AUTH_DATA(aaguid)                                                                          \
    "0123456789abcdef0123456789abcdef\x41\0\0\0\0" aaguid "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0rest"
#define SELF                                                                                       \
    "\xa2\x63"                                                                                     \
    "alg\x26\x63"                                                                                  \
    "sig\x42ss"
#define WITH_CHAIN                                                                                 \
    "\xa3\x63"                                                                                     \
    "alg\x26\x63"                                                                                  \
    "sig\x42ss\x63"                                                                                \
    "x5c\x81\x41"                                                                                  \
    "c"
#define TAIL                                                                                       \
    "\x68"                                                                                         \
    "authData\x58\x39"
#define PACKED_HEAD                                                                                \
    "\xa3\x63"                                                                                     \
    "fmt\x66"                                                                                      \
    "packed\x67"                                                                                   \
    "attStmt"
#define NONE_HEAD                                                                                  \
    "\xa3\x63"                                                                                     \
    "fmt\x64"                                                                                      \
    "none\x67"                                                                                     \
    "attStmt\xa0"
#define U2F_HEAD                                                                                   \
    "\xa3\x63"                                                                                     \
    "fmt\x68"                                                                                      \
    "fido-u2f\x67"                                                                                 \
    "attStmt"

static void expect(const struct attestation_parts *parts, struct pk_view wanted)
{
    PK_AUTO_BYTES struct pk_bytes object = {0};

    assert_int_equal(attestation_object_build(parts, &object), PK_OK);
    assert_int_equal(object.len, wanted.len);
    assert_memory_equal(object.data, wanted.ptr, wanted.len);
}

static void expect_refused(const struct attestation_parts *parts)
{
    struct pk_bytes object = {0};

    assert_int_equal(attestation_object_build(parts, &object), PK_DEVICE_ERROR);
    assert_null(object.data);
}

static void test_packed(void **state)
{
    struct attestation_parts parts = {
        .format = "packed", .statement = VIEW(WITH_CHAIN), .auth_data = VIEW(AUTH_DATA("\7"))};

    (void)state;
    expect(&parts, VIEW(PACKED_HEAD WITH_CHAIN TAIL AUTH_DATA("\7")));
    parts.statement = VIEW(SELF);
    expect(&parts, VIEW(PACKED_HEAD SELF TAIL AUTH_DATA("\7")));
}

static void test_none(void **state)
{
    const struct attestation_parts parts = {
        .format = "none", .statement = VIEW("\xa0"), .auth_data = VIEW(AUTH_DATA("\0"))};

    (void)state;
    expect(&parts, VIEW(NONE_HEAD TAIL AUTH_DATA("\0")));
}

static void test_u2f(void **state)
{
    struct attestation_parts parts = {.format = "fido-u2f",
                                      .statement = VIEW("\xa1\x63"
                                                        "alg\x26"),
                                      .certificate = VIEW("cert"),
                                      .signature = VIEW("ss"),
                                      .auth_data = VIEW(AUTH_DATA("\0"))};

    (void)state;
    expect(&parts, VIEW(U2F_HEAD "\xa2\x63"
                                 "sig\x42ss\x63"
                                 "x5c\x81\x44"
                                 "cert" TAIL AUTH_DATA("\0")));
    parts.signature.len = 0;
    expect_refused(&parts);
    parts.signature = VIEW("ss");
    parts.certificate.len = 0;
    expect_refused(&parts);
}

static void test_dropped(void **state)
{
    struct attestation_parts parts = {.format = "packed",
                                      .statement = VIEW(WITH_CHAIN),
                                      .auth_data = VIEW(AUTH_DATA("\7")),
                                      .drop_statement = true};

    (void)state;
    expect(&parts, VIEW(NONE_HEAD TAIL AUTH_DATA("\7")));
    parts.statement = VIEW(SELF);
    expect(&parts, VIEW(NONE_HEAD TAIL AUTH_DATA("\7")));
    parts.auth_data = VIEW(AUTH_DATA("\0"));
    expect(&parts, VIEW(PACKED_HEAD SELF TAIL AUTH_DATA("\0")));
    parts.statement = VIEW(WITH_CHAIN);
    expect(&parts, VIEW(NONE_HEAD TAIL AUTH_DATA("\0")));
    parts.format = "fido-u2f";
    parts.certificate = VIEW("cert");
    parts.signature = VIEW("ss");
    expect(&parts, VIEW(NONE_HEAD TAIL AUTH_DATA("\0")));
}

static void test_malformed(void **state)
{
    static const struct pk_view statements[] = {
        {NULL, 0},
        VIEW("\x01"),
        VIEW("\x80"),
        VIEW("\xa0\x00"),
        VIEW("\xa1"),
        VIEW("\xff"),
        VIEW("\xa1\x63"
             "al"),
    };
    struct attestation_parts parts = {.format = "packed", .auth_data = VIEW(AUTH_DATA("\7"))};

    (void)state;
    for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
        parts.statement = statements[i];
        expect_refused(&parts);
    }
    parts.statement = VIEW(SELF);
    parts.auth_data.len = 0;
    expect_refused(&parts);
    parts.auth_data = VIEW(AUTH_DATA("\7"));
    parts.format = NULL;
    expect_refused(&parts);
}

static void test_unwrap(void **state)
{
    static const struct pk_view malformed[] = {
        {NULL, 0},
        VIEW("\x40"),
        VIEW("\x43"
             "ab"),
        VIEW("\x42"
             "abc"),
        VIEW("\x62"
             "ab"),
        VIEW("\x5f\x41"
             "a\xff"),
        VIEW("\xa0"),
    };
    PK_AUTO_BYTES struct pk_bytes content = {0};

    (void)state;
    assert_int_equal(byte_string_unwrap(VIEW("\x42"
                                             "ab"),
                                        2, &content),
                     PK_OK);
    assert_int_equal(content.len, 2);
    assert_memory_equal(content.data, "ab", 2);
    pk_bytes_clear(&content);
    assert_int_equal(byte_string_unwrap(VIEW("\x42"
                                             "ab"),
                                        1, &content),
                     PK_DEVICE_ERROR);
    for (size_t i = 0; i < sizeof(malformed) / sizeof(*malformed); i++)
        assert_int_equal(byte_string_unwrap(malformed[i], 100, &content), PK_DEVICE_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed),    cmocka_unit_test(test_none),
        cmocka_unit_test(test_u2f),       cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_malformed), cmocka_unit_test(test_unwrap),
    };

    return cmocka_run_group_tests_name("attestation_object", tests, NULL, NULL);
}
