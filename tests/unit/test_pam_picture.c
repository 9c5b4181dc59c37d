/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a QR code is seen as one. If this failed, a person would be shown rubbish, or no phone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pam/picture.h"

#include <string.h>

static const char *all, *type, *language;

static const char *value(const char *name)
{
    return strcmp(name, "LC_ALL") == 0     ? all
           : strcmp(name, "LC_CTYPE") == 0 ? type
           : strcmp(name, "LANG") == 0     ? language
                                           : NULL;
}

static void the_first_that_is_set_counts(void **state)
{
    static const struct {
        const char *all, *type, *language;
        bool utf8;
    } rows[] = {
        {NULL, NULL, NULL, true}, /* a console before login */
        {"", "", "", true},
        {NULL, NULL, "C", false},
        {NULL, NULL, "de_DE.ISO-8859-1", false},
        {NULL, NULL, "de_DE.UTF-8", true},
        {NULL, NULL, "C.utf8", true},
        {NULL, "C", "de_DE.UTF-8", false},
        {NULL, "C.UTF-8", "C", true},
        {"C", "C.UTF-8", "C.UTF-8", false},
        {"", "C.UTF-8", "C", true},
        {"en_US.utf-8", "C", "C", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        all = rows[i].all;
        type = rows[i].type;
        language = rows[i].language;
        assert_int_equal(picture_locale_is_utf8(value), rows[i].utf8);
    }
}

static void a_phones_code_takes_room(void **state)
{
    (void)state;
    assert_true(picture_room_has_code(&(struct winsize){.ws_row = 24, .ws_col = 60}));
    assert_true(picture_room_has_code(&(struct winsize){.ws_row = 0, .ws_col = 0}));
    assert_false(picture_room_has_code(&(struct winsize){.ws_row = 23, .ws_col = 80}));
    assert_false(picture_room_has_code(&(struct winsize){.ws_row = 24, .ws_col = 59}));
}

/* Half blocks are three bytes each, and one column. */
static void a_picture_fits_or_not(void **state)
{
    static const char picture[] = "Look:\n\u2580\u2584\u2588\u2580\u2584\u2588\n\u2580";

    (void)state;
    assert_true(picture_fits(&(struct winsize){.ws_row = 3, .ws_col = 6}, picture));
    assert_true(picture_fits(&(struct winsize){.ws_row = 0, .ws_col = 0}, picture));
    assert_false(picture_fits(&(struct winsize){.ws_row = 2, .ws_col = 6}, picture));
    assert_false(picture_fits(&(struct winsize){.ws_row = 3, .ws_col = 5}, picture));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_is_set_counts),
        cmocka_unit_test(a_phones_code_takes_room),
        cmocka_unit_test(a_picture_fits_or_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
