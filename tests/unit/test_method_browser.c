/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signing in by the browser method: the link, which one browser answers, and the code, without
 * which nothing is approved.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "tests/unit/browser_answers.h"

#include <string.h>

/* --- asking ------------------------------------------------------------------------------------
 */

/* Of root's program, for a person elsewhere: concealed. */
static void ask(const char *user)
{
    open_sign_in(0, &(struct sign_in_request){.user = user, .rhost = "elsewhere"});
    read_link();
}

/* The account's own owner asks: nothing has to be concealed. */
static void ask_openly(const char *user)
{
    open_sign_in(0, &(struct sign_in_request){.user = user, .rhost = "elsewhere", .ruser = user});
    read_link();
}

/* --- signing in ------------------------------------------------------------------------------- */

static void a_passkey_and_its_code(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    assert_non_null(strstr(seen()->text, "to sign in as alice"));
    use(&key);
    assert_int_equal(strlen(code), PK_BROWSER_CODE_SIZE - 1);
    type(code);
    assert_said("done", "ok");
    assert_string_equal(seen()->user, "alice");
    assert_null(found());
    assert_int_equal(challenges(), 0);
}

static void the_page_says_what_is_signed(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    json_t *page;
    const json_t *context;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    page = link_json(found());
    context = json_object_get(page, "context");
    assert_string_equal(json_string_value(json_object_get(context, "user")), "alice");
    assert_string_equal(json_string_value(json_object_get(context, "rhost")), "elsewhere");
    assert_string_equal(json_string_value(json_object_get(page, "stage")), "new");
    assert_null(json_object_get(page, "code"));
    json_decref(page);
}

static void wrong_codes(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    use(&key);
    for (unsigned i = 1; i < PK_BROWSER_TRIES; i++) {
        type("0");
        assert_said("error", "browser-code-invalid");
        type(NULL);
        assert_said("ask", "browser");
    }
    type("0");
    assert_said("done", "browser-code-invalid");
    assert_null(found());
    assert_int_equal(log_count("a wrong code was typed"), PK_BROWSER_TRIES);
}

static void no_code_is_right_before_there_is_one(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    type("000000");
    assert_said("error", "browser-code-invalid");
    assert_int_equal(log_count("and no browser has been given one"), 1);
}

static void an_answer_is_judged_once(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    struct call *late;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    late = call_from(GATEWAY, SENDER);
    assert_status(link_answer(found(), late, "{}"), PK_CHALLENGE_UNKNOWN); /* not begun */
    use(&key);
    assert_status(link_answer(found(), late, "{}"), PK_CHALLENGE_UNKNOWN);
    call_drop(late);
    type(code);
    assert_said("done", "ok");
}

static void wrong_answers_end_it(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(ES256, "blue");
    json_t *options;
    char *json;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask_openly("alice");
    use(&forged);
    assert_null(found());
    type(NULL);
    assert_said("done", "signature-invalid");
    ask_openly("alice");
    options = begin();
    json = answer(options, &key, "https://" RP_ID); /* not the page's origin */
    finish(json);
    type(NULL);
    assert_said("done", "origin-mismatch");
    json_decref(options);
    free(json);
}

static void reasons_are_concealed(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    use(&forged);
    let_pass(200);
    type(NULL);
    assert_said("done", "answer-refused");
    assert_int_equal(log_count("signature-invalid"), 1);
    for (unsigned i = 0; i < 2; i++) { /* one without passkeys, and one who does not exist */
        ask(i == 0 ? "bob" : "mallory");
        use(&forged);
        let_pass(200);
        type(NULL);
        assert_said("done", "answer-refused");
    }
    assert_int_equal(challenges(), 0);
}

/* What a browser is told of a passkey, it is told of a decoy. */
static void decoys_have_transports(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        PK_AUTO_FREE char *name = pk_text_format("mallory%u", i);
        json_t *options;
        const json_t *list;

        ask(name);
        claim[0] = '\0';
        options = begin();
        list = json_object_get(options, "allowCredentials");
        for (size_t at = 0; at < json_array_size(list); at++)
            assert_true(json_array_size(json_object_get(json_array_get(list, at), "transports")) >
                        0);
        json_decref(options);
        type("");
    }
}

