/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every call of the pages' scripts, as it is and damaged (tests/vectors/page_calls): the daemon is
 * asked by a whole one only, and every other one is refused with a status of its client's fault.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "gateway/members.h"
#include "tests/unit/fake_exchange.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#define SESSION "ABCDEFGHJKMNPQRSTVWXYZ0123"
#define COOKIE  "__Host-passkey-session-dc70261849139d34=" SESSION
#define CALLS   10

static const char more_bytes[] = "x}],:\"0\\";

/* The body with the token of the session. */
static char *with_token(const char *text)
{
    uint8_t hash[PK_HASH_SIZE];
    PK_AUTO_FREE char *token = NULL;
    const char *place = strstr(text, "@TOKEN@");
    const char *second = place ? strstr(place + 1, "@TOKEN@") : NULL;

    pk_sha256(pk_view_string("passkeyd page token\n" SESSION), hash);
    token = pk_hex_encode((struct pk_view){hash, sizeof(hash)});
    assert_non_null(token);
    if (!place)
        return strdup(text);
    if (!second)
        return pk_text_format("%.*s%s%s", (int)(place - text), text, token,
                              place + strlen("@TOKEN@"));
    return pk_text_format("%.*s%s%.*s%s%s", (int)(place - text), text, token,
                          (int)(second - place) - (int)strlen("@TOKEN@"), place + strlen("@TOKEN@"),
                          token, second + strlen("@TOKEN@"));
}

static void start_anew(void)
{
    fake_start(&dialect_pages);
    fake_self_service(true);
    fake_header("Origin", "https://portal.example");
    fake_header("Content-Type", "application/json");
    fake_header("Cookie", COOKIE);
}

static void assert_taken(const char *line, const char *body)
{
    start_anew();
    fake_request(line, body);
    if (!fake_is_asked())
        fail_msg("the daemon is not asked: %s %s", line, body);
    fake_failed(PARTY_UNAVAILABLE, "");
    assert_int_equal(fake_status(), 503);
}

static void assert_refused(const char *line, const char *body)
{
    start_anew();
    fake_request(line, body);
    if (fake_is_asked())
        fail_msg("the daemon is asked: %s %s", line, body);
    if (fake_status() < 400 || fake_status() > 499 || fake_answer_header("Set-Cookie"))
        fail_msg("%u: %s %s", fake_status(), line, body);
}

/* Cut at every byte, and with one more. */
static void assert_only_whole(const char *line, const char *body)
{
    PK_AUTO_FREE char *part = strdup(body);

    assert_non_null(part);
    for (size_t len = strlen(part); len-- > 0;) {
        part[len] = '\0';
        assert_refused(line, part);
    }
    for (const char *byte = more_bytes; *byte; byte++) {
        PK_AUTO_FREE char *longer = pk_text_format("%s%c", body, *byte);

        assert_refused(line, longer);
    }
}

static void send_file(const char *path)
{
    AUTO_JSON json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    const char *line = json_string_value(json_object_get(file, "line"));
    const json_t *valid = json_object_get(file, "valid");
    const json_t *invalid = json_object_get(file, "invalid");

    assert_non_null(line);
    assert_true(json_array_size(valid) > 0 && json_array_size(invalid) > 0);
    for (size_t i = 0; i < json_array_size(valid); i++) {
        PK_AUTO_FREE char *body = with_token(json_string_value(json_array_get(valid, i)));

        assert_taken(line, body);
        if (i == 0)
            assert_only_whole(line, body);
    }
    for (size_t i = 0; i < json_array_size(invalid); i++) {
        PK_AUTO_FREE char *body = with_token(json_string_value(json_array_get(invalid, i)));

        assert_refused(line, body);
    }
}

static void every_call(void **state)
{
    PK_AUTO_FREE char *pattern =
        pk_text_format("%s/tests/vectors/page_calls/*.json", getenv("srcdir"));
    glob_t found;

    (void)state;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, CALLS);
    for (size_t i = 0; i < found.gl_pathc; i++)
        send_file(found.gl_pathv[i]);
    globfree(&found);
    fake_stop();
}

/* So that a row that is added to the table is tested here as well. */
static void no_call_is_missing(void **state)
{
    size_t calls = 0;

    (void)state;
    for (size_t i = 0; i < dialect_pages.route_count; i++)
        calls += strcmp(dialect_pages.routes[i].method, "POST") == 0;
    assert_int_equal(calls, CALLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call),
        cmocka_unit_test(no_call_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
