/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/askpass/parts.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "tests/unit/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char folder[SCRATCH_PATH_MAX];
static char kept[SCRATCH_PATH_MAX + 32];
static const uint8_t nonce[PK_CHALLENGE_SIZE] = {0xab, 0xcd, 1};
static const uint8_t other_nonce[PK_CHALLENGE_SIZE] = {0xab, 0xcd, 2};
static const char origin[] = "ssh://web1.example.org";
static char one[] = "passkey1/1/3:AAAA", two[] = "passkey1/2/3:BBBB", three[] = "passkey1/3/3:CCCC";
static char *items[] = {one, two, three};
static const struct pk_strings lines = {.items = items, .count = 3};

static int set_up(void **state)
{
    (void)state;
    scratch_new(folder);
    (void)snprintf(kept, sizeof(kept), "%s/passkey", folder);
    return setenv("XDG_RUNTIME_DIR", folder, 1);
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

static size_t files(void)
{
    DIR *entries = opendir(kept);
    const struct dirent *entry;
    size_t count = 0;

    assert_non_null(entries);
    while ((entry = readdir(entries)))
        count += entry->d_name[0] != '.';
    (void)closedir(entries);
    return count;
}

static void assert_taken(const uint8_t *which, unsigned part, const char *line)
{
    PK_AUTO_FREE char *found = NULL;

    assert_int_equal(askpass_parts_take(which, origin, part, &found), PK_OK);
    assert_string_equal(found, line);
}

static void assert_refused(const char *of, unsigned part, enum pk_status status)
{
    char *found = NULL;

    assert_int_equal(askpass_parts_take(nonce, of, part, &found), status);
    assert_null(found);
}

static void parts_come_one_by_one_and_are_gone(void **state)
{
    struct stat about;

    (void)state;
    (void)umask(0);
    assert_int_equal(askpass_parts_keep(nonce, origin, &lines), PK_OK);
    assert_int_equal(askpass_parts_keep(other_nonce, origin, &lines), PK_OK);
    assert_int_equal(stat(kept, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0700);
    assert_int_equal(files(), 2);
    assert_taken(nonce, 2, two);
    assert_taken(nonce, 2, two);
    assert_taken(nonce, 3, three);
    assert_refused(origin, 3, PK_NOT_FOUND);
    assert_int_equal(files(), 1);
    assert_taken(other_nonce, 2, two);
}

static void one_line_is_not_kept(void **state)
{
    const struct pk_strings single = {.items = items, .count = 1};

    (void)state;
    assert_int_equal(askpass_parts_keep(nonce, origin, &single), PK_OK);
    assert_int_not_equal(access(kept, F_OK), 0);
}

static void parts_beyond_are_not_found(void **state)
{
    (void)state;
    assert_refused(origin, 2, PK_NOT_FOUND);
    assert_int_equal(askpass_parts_keep(nonce, origin, &lines), PK_OK);
    assert_refused(origin, 4, PK_NOT_FOUND);
    assert_refused(origin, 64, PK_NOT_FOUND);
    assert_taken(nonce, 3, three);
}

static void another_host_gets_nothing(void **state)
{
    (void)state;
    assert_int_equal(askpass_parts_keep(nonce, origin, &lines), PK_OK);
    assert_refused("ssh://web1.example.or", 2, PK_ORIGIN_MISMATCH);
    assert_refused("ssh://evil.example.net", 2, PK_ORIGIN_MISMATCH);
    assert_refused("", 2, PK_ORIGIN_MISMATCH);
    assert_taken(nonce, 2, two);
}

static void a_newer_answer_takes_the_place_of_the_old(void **state)
{
    char *swapped_items[] = {one, three, two};
    const struct pk_strings swapped = {.items = swapped_items, .count = 3};

    (void)state;
    assert_int_equal(askpass_parts_keep(nonce, origin, &lines), PK_OK);
    assert_int_equal(askpass_parts_keep(nonce, origin, &swapped), PK_OK);
    assert_taken(nonce, 2, three);
}

static void make_old(const char *name, int by)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/%s", kept, name);
    struct stat about;
    struct timespec times[2];

    assert_int_equal(stat(path, &about), 0);
    times[0] = times[1] = about.st_mtim;
    times[1].tv_sec -= by;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void old_parts_are_removed_and_strange_files_left(void **state)
{
    PK_AUTO_FREE char *hex = pk_hex_encode((struct pk_view){nonce, sizeof(nonce)});
    PK_AUTO_FREE char *name = pk_text_format("%s.parts", hex);

    (void)state;
    assert_int_equal(askpass_parts_keep(nonce, origin, &lines), PK_OK);
    scratch_write(kept, "notes", "x", 1);
    make_old("notes", 10 * PK_ASKPASS_PARTS_AGE);
    make_old(name, PK_ASKPASS_PARTS_AGE / 2);
    assert_taken(nonce, 2, two);
    make_old(name, PK_ASKPASS_PARTS_AGE);
    assert_refused(origin, 2, PK_NOT_FOUND);
    assert_int_equal(files(), 1);
    /* A time stamp in the future is not trusted. */
    assert_int_equal(askpass_parts_keep(nonce, origin, &lines), PK_OK);
    make_old(name, -1000);
    assert_refused(origin, 2, PK_NOT_FOUND);
}

static void a_folder_that_others_may_enter_is_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir(kept, 0700), 0);
    assert_int_equal(chmod(kept, 0750), 0);
    assert_int_equal(askpass_parts_keep(nonce, origin, &lines), PK_DENIED);
    assert_refused(origin, 2, PK_DENIED);
    assert_int_equal(rmdir(kept), 0);
    assert_int_equal(symlink(folder, kept), 0);
    assert_int_equal(askpass_parts_keep(nonce, origin, &lines), PK_IO);
}

