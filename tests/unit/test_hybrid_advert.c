/* SPDX-License-Identifier: BSD-2-Clause */
/* Adverts against the vectors under tests/vectors/hybrid, and which tunnel services may be used. */
#include "common/hybrid/advert.h"

#include "common/hybrid/derive.h"
#include "tests/unit/hybrid_support.h"

static uint8_t eid_key[PK_HYBRID_EID_KEY_SIZE];

static enum pk_status open_advert(struct pk_view data, struct pk_hybrid_advert *ret)
{
    return pk_hybrid_advert_open((struct pk_view){eid_key, sizeof(eid_key)}, data,
                                 PK_HYBRID_TUNNELS_DEFAULT, ret);
}

static void check_advert(const char *name, struct pk_bytes *content)
{
    PK_AUTO_ADVERT struct pk_hybrid_advert advert = {0};

    if (open_advert(pk_view_of(content), &advert) != PK_OK)
        fail_msg("%s was refused", name);
    assert_memory_equal(advert.routing_id, advert.plaintext.data + 11, PK_HYBRID_ROUTING_SIZE);
    assert_views_equal(advert.suffix, (struct pk_view){content->data + 20, content->len - 20});
    /* What follows is not covered by the MAC: it may be cut off, and nothing else. */
    for (size_t len = 0; len < PK_HYBRID_ADVERT_SIZE; len++) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};
        struct pk_hybrid_advert none = {0};

        assert_status(pk_bytes_copy((struct pk_view){content->data, len}, &cut), PK_OK);
        assert_status(open_advert(pk_view_of(&cut), &none), PK_TRUNCATED);
    }
}

static void check_bad_advert(const char *name, struct pk_bytes *content)
{
    struct pk_hybrid_advert advert = {0};

    if (!strstr(name, "--advert-"))
        return;
    check_vector_status(name, open_advert(pk_view_of(content), &advert));
    assert_null(advert.plaintext.data);
}

static void adverts(void **state)
{
    (void)state;
    each_vector("hybrid/valid", "advert-", check_advert);
    each_vector("hybrid/invalid", "", check_bad_advert);
}

/* Each bit of block and tag counts, and each of the two keys. */
static void another_bit(void **state)
{
    PK_AUTO_BYTES struct pk_bytes good = read_vector("hybrid/valid", "advert-apple.bin");
    struct pk_hybrid_advert advert = {0};

    (void)state;
    for (size_t bit = 0; bit < (size_t)8 * PK_HYBRID_ADVERT_SIZE; bit++) {
        good.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_status(open_advert(pk_view_of(&good), &advert), PK_NO_MATCH);
        good.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    eid_key[63] ^= 1;
    assert_status(open_advert(pk_view_of(&good), &advert), PK_NO_MATCH);
    eid_key[63] ^= 1;
    assert_status(pk_hybrid_advert_open((struct pk_view){eid_key, 63}, pk_view_of(&good),
                                        PK_HYBRID_TUNNELS_DEFAULT, &advert),
                  PK_INVALID_ARGUMENT);
    assert_null(advert.plaintext.data);
}

static void services_are_chosen(void **state)
{
    char name[PK_HYBRID_DOMAIN_SIZE] = "untouched";

    (void)state;
    assert_status(pk_hybrid_domain(0, PK_HYBRID_APPLE | PK_HYBRID_HASHED, name), PK_DENIED);
    assert_status(pk_hybrid_domain(1, PK_HYBRID_GOOGLE | PK_HYBRID_HASHED, name), PK_DENIED);
    assert_status(pk_hybrid_domain(256, PK_HYBRID_TUNNELS_DEFAULT, name), PK_DENIED);
    assert_status(pk_hybrid_domain(255, PK_HYBRID_HASHED, name), PK_NOT_FOUND);
    assert_string_equal(name, "untouched");
    assert_status(pk_hybrid_domain(0, PK_HYBRID_GOOGLE, name), PK_OK);
    assert_string_equal(name, "cable.ua5v.com");
    assert_status(pk_hybrid_domain(1, PK_HYBRID_APPLE, name), PK_OK);
    assert_string_equal(name, "cable.auth.com");
    assert_status(pk_hybrid_domain(266, PK_HYBRID_HASHED, name), PK_OK);
    assert_string_equal(name, "cable.wufkweyy3uaxb.com");
}

/* Every name fits, whatever its number. */
static void every_hashed_name(void **state)
{
    (void)state;
    for (unsigned number = 256; number <= UINT16_MAX; number++) {
        char name[PK_HYBRID_DOMAIN_SIZE];

        assert_status(pk_hybrid_domain((uint16_t)number, PK_HYBRID_HASHED, name), PK_OK);
        assert_true(strlen(name) > strlen("cable..com") && strlen(name) < sizeof(name) - 1);
    }
}

/* What one process has opened another one reads, by the same rules. */
static void a_plaintext_is_read_alone(void **state)
{
    PK_AUTO_BYTES struct pk_bytes good = read_vector("hybrid/valid", "advert-apple.bin");
    PK_AUTO_ADVERT struct pk_hybrid_advert opened = {0};
    PK_AUTO_ADVERT struct pk_hybrid_advert advert = {0};
    struct pk_hybrid_advert none = {0};
    uint8_t plain[PK_HYBRID_PLAIN_SIZE + 1] = {0};
    const struct pk_view view = {plain, PK_HYBRID_PLAIN_SIZE};

    (void)state;
    assert_status(open_advert(pk_view_of(&good), &opened), PK_OK);
    memcpy(plain, opened.plaintext.data, PK_HYBRID_PLAIN_SIZE);
    assert_status(pk_hybrid_advert_read(view, PK_HYBRID_TUNNELS_DEFAULT, &advert), PK_OK);
    assert_int_equal(advert.domain, opened.domain);
    assert_memory_equal(advert.routing_id, opened.routing_id, sizeof(opened.routing_id));
    assert_views_equal(pk_secret_view(&advert.plaintext), view);
    assert_int_equal(advert.suffix.len, 0);
    for (size_t len = 0; len <= sizeof(plain); len++)
        if (len != PK_HYBRID_PLAIN_SIZE)
            assert_status(pk_hybrid_advert_read((struct pk_view){plain, len},
                                                PK_HYBRID_TUNNELS_DEFAULT, &none),
                          PK_INVALID_ARGUMENT);
    assert_status(pk_hybrid_advert_read(view, PK_HYBRID_GOOGLE, &none), PK_DENIED);
    plain[0] = 1;
    assert_status(pk_hybrid_advert_read(view, PK_HYBRID_TUNNELS_DEFAULT, &none), PK_UNSUPPORTED);
    assert_null(none.plaintext.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plaintext_is_read_alone),
        cmocka_unit_test(adverts),
        cmocka_unit_test(another_bit),
        cmocka_unit_test(services_are_chosen),
        cmocka_unit_test(every_hashed_name),
    };

    for (size_t i = 0; i < sizeof(eid_key); i++)
        eid_key[i] = (uint8_t)i;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
