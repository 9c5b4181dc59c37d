/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/ssh/destination.h"
#include "client/ssh/watch.h"

#include "common/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

static char text[] = "x";

/* A request of that kind, and whether it is one is up to the watch. */
static char *request_line(enum pk_forward_kind kind, uint8_t nonce, unsigned part)
{
    uint8_t bytes[48] = {1};
    struct pk_descriptor credential = {.id = {.data = bytes, .len = sizeof(bytes)}};
    struct pk_forward_request request = {.kind = kind, .nonce = {nonce}};
    char *line = NULL;

    if (kind == PK_FORWARD_MORE) {
        request.part = part;
    } else {
        request.context = text;
        request.timeout = 60;
    }
    if (kind == PK_FORWARD_GET) {
        request.rp_id = text;
        request.credentials = &credential;
        request.credential_count = 1;
    }
    if (kind == PK_FORWARD_CREATE) {
        request.creation.rp_id = request.creation.rp_name = text;
        request.creation.user_name = request.creation.user_display_name = text;
        request.creation.user_handle = (struct pk_bytes){bytes, sizeof(bytes)};
        request.creation.algorithms[0] = -7;
        request.creation.algorithm_count = 1;
        request.creation.resident_key = PK_DISCOURAGED;
        request.creation.attestation = PK_ATTESTATION_NONE;
    }
    assert_int_equal(pk_forward_request_encode(&request, &line), PK_OK);
    return line;
}

/* Feeds it; how many requests were found, the last of them in *ret. */
static unsigned feed(struct ssh_watch *watch, const char *bytes, struct pk_forward_request *ret)
{
    unsigned found = 0;

    for (; *bytes; bytes++) {
        struct pk_forward_request request = {0};

        if (ssh_watch_byte(watch, (uint8_t)*bytes, &request) != PK_OK)
            continue;
        found++;
        pk_forward_request_clear(ret);
        *ret = request;
    }
    return found;
}

static void requests_are_found_in_what_is_printed(void **state)
{
    AUTO_SSH_WATCH struct ssh_watch watch = {0};
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    PK_AUTO_FREE char *line = request_line(PK_FORWARD_CREATE, 1, 0);

    (void)state;
    assert_int_equal(ssh_watch_new(&watch), PK_OK);
    assert_int_equal(feed(&watch, "Password: \r\nhello\r\npasskey1:\r\npasskey1:AA\r\n", &request),
                     0);
    assert_int_equal(feed(&watch, line, &request), 0); /* it has not ended yet */
    assert_int_equal(feed(&watch, "\r\n", &request), 1);
    assert_int_equal(request.kind, PK_FORWARD_CREATE);
    assert_int_equal(feed(&watch, "x ", &request), 0);
    assert_int_equal(feed(&watch, line, &request), 0);
    assert_int_equal(feed(&watch, "\n", &request), 0);
    assert_int_equal(feed(&watch, line, &request), 0);
    assert_int_equal(feed(&watch, "\n", &request), 1);
}

static void a_line_without_an_end_is_passed_over(void **state)
{
    AUTO_SSH_WATCH struct ssh_watch watch = {0};
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    PK_AUTO_FREE char *line = request_line(PK_FORWARD_CREATE, 1, 0);

    (void)state;
    assert_int_equal(ssh_watch_new(&watch), PK_OK);
    for (size_t i = 0; i < 3 * (size_t)PK_FORWARD_REQUEST_MAX; i++)
        assert_int_equal(ssh_watch_byte(&watch, ' ', &request), PK_NOT_FOUND);
    assert_int_equal(feed(&watch, line, &request), 0);
    assert_int_equal(feed(&watch, "\n", &request), 0);
    assert_int_equal(feed(&watch, line, &request), 0);
    assert_int_equal(feed(&watch, "\n", &request), 1);
}