/* Somebody who becomes another account has to be verified, where all of its passkeys can. */
static void decoys_have_to_verify(void **state)
{
    static const char *const users[] = {"alice", "bob", "mallory"};
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    assert_status(bare_store()->verbs->use(bare_store(), pk_view_string("blue"),
                                           &(struct credential_use){.user_verified = true}),
                  PK_OK);
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        json_t *options;
        const char *verification;

        claim[0] = '\0';
        open_sign_in(0, &(struct sign_in_request){.user = users[i],
                                                  .service = "su",
                                                  .ruser = "carol",
                                                  .methods = {{PK_METHOD_BROWSER}, 1}});
        read_link();
        options = begin();
        verification = json_string_value(json_object_get(options, "userVerification"));
        assert_non_null(verification);
        assert_string_equal(verification, "required");
        json_decref(options);
    }
}

/* Where nothing else conceals who has a passkey, a link does. */
static void everybody_gets_a_link(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        open_sign_in(0, &(struct sign_in_request){.user = i == 0 ? "bob" : "mallory",
                                                  .methods = {{PK_METHOD_BROWSER}, 1}});
        read_link();
        type("");
        assert_said("done", "cancelled");
    }
}

/* The work is that of a passkey: the decoy that it names is what the signature is judged by. */
static void decoys_are_judged(void **state)
{
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(ES256, "blue");
    json_t *options, *response, *decoy;
    char *json;

    (void)state;
    ask("mallory");
    options = begin();
    decoy = json_object_get(json_array_get(json_object_get(options, "allowCredentials"), 0), "id");
    assert_non_null(decoy);
    json = answer(options, &forged, ORIGIN);
    response = json_loads(json, 0, NULL);
    free(json);
    (void)json_object_set(response, "id", decoy);
    (void)json_object_set(response, "rawId", decoy);
    json = json_dumps(response, 0);
    finish(json);
    let_pass(200);
    type(NULL);
    assert_said("done", "answer-refused");
    assert_int_equal(log_count("; the answer: signature-invalid"), 1);
    free(json);
    json_decref(response);
    json_decref(options);
}

/* --- the link --------------------------------------------------------------------------------- */

static void assert_begins(struct link *link, const char *proposed)
{
    PK_AUTO_FREE char *options = NULL;

    assert_non_null(link);
    assert_status(link_begin(link, proposed, &options), PK_OK);
}

static void one_browser_alone_goes_on(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    char wrong[PK_LINK_CLAIM_SIZE];
    json_t *first, *again;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    first = begin();
    assert_null(links_find(bare_daemon()->links, word, ""));
    (void)snprintf(wrong, sizeof(wrong), "%s", claim);
    wrong[0] = wrong[0] == '0' ? '1' : '0';
    assert_null(links_find(bare_daemon()->links, word, wrong));
    (void)snprintf(wrong, sizeof(wrong), "%s", claim);
    again = begin(); /* the page was loaded once more */
    assert_true(json_equal(first, again));
    assert_string_equal(claim, wrong);
    json_decref(first);
    json_decref(again);
}

static void a_claim_that_a_browser_has_already(void **state)
{
    static const char proposed[] = "ABCDEFGHJKMNPQRSTVWXYZ0123";
    static const char *const others[] = {
        "",
        "ABCDEFGHJKMNPQRSTVWXYZ012",
        "ABCDEFGHJKMNPQRSTVWXYZ01234",
        "abcdefghjkmnpqrstvwxyz0123",
        "ABCDEFGHJKMNPQRSTVWXYZOIL3",
        "ABCDEFGHJKMNPQRSTVWXYZ-123",
    };
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    struct link *link;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    link = links_find(bare_daemon()->links, word, proposed);
    assert_non_null(link);
    assert_begins(link, proposed);
    assert_string_equal(link_claim(link), proposed);
    assert_null(links_find(bare_daemon()->links, word, ""));
    assert_ptr_equal(links_find(bare_daemon()->links, word, proposed), link);
    assert_begins(link, ""); /* no other one is taken afterwards */
    assert_string_equal(link_claim(link), proposed);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ask("alice");
        link = links_find(bare_daemon()->links, word, others[i]);
        assert_begins(link, others[i]);
        assert_int_equal(strlen(link_claim(link)), PK_LINK_CLAIM_SIZE - 1);
        assert_string_not_equal(link_claim(link), others[i]);
        assert_null(links_find(bare_daemon()->links, word, others[i]));
    }
}

