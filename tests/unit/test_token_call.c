/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_exchange.h"

static int begin(void **state)
{
    (void)state;
    fake_start(&dialect_cloudreve);
    fake_header("apiKey", "secret");
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_stop();
    return 0;
}

static void an_application_gets_a_token(void **state)
{
    (void)state;
    fake_request("POST /tokens", "{\"userId\":\"u1\",\"userName\":\"a@b\",\"other\":1}");
    fake_call_has(PARTY_ISSUE_TOKEN, "{'apiKey':'secret','userId':'u1','userName':'a@b'}");
    fake_done("{'token':'t','expires':5}");
    fake_answered(200, NULL, "{'token':'t','expires':5}");
}

static void what_is_no_request_is_refused(void **state)
{
    static const char *const bodies[] = {
        NULL, "[]", "{}", "{\"userId\":\"\"}", "{\"userId\":7}", "{\"userId\":\"u\",\"email\":7}"};

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        fake_request("POST /tokens", bodies[i]);
        assert_false(fake_is_asked());
        assert_int_equal(json_integer_value(json_object_get(fake_answer(200, NULL), "code")),
                         40001);
    }
}

static void a_wrong_key_is_refused_in_the_words_of_the_service(void **state)
{
    (void)state;
    fake_request("POST /tokens", "{\"userId\":\"u1\"}");
    fake_failed(PARTY_NOT_SIGNED_IN, "");
    assert_int_equal(json_integer_value(json_object_get(fake_answer(200, NULL), "code")), 401);
    fake_header("apiKey", NULL);
    fake_request("POST /tokens", "{\"userId\":\"u1\"}");
    assert_false(fake_is_asked());
    assert_int_equal(json_integer_value(json_object_get(fake_answer(200, NULL), "code")), 401);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(an_application_gets_a_token),
        TEST(what_is_no_request_is_refused),
        TEST(a_wrong_key_is_refused_in_the_words_of_the_service),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
