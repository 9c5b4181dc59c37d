/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two hosts that have one store: what begins on one of them ends on the other, once. That a store
 * with these verbs does whatever the table does for one host is in the tests of Gateway1, each of
 * which runs with both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "daemon/auth/page_sessions.h"
#include "daemon/bus/request.h"
#include "daemon/verify/shared_ceremonies.h"
#include "tests/unit/gateway_scene.h"
#include "tests/unit/shared_store.h"

#include <event2/event.h>
#include <string.h>

#define OTHER_GATEWAY 991 /* its uid on the second host */

static struct daemon second;
static struct soft_key blue;
static char id[sizeof(outcome.id)]; /* of what was begun last */
static char *response;              /* to that */

/* What a host does not share with the other one; its workers are the same. */
static int two_hosts(void **state)
{
    int failed = gateway_set_up_shared(state);

    second = *bare_daemon();
    second.ceremonies = ceremonies_new();
    assert_non_null(second.ceremonies);
    blue = soft_key_new(ES256, "blue");
    return failed;
}

static int two_hosts_gone(void **state)
{
    ceremonies_free(second.ceremonies);
    soft_key_free(&blue);
    free(pk_steal(response));
    return gateway_tear_down(state);
}

static void on_first(void)
{
    talk_to_host(NULL, 0);
}

static void on_second(void)
{
    talk_to_host(&second, OTHER_GATEWAY);
}

static void configure_both(const char *text)
{
    configure_daemon(text);
    second.config = bare_daemon()->config;
}

/* Takes the options of the last call, and has the key answer them. */
static void answer_with(char *answered)
{
    free(response);
    response = answered;
    (void)memcpy(id, outcome.id, sizeof(id));
}

static void begin_sign_in(const char *const *options, uint32_t counter)
{
    ask(gateway_begin_authentication, ARGUMENTS("portal"), options);
    assert_outcome("");
    answer_with(signed_by(&blue, counter, "u1"));
}

static void finish_sign_in(const char *const *options)
{
    ask(gateway_finish_authentication, ARGUMENTS("portal", id, response), options);
}

static void assert_signed_in(unsigned times)
{
    assert_int_equal(log_count("sign-in of u1 (portal): ok"), times);
}

/* --- the way of an answer --------------------------------------------------------------------- */

static void what_one_host_begins_another_one_ends(void **state)
{
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    ASK(gateway_begin_registration, "portal", key, "userId=u1", "userName=one");
    assert_outcome("");
    answer_with(registered_by(&blue));
    assert_int_equal(shared_store_count(), 1);
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 0);
    on_second();
    ask(gateway_finish_registration, ARGUMENTS("portal", id, response), OPTIONS("name=mine"));
    assert_outcome("");
    assert_string_equal(text_of("credential", "name"), "mine");
    assert_string_equal(text_of("user", "userName"), "one");
    begin_sign_in(OPTIONS("purpose=login"), 2);
    on_first();
    finish_sign_in(OPTIONS("purpose=login"));
    assert_outcome("");
    assert_signed_in(1);
    assert_int_equal(log_count("through the gateway, for login, by uid 990"), 1);
    assert_int_equal(shared_store_count(), 0);
}

static void the_other_host_does_not_end_it_again(void **state)
{
    (void)state;
    register_key("portal", "u1", &blue);
    begin_sign_in(NONE, 2);
    finish_sign_in(NONE);
    assert_outcome("");
    on_second();
    finish_sign_in(NONE);
    assert_outcome("UnknownChallenge");
    assert_signed_in(1);
}

/* Nor is it there for a second try after a wrong answer. */
static void its_first_answer_ends_it(void **state)
{
    (void)state;
    register_key("portal", "u1", &blue);
    begin_sign_in(NONE, 2);
    on_second();
    ask(gateway_finish_authentication, ARGUMENTS("portal", id, "{}"), NONE);
    assert_outcome("VerificationFailed");
    on_first();
    finish_sign_in(NONE);
    assert_outcome("UnknownChallenge");
    assert_signed_in(0);
}

