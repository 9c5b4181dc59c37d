/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions to applications about passwords: what is asked, which answers are believed, and that
 * each question is answered once, by whom it is about, and not asked without end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "daemon/tokens/keys.h"
#include "daemon/tokens/password.h"
#include "daemon/tokens/password_checks.h"
#include "daemon/tokens/tokens.h"
#include "tests/unit/bare_daemon.h"

#include <jansson.h>
#include <string.h>

#define NOW    1700000000
#define SECRET "a secret that two programs share, and nobody else"
#define URL    "http://localhost:8000/password"
#define HS256  "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

static const struct token_party party = {PK_HTTP_AUTIONAL, (char[]){"union"}, (char[]){RP_ID},
                                         (char[]){"https://" RP_ID}, (char[]){""}};
static const struct password_question question = {
    .url = URL, .user = "u-1", .purpose = "step-up", .nonce = "n-1"};

static void share(const char *secret)
{
    AUTO_SIGNING_KEY struct signing_key key = {0};

    assert_status(keys_replace(bare_store(), &party,
                               &(struct key_change){.secret = pk_view_string(secret)}, NOW, &key),
                  PK_OK);
}

static char *sign(const char *header, const char *claims, const char *secret)
{
    PK_AUTO_FREE char *first = pk_base64url_encode(pk_view_string(header));
    PK_AUTO_FREE char *second = pk_base64url_encode(pk_view_string(claims));
    PK_AUTO_FREE char *input = pk_text_format("%s.%s", first, second);
    PK_AUTO_FREE char *signature = NULL;
    uint8_t mac[PK_HASH_SIZE];

    assert_int_equal(pk_hmac_sha256(pk_view_string(secret), pk_view_string(input), mac), PK_OK);
    signature = pk_base64url_encode((struct pk_view){mac, sizeof(mac)});
    return pk_text_format("%s.%s", input, signature);
}

static enum pk_status read_answer(struct pk_view text, struct password_answer *ret)
{
    return password_answer_read(bare_store(), &party, text, NOW, ret);
}

static void the_question_says_what_it_is_about(void **state)
{
    PK_AUTO_FREE char *text = NULL;
    AUTO_TOKEN_CLAIMS struct token_claims claims = {0};
    PK_AUTO_BYTES struct pk_bytes payload = {0};
    const char *start;

    (void)state;
    assert_status(password_question_sign(bare_store(), &party, &question, NOW, &text),
                  PK_UNAVAILABLE);
    share(SECRET);
    assert_status(password_question_sign(bare_store(), &party, &question, NOW, &text), PK_OK);
    start = strchr(text, '.') + 1;
    assert_status(pk_base64url_decode((struct pk_view){(const uint8_t *)start, strcspn(start, ".")},
                                      4096, &payload),
                  PK_OK);
    json_t *json = json_loadb((const char *)payload.data, payload.len, 0, NULL);
    json_t *expected =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "token_type", "password_question",
                  "iss", "https://" RP_ID, "aud", URL, "sub", "u-1", "purpose", "step-up", "nonce",
                  "n-1", "iat", NOW, "exp", NOW + PK_PASSWORD_SECONDS);
    assert_true(json_equal(json, expected));
    json_decref(json);
    json_decref(expected);
    /* It is genuine, and opens nothing. */
    assert_status(tokens_check(bare_store(), &party, pk_view_string(text), NOW, &claims),
                  PK_WRONG_TOKEN);
}

#define ANSWER(members)                                                                            \
    "{\"token_type\":\"password_answer\",\"sub\":\"u-1\",\"nonce\":\"n-1\",\"exp\":"               \
    "1700000001" members "}"

static void answers_are_believed_that_are_whole_and_signed(void **state)
{
    static const struct {
        const char *claims, *secret;
        enum pk_status status;
        bool right;
    } cases[] = {
        {ANSWER(",\"right\":true"), SECRET, PK_OK, true},
        {ANSWER(",\"right\":false"), SECRET, PK_OK, false},
        {ANSWER(",\"right\":true,\"iss\":7,\"email\":null"), SECRET, PK_OK, true},
        {ANSWER(",\"right\":true"), SECRET "x", PK_SIGNATURE_INVALID, false},
        {ANSWER(""), SECRET, PK_SIGNATURE_INVALID, false},
        {ANSWER(",\"right\":null"), SECRET, PK_SIGNATURE_INVALID, false},
        {ANSWER(",\"right\":1"), SECRET, PK_SIGNATURE_INVALID, false},
        {ANSWER(",\"right\":\"true\""), SECRET, PK_SIGNATURE_INVALID, false},
        {ANSWER(",\"right\":false,\"right\":true"), SECRET, PK_SIGNATURE_INVALID, false},
        {ANSWER(",\"right\":true,\"email\":7"), SECRET, PK_SIGNATURE_INVALID, false},
        {"{\"token_type\":\"password_question\",\"sub\":\"u-1\",\"nonce\":\"n-1\","
         "\"exp\":1700000001,\"right\":true}",
         SECRET, PK_SIGNATURE_INVALID, false},
        {"{\"sub\":\"u-1\",\"nonce\":\"n-1\",\"exp\":1700000001,\"right\":true}", SECRET,
         PK_SIGNATURE_INVALID, false},
        {"{\"token_type\":\"password_answer\",\"sub\":\"\",\"nonce\":\"n-1\",\"exp\":1700000001,"
         "\"right\":true}",
         SECRET, PK_SIGNATURE_INVALID, false},
        {"{\"token_type\":\"password_answer\",\"sub\":\"u-1\",\"exp\":1700000001,\"right\":true}",
         SECRET, PK_SIGNATURE_INVALID, false},
        {"{\"token_type\":\"password_answer\",\"sub\":\"u-1\",\"nonce\":\"n-1\","
         "\"exp\":1700000000,\"right\":true}",
         SECRET, PK_SIGNATURE_INVALID, false},
        {"{\"token_type\":\"password_answer\",\"sub\":\"u-1\",\"nonce\":\"n-1\",\"right\":true}",
         SECRET, PK_SIGNATURE_INVALID, false},
    };

    (void)state;
    share(SECRET);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO_PASSWORD_ANSWER struct password_answer answer = {0};
        PK_AUTO_FREE char *text = sign(HS256, cases[i].claims, cases[i].secret);
        enum pk_status status = read_answer(pk_view_string(text), &answer);

        if (status != cases[i].status || answer.right != cases[i].right)
            fail_msg("%s: %s", cases[i].claims, pk_status_name(status));
    }
}