static void words_of_links(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    char lower[PK_LINK_WORD_SIZE];

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    for (size_t i = 0; i < sizeof(lower); i++)
        lower[i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] - 'A' + 'a' : word[i]);
    assert_non_null(links_find(bare_daemon()->links, lower, ""));
    assert_null(links_find(bare_daemon()->links, "", ""));
    assert_null(links_find(bare_daemon()->links, "0000000000000", ""));
    lower[0] = lower[0] == '0' ? '1' : '0';
    assert_null(links_find(bare_daemon()->links, lower, ""));
}

static void two_minutes(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    skip_time(PK_LINK_LIFETIME - 2);
    assert_non_null(found());
    let_pass(3000);
    assert_null(found());
    next("000000");
    assert_said("done", "timeout");
}

/* Also where whoever asks is given more time. */
static void no_longer_than_that(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\nbrowser-url = " URL "\n"
                     "[service slow]\ntimeout = 600\n");
    give_key(&key, "alice", ALICE, RP_ID);
    open_sign_in(0, &(struct sign_in_request){.user = "alice", .service = "slow"});
    read_link();
    skip_time(PK_LINK_LIFETIME - 2);
    assert_non_null(found());
    skip_time(3);
    assert_null(found());
    type("");
    assert_non_null(behind);
}

static void codes_last_no_longer(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\nbrowser-url = " URL "\n"
                     "[service slow]\ntimeout = 600\n");
    give_key(&key, "alice", ALICE, RP_ID);
    for (unsigned late = 2; late-- > 0;) {
        open_sign_in(0, &(struct sign_in_request){.user = "alice",
                                                  .service = "slow",
                                                  .methods = {{PK_METHOD_BROWSER}, 1}});
        claim[0] = '\0';
        read_link();
        skip_time(PK_LINK_LIFETIME - 2);
        if (late) {
            use(&key);
            skip_time(PK_LINK_LIFETIME);
            type(code);
        } else {
            skip_time(3);
            type("000000");
        }
        assert_said("done", "timeout");
    }
}

static void whoever_disowns_it_ends_it(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    link_disown(found());
    assert_null(found());
    type("000000");
    assert_said("done", "denied");
    assert_int_equal(log_count("<4>"), 1);
    assert_int_equal(log_count("says that it was not them: to sign in as alice"), 1);
}

/* While its answer is being judged: nothing comes of that any more, and the page's call is told. */
static void whoever_disowns_it_meanwhile(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    json_t *options;
    char *json;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    options = begin();
    json = answer(options, &key, ORIGIN);
    assert_status(link_answer(found(), call_from(GATEWAY, SENDER), json), PK_OK);
    link_disown(found());
    assert_null(found());
    settle();
    let_pass(200);
    type("000000");
    assert_said("done", "denied");
    json_decref(options);
    free(json);
}

/* Nobody takes it then, and the person still has to be asked for the code. */
static void what_is_typed_meanwhile(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    json_t *options;
    char *json;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask_openly("alice");
    options = begin();
    json = answer(options, &key, ORIGIN);
    assert_status(link_answer(found(), call_from(GATEWAY, SENDER), json), PK_OK);
    next("000000");
    assert_said("ask", "browser");
    json_decref(options);
    free(json);
}

static void enter_alone_goes_on(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    type("");
    assert_non_null(behind);
    assert_null(found());
}

