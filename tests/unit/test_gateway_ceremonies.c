/* SPDX-License-Identifier: BSD-2-Clause */
/* Registrations and authentications of Gateway1, from the options to the tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "tests/unit/gateway_scene.h"

#include <string.h>
#include <time.h>

/* Answers the ceremony that the last call began with that, for these options. */
static void finish(method_handler *handler, const char *rp, const char *response,
                   const char *const *options)
{
    char id[sizeof(outcome.id)];

    (void)memcpy(id, outcome.id, sizeof(id));
    ask(handler, ARGUMENTS(rp, id, response), options);
}

static void sign_in(const char *rp, const struct soft_key *key, uint32_t counter, const char *user,
                    const char *const *options)
{
    PK_AUTO_FREE char *response = signed_by(key, counter, user);

    finish(gateway_finish_authentication, rp, response, options);
}

static size_t allowed(void)
{
    return json_array_size(json_object_get(outcome.json, "allowCredentials"));
}

static void a_user_registers_and_signs_in(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    const json_t *tokens;

    (void)state;
    register_key("portal", "u1", &blue);
    assert_string_equal(text_of("credential", "userId"), "u1");
    assert_string_equal(text_of("credential", "publicKey") ? "yes" : "", "yes");
    assert_string_equal(text_of("user", "userId"), "u1");
    assert_non_null(json_object_get(outcome.json, "tokens"));
    assert_int_equal(log_count("enrolment for u1 (portal): ok"), 1);
    assert_int_equal(log_count("through the gateway, for any purpose, by uid 990"), 1);
    ask(gateway_begin_authentication, ARGUMENTS("portal"), OPTIONS("purpose=login"));
    assert_outcome("");
    assert_int_equal(allowed(), 0);
    sign_in("portal", &blue, 2, "u1", OPTIONS("purpose=login"));
    assert_outcome("");
    tokens = json_object_get(outcome.json, "tokens");
    assert_non_null(json_object_get(tokens, "token"));
    assert_int_equal(json_integer_value(
                         json_object_get(json_object_get(outcome.json, "credential"), "signCount")),
                     2);
    assert_int_equal(log_count("through the gateway, for login, by uid 990"), 1);
}

static void the_user_handle_is_the_id(void **state)
{
    static const char *const ids[] = {
        "a", "0123456789abcdef",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        PK_AUTO_FREE char *expected = pk_base64url_encode(pk_view_string(ids[i]));

        ASK(gateway_begin_registration, "portal", key, option("userId", ids[i]));
        assert_outcome("");
        assert_string_equal(text_of("user", "id"), expected);
    }
    ASK(gateway_begin_registration, "portal", key,
        "userId=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0");
    assert_outcome("InvalidArguments");
    assert_non_null(strstr(outcome.text, "userId: 1 to 64 bytes"));
    ASK(gateway_begin_registration, "portal", key, "userId=");
    assert_outcome("InvalidArguments");
    ASK(gateway_begin_registration, "portal", key);
    assert_outcome("InvalidArguments");
}

static void what_an_application_says_of_a_user_is_kept(void **state)
{
    const char *key = option("apiKey", key_of("portal"));
    const char *bearer = option("bearer", token_of("portal", "u1"));

    (void)state;
    ASK(gateway_begin_registration, "portal", key, "userId=u1", "userName=one", "displayName=One",
        "icon=https://portal.example.org/1.png");
    ASK(gateway_begin_registration, "portal", key, "userId=u1", "displayName=The One");
    assert_string_equal(text_of("user", "name"), "one");
    assert_string_equal(text_of("user", "displayName"), "The One");
    assert_string_equal(text_of("user", "icon"), "https://portal.example.org/1.png");
    /* A user's own word is a label of these options only. */
    ASK(gateway_begin_registration, "portal", bearer, "userName=two", "displayName=Two");
    assert_string_equal(text_of("user", "name"), "two");
    ASK(gateway_user, "portal", key, "userId=u1");
    assert_string_equal(text_of(NULL, "userName"), "one");
    assert_string_equal(text_of(NULL, "displayName"), "The One");
    /* What is refused is not kept either. */
    ASK(gateway_begin_registration, "portal", key, "userId=u1", "userName=three", "hints=x");
    assert_outcome("InvalidArguments");
    ASK(gateway_begin_registration, "portal", key, "userId=u1", "userName=three",
        "residentKey=maybe");
    assert_outcome("InvalidArguments");
    ASK(gateway_user, "portal", key, "userId=u1");
    assert_string_equal(text_of(NULL, "userName"), "one");
}