static void of_two_at_once_one_ends_it(void **state)
{
    (void)state;
    register_key("portal", "u1", &blue);
    for (unsigned round = 0; round < 20; round++) {
        on_first();
        begin_sign_in(NONE, 2 + round);
        shared_store_meet(2);
        forget_outcomes();
        begin_call(gateway_finish_authentication, ARGUMENTS("portal", id, response), NONE);
        on_second();
        begin_call(gateway_finish_authentication, ARGUMENTS("portal", id, response), NONE);
        settle();
        assert_int_equal(outcome.replies, 1);
        assert_int_equal(outcome.failures, 1);
        assert_signed_in(round + 1);
    }
}

static void a_users_registration_is_one_on_all_hosts(void **state)
{
    const char *mine = option("bearer", token_of("portal", "u1"));
    PK_AUTO_FREE char *first = NULL;

    (void)state;
    ASK(gateway_begin_registration, "portal", mine, "sole?1");
    first = registered_by(&blue);
    on_second();
    ASK(gateway_begin_registration, "portal", mine, "sole?1");
    answer_with(registered_by(&blue));
    assert_int_equal(shared_store_count(), 1);
    on_first();
    ask(gateway_finish_registration, ARGUMENTS("portal", "", response), OPTIONS(mine));
    assert_outcome("");
    on_second();
    ask(gateway_finish_registration, ARGUMENTS("portal", "", first), OPTIONS(mine));
    assert_outcome("UnknownChallenge");
}

/* Anybody can compute the id of it; to name it takes its user's token. */
static void and_has_no_id_that_callers_can_name(void **state)
{
    const char *mine = option("bearer", token_of("portal", "u1"));
    char sole[CEREMONY_ID_SIZE];
    PK_AUTO_FREE char *stored = NULL;

    (void)state;
    ASK(gateway_begin_registration, "portal", mine, "sole?1");
    answer_with(registered_by(&blue));
    assert_status(ceremony_sole_id("portal", "u1", "", sole), PK_OK);
    stored = pk_text_format("sole:%s", sole);
    assert_true(shared_store_record("portal", stored).len > 0);
    ask(gateway_finish_registration, ARGUMENTS("portal", sole, response), OPTIONS(mine));
    assert_outcome("UnknownChallenge");
    ask(gateway_finish_registration, ARGUMENTS("portal", stored, response), OPTIONS(mine));
    assert_outcome("UnknownChallenge");
    assert_int_equal(shared_store_count(), 1);
    ask(gateway_finish_registration, ARGUMENTS("portal", "", response), OPTIONS(mine));
    assert_outcome("");
}

/* --- what it is for -----------------------------------------------------------------------------
 */

static void another_relying_party_takes_nothing(void **state)
{
    (void)state;
    register_key("portal", "u1", &blue);
    begin_sign_in(NONE, 2);
    on_second();
    ask(gateway_finish_authentication, ARGUMENTS("shop", id, response), NONE);
    assert_outcome("UnknownChallenge");
    assert_int_equal(shared_store_count(), 1);
    finish_sign_in(NONE);
    assert_outcome("");
}

static void another_kind_or_purpose_ends_it(void **state)
{
    (void)state;
    register_key("portal", "u1", &blue);
    for (unsigned i = 0; i < 2; i++) {
        on_first();
        begin_sign_in(OPTIONS("purpose=login"), 2);
        on_second();
        if (i == 0)
            finish_sign_in(OPTIONS("purpose=mfa"));
        else
            ask(gateway_finish_registration, ARGUMENTS("portal", id, "{}"),
                OPTIONS("purpose=login"));
        assert_outcome("UnknownChallenge");
        assert_int_equal(shared_store_count(), 0);
        finish_sign_in(OPTIONS("purpose=login"));
        assert_outcome("UnknownChallenge");
    }
    assert_signed_in(0);
}

static void who_began_with_a_token_ends_with_it_elsewhere(void **state)
{
    const char *mine = option("bearer", token_of("portal", "u1"));
    const char *theirs = option("bearer", token_of("portal", "u2"));
    const char *const *with[] = {NONE, OPTIONS(theirs), OPTIONS(mine)};
    static const char *const outcomes[] = {"NotSignedIn", "WrongToken", ""};

    (void)state;
    register_key("portal", "u1", &blue);
    for (size_t i = 0; i < 3; i++) {
        on_first();
        begin_sign_in(OPTIONS(mine), 2);
        on_second();
        finish_sign_in(with[i]);
        assert_outcome(outcomes[i]);
    }
    assert_signed_in(1);
}

