/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "gateway/dialects.h"
#include "gateway/router.h"

#include <string.h>

static void handle(struct exchange *exchange)
{
    (void)exchange;
}

static const struct route routes[] = {
    {"GET", "/things", ACCESS_PUBLIC, handle},
    {"POST", "/things", ACCESS_API_KEY, handle},
    {"GET", "/things/{id}", ACCESS_PUBLIC, handle},
    {"DELETE", "/things/{id}/parts/{part}", ACCESS_PUBLIC, handle},
    {"GET", "/things/all", ACCESS_PUBLIC, handle},
};
static const struct dialect dialect = {.routes = routes,
                                       .route_count = sizeof(routes) / sizeof(routes[0])};
static char one[] = "/one";
static char deep[] = "/one/deep";
static char none[] = "";
static struct party items[] = {
    {.prefix = deep, .dialect = &dialect},
    {.prefix = one, .dialect = &dialect},
    {.prefix = none, .dialect = &dialect},
};
static const struct parties parties = {1, items, 3};

static struct target target;
static struct router_match match;

static enum router_outcome find(const char *method, const char *path)
{
    target_clear(&target);
    assert_int_equal(target_read(path, &target), PK_OK);
    return router_find(&parties, method, &target, &match);
}

static int clear(void **state)
{
    (void)state;
    target_clear(&target);
    return 0;
}

static void rows_are_found_below_their_prefix(void **state)
{
    (void)state;
    assert_int_equal(find("GET", "/one/things"), ROUTER_FOUND);
    assert_ptr_equal(match.party, &items[1]);
    assert_ptr_equal(match.route, &routes[0]);
    assert_int_equal(find("POST", "/one/deep/things"), ROUTER_FOUND);
    assert_ptr_equal(match.party, &items[0]);
    assert_ptr_equal(match.route, &routes[1]);
    assert_int_equal(find("HEAD", "/things"), ROUTER_FOUND);
    assert_ptr_equal(match.party, &items[2]);
    assert_ptr_equal(match.route, &routes[0]);
}

static void refuse_tenant(struct exchange *exchange, const char *tenant)
{
    (void)exchange, (void)tenant;
}

/* A path that would be a tenant's, were there one of that name. */
static void tenants_that_there_are_not(void **state)
{
    static const struct dialect tenants = {.routes = routes,
                                           .route_count = sizeof(routes) / sizeof(routes[0]),
                                           .refuse_tenant = refuse_tenant};
    static char name[] = "t1";
    static char prefix[] = "/t1";
    static struct party with[] = {{.prefix = one, .dialect = &dialect, .tenant = none},
                                  {.prefix = prefix, .dialect = &tenants, .tenant = name}};
    static const struct parties all = {1, with, 2};
    static const struct parties first = {1, with, 1};
    static const char *const others[] = {"/", "/things", "/t2/nothing", "/t2/x/things", "/t2"};

    (void)state;
    (void)find("GET", "/t2/things/1");
    assert_ptr_equal(router_find_tenantless(&all, &target), &with[1]);
    assert_null(router_find_tenantless(&first, &target));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        (void)find("GET", others[i]);
        assert_null(router_find_tenantless(&all, &target));
    }
    /* Where the application has chosen another prefix, nothing stands for a tenant. */
    with[1].prefix = one;
    (void)find("GET", "/t2/things");
    assert_null(router_find_tenantless(&all, &target));
}

static void captures(void **state)
{
    (void)state;
    assert_int_equal(find("DELETE", "/one/things/a%20b/parts/c"), ROUTER_FOUND);
    assert_string_equal(match.captures[0], "a b");
    assert_string_equal(match.captures[1], "c");
    /* The first row of the table counts. */
    assert_int_equal(find("GET", "/one/things/all"), ROUTER_FOUND);
    assert_ptr_equal(match.route, &routes[2]);
    assert_string_equal(match.captures[0], "all");
    assert_null(match.captures[1]);
}

