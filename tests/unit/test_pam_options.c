/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/pam_options.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX 9

static enum pk_status parse(const char *const *words, struct options *options, const char **bad)
{
    const char *argv[WORDS_MAX];
    int argc = 0;

    while (words[argc]) {
        argv[argc] = words[argc];
        argc++;
    }
    return options_parse(argc, argv, options, bad);
}

static void nothing_is_every_default(void **state)
{
    const char *const none[] = {NULL};
    struct options options = {.nullok = true};
    const char *bad = NULL;

    (void)state;
    assert_int_equal(parse(none, &options, &bad), PK_OK);
    assert_null(options.rp);
    assert_null(options.uv);
    assert_null(options.methods);
    assert_int_equal(options.timeout, 0);
    assert_false(options.nullok || options.identify || options.debug || options.quiet);
}

static void every_option_is_read(void **state)
{
    const char *const words[] = {"rp=corp.example@a+b",
                                 "timeout=600",
                                 "uv=required",
                                 "methods=local,recovery",
                                 "nullok",
                                 "identify",
                                 "debug",
                                 "quiet",
                                 NULL};
    struct options options;
    const char *bad = NULL;

    (void)state;
    assert_int_equal(parse(words, &options, &bad), PK_OK);
    assert_string_equal(options.rp, "corp.example@a+b");
    assert_int_equal(options.timeout, 600);
    assert_string_equal(options.uv, "required");
    assert_string_equal(options.methods, "local,recovery");
    assert_false(options.old_name);
    assert_true(options.nullok && options.identify && options.debug && options.quiet);
}

static void valid_values(void **state)
{
    static const char *const words[] = {"timeout=1",
                                        "timeout=060",
                                        "uv=preferred",
                                        "uv=discouraged",
                                        "rp=default",
                                        "methods=local",
                                        "methods=ssh",
                                        "methods=recovery,agent,local",
                                        "transports=local",
                                        "transports=ssh",
                                        "transports=recovery,agent,local"};

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *const one[] = {words[i], NULL};
        struct options options;
        const char *bad = NULL;

        if (parse(one, &options, &bad) != PK_OK)
            fail_msg("refused: %s", words[i]);
    }
}

static void everything_else_is_refused(void **state)
{
    static const char *const words[] = {
        "",
        "=",
        "nullok=1",
        "NULLOK",
        "null_ok",
        "nullok ",
        "Debug",
        "debug=",
        "rp",
        "rp=",
        "rp=a b",
        "rp=a/b",
        "rp=\xc3\xa4",
        "timeout",
        "timeout=",
        "timeout=0",
        "timeout=-1",
        "timeout=601",
        "timeout=4294967297",
        "timeout=1s",
        "timeout= 1",
        "timeout=0x1",
        "uv",
        "uv=",
        "uv=Required",
        "uv=requiredx",
        "uv=none",
        "methods=",
        "methods=,",
        "methods=local,",
        "methods=,local",
        "methods=local,local",
        "methods=usb",
        "methods=Local",
        "transports=",
        "transports=,",
        "transports=local,",
        "transports=,local",
        "transports=local,local",
        "transports=usb",
        "transports=Local",
        "unknown",
        "file=/etc/passwd",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *const after_good[] = {"quiet", words[i], NULL};
        struct options options = {.timeout = 77};
        const char *bad = NULL;

        if (parse(after_good, &options, &bad) != PK_CONFIG)
            fail_msg("accepted: %s", words[i]);
        assert_ptr_equal(bad, words[i]);
        /* Nothing is written on failure. */
        assert_int_equal(options.timeout, 77);
        assert_false(options.quiet);
    }
}

static void nothing_may_be_said_twice(void **state)
{
    static const char *const pairs[][2] = {
        {"rp=a", "rp=a"},
        {"timeout=5", "timeout=6"},
        {"uv=required", "uv=discouraged"},
        {"methods=local", "methods=ssh"},
        {"transports=local", "transports=ssh"},
        {"methods=local", "transports=local"},
        {"transports=local", "methods=local"},
        {"nullok", "nullok"},
        {"quiet", "quiet"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const char *const words[] = {pairs[i][0], pairs[i][1], NULL};
        struct options options;
        const char *bad = NULL;

        assert_int_equal(parse(words, &options, &bad), PK_CONFIG);
        assert_ptr_equal(bad, pairs[i][1]);
    }
}

static void methods_that_are_left_out(void **state)
{
    static const struct {
        const char *word;
        bool agent;
    } cases[] = {
        {"quiet", true},
        {"methods=agent", true},
        {"methods=local,agent", true},
        {"methods=agent,local", true},
        {"methods=local", false},
        {"methods=local,recovery", false},
        {"transports=ssh,agent", true},
        {"transports=ssh", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const words[] = {cases[i].word, NULL};
        struct options options;
        const char *bad = NULL;

        assert_int_equal(parse(words, &options, &bad), PK_OK);
        assert_int_equal(options_allow(&options, PK_METHOD_AGENT), cases[i].agent);
    }
}

static void the_old_name_of_methods_is_noticed(void **state)
{
    const char *const words[] = {"transports=local,recovery", NULL};
    struct options options;
    const char *bad = NULL;

    (void)state;
    assert_int_equal(parse(words, &options, &bad), PK_OK);
    assert_string_equal(options.methods, "local,recovery");
    assert_true(options.old_name);
}

/* Where two requests want a key, "press Enter" says nothing without the lines before it. */
static void quiet_leaves_what_an_act_is_for(void **state)
{
    static const char *const shown[] = {"touch", "verify",     "insert", "remove",
                                        "busy",  "contention", "confirm"};

    (void)state;
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        assert_true(options_needs_act(shown[i]));
    assert_false(options_needs_act("removed"));
    assert_false(options_needs_act(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_every_default),
        cmocka_unit_test(every_option_is_read),
        cmocka_unit_test(valid_values),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(nothing_may_be_said_twice),
        cmocka_unit_test(methods_that_are_left_out),
        cmocka_unit_test(the_old_name_of_methods_is_noticed),
        cmocka_unit_test(quiet_leaves_what_an_act_is_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