static void a_transaction_is_confirmed_elsewhere(void **state)
{
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    register_key("portal", "u1", &blue);
    begin_sign_in(
        OPTIONS(key, "userId=u1", "byChallenge?1", "transactionId=t1", "transactionData={}"), 2);
    on_second();
    ASK(gateway_begin_authentication, "portal", key, "userId=u1", "transactionId=t1",
        "transactionData={}");
    assert_outcome("Exists");
    assert_int_equal(shared_store_count(), 1);
    finish_sign_in(NONE);
    assert_outcome("");
    assert_string_equal(text_of(NULL, "transactionId"), "t1");
}

/* --- time ---------------------------------------------------------------------------------------
 */

static bool said_expired(void)
{
    return strncmp(outcome.text, "expired", strlen("expired")) == 0;
}

static void its_time_passes_on_all_hosts(void **state)
{
    (void)state;
    register_key("portal", "u1", &blue);
    for (unsigned late = 0; late < 2; late++) {
        on_first();
        begin_sign_in(NONE, 2);
        shift_date(299 + late);
        on_second();
        finish_sign_in(NONE);
        assert_outcome(late ? "UnknownChallenge" : "");
        assert_int_equal(said_expired(), late);
        finish_sign_in(NONE);
        assert_outcome("UnknownChallenge");
        assert_false(said_expired());
    }
}

static void nothing_is_said_of_what_ended_long_ago(void **state)
{
    (void)state;
    register_key("portal", "u1", &blue);
    for (unsigned late = 0; late < 2; late++) {
        begin_sign_in(NONE, 2);
        shift_date(300 + SHARED_CEREMONY_ENDED - 1 + late);
        finish_sign_in(NONE);
        assert_outcome("UnknownChallenge");
        assert_int_equal(said_expired(), !late);
    }
}

/* --- the store in trouble -----------------------------------------------------------------------
 */

static void assert_store_failed(void)
{
    assert_outcome("StorageFailure");
    assert_null(strstr(outcome.text, "server"));
    assert_int_equal(log_count("store: the server is away"), 1);
    log_forget();
}

static void nothing_begins_without_the_store(void **state)
{
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    register_key("portal", "u1", &blue);
    log_forget();
    for (enum shared_trouble each = SHARED_AWAY; each <= SHARED_LOST; each++) {
        shared_store_trouble(each, SHARED_WORKS);
        ask(gateway_begin_authentication, ARGUMENTS("portal"), NONE);
        assert_store_failed();
        ASK(gateway_begin_registration, "portal", key, "userId=u1");
        assert_store_failed();
        ASK(gateway_begin_authentication, "portal", key, "userId=u1", "transactionId=t1",
            "transactionData={}");
        assert_store_failed();
        assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 0);
    }
    /* The transaction's id was not used up. */
    shared_store_trouble(SHARED_WORKS, SHARED_WORKS);
    ASK(gateway_begin_authentication, "portal", key, "userId=u1", "transactionId=t1",
        "transactionData={}");
    assert_outcome("");
}

static void nobody_signs_in_without_the_store(void **state)
{
    (void)state;
    register_key("portal", "u1", &blue);
    log_forget();
    for (enum shared_trouble each = SHARED_AWAY; each <= SHARED_LOST; each++) {
        shared_store_trouble(SHARED_WORKS, SHARED_WORKS);
        begin_sign_in(NONE, 2);
        shared_store_trouble(SHARED_WORKS, each);
        on_second();
        finish_sign_in(NONE);
        assert_store_failed();
        on_first();
        finish_sign_in(NONE);
        assert_store_failed();
    }
    assert_signed_in(0);
}

static void what_the_store_gave_and_nobody_got_is_gone(void **state)
{
    (void)state;
    register_key("portal", "u1", &blue);
    begin_sign_in(NONE, 2);
    shared_store_trouble(SHARED_WORKS, SHARED_LOST);
    finish_sign_in(NONE);
    assert_outcome("StorageFailure");
    shared_store_trouble(SHARED_WORKS, SHARED_WORKS);
    on_second();
    finish_sign_in(NONE);
    assert_outcome("UnknownChallenge");
    assert_signed_in(0);
}

