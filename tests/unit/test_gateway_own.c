/* SPDX-License-Identifier: BSD-2-Clause */
/* BeginOwn and FinishOwn of Gateway1: whose, by whom, when, and with how much room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "daemon/auth/page_sessions.h"
#include "tests/unit/gateway_scene.h"

#include <string.h>

#define ORIGIN "https://" RP_ID
#define BLUE   "Ymx1ZQ" /* the id "blue" in base64url */
#define GREEN  "Z3JlZW4"
#define BOTH   (PK_FLAG_UP | PK_FLAG_UV)

static struct soft_key blue, green, red;

static int own_set_up(void **state)
{
    if (gateway_set_up(state))
        return -1;
    configure_daemon("[rp default]\nid = " RP_ID "\norigins = " ORIGIN "\n"
                     "browser-url = " ORIGIN "/passkey\nself-service = yes\n");
    bare_daemon()->page_sessions = page_sessions_new();
    blue = soft_key_new(ES256, "blue");
    green = soft_key_new(ES256, "green");
    red = soft_key_new(ES256, "red");
    soft_key_store(&blue, bare_store(), "alice", ALICE, RP_ID, "blue");
    soft_key_store(&green, bare_store(), "alice", ALICE, RP_ID, "green");
    return bare_daemon()->page_sessions ? 0 : -1;
}

static int own_tear_down(void **state)
{
    soft_key_free(&blue);
    soft_key_free(&green);
    soft_key_free(&red);
    page_sessions_free(bare_daemon()->page_sessions);
    return gateway_tear_down(state);
}

static void begin(const char *session, const char *act, const char *object)
{
    ask(gateway_begin_own, ARGUMENTS("default", session, act, object), NULL);
}

/* Answers what was begun last with that key. */
static void finish(const char *session, const char *act, const struct soft_key *key)
{
    const struct ceremony *ceremony = ceremonies_peek(bare_daemon()->ceremonies, outcome.id);
    PK_AUTO_FREE char *id = strdup(outcome.id);
    PK_AUTO_FREE char *answer = NULL;

    assert_non_null(ceremony);
    answer = (strcmp(act, "add") == 0 ? soft_key_registration : soft_key_response)(
        key, &ceremony->requirements, ORIGIN, BOTH, 0);
    ask(gateway_finish_own, ARGUMENTS("default", session, act, id, answer), NULL);
}

/* The token of a new session; the caller's to free. */
static char *sign_in(const struct soft_key *key)
{
    begin("", "sign-in", "alice");
    assert_outcome("");
    finish("", "sign-in", key);
    assert_outcome("");
    return strdup(text_of(NULL, "session"));
}

/* So many has alice. */
static void assert_passkeys(size_t count)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    struct store *store = bare_store();

    assert_status(
        store->verbs->list(store, &(struct credential_filter){.account_name = "alice"}, &list),
        PK_OK);
    assert_int_equal(list.count, count);
}

/* --- room ------------------------------------------------------------------------------------- */

/* All but one of the relying party's places are taken, by ceremonies that make no room. */
static void leave_one_place(void)
{
    for (unsigned i = 1; i < PK_GATEWAY_CHALLENGES_PER_RP; i++) {
        struct ceremony *ceremony = begin_ceremony("bob", BOB);

        ceremony->gateway = true;
        assert_status(ceremonies_add(bare_daemon()->ceremonies, ceremony, pk_clock_monotonic(), 300,
                                     PK_CHALLENGES_PER_UID),
                      PK_OK);
    }
}

/* Whatever somebody begins with a session, the next one finds the place that it took. */
static void a_session_keeps_nobody_out(void **state)
{
    PK_AUTO_FREE char *session = sign_in(&blue);
    static const char *const acts[][2] = {
        {"prove", ""}, {"remove", BLUE}, {"add", ""}, {"sign-in", ""}, {"sign-in", "alice"}};

    (void)state;
    leave_one_place();
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        begin(session, acts[i][0], acts[i][1]);
        assert_outcome("");
        assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), PK_GATEWAY_CHALLENGES_PER_RP);
    }
    finish("", "sign-in", &green);
    assert_outcome("");
}

/* The same of the one passkey that there is. */
static void nor_does_the_removal_of_the_last_one(void **state)
{
    PK_AUTO_FREE char *session = sign_in(&blue);

    (void)state;
    begin(session, "remove", GREEN);
    finish(session, "remove", &blue);
    assert_outcome("");
    leave_one_place();
    begin(session, "remove-last", BLUE);
    assert_outcome("");
    begin(session, "prove", "");
    assert_outcome("");
    finish(session, "prove", &blue);
    assert_outcome("");
}

