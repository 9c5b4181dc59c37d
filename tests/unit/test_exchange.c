/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/authority.h"
#include "gateway/exchange_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct exchange *exchange;
static unsigned woken;

static int set_up(void **state)
{
    (void)state;
    exchange = exchange_new(NULL, "/a?b=c");
    woken = 0;
    return exchange ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    exchange_free(exchange);
    return 0;
}

static enum pk_status take(const char *name, const char *value)
{
    return exchange_take_header(exchange, pk_view_string(name), pk_view_string(value));
}

static void headers(void **state)
{
    (void)state;
    assert_int_equal(take("Content-Type", "a"), PK_OK);
    assert_string_equal(exchange_header(exchange, "content-TYPE"), "a");
    assert_null(exchange_header(exchange, "content"));
    assert_int_equal(take("CONTENT-type", "a"), PK_INVALID_INPUT);
    assert_int_equal(take("Accept", "a"), PK_OK);
    assert_int_equal(take("Accept", "b"), PK_OK);
    assert_int_equal(take("X-Anything", "a"), PK_OK);
    assert_int_equal(take("x-anything", "b"), PK_INVALID_INPUT);
    assert_int_equal(take("X-Control", "a\nb"), PK_INVALID_INPUT);
    /* To a proxy these may be a length. */
    assert_int_equal(take("Content-Length ", "1"), PK_INVALID_INPUT);
    assert_int_equal(take(" Content-Length", "1"), PK_INVALID_INPUT);
    assert_int_equal(take("Content-Length\t", "1"), PK_INVALID_INPUT);
    assert_int_equal(take("Content(Length", "1"), PK_INVALID_INPUT);
    assert_int_equal(take("", "1"), PK_INVALID_INPUT);
    assert_int_equal(take("!#$%&'*+-.^_`|~09azAZ", "1"), PK_OK);
    assert_int_equal(exchange_take_header(exchange, pk_view_string("X-Nul"),
                                          (struct pk_view){(const uint8_t *)"a\0b", 3}),
                     PK_INVALID_INPUT);
    assert_int_equal(take("X-Empty", ""), PK_OK);
    assert_string_equal(exchange_header(exchange, "x-empty"), "");
}

static void so_many_headers(void **state)
{
    static char long_value[EXCHANGE_HEADER_BYTES];
    char name[16];

    (void)state;
    for (unsigned i = 0; i < EXCHANGE_HEADERS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "x-%u", i);
        assert_int_equal(take(name, ""), PK_OK);
    }
    assert_int_equal(take("one-more", ""), PK_TOO_LARGE);
    (void)memset(long_value, 'x', sizeof(long_value) - 1);
    exchange->header_count--;
    free(exchange->headers[exchange->header_count].name);
    free(exchange->headers[exchange->header_count].value);
    assert_int_equal(take("long", long_value), PK_TOO_LARGE);
}

static void ids(void **state)
{
    static const char id[] = "0aAbBc12-0000-4000-8000-000000000000";
    char own[EXCHANGE_ID_SIZE];

    (void)state;
    (void)memcpy(own, exchange_id(exchange), sizeof(own));
    assert_int_equal(strlen(own), 36);
    assert_int_equal(own[14], '4');
    assert_int_equal(take("X-Request-Id", "0aAbBc12-0000-4000-8000-00000000000g"), PK_OK);
    assert_string_equal(exchange_id(exchange), own);
    assert_int_equal(take("X-Other", id), PK_OK);
    assert_string_equal(exchange_id(exchange), own);
    assert_int_equal(take("X-Cr-Correlation-Id", id), PK_OK);
    assert_string_equal(exchange_id(exchange), id);
}

static void body(const char *type, const char *text, size_t len)
{
    exchange_free(exchange);
    exchange = exchange_new(NULL, "/");
    assert_non_null(exchange);
    if (type)
        assert_int_equal(take("Content-Type", type), PK_OK);
    assert_int_equal(exchange_take_body(exchange, (struct pk_view){(const uint8_t *)text, len}),
                     PK_OK);
}

