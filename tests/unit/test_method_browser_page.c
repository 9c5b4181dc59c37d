/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The browser method where the page is a file: the request is in the link, and what the page gives
 * is pasted into the terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/client.h"
#include "common/wire/forward.h"
#include "tests/unit/begin_enrollment.h"
#include "tests/unit/browser_answers.h"

#include <string.h>

#define PAGE  "https://www." RP_ID "/passkey.html"
#define THERE "https://www." RP_ID

static struct pk_forward_request request; /* the last one that was shown */

static int set_up(void **state)
{
    int result = browser_set_up(state);

    configure_daemon("[rp default]\nid = " RP_ID "\nbrowser-page = " PAGE "\n");
    return result;
}

static int tear_down(void **state)
{
    pk_forward_request_clear(&request);
    return browser_tear_down(state);
}

/* --- the page --------------------------------------------------------------------------------- */

/* Reads the request out of the link, as the page does. */
static void read_page(void)
{
    const char *url;
    size_t len;

    after_hold();
    assert_said("ask", "page");
    url = strstr(seen()->text, "\n" PAGE "#");
    assert_non_null(url);
    url += strlen("\n" PAGE "#");
    len = strcspn(url, "\n");
    assert_string_equal(url + len, "\n"); /* the last line, which is shown uncut */
    pk_forward_request_clear(&request);
    assert_status(pk_forward_request_decode((struct pk_view){(const uint8_t *)url, len}, &request),
                  PK_OK);
    assert_false(request.names_host_keys);
}

static void ask(const char *user)
{
    open_sign_in(0, &(struct sign_in_request){.user = user, .rhost = "elsewhere"});
    next(NULL);
    read_page();
}

static void ask_openly(const char *user)
{
    open_sign_in(0, &(struct sign_in_request){.user = user, .rhost = "elsewhere", .ruser = user});
    next(NULL);
    read_page();
}

static void ask_to_enroll(const char *name)
{
    begin_enrollment(&(struct wish){.name = name, .methods = {{PK_METHOD_BROWSER}, 1}});
    next(NULL);
    read_page();
}

/* What the browser of that page signs, whose context may be another than the request's. */
static struct pk_requirements browser_of(const char *context)
{
    struct pk_requirements requirements = {.rp_id = (char[]){RP_ID}};
    uint8_t challenge[PK_HASH_SIZE];

    pk_bound_challenge(request.nonce, pk_view_string(context), challenge);
    requirements.rp_id = strdup(RP_ID);
    assert_status(
        pk_bytes_copy((struct pk_view){challenge, sizeof(challenge)}, &requirements.challenge),
        PK_OK);
    return requirements;
}

static struct pk_bytes member(const json_t *response, const char *name)
{
    struct pk_bytes bytes = {0};

    assert_status(
        pk_base64url_decode(pk_view_string(json_string_value(json_object_get(response, name))),
                            PK_JSON_MAX, &bytes),
        PK_OK);
    return bytes;
}

/* The lines that the page shows, for one "\n" behind each. */
static char *lines_of(const struct pk_forward_answer *answer)
{
    struct pk_strings lines = {0};
    char *all = strdup("");

    assert_status(pk_forward_answer_encode(answer, &lines), PK_OK);
    for (size_t i = 0; i < lines.count; i++) {
        char *longer = pk_text_format("%s%s\n", all, lines.items[i]);

        free(all);
        all = longer;
    }
    pk_strings_clear(&lines);
    return all;
}

static char *page_answer(const struct soft_key *key, const char *context, const char *origin)
{
    struct pk_requirements requirements = browser_of(context);
    bool create = request.kind == PK_FORWARD_CREATE;
    PK_AUTO_FREE char *json = create ? soft_key_registration(key, &requirements, origin, PRESENT, 5)
                                     : soft_key_response(key, &requirements, origin, PRESENT, 5);
    json_t *whole = json_loads(json, 0, NULL);
    const json_t *response = json_object_get(whole, "response");
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {
        .kind = create ? PK_FORWARD_PAGE_CREATE : PK_FORWARD_PAGE_GET,
        .client_data = member(response, "clientDataJSON"),
    };
    char *lines;

    if (create) {
        answer.attestation_object = member(response, "attestationObject");
        answer.transports = PK_TRANSPORT_INTERNAL;
        answer.discoverable = true;
    } else {
        answer.auth_data = member(response, "authenticatorData");
        answer.auth_data.len -= PK_HASH_SIZE;
        (void)memmove(answer.auth_data.data, answer.auth_data.data + PK_HASH_SIZE,
                      answer.auth_data.len);
        answer.signature = member(response, "signature");
    }
    lines = lines_of(&answer);
    json_decref(whole);
    pk_bytes_clear(&requirements.challenge);
    free(requirements.rp_id);
    return lines;
}

