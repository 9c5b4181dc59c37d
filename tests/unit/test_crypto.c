/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/crypto.h"

#include "tests/unit/webauthn_support.h"

static void check_hash(enum pk_hash hash, const char *expected)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex(expected);
    struct pk_digest digest;

    assert_status(pk_hash_compute(hash, pk_view_string("abc"), &digest), PK_OK);
    assert_true(pk_view_equal(pk_digest_view(&digest), pk_view_of(&bytes)));
}

/* FIPS 180-4, the example values for "abc". */
static void hashes(void **state)
{
    struct pk_digest digest;

    (void)state;
    check_hash(PK_HASH_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d");
    check_hash(PK_HASH_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_hash(PK_HASH_SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
                               "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
    check_hash(PK_HASH_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                               "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    assert_status(pk_hash_compute(PK_HASH_NONE, pk_view_string("abc"), &digest), PK_UNSUPPORTED);
    assert_null(pk_hash_name(PK_HASH_NONE));
}

static void sha256_of_nothing(void **state)
{
    PK_AUTO_BYTES struct pk_bytes expected =
        unhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    uint8_t hash[PK_HASH_SIZE];

    (void)state;
    pk_sha256((struct pk_view){NULL, 0}, hash);
    assert_memory_equal(hash, expected.data, sizeof(hash));
}

/* RFC 4231 section 4.3 */
static void hmac(void **state)
{
    PK_AUTO_BYTES struct pk_bytes expected =
        unhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    PK_AUTO_BYTES struct pk_bytes empty =
        unhex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    uint8_t mac[PK_HASH_SIZE];

    (void)state;
    assert_status(
        pk_hmac_sha256(pk_view_string("Jefe"), pk_view_string("what do ya want for nothing?"), mac),
        PK_OK);
    assert_memory_equal(mac, expected.data, sizeof(mac));
    assert_status(pk_hmac_sha256((struct pk_view){NULL, 0}, (struct pk_view){NULL, 0}, mac), PK_OK);
    assert_memory_equal(mac, empty.data, sizeof(mac));
    assert_status(pk_hmac_sha256((struct pk_view){mac, (size_t)1 << 40}, pk_view_string("x"), mac),
                  PK_INVALID_ARGUMENT);
}

/* RFC 7914 section 12, the third value, as far as it goes here. */
static void scrypt(void **state)
{
    PK_AUTO_BYTES struct pk_bytes expected =
        unhex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
    uint8_t key[PK_HASH_SIZE];

    (void)state;
    assert_status(pk_scrypt(pk_view_string("pleaseletmein"), pk_view_string("SodiumChloride"), key),
                  PK_OK);
    assert_memory_equal(key, expected.data, sizeof(key));
    assert_status(pk_scrypt((struct pk_view){NULL, 0}, pk_view_string("salt"), key),
                  PK_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes),
        cmocka_unit_test(sha256_of_nothing),
        cmocka_unit_test(hmac),
        cmocka_unit_test(scrypt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
