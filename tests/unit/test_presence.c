/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is gone, and who only cannot be asked about: with a clock and answers of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "daemon/accounts/presence.h"

#include <stdlib.h>
#include <string.h>

#define DAY    LOOK_SECONDS
#define PEOPLE 4

static const struct pk_strings nobody;

/* Of another name service. */
static struct account_state somebody(int64_t id, char *name)
{
    return (struct account_state){
        .id = id, .account = {.rp = (char *)(uintptr_t) "default", .name = name, .uid = 3000}};
}

/* The file of that text, with root. */
static struct password_file file_of(const char *text)
{
    struct password_file file = {0};
    struct pk_bytes bytes = {0};

    assert_int_equal(pk_bytes_copy(pk_view_string(text), &bytes), PK_OK);
    assert_int_equal(password_file_parse(&bytes, &file), PK_OK);
    return file;
}

static const char alone[] = "root:x:0:0:::\n";
static const char with_zoe[] = "root:x:0:0:::\nzoe:x:3000:3000:::\n";
static const char with_other_zoe[] = "root:x:0:0:::\nzoe:x:3001:3001:::\n";

/* What becomes of an account; -1: nothing. */
static int fate_in_file(struct account_state state, const char *text, const char *removed)
{
    AUTO_PASSWORD_FILE struct password_file file = {0};
    struct pk_strings names = {.items = (char *[]){(char *)(uintptr_t)removed}, .count = 1};
    struct presence presence = {.removed = removed ? &names : &nobody, .now = 1000};
    const struct account_states states = {&state, 1};
    PK_AUTO_FREE struct account_change *changes = NULL;
    size_t count = 99;

    if (text) {
        file = file_of(text);
        presence.file = &file;
    }
    assert_int_equal(presence_judge(&states, &presence, &changes, &count), PK_OK);
    assert_in_range(count, 0, 1);
    return count == 0 ? -1 : (int)changes[0].fate;
}

static void the_password_file_decides_at_once(void **state)
{
    static const struct {
        bool listed;
        const char *text, *removed;
        int fate;
    } rows[] = {
        {true, with_zoe, NULL, -1},
        {true, alone, NULL, ACCOUNT_GONE},
        {true, with_other_zoe, NULL, ACCOUNT_GONE}, /* usermod -u, or somebody else */
        {true, NULL, NULL, -1},                     /* it could not be read */
        {false, with_zoe, NULL, ACCOUNT_LISTED},
        {false, alone, NULL, -1},
        /* userdel and useradd between two looks */
        {true, with_zoe, "zoe", ACCOUNT_GONE},
        {true, alone, "zoe", ACCOUNT_GONE},
        {true, NULL, "zoe", ACCOUNT_GONE},
        {false, with_zoe, "zoe", ACCOUNT_GONE},
        {true, with_zoe, "zo", -1},
        {true, with_zoe, "ZOE", -1},
        {false, alone, "zoe", -1}, /* another zoe, of a directory */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct account_state zoe = somebody(1, (char[]){"zoe"});

        zoe.account.listed = rows[i].listed;
        assert_int_equal(fate_in_file(zoe, rows[i].text, rows[i].removed), rows[i].fate);
    }
}

/* --- other name services ---------------------------------------------------------------------- */

/* People of a directory, as the store has them; judged and changed as the store would. */
static struct account_state people[PEOPLE];
static bool gone[PEOPLE];

static void begin(void)
{
    static char names[PEOPLE][8];

    for (size_t i = 0; i < PEOPLE; i++) {
        names[i][0] = (char)('a' + i);
        people[i] = somebody((int64_t)i, names[i]);
        gone[i] = false;
    }
}

static void apply(const struct account_change *change, int64_t now)
{
    struct account_state *person = &people[change->id];

    switch (change->fate) {
    case ACCOUNT_MISSING:
        person->missing_looks++;
        person->missing_last = now;
        break;
    case ACCOUNT_FOUND:
    case ACCOUNT_LISTED:
        person->missing_looks = 0;
        person->missing_last = 0;
        break;
    case ACCOUNT_GONE:
        gone[change->id] = true;
        break;
    }
}