/* Each line at the question for it. */
static void paste(char *lines)
{
    for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n")) {
        let_pass(200);
        type(line);
    }
    free(lines);
}

/* --- signing in ------------------------------------------------------------------------------- */

static void a_passkey_signs_in(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask("alice");
    assert_non_null(strstr(seen()->text, "to sign in as alice"));
    assert_non_null(strstr(request.context, "\"user\":\"alice\""));
    assert_int_equal(request.credential_count, 1);
    assert_true(request.timeout > 0 && request.timeout <= PK_LINK_LIFETIME);
    paste(page_answer(&key, request.context, THERE));
    assert_said("done", "ok");
    assert_string_equal(seen()->user, "alice");
    assert_int_equal(challenges(), 0);
}

static void enter_alone_goes_on(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    open_sign_in(0, &(struct sign_in_request){.user = "alice",
                                              .rhost = "elsewhere",
                                              .methods = {{PK_METHOD_BROWSER}, 1}});
    next(NULL);
    read_page();
    type("");
    assert_said("done", "cancelled");
}

/* What the page would have shown is not what this terminal asked for. */
static void another_context_is_another_challenge(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_AUTO_FREE char *context = NULL;
    char *host;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask_openly("alice");
    context = strdup(request.context);
    host = strstr(context, "elsewhere");
    assert_non_null(host);
    host[0] = 'E';
    paste(page_answer(&key, context, THERE));
    assert_said("done", "challenge-mismatch");
}

static void wrong_answers(void **state)
{
    static const struct {
        const char *origin, *result;
    } cases[] = {
        {"https://" RP_ID, "origin-mismatch"},
        {"https://evil.example", "origin-mismatch"},
        {"ssh://elsewhere", "origin-mismatch"},
    };
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask_openly("alice");
        paste(page_answer(&key, request.context, cases[i].origin));
        assert_said("done", cases[i].result);
    }
    ask_openly("alice");
    paste(page_answer(&forged, request.context, THERE));
    assert_said("done", "signature-invalid");
    ask_openly("alice");
    type("passkey1:AAAA");
    assert_said("done", "cbor-trailing-data");
    ask_openly("alice");
    type("ABCDEF"); /* a code, say */
    assert_said("done", "invalid-input");
}

static void an_answer_is_good_once(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_AUTO_FREE char *lines = NULL;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask_openly("alice");
    lines = page_answer(&key, request.context, THERE);
    paste(strdup(lines));
    assert_said("done", "ok");
    ask_openly("alice");
    paste(strdup(lines));
    assert_said("done", "challenge-mismatch");
}

/* The form of a security key's answer over ssh is not the page's. */
static void an_answer_of_a_key_is_none(void **state)
{
    struct pk_forward_answer answer = {.kind = PK_FORWARD_GET,
                                       .origin = (char[]){THERE},
                                       .auth_data = {(uint8_t[]){1, 0, 0, 0, 1}, 5},
                                       .signature = {(uint8_t[]){1}, 1}};
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask_openly("alice");
    paste(lines_of(&answer));
    assert_said("done", "protocol");
}

static void a_passkey_that_was_not_offered(void **state)
{
    struct pk_forward_answer answer = {.kind = PK_FORWARD_PAGE_GET,
                                       .credential = 1,
                                       .client_data = {(uint8_t[]){"{}"}, 2},
                                       .auth_data = {(uint8_t[]){1, 0, 0, 0, 1}, 5},
                                       .signature = {(uint8_t[]){1}, 1}};
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    ask_openly("alice");
    paste(lines_of(&answer));
    assert_said("done", "credential-not-allowed");
}

