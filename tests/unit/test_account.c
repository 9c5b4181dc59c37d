/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The name service here is a passwd file of the test's own: getpwnam_r() and getpwuid_r() are
 * replaced by readers of it, so that no account of the machine matters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "daemon/accounts/account.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

static const struct passwd accounts[] = {
    {.pw_name = (char[]){"alice"}, .pw_uid = 1000, .pw_gecos = (char[]){"Alice Example,Room 1,,"}},
    {.pw_name = (char[]){"bob"}, .pw_uid = 1001, .pw_gecos = (char[]){""}},
    {.pw_name = (char[]){"carol"}, .pw_uid = 1002, .pw_gecos = (char[]){"Carol \xff"}},
    {.pw_name = (char[]){"dave"}, .pw_uid = 1003, .pw_gecos = (char[]){",Room 2"}},
};

static struct {
    int error;       /* error that the name service returns, or 0 */
    int interrupted; /* how often EINTR comes first */
    size_t needs;    /* the buffer must be that long */
    unsigned calls;
} service;

static int answer(const struct passwd *found, struct passwd *entry, size_t len,
                  struct passwd **result)
{
    *result = NULL;
    service.calls++;
    if (service.interrupted > 0) {
        service.interrupted--;
        return EINTR;
    }
    if (len < service.needs)
        return ERANGE;
    if (service.error)
        return service.error;
    if (found) {
        *entry = *found;
        *result = entry;
    }
    return 0;
}

/* Like a directory: finds names in any case and returns the stored spelling. */
int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t len,
               struct passwd **result)
{
    const struct passwd *found = NULL;

    (void)buffer;
    for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++)
        if (strcasecmp(accounts[i].pw_name, name) == 0)
            found = &accounts[i];
    return answer(found, entry, len, result);
}

int getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t len, struct passwd **result)
{
    const struct passwd *found = NULL;

    (void)buffer;
    for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++)
        if (accounts[i].pw_uid == uid)
            found = &accounts[i];
    return answer(found, entry, len, result);
}

static int set_up(void **state)
{
    (void)state;
    memset(&service, 0, sizeof(service));
    return 0;
}

static void names_become_canonical(void **state)
{
    AUTO_SYSTEM_ACCOUNT struct system_account account = {0};

    (void)state;
    assert_int_equal(system_account_by_name("ALICE", &account), PK_OK);
    assert_string_equal(account.name, "alice");
    assert_string_equal(account.full_name, "Alice Example");
    assert_int_equal(account.uid, 1000);
}

static void uids_are_found(void **state)
{
    AUTO_SYSTEM_ACCOUNT struct system_account bob = {0};

    (void)state;
    assert_int_equal(system_account_by_uid(1001, &bob), PK_OK);
    assert_string_equal(bob.name, "bob");
    assert_null(bob.full_name);
    assert_int_equal(system_account_by_uid(4711, &bob), PK_UNKNOWN_USER);
    assert_string_equal(bob.name, "bob");
}

static void full_names_are_optional(void **state)
{
    AUTO_SYSTEM_ACCOUNT struct system_account not_utf8 = {0};
    AUTO_SYSTEM_ACCOUNT struct system_account empty = {0};

    (void)state;
    assert_int_equal(system_account_by_name("carol", &not_utf8), PK_OK);
    assert_null(not_utf8.full_name);
    assert_int_equal(system_account_by_name("dave", &empty), PK_OK);
    assert_null(empty.full_name);
}

static void impossible_names_are_not_looked_up(void **state)
{
    struct system_account account;
    char longest[257];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    longest[256] = 0;
    assert_int_equal(system_account_by_name("", &account), PK_UNKNOWN_USER);
    assert_int_equal(system_account_by_name("alice:x", &account), PK_UNKNOWN_USER);
    assert_int_equal(system_account_by_name("alice\n", &account), PK_UNKNOWN_USER);
    assert_int_equal(system_account_by_name("\xff", &account), PK_UNKNOWN_USER);
    assert_int_equal(system_account_by_name(longest, &account), PK_UNKNOWN_USER);
    assert_int_equal(system_account_by_uid((uid_t)-1, &account), PK_UNKNOWN_USER);
    assert_int_equal(service.calls, 0);
    assert_int_equal(system_account_by_name("mallory", &account), PK_UNKNOWN_USER);
    assert_int_equal(service.calls, 1);
}

static void large_entries_are_read(void **state)
{
    AUTO_SYSTEM_ACCOUNT struct system_account account = {0};

    (void)state;
    service.needs = 100000;
    assert_int_equal(system_account_by_name("alice", &account), PK_OK);
    service.needs = 2000000;
    assert_int_equal(system_account_by_name("alice", &account), PK_UNAVAILABLE);
}

static void failure_is_not_absence(void **state)
{
    struct system_account account;

    (void)state;
    service.error = EIO;
    assert_int_equal(system_account_by_name("alice", &account), PK_UNAVAILABLE);
    assert_int_equal(system_account_check("alice", 1000), PK_UNAVAILABLE);
    service.error = EMFILE;
    assert_int_equal(system_account_by_uid(1000, &account), PK_UNAVAILABLE);
    service.error = ENOENT;
    assert_int_equal(system_account_by_name("alice", &account), PK_UNKNOWN_USER);
}

static void interrupted_lookups_go_on(void **state)
{
    AUTO_SYSTEM_ACCOUNT struct system_account account = {0};

    (void)state;
    service.interrupted = 2;
    assert_int_equal(system_account_by_name("alice", &account), PK_OK);
    assert_int_equal(service.calls, 3);
}

static void reused_names_are_noticed(void **state)
{
    (void)state;
    assert_int_equal(system_account_check("alice", 1000), PK_OK);
    assert_int_equal(system_account_check("alice", 1001), PK_ACCOUNT_CHANGED);
    assert_int_equal(system_account_check("mallory", 1000), PK_UNKNOWN_USER);
}

/* What was asked last is not asked again; of a name that has another uid it is another question. */
static void a_request_asks_once(void **state)
{
    struct account_answer answer = {0}, next = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(system_account_check_once(&answer, "alice", 1000), PK_OK);
    assert_int_equal(service.calls, 1);
    assert_int_equal(system_account_check_once(&answer, "alice", 1001), PK_ACCOUNT_CHANGED);
    assert_int_equal(service.calls, 2);
    assert_int_equal(system_account_check_once(&answer, "bob", 1001), PK_OK);
    assert_int_equal(system_account_check_once(&answer, "mallory", 1001), PK_UNKNOWN_USER);
    assert_int_equal(system_account_check_once(&answer, "mallory", 1001), PK_UNKNOWN_USER);
    assert_int_equal(system_account_check_once(&answer, "alice", 1000), PK_OK);
    assert_int_equal(service.calls, 5);
    assert_int_equal(system_account_check_once(&next, "alice", 1000), PK_OK);
    assert_int_equal(service.calls, 6);
    account_answer_clear(&answer);
    assert_int_equal(system_account_check_once(&answer, "alice", 1000), PK_OK);
    assert_int_equal(service.calls, 7);
    account_answer_clear(&answer);
    account_answer_clear(&next);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, set_up)
    const struct CMUnitTest tests[] = {
        TEST(a_request_asks_once),
        TEST(names_become_canonical),
        TEST(uids_are_found),
        TEST(full_names_are_optional),
        TEST(impossible_names_are_not_looked_up),
        TEST(large_entries_are_read),
        TEST(failure_is_not_absence),
        TEST(interrupted_lookups_go_on),
        TEST(reused_names_are_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