/* answers: f found, n not found, anything else unknown. Those that are gone are still looked at. */
static void look(const char *letters, int64_t now)
{
    const struct account_states states = {people, PEOPLE};
    enum name_answer answers[PEOPLE];
    const struct presence presence = {.removed = &nobody, .answers = answers, .now = now};
    PK_AUTO_FREE struct account_change *changes = NULL;
    size_t count;

    for (size_t i = 0; i < PEOPLE; i++)
        answers[i] = letters[i] == 'f'   ? NAME_FOUND
                     : letters[i] == 'n' ? NAME_NOT_FOUND
                                         : NAME_UNKNOWN;
    assert_int_equal(presence_judge(&states, &presence, &changes, &count), PK_OK);
    for (size_t i = 0; i < count; i++)
        apply(&changes[i], now);
}

static unsigned gone_count(void)
{
    unsigned count = 0;

    for (size_t i = 0; i < PEOPLE; i++)
        count += gone[i];
    return count;
}

static void a_week_without_is_gone(void **state)
{
    int64_t now = 1000 * DAY;

    (void)state;
    begin();
    for (int day = 0; day < 7; day++) {
        look("nfff", now + day * DAY);
        assert_int_equal(gone_count(), 0);
    }
    look("nfff", now + 7 * DAY - 1); /* not yet a week */
    assert_int_equal(gone_count(), 0);
    look("nfff", now + 7 * DAY);
    assert_true(gone[0]);
    assert_int_equal(gone_count(), 1);
}

/* However often the daemon is started. */
static void a_day_counts_once(void **state)
{
    (void)state;
    begin();
    for (int i = 0; i < 100; i++)
        look("nfff", 1000 * DAY + i);
    assert_int_equal(people[0].missing_looks, 1);
}

static void found_again_begins_anew(void **state)
{
    int64_t now = 1000 * DAY;

    (void)state;
    begin();
    for (int day = 0; day < 7; day++)
        look("nfff", now + day * DAY);
    look("ffff", now + 7 * DAY);
    for (int day = 8; day < 15; day++)
        look("nfff", now + day * DAY);
    assert_int_equal(gone_count(), 0);
    look("nfff", now + 15 * DAY);
    assert_true(gone[0]);
}

/* An error says nothing, for as long as it takes: the week's days are those with an answer. */
static void errors_change_nothing(void **state)
{
    int64_t now = 1000 * DAY;

    (void)state;
    begin();
    look("nfff", now);
    for (int day = 1; day < 100; day++)
        look("?fff", now + day * DAY);
    look("nfff", now + 100 * DAY);
    assert_int_equal(people[0].missing_looks, 2);
    assert_int_equal(gone_count(), 0);
}

/*
 * A directory that is away behind a service that is not, or with an empty cache, says that nobody
 * is there; one with half a cache says so of most.
 */
static void an_outage_orphans_nobody(void **state)
{
    static const char *const outages[] = {"nnnn", "????", "nnnf", "nn??", "n???", "?n?n"};

    (void)state;
    for (size_t i = 0; i < sizeof(outages) / sizeof(outages[0]); i++) {
        begin();
        for (int day = 0; day < 100; day++)
            look(outages[i], (1000 + day) * (int64_t)DAY);
        assert_int_equal(gone_count(), 0);
        assert_int_equal(people[0].missing_looks, 0);
    }
}

/* A clock that was wrong makes it longer, never shorter. */
static void clocks_that_jump(void **state)
{
    int64_t now = 1000 * DAY;

    (void)state;
    begin();
    look("nfff", now);
    look("nfff", now + 500 * DAY); /* a jump ahead is one day */
    assert_int_equal(people[0].missing_looks, 2);
    look("nfff", now + DAY); /* and back: anew */
    assert_int_equal(people[0].missing_looks, 0);
    look("nfff", now + DAY);
    assert_int_equal(people[0].missing_looks, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_password_file_decides_at_once),
        cmocka_unit_test(a_week_without_is_gone),
        cmocka_unit_test(a_day_counts_once),
        cmocka_unit_test(found_again_begins_anew),
        cmocka_unit_test(errors_change_nothing),
        cmocka_unit_test(an_outage_orphans_nobody),
        cmocka_unit_test(clocks_that_jump),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
