/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of PAM files, against tests/vectors/pam: NAME, and what is in it as NAME.lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/ctl/pam_line.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "tests/unit/scratch.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *action_name(unsigned action)
{
    static const char *const names[] = {"ignore", "ok", "done", "bad", "die", "reset"};

    return action < PAM_JUMP ? strdup(names[action]) : pk_text_format("%u", action - PAM_JUMP + 1);
}

/* "NUMBER [-]TYPE KIND SUCCESS/FAILURE/IGNORE TARGET WORDS", each word in brackets. */
static void describe(const struct pam_line *line, FILE *to)
{
    static const char *const types[] = {"auth", "account", "password", "session"};
    static const char *const kinds[] = {"module", "include", "substack", "@include", "broken"};
    PK_AUTO_FREE char *success = action_name(line->actions[PAM_RESULT_SUCCESS]);
    PK_AUTO_FREE char *failure = action_name(line->actions[PAM_RESULT_AUTH_ERR]);
    PK_AUTO_FREE char *ignore = action_name(line->actions[PAM_RESULT_IGNORE]);

    (void)fprintf(to, "%u %s%s %s ", line->number, line->quiet ? "-" : "",
                  line->kind == PAM_KIND_ALL ? "all" : types[line->type], kinds[line->kind]);
    if (line->kind == PAM_KIND_BROKEN) {
        (void)fprintf(to, "%s\n", line->broken);
        return;
    }
    if (line->kind == PAM_KIND_MODULE)
        (void)fprintf(to, "%s/%s/%s ", success, failure, ignore);
    (void)fprintf(to, "%s", line->target);
    for (size_t i = 0; i < line->word_count; i++)
        (void)fprintf(to, " [%s]", line->words[i]);
    (void)fputc('\n', to);
}

static char *describe_all(struct pk_view text, size_t *ret_broken)
{
    struct pam_line *line = malloc(sizeof(*line));
    char *out = NULL;
    size_t len = 0;
    unsigned number = 0;
    FILE *to = open_memstream(&out, &len);

    *ret_broken = 0;
    while (pam_line_take(&text, &number, line)) {
        describe(line, to);
        *ret_broken += line->kind == PAM_KIND_BROKEN;
    }
    (void)fclose(to);
    free(line);
    return out;
}

static void each_vector(const char *folder,
                        void (*check)(const char *path, const char *text, size_t len))
{
    PK_AUTO_FREE char *pattern =
        pk_text_format("%s/tests/vectors/pam/%s/*", getenv("srcdir"), folder);
    size_t seen = 0;
    glob_t found;

    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        size_t len = 0;
        PK_AUTO_FREE char *text = scratch_read(found.gl_pathv[i], &len);

        if (strstr(found.gl_pathv[i], ".lines"))
            continue;
        check(found.gl_pathv[i], text, len);
        seen++;
    }
    globfree(&found);
    assert_true(seen >= 6);
}

static void compare(const char *path, const char *text, size_t len)
{
    size_t broken;
    PK_AUTO_FREE char *name = pk_text_format("%s.lines", path);
    PK_AUTO_FREE char *expected = scratch_read(name, NULL);
    PK_AUTO_FREE char *got = describe_all((struct pk_view){(const uint8_t *)text, len}, &broken);

    if (strcmp(got, expected) != 0)
        fail_msg("%s:\n%s", path, got);
    assert_int_equal(broken > 0, strstr(path, "/invalid/") != NULL);
}

/* In memory of just that size; what was whole before the end stays what it was. */
static void cut(const char *path, const char *text, size_t len)
{
    size_t broken;
    PK_AUTO_FREE char *whole = describe_all((struct pk_view){(const uint8_t *)text, len}, &broken);

    (void)path;
    for (size_t i = 0; i <= len; i++) {
        uint8_t *part = malloc(i ? i : 1);
        PK_AUTO_FREE char *got = NULL;
        char *last;

        (void)memcpy(part, text, i);
        got = describe_all((struct pk_view){part, i}, &broken);
        free(part);
        /* All lines but the last, which may be cut. */
        if (*got) {
            got[strlen(got) - 1] = 0;
            last = strrchr(got, '\n');
            got[last ? last + 1 - got : 0] = 0;
        }
        if (strncmp(got, whole, strlen(got)) != 0)
            fail_msg("%s, %zu bytes: %s", path, i, got);
    }
}

static void extend(const char *path, const char *text, size_t len)
{
    static const char more[] = {'\0', '\n', '#', ' ', '\\', ']', '[', 'x', (char)0xff};
    size_t broken;

    (void)path;
    for (size_t i = 0; i < sizeof(more); i++) {
        char *longer = malloc(len + 1);
        PK_AUTO_FREE char *got = NULL;

        (void)memcpy(longer, text, len);
        longer[len] = more[i];
        got = describe_all((struct pk_view){(uint8_t *)longer, len + 1}, &broken);
        free(longer);
        assert_non_null(got);
    }
}

static void vectors(void **state)
{
    (void)state;
    each_vector("valid", compare);
    each_vector("invalid", compare);
}

static void truncated(void **state)
{
    (void)state;
    each_vector("valid", cut);
    each_vector("invalid", cut);
}

static void one_byte_more(void **state)
{
    (void)state;
    each_vector("valid", extend);
    each_vector("invalid", extend);
}

/* What stands behind a NUL, which no editor shows, is part of the line. */
static void a_nul_hides_nothing(void **state)
{
    static const char text[] = "auth required\0pam_permit.so\0debug\n";
    size_t broken;
    PK_AUTO_FREE char *got =
        describe_all((struct pk_view){(const uint8_t *)text, sizeof(text) - 1}, &broken);

    (void)state;
    assert_string_equal(got, "1 auth module ok/bad/ignore pam_permit.so [debug]\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(truncated),
        cmocka_unit_test(one_byte_more),
        cmocka_unit_test(a_nul_hides_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
