/* SPDX-License-Identifier: BSD-2-Clause */
/* What is common to the calls of Gateway1: for which relying parties, on whose behalf, and about
 * whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "tests/unit/gateway_scene.h"

#include <string.h>

static void only_those_over_http_exist(void **state)
{
    static const char *const others[] = {"", "default", "bare", "hosts", "none", "Portal"};
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ASK(gateway_list, others[i], key);
        assert_outcome("UnknownRelyingParty");
        ask(gateway_keys, ARGUMENTS(others[i]), NULL);
        assert_outcome("UnknownRelyingParty");
    }
    ask(gateway_relying_parties, NONE, NULL);
    assert_int_equal(json_array_size(outcome.json), 5);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(outcome.json, 0), "prefix")), "/portal");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(outcome.json, 2), "tenantId")), "7");
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(outcome.json, 3), "timeout")), 300);
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(outcome.json, 4), "timeout")), 600);
}

static void options_are_checked_before_anything_else(void **state)
{
    const char *key = option("apiKey", key_of("portal"));
    const char *bearer = option("bearer", token_of("portal", "u1"));

    (void)state;
    ASK(gateway_list, "portal", key, bearer);
    assert_outcome("InvalidArguments");
    ASK(gateway_list, "portal", key, "purpose=two words");
    assert_outcome("InvalidArguments");
    ASK(gateway_list, "portal", key, "purpose=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    assert_outcome("InvalidArguments");
    ASK(gateway_list, "portal", key, "unknown=1");
    assert_outcome("InvalidArguments");
    ASK(gateway_list, "portal", key, "purpose=a-good_1");
    assert_outcome("");
}

/* Nothing, what is empty, and what nobody made. */
static void nobody_gets_nothing(void **state)
{
    static const char *const presented[] = {"purpose=x", "apiKey=", "bearer=", "apiKey=AAAA",
                                            "bearer=a.b.c"};

    (void)state;
    ASK(gateway_issue_token, "portal", option("apiKey", key_of("portal")), "userId=u1",
        "userName=u1");
    for (size_t i = 0; i < sizeof(presented) / sizeof(presented[0]); i++) {
        const char *each = presented[i];

        ASK(gateway_begin_registration, "portal", each, "userId=u1");
        assert_outcome("NotSignedIn");
        ASK(gateway_begin_registration, "portal", each, "userName=u1");
        assert_outcome("NotSignedIn");
        /* What is public is so for who presents nothing, and not for who presents something wrong.
         */
        if (i > 0) {
            ASK(gateway_begin_authentication, "portal", each);
            assert_outcome("NotSignedIn");
        }
        ASK(gateway_begin_authentication, "portal", each, "userId=u1");
        assert_outcome("NotSignedIn");
        ASK(gateway_begin_authentication, "portal", each, "userName=u1");
        assert_outcome("NotSignedIn");
        ASK(gateway_list, "portal", each);
        assert_outcome("NotSignedIn");
        ask(gateway_rename, ARGUMENTS("portal", "AAAA"), OPTIONS(each, "name=n"));
        assert_outcome("NotSignedIn");
        ask(gateway_remove, ARGUMENTS("portal", "AAAA"), OPTIONS(each));
        assert_outcome("NotSignedIn");
        ASK(gateway_user, "portal", each, "userName=u1");
        assert_outcome("NotSignedIn");
        ASK(gateway_transactions, "portal", each, "userId=u1");
        assert_outcome("NotSignedIn");
        ASK(gateway_issue_token, "portal", each, "userId=u1");
        assert_outcome("NotSignedIn");
    }
    assert_int_equal(begun_count(), 0);
}

/* A page asks about the passkey that its device has, before anybody is known. */
static void one_passkey_is_found_by_its_id_where_that_is_public(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    const char *id;
    const json_t *item;

    (void)state;
    register_key("signal", "u1", &blue);
    id = option("credentialId", text_of("credential", "credentialId"));
    ask(gateway_list, ARGUMENTS("signal"), OPTIONS(id));
    assert_outcome("");
    assert_int_equal(json_array_size(json_object_get(outcome.json, "items")), 1);
    item = json_array_get(json_object_get(outcome.json, "items"), 0);
    assert_int_equal(json_object_size(item), 3);
    assert_non_null(json_object_get(item, "credentialId"));
    assert_non_null(json_object_get(item, "created"));
    assert_non_null(json_object_get(item, "lastUsed"));
    ask(gateway_list, ARGUMENTS("signal"), OPTIONS("credentialId=AAAA"));
    assert_outcome("");
    assert_int_equal(json_array_size(json_object_get(outcome.json, "items")), 0);
    /* Neither whose it is, nor which others there are, nor at another service. */
    ask(gateway_list, ARGUMENTS("signal"), OPTIONS(id, "userId=u1"));
    assert_outcome("NotSignedIn");
    ask(gateway_list, ARGUMENTS("signal"), NONE);
    assert_outcome("NotSignedIn");
    ask(gateway_list, ARGUMENTS("signal"), OPTIONS(id, "apiKey=AAAA"));
    assert_outcome("NotSignedIn");
    ask(gateway_list, ARGUMENTS("portal"), OPTIONS(id));
    assert_outcome("NotSignedIn");
}

