/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "daemon/config/certificates.h"

#include <stdlib.h>
#include <string.h>

static const char pem[] = "-----BEGIN CERTIFICATE-----\r\nMAMC\n AQE=\n-----END CERTIFICATE-----\n";
static const uint8_t der[] = {0x30, 0x03, 0x02, 0x01, 0x01};

static enum pk_status parse(const void *data, size_t len, size_t *ret_count)
{
    AUTO_CERTIFICATES struct certificates certificates = {0};
    enum pk_status status = certificates_parse((struct pk_view){data, len}, &certificates);

    for (size_t i = 0; i < certificates.count; i++) {
        assert_int_equal(certificates.items[i].len, sizeof(der));
        assert_memory_equal(certificates.items[i].data, der, sizeof(der));
    }
    *ret_count = certificates.count;
    return status;
}

static void both_forms_are_read(void **state)
{
    size_t count;

    (void)state;
    assert_int_equal(parse(pem, strlen(pem), &count), PK_OK);
    assert_int_equal(count, 1);
    assert_int_equal(parse(der, sizeof(der), &count), PK_OK);
    assert_int_equal(count, 1);
}

/* The last byte that matters is the marker's last dash. */
static void truncated_pem_is_refused(void **state)
{
    size_t count;

    (void)state;
    for (size_t len = 0; len < strlen(pem) - 1; len++)
        assert_int_equal(parse(pem, len, &count), PK_INVALID_INPUT);
}

static void truncated_der_is_refused(void **state)
{
    size_t count;

    (void)state;
    for (size_t len = 0; len < sizeof(der); len++)
        assert_int_equal(parse(der, len, &count), PK_INVALID_INPUT);
}

static void one_byte_more_is_refused(void **state)
{
    const uint8_t longer[] = {0x30, 0x03, 0x02, 0x01, 0x01, 0x00};
    static const char inside[] =
        "-----BEGIN CERTIFICATE-----\nMAMCAQEA\n-----END CERTIFICATE-----\n";
    size_t count;

    (void)state;
    assert_int_equal(parse(longer, sizeof(longer), &count), PK_INVALID_INPUT);
    assert_int_equal(parse(inside, strlen(inside), &count), PK_INVALID_INPUT);
}

static void long_forms_of_length_are_read(void **state)
{
    uint8_t one[3 + 200] = {0x30, 0x81, 200};
    uint8_t two[4 + 300] = {0x30, 0x82, 300 >> 8, 300 & 0xff};
    uint8_t three[5 + 300] = {0x30, 0x83, 0, 300 >> 8, 300 & 0xff};
    uint8_t indefinite[4] = {0x30, 0x80, 0, 0};
    const struct {
        const uint8_t *data;
        size_t len;
        enum pk_status expected;
    } cases[] = {
        {one, sizeof(one), PK_OK},
        {one, sizeof(one) - 1, PK_INVALID_INPUT},
        {two, sizeof(two), PK_OK},
        {two, sizeof(two) - 1, PK_INVALID_INPUT},
        {three, sizeof(three), PK_INVALID_INPUT},
        {indefinite, sizeof(indefinite), PK_INVALID_INPUT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO_CERTIFICATES struct certificates certificates = {0};

        assert_int_equal(
            certificates_parse((struct pk_view){cases[i].data, cases[i].len}, &certificates),
            cases[i].expected);
    }
}

static void sizes_and_counts_are_limited(void **state)
{
    AUTO_CERTIFICATES struct certificates certificates = {0};
    const size_t len = CERTIFICATE_MAX + 1;
    PK_AUTO_FREE uint8_t *large = calloc(1, len);

    (void)state;
    large[0] = 0x30;
    large[1] = 0x82;
    large[2] = (uint8_t)((len - 4) >> 8);
    large[3] = (uint8_t)(len - 4);
    assert_int_equal(certificates_parse((struct pk_view){large, len}, &certificates),
                     PK_INVALID_INPUT);
    for (size_t i = 0; i < CERTIFICATES_MAX; i++)
        assert_int_equal(certificates_parse((struct pk_view){der, sizeof(der)}, &certificates),
                         PK_OK);
    assert_int_equal(certificates_parse((struct pk_view){der, sizeof(der)}, &certificates),
                     PK_LIMIT_EXCEEDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_are_read),
        cmocka_unit_test(truncated_pem_is_refused),
        cmocka_unit_test(truncated_der_is_refused),
        cmocka_unit_test(one_byte_more_is_refused),
        cmocka_unit_test(long_forms_of_length_are_read),
        cmocka_unit_test(sizes_and_counts_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
