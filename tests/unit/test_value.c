/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "daemon/bus/value.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static const struct member members[] = {
    {"name", "s", 8},
    {"timeout", "u", 0},
    {"hints", "as", 4},
};

/* An empty a{sv} inside body. */
static struct value *new_dict(struct value *body)
{
    *body = value_body();
    return value_add_array(body, "{sv}");
}

static void dictionaries_are_found_in(void **state)
{
    struct value body;
    struct value *dict = new_dict(&body);

    (void)state;
    value_dict_text(dict, "name", "blue");
    value_dict_number(dict, "timeout", 'u', 30);
    assert_string_equal(value_find_text(dict, "name", "?"), "blue");
    assert_string_equal(value_find_text(dict, "timeout", "?"), "?");
    assert_int_equal(value_find(dict, "timeout")->number, 30);
    assert_null(value_find(dict, "other"));
    assert_false(value_is_broken(&body));
    value_clear(&body);
}

static void check(const struct value *dict, enum pk_status expected)
{
    char *why = NULL;

    assert_int_equal(value_check(dict, members, 3, &why), expected);
    assert_int_equal(why != NULL, expected != PK_OK);
    free(why);
}

static void members_are_held_to_the_list(void **state)
{
    struct value body;
    struct value *dict = new_dict(&body);

    (void)state;
    check(dict, PK_OK);
    value_dict_text(dict, "name", "12345678");
    check(dict, PK_OK);
    value_dict_number(dict, "timeout", 'u', 1);
    check(dict, PK_OK);
    value_dict_text(dict, "other", "");
    check(dict, PK_INVALID_INPUT);
    value_clear(&body);

    dict = new_dict(&body);
    value_dict_text(dict, "name", "123456789"); /* too long */
    check(dict, PK_INVALID_INPUT);
    value_clear(&body);

    dict = new_dict(&body);
    value_dict_number(dict, "name", 'u', 1); /* of another type */
    check(dict, PK_INVALID_INPUT);
    value_clear(&body);

    dict = new_dict(&body);
    value_dict_text(dict, "name", "a"); /* twice */
    value_dict_text(dict, "name", "b");
    check(dict, PK_INVALID_INPUT);
    value_clear(&body);
}

static void arrays_are_held_to_their_elements(void **state)
{
    struct value body;
    struct value *dict = new_dict(&body);
    struct value *entry = value_add(dict, 'e');
    struct value *list;

    (void)state;
    value_add_text(entry, 's', "hints");
    list = value_add_array(value_add(entry, 'v'), "s");
    value_add_text(list, 's', "abcd");
    check(dict, PK_OK);
    value_add_text(list, 's', "abcde");
    check(dict, PK_INVALID_INPUT);
    value_clear(&body);
}

/* A caller's text in an error is cut between characters, wherever the limit is. */
static void an_unknown_key_is_repeated_in_whole_characters(void **state)
{
    (void)state;
    for (size_t before = 60; before <= 64; before++) {
        PK_AUTO_FREE char *why = NULL;
        struct value body;
        struct value *dict = new_dict(&body);
        char key[80] = "";

        (void)memset(key, 'a', before);
        (void)strcpy(key + before, "\xf0\x9f\x94\x91");
        value_dict_text(dict, key, "x");
        assert_int_equal(value_check(dict, members, 3, &why), PK_INVALID_INPUT);
        assert_non_null(why);
        assert_true(pk_utf8_valid(pk_view_string(why)));
        value_clear(&body);
    }
}

static void descriptors_have_one_owner(void **state)
{
    struct value body = value_body();
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    value_add_fd(&body, fd);
    assert_int_equal(value_take_fd(&body.items[0]), fd);
    assert_int_equal(value_take_fd(&body.items[0]), -1);
    value_clear(&body);
    assert_true(fcntl(fd, F_GETFD) >= 0);

    body = value_body();
    value_add_fd(&body, fd);
    value_clear(&body);
    assert_true(fcntl(fd, F_GETFD) < 0);
}

static void a_failed_part_breaks_the_whole(void **state)
{
    struct value body;
    struct value *dict = new_dict(&body);

    (void)state;
    value_dict_text(dict, "name", "x");
    dict->items[0].items[1].failed = true;
    assert_true(value_is_broken(&body));
    value_clear(&body);
    value_add_text(NULL, 's', "nowhere"); /* builders accept the result of a failed one */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dictionaries_are_found_in),
        cmocka_unit_test(members_are_held_to_the_list),
        cmocka_unit_test(arrays_are_held_to_their_elements),
        cmocka_unit_test(an_unknown_key_is_repeated_in_whole_characters),
        cmocka_unit_test(descriptors_have_one_owner),
        cmocka_unit_test(a_failed_part_breaks_the_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
