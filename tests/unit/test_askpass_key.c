/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/askpass/key.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "tests/unit/scratch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORIGIN  "ssh://web1.example.org"
#define CONTEXT "{\"act\":\"authenticate\"}"

static char folder[SCRATCH_PATH_MAX];
static const struct terminal nobody = {.cancel_fd = -1};
static struct askpass_used before = {.any = true};

static int set_up(void **state)
{
    (void)state;
    scratch_new(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

/* From now on the helper of that name is used. */
static void use_helper(const char *name)
{
    const char *build = getenv("top_builddir");
    PK_AUTO_FREE char *program =
        pk_text_format("%s/tests/unit/one_key_helper", build ? build : ".");
    PK_AUTO_FREE char *link = pk_text_format("%s/%s", folder, name);

    (void)unlink(link);
    assert_int_equal(symlink(program, link), 0);
    assert_int_equal(setenv("PASSKEY_AUTHENTICATOR", link, 1), 0);
}

static bool was_cancelled(const char *name)
{
    PK_AUTO_FREE char *marker = pk_text_format("%s/%s.cancelled", folder, name);

    return access(marker, F_OK) == 0;
}

/* Two credentials; the strings and handles are the sample's own memory. */
static struct pk_forward_request sample(enum pk_forward_kind kind)
{
    static uint8_t first[] = "first", second[] = "second", handle[] = "handle";
    static struct pk_descriptor credentials[] = {{.id = {first, 5}}, {.id = {second, 6}}};
    static char context[] = CONTEXT, rp_id[] = "example.org", rp_name[] = "Example";
    static char name[] = "alice", display_name[] = "Alice";
    struct pk_forward_request request = {
        .kind = kind,
        .context = context,
        .timeout = 20,
    };

    (void)memset(request.nonce, 'n', sizeof(request.nonce));
    if (kind == PK_FORWARD_GET) {
        request.rp_id = rp_id;
        request.user_verification = PK_PREFERRED;
        request.credentials = credentials;
        request.credential_count = 2;
    }
    if (kind == PK_FORWARD_CREATE)
        request.creation = (struct pk_creation){
            .rp_id = rp_id,
            .rp_name = rp_name,
            .user_handle = {handle, 6},
            .user_name = name,
            .user_display_name = display_name,
            .algorithms = {-7},
            .algorithm_count = 1,
            .exclude = credentials,
            .exclude_count = 2,
            .user_verification = PK_PREFERRED,
            .attestation = PK_ATTESTATION_NONE,
        };
    return request;
}

/* By the formulas of doc/protocol.md and WebAuthn 5.8.1.1, spelt out. */
static void expected_hashes(const char *type, uint8_t ret_challenge[PK_HASH_SIZE],
                            uint8_t ret_client_data_hash[PK_HASH_SIZE])
{
    uint8_t bound[1 + PK_CHALLENGE_SIZE + sizeof(CONTEXT) - 1] = {1};
    PK_AUTO_FREE char *challenge = NULL;
    PK_AUTO_FREE char *json = NULL;

    (void)memset(bound + 1, 'n', PK_CHALLENGE_SIZE);
    (void)memcpy(bound + 1 + PK_CHALLENGE_SIZE, CONTEXT, sizeof(CONTEXT) - 1);
    pk_sha256((struct pk_view){bound, sizeof(bound)}, ret_challenge);
    challenge = pk_base64url_encode((struct pk_view){ret_challenge, PK_HASH_SIZE});
    json = pk_text_format("{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"" ORIGIN
                          "\",\"crossOrigin\":false}",
                          type, challenge);
    pk_sha256(pk_view_string(json), ret_client_data_hash);
}

static void an_assertion_is_taken_apart(void **state)
{
    static const uint8_t data[] = {1, 0, 0, 0, 7};
    const struct pk_forward_request request = sample(PK_FORWARD_GET);
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};
    uint8_t challenge[PK_HASH_SIZE], hash[PK_HASH_SIZE];

    (void)state;
    use_helper("answers");
    assert_int_equal(askpass_key_answer(&request, ORIGIN, &before, &nobody, &answer), PK_OK);
    expected_hashes("webauthn.get", challenge, hash);
    assert_int_equal(answer.kind, PK_FORWARD_GET);
    assert_string_equal(answer.origin, ORIGIN);
    assert_int_equal(answer.credential, 1);
    assert_int_equal(answer.auth_data.len, sizeof(data));
    assert_memory_equal(answer.auth_data.data, data, sizeof(data));
    assert_int_equal(answer.signature.len, PK_HASH_SIZE);
    assert_memory_equal(answer.signature.data, hash, PK_HASH_SIZE);
    assert_memory_equal(answer.challenge, challenge, PK_FORWARD_CHALLENGE_SIZE);
}

static void a_new_credential_is_handed_on(void **state)
{
    const struct pk_forward_request request = sample(PK_FORWARD_CREATE);
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};
    uint8_t challenge[PK_HASH_SIZE], hash[PK_HASH_SIZE];

    (void)state;
    use_helper("answers");
    assert_int_equal(askpass_key_answer(&request, ORIGIN, &before, &nobody, &answer), PK_OK);
    expected_hashes("webauthn.create", challenge, hash);
    assert_int_equal(answer.kind, PK_FORWARD_CREATE);
    assert_string_equal(answer.origin, ORIGIN);
    assert_int_equal(answer.attestation_object.len, PK_HASH_SIZE);
    assert_memory_equal(answer.attestation_object.data, hash, PK_HASH_SIZE);
    assert_int_equal(answer.transports, PK_TRANSPORT_USB);
    assert_true(answer.discoverable);
    assert_memory_equal(answer.challenge, challenge, PK_FORWARD_CHALLENGE_SIZE);
}