static void a_link_is_not_followed(void **state)
{
    PK_AUTO_FREE char *hex = pk_hex_encode((struct pk_view){nonce, sizeof(nonce)});
    PK_AUTO_FREE char *path = pk_text_format("%s/%s.parts", kept, hex);
    PK_AUTO_FREE char *target = pk_text_format("%s/target", folder);
    PK_AUTO_FREE char *content = NULL;

    (void)state;
    assert_int_equal(mkdir(kept, 0700), 0);
    scratch_write(folder, "target", "mine", 4);
    assert_int_equal(symlink(target, path), 0);
    assert_refused(origin, 2, PK_IO);
    assert_int_equal(askpass_parts_keep(nonce, origin, &lines), PK_OK);
    content = scratch_read(target, NULL);
    assert_string_equal(content, "mine");
    assert_taken(nonce, 2, two);
}

static void without_a_runtime_folder_the_home_has_one(void **state)
{
    PK_AUTO_FREE char *found = pk_text_format("%s/.cache/passkey", folder);

    (void)state;
    assert_int_equal(unsetenv("XDG_RUNTIME_DIR"), 0);
    assert_int_equal(setenv("HOME", folder, 1), 0);
    assert_int_equal(askpass_parts_keep(nonce, origin, &lines), PK_OK);
    assert_int_equal(access(found, F_OK), 0);
    assert_taken(nonce, 3, three);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(parts_come_one_by_one_and_are_gone),
        IN_FOLDER(one_line_is_not_kept),
        IN_FOLDER(parts_beyond_are_not_found),
        IN_FOLDER(another_host_gets_nothing),
        IN_FOLDER(a_newer_answer_takes_the_place_of_the_old),
        IN_FOLDER(old_parts_are_removed_and_strange_files_left),
        IN_FOLDER(a_folder_that_others_may_enter_is_refused),
        IN_FOLDER(a_link_is_not_followed),
        IN_FOLDER(without_a_runtime_folder_the_home_has_one),
    };

    return cmocka_run_group_tests_name("askpass_parts", tests, NULL, NULL);
}
