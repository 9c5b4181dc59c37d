/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What passkey-askpass does with a phone, whose ceremonies are the test's own. If this failed, a
 * host would be sent a passkey that is a bystander's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/askpass/phone_session.h"
#include "common/base/text.h"
#include "tests/unit/soft_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST     "web1.example.org"
#define ORIGIN   "ssh://" HOST
#define VERIFIED (PK_FLAG_UP | PK_FLAG_UV | PK_FLAG_BE | PK_FLAG_BS)
#define NO_UV    (PK_FLAG_UP | PK_FLAG_BE | PK_FLAG_BS)
#define RS256    (-257)
#define ES384    (-35)

/* --- in place of the phone -------------------------------------------------------------------- */

struct pk_phone_ceremony {
    const struct pk_phone_ceremony_ops *ops;
    void *data;
    struct pk_frame asked;
    char purpose[200];
};

static struct pk_phone_ceremony *shown; /* NULL: no code is */
static unsigned codes, freed;

enum pk_status pk_phone_ceremony_new(struct pk_keys *keys, const struct pk_dialogue *person,
                                     const struct pk_phone_request *request, struct pk_frame *asked,
                                     const struct pk_phone_ceremony_ops *ops, void *data,
                                     struct pk_phone_ceremony **ret)
{
    struct pk_phone_ceremony *ceremony = calloc(1, sizeof(*ceremony));

    (void)keys, (void)person;
    assert_null(shown);
    assert_non_null(ceremony);
    *ceremony = (struct pk_phone_ceremony){.ops = ops, .data = data, .asked = *asked};
    *asked = (struct pk_frame){0};
    (void)snprintf(ceremony->purpose, sizeof(ceremony->purpose), "%s", request->purpose);
    codes++;
    shown = *ret = ceremony;
    return PK_OK;
}

void pk_phone_ceremony_free(struct pk_phone_ceremony *ceremony)
{
    if (shown == ceremony)
        shown = NULL;
    freed++;
    pk_frame_clear(&ceremony->asked);
    free(ceremony);
}

static void phone_makes(const struct soft_key *key, const char *rp_id, uint8_t flags)
{
    PK_AUTO_BYTES struct pk_bytes object = soft_key_attestation(key, rp_id, flags, 0);
    const struct pk_frame frame = {.type = PK_FRAME_CREDENTIAL,
                                   .credential = {object, PK_TRANSPORT_INTERNAL, true, false}};

    assert_int_equal(shown->asked.type, PK_FRAME_MAKE_CREDENTIAL);
    shown->ops->answered(shown->data, &frame);
}

static const char *user_handle; /* that the next assertion names; NULL: none */

static void phone_signs(const struct soft_key *key, const char *rp_id, uint8_t flags)
{
    struct pk_assertion_answer answer = {0};
    const struct pk_frame frame = {.type = PK_FRAME_ASSERTION, .assertion = {&answer, 1}};

    assert_int_equal(shown->asked.type, PK_FRAME_GET_ASSERTION);
    answer.authenticator_data = soft_key_data(rp_id, flags, 0);
    answer.signature = soft_key_sign(key, pk_view_of(&answer.authenticator_data),
                                     shown->asked.get_assertion.client_data_hash);
    assert_int_equal(pk_bytes_copy(pk_view_string(key->id), &answer.credential_id), PK_OK);
    if (user_handle)
        assert_int_equal(pk_bytes_copy(pk_view_string(user_handle), &answer.user_handle), PK_OK);
    shown->ops->answered(shown->data, &frame);
    pk_assertion_answer_clear(&answer);
}

/* --- in place of the person ------------------------------------------------------------------- */

static char said[2000], asked[500];

static void info(void *data, const char *event, const char *text)
{
    size_t len = strlen(said);

    (void)data;
    (void)snprintf(said + len, sizeof(said) - len, "%s: %s\n", event, text);
}

static void error(void *data, enum pk_status reason, const char *text)
{
    info(data, pk_status_name(reason), text);
}

static void ask(void *data, bool secret, const char *event, const char *text, unsigned tries)
{
    (void)data, (void)tries;
    assert_false(secret);
    assert_string_equal(event, "phone-confirm");
    (void)snprintf(asked, sizeof(asked), "%s", text);
}

/* --- who is told ------------------------------------------------------------------------------ */