static void passkeys_are_excluded_unless_it_is_said(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    register_key("portal", "u1", &blue);
    ASK(gateway_begin_registration, "portal", key, "userId=u1");
    assert_int_equal(json_array_size(json_object_get(outcome.json, "excludeCredentials")), 1);
    ASK(gateway_begin_registration, "portal", key, "userId=u1", "exclude?0");
    assert_int_equal(json_array_size(json_object_get(outcome.json, "excludeCredentials")), 0);
    ASK(gateway_begin_registration, "portal", key, "userId=u1", "exclude?1");
    assert_int_equal(json_array_size(json_object_get(outcome.json, "excludeCredentials")), 1);
}

static void a_ceremony_is_answered_once(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    PK_AUTO_FREE char *response = NULL;
    char id[sizeof(outcome.id)];

    (void)state;
    register_key("portal", "u1", &blue);
    ask(gateway_begin_authentication, ARGUMENTS("portal"), NONE);
    response = signed_by(&blue, 2, "u1");
    (void)memcpy(id, outcome.id, sizeof(id));
    ask(gateway_finish_authentication, ARGUMENTS("portal", id, "{}"), NONE);
    assert_outcome("VerificationFailed");
    ask(gateway_finish_authentication, ARGUMENTS("portal", id, response), NONE);
    assert_outcome("UnknownChallenge");
}

static void a_ceremony_is_for_one_thing(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");

    (void)state;
    register_key("portal", "u1", &blue);
    ask(gateway_begin_authentication, ARGUMENTS("portal"), OPTIONS("purpose=login"));
    sign_in("portal", &blue, 2, "u1", OPTIONS("purpose=mfa"));
    assert_outcome("UnknownChallenge");
    ask(gateway_begin_authentication, ARGUMENTS("portal"), NONE);
    sign_in("shop", &blue, 2, "u1", NONE);
    assert_outcome("UnknownChallenge");
    ask(gateway_begin_authentication, ARGUMENTS("portal"), NONE);
    finish(gateway_finish_registration, "portal", "{}", NONE);
    assert_outcome("UnknownChallenge");
    assert_int_equal(log_count("sign-in of u1 (portal): ok"), 0);
}

/* By the relying party's time, whatever the browser is told. */
static void a_ceremony_ends(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    char id[sizeof(outcome.id)];

    (void)state;
    register_key("portal", "u1", &blue);
    for (unsigned late = 0; late < 2; late++) {
        PK_AUTO_FREE char *response = NULL;

        ask(gateway_begin_authentication, ARGUMENTS("portal"), OPTIONS("timeout:1000"));
        assert_in_range(outcome.expires, pk_clock_now() + 295, pk_clock_now() + 301);
        response = signed_by(&blue, 2 + late, "u1");
        (void)memcpy(id, outcome.id, sizeof(id));
        pass_seconds(299 + late);
        ask(gateway_finish_authentication, ARGUMENTS("portal", id, response), NONE);
        assert_outcome(late ? "UnknownChallenge" : "");
        assert_int_equal(strncmp(outcome.text, "expired", 7) == 0, late);
        ask(gateway_finish_authentication, ARGUMENTS("portal", id, response), NONE);
        assert_outcome("UnknownChallenge");
        assert_int_not_equal(strncmp(outcome.text, "expired", 7), 0);
    }
    ask(gateway_begin_authentication, ARGUMENTS("signal"), NONE);
    assert_in_range(outcome.expires, pk_clock_now() + 595, pk_clock_now() + 601);
}