/* The loop has nothing to wait for, and a gateway that leaves meanwhile has spent its answer. */
static void a_store_that_takes_its_time_delays_its_callers_alone(void **state)
{
    (void)state;
    register_key("portal", "u1", &blue);
    begin_sign_in(NONE, 2);
    shared_store_hold(true);
    forget_outcomes();
    begin_call(gateway_finish_authentication, ARGUMENTS("portal", id, response), NONE);
    shared_store_wait_held();
    begin_call(gateway_relying_parties, NONE, NULL);
    assert_int_equal(outcome.replies, 1);
    requests_vanished(SENDER);
    shared_store_hold(false);
    settle();
    assert_int_equal(outcome.replies + outcome.failures, 1);
    assert_int_equal(shared_store_count(), 0);
    assert_signed_in(0);
}

/* --- records that are none ----------------------------------------------------------------------
 */

/* Replaces the record of what was begun last by one with another byte in that place. */
static void spoil(size_t at, uint8_t byte)
{
    PK_AUTO_BYTES struct pk_bytes copy = {0};

    assert_status(pk_bytes_copy(shared_store_record("portal", id), &copy), PK_OK);
    assert_true(at < copy.len);
    copy.data[at] = byte;
    shared_store_replace("portal", id, pk_view_of(&copy));
}

static void what_another_version_began_is_not_known(void **state)
{
    (void)state;
    register_key("portal", "u1", &blue);
    begin_sign_in(NONE, 2);
    spoil(0, 2);
    finish_sign_in(NONE);
    assert_outcome("UnknownChallenge");
    assert_int_equal(log_count("run the same version of passkeyd on all hosts"), 1);
    assert_int_equal(shared_store_count(), 0);
}

/* Each is good under its own id and relying party alone, wherever it is put. */
static void a_record_is_good_in_its_own_place(void **state)
{
    AUTO_KEPT_CEREMONY struct kept_ceremony other = {.expires = pk_clock_now() + 300};

    (void)state;
    register_key("portal", "u1", &blue);
    begin_sign_in(NONE, 2);
    other.rp = strdup("shop");
    other.id = strdup(id);
    assert_status(pk_bytes_copy(shared_store_record("portal", id), &other.data), PK_OK);
    assert_status(bare_store()->verbs->ceremony_add(bare_store(), &other, 9), PK_OK);
    ask(gateway_finish_authentication, ARGUMENTS("shop", id, response), NONE);
    assert_outcome("UnknownChallenge");
    assert_int_equal(log_count("sign-in"), 0);
    ask(gateway_begin_authentication, ARGUMENTS("portal"), NONE);
    (void)memcpy(id, outcome.id, sizeof(id));
    shared_store_replace("portal", id, pk_view_of(&other.data));
    finish_sign_in(NONE);
    assert_outcome("UnknownChallenge");
    assert_signed_in(0);
}

/* A passkey of u1's that has a name like that and a long id. */
static void add_passkey(unsigned number)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = credentials_with("blue");
    struct credential *credential = &list.items[0];
    PK_AUTO_FREE char *text = pk_text_format("%01000u", number);

    pk_bytes_clear(&credential->record.id);
    assert_status(pk_bytes_copy(pk_view_string(text), &credential->record.id), PK_OK);
    free(credential->name);
    credential->name = strdup(text + 980);
    assert_status(bare_store()->verbs->insert(bare_store(), credential, 64, (struct pk_view){0}),
                  PK_OK);
}

static void more_than_a_store_takes_does_not_begin(void **state)
{
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    register_key("portal", "u1", &blue);
    for (unsigned i = 0; i < 17; i++)
        add_passkey(i);
    ASK(gateway_begin_authentication, "portal", key, "userId=u1");
    assert_outcome("InvalidArguments");
    assert_non_null(strstr(outcome.text, "16384 bytes"));
    assert_int_equal(shared_store_count(), 0);
}

/* --- hosts that differ --------------------------------------------------------------------------
 */

