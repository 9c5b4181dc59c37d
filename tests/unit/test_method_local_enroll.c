/* SPDX-License-Identifier: BSD-2-Clause */
/* Enrolling by the local method, and naming a key that is enrolled already. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "daemon/auth/enrollment_attempt.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/begin_enrollment.h"
#include "tests/unit/fake_local_keys.h"

#include <string.h>

#define PRESENT PK_FLAG_UP

/* --- enrolling -------------------------------------------------------------------------------- */

static void start_enrollment(const char *name, const char *rhost)
{
    begin_enrollment(
        &(struct wish){.name = name, .rhost = rhost, .methods = {{PK_METHOD_LOCAL}, 1}});
    assert_string_equal(seen()->error, "");
}

static void make_credential(const struct soft_key *key, const char *rp_id, uint8_t flags)
{
    PK_AUTO_BYTES struct pk_bytes object = soft_key_attestation(key, rp_id, flags, 0);
    const struct pk_frame frame = {
        .type = PK_FRAME_CREDENTIAL,
        .credential = {object, PK_TRANSPORT_NFC, true},
    };

    keys.ceremony->ops->answered(keys.ceremony->data, 0, "Blue Key", &frame);
    settle();
}

static void a_key_is_enrolled(void **state)
{
    AUTO_SOFT_KEY struct soft_key old = soft_key_new(ES256, "old");
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_AUTO_FRAME struct pk_frame asked = {0};

    (void)state;
    give_key(&old, "alice", ALICE, RP_ID);
    start_enrollment(NULL, "");
    asked = request(0);
    assert_int_equal(asked.type, PK_FRAME_MAKE_CREDENTIAL);
    assert_string_equal(asked.make_credential.creation.rp_id, RP_ID);
    assert_string_equal(asked.make_credential.creation.user_name, "alice");
    assert_int_equal(asked.make_credential.creation.exclude_count, 1);
    make_credential(&key, RP_ID, PRESENT);
    assert_done("ok");
    assert_non_null(strstr(seen()->credential, "\"name\":\"Blue Key\""));
    assert_non_null(strstr(seen()->credential, "\"transports\":[\"nfc\"]"));
    assert_int_equal(passkeys(), 2);
}

static void enrolments_that_are_none(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    const struct pk_frame other = {.type = PK_FRAME_ASSERTION};

    (void)state;
    start_enrollment(NULL, "");
    make_credential(&key, "other.example", PRESENT);
    assert_done("rp-id-mismatch");
    start_enrollment(NULL, "");
    make_credential(&key, RP_ID, 0);
    assert_done("user-not-present");
    start_enrollment(NULL, "");
    keys.ceremony->ops->answered(keys.ceremony->data, 0, "Blue Key", &other);
    settle();
    assert_done("device-error");
    start_enrollment(NULL, "");
    ceremonies_free(bare_daemon()->ceremonies);
    bare_daemon()->ceremonies = ceremonies_new();
    make_credential(&key, RP_ID, PRESENT);
    assert_done("challenge-unknown");
    start_enrollment(NULL, "");
    give_up(PK_KEY_STORE_FULL);
    assert_done("key-store-full");
    assert_int_equal(passkeys(), 0);
}

static void from_afar_no_key_blinks(void **state)
{
    (void)state;
    start_enrollment(NULL, "elsewhere");
    assert_int_equal(keys.started, 0);
    assert_done("unavailable");
}

/* --- a key that is enrolled already ----------------------------------------------------------- */

static void key_says(enum pk_frame_type type, enum pk_status status, bool uncertain)
{
    struct pk_key_session *asked = session;
    const struct pk_frame frame = {.type = type,
                                   .check = {.status = status, .uncertain = uncertain}};
    const struct pk_frame failed = {.type = PK_FRAME_FAILED, .failure = {.status = status}};

    if (type != PK_FRAME_FAILED) {
        asked->on_frame(asked->data, &frame);
        return;
    }
    /* The session is released with its last frame. */
    session = NULL;
    asked->on_frame(asked->data, &failed);
    pk_frame_clear(&asked->request);
    free(asked);
}

static void begin_naming(void)
{
    start_enrollment(NULL, "");
    keys.failed_path = "/dev/hidraw0";
    give_up(PK_CREDENTIAL_EXCLUDED);
}

static void assert_asked_for(const char *id)
{
    const struct pk_assertion_request *asked = &session->request.get_assertion;

    assert_string_equal(asked->path, "/dev/hidraw0");
    assert_string_equal(asked->rp_id, RP_ID);
    assert_int_equal(asked->user_verification, PK_DISCOURAGED);
    assert_int_equal(asked->allow_count, 1);
    assert_true(pk_view_equal(pk_view_of(&asked->allow[0].id), pk_view_string(id)));
}

static void give_two(void)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(ES256, "red");

    give_key(&blue, "alice", ALICE, RP_ID);
    give_key(&red, "alice", ALICE, RP_ID);
}

static void the_passkey_that_a_key_holds_is_named(void **state)
{
    (void)state;
    give_two();
    begin_naming();
    assert_asked_for("blue");
    key_says(PK_FRAME_CHECKED, PK_NO_MATCH, false);
    key_says(PK_FRAME_FAILED, PK_NO_MATCH, false);
    assert_asked_for("red");
    key_says(PK_FRAME_CHECKED, PK_OK, false);
    assert_null(session); /* it is not made to blink */
    assert_done("credential-excluded");
    assert_string_equal(seen()->text, "This security key is enrolled already, as \"red\".");
}

static void a_key_that_does_not_say_is_not_named(void **state)
{
    (void)state;
    give_two();
    begin_naming();
    key_says(PK_FRAME_CHECKED, PK_OK, true); /* perhaps */
    assert_asked_for("red");
    key_says(PK_FRAME_FAILED, PK_DEVICE_REMOVED, false);
    assert_null(session);
    assert_done("credential-excluded");
    assert_null(strstr(seen()->text, " as \""));
}

static void who_has_gone_is_not_named_anything(void **state)
{
    (void)state;
    give_two();
    begin_naming();
    conversations_vanished(bare_daemon()->conversations, SENDER);
    assert_null(session);
    assert_int_equal(cancelled, 1);
    assert_int_equal(keys.freed, 1);
}

static void without_a_key_to_name_it_is_refused(void **state)
{
    (void)state;
    give_two();
    start_enrollment(NULL, "");
    give_up(PK_CREDENTIAL_EXCLUDED); /* of no single key */
    assert_null(session);
    assert_done("credential-excluded");
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, fake_keys_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_key_is_enrolled),
        TEST(enrolments_that_are_none),
        TEST(from_afar_no_key_blinks),
        TEST(the_passkey_that_a_key_holds_is_named),
        TEST(a_key_that_does_not_say_is_not_named),
        TEST(who_has_gone_is_not_named_anything),
        TEST(without_a_key_to_name_it_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