static void who_began_with_a_token_ends_with_it(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    const char *mine = option("bearer", token_of("portal", "u1"));
    const char *theirs = option("bearer", token_of("portal", "u2"));

    (void)state;
    register_key("portal", "u1", &blue);
    ASK(gateway_begin_authentication, "portal", mine);
    assert_int_equal(allowed(), 1);
    sign_in("portal", &blue, 2, "u1", OPTIONS(theirs));
    assert_outcome("WrongToken");
    assert_int_equal(log_count("refused, wrong-token"), 1);
    ASK(gateway_begin_authentication, "portal", mine);
    sign_in("portal", &blue, 2, "u1", NONE);
    assert_outcome("NotSignedIn");
    ASK(gateway_begin_authentication, "portal", mine);
    sign_in("portal", &blue, 2, "u1", OPTIONS(mine));
    assert_outcome("");
    /* A passkey that names its user, with another user's token. */
    ask(gateway_begin_authentication, ARGUMENTS("portal"), NONE);
    sign_in("portal", &blue, 3, "u1", OPTIONS(theirs));
    assert_outcome("VerificationFailed");
    ask(gateway_begin_authentication, ARGUMENTS("portal"), NONE);
    sign_in("portal", &blue, 3, "u1", OPTIONS(mine));
    assert_outcome("");
}

/* A token that is none is no answer: the right one can still follow. */
static void a_token_that_is_none_ends_nothing(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    const char *mine = option("bearer", token_of("portal", "u1"));
    PK_AUTO_FREE char *response = NULL;
    char id[sizeof(outcome.id)];

    (void)state;
    register_key("portal", "u1", &blue);
    ASK(gateway_begin_authentication, "portal", mine);
    response = signed_by(&blue, 2, "u1");
    (void)memcpy(id, outcome.id, sizeof(id));
    ask(gateway_finish_authentication, ARGUMENTS("portal", id, response), OPTIONS("bearer=a.b.c"));
    assert_outcome("NotSignedIn");
    ask(gateway_finish_authentication, ARGUMENTS("portal", id, response), OPTIONS(mine));
    assert_outcome("");
}

static void passkeys_are_their_users(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(ES256, "red");
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    register_key("portal", "u1", &blue);
    register_key("shop", "u1", &red);
    ask(gateway_begin_authentication, ARGUMENTS("portal"), NONE);
    sign_in("portal", &red, 2, "u1", NONE);
    assert_outcome("VerificationFailed");
    assert_non_null(strstr(outcome.text, "credential-not-allowed"));
    ask(gateway_begin_authentication, ARGUMENTS("portal"), NONE);
    sign_in("portal", &blue, 2, "u2", NONE);
    assert_outcome("VerificationFailed");
    ASK(gateway_begin_registration, "portal", key, "userId=u2");
    ASK(gateway_begin_authentication, "portal", key, "userId=u2");
    assert_outcome("NoCredentials");
    ASK(gateway_begin_authentication, "portal", key, "userId=u3");
    assert_outcome("UnknownUser");
}

/* The form shows the same for both, and neither of them can be ended by anybody's passkey. */
static void a_name_that_nobody_has_is_none_to_sign_in_by(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    const char *key = option("apiKey", key_of("signal"));
    static const char *const names[] = {"userName=nobody", "userName=two"};

    (void)state;
    register_key("signal", "u1", &blue);
    ASK(gateway_issue_token, "signal", key, "userId=u2", "userName=two");
    for (size_t i = 0; i < 2; i++) {
        ask(gateway_begin_authentication, ARGUMENTS("signal"), OPTIONS(names[i]));
        assert_outcome("");
        assert_int_equal(allowed(), 0);
        sign_in("signal", &blue, 2, "u1", NONE);
        assert_outcome("VerificationFailed");
    }
    ask(gateway_begin_authentication, ARGUMENTS("signal"), OPTIONS("userName=two", "mfa?1"));
    assert_outcome("NotSignedIn");
    ask(gateway_begin_authentication, ARGUMENTS("signal"), OPTIONS("mfa?1"));
    assert_outcome("InvalidArguments");
}

static void register_second_factor(const struct soft_key *key, const char *api_key)
{
    PK_AUTO_FREE char *response = NULL;

    ASK(gateway_begin_registration, "portal", api_key, "userId=u1", "mfa?1");
    response = registered_by(key);
    finish(gateway_finish_registration, "portal", response, NONE);
    assert_outcome("");
    assert_true(json_is_true(json_object_get(json_object_get(outcome.json, "credential"), "mfa")));
}

