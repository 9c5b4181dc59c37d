/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last decisions about an account, until the store has them: a stranger's tries push out
 * nothing of the person's, and what is written meanwhile is there once.
 */
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
    recent = recent_decisions_new(100, false);
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

/* What alice's page shows, where the store has these. */
static json_t *joined(const struct kept_decision_list *stored)
{
    struct shown_decisions *shown = shown_decisions_new(recent, &alice);
    json_t *list;

    assert_non_null(shown);
    assert_int_equal(shown_decisions_join(shown, stored), PK_OK);
    list = shown_decisions_json(shown);
    shown_decisions_free(shown);
    assert_true(json_is_array(list));
    return list;
}

static json_t *listed(void)
{
    return joined(&(struct kept_decision_list){0});
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
}

static int64_t number_of(const json_t *list, size_t i, const char *member)
{
    return json_integer_value(json_object_get(json_array_get(list, i), member));
}

static void take(struct kept_decision_list *ret)
{
    assert_int_equal(recent_decisions_take(recent, true, ret), PK_OK);
}

static void settle(struct kept_decision_list *list, enum decision_fate fate, enum pk_status status)
{
    for (size_t i = 0; i < list->count; i++)
        list->items[i].fate = fate;
    recent_decisions_settle(recent, list, status);
    kept_decision_list_clear(list);
}

static void expect_times(const struct kept_decision_list *stored, size_t count, int64_t times)
{
    json_t *list = joined(stored);

    assert_int_equal(json_array_size(list), count);
    if (count > 0)
        assert_int_equal(number_of(list, 0, "times"), times);
    json_decref(list);
}

/* At each moment of a write what is shown is all, and nothing twice. */
static void while_they_are_written_each_is_there_once(void **state)
{
    const struct kept_decision_list none = {0};
    AUTO_KEPT_DECISION_LIST struct kept_decision_list taken = {0}, again = {0};

    (void)state;
    refuse("alice", "{\"tty\":\"a\"}", 1);
    refuse("alice", "{\"tty\":\"a\"}", 2);
    take(&taken);
    assert_int_equal(taken.count, 1);
    assert_int_equal(taken.items[0].id, 102);
    assert_int_equal(taken.items[0].times, 2);
    assert_string_equal(taken.items[0].context, "{\"tty\":\"a\"}");
    expect_times(&none, 1, 2);
    expect_times(&taken, 1, 2);
    refuse("alice", "{\"tty\":\"a\"}", 3);
    expect_times(&none, 1, 3);
    expect_times(&taken, 1, 3);
    settle(&taken, DECISION_KEPT, PK_OK);
    expect_times(&none, 1, 1);
    take(&again);
    assert_int_equal(again.items[0].times, 1);
    settle(&again, DECISION_KEPT, PK_OK);
    expect_times(&none, 0, 0);
}

static void what_was_not_written_is_taken_again(void **state)
{
    AUTO_KEPT_DECISION_LIST struct kept_decision_list taken = {0};

    (void)state;
    refuse("alice", "{}", 1);
    take(&taken);
    settle(&taken, DECISION_NOBODY, PK_STORAGE);
    take(&taken);
    assert_int_equal(taken.count, 1);
    settle(&taken, DECISION_LATER, PK_OK);
    take(&taken);
    assert_int_equal(taken.count, 1);
    settle(&taken, DECISION_NOBODY, PK_OK);
    take(&taken);
    assert_int_equal(taken.count, 0);
}

/* Once somebody has looked, names of nobody no longer push an account's out. */
static void an_account_that_is_known_stays(void **state)
{
    AUTO_KEPT_DECISION_LIST struct kept_decision_list taken = {0};
    char name[32];
    json_t *list;

    (void)state;
    refuse("alice", "{}", 1);
    assert_int_equal(recent_decisions_unknown(recent), 1);
    take(&taken);
    settle(&taken, DECISION_LATER, PK_OK);
    assert_int_equal(recent_decisions_unknown(recent), 0);
    for (int i = 0; i < 2 * DECISIONS_ACCOUNTS; i++) {
        (void)snprintf(name, sizeof(name), "nobody%d", i);
        refuse(name, "{}", i + 1);
    }
    list = listed();
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
}

