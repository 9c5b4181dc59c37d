/* SPDX-License-Identifier: BSD-2-Clause */
/* BeginTicket and FinishTicket of Gateway1: what an enrolment link gives, to whom, and how often.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "daemon/accounts/recovery_codes.h"
#include "tests/unit/gateway_scene.h"

#include <string.h>

#define ORIGIN "https://" RP_ID
#define BOTH   (PK_FLAG_UP | PK_FLAG_UV)

static struct soft_key blue, green;
static char *links[2]; /* the tickets of two that alice was given */

static char *new_link(void)
{
    PK_AUTO_SECRET struct pk_secret ticket = {0};
    AUTO_ACCOUNT struct account row = {.uid = PK_NO_UID};
    struct store *store = bare_store();

    assert_status(store->verbs->account(store, "default", "alice", ALICE, true, &row), PK_OK);
    assert_status(link_ticket_create(store, &row, pk_clock_now() + 3600, &ticket), PK_OK);
    return strndup((const char *)ticket.data, ticket.len);
}

static void prepare(void)
{
    configure_daemon("[rp default]\nid = " RP_ID "\norigins = " ORIGIN "\n"
                     "browser-url = " ORIGIN "/passkey\n"
                     "[rp other]\nid = " RP_ID "\norigins = " ORIGIN "\nsystem-accounts = yes\n"
                     "browser-url = " ORIGIN "/other\n");
    blue = soft_key_new(ES256, "blue");
    green = soft_key_new(ES256, "green");
    links[0] = new_link();
    links[1] = new_link();
}

static int tickets_set_up(void **state)
{
    int failed = gateway_set_up(state);

    prepare();
    return failed;
}

static int tickets_set_up_shared(void **state)
{
    int failed = gateway_set_up_shared(state);

    prepare();
    return failed;
}

static int tickets_tear_down(void **state)
{
    soft_key_free(&blue);
    soft_key_free(&green);
    free(links[0]);
    free(links[1]);
    return gateway_tear_down(state);
}

static void begin(const char *rp, const char *ticket)
{
    ask(gateway_begin_ticket, ARGUMENTS(rp, ticket), NULL);
}

/* Answers what was begun last, with that ticket. */
static void finish(const char *ticket, const struct soft_key *key)
{
    const struct ceremony *ceremony = begun_ceremony("default", outcome.id);
    PK_AUTO_FREE char *claim = strdup(outcome.id);
    PK_AUTO_FREE char *answer = NULL;

    assert_non_null(ceremony);
    answer = soft_key_registration(key, &ceremony->requirements, ORIGIN, BOTH, 0);
    ask(gateway_finish_ticket, ARGUMENTS("default", ticket, claim, answer), NULL);
}

static void assert_passkeys(size_t count)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    struct store *store = bare_store();

    assert_status(
        store->verbs->list(store, &(struct credential_filter){.account_name = "alice"}, &list),
        PK_OK);
    assert_int_equal(list.count, count);
}

static void a_link_is_good_for_one_passkey(void **state)
{
    (void)state;
    begin("default", links[0]);
    assert_outcome("");
    finish(links[0], &blue);
    assert_outcome("");
    assert_non_null(text_of(NULL, "name"));
    begin("default", links[0]);
    assert_outcome("UnknownChallenge");
    assert_passkeys(1);
}

/* Each browser that opened it may begin; the first whose answer is right has used it up. */
static void nor_for_what_was_begun_before(void **state)
{
    PK_AUTO_FREE char *first = NULL;

    (void)state;
    begin("default", links[0]);
    first = strdup(outcome.id);
    begin("default", links[0]);
    finish(links[0], &blue);
    assert_outcome("");
    (void)snprintf(outcome.id, sizeof(outcome.id), "%s", first);
    finish(links[0], &green);
    assert_outcome("UnknownChallenge");
    assert_passkeys(1);
}

static void what_one_link_began_another_one_does_not_end(void **state)
{
    (void)state;
    begin("default", links[0]);
    finish(links[1], &blue);
    assert_outcome("UnknownChallenge");
    assert_passkeys(0);
}

static void a_link_is_of_its_relying_party(void **state)
{
    (void)state;
    begin("other", links[0]);
    assert_outcome("UnknownChallenge");
    begin("nowhere", links[0]);
    assert_outcome("UnknownChallenge");
}

static void a_link_goes_with_its_account(void **state)
{
    (void)state;
    set_account("alice", ALICE + 10);
    begin("default", links[0]);
    assert_outcome("UnknownChallenge");
    set_account("alice", PK_NO_UID);
    begin("default", links[0]);
    assert_outcome("UnknownChallenge");
}

/* Whoever has a link may begin without end, and takes nobody's place. */
static void a_link_keeps_nobody_out(void **state)
{
    size_t count;

    (void)state;
    leave_places("default", 1, 300);
    count = begun_count();
    for (unsigned i = 0; i < 3; i++) {
        begin("default", links[i % 2]);
        assert_outcome("");
        assert_int_equal(begun_count(), count + 1);
    }
    finish(links[0], &blue);
    assert_outcome("");
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, tickets_set_up, tickets_tear_down),                      \
    {                                                                                              \
#name "_in_the_store", name, tickets_set_up_shared, tickets_tear_down, NULL                \
    }
    static const struct CMUnitTest tests[] = {
        TEST(a_link_is_good_for_one_passkey),
        TEST(nor_for_what_was_begun_before),
        TEST(what_one_link_began_another_one_does_not_end),
        TEST(a_link_is_of_its_relying_party),
        TEST(a_link_goes_with_its_account),
        TEST(a_link_keeps_nobody_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
