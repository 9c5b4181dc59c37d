/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions of the pages: whom a token is, and when it is nobody's any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "daemon/auth/page_sessions.h"

#include <string.h>

static struct account alice = {.rp = (char[]){"default"}, .name = (char[]){"alice"}, .uid = 1000};
static struct account bob = {.rp = (char[]){"default"}, .name = (char[]){"bob"}, .uid = 1001};
static struct account other = {.rp = (char[]){"lab"}, .name = (char[]){"alice"}, .uid = 1000};

static const struct pk_view blue = {(const uint8_t *)"blue", 4};
static const struct pk_view green = {(const uint8_t *)"green", 5};

static struct page_sessions *sessions;

static int start(void **state)
{
    (void)state;
    sessions = page_sessions_new();
    return sessions ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    page_sessions_free(sessions);
    return 0;
}

static void add(const struct account *account, struct pk_view credential, int64_t now,
                char ret[static PK_PAGE_SESSION_SIZE])
{
    assert_int_equal(page_sessions_add(sessions, account, credential, now, ret), PK_OK);
}

static const struct page_session *present(const char *token, int64_t now)
{
    return page_sessions_present(sessions, "default", token, now);
}

static void a_token_is_its_accounts(void **state)
{
    char mine[PK_PAGE_SESSION_SIZE], theirs[PK_PAGE_SESSION_SIZE];
    const struct page_session *session;

    (void)state;
    add(&alice, blue, 0, mine);
    add(&bob, green, 0, theirs);
    assert_int_equal(strlen(mine), PK_PAGE_SESSION_SIZE - 1);
    assert_string_not_equal(mine, theirs);
    session = present(mine, 1);
    assert_non_null(session);
    assert_string_equal(session->account.name, "alice");
    assert_int_equal(session->account.uid, 1000);
    assert_true(pk_view_equal(pk_view_of(&session->credential), blue));
    assert_string_equal(present(theirs, 1)->account.name, "bob");
    assert_null(present("", 1));
    assert_null(present("00000000000000000000000000", 1));
    mine[0] = mine[0] == '0' ? '1' : '0';
    assert_null(present(mine, 1));
}

static void a_token_is_its_relying_partys(void **state)
{
    char token[PK_PAGE_SESSION_SIZE];

    (void)state;
    add(&other, blue, 0, token);
    assert_null(present(token, 1));
    assert_non_null(page_sessions_present(sessions, "lab", token, 1));
}

static void it_ends_when_nobody_presents_it(void **state)
{
    char token[PK_PAGE_SESSION_SIZE];

    (void)state;
    add(&alice, blue, 0, token);
    assert_non_null(present(token, PK_PAGE_SESSION_IDLE - 1));
    assert_non_null(present(token, 2 * PK_PAGE_SESSION_IDLE - 2));
    assert_null(present(token, 3 * PK_PAGE_SESSION_IDLE - 2));
    assert_int_equal(page_sessions_count(sessions), 0);
}

static void it_ends_however_often_it_is_presented(void **state)
{
    char token[PK_PAGE_SESSION_SIZE];

    (void)state;
    add(&alice, blue, 0, token);
    for (int64_t now = 0; now < PK_PAGE_SESSION_LIFETIME; now += PK_PAGE_SESSION_IDLE / 2)
        assert_non_null(present(token, now));
    assert_null(present(token, PK_PAGE_SESSION_LIFETIME));
}

/* Looking one up by its number is no sign of a person. */
static void finding_does_not_present(void **state)
{
    char token[PK_PAGE_SESSION_SIZE];
    uint64_t number;

    (void)state;
    add(&alice, blue, 0, token);
    number = present(token, 0)->number;
    assert_int_not_equal(number, 0);
    assert_non_null(page_sessions_find(sessions, number, PK_PAGE_SESSION_IDLE - 1));
    assert_null(page_sessions_find(sessions, number, PK_PAGE_SESSION_IDLE));
    assert_null(page_sessions_find(sessions, 0, 0));
}

static void a_signature_is_fresh_for_a_while(void **state)
{
    char token[PK_PAGE_SESSION_SIZE];
    struct page_session *session;

    (void)state;
    add(&alice, blue, 0, token);
    session = page_sessions_present(sessions, "default", token, 0);
    assert_true(page_session_is_fresh(session, PK_PAGE_SESSION_FRESH - 1));
    assert_false(page_session_is_fresh(session, PK_PAGE_SESSION_FRESH));
    assert_int_equal(page_session_prove(session, green, PK_PAGE_SESSION_FRESH), PK_OK);
    assert_true(page_session_is_fresh(session, PK_PAGE_SESSION_FRESH));
    assert_true(pk_view_equal(pk_view_of(&session->credential), green));
}

