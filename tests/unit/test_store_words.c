/* SPDX-License-Identifier: BSD-2-Clause */
/* The store in words: passkeyctl status and check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/ctl/store_words.h"
#include "common/base/cleanup.h"

#include <string.h>

static const struct {
    const char *json;
    const char *words;   /* NULL: nothing is said */
    const char *trouble; /* the end of what check says; NULL: nothing */
    bool refuses;
} rows[] = {
    {"null", NULL, NULL, false},
    {"{\"kind\": \"sqlite\", \"answers\": true}", "sqlite", NULL, false},
    {"{\"kind\": \"sqlite\", \"answers\": true, \"server\": \"/var/lib/passkeyd/passkeyd.db\"}",
     "sqlite, /var/lib/passkeyd/passkeyd.db", NULL, false},
    {"{\"kind\": \"postgresql\", \"answers\": true, \"server\": \"db1\", \"lagMilliseconds\": 0}",
     "postgresql, db1, its other servers are 0 ms behind", NULL, false},
    {"{\"kind\": \"postgresql\", \"answers\": false}", "postgresql, no server answers",
     "postgresql, no server answers; nobody can sign in", true},
    {"{\"kind\": \"ldap\", \"answers\": true, \"cacheAge\": 5, \"cacheLeft\": 3595}",
     "ldap, its cache is 5 s old", NULL, false},
    {"{\"kind\": \"ldap\", \"answers\": false, \"cacheAge\": 65, \"cacheLeft\": 3535}",
     "ldap, no server answers, its cache is 65 s old, and serves for 3535 s more",
     "and serves for 3535 s more", false},
    {"{\"kind\": \"ldap\", \"answers\": false, \"cacheAge\": 65}",
     "ldap, no server answers, its cache is 65 s old", "is 65 s old", false},
    {"{\"kind\": \"ldap\", \"answers\": false, \"cacheAge\": 3601, \"cacheLeft\": 0}",
     "ldap, no server answers, its cache is 3601 s old, and serves no more",
     "and serves no more; nobody can sign in", true},
    {"{\"answers\": false}", "does not answer", "does not answer; nobody can sign in", true},
    {"{\"answers\": false, \"failure\": \"no such socket\"}", "does not answer: no such socket",
     "does not answer: no such socket; nobody can sign in", true},
    {"{\"kind\": \"\\u001b[2Jldap\", \"answers\": true, \"server\": \"\\u0007\"}", "?[2Jldap, ?",
     NULL, false},
};

static void each_state_has_its_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *store = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
        PK_AUTO_FREE char *words = store_words(store);

        json_decref(store);
        if (rows[i].words)
            assert_string_equal(words, rows[i].words);
        else
            assert_null(words);
    }
}

static void check_says_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *store = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
        bool refuses = false;
        PK_AUTO_FREE char *trouble = store_trouble(store, &refuses);
        const char *end = rows[i].trouble;

        json_decref(store);
        assert_int_equal(refuses, rows[i].refuses);
        if (!end) {
            assert_null(trouble);
            continue;
        }
        assert_non_null(trouble);
        assert_true(strlen(trouble) > strlen(end));
        assert_string_equal(trouble + strlen(trouble) - strlen(end), end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_has_its_words),
        cmocka_unit_test(check_says_what_is_wrong),
    };

    return cmocka_run_group_tests_name("store_words", tests, NULL, NULL);
}
