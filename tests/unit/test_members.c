/* SPDX-License-Identifier: BSD-2-Clause */
/* Members of CBOR maps one by one: what each read accepts, and the error for anything else. */
#include "common/wire/members.h"

#include "tests/unit/webauthn_support.h"

/* One member at a time, from key 1 on, with the limits that read_all() gives. */
struct found {
    unsigned number;
    bool yes;
    char *text;
    char *word;
    uint8_t exact[2];
    struct pk_bytes bytes;
    size_t items;
};

static void clear(struct found *found)
{
    free(found->text);
    free(found->word);
    pk_bytes_clear(&found->bytes);
}

static enum pk_status read_all(const char *hex, struct found *found)
{
    PK_AUTO_BYTES struct pk_bytes cbor = unhex(hex);
    struct pk_reader reader = pk_reader_new(pk_view_of(&cbor));

    assert_status(pk_cbor_check(pk_view_of(&cbor)), PK_OK);
    assert_true(pk_cbor_map(&reader) <= 7);
    found->number = pk_member_read_number(&reader, 1, 5, 300);
    found->yes = pk_member_read_bool(&reader, 2);
    found->text = pk_member_read_text(&reader, 3, 0, 4);
    found->word = pk_member_read_word(&reader, 4, 4);
    pk_member_read_exactly(&reader, 5, found->exact, sizeof(found->exact));
    pk_member_read_key(&reader, 6);
    pk_member_copy_bytes(&reader, 1, 3, &found->bytes);
    found->items = pk_member_read_array(&reader, 7, 1, 2);
    for (size_t i = 0; i < found->items; i++)
        (void)pk_cbor_unsigned(&reader);
    return pk_reader_finish(&reader);
}

static void reading(void **state)
{
    static const struct {
        const char *hex;
        enum pk_status status;
    } cases[] = {
        {"a7010502f503600461610542010206410107810a", PK_OK},
        {"a70119012c02f4036461c3bc620464616263640542ffff064301020307820a0b", PK_OK},
        {"a7010402f503600461610542010206410107810a", PK_PROTOCOL},     /* number too small */
        {"a70119012d02f503600461610542010206410107810a", PK_PROTOCOL}, /* too large */
        {"a7011b000000010000000502f503600461610542010206410107810a", PK_PROTOCOL}, /* wider */
        {"a7012002f503600461610542010206410107810a", PK_CBOR_TYPE_MISMATCH},
        {"a70105020103600461610542010206410107810a", PK_CBOR_TYPE_MISMATCH},  /* no bool */
        {"a7010502f5036561616161610461610542010206410107810a", PK_TOO_LARGE}, /* long text */
        {"a7010502f50361000461610542010206410107810a", PK_PROTOCOL},          /* NUL in text */
        {"a7010502f5036004600542010206410107810a", PK_PROTOCOL},              /* empty word */
        {"a7010502f50360046561616161610542010206410107810a", PK_TOO_LARGE},
        {"a7010502f503600461200542010206410107810a", PK_PROTOCOL},   /* space in word */
        {"a7010502f5036004617f0542010206410107810a", PK_PROTOCOL},   /* control in word */
        {"a7010502f503600462c3bc0542010206410107810a", PK_PROTOCOL}, /* not ASCII */
        {"a7010502f5036004616105410106410107810a", PK_PROTOCOL},     /* one byte short */
        {"a7010502f50360046161054301020306410107810a", PK_PROTOCOL}, /* one too many */
        {"a7010502f5036004616105420102064007810a", PK_PROTOCOL},     /* no bytes */
        {"a7010502f503600461610542010206440102030407810a", PK_TOO_LARGE},
        {"a7010502f50360046161054201020641010780", PK_PROTOCOL}, /* no items */
        {"a7010502f503600461610542010206410107830a0b0c", PK_TOO_LARGE},
        {"a7020501f503600461610542010206410107810a", PK_PROTOCOL}, /* another order */
        {"a6010502f5036004616105420102064101", PK_PROTOCOL},       /* one is missing */
        {"a0", PK_PROTOCOL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct found found = {0};
        enum pk_status status = read_all(cases[i].hex, &found);

        if (status != cases[i].status)
            fail_msg("case %zu: %s, not %s", i, pk_status_name(status),
                     pk_status_name(cases[i].status));
        clear(&found);
    }
}

static void values(void **state)
{
    struct found found = {0};

    (void)state;
    assert_status(
        read_all("a70119012c02f5036461c3bc620464616263640542ff01064301020307820a0b", &found),
        PK_OK);
    assert_int_equal(found.number, 300);
    assert_true(found.yes);
    assert_string_equal(found.text, "a\xc3\xbc"
                                    "b");
    assert_string_equal(found.word, "abcd");
    assert_int_equal(found.exact[0], 255);
    assert_int_equal(found.exact[1], 1);
    assert_int_equal(found.bytes.len, 3);
    assert_int_equal(found.items, 2);
    clear(&found);
}

static void writing(void **state)
{
    static const uint8_t bytes[] = {1, 2};
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(100);
    PK_AUTO_BYTES struct pk_bytes written = {0};
    PK_AUTO_BYTES struct pk_bytes expected = unhex("011903e802f50342010204626162"
                                                   "0560");

    (void)state;
    pk_member_write_number(&writer, 1, 1000);
    pk_member_write_bool(&writer, 2, true);
    pk_member_write_bytes(&writer, 3, (struct pk_view){bytes, sizeof(bytes)});
    pk_member_write_text(&writer, 4, "ab");
    pk_member_write_text(&writer, 5, NULL);
    assert_status(pk_writer_finish(&writer, &written), PK_OK);
    assert_true(pk_view_equal(pk_view_of(&written), pk_view_of(&expected)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading),
        cmocka_unit_test(values),
        cmocka_unit_test(writing),
    };

    return cmocka_run_group_tests_name("members", tests, NULL, NULL);
}