static void the_answer_is_read(void **state)
{
    AUTO_PASSWORD_ANSWER struct password_answer answer = {0};
    PK_AUTO_FREE char *text =
        sign(HS256, ANSWER(",\"right\":true,\"email\":\"ann@example.org\""), SECRET);
    PK_AUTO_FREE char *longer = pk_text_format("%sA", text);

    (void)state;
    share(SECRET);
    assert_status(read_answer(pk_view_string(text), &answer), PK_OK);
    assert_string_equal(answer.user, "u-1");
    assert_string_equal(answer.nonce, "n-1");
    assert_string_equal(answer.email, "ann@example.org");
    for (size_t len = 0; len < strlen(text); len++) {
        AUTO_PASSWORD_ANSWER struct password_answer none = {0};

        assert_status(read_answer((struct pk_view){(const uint8_t *)text, len}, &none),
                      PK_SIGNATURE_INVALID);
        assert_null(none.user);
    }
    AUTO_PASSWORD_ANSWER struct password_answer none = {0};
    assert_status(read_answer(pk_view_string(longer), &none), PK_SIGNATURE_INVALID);
}

static void no_other_algorithm_signs(void **state)
{
    static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"HS512\"}",
                                          "{\"alg\":\"RS256\"}", "{\"typ\":\"JWT\"}"};

    (void)state;
    share(SECRET);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        AUTO_PASSWORD_ANSWER struct password_answer answer = {0};
        PK_AUTO_FREE char *text = sign(headers[i], ANSWER(",\"right\":true"), SECRET);

        assert_status(read_answer(pk_view_string(text), &answer), PK_SIGNATURE_INVALID);
    }
}

/* --- questions that wait ---------------------------------------------------------------------- */

PK_DEFINE_CLEANUP(struct password_checks *, password_checks_free);

static void each_question_is_answered_once_and_for_what_it_was(void **state)
{
    static const struct password_check about = {"union", "u-1", "step-up"};
    static const struct password_check others[] = {
        {"unions", "u-1", "step-up"},
        {"union", "u-2", "step-up"},
        {"union", "u-1", "registration"},
        {"union", "u-1s", "tep-up"},
    };
    PK_CLEANUP(password_checks_free) struct password_checks *checks = password_checks_new();
    char nonce[PASSWORD_NONCE_SIZE];
    char second[PASSWORD_NONCE_SIZE];

    (void)state;
    assert_status(password_checks_take(checks, &about, "", 0), PK_CHALLENGE_UNKNOWN);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_status(password_checks_begin(checks, &about, 0, nonce), PK_OK);
        assert_status(password_checks_take(checks, &others[i], nonce, 0), PK_CHALLENGE_UNKNOWN);
        assert_status(password_checks_take(checks, &about, nonce, 0), PK_CHALLENGE_UNKNOWN);
        password_checks_succeeded(checks, &about);
    }
    assert_status(password_checks_begin(checks, &about, 0, nonce), PK_OK);
    assert_status(password_checks_begin(checks, &about, 0, second), PK_OK);
    assert_string_not_equal(nonce, second);
    assert_int_equal(strlen(nonce), PASSWORD_NONCE_SIZE - 1);
    assert_status(password_checks_take(checks, &about, nonce, PK_PASSWORD_SECONDS - 1), PK_OK);
    assert_status(password_checks_take(checks, &about, nonce, PK_PASSWORD_SECONDS - 1),
                  PK_CHALLENGE_UNKNOWN);
    assert_status(password_checks_take(checks, &about, second, PK_PASSWORD_SECONDS),
                  PK_CHALLENGE_UNKNOWN);
}

