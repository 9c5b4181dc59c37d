/* SPDX-License-Identifier: BSD-2-Clause */
/* Enrolling by the browser method: nothing is stored before the code, and a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/begin_enrollment.h"
#include "tests/unit/browser_answers.h"

#include <string.h>

static void ask(const char *name)
{
    begin_enrollment(&(struct wish){.name = name, .methods = {{PK_METHOD_BROWSER}, 1}});
    claim[0] = '\0';
    read_link();
}

static void a_passkey_is_enrolled(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    ask(NULL);
    assert_non_null(strstr(seen()->text, "to enrol it for alice"));
    use(&key);
    assert_int_equal(challenges(), 0);
    assert_int_equal(passkeys(), 0);
    type(code);
    assert_said("ask", "name");
    assert_null(found());
    assert_int_equal(passkeys(), 0);
    type("my browser");
    assert_said("done", "ok");
    assert_non_null(strstr(seen()->credential, "\"name\":\"my browser\""));
    assert_int_equal(passkeys(), 1);
    skip_time(PK_LINK_LIFETIME);
    assert_int_equal(log_count("not enrolled"), 0);
}

static void names(void **state)
{
    AUTO_SOFT_KEY struct soft_key first = soft_key_new(ES256, "first");
    AUTO_SOFT_KEY struct soft_key second = soft_key_new(ES256, "second");
    AUTO_SOFT_KEY struct soft_key third = soft_key_new(ES256, "third");

    (void)state;
    ask(NULL);
    use(&first);
    type(code);
    type("bell\a");
    assert_said("error", "invalid-argument");
    type(NULL);
    assert_said("ask", "name");
    type("");
    assert_non_null(strstr(seen()->credential, "\"name\":\"passkey\""));
    ask(NULL);
    use(&second);
    type(code);
    type("passkey");
    assert_non_null(strstr(seen()->credential, "\"name\":\"passkey 2\""));
    ask("given");
    use(&third);
    type(code);
    assert_non_null(strstr(seen()->credential, "\"name\":\"given\""));
}

/* Somebody else has the link, and no terminal. */
static void nothing_without_the_code(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    ask(NULL);
    use(&key);
    for (unsigned i = 1; i < PK_BROWSER_TRIES; i++) {
        type("0");
        assert_said("error", "browser-code-invalid");
        type(NULL);
        assert_said("ask", "browser");
    }
    type("0");
    assert_said("done", "browser-code-invalid");
    assert_int_equal(passkeys(), 0);
    ask(NULL);
    use(&key);
    type("");
    assert_said("done", "cancelled");
    assert_int_equal(passkeys(), 0);
    skip_time(PK_LINK_LIFETIME);
    assert_int_equal(log_count("not enrolled: its code was not typed"), 2);
}

static void wrong_answers(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    json_t *options;
    char *json;

    (void)state;
    ask(NULL);
    options = begin();
    json = answer(options, &key, "ssh://" SSH_HOST);
    finish(json);
    assert_null(found());
    type("000000");
    assert_said("done", "origin-mismatch");
    json_decref(options);
    free(json);
    ask(NULL);
    json_decref(begin());
    finish("{}");
    type("000000");
    assert_said("done", "response-malformed");
    assert_int_equal(passkeys(), 0);
}

static void what_the_page_says(void **state)
{
    json_t *page;

    (void)state;
    ask(NULL);
    page = link_json(found());
    assert_string_equal(json_string_value(json_object_get(json_object_get(page, "context"), "act")),
                        "enroll");
    json_decref(page);
    link_disown(found());
    type("000000");
    assert_said("done", "denied");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_passkey_is_enrolled, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(names, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(nothing_without_the_code, browser_set_up,
                                        browser_tear_down),
        cmocka_unit_test_setup_teardown(wrong_answers, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(what_the_page_says, browser_set_up, browser_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