static void hosts_agree_on_the_relying_partys_id(void **state)
{
    (void)state;
    register_key("portal", "u1", &blue);
    begin_sign_in(NONE, 2);
    configure_both("[rp portal]\nid = other.example.org\nhttp = standard\n");
    on_second();
    finish_sign_in(NONE);
    assert_outcome("UnknownChallenge");
    assert_int_equal(log_count("make [rp portal] in passkeyd.conf the same on all hosts"), 1);
    assert_int_equal(shared_store_count(), 0);
}

/* Which models are good is for the host to say that gets an attestation. */
static void models_are_judged_where_they_come(void **state)
{
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    ASK(gateway_begin_registration, "portal", key, "userId=u1");
    answer_with(registered_by(&blue));
    configure_both("[rp portal]\nid = portal.example.org\nhttp = standard\n"
                   "aaguid-allow = 2fc0579f-8113-47ea-b116-bb5a8db9202a\n");
    on_second();
    ask(gateway_finish_registration, ARGUMENTS("portal", id, response), NONE);
    assert_outcome("VerificationFailed");
    assert_non_null(strstr(outcome.text, "aaguid-not-allowed"));
}

/* --- what stays on its host ---------------------------------------------------------------------
 */

static void own_pages_are_of_one_host(void **state)
{
    (void)state;
    configure_both("[rp default]\nid = " RP_ID "\norigins = https://" RP_ID "\n"
                   "browser-url = https://" RP_ID "/passkey\nself-service = yes\n");
    bare_daemon()->page_sessions = page_sessions_new();
    ask(gateway_begin_own, ARGUMENTS("default", "", "sign-in", ""), NULL);
    assert_outcome("");
    assert_int_equal(shared_store_count(), 0);
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 1);
    page_sessions_free(pk_steal(bare_daemon()->page_sessions));
}

static void so_is_what_programs_of_this_host_begin(void **state)
{
    (void)state;
    talk_to_host(bare_daemon(), ALICE);
    soft_key_store(&blue, bare_store(), "alice", ALICE, RP_ID, "blue");
    ask(relying_party_begin_authentication, ARGUMENTS("alice"), NONE);
    assert_outcome("");
    assert_int_equal(shared_store_count(), 0);
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 1);
}

/* Where no other host has the store the table keeps them, and no worker is asked. */
static void a_store_of_one_host_is_not_asked(void **state)
{
    struct event_base *base = bare_daemon()->base;

    (void)state;
    store_base_verbs()->ceremony_add = NULL;
    assert_false(shared_ceremonies(bare_store()));
    shared_store_trouble(SHARED_AWAY, SHARED_AWAY);
    forget_outcomes();
    begin_call(gateway_begin_authentication, ARGUMENTS("portal"), NONE);
    for (unsigned pass = 0; pass < 8 && outcome.replies == 0; pass++)
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(outcome.replies, 1);
    assert_int_equal(shared_store_count(), 0);
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, two_hosts, two_hosts_gone)
    const struct CMUnitTest tests[] = {
        TEST(what_one_host_begins_another_one_ends),
        TEST(the_other_host_does_not_end_it_again),
        TEST(its_first_answer_ends_it),
        TEST(of_two_at_once_one_ends_it),
        TEST(a_users_registration_is_one_on_all_hosts),
        TEST(and_has_no_id_that_callers_can_name),
        TEST(another_relying_party_takes_nothing),
        TEST(another_kind_or_purpose_ends_it),
        TEST(who_began_with_a_token_ends_with_it_elsewhere),
        TEST(a_transaction_is_confirmed_elsewhere),
        TEST(its_time_passes_on_all_hosts),
        TEST(nothing_is_said_of_what_ended_long_ago),
        TEST(nothing_begins_without_the_store),
        TEST(nobody_signs_in_without_the_store),
        TEST(what_the_store_gave_and_nobody_got_is_gone),
        TEST(a_store_that_takes_its_time_delays_its_callers_alone),
        TEST(what_another_version_began_is_not_known),
        TEST(a_record_is_good_in_its_own_place),
        TEST(more_than_a_store_takes_does_not_begin),
        TEST(hosts_agree_on_the_relying_partys_id),
        TEST(models_are_judged_where_they_come),
        TEST(own_pages_are_of_one_host),
        TEST(so_is_what_programs_of_this_host_begin),
        TEST(a_store_of_one_host_is_not_asked),
    };

    return cmocka_run_group_tests_name("shared_ceremonies", tests, NULL, NULL);
}