static struct askpass_phone_session *session;
static enum pk_status ended; /* PK_PROTOCOL: it has not */
static enum pk_frame_type answered;
static struct pk_credential_answer sent;

static void on_answered(void *data, const struct pk_frame *frame)
{
    (void)data;
    assert_int_equal(ended, PK_PROTOCOL);
    ended = PK_OK;
    answered = frame->type;
    if (frame->type == PK_FRAME_CREDENTIAL)
        sent = frame->credential;
}

static void on_failed(void *data, enum pk_status why)
{
    (void)data;
    assert_int_equal(ended, PK_PROTOCOL);
    ended = why;
}

/* Strings and handles are the sample's own memory. */
static struct pk_forward_request sample(void)
{
    static uint8_t handle[] = "handle";
    static char rp_id[] = "example.org", rp_name[] = "Example", name[] = "ali\033ce";
    struct pk_forward_request request = {.kind = PK_FORWARD_CREATE, .timeout = 20};

    request.creation = (struct pk_creation){
        .rp_id = rp_id,
        .rp_name = rp_name,
        .user_handle = {handle, 6},
        .user_name = name,
        .user_display_name = name,
        .algorithms = {EDDSA, ES384, ES256, RS256},
        .algorithm_count = 4,
        .user_verification = PK_DISCOURAGED,
        .attestation = PK_ATTESTATION_NONE,
    };
    return request;
}

static enum pk_status begin(const struct pk_forward_request *request, struct pk_frame *frame)
{
    static const struct pk_dialogue_ops person = {.info = info, .error = error, .ask = ask};
    static const uint8_t hash[PK_HASH_SIZE] = {7};
    const struct askpass_phone_wish wish = {
        .request = request,
        .origin = ORIGIN,
        .host = HOST,
        .client_data_hash = hash,
        .person = {&person, NULL, "test"},
        .ops = {.answered = on_answered, .failed = on_failed},
    };

    return askpass_phone_session_new(&wish, frame, &session);
}

/* Until the person is asked whose phone it was. */
static void make(const struct pk_forward_request *request, const struct soft_key *key)
{
    struct pk_frame none = {0};

    assert_int_equal(begin(request, &none), PK_OK);
    assert_string_equal(shown->purpose, "the new passkey for ali?ce on " HOST);
    phone_makes(key, "example.org", VERIFIED);
    assert_int_equal(ended, PK_PROTOCOL);
    assert_non_null(strstr(asked, "Did your phone just save a passkey for ali?ce on " HOST "?"));
}

static void person_types(const char *text)
{
    PK_AUTO_SECRET struct pk_secret answer = {0};

    assert_int_equal(pk_secret_copy(pk_view_string(text), &answer), PK_OK);
    askpass_phone_session_typed(session, &answer);
}

static int set_up(void **state)
{
    (void)state;
    said[0] = asked[0] = '\0';
    codes = freed = 0;
    ended = PK_PROTOCOL;
    answered = 0;
    session = NULL;
    user_handle = NULL;
    return 0;
}

static void release(void)
{
    askpass_phone_session_free(session);
    session = NULL;
}

/* Every code that was shown is gone with it. */
static int tear_down(void **state)
{
    (void)state;
    if (session)
        release();
    assert_null(shown);
    assert_int_equal(codes, freed);
    return 0;
}

/* --- enrolling -------------------------------------------------------------------------------- */

static void a_passkey_that_was_tried_is_sent(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "iphone");
    struct pk_forward_request request = sample();
    const struct pk_assertion_request *trial;

    (void)state;
    make(&request, &key);
    person_types("y");
    assert_non_null(strstr(said, "phone-trial: "));
    assert_int_equal(codes, 2);
    assert_int_equal(ended, PK_PROTOCOL);
    trial = &shown->asked.get_assertion;
    assert_string_equal(trial->rp_id, "example.org");
    assert_int_equal(trial->user_verification, PK_REQUIRED);
    assert_int_equal(trial->allow_count, 1);
    assert_memory_equal(trial->allow[0].id.data, "iphone", 6);
    phone_signs(&key, "example.org", VERIFIED);
    assert_int_equal(ended, PK_OK);
    assert_int_equal(answered, PK_FRAME_CREDENTIAL);
    assert_int_equal(sent.transports, PK_TRANSPORT_INTERNAL | PK_TRANSPORT_HYBRID);
    assert_true(sent.discoverable && sent.attestation_object.len > 0);
    release();
    assert_null(strstr(said, "phone-left"));
}