static void it_ends_with_its_passkey(void **state)
{
    char first[PK_PAGE_SESSION_SIZE], second[PK_PAGE_SESSION_SIZE], bobs[PK_PAGE_SESSION_SIZE];

    (void)state;
    add(&alice, blue, 0, first);
    add(&alice, green, 0, second);
    add(&bob, blue, 0, bobs);
    page_sessions_end_with(sessions, &alice, blue);
    assert_null(present(first, 1));
    assert_non_null(present(second, 1));
    assert_non_null(present(bobs, 1));
    page_sessions_end(sessions, present(second, 1)->number);
    assert_null(present(second, 1));
}

static bool is_bob(const void *data, const struct account *account)
{
    (void)data;
    return account->uid == 1001;
}

static void it_ends_with_its_account(void **state)
{
    char mine[PK_PAGE_SESSION_SIZE], theirs[PK_PAGE_SESSION_SIZE];

    (void)state;
    add(&alice, blue, 0, mine);
    add(&bob, blue, 0, theirs);
    page_sessions_drop_gone(sessions, is_bob, NULL);
    assert_null(present(theirs, 1));
    assert_non_null(present(mine, 1));
}

/* The one that was not presented for longest goes, and nobody else's. */
static void an_account_has_a_few(void **state)
{
    char token[PK_PAGE_SESSIONS_PER_ACCOUNT + 1][PK_PAGE_SESSION_SIZE];
    char bobs[PK_PAGE_SESSION_SIZE];

    (void)state;
    add(&bob, blue, 0, bobs);
    for (int i = 0; i < PK_PAGE_SESSIONS_PER_ACCOUNT; i++)
        add(&alice, blue, i, token[i]);
    assert_non_null(present(token[0], 10)); /* the next one is the oldest now */
    add(&alice, blue, 11, token[PK_PAGE_SESSIONS_PER_ACCOUNT]);
    assert_null(present(token[1], 12));
    assert_non_null(present(token[0], 12));
    assert_non_null(present(token[2], 12));
    assert_non_null(present(bobs, 12));
    assert_int_equal(page_sessions_count(sessions), PK_PAGE_SESSIONS_PER_ACCOUNT + 1);
}

static void all_together_are_bounded(void **state)
{
    char token[PK_PAGE_SESSION_SIZE], first[PK_PAGE_SESSION_SIZE];
    struct account many = {.rp = (char[]){"default"}, .name = (char[]){"user"}};

    (void)state;
    add(&alice, blue, 0, first);
    for (unsigned i = 0; i < PK_PAGE_SESSIONS_MAX; i++) {
        many.uid = 10000 + i;
        add(&many, blue, 1, token);
    }
    assert_int_equal(page_sessions_count(sessions), PK_PAGE_SESSIONS_MAX);
    assert_null(present(first, 2));
    assert_non_null(present(token, 2));
}

static void one_removal_of_an_account_at_a_time(void **state)
{
    struct page_lock first = {0}, second = {0}, third = {0};
    const struct account same = {.rp = (char[]){"default"}, .name = (char[]){"alice"}, .uid = 1000};

    (void)state;
    assert_int_equal(page_sessions_lock(sessions, &first, &alice), PK_OK);
    assert_int_equal(page_sessions_lock(sessions, &second, &same), PK_LIMIT_EXCEEDED);
    page_sessions_unlock(&second); /* it has none */
    assert_int_equal(page_sessions_lock(sessions, &third, &bob), PK_OK);
    page_sessions_unlock(&first);
    assert_int_equal(page_sessions_lock(sessions, &second, &same), PK_OK);
    page_sessions_unlock(&second);
    page_sessions_unlock(&third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_token_is_its_accounts, start, stop),
        cmocka_unit_test_setup_teardown(a_token_is_its_relying_partys, start, stop),
        cmocka_unit_test_setup_teardown(it_ends_when_nobody_presents_it, start, stop),
        cmocka_unit_test_setup_teardown(it_ends_however_often_it_is_presented, start, stop),
        cmocka_unit_test_setup_teardown(finding_does_not_present, start, stop),
        cmocka_unit_test_setup_teardown(a_signature_is_fresh_for_a_while, start, stop),
        cmocka_unit_test_setup_teardown(it_ends_with_its_passkey, start, stop),
        cmocka_unit_test_setup_teardown(it_ends_with_its_account, start, stop),
        cmocka_unit_test_setup_teardown(an_account_has_a_few, start, stop),
        cmocka_unit_test_setup_teardown(all_together_are_bounded, start, stop),
        cmocka_unit_test_setup_teardown(one_removal_of_an_account_at_a_time, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