static void a_second_factor_is_one_for_it_only(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(ES256, "red");
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    register_key("portal", "u1", &blue);
    register_second_factor(&red, key);
    ask(gateway_begin_authentication, ARGUMENTS("portal"), NONE);
    sign_in("portal", &red, 2, "u1", NONE);
    assert_outcome("VerificationFailed");
    ASK(gateway_begin_authentication, "portal", key, "userId=u1");
    assert_int_equal(allowed(), 1);
    sign_in("portal", &red, 2, "u1", NONE);
    assert_outcome("VerificationFailed");
    ASK(gateway_begin_authentication, "portal", key, "userId=u1", "mfa?1");
    assert_int_equal(allowed(), 2);
    sign_in("portal", &red, 2, "u1", NONE);
    assert_outcome("");
}

static void a_transaction_is_signed_and_kept(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    register_key("portal", "u1", &blue);
    ASK(gateway_begin_authentication, "portal", key, "userId=u1", "byChallenge?1",
        "transactionId=t1", "transactionData={}");
    assert_outcome("");
    assert_string_equal(outcome.id, text_of(NULL, "challenge"));
    assert_int_equal(strlen(outcome.id), 86);
    sign_in("portal", &blue, 2, "u1", NONE);
    assert_outcome("");
    assert_string_equal(text_of(NULL, "transactionId"), "t1");
    ASK(gateway_begin_authentication, "portal", key, "userId=u1", "transactionId=t1",
        "transactionData={}");
    assert_outcome("Exists");
    ASK(gateway_begin_authentication, "portal", key, "userId=u1", "transactionId=t2");
    assert_outcome("InvalidArguments");
    ask(gateway_begin_authentication, ARGUMENTS("portal"),
        OPTIONS("transactionId=t2", "transactionData={}"));
    assert_outcome("InvalidArguments");
    ASK(gateway_transactions, "portal", key, "userId=u1");
    assert_int_equal(json_array_size(outcome.json), 1);
}

/* Who could not begin can try it again with the same id. */
static void a_transaction_that_did_not_begin_is_none(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    const char *key = option("apiKey", key_of("portal"));
    size_t count;

    (void)state;
    register_key("portal", "u1", &blue);
    leave_places("portal", 0, 10);
    ASK(gateway_begin_authentication, "portal", key, "userId=u1", "transactionId=t1",
        "transactionData={}");
    assert_outcome("LimitExceeded");
    ASK(gateway_transactions, "portal", key, "userId=u1");
    assert_int_equal(json_array_size(outcome.json), 0);
    pass_seconds(10);
    ASK(gateway_begin_authentication, "portal", key, "userId=u1", "transactionId=t1",
        "transactionData={}");
    assert_outcome("");
    /* Nor is there a ceremony where there is no transaction. */
    count = begun_count();
    ASK(gateway_begin_authentication, "portal", key, "userId=u1", "transactionId=t1",
        "transactionData={}");
    assert_outcome("Exists");
    assert_int_equal(begun_count(), count);
}

/* --- one registration of a user at a time ----------------------------------------------------- */

static void a_user_has_one_registration(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    const char *mine = option("bearer", token_of("portal", "u1"));
    const char *theirs = option("bearer", token_of("portal", "u2"));
    PK_AUTO_FREE char *first = NULL;
    PK_AUTO_FREE char *second = NULL;

    (void)state;
    ASK(gateway_begin_registration, "portal", mine, "sole?1", "purpose=registration");
    first = registered_by(&blue);
    ASK(gateway_begin_registration, "portal", mine, "sole?1", "purpose=registration");
    second = registered_by(&blue);
    assert_int_equal(begun_count(), 1);
    /* Neither another user's, nor another purpose's, nor nobody's. */
    ask(gateway_finish_registration, ARGUMENTS("portal", "", second),
        OPTIONS(theirs, "purpose=registration"));
    assert_outcome("UnknownChallenge");
    ask(gateway_finish_registration, ARGUMENTS("portal", "", second), OPTIONS(mine));
    assert_outcome("UnknownChallenge");
    ask(gateway_finish_registration, ARGUMENTS("portal", "", second),
        OPTIONS("purpose=registration"));
    assert_outcome("NotSignedIn");
    ask(gateway_finish_registration, ARGUMENTS("portal", "", second),
        OPTIONS(mine, "purpose=registration"));
    assert_outcome("");
    ask(gateway_finish_registration, ARGUMENTS("portal", "", second),
        OPTIONS(mine, "purpose=registration"));
    assert_outcome("UnknownChallenge");
    /* The answer to the one before is wrong, and the one that there is has gone with it. */
    ASK(gateway_begin_registration, "portal", mine, "sole?1");
    ask(gateway_finish_registration, ARGUMENTS("portal", "", first), OPTIONS(mine));
    assert_outcome("VerificationFailed");
    ask(gateway_finish_registration, ARGUMENTS("portal", "", first), OPTIONS(mine));
    assert_outcome("UnknownChallenge");
}