/* --- time ------------------------------------------------------------------------------------- */

static void an_addition_needs_a_passkeys_signature_of_lately(void **state)
{
    PK_AUTO_FREE char *session = sign_in(&blue);
    PK_AUTO_FREE char *other = sign_in(&green);

    (void)state;
    skip_time(PK_PAGE_SESSION_FRESH - 1);
    begin(session, "add", "");
    assert_outcome("");
    skip_time(1);
    begin(session, "add", "");
    assert_outcome("AccessDenied");
    begin(session, "prove", "");
    finish(session, "prove", &green);
    assert_outcome("");
    begin(other, "add", ""); /* of which nothing was proved */
    assert_outcome("AccessDenied");
    begin(session, "add", "");
    assert_outcome("");
    finish(session, "add", &red);
    assert_outcome("");
    assert_passkeys(3);
}

/* What was begun in time may be answered a little later, as every challenge. */
static void an_addition_that_has_begun_goes_on(void **state)
{
    PK_AUTO_FREE char *session = sign_in(&blue);

    (void)state;
    skip_time(PK_PAGE_SESSION_FRESH - 1);
    begin(session, "add", "");
    skip_time(2);
    finish(session, "add", &red);
    assert_outcome("");
    begin(session, "add", "");
    assert_outcome("AccessDenied"); /* a passkey that was made signs for nobody */
    assert_passkeys(3);
}

/* --- whose, and by whom ----------------------------------------------------------------------- */

/* Two sessions of one account: what is begun in one is not answered in the other. */
static void a_challenge_is_of_one_session(void **state)
{
    PK_AUTO_FREE char *session = sign_in(&blue);
    PK_AUTO_FREE char *other = sign_in(&green);

    (void)state;
    begin(session, "remove", BLUE);
    finish(other, "remove", &green);
    assert_outcome("UnknownChallenge");
    assert_passkeys(2);
}

static void a_passkey_is_removed_by_another_one(void **state)
{
    AUTO_SOFT_KEY struct soft_key bobs = soft_key_new(ES256, "bobs");
    PK_AUTO_FREE char *session = sign_in(&blue);

    (void)state;
    soft_key_store(&bobs, bare_store(), "bob", BOB, RP_ID, "bobs");
    begin(session, "remove", BLUE);
    finish(session, "remove", &bobs);
    assert_outcome("VerificationFailed");
    begin(session, "remove", BLUE);
    assert_int_equal(json_array_size(json_object_get(outcome.json, "allowCredentials")), 1);
    finish(session, "remove", &blue);
    assert_outcome("VerificationFailed");
    begin(session, "remove-last", BLUE);
    assert_outcome("NoCredentials"); /* it is not the last one */
    assert_passkeys(2);
    begin(session, "remove", BLUE);
    finish(session, "remove", &green);
    assert_outcome("");
    assert_passkeys(1); /* the session is green's now */
    begin(session, "remove", GREEN);
    assert_outcome("NoCredentials");
}

static void a_session_ends_with_its_account(void **state)
{
    PK_AUTO_FREE char *session = sign_in(&blue);

    (void)state;
    set_account("alice", ALICE + 10);
    begin(session, "prove", "");
    assert_outcome("NotSignedIn");
    set_account("alice", ALICE);
    begin(session, "prove", "");
    assert_outcome("NotSignedIn");
}

static void root_does_not_sign_in_here(void **state)
{
    AUTO_SOFT_KEY struct soft_key roots = soft_key_new(ES256, "roots");

    (void)state;
    soft_key_store(&roots, bare_store(), "root", 0, RP_ID, "roots");
    begin("", "sign-in", "root");
    assert_outcome("");
    finish("", "sign-in", &roots);
    assert_outcome("VerificationFailed");
    assert_int_equal(page_sessions_count(bare_daemon()->page_sessions), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, own_set_up, own_tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(a_session_keeps_nobody_out),
        TEST(nor_does_the_removal_of_the_last_one),
        TEST(an_addition_needs_a_passkeys_signature_of_lately),
        TEST(an_addition_that_has_begun_goes_on),
        TEST(a_challenge_is_of_one_session),
        TEST(a_passkey_is_removed_by_another_one),
        TEST(a_session_ends_with_its_account),
        TEST(root_does_not_sign_in_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