static void tries_are_counted_by_user(void **state)
{
    static const struct password_check about = {"union", "u-1", "step-up"};
    static const struct password_check other_purpose = {"union", "u-1", "registration"};
    static const struct password_check other_user = {"union", "u-2", "step-up"};
    static const struct password_check other_party = {"files", "u-1", "step-up"};
    PK_CLEANUP(password_checks_free) struct password_checks *checks = password_checks_new();
    char nonce[PASSWORD_NONCE_SIZE];

    (void)state;
    for (int i = 0; i < PASSWORD_TRIES; i++)
        assert_status(password_checks_begin(checks, &about, 100, nonce), PK_OK);
    assert_status(password_checks_begin(checks, &about, 100, nonce), PK_LIMIT_EXCEEDED);
    assert_status(password_checks_begin(checks, &other_purpose, 100, nonce), PK_LIMIT_EXCEEDED);
    assert_status(password_checks_begin(checks, &other_user, 100, nonce), PK_OK);
    assert_status(password_checks_begin(checks, &other_party, 100, nonce), PK_OK);
    assert_status(password_checks_begin(checks, &about, 99 + PASSWORD_TRY_SECONDS, nonce),
                  PK_LIMIT_EXCEEDED);
    assert_status(password_checks_begin(checks, &about, 100 + PASSWORD_TRY_SECONDS, nonce), PK_OK);
    assert_status(password_checks_begin(checks, &about, 100 + PASSWORD_TRY_SECONDS, nonce),
                  PK_LIMIT_EXCEEDED);
    /* A right one gives back its own try and no more. */
    password_checks_succeeded(checks, &about);
    assert_status(password_checks_begin(checks, &about, 100 + PASSWORD_TRY_SECONDS, nonce), PK_OK);
    assert_status(password_checks_begin(checks, &about, 100 + PASSWORD_TRY_SECONDS, nonce),
                  PK_LIMIT_EXCEEDED);
}

/* Many users' questions fill the table, and those that are too old make room. */
static void there_are_only_so_many(void **state)
{
    PK_CLEANUP(password_checks_free) struct password_checks *checks = password_checks_new();
    char nonce[PASSWORD_NONCE_SIZE];
    char user[16];
    const struct password_check about = {"union", user, "step-up"};

    (void)state;
    for (unsigned i = 0; i < PK_PASSWORD_CHECKS_MAX; i++) {
        (void)snprintf(user, sizeof(user), "u-%u", i);
        assert_status(password_checks_begin(checks, &about, 0, nonce), PK_OK);
    }
    (void)snprintf(user, sizeof(user), "one more");
    assert_status(password_checks_begin(checks, &about, 0, nonce), PK_LIMIT_EXCEEDED);
    assert_status(password_checks_begin(checks, &about, PK_PASSWORD_SECONDS, nonce), PK_OK);
}

/* --- whose key it is -------------------------------------------------------------------------- */

static void a_key_that_another_has_is_found(void **state)
{
    static char first[] = "files", second[] = "union";
    static char *names[] = {first, second};
    static const struct pk_strings both = {names, 2};
    static const struct pk_strings files = {names, 1};
    static const uint8_t padded[] = SECRET "\0\0\0\0";
    uint8_t hashed[PK_HASH_SIZE];
    static const char long_secret[] = SECRET SECRET SECRET;
    const char *found = NULL;

    (void)state;
    share(SECRET);
    assert_status(keys_find_shared(bare_store(), &both, pk_view_string(SECRET), NOW, &found),
                  PK_OK);
    assert_string_equal(found, "union");
    assert_status(keys_find_shared(bare_store(), &files, pk_view_string(SECRET), NOW, &found),
                  PK_NOT_FOUND);
    assert_status(keys_find_shared(bare_store(), &both, pk_view_string(SECRET "x"), NOW, &found),
                  PK_NOT_FOUND);
    /* RFC 2104: a key is padded with zeros, or hashed where it is longer than a block. */
    assert_status(keys_find_shared(bare_store(), &both, (struct pk_view){padded, sizeof(padded)},
                                   NOW, &found),
                  PK_OK);
    share(long_secret);
    pk_sha256(pk_view_string(long_secret), hashed);
    assert_status(keys_find_shared(bare_store(), &both, (struct pk_view){hashed, sizeof(hashed)},
                                   NOW, &found),
                  PK_OK);
    /* Tokens of the one before are good for a day, and no longer. */
    assert_status(keys_find_shared(bare_store(), &both, pk_view_string(SECRET), NOW, &found),
                  PK_OK);
    assert_status(
        keys_find_shared(bare_store(), &both, pk_view_string(SECRET), NOW + 90000, &found),
        PK_NOT_FOUND);
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, bare_daemon_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_question_says_what_it_is_about),
        TEST(answers_are_believed_that_are_whole_and_signed),
        TEST(the_answer_is_read),
        TEST(no_other_algorithm_signs),
        cmocka_unit_test(each_question_is_answered_once_and_for_what_it_was),
        cmocka_unit_test(tries_are_counted_by_user),
        cmocka_unit_test(there_are_only_so_many),
        TEST(a_key_that_another_has_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
