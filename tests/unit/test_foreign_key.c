/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials of pam_u2f and sssd against the vectors under tests/vectors/import (made by make.py).
 */
#include "common/webauthn/foreign_key.h"

#include "tests/unit/wire_support.h"

static enum pk_status parse(const char *name, struct pk_view text, struct pk_foreign_key *key)
{
    const char *why = NULL;
    enum pk_status status = strstr(name, "mapping") ? pk_passkey_mapping_parse(text, key, &why)
                                                    : pk_u2f_key_parse(text, key, &why);

    if (status == PK_OK)
        assert_null(why);
    else
        assert_true(why && *why);
    return status;
}

static void check_same(const char *name, const struct pk_foreign_key *a,
                       const struct pk_foreign_key *b)
{
    if (!pk_view_equal(pk_view_of(&a->id), pk_view_of(&b->id)) ||
        !pk_view_equal(pk_view_of(&a->public_key), pk_view_of(&b->public_key)))
        fail_msg("%s: a part of it is another credential", name);
}

/* How much of it there must be before anything is taken: the options may be cut, nothing else. */
static size_t least(const char *name, const struct pk_bytes *content)
{
    size_t commas = 0;

    if (strstr(name, "mapping-user-id"))
        return content->len - 5;
    if (strstr(name, "mapping") || strstr(name, "old"))
        return content->len;
    for (size_t i = 0; i < content->len; i++)
        if (content->data[i] == ',' && ++commas == 3)
            return i;
    return content->len;
}

static void check_valid(const char *name, struct pk_bytes *content)
{
    PK_AUTO_FOREIGN_KEY struct pk_foreign_key key = {0};

    if (parse(name, pk_view_of(content), &key) != PK_OK)
        fail_msg("%s was refused", name);
    assert_int_equal(key.id.len == 0, strstr(name, "resident") != NULL);
    assert_int_equal(key.verification, strstr(name, "-pin") || strstr(name, "-verification"));
    assert_int_equal(key.algorithm, strstr(name, "rs256") || strstr(name, "rsa")    ? -257
                                    : strstr(name, "ed") && !strstr(name, "padded") ? -8
                                                                                    : -7);
    for (size_t len = 0; len < content->len; len++) {
        PK_AUTO_FOREIGN_KEY struct pk_foreign_key cut = {0};
        PK_AUTO_BYTES struct pk_bytes part = {0};
        enum pk_status status;

        assert_status(pk_bytes_copy((struct pk_view){content->data, len}, &part), PK_OK);
        status = parse(name, pk_view_of(&part), &cut);
        if (status == PK_OK && len < least(name, content))
            fail_msg("%s cut to %zu bytes was taken", name, len);
        if (status == PK_OK)
            check_same(name, &key, &cut);
    }
}

/* Whatever stands behind it. A comma begins the next field, a plus an option: they need more. */
static void check_longer(const char *name, struct pk_bytes *content)
{
    if (strstr(name, "no-options") || strstr(name, "user-id"))
        return;
    for (unsigned c = 0; c < 256; c++) {
        PK_AUTO_FOREIGN_KEY struct pk_foreign_key key = {0};

        content->data[content->len] = (uint8_t)c;
        if (c == ',' && strstr(name, "type-alone"))
            continue;
        if (parse(name, (struct pk_view){content->data, content->len + 1}, &key) == PK_OK &&
            !(c == '=' && strstr(name, "old")))
            fail_msg("%s was taken with the byte %u behind it", name, c);
    }
}

static void check_invalid(const char *name, struct pk_bytes *content)
{
    PK_AUTO_FOREIGN_KEY struct pk_foreign_key key = {0};

    check_vector_status(name, parse(name, pk_view_of(content), &key));
    assert_null(key.public_key.data);
}

static void valid(void **state)
{
    (void)state;
    each_vector("import/valid", "", check_valid);
}

static void one_byte_more(void **state)
{
    (void)state;
    each_vector("import/valid", "", check_longer);
}

static void invalid(void **state)
{
    (void)state;
    each_vector("import/invalid", "", check_invalid);
}

/* Both formats of one credential, and sssd's, are the same key. */
static void formats_agree(void **state)
{
    static const char *const names[] = {"u2f-es256.txt", "mapping-p256.txt"};
    PK_AUTO_FOREIGN_KEY struct pk_foreign_key first = {0};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        PK_AUTO_BYTES struct pk_bytes content = read_vector("import/valid", names[i]);
        PK_AUTO_FOREIGN_KEY struct pk_foreign_key key = {0};

        assert_status(parse(names[i], pk_view_of(&content), &key), PK_OK);
        if (i == 0) {
            first = key;
            key = (struct pk_foreign_key){0};
        } else {
            check_same(names[i], &first, &key);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid),
        cmocka_unit_test(one_byte_more),
        cmocka_unit_test(invalid),
        cmocka_unit_test(formats_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