static void json(void **state)
{
    static const char good[] = " {\"a\": [1, \"\\u00f6\"]} \n";
    static const char *const bad[] = {
        "{",
        "[]",
        "1",
        "{} {}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":\"\xff\"}",
        "{'a':1}",
        "{\"a\":NaN}",
        "\"a\"",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\u0000\"}",
        " ",
    };
    const json_t *read = NULL;
    const char *why = NULL;

    (void)state;
    assert_int_equal(exchange_json(exchange, &read, &why), PK_NOT_FOUND);
    body("application/json", good, strlen(good));
    assert_int_equal(exchange_json(exchange, &read, &why), PK_OK);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(read, "a"), 0)), 1);
    assert_int_equal(exchange_json(exchange, &read, &why), PK_OK); /* twice is once */
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        body("application/json", bad[i], strlen(bad[i]));
        if (exchange_json(exchange, &read, &why) != PK_INVALID_INPUT)
            fail_msg("%s was taken", bad[i]);
        assert_non_null(why);
    }
    body("application/json", "{}\0", 3);
    assert_int_equal(exchange_json(exchange, &read, &why), PK_INVALID_INPUT);
    body("text/plain", good, strlen(good));
    assert_int_equal(exchange_json(exchange, &read, &why), PK_INVALID_INPUT);
    body(NULL, good, strlen(good));
    assert_int_equal(exchange_json(exchange, &read, &why), PK_INVALID_INPUT);
    for (size_t len = 1; len < strlen(good) - 2; len++) {
        body("application/json", good, len);
        assert_int_equal(exchange_json(exchange, &read, &why), PK_INVALID_INPUT);
    }
}

static void a_body_has_a_size(void **state)
{
    static uint8_t bytes[EXCHANGE_BODY_MAX];

    (void)state;
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(
            exchange_take_body(exchange, (struct pk_view){bytes, EXCHANGE_BODY_MAX / 16}), PK_OK);
    assert_int_equal(exchange_take_body(exchange, (struct pk_view){bytes, 0}), PK_OK);
    assert_int_equal(exchange_take_body(exchange, (struct pk_view){bytes, 1}), PK_TOO_LARGE);
    assert_int_equal(exchange->body.len, EXCHANGE_BODY_MAX);
}

static void wake(void *data)
{
    (void)data;
    woken++;
}

static void it_is_answered_once(void **state)
{
    (void)state;
    exchange->wake = wake;
    exchange_add_header(exchange, "X-A", "b");
    exchange_add_header(exchange, "X-B", "c\r\nX-C: d");
    exchange_answer(exchange, 201, json_pack("{s:i}", "a", 1));
    exchange_answer(exchange, 500, NULL);
    exchange_answer_text(exchange, 500, "text/plain", "x");
    exchange_add_header(exchange, "X-Late", "b");
    assert_int_equal(woken, 1);
    assert_int_equal(exchange->status, 201);
    assert_string_equal(exchange->text, "{\"a\":1}");
    assert_string_equal(exchange->media_type, "application/json");
    assert_int_equal(exchange->line_count, 1);
    assert_string_equal(exchange->lines[0].name, "X-A");
}

static void a_media_type_of_its_own(void **state)
{
    (void)state;
    exchange_add_header(exchange, "content-type", "application/json; charset=utf-8");
    exchange_answer(exchange, 200, json_object());
    assert_null(exchange->media_type);
    assert_int_equal(exchange->status, 200);
}

static void release(void *data)
{
    (*(unsigned *)data)++;
}

static void what_is_kept_is_released_once(void **state)
{
    unsigned first = 0;
    unsigned second = 0;

    (void)state;
    exchange_keep(exchange, &first, release);
    assert_ptr_equal(exchange_kept(exchange), &first);
    exchange_keep(exchange, &second, release);
    assert_int_equal(first, 1);
    exchange_free(exchange);
    assert_int_equal(second, 1);
    exchange = exchange_new(NULL, "/");
}

/* --- what was presented ----------------------------------------------------------------------- */