static void an_api_key_is_good_at_its_relying_party(void **state)
{
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    ASK(gateway_list, "portal", key);
    assert_outcome("");
    ASK(gateway_list, "shop", key);
    assert_outcome("NotSignedIn");
}

static void a_token_is_good_for_its_user(void **state)
{
    const char *bearer = option("bearer", token_of("portal", "u1"));

    (void)state;
    ASK(gateway_user, "portal", bearer);
    assert_outcome("");
    assert_string_equal(text_of(NULL, "userId"), "u1");
    ASK(gateway_user, "portal", bearer, "userId=u1");
    assert_outcome("");
    ASK(gateway_user, "portal", bearer, "userId=u2");
    assert_outcome("AccessDenied");
    /* A name beside it names nobody else. */
    ASK(gateway_user, "portal", bearer, "userName=u2");
    assert_string_equal(text_of(NULL, "userId"), "u1");
    ASK(gateway_user, "shop", bearer);
    assert_string_not_equal(outcome.error, "");
    ASK(gateway_issue_token, "portal", bearer, "userId=u1", "userName=u2");
    assert_outcome("AccessDenied");
    ASK(gateway_user, "portal", bearer);
    assert_null(json_object_get(outcome.json, "userName"));
}

static void users_are_found_by_id_and_name(void **state)
{
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    ASK(gateway_issue_token, "portal", key, "userId=u1", "userName=one@example.org",
        "displayName=One");
    assert_outcome("");
    ASK(gateway_user, "portal", key, "userName=one@example.org");
    assert_string_equal(text_of(NULL, "userId"), "u1");
    assert_string_equal(text_of(NULL, "displayName"), "One");
    assert_true(json_is_true(json_object_get(outcome.json, "exists")));
    ASK(gateway_user, "portal", key, "userId=u2");
    assert_false(json_is_true(json_object_get(outcome.json, "exists")));
    ASK(gateway_user, "portal", key, "userId=u2", "userName=one@example.org");
    assert_false(json_is_true(json_object_get(outcome.json, "exists")));
    ASK(gateway_user, "portal", key, "userName=two@example.org");
    assert_false(json_is_true(json_object_get(outcome.json, "exists")));
    ASK(gateway_user, "portal", key);
    assert_outcome("InvalidArguments");
}

/* As Cloudreve's form tells whether a passkey can be used; and no more than that. */
static void what_a_name_tells(void **state)
{
    const char *key = option("apiKey", key_of("files"));
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    PK_AUTO_FREE char *response = NULL;
    PK_AUTO_FREE char *id = NULL;

    (void)state;
    ASK(gateway_begin_registration, "files", key, "userId=u1", "userName=one@example.org");
    response = registered_by(&blue);
    id = strdup(outcome.id);
    ask(gateway_finish_registration, ARGUMENTS("files", id, response), NONE);
    assert_outcome("");
    ASK(gateway_user, "files", "userName=one@example.org");
    assert_int_equal(json_object_size(outcome.json), 2);
    assert_true(json_is_true(json_object_get(outcome.json, "exists")));
    assert_int_equal(json_integer_value(json_object_get(outcome.json, "passkeys")), 1);
    ASK(gateway_user, "files", "userId=u1");
    assert_outcome("NotSignedIn");
}

static enum pk_status fail_to_list(struct store *store, const char *rp, struct api_key_list *ret)
{
    (void)store, (void)rp, (void)ret;
    store_set_error("the disk is gone");
    return PK_STORAGE;
}

/* What the store said is for the log, and not for whoever has the gateway. */
static void a_store_that_fails_lets_nobody_in(void **state)
{
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    store_verbs()->api_key_list = fail_to_list;
    ASK(gateway_list, "portal", key);
    assert_outcome("StorageFailure");
    assert_null(strstr(outcome.text, "disk"));
    assert_int_equal(log_count("the disk is gone"), 1);
}

int main(void)
{
#define TEST(function) TABLE(function), SHARED(function)
    const struct CMUnitTest tests[] = {
        TEST(only_those_over_http_exist),
        TEST(options_are_checked_before_anything_else),
        TEST(nobody_gets_nothing),
        TEST(one_passkey_is_found_by_its_id_where_that_is_public),
        TEST(an_api_key_is_good_at_its_relying_party),
        TEST(a_token_is_good_for_its_user),
        TEST(users_are_found_by_id_and_name),
        TEST(what_a_name_tells),
        TEST(a_store_that_fails_lets_nobody_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