static const char *typed_for(struct ssh_watch *watch, enum pk_forward_kind kind, uint8_t nonce,
                             unsigned part)
{
    const struct pk_forward_request request = {.kind = kind, .nonce = {nonce}, .part = part};

    return ssh_watch_line(watch, &request);
}

static void one_enrolment_is_answered_and_nothing_else(void **state)
{
    AUTO_SSH_WATCH struct ssh_watch watch = {0};
    const struct pk_forward_request create = {.kind = PK_FORWARD_CREATE, .nonce = {1}};
    const struct pk_forward_request other = {.kind = PK_FORWARD_CREATE, .nonce = {2}};
    const struct pk_forward_request get = {.kind = PK_FORWARD_GET, .nonce = {1}};
    const struct pk_forward_request more = {.kind = PK_FORWARD_MORE, .nonce = {1}, .part = 2};

    (void)state;
    assert_int_equal(ssh_watch_new(&watch), PK_OK);
    assert_true(ssh_watch_wants_key(&watch, &create));
    assert_false(ssh_watch_wants_key(&watch, &get));
    assert_false(ssh_watch_wants_key(&watch, &more));
    assert_null(ssh_watch_line(&watch, &create));
    assert_int_equal(ssh_watch_answered(&watch, &create, pk_view_string("one\ntwo\nthree\n")),
                     PK_OK);
    assert_false(ssh_watch_wants_key(&watch, &create));
    assert_false(ssh_watch_wants_key(&watch, &other));
    assert_string_equal(ssh_watch_line(&watch, &create), "one");
    assert_string_equal(typed_for(&watch, PK_FORWARD_MORE, 1, 2), "two");
    assert_string_equal(typed_for(&watch, PK_FORWARD_MORE, 1, 3), "three");
    assert_null(typed_for(&watch, PK_FORWARD_MORE, 1, 4));
    assert_null(typed_for(&watch, PK_FORWARD_MORE, 2, 2));
    assert_null(typed_for(&watch, PK_FORWARD_GET, 1, 0));
    assert_null(ssh_watch_line(&watch, &other));
}

static void no_answer_is_typed_where_there_is_none(void **state)
{
    AUTO_SSH_WATCH struct ssh_watch watch = {0};
    const struct pk_forward_request create = {.kind = PK_FORWARD_CREATE, .nonce = {1}};

    (void)state;
    assert_int_equal(ssh_watch_new(&watch), PK_OK);
    assert_int_equal(ssh_watch_answered(&watch, &create, (struct pk_view){0}), PK_OK);
    assert_null(ssh_watch_line(&watch, &create));
    assert_false(ssh_watch_wants_key(&watch, &create));
}

static void the_destination_is_what_ssh_writes_in_its_prompts(void **state)
{
    static const struct {
        const char *config;
        enum pk_status status;
        const char *host;
    } cases[] = {
        {"user alice\nhostname web1.example.org\nport 22\n", PK_OK, "web1.example.org"},
        {"hostname 192.0.2.1\nhostkeyalias Web1\n", PK_OK, "web1"},
        {"host web\nhostname ::1", PK_OK, "::1"},
        {"xhostname a\nhostnames b\nhostname\n", PK_NOT_FOUND, NULL},
        {"hostname a b\n", PK_INVALID_INPUT, NULL},
        {"", PK_NOT_FOUND, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_FREE char *host = NULL;

        if (ssh_destination_parse(pk_view_string(cases[i].config), &host) != cases[i].status)
            fail_msg("%s", cases[i].config);
        if (cases[i].host)
            assert_string_equal(host, cases[i].host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_found_in_what_is_printed),
        cmocka_unit_test(a_line_without_an_end_is_passed_over),
        cmocka_unit_test(one_enrolment_is_answered_and_nothing_else),
        cmocka_unit_test(no_answer_is_typed_where_there_is_none),
        cmocka_unit_test(the_destination_is_what_ssh_writes_in_its_prompts),
    };

    return cmocka_run_group_tests_name("ssh_watch", tests, NULL, NULL);
}
