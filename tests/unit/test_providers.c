/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/webauthn/providers.h"

#include <string.h>

/* Two rows that are published as text as well, and one of several AAGUIDs that share a name. */
static void test_known(void **state)
{
    static const uint8_t proton[] = "ProtonPassProton", samsung[PK_AAGUID_SIZE] = "SAMSUNG";
    static const uint8_t hello[] = {0x9d, 0xdd, 0x18, 0x17, 0xaf, 0x5a, 0x46, 0x72,
                                    0xa2, 0xb9, 0x3e, 0x3d, 0xd9, 0x50, 0x00, 0xa9};

    (void)state;
    assert_string_equal(pk_provider_name(proton), "Proton Pass");
    assert_string_equal(pk_provider_name(samsung), "Samsung Pass");
    assert_string_equal(pk_provider_name(hello), "Windows Hello");
}

/* All zero is what software says that does not want to be known. */
static void test_unknown(void **state)
{
    static const uint8_t nobody[PK_AAGUID_SIZE], other[] = "PrtonPassProton!";

    (void)state;
    assert_null(pk_provider_name(nobody));
    assert_null(pk_provider_name(other));
}

/* Each of the sixteen bytes counts. */
static void test_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_AAGUID_SIZE; i++) {
        uint8_t aaguid[] = "ProtonPassProton";

        aaguid[i] ^= 1;
        assert_null(pk_provider_name(aaguid));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
