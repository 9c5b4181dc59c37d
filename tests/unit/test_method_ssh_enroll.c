/* SPDX-License-Identifier: BSD-2-Clause */
/* Enrolling by the ssh method. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "tests/unit/ssh_answers.h"

#include <string.h>

static void a_passkey_is_enrolled(void **state)
{
    AUTO_SOFT_KEY struct soft_key old = soft_key_new(ES256, "old");
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&old, "alice", ALICE, RP_ID);
    start_enrollment(NULL, 0);
    read_request();
    assert_int_equal(request.kind, PK_FORWARD_CREATE);
    assert_string_equal(request.creation.rp_id, RP_ID);
    assert_string_equal(request.creation.user_name, "alice");
    assert_int_equal(request.creation.user_handle.len, PK_USER_HANDLE_SIZE);
    assert_int_equal(request.creation.exclude_count, 1);
    assert_int_equal(request.creation.attestation, PK_ATTESTATION_NONE);
    type_lines(attest(&key, own_origin, PRESENT));
    assert_ended("ok");
    assert_non_null(strstr(seen()->credential, "\"name\":\"security key (ssh)\""));
    assert_non_null(strstr(seen()->credential, "\"transports\":[\"usb\"]"));
    assert_non_null(strstr(seen()->credential, "\"discoverable\":true"));
    assert_int_equal(passkeys(), 2);
}

static void enrolments_that_are_none(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    char elsewhere[] = "ssh://web2";
    struct pk_strings lines;

    (void)state;
    start_enrollment("blue", 0);
    read_request();
    type_lines(attest(&key, elsewhere, PRESENT));
    assert_ended("origin-mismatch");
    start_enrollment("blue", 0);
    read_request();
    lines = attest(&key, own_origin, PRESENT);
    start_enrollment("blue", 0);
    read_request();
    type_lines(lines);
    assert_said("done", "challenge-mismatch");
    start_enrollment("blue", 0);
    read_request();
    type_lines(attest(&key, own_origin, 0));
    assert_said("done", "user-not-present");
    assert_int_equal(passkeys(), 0);
}

static void an_enrolment_says_what_was_wrong(void **state)
{
    (void)state;
    start_enrollment("blue", 0);
    read_request();
    next("anything");
    assert_ended("invalid-input");
    assert_string_equal(seen()->text, "That is no answer to this request.");
    start_enrollment("blue", 0);
    read_request();
    next("");
    assert_ended("cancelled");
    assert_string_equal(seen()->text, "Cancelled: there was no answer. Nothing is enrolled.");
}

static unsigned lasts(void)
{
    unsigned seconds = 0;

    log_forget();
    while (log_count("refused, timeout") == 0 && seconds < 2000) {
        skip_time(1);
        seconds++;
    }
    assert_ended("timeout");
    return seconds;
}

/* Copying lines takes its time; who set one had reasons. */
static void an_enrolment_lasts_as_long_as_the_relying_party_gives(void **state)
{
    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\nssh-host-keys = /none\nssh-hosts = " SSH_HOST
                     "\ntimeout = 400\n");
    start_enrollment("blue", 0);
    read_request();
    assert_int_equal(request.timeout, 400);
    assert_int_equal(lasts(), 400);
    start_enrollment("blue", 50);
    read_request();
    assert_int_equal(request.timeout, 50);
    assert_int_equal(lasts(), 50);
    configure_daemon("[rp default]\nid = " RP_ID "\nssh-host-keys = /none\nssh-hosts = " SSH_HOST
                     "\ntimeout = 3000\n");
    start_enrollment("blue", 0);
    read_request();
    assert_int_equal(lasts(), 600);
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, begin_sign_in_set_up, ssh_answers_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_passkey_is_enrolled),
        TEST(enrolments_that_are_none),
        TEST(an_enrolment_says_what_was_wrong),
        TEST(an_enrolment_lasts_as_long_as_the_relying_party_gives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
