/* SPDX-License-Identifier: BSD-2-Clause */
/* Tokens as texts: what is one by its form, for every file of tests/vectors/tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/tokens/token_text.h"
#include "tests/unit/scratch.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static enum pk_status parse(const char *text, size_t len)
{
    AUTO_TOKEN_TEXT struct token_text token = {0};
    /* Of exactly that length, so that a sanitizer sees what is read beyond. */
    uint8_t *copy = malloc(len + (len == 0));
    enum pk_status status;

    (void)memcpy(copy, text, len);
    status = token_text_parse((struct pk_view){copy, len}, &token);
    assert_true((status == PK_OK) == (token.header != NULL));
    token_text_clear(&token);
    free(copy);
    return status;
}

static int is_token(const struct dirent *entry)
{
    return strstr(entry->d_name, ".jwt") != NULL;
}

/* Calls judge with every file of that folder. */
static void for_each(const char *folder,
                     void (*judge)(const char *name, const char *text, size_t len))
{
    PK_AUTO_FREE char *path =
        pk_text_format("%s/tests/vectors/tokens/%s", getenv("srcdir"), folder);
    struct dirent **entries;
    int count = scandir(path, &entries, is_token, alphasort);

    assert_in_range(count, 5, 100);
    for (int i = 0; i < count; i++) {
        PK_AUTO_FREE char *file = pk_text_format("%s/%s", path, entries[i]->d_name);
        size_t len;
        PK_AUTO_FREE char *text = scratch_read(file, &len);

        judge(entries[i]->d_name, text, len);
        free(entries[i]);
    }
    free(entries);
}

static void is_refused(const char *name, const char *text, size_t len)
{
    if (parse(text, len) == PK_OK)
        fail_msg("%s is taken", name);
}

/* And no part of it is one that still has its dots, but for what leaves bytes of the signature. */
static void is_taken(const char *name, const char *text, size_t len)
{
    const char *signature = strrchr(text, '.') + 1;

    if (parse(text, len) != PK_OK)
        fail_msg("%s is refused", name);
    for (size_t i = 0; text + i <= signature; i++)
        if (parse(text, i) == PK_OK)
            fail_msg("%s is taken after %zu bytes", name, i);
    PK_AUTO_FREE char *longer = pk_text_format("%s.", text);
    assert_int_equal(parse(longer, len + 1), PK_INVALID_INPUT);
    PK_AUTO_FREE char *with_nul = pk_text_format("%s", text);
    assert_int_equal(parse(with_nul, len + 1), PK_INVALID_INPUT);
}

static void tokens_are_taken(void **state)
{
    (void)state;
    for_each("valid", is_taken);
}

static void others_are_refused(void **state)
{
    (void)state;
    for_each("invalid", is_refused);
}

static void parts_are_told_apart(void **state)
{
    static const char text[] = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsifQ.eyJzdWIiOiJ1In0.AAAA";
    AUTO_TOKEN_TEXT struct token_text token = {0};
    struct pk_view subject;

    (void)state;
    assert_int_equal(token_text_parse(pk_view_string(text), &token), PK_OK);
    assert_true(pk_view_equal(token.algorithm, pk_view_string("HS256")));
    assert_true(pk_view_equal(token.kid, pk_view_string("k")));
    assert_true(pk_view_equal(token.signature, pk_view_string("AAAA")));
    assert_true(pk_view_equal(token.payload, pk_view_string("eyJzdWIiOiJ1In0")));
    assert_true(
        pk_view_equal(token.protected, pk_view_string("eyJhbGciOiJIUzI1NiIsImtpZCI6ImsifQ")));
    assert_true(pk_json_string(pk_json_get(pk_json_root(token.claims), "sub"), &subject));
    assert_true(pk_view_equal(subject, pk_view_string("u")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_taken),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(parts_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
