/* SPDX-License-Identifier: BSD-2-Clause */
/* What Status says of the store, and to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "daemon/api/store_state.h"
#include "tests/unit/bare_daemon.h"

#include <string.h>

static struct {
    const char *kind, *server;
    int64_t lag, age, refuses;
} told;

static enum pk_status tell(struct store *store, struct store_state *ret)
{
    (void)store;
    *ret = (struct store_state){strdup(told.kind), strdup(told.server), told.lag, told.age,
                                told.refuses};
    return PK_OK;
}

static enum pk_status fail_to_tell(struct store *store, struct store_state *ret)
{
    (void)store, (void)ret;
    store_set_error("the socket is gone");
    return PK_STORAGE;
}

static void assert_json(bool for_root, const char *wanted)
{
    json_t *object = store_state_json(bare_store(), for_root);
    PK_AUTO_FREE char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);

    json_decref(object);
    assert_non_null(text);
    assert_string_equal(text, wanted);
}

static void will_tell(const char *kind, const char *server, int64_t lag, int64_t age,
                      int64_t refuses)
{
    told.kind = kind;
    told.server = server;
    told.lag = lag;
    told.age = age;
    told.refuses = refuses;
}

static void the_file_is_for_root(void **state)
{
    json_t *object = store_state_json(bare_store(), true);
    const char *server = json_string_value(json_object_get(object, "server"));

    (void)state;
    assert_non_null(server);
    assert_non_null(strstr(server, "passkeyd.db"));
    json_decref(object);
    assert_json(false, "{\"answers\":true,\"kind\":\"sqlite\"}");
}

static void what_is_known_is_said(void **state)
{
    (void)state;
    store_verbs()->state = tell;
    will_tell("postgresql", "db1:5432", 12, -1, -1);
    assert_json(true, "{\"answers\":true,\"kind\":\"postgresql\",\"lagMilliseconds\":12,"
                      "\"server\":\"db1:5432\"}");
    assert_json(false, "{\"answers\":true,\"kind\":\"postgresql\",\"lagMilliseconds\":12}");
    will_tell("ldap", "ldaps://one", -1, 0, 3600);
    assert_json(true, "{\"answers\":true,\"cacheAge\":0,\"cacheLeft\":3600,\"kind\":\"ldap\","
                      "\"server\":\"ldaps://one\"}");
    will_tell("ldap", "", -1, 4000, 0);
    assert_json(true, "{\"answers\":false,\"cacheAge\":4000,\"cacheLeft\":0,\"kind\":\"ldap\"}");
}

static void that_one_says_nothing_is_said(void **state)
{
    (void)state;
    store_verbs()->state = fail_to_tell;
    assert_json(true, "{\"answers\":false,\"failure\":\"the socket is gone\"}");
    assert_json(false, "{\"answers\":false}");
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, bare_daemon_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_file_is_for_root),
        TEST(what_is_known_is_said),
        TEST(that_one_says_nothing_is_said),
    };

    return cmocka_run_group_tests_name("store_state", tests, NULL, NULL);
}