static enum pk_status ask_helper(const char *name, unsigned timeout)
{
    struct pk_forward_request request = sample(PK_FORWARD_GET);
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};
    enum pk_status status;

    request.timeout = timeout;
    use_helper(name);
    status = askpass_key_answer(&request, ORIGIN, &before, &nobody, &answer);
    assert_null(answer.origin);
    return status;
}

static void answers_that_do_not_fit_are_refused(void **state)
{
    static const char *const names[] = {"other-id", "other-rp-id", "no-data", "other-kind"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(ask_helper(names[i], 20), PK_DEVICE_ERROR);
}

static void the_keys_reason_is_kept(void **state)
{
    (void)state;
    assert_int_equal(ask_helper("fails", 20), PK_OPERATION_DENIED);
}

static void requests_that_are_none_start_nothing(void **state)
{
    struct pk_forward_request request = sample(PK_FORWARD_GET);
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};

    (void)state;
    use_helper("answers");
    assert_int_equal(askpass_key_answer(&request, "https://web1", &before, &nobody, &answer),
                     PK_INVALID_ARGUMENT);
    assert_int_equal(askpass_key_answer(&request, "ssh://\"", &before, &nobody, &answer),
                     PK_INVALID_ARGUMENT);
    request.kind = PK_FORWARD_MORE;
    assert_int_equal(askpass_key_answer(&request, ORIGIN, &before, &nobody, &answer),
                     PK_INVALID_ARGUMENT);
}

static void no_key_and_no_touch_end_in_time(void **state)
{
    (void)state;
    assert_int_equal(ask_helper("empty", 1), PK_TIMEOUT);
    /*
     * On a busy machine the time may be over before the key blinks; then it is tried with more
     * time.
     */
    for (unsigned timeout = 1; !was_cancelled("blinks"); timeout *= 2)
        assert_int_equal(ask_helper("blinks", timeout), PK_TIMEOUT);
}

static void a_missing_helper_is_said(void **state)
{
    const struct pk_forward_request request = sample(PK_FORWARD_GET);
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};

    (void)state;
    assert_int_equal(setenv("PASSKEY_AUTHENTICATOR", "/nonexistent/program", 1), 0);
    assert_int_equal(askpass_key_answer(&request, ORIGIN, &before, &nobody, &answer),
                     PK_UNAVAILABLE);
}

/* The key stops blinking when the person gives up: here at once. */
static void an_interruption_gives_the_key_back(void **state)
{
    const struct pk_forward_request request = sample(PK_FORWARD_GET);
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};
    struct terminal terminal;
    int pair[2];

    (void)state;
    use_helper("blinks");
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    assert_int_equal(write(pair[1], "", 1), 1);
    terminal.cancel_fd = pair[0];
    assert_int_equal(askpass_key_answer(&request, ORIGIN, &before, &terminal, &answer),
                     PK_CANCELLED);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

/* In a process without a terminal, whose standard output is a pipe with or without a reader. */
static int in_background(const char *name, bool reader)
{
    int pair[2], code = -1;
    pid_t child;

    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        (void)setsid();
        (void)dup2(pair[1], STDOUT_FILENO);
        (void)close(pair[0]);
        (void)close(pair[1]);
        _exit((int)ask_helper(name, 20));
    }
    (void)close(pair[1]);
    if (!reader)
        (void)close(pair[0]);
    assert_int_equal(waitpid(child, &code, 0), child);
    if (reader)
        (void)close(pair[0]);
    assert_true(WIFEXITED(code));
    return WEXITSTATUS(code);
}

static void without_a_terminal_a_pin_is_declined(void **state)
{
    (void)state;
    assert_int_equal(in_background("pin", true), PK_PIN_REQUIRED);
}

/* ssh has exited: the answer has no reader. */
static void nobody_waits_for_the_answer(void **state)
{
    (void)state;
    assert_int_equal(in_background("blinks", false), PK_CANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_assertion_is_taken_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_credential_is_handed_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_that_do_not_fit_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_keys_reason_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(requests_that_are_none_start_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_key_and_no_touch_end_in_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_helper_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interruption_gives_the_key_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_terminal_a_pin_is_declined, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_waits_for_the_answer, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
