/* SPDX-License-Identifier: BSD-2-Clause */
/* The password file, and userdel's list: what is no whole file is believed in nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/accounts/password_file.h"
#include "tests/unit/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USUAL                                                                                      \
    "root:x:0:0:root:/root:/bin/sh\n"                                                              \
    "alice:x:2001:2001:Alice,,,:/home/alice:/bin/sh\n"

static enum pk_status parse(const char *text, size_t len, struct password_file *ret)
{
    PK_AUTO_BYTES struct pk_bytes copy = {0};

    assert_int_equal(pk_bytes_copy((struct pk_view){(const uint8_t *)text, len}, &copy), PK_OK);
    return password_file_parse(&copy, ret);
}

static bool knows(const char *text, const char *name, uid_t uid)
{
    AUTO_PASSWORD_FILE struct password_file file = {0};

    assert_int_equal(parse(text, strlen(text), &file), PK_OK);
    return password_file_has(&file, name, uid);
}

static void accounts_are_name_and_uid(void **state)
{
    (void)state;
    assert_true(knows(USUAL, "alice", 2001));
    assert_true(knows(USUAL, "root", 0));
    assert_false(knows(USUAL, "alice", 2002));
    assert_false(knows(USUAL, "Alice", 2001));
    assert_false(knows(USUAL, "alic", 2001));
    assert_false(knows(USUAL, "alicea", 2001));
    assert_false(knows(USUAL, "", 0));
    /* One name twice: libc takes the first, and neither is gone. */
    assert_true(knows(USUAL "alice:x:2002::::\n", "alice", 2001));
    assert_true(knows(USUAL "alice:x:2002::::\n", "alice", 2002));
}

static void other_lines_are_passed_over(void **state)
{
    static const char *const lines[] = {
        "\n",
        "# alice:x:2001\n",
        "carol\n",
        "carol:x\n",
        "carol:x:\n",
        "carol:x:2003\n",
        "carol:x:-1:1::/:\n",
        "carol:x: 2003:1::/:\n",
        ":x:2003:1::/:\n",
        "+carol:x:2003:1::/:\n",
        "-carol:x:2003:1::/:\n",
        "carol:x:4294967295:1::/:\n",
        "carol:x:4294969299:1::/:\n",
        "carol:x:20030000000:1::/:\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        PK_AUTO_FREE char *text = pk_text_format("%s" USUAL, lines[i]);

        assert_true(knows(text, "alice", 2001));
        assert_false(knows(text, "carol", 2003));
        assert_false(knows(text, "", 2003));
    }
}

/* While somebody writes the file in place it is shorter than it will be. */
static void no_prefix_is_a_file(void **state)
{
    size_t first = strcspn(USUAL, "\n") + 1;

    (void)state;
    for (size_t len = 0; len < strlen(USUAL); len++) {
        AUTO_PASSWORD_FILE struct password_file file = {0};

        /* A whole line is not told apart: that is what IN_MODIFY is for (account_watch.c). */
        assert_int_equal(parse(USUAL, len, &file), len == first ? PK_OK : PK_UNAVAILABLE);
    }
    {
        AUTO_PASSWORD_FILE struct password_file file = {0};

        assert_int_equal(parse(USUAL "x", strlen(USUAL) + 1, &file), PK_UNAVAILABLE);
        assert_int_equal(parse(USUAL "\0", strlen(USUAL) + 1, &file), PK_UNAVAILABLE);
        assert_int_equal(parse("alice:x:2001::::\n", 17, &file), PK_UNAVAILABLE); /* no root */
    }
}

/* Those of the fuzz target as well. */
static void vectors(void **state)
{
    static const struct {
        const char *name;
        enum pk_status status;
        size_t count;
    } rows[] = {
        {"valid/usual", PK_OK, 2},
        {"valid/odd-lines", PK_OK, 3},
        {"invalid/no-superuser", PK_UNAVAILABLE, 0},
        {"invalid/cut-off", PK_UNAVAILABLE, 0},
        {"invalid/empty", PK_UNAVAILABLE, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_PASSWORD_FILE struct password_file file = {0};
        PK_AUTO_FREE char *path =
            pk_text_format("%s/tests/vectors/passwd/%s.passwd", getenv("srcdir"), rows[i].name);

        assert_int_equal(password_file_read(path, &file), rows[i].status);
        assert_int_equal(file.count, rows[i].count);
    }
}

static void what_cannot_be_read(void **state)
{
    char folder[SCRATCH_PATH_MAX];
    AUTO_PASSWORD_FILE struct password_file file = {0};
    PK_AUTO_FREE char *path = NULL;

    (void)state;
    scratch_new(folder);
    path = pk_text_format("%s/passwd", folder);
    assert_int_equal(password_file_read(path, &file), PK_UNAVAILABLE);
    assert_int_equal(password_file_read(folder, &file), PK_UNAVAILABLE);
    scratch_write(folder, "passwd", USUAL, strlen(USUAL));
    assert_int_equal(password_file_read(path, &file), PK_OK);
    assert_true(password_file_has(&file, "alice", 2001));
    scratch_remove(folder);
}

/* --- the list --------------------------------------------------------------------------------- */

static void assert_names(const char *path, struct removed_position *position, const char *expected)
{
    struct pk_strings names = {0};
    char joined[256] = "";

    assert_int_equal(removed_accounts_read(path, position, &names), PK_OK);
    for (size_t i = 0; i < names.count; i++)
        (void)snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s,",
                       names.items[i]);
    assert_string_equal(joined, expected);
    pk_strings_clear(&names);
}

static void each_name_is_read_once(void **state)
{
    char folder[SCRATCH_PATH_MAX];
    PK_AUTO_FREE char *path = NULL;
    struct removed_position position = {0};
    uint8_t stored[REMOVED_POSITION_SIZE];
    FILE *list;

    (void)state;
    scratch_new(folder);
    path = pk_text_format("%s/removed", folder);
    assert_names(path, &position, "");
    assert_int_equal(position.inode, 0);
    list = fopen(path, "ae");
    assert_non_null(list);
    (void)fputs("1 alice\n2 bob\n\nnonsense\n3 \n4 ca", list);
    assert_int_equal(fflush(list), 0);
    assert_names(path, &position, "alice,bob,");
    assert_names(path, &position, "");
    (void)fputs("rol\n", list);
    assert_int_equal(fflush(list), 0);
    /* What the store keeps is enough to go on. */
    removed_position_write(&position, stored);
    position = removed_position_read((struct pk_view){stored, sizeof(stored)});
    assert_names(path, &position, "carol,");
    assert_int_equal(fclose(list), 0);
    /* A new list is read from its beginning. */
    assert_int_equal(unlink(path), 0);
    scratch_write(folder, "removed", "5 dave\n", 7);
    assert_names(path, &position, "dave,");
    assert_int_equal(truncate(path, 0), 0);
    assert_names(path, &position, "");
    for (size_t len = 0; len < sizeof(stored); len++)
        assert_int_equal(removed_position_read((struct pk_view){stored, len}).inode, 0);
    scratch_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_are_name_and_uid), cmocka_unit_test(other_lines_are_passed_over),
        cmocka_unit_test(no_prefix_is_a_file),       cmocka_unit_test(vectors),
        cmocka_unit_test(what_cannot_be_read),       cmocka_unit_test(each_name_is_read_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
