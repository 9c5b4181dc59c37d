/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of the SQLite store, and what is refused as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "store/sqlite/query.h"
#include "tests/unit/store_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void database_is_private(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"passkeyd.db", "passkeyd.db-wal", "passkeyd.db-shm"};

    for (size_t i = 0; i < 3; i++) {
        PK_AUTO_FREE char *path = pk_text_format("%s/%s", fixture->folder, names[i]);
        struct stat info;

        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 07777, 0600);
    }
}

static void permissions_too_wide_are_narrowed(void **state)
{
    struct fixture *fixture = *state;
    PK_AUTO_FREE char *path = pk_text_format("%s/passkeyd.db", fixture->folder);
    struct stat info;

    assert_int_equal(chmod(path, 0664), 0);
    reopen(fixture);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
}

/* What SQLite would not do by itself. */
static void settings_are_the_safe_ones(void **state)
{
    static const struct {
        const char *sql;
        int64_t value;
    } cases[] = {
        {"PRAGMA synchronous", 1}, /* NORMAL: commit.c syncs what counts */
        {"PRAGMA foreign_keys", 1},
        {"PRAGMA secure_delete", 1},
        {"PRAGMA trusted_schema", 0},
    };
    struct sqlite_store *store = (struct sqlite_store *)((struct fixture *)*state)->store;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO_QUERY struct query query = query_new(store, cases[i].sql);

        assert_int_equal(query_step(&query), PK_OK);
        assert_int_equal(column_integer(&query, 0), cases[i].value);
    }
}

/* The refusal's text must contain what. */
static void assert_refused(const char *folder, const char *what)
{
    struct store *store = NULL;
    const char *why = NULL;

    assert_int_equal(store_sqlite_open(folder, &store, &why), PK_STORAGE);
    assert_null(store);
    if (!strstr(why, what))
        fail_msg("\"%s\" does not say \"%s\"", why, what);
}

static void folder_must_be_there(void **state)
{
    struct fixture *fixture = *state;
    PK_AUTO_FREE char *missing = pk_text_format("%s/missing", fixture->folder);

    assert_refused(missing, "No such file or directory");
}

static void file_must_be_regular(void **state)
{
    (void)state;
    char folder[SCRATCH_PATH_MAX];
    PK_AUTO_FREE char *path = NULL;

    scratch_new(folder);
    path = pk_text_format("%s/passkeyd.db", folder);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_refused(folder, "not a regular file");
    scratch_remove(folder);
}

static void file_must_be_ours(void **state)
{
    struct fixture *fixture = *state;
    PK_AUTO_FREE char *path = pk_text_format("%s/passkeyd.db", fixture->folder);

    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(path, 12345, 12345), 0);
    assert_refused(fixture->folder, "belongs to another user");
}

static void patch(const char *path, long offset, const void *bytes, size_t len)
{
    PK_AUTO_FCLOSE FILE *file = fopen(path, "r+e");

    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
}

/* SQLite's file format, section 1.3: user_version at 60, application_id at 68. */
static void newer_schema_is_refused(void **state)
{
    struct fixture *fixture = *state;
    PK_AUTO_FREE char *path = close_and_name(fixture);

    patch(path, 60, "\0\0\0\x63", 4);
    assert_refused(fixture->folder, "made by a newer version");
}

static void foreign_database_is_refused(void **state)
{
    struct fixture *fixture = *state;
    PK_AUTO_FREE char *path = close_and_name(fixture);

    patch(path, 68, "\0\0\0\0", 4);
    assert_refused(fixture->folder, "not a database of passkeyd");
}

static void damage_is_told_and_nothing_is_touched(void **state)
{
    struct fixture *fixture = *state;
    PK_AUTO_FREE char *path = NULL;
    PK_AUTO_FREE char *before = NULL;
    PK_AUTO_FREE char *after = NULL;
    char junk[512];
    size_t len_before, len_after;

    for (int i = 0; i < 5; i++) {
        char id[] = {'a', (char)('0' + i), 0};

        assert_int_equal(insert(fixture->store, "alice", 1000, id, id), PK_OK);
    }
    path = close_and_name(fixture);
    memset(junk, 0xff, sizeof(junk));
    patch(path, 4096, junk, sizeof(junk));
    before = scratch_read(path, &len_before);
    assert_refused(fixture->folder, "");
    after = scratch_read(path, &len_after);
    assert_int_equal(len_before, len_after);
    assert_memory_equal(before, after, len_before);
}

static void not_a_database_is_refused(void **state)
{
    char folder[SCRATCH_PATH_MAX];
    char text[8192];

    (void)state;
    scratch_new(folder);
    memset(text, 'x', sizeof(text));
    scratch_write(folder, "passkeyd.db", text, sizeof(text));
    assert_refused(folder, "file is not a database");
    scratch_remove(folder);
}

/* A crash between creating the file and its first table leaves an empty file. */
static void empty_file_is_a_new_database(void **state)
{
    char folder[SCRATCH_PATH_MAX];
    struct store *store;

    (void)state;
    scratch_new(folder);
    scratch_write(folder, "passkeyd.db", "", 0);
    store = open_store(folder);
    assert_int_equal(insert(store, "alice", 1000, "a", "a"), PK_OK);
    store->verbs->close(store);
    scratch_remove(folder);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(database_is_private),
        TEST(permissions_too_wide_are_narrowed),
        TEST(settings_are_the_safe_ones),
        TEST(folder_must_be_there),
        cmocka_unit_test(file_must_be_regular),
        TEST(file_must_be_ours),
        TEST(newer_schema_is_refused),
        TEST(foreign_database_is_refused),
        TEST(damage_is_told_and_nothing_is_touched),
        cmocka_unit_test(not_a_database_is_refused),
        cmocka_unit_test(empty_file_is_a_new_database),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