/* Another one would not be, and a phone would not say why. */
static void phones_are_offered_what_they_have(void **state)
{
    struct pk_forward_request request = sample();
    const struct pk_creation *creation;
    struct pk_frame none = {0};

    (void)state;
    assert_int_equal(begin(&request, &none), PK_OK);
    creation = &shown->asked.make_credential.creation;
    assert_int_equal(creation->algorithm_count, 2);
    assert_int_equal(creation->algorithms[0], ES256);
    assert_int_equal(creation->algorithms[1], RS256);
    release();
    request.creation.algorithm_count = 2;
    assert_int_equal(begin(&request, &none), PK_KEY_ALGORITHM);
    assert_int_equal(codes, 1);
}

/* The code says whose passkey it is for in the words of the phone, or there is none. */
static void an_account_without_a_name(void **state)
{
    static char empty[] = "", display[] = "Alice";
    struct pk_forward_request request = sample();
    struct pk_frame none = {0};

    (void)state;
    request.creation.user_name = empty;
    request.creation.user_display_name = display;
    assert_int_equal(begin(&request, &none), PK_OK);
    assert_string_equal(shown->purpose, "the new passkey for Alice on " HOST);
    release();
    request.creation.user_display_name = empty;
    assert_int_equal(begin(&request, &none), PK_PROTOCOL);
    assert_int_equal(codes, 1);
}

static void only_yes_is_yes(void **state)
{
    static const char *const words[] = {"", "n", "no", "phone", "ye", "yess", "y\r"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "bystander");
        struct pk_forward_request request = sample();

        make(&request, &key);
        person_types(words[i]);
        assert_int_equal(ended, PK_CANCELLED);
        assert_int_equal(codes, 1);
        assert_non_null(strstr(said, "somebody else has seen the code"));
        release();
        assert_null(strstr(said, "phone-left")); /* that says more */
        assert_int_equal(tear_down(state), 0);
        (void)set_up(state);
    }
}

static void with_nobody_to_ask_nothing_is_sent(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "bystander");
    struct pk_forward_request request = sample();
    struct pk_secret declined = {0};

    (void)state;
    make(&request, &key);
    askpass_phone_session_typed(session, &declined);
    assert_int_equal(ended, PK_CANCELLED);
}

/* What is typed while no question is open says nothing. */
static void words_without_a_question(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "iphone");
    struct pk_forward_request request = sample();
    struct pk_frame none = {0};

    (void)state;
    assert_int_equal(begin(&request, &none), PK_OK);
    person_types("y");
    assert_int_equal(codes, 1);
    phone_makes(&key, "example.org", VERIFIED);
    person_types("y");
    person_types("n");
    assert_int_equal(ended, PK_PROTOCOL);
    assert_int_equal(codes, 2);
}

static void what_was_made_is_judged(void **state)
{
    static const struct {
        const char *rp_id;
        uint8_t flags;
        int32_t algorithm;
        enum pk_status why;
    } rows[] = {
        {"example.com", VERIFIED, ES256, PK_RP_ID_MISMATCH},
        {"example.org", NO_UV, ES256, PK_USER_NOT_VERIFIED},
        {"example.org", PK_FLAG_UV, ES256, PK_USER_NOT_PRESENT},
        {"example.org", PK_FLAG_UP | PK_FLAG_UV | PK_FLAG_BS, ES256, PK_BACKUP_STATE_INVALID},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_SOFT_KEY struct soft_key key = soft_key_new(rows[i].algorithm, "iphone");
        struct pk_forward_request request = sample();
        struct pk_frame none = {0};

        assert_int_equal(begin(&request, &none), PK_OK);
        phone_makes(&key, rows[i].rp_id, rows[i].flags);
        assert_int_equal(ended, rows[i].why);
        assert_string_equal(asked, "");
        assert_int_equal(tear_down(state), 0);
        (void)set_up(state);
    }
}

static void a_passkey_that_the_host_has(void **state)
{
    static uint8_t id[] = "iphone";
    static struct pk_descriptor known = {.id = {id, 6}};
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "iphone");
    struct pk_forward_request request = sample();
    struct pk_frame none = {0};

    (void)state;
    request.creation.exclude = &known;
    request.creation.exclude_count = 1;
    assert_int_equal(begin(&request, &none), PK_OK);
    phone_makes(&key, "example.org", VERIFIED);
    assert_int_equal(ended, PK_CREDENTIAL_REGISTERED);
}