static void whose_a_passkey_is_already(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    const char *key = option("apiKey", key_of("portal"));

    (void)state;
    register_key("portal", "u1", &blue);
    for (size_t i = 0; i < 2; i++) {
        PK_AUTO_FREE char *response = NULL;

        ASK(gateway_begin_registration, "portal", key, i == 0 ? "userId=u1" : "userId=u2",
            "exclude?0");
        response = registered_by(&blue);
        finish(gateway_finish_registration, "portal", response, NONE);
        assert_outcome("AlreadyEnrolled");
        assert_int_equal(strstr(outcome.text, "of-another-user") != NULL, i == 1);
    }
}

static void names_are_as_long_as_applications_have_them(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    const char *key = option("apiKey", key_of("portal"));
    PK_AUTO_FREE char *response = NULL;
    PK_AUTO_FREE char *name = pk_text_format("name=%0300d", 0);
    char id[64];

    (void)state;
    ASK(gateway_begin_registration, "portal", key, "userId=u1");
    response = registered_by(&blue);
    finish(gateway_finish_registration, "portal", response, OPTIONS(name));
    assert_outcome("");
    assert_int_equal(strlen(text_of("credential", "name")), 255);
    (void)snprintf(id, sizeof(id), "%s", text_of("credential", "credentialId"));
    ask(gateway_rename, ARGUMENTS("portal", id), OPTIONS(key, name));
    assert_outcome("InvalidArguments");
    assert_non_null(strstr(outcome.text, "255 characters"));
    /* Who may not rename it hears that before. */
    ask(gateway_rename, ARGUMENTS("portal", id), OPTIONS("apiKey=AAAA", name));
    assert_outcome("NotSignedIn");
    name[strlen("name=") + 255] = '\0';
    ask(gateway_rename, ARGUMENTS("portal", id), OPTIONS(key, name));
    assert_outcome("");
}

static void a_user_without_passkeys_is_told_so_or_not(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    const char *mine = option("bearer", token_of("signal", "u1"));

    (void)state;
    ASK(gateway_issue_token, "signal", option("apiKey", key_of("signal")), "userId=u1");
    ASK(gateway_issue_token, "portal", option("apiKey", key_of("portal")), "userId=u1");
    ASK(gateway_begin_authentication, "portal", option("bearer", token_of("portal", "u1")));
    assert_outcome("NoCredentials");
    ASK(gateway_begin_authentication, "signal", option("apiKey", key_of("signal")), "userId=u1");
    assert_outcome("NoCredentials");
    ASK(gateway_begin_authentication, "signal", mine);
    assert_outcome("");
    assert_int_equal(allowed(), 0);
    /* Nobody else's is good for it. */
    register_key("signal", "u2", &blue);
    ASK(gateway_begin_authentication, "signal", mine);
    sign_in("signal", &blue, 2, "u2", OPTIONS(mine));
    assert_outcome("VerificationFailed");
}

/* What is wrong with what a call says is told to who may call. */
static void callers_are_judged_before_what_they_say(void **state)
{
    static const char *const wrong[] = {"apiKey=AAAA", "bearer=a.b.c"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        ASK(gateway_issue_token, "portal", wrong[i]);
        assert_outcome("NotSignedIn");
        ASK(gateway_begin_authentication, "portal", wrong[i], "userVerification=maybe");
        assert_outcome("NotSignedIn");
        ASK(gateway_begin_authentication, "portal", wrong[i], "mfa?1");
        assert_outcome("NotSignedIn");
        ASK(gateway_begin_registration, "portal", wrong[i], "residentKey=maybe");
        assert_outcome("NotSignedIn");
    }
    ASK(gateway_issue_token, "portal", option("apiKey", key_of("portal")));
    assert_outcome("InvalidArguments");
    assert_non_null(strstr(outcome.text, "userId"));
    ask(gateway_begin_authentication, ARGUMENTS("portal"), OPTIONS("userVerification=maybe"));
    assert_outcome("InvalidArguments");
}

