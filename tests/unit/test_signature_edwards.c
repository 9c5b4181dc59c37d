/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/signature_edwards.h"

#include "tests/unit/webauthn_samples.h"
#include "tests/unit/webauthn_support.h"

static bool valid(const char *hex)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex(hex);

    return pk_edwards_point_valid(pk_view_of(&bytes));
}

/* Public keys of RFC 8032 sections 7.1 and 7.4. */
static void keys(void **state)
{
    (void)state;
    assert_true(valid("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"));
    assert_true(valid("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
    assert_true(valid("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"));
    assert_true(valid("5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46"
                      "c7061bd6783df1e50f6cd1fa1abeafe8256180"));
    assert_true(
        valid("43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802"
              "b8438ea4cb82169c235160627b4c3a9480"));
}

/* Everything of order 1, 2, 4 and 8, in canonical form. */
static void small_order(void **state)
{
    (void)state;
    assert_false(valid("0100000000000000000000000000000000000000000000000000000000000000"));
    assert_false(valid("0000000000000000000000000000000000000000000000000000000000000000"));
    assert_false(valid("0000000000000000000000000000000000000000000000000000000000000080"));
    assert_false(valid("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));
    assert_false(valid("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"));
    assert_false(valid("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"));
    assert_false(valid("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"));
    assert_false(valid("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"));
    /* Ed448: the neutral point, of order 2, of order 4 */
    assert_false(
        valid("0100000000000000000000000000000000000000000000000000000000000000000000000000"
              "00000000000000000000000000000000000000"));
    assert_false(
        valid("fefffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffffffffffffff"
              "ffffffffffffffffffffffffffffffffffff00"));
    assert_false(
        valid("0000000000000000000000000000000000000000000000000000000000000000000000000000"
              "00000000000000000000000000000000000000"));
}

static void not_canonical(void **state)
{
    (void)state;
    /* y = p, p + 1 and the largest number that fits */
    assert_false(valid("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));
    assert_false(valid("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));
    assert_false(valid("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"));
    /* x = 0 with a sign */
    assert_false(valid("0100000000000000000000000000000000000000000000000000000000000080"));
    /* Ed448 keeps seven bits of the last byte empty. */
    assert_false(
        valid("5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46"
              "c7061bd6783df1e50f6cd1fa1abeafe8256181"));
}

/* Half of all numbers are not the y of a point: both outcomes must occur. */
static void not_on_the_curve(void **state)
{
    uint8_t encoded[57] = {0};
    int points = 0;

    (void)state;
    for (uint8_t y = 2; y < 100; y++) {
        encoded[0] = y;
        points += pk_edwards_point_valid((struct pk_view){encoded, 32});
        points += pk_edwards_point_valid((struct pk_view){encoded, 57});
    }
    assert_in_range(points, 60, 136);
    /* y = 2 of edwards25519 (libsodium refuses it too) */
    encoded[0] = 2;
    assert_false(pk_edwards_point_valid((struct pk_view){encoded, 32}));
    assert_false(pk_edwards_point_valid((struct pk_view){encoded, 31}));
    assert_false(pk_edwards_point_valid((struct pk_view){encoded, 33}));
    assert_false(pk_edwards_point_valid((struct pk_view){encoded, 56}));
    assert_false(pk_edwards_point_valid((struct pk_view){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),
        cmocka_unit_test(small_order),
        cmocka_unit_test(not_canonical),
        cmocka_unit_test(not_on_the_curve),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