/* One who has passkeys, one without, and one who does not exist. */
static void reasons_are_concealed(void **state)
{
    static const char *const users[] = {"alice", "bob", "mallory"};
    char long_line[PK_FORWARD_LINE_MAX + 1] = {0};
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(ES256, "blue");

    (void)state;
    memset(long_line, 'A', sizeof(long_line) - 1);
    give_key(&key, "alice", ALICE, RP_ID);
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        ask(users[i]);
        assert_true(request.credential_count > 0);
        paste(page_answer(&forged, request.context, THERE));
        assert_said("done", "answer-refused");
        ask(users[i]);
        type("\b\n\r\177INCORRECT"); /* what sshd makes of an answer for nobody */
        assert_said("done", "answer-refused");
        ask(users[i]);
        type(long_line); /* the next line is asked for, as for a right one of that length */
        assert_said("ask", "page");
        let_pass(200);
        type("passkey1:AA");
        assert_said("done", "answer-refused");
    }
    assert_int_equal(challenges(), 0);
}

/* --- enrolling -------------------------------------------------------------------------------- */

static void a_passkey_is_enrolled(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    ask_to_enroll(NULL);
    assert_non_null(strstr(request.context, "\"act\":\"enroll\""));
    assert_int_equal(request.creation.attestation, PK_ATTESTATION_NONE);
    paste(page_answer(&key, request.context, THERE));
    assert_said("ask", "name");
    assert_int_equal(passkeys(), 0);
    type("my browser");
    assert_said("done", "ok");
    assert_non_null(strstr(seen()->credential, "\"name\":\"my browser\""));
    assert_non_null(strstr(seen()->credential, "internal"));
    assert_int_equal(passkeys(), 1);
    assert_int_equal(challenges(), 0);
}

/* Two lines: the passkey's id is long. */
static void an_answer_of_several_lines(void **state)
{
    char id[201] = {0};
    AUTO_SOFT_KEY struct soft_key key = {0};
    char *lines, *second;

    (void)state;
    memset(id, 'x', sizeof(id) - 1);
    key = soft_key_new(ES256, id);
    ask_to_enroll("given");
    lines = page_answer(&key, request.context, THERE);
    second = strchr(lines, '\n');
    assert_non_null(second);
    *second++ = '\0';
    second[strcspn(second, "\n")] = '\0';
    type(lines);
    assert_said("ask", "page");
    assert_string_equal(seen()->text, "Line 2 of the answer: ");
    type(second);
    assert_said("done", "ok");
    free(lines);
}

static void a_name_that_was_given(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    ask_to_enroll("given");
    paste(page_answer(&key, request.context, THERE));
    assert_said("done", "ok");
    assert_non_null(strstr(seen()->credential, "\"name\":\"given\""));
}

static void what_is_not_enrolled(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    struct pk_forward_answer answer = {.kind = PK_FORWARD_PAGE_CREATE,
                                       .client_data = {(uint8_t[]){"{}"}, 2},
                                       .attestation_object = {(uint8_t[]){0xa0}, 1}};

    (void)state;
    ask_to_enroll(NULL);
    paste(page_answer(&key, request.context, "https://evil.example"));
    assert_said("done", "origin-mismatch");
    ask_to_enroll(NULL);
    paste(page_answer(&key, "{}", THERE));
    assert_said("done", "challenge-mismatch");
    ask_to_enroll(NULL);
    paste(lines_of(&answer));
    assert_said("done", "auth-data-truncated");
    assert_non_null(strstr(seen()->text, "no answer to this request"));
    ask_to_enroll(NULL);
    type("passkey1:oQ");
    assert_said("done", "cbor-truncated");
    ask_to_enroll(NULL);
    type("");
    assert_said("done", "cancelled");
    assert_non_null(strstr(seen()->text, "Nothing is enrolled"));
    assert_int_equal(passkeys(), 0);
    assert_int_equal(challenges(), 0);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(a_passkey_signs_in),
        SCENE(enter_alone_goes_on),
        SCENE(another_context_is_another_challenge),
        SCENE(wrong_answers),
        SCENE(an_answer_is_good_once),
        SCENE(an_answer_of_a_key_is_none),
        SCENE(a_passkey_that_was_not_offered),
        SCENE(reasons_are_concealed),
        SCENE(a_passkey_is_enrolled),
        SCENE(an_answer_of_several_lines),
        SCENE(a_name_that_was_given),
        SCENE(what_is_not_enrolled),
    };

    return cmocka_run_group_tests_name("method browser, page", tests, NULL, NULL);
}
