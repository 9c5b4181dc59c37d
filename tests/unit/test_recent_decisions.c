/* SPDX-License-Identifier: BSD-2-Clause */
/* The last decisions about an account: a stranger's tries push out nothing of the person's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "daemon/auth/recent_decisions.h"

#include <stdlib.h>
#include <string.h>

static struct recent_decisions *recent;
static struct account alice = {.rp = (char[]){"default"}, .name = (char[]){"alice"}, .uid = 1000};

static int start(void **state)
{
    (void)state;
    recent = recent_decisions_new();
    return recent ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    recent_decisions_free(recent);
    return 0;
}

static void refuse(const char *user, const char *context, int64_t now)
{
    recent_decisions_add(recent,
                         &(struct decision){.user = user,
                                            .rp = "default",
                                            .ceremony = PK_AUTHENTICATION,
                                            .status = PK_SIGNATURE_INVALID,
                                            .context = context},
                         now);
}

static json_t *listed(void)
{
    json_t *list = recent_decisions_json(recent, &alice);

    assert_true(json_is_array(list));
    return list;
}

static void refusals_of_one_place_are_one(void **state)
{
    json_t *list;
    const json_t *item;

    (void)state;
    for (int i = 0; i < 500; i++)
        refuse("alice", "{\"service\":\"sshd\",\"rhost\":\"192.0.2.7\",\"tty\":\"ssh\"}", i + 1);
    refuse("alice", "{\"service\":\"sshd\",\"rhost\":\"192.0.2.8\"}", 501);
    list = listed();
    assert_int_equal(json_array_size(list), 2);
    item = json_array_get(list, 1);
    assert_int_equal(json_integer_value(json_object_get(item, "times")), 500);
    assert_int_equal(json_integer_value(json_object_get(item, "when")), 500);
    assert_true(json_is_false(json_object_get(item, "accepted")));
    assert_null(json_object_get(item, "passkey"));
    json_decref(list);
}

static void a_stranger_has_a_few_rows(void **state)
{
    char context[64];
    json_t *list;

    (void)state;
    for (int i = 0; i < 300; i++) {
        (void)snprintf(context, sizeof(context), "{\"rhost\":\"192.0.2.%d\"}", i);
        refuse("alice", context, i + 1);
    }
    list = listed();
    assert_int_equal(json_array_size(list), DECISIONS_REFUSED);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "when")), 300);
    json_decref(list);
}

static void names_that_nobody_has_push_out_no_more_than_themselves(void **state)
{
    char name[32];
    json_t *list;

    (void)state;
    for (int i = 0; i < 4 * DECISIONS_ACCOUNTS; i++) {
        (void)snprintf(name, sizeof(name), "nobody%d", i);
        refuse(name, "{}", i + 1);
    }
    refuse("alice", "{}", 1);
    list = listed();
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
}

static void texts_are_short_and_visible(void **state)
{
    PK_AUTO_FREE char *context = pk_text_format("{\"command\":\"%0*d\\u001b[31m\",\"user\":"
                                                "\"alice\",\"digest\":\"0\",\"tty\":\"a\\u0007\"}",
                                                5000, 0);
    json_t *list;
    const json_t *shown;

    (void)state;
    refuse("alice", context, 1);
    list = listed();
    shown = json_object_get(json_array_get(list, 0), "context");
    assert_true(json_string_length(json_object_get(shown, "command")) <= DECISIONS_TEXT_MAX);
    assert_null(strchr(json_string_value(json_object_get(shown, "tty")), '\a'));
    assert_null(json_object_get(shown, "digest"));
    json_decref(list);
}

static void what_is_no_context_and_nobody(void **state)
{
    json_t *list;

    (void)state;
    refuse("", "{}", 1);
    refuse("alice", "", 1);
    refuse("alice", "[", 2);
    list = listed();
    assert_int_equal(json_array_size(list), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "times")), 2);
    json_decref(list);
    assert_null(recent_decisions_place(recent, &alice, (struct pk_view){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refusals_of_one_place_are_one, start, stop),
        cmocka_unit_test_setup_teardown(a_stranger_has_a_few_rows, start, stop),
        cmocka_unit_test_setup_teardown(names_that_nobody_has_push_out_no_more_than_themselves,
                                        start, stop),
        cmocka_unit_test_setup_teardown(texts_are_short_and_visible, start, stop),
        cmocka_unit_test_setup_teardown(what_is_no_context_and_nobody, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