/* --- what a token says that it was for -------------------------------------------------------- */

static const char *claim_of_token(const char *member)
{
    const char *token = text_of("tokens", "token");
    const char *rp_key = option("apiKey", key_of("signal"));

    ask(gateway_check_token, ARGUMENTS("signal", token), OPTIONS(rp_key));
    assert_true(json_is_true(json_object_get(outcome.json, "valid")));
    return json_string_value(
        json_object_get(json_object_get(json_object_get(outcome.json, "claims"), "other"), member));
}

static void a_token_says_what_it_was_for(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    const char *key = option("apiKey", key_of("signal"));
    const char *tracked;

    (void)state;
    register_key("signal", "u1", &blue);
    assert_null(claim_of_token("actionCode"));
    ask(gateway_begin_authentication, ARGUMENTS("signal"),
        OPTIONS("action=signIn", "idempotencyKey=k1"));
    sign_in("signal", &blue, 2, "u1", NONE);
    assert_outcome("");
    assert_string_equal(claim_of_token("actionCode"), "signIn");
    /* The application's own word comes before whatever its user says. */
    ASK(gateway_issue_token, "signal", key, "userId=u1", "action=pay", "idempotencyKey=k2");
    tracked = option("bearer", text_of(NULL, "token"));
    ask(gateway_begin_authentication, ARGUMENTS("signal"),
        OPTIONS(tracked, "action=signIn", "idempotencyKey=k1"));
    sign_in("signal", &blue, 3, "u1", OPTIONS(tracked));
    assert_outcome("");
    assert_string_equal(claim_of_token("actionCode"), "pay");
    assert_string_equal(
        json_string_value(json_object_get(
            json_object_get(json_object_get(outcome.json, "claims"), "other"), "idempotencyKey")),
        "k2");
    ask(gateway_begin_authentication, ARGUMENTS("signal"), OPTIONS("idempotencyKey=k3"));
    sign_in("signal", &blue, 4, "u1", NONE);
    assert_string_equal(claim_of_token("idempotencyKey"), "k3");
}

static enum pk_status fail_to_list_keys(struct store *store, const char *rp, int64_t now,
                                        struct signing_key_list *ret)
{
    (void)store, (void)rp, (void)now, (void)ret;
    return PK_STORAGE;
}

/* Nobody is signed in without a token; a passkey that is there would be refused a second time. */
static void when_no_token_can_be_made(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");

    (void)state;
    store_verbs()->signing_key_list = fail_to_list_keys;
    register_key("portal", "u1", &blue);
    assert_null(json_object_get(outcome.json, "tokens"));
    assert_int_equal(log_count("no token for what was approved at portal"), 1);
    ask(gateway_begin_authentication, ARGUMENTS("portal"), NONE);
    sign_in("portal", &blue, 2, "u1", NONE);
    assert_outcome("StorageFailure");
}

int main(void)
{
#define TEST(function) TABLE(function), SHARED(function)
    const struct CMUnitTest tests[] = {
        TEST(a_user_registers_and_signs_in),
        TEST(the_user_handle_is_the_id),
        TEST(what_an_application_says_of_a_user_is_kept),
        TEST(passkeys_are_excluded_unless_it_is_said),
        TEST(a_ceremony_is_answered_once),
        TEST(a_ceremony_is_for_one_thing),
        TEST(a_ceremony_ends),
        TEST(who_began_with_a_token_ends_with_it),
        TEST(a_token_that_is_none_ends_nothing),
        TEST(passkeys_are_their_users),
        TEST(a_name_that_nobody_has_is_none_to_sign_in_by),
        TEST(a_second_factor_is_one_for_it_only),
        TEST(a_transaction_is_signed_and_kept),
        TEST(a_transaction_that_did_not_begin_is_none),
        TEST(a_user_has_one_registration),
        TEST(whose_a_passkey_is_already),
        TEST(names_are_as_long_as_applications_have_them),
        TEST(a_user_without_passkeys_is_told_so_or_not),
        TEST(callers_are_judged_before_what_they_say),
        TEST(a_token_says_what_it_was_for),
        TEST(when_no_token_can_be_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
