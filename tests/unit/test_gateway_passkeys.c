/* SPDX-License-Identifier: BSD-2-Clause */
/* List, Rename, Remove, IssueToken, CheckToken and Keys of Gateway1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "tests/unit/gateway_scene.h"

#include <string.h>

#define BLUE "Ymx1ZQ" /* the id "blue" in base64url */
#define RED  "cmVk"

static int two_users(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(ES256, "red");

    if (gateway_set_up(state))
        return -1;
    register_key("portal", "u1", &blue);
    register_key("portal", "u2", &red);
    return 0;
}

/* The ids of the list, one after the other, and how many there are in all. */
static void assert_listed(const char *ids, unsigned total)
{
    const json_t *items = json_object_get(outcome.json, "items");
    char found[256] = "";

    for (size_t i = 0; i < json_array_size(items); i++)
        (void)snprintf(
            found + strlen(found), sizeof(found) - strlen(found), "%s%s", i ? " " : "",
            json_string_value(json_object_get(json_array_get(items, i), "credentialId")));
    assert_outcome("");
    assert_string_equal(found, ids);
    assert_int_equal(json_integer_value(json_object_get(outcome.json, "total")), total);
}

static void an_application_lists_all_and_a_user_their_own(void **state)
{
    const char *key = option("apiKey", key_of("portal"));
    const char *bearer = option("bearer", token_of("portal", "u1"));

    (void)state;
    ASK(gateway_list, "portal", key, "oldestFirst?1");
    assert_listed(BLUE " " RED, 2);
    ASK(gateway_list, "portal", key, "oldestFirst?1", "limit:1");
    assert_listed(BLUE, 2);
    ASK(gateway_list, "portal", key, "oldestFirst?1", "limit:1", "offset:1");
    assert_listed(RED, 2);
    ASK(gateway_list, "portal", key, "userId=u2");
    assert_listed(RED, 1);
    ASK(gateway_list, "portal", key, "userId=u3");
    assert_listed("", 0);
    ASK(gateway_list, "portal", key, "credentialId=" BLUE);
    assert_listed(BLUE, 1);
    ASK(gateway_list, "portal", key, "credentialId=");
    assert_outcome("InvalidArguments");
    ASK(gateway_list, "portal", bearer);
    assert_listed(BLUE, 1);
    ASK(gateway_list, "portal", bearer, "credentialId=" RED);
    assert_listed("", 0);
    ASK(gateway_list, "portal", bearer, "userId=u2");
    assert_outcome("AccessDenied");
    ASK(gateway_list, "shop", option("apiKey", key_of("shop")));
    assert_listed("", 0);
}

static void passkeys_are_changed_by_their_own(void **state)
{
    const char *bearer = option("bearer", token_of("portal", "u1"));
    const char *shops = option("apiKey", key_of("shop"));

    (void)state;
    ask(gateway_rename, ARGUMENTS("portal", RED), OPTIONS(bearer, "name=mine"));
    assert_outcome("UnknownCredential");
    ask(gateway_remove, ARGUMENTS("portal", RED), OPTIONS(bearer));
    assert_outcome("UnknownCredential");
    ask(gateway_remove, ARGUMENTS("shop", RED), OPTIONS(shops));
    assert_outcome("UnknownCredential");
    ask(gateway_rename, ARGUMENTS("portal", BLUE), OPTIONS(bearer, "name=mine"));
    assert_outcome("");
    assert_string_equal(text_of(NULL, "name"), "mine");
    ask(gateway_rename, ARGUMENTS("portal", BLUE), OPTIONS(bearer));
    assert_outcome("InvalidArguments");
    ask(gateway_rename, ARGUMENTS("portal", "not base64"), OPTIONS(bearer, "name=mine"));
    assert_outcome("InvalidArguments");
    ask(gateway_remove, ARGUMENTS("portal", BLUE), OPTIONS(bearer));
    assert_outcome("");
    assert_int_equal(log_count("removed, through the gateway, by uid 990"), 1);
    ask(gateway_remove, ARGUMENTS("portal", BLUE), OPTIONS(bearer));
    assert_outcome("UnknownCredential");
    ask(gateway_remove, ARGUMENTS("portal", RED), OPTIONS(option("apiKey", key_of("portal"))));
    assert_outcome("");
}

static void an_application_gives_its_users_tokens(void **state)
{
    const char *key = option("apiKey", key_of("portal"));
    PK_AUTO_FREE char *token = NULL;

    (void)state;
    ASK(gateway_issue_token, "portal", key, "userId=u1", "email=one@example.org", "action=enrol",
        "lifetime:60");
    assert_outcome("");
    assert_true(json_is_true(json_object_get(outcome.json, "enrolled")));
    assert_string_equal(text_of(NULL, "userName"), "one@example.org");
    token = strdup(text_of(NULL, "token"));
    ask(gateway_check_token, ARGUMENTS("portal", token), NONE);
    assert_true(json_is_true(json_object_get(outcome.json, "valid")));
    assert_false(json_is_true(json_object_get(outcome.json, "approved")));
    assert_string_equal(text_of("claims", "action"), "enrol");
    ask(gateway_check_token, ARGUMENTS("shop", token), NONE);
    assert_outcome("");
    assert_false(json_is_true(json_object_get(outcome.json, "valid")));
    ask(gateway_check_token, ARGUMENTS("portal", "a.b.c"), NONE);
    assert_string_equal(text_of(NULL, "reason"), "not-signed-in");
    ASK(gateway_issue_token, "portal", key, "userId=u3");
    assert_false(json_is_true(json_object_get(outcome.json, "enrolled")));
    ASK(gateway_issue_token, "portal", key);
    assert_outcome("InvalidArguments");
    ASK(gateway_issue_token, "portal", key, "userId=u1", "userName=\n");
    assert_outcome("InvalidArguments");
}

static void keys_are_public(void **state)
{
    (void)state;
    ask(gateway_keys, ARGUMENTS("portal"), NULL);
    assert_outcome("");
    assert_int_equal(json_array_size(json_object_get(outcome.json, "keys")), 1);
    assert_null(json_object_get(json_array_get(json_object_get(outcome.json, "keys"), 0), "d"));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, two_users, gateway_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_application_lists_all_and_a_user_their_own),
        TEST(passkeys_are_changed_by_their_own),
        TEST(an_application_gives_its_users_tokens),
        TEST(keys_are_public),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
