/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/passkeys.h"

#include <string.h>

static const char list[] = "[{\"name\":\"blue\",\"credentialId\":\"AbCdEfGh\"},"
                           "{\"name\":\"AbCdEfGh\",\"credentialId\":\"AbCdXXXX\"},"
                           "{\"name\":\"red\",\"credentialId\":\"QrStUvWx\"},"
                           "{\"credentialId\":7}]";

static enum pk_status find(const char *wanted, char *ret_id)
{
    json_t *passkeys = NULL;
    const json_t *found = NULL;
    enum pk_status status;

    assert_int_equal(passkeys_parse(list, &passkeys), PK_OK);
    status = passkeys_find(passkeys, wanted, &found);
    if (status == PK_OK)
        (void)strcpy(ret_id, member_text(found, "credentialId"));
    json_decref(passkeys);
    return status;
}

static void found_by_name_id_or_beginning(void **state)
{
    static const struct {
        const char *wanted;
        enum pk_status status;
        const char *id;
    } cases[] = {
        {"blue", PK_OK, "AbCdEfGh"},
        {"QrStUvWx", PK_OK, "QrStUvWx"},
        {"QrSt", PK_OK, "QrStUvWx"},
        /* A name wins over an id, a whole id over a beginning. */
        {"AbCdEfGh", PK_OK, "AbCdXXXX"},
        {"AbCdE", PK_OK, "AbCdEfGh"},
        {"AbCd", PK_EXISTS, NULL},
        {"QrS", PK_NOT_FOUND, NULL},
        {"qrst", PK_NOT_FOUND, NULL},
        {"QrStUvWxY", PK_NOT_FOUND, NULL},
        {"blu", PK_NOT_FOUND, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char id[32] = "";

        if (find(cases[i].wanted, id) != cases[i].status)
            fail_msg("%s", cases[i].wanted);
        if (cases[i].id)
            assert_string_equal(id, cases[i].id);
    }
}

/* passkeyctl remove "" must not find a passkey without a name. */
static void an_empty_word_finds_nothing(void **state)
{
    char id[32];

    (void)state;
    assert_int_equal(find("", id), PK_NOT_FOUND);
}

static void other_json_is_refused(void **state)
{
    static const char *const texts[] = {
        "", "{}", "null", "[1]", "[[]]", "[{}", "[{}]x", "[{\"a\":1,\"a\":2}]", "[null]"};
    json_t *passkeys = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (passkeys_parse(texts[i], &passkeys) != PK_PROTOCOL)
            fail_msg("%s", texts[i]);
    assert_null(passkeys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_by_name_id_or_beginning),
        cmocka_unit_test(an_empty_word_finds_nothing),
        cmocka_unit_test(other_json_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