/* While a person takes their time with the code. */
static void what_is_removed_meanwhile(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key other = soft_key_new(ES256, "red");
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    struct store *store = bare_store();

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    give_key(&other, "alice", ALICE, RP_ID);
    list = credentials_with("blue");
    ask_openly("alice");
    use(&key);
    assert_status(store->verbs->remove(store, &list.items[0].account, pk_view_string("blue")),
                  PK_OK);
    type(code);
    assert_said("done", "credential-not-allowed");
    claim[0] = '\0';
    ask_openly("alice");
    use(&other);
    set_account("alice", BOB + 1);
    type(code);
    assert_said("done", "account-changed");
    skip_time(PK_LINK_LIFETIME);
    assert_int_equal(log_count("its code was not typed"), 0);
}

static void passkeys_without_a_code_are_logged(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key other = soft_key_new(ES256, "red");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    give_key(&other, "alice", ALICE, RP_ID);
    ask("alice");
    use(&key);
    type(code);
    assert_said("done", "ok");
    skip_time(PK_LINK_LIFETIME);
    assert_int_equal(log_count("its code was not typed"), 0);
    claim[0] = '\0';
    ask("alice");
    use(&other);
    skip_time(PK_LINK_LIFETIME + 1);
    assert_int_equal(log_count("valid, but its code was not typed: passkey \"red\""), 1);
}

static void where_there_is_no_link(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    configure_daemon("[rp default]\nid = " RP_ID "\n");
    open_sign_in(0, &(struct sign_in_request){.user = "alice", .ruser = "alice"});
    type(NULL);
    assert_said("done", "unavailable");
}

/* Its page is told, and a call that leaves the bus is dropped. */
static void calls_that_wait(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    json_t *options;
    char *json;
    unsigned count;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    options = begin();
    json = answer(options, &key, ORIGIN);
    count = seen()->count;
    assert_status(link_answer(found(), call_from(GATEWAY, ":1.9"), json), PK_OK);
    links_vanished(bare_daemon()->links, ":1.9");
    settle();
    let_pass(200);
    assert_int_equal(seen()->count, count);
    assert_non_null(found());
    json_decref(options);
    free(json);
    ask("alice"); /* another's leaving is nothing to it */
    options = begin();
    json = answer(options, &key, ORIGIN);
    count = seen()->count;
    assert_status(link_answer(found(), call_from(GATEWAY, ":1.9"), json), PK_OK);
    links_vanished(bare_daemon()->links, ":1.8");
    settle();
    let_pass(200);
    assert_int_equal(seen()->count, count + 1);
    json_decref(options);
    free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_passkey_and_its_code, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(the_page_says_what_is_signed, browser_set_up,
                                        browser_tear_down),
        cmocka_unit_test_setup_teardown(wrong_codes, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(no_code_is_right_before_there_is_one, browser_set_up,
                                        browser_tear_down),
        cmocka_unit_test_setup_teardown(an_answer_is_judged_once, browser_set_up,
                                        browser_tear_down),
        cmocka_unit_test_setup_teardown(wrong_answers_end_it, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(reasons_are_concealed, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(everybody_gets_a_link, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(decoys_have_transports, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(decoys_have_to_verify, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(decoys_are_judged, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(one_browser_alone_goes_on, browser_set_up,
                                        browser_tear_down),
        cmocka_unit_test_setup_teardown(a_claim_that_a_browser_has_already, browser_set_up,
                                        browser_tear_down),
        cmocka_unit_test_setup_teardown(words_of_links, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(two_minutes, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(no_longer_than_that, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(codes_last_no_longer, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(whoever_disowns_it_ends_it, browser_set_up,
                                        browser_tear_down),
        cmocka_unit_test_setup_teardown(whoever_disowns_it_meanwhile, browser_set_up,
                                        browser_tear_down),
        cmocka_unit_test_setup_teardown(what_is_typed_meanwhile, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(enter_alone_goes_on, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(what_is_removed_meanwhile, browser_set_up,
                                        browser_tear_down),
        cmocka_unit_test_setup_teardown(passkeys_without_a_code_are_logged, browser_set_up,
                                        browser_tear_down),
        cmocka_unit_test_setup_teardown(where_there_is_no_link, browser_set_up, browser_tear_down),
        cmocka_unit_test_setup_teardown(calls_that_wait, browser_set_up, browser_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