static void what_was_tried_is_judged(void **state)
{
    static const struct {
        const char *id, *rp_id;
        uint8_t flags;
        bool stranger;
        enum pk_status why;
        const char *user;
    } rows[] = {
        {"iphone", "example.org", VERIFIED, true, PK_SIGNATURE_INVALID, NULL},
        {"other", "example.org", VERIFIED, false, PK_CREDENTIAL_NOT_ALLOWED, NULL},
        {"iphone", "example.com", VERIFIED, false, PK_RP_ID_MISMATCH, NULL},
        {"iphone", "example.org", NO_UV, false, PK_USER_NOT_VERIFIED, NULL},
        {"iphone", "example.org", PK_FLAG_UP | PK_FLAG_UV, false, PK_BACKUP_ELIGIBILITY_CHANGED,
         NULL},
        {"iphone", "example.org", VERIFIED, false, PK_USER_HANDLE_MISMATCH, "another"},
        {"iphone", "example.org", VERIFIED, false, PK_OK, "handle"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "iphone");
        AUTO_SOFT_KEY struct soft_key other = soft_key_new(ES256, rows[i].id);
        struct pk_forward_request request = sample();

        make(&request, &key);
        person_types("yes");
        other.id = rows[i].id;
        user_handle = rows[i].user;
        if (rows[i].stranger) {
            phone_signs(&other, rows[i].rp_id, rows[i].flags);
        } else {
            key.id = rows[i].id;
            phone_signs(&key, rows[i].rp_id, rows[i].flags);
        }
        assert_int_equal(ended, rows[i].why);
        assert_int_equal(answered, rows[i].why ? 0 : PK_FRAME_CREDENTIAL);
        assert_int_equal(tear_down(state), 0);
        (void)set_up(state);
    }
}

/* Nobody else can have a signature ready for it: the host does not know the challenge either. */
static void each_trial_has_a_challenge_of_its_own(void **state)
{
    uint8_t hashes[2][PK_HASH_SIZE];

    for (size_t i = 0; i < 2; i++) {
        AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "iphone");
        struct pk_forward_request request = sample();

        make(&request, &key);
        person_types("y");
        (void)memcpy(hashes[i], shown->asked.get_assertion.client_data_hash, PK_HASH_SIZE);
        assert_int_equal(tear_down(state), 0);
        (void)set_up(state);
    }
    assert_memory_not_equal(hashes[0], hashes[1], PK_HASH_SIZE);
}

static void a_name_that_phones_dislike_is_said_before(void **state)
{
    static char short_name[] = "web1";
    struct pk_forward_request request = sample();
    struct pk_frame none = {0};

    (void)state;
    request.creation.rp_id = short_name;
    assert_int_equal(begin(&request, &none), PK_OK);
    assert_non_null(strstr(said, "phone-name: The name \"web1\", which the passkey is for, has no "
                                 "dot"));
}

static void a_code_that_fails(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "iphone");
    struct pk_forward_request request = sample();

    (void)state;
    make(&request, &key);
    person_types("y");
    shown->ops->failed(shown->data, PK_PHONE_DECLINED);
    assert_int_equal(ended, PK_PHONE_DECLINED);
    release();
    assert_non_null(
        strstr(said, "phone-left: The passkey that your phone has saved is not enrolled"));
}

/* --- a sign-in -------------------------------------------------------------------------------- */

static void a_sign_in_takes_one_code(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "iphone");
    const struct pk_forward_request request = {.kind = PK_FORWARD_GET};
    struct pk_frame frame = {.type = PK_FRAME_GET_ASSERTION};

    (void)state;
    assert_int_equal(begin(&request, &frame), PK_OK);
    assert_string_equal(shown->purpose, "the request of " HOST);
    phone_signs(&key, "example.org", VERIFIED);
    assert_int_equal(answered, PK_FRAME_ASSERTION);
    assert_int_equal(codes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_passkey_that_was_tried_is_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(phones_are_offered_what_they_have, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_account_without_a_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_yes_is_yes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(with_nobody_to_ask_nothing_is_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(words_without_a_question, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_made_is_judged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_passkey_that_the_host_has, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_tried_is_judged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_trial_has_a_challenge_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_that_phones_dislike_is_said_before, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_code_that_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sign_in_takes_one_code, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