static struct kept_decision approval(int64_t id)
{
    static char context[] = "{\"tty\":\"seat\"}", passkey[] = "blue";
    static uint8_t credential_id[] = {7};

    return (struct kept_decision){.id = id,
                                  .made = id,
                                  .approved = true,
                                  .times = 1,
                                  .context = context,
                                  .passkey = passkey,
                                  .credential_id = {credential_id, 1}};
}

/* Refusals take the place of the oldest approvals, and never of the latest. */
static void of_so_many_the_latest_are_shown(void **state)
{
    struct kept_decision items[DECISIONS_APPROVED];
    const struct kept_decision_list stored = {items, DECISIONS_APPROVED};
    json_t *list;

    (void)state;
    for (int i = 0; i < DECISIONS_APPROVED; i++)
        items[i] = approval(i + 1);
    refuse("alice", "{}", 1000);
    list = joined(&stored);
    assert_int_equal(json_array_size(list), DECISIONS_SHOWN);
    assert_int_equal(number_of(list, 0, "when"), 1000);
    assert_int_equal(number_of(list, 1, "when"), DECISIONS_APPROVED);
    assert_int_equal(number_of(list, DECISIONS_SHOWN - 1, "when"), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "passkey")),
                        "blue");
    json_decref(list);
}

static const char *tty_of(const struct shown_decisions *shown, uint8_t id)
{
    return json_string_value(
        json_object_get(shown_decisions_place(shown, (struct pk_view){&id, 1}), "tty"));
}

static void where_a_passkey_was_used_last(void **state)
{
    struct kept_decision items[] = {approval(1), approval(2), approval(3), approval(4)};
    struct shown_decisions *shown = shown_decisions_new(recent, &alice);

    (void)state;
    items[1].context = (char[]){"{\"tty\":\"second\"}"};
    items[2].credential_id.data = (uint8_t[]){8};
    items[3].enrollment = true;
    assert_non_null(shown);
    assert_int_equal(shown_decisions_join(shown, &(struct kept_decision_list){items, 4}), PK_OK);
    assert_string_equal(tty_of(shown, 7), "second");
    assert_string_equal(tty_of(shown, 8), "seat");
    assert_null(tty_of(shown, 9));
    shown_decisions_free(shown);
}

/* Hosts that do not know of each other number what they decide as one would. */
static void hosts_that_share_a_store_choose_other_ids(void **state)
{
    struct recent_decisions *own = recent, *other = recent_decisions_new(0, true);
    int64_t last = 0;

    (void)state;
    assert_non_null(other);
    recent = recent_decisions_new(0, true);
    for (int64_t now = 1000; now < 1040; now++) {
        struct recent_decisions *turn = recent;
        AUTO_KEPT_DECISION_LIST struct kept_decision_list list = {0};

        refuse("alice", now % 2 ? "{}" : "{\"tty\":\"x\"}", now);
        assert_int_equal(recent_decisions_take(recent, 1, &list), PK_OK);
        assert_int_equal(list.count, 1);
        assert_true(list.items[0].id > last);
        assert_int_equal(list.items[0].id >> 20, now);
        last = list.items[0].id;
        recent_decisions_settle(recent, &list, PK_OK);
        recent = other;
        other = turn;
    }
    recent_decisions_free(other);
    recent_decisions_free(recent);
    recent = own;
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
        cmocka_unit_test_setup_teardown(while_they_are_written_each_is_there_once, start, stop),
        cmocka_unit_test_setup_teardown(what_was_not_written_is_taken_again, start, stop),
        cmocka_unit_test_setup_teardown(an_account_that_is_known_stays, start, stop),
        cmocka_unit_test_setup_teardown(of_so_many_the_latest_are_shown, start, stop),
        cmocka_unit_test_setup_teardown(where_a_passkey_was_used_last, start, stop),
        cmocka_unit_test_setup_teardown(hosts_that_share_a_store_choose_other_ids, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