static void what_is_not_there(void **state)
{
    static const char *const paths[] = {
        "/",
        "/one",
        "/one/",
        "/one/things/",
        "/one/things/a/parts",
        "/One/things",
        "/oneone/things",
        "/one/thing",
        "/one/thingss",
        "/one/things/a/parts/b/c",
        "/one/things/a/parts/",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (find("GET", paths[i]) != ROUTER_NO_PATH)
            fail_msg("%s was found", paths[i]);
    /* In whose words it is refused. */
    assert_int_equal(find("GET", "/one/deep/nothing"), ROUTER_NO_PATH);
    assert_ptr_equal(match.party, &items[0]);
}

static void methods_that_a_path_takes(void **state)
{
    static const char *const wrong[] = {"PUT", "get", "", "GETX", "GE", "OPTIONS", "TRACE"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(find(wrong[i], "/one/things"), ROUTER_NO_METHOD);
        assert_string_equal(match.methods, "GET, POST");
        assert_null(match.route);
        assert_ptr_equal(match.party, &items[1]);
    }
    assert_int_equal(find("HEAD", "/one/things/a/parts/b"), ROUTER_NO_METHOD);
    assert_string_equal(match.methods, "DELETE");
}

/* --- what the daemon lists -------------------------------------------------------------------- */

static void the_list_of_relying_parties(void **state)
{
    static const char text[] =
        "[{\"name\":\"a\",\"id\":\"example.org\",\"http\":\"standard\",\"prefix\":\"/a\"},"
        "{\"name\":\"b\",\"id\":\"example.org\",\"http\":\"standard\",\"prefix\":\"/a/longer\","
        "\"origins\":[\"https://example.org\"],\"timeout\":60,\"tenantId\":\"t\"},"
        "{\"name\":\"same\",\"id\":\"example.org\",\"http\":\"standard\",\"prefix\":\"/a\"},"
        "{\"name\":\"x\",\"id\":\"example.org\",\"http\":\"unheard-of\",\"prefix\":\"/x\"},"
        "{\"name\":\"y\",\"id\":\"example.org\",\"http\":\"standard\",\"prefix\":\"/../y\"},"
        "{\"name\":\"z\",\"id\":\"example.org\",\"http\":\"standard\",\"prefix\":\"z\"}]";
    struct parties *list = NULL;
    PK_AUTO_FREE char *left_out = NULL;

    (void)state;
    assert_int_equal(parties_read(text, &list, &left_out), PK_OK);
    assert_int_equal(list->count, 2);
    assert_string_equal(list->items[0].name, "b");
    assert_string_equal(list->items[0].origins.items[0], "https://example.org");
    assert_int_equal(list->items[0].timeout, 60);
    assert_string_equal(list->items[0].tenant, "t");
    assert_string_equal(list->items[1].display_name, "example.org");
    assert_ptr_equal(list->items[1].dialect, dialect_of("standard"));
    assert_string_equal(left_out, "same (http = standard), x (http = unheard-of), "
                                  "y (http = standard), z (http = standard)");
    parties_unref(parties_ref(list));
    parties_unref(list);
}

static void what_is_no_list(void **state)
{
    static const char *const wrong[] = {
        "",
        "{}",
        "[1]",
        "[{}]",
        "[{\"name\":\"a\"}]",
        "[{\"name\":1,\"id\":\"b\"}]",
        "[{\"name\":\"a\",\"id\":\"b\",\"origins\":[1]}]",
        "[{\"name\":\"a\",\"name\":\"a\",\"id\":\"b\"}]",
        "[] x",
    };
    struct parties *list = NULL;
    char *left_out = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(parties_read(wrong[i], &list, &left_out), PK_INVALID_INPUT);
    assert_null(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(rows_are_found_below_their_prefix, clear),
        cmocka_unit_test_teardown(tenants_that_there_are_not, clear),
        cmocka_unit_test_teardown(captures, clear),
        cmocka_unit_test_teardown(what_is_not_there, clear),
        cmocka_unit_test_teardown(methods_that_a_path_takes, clear),
        cmocka_unit_test(the_list_of_relying_parties),
        cmocka_unit_test(what_is_no_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