static void presents(const char *name, const char *value, enum access access, const char *option,
                     const char *expected)
{
    static char tenant[] = "tenant:1";
    static struct party party = {.tenant = tenant};
    json_t *options = json_object();

    tenant[6] = 0;
    exchange_free(exchange);
    exchange = exchange_new(NULL, "/");
    exchange->party = &party;
    assert_int_equal(take(name, value), PK_OK);
    assert_int_equal(dialect_add_authority(exchange, access, options), expected != NULL);
    if (expected)
        assert_string_equal(json_string_value(json_object_get(options, option)), expected);
    assert_int_equal(json_object_size(options), expected != NULL);
    json_decref(options);
}

static void authority(void **state)
{
    (void)state;
    presents("ApiKey", "k", ACCESS_API_KEY, "apiKey", "k");
    presents("X-API-Key", "k", ACCESS_API_KEY, "apiKey", "k");
    presents("ApiKey", "", ACCESS_API_KEY, "apiKey", NULL);
    presents("ApiKey", " \tk \t", ACCESS_API_KEY, "apiKey", "k");
    presents("ApiKey", " \t ", ACCESS_API_KEY, "apiKey", NULL);
    presents("Authorization", "Bearer t ", ACCESS_BEARER, "bearer", "t");
    presents("Authorization", "Bearer k", ACCESS_API_KEY, "apiKey", NULL);
    presents("Authorization", "Bearer t", ACCESS_BEARER, "bearer", "t");
    presents("Authorization", "bearer  t", ACCESS_BEARER, "bearer", "t");
    presents("Authorization", "Bearer", ACCESS_BEARER, "bearer", NULL);
    presents("Authorization", "Bearer ", ACCESS_BEARER, "bearer", NULL);
    presents("Authorization", "Bearert", ACCESS_BEARER, "bearer", NULL);
    presents("ApiKey", "k", ACCESS_BEARER, "bearer", NULL);
    presents("ApiKey", "k", ACCESS_BEARER_OR_API_KEY, "apiKey", "k");
    presents("Authorization", "Bearer t", ACCESS_BEARER_OR_API_KEY, "bearer", "t");
    presents("Authorization", "Basic czNjcmV0Og==", ACCESS_SECRET, "apiKey", "s3cret");
    presents("Authorization", "Basic czNjcmV0", ACCESS_SECRET, "apiKey", "s3cret");
    presents("Authorization", "Basic czNjcmV0OnB3", ACCESS_SECRET, "apiKey", NULL);
    presents("Authorization", "Basic Og==", ACCESS_SECRET, "apiKey", NULL);
    presents("Authorization", "Basic !", ACCESS_SECRET, "apiKey", NULL);
    presents("Authorization", "Basic /w==", ACCESS_SECRET, "apiKey", NULL);
    presents("Authorization", "Basic AGE=", ACCESS_SECRET, "apiKey", NULL);
    presents("Authorization", "Bearer t", ACCESS_PUBLIC, "bearer", NULL);
}

static bool suffices(const char *value, enum access access)
{
    presents("Authorization", value, ACCESS_PUBLIC, "", NULL);
    return authority_suffices(exchange, access);
}

static void what_rows_need(void **state)
{
    (void)state;
    assert_true(suffices("Basic dGVuYW50", ACCESS_TENANT)); /* tenant */
    assert_true(suffices("Basic dGVuYW50Og==", ACCESS_TENANT));
    assert_false(suffices("Basic b3RoZXI6", ACCESS_TENANT)); /* other */
    assert_false(suffices("Bearer t", ACCESS_TENANT));
    assert_true(suffices("Basic dGVuYW50", ACCESS_BEARER_OR_TENANT));
    assert_true(suffices("Bearer t", ACCESS_BEARER_OR_TENANT));
    assert_false(suffices("Basic b3RoZXI6", ACCESS_BEARER_OR_TENANT));
    assert_false(suffices("Basic dGVuYW50", ACCESS_BEARER));
    assert_true(suffices("x", ACCESS_PUBLIC));
    assert_false(suffices("x", ACCESS_API_KEY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(so_many_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ids, set_up, tear_down),
        cmocka_unit_test_setup_teardown(json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_has_a_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_is_answered_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_media_type_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_kept_is_released_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(authority, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_rows_need, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
