/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/askpass/key.h"
#include "client/askpass/request.h"

#include "client/askpass/files.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "tests/unit/scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Replaces the security key: the request that it got, and its answer. */
static unsigned asked;
static char asked_origin[300];
static enum pk_status key_says;
static bool asked_known;

enum pk_status askpass_key_answer(const struct pk_forward_request *request, const char *origin,
                                  struct askpass_used *used, const struct terminal *terminal,
                                  struct pk_forward_answer *ret)
{
    static const uint8_t bytes[80] = {5};

    (void)terminal;
    asked++;
    asked_known = used->any;
    (void)snprintf(asked_origin, sizeof(asked_origin), "%s", origin);
    if (key_says != PK_OK)
        return key_says;
    ret->kind = request->kind;
    ret->origin = strdup(origin);
    assert_int_equal(pk_bytes_copy((struct pk_view){bytes, 5}, &ret->auth_data), PK_OK);
    assert_int_equal(pk_bytes_copy((struct pk_view){bytes, sizeof(bytes)}, &ret->signature), PK_OK);
    return PK_OK;
}

static const struct terminal nobody = {.cancel_fd = -1};
static char folder[SCRATCH_PATH_MAX];

static int set_up(void **state)
{
    (void)state;
    scratch_new(folder);
    assert_int_equal(setenv("HOME", folder, 1), 0);
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
    assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
    asked = 0;
    key_says = PK_OK;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

static const char *named; /* the id of the passkey that is asked for; NULL: none is */

/* Without a terminal, nothing that is not clear can be asked. */
static enum pk_status answer_as(const char *act, const char *host, const char *rp_id,
                                struct pk_strings *ret_lines)
{
    PK_AUTO_FREE char *context =
        pk_text_format("{\"act\":\"%s\",\"command\":\"\",\"host\":\"\",\"rhost\":\"\","
                       "\"service\":\"sshd\",\"target\":\"\",\"tty\":\"\",\"user\":\"alice\"}",
                       act);
    PK_AUTO_FREE char *rp_id_copy = strdup(rp_id);
    PK_AUTO_FREE char *id = strdup(named ? named : "");
    struct pk_descriptor passkey = {.id = {(uint8_t *)id, strlen(id)}};
    const struct pk_forward_request request = {.kind = PK_FORWARD_GET,
                                               .context = context,
                                               .rp_id = rp_id_copy,
                                               .credentials = &passkey,
                                               .credential_count = named ? 1 : 0};

    return askpass_request_answer(&request, &(struct askpass_asker){.host = host, .user = "alice"},
                                  &nobody, ret_lines);
}

static enum pk_status answer(const char *host, const char *rp_id)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings lines = {0};
    enum pk_status status = answer_as("authenticate", host, rp_id, &lines);

    if (status != PK_OK)
        assert_int_equal(lines.count, 0);
    return status;
}

static void accept_line(const char *text)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/.config/passkey/hosts", folder);
    PK_AUTO_CLOSE int fd = -1;

    assert_int_equal(askpass_folders_make(path), PK_OK);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void a_key_signs_for_the_host_that_is_connected_to(void **state)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings lines = {0};

    (void)state;
    assert_int_equal(answer_as("authenticate", "web1.example.org", "example.org", &lines), PK_OK);
    assert_int_equal(asked, 1);
    assert_string_equal(asked_origin, "ssh://web1.example.org");
    assert_int_equal(lines.count, 1);
    assert_int_equal(strncmp(lines.items[0], PK_FORWARD_PREFIX, strlen(PK_FORWARD_PREFIX)), 0);
}

/* A key that has to be plugged in is waited for longer then. */
static void what_was_used_is_known(void **state)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/.local/state/passkey/used", folder);
    struct stat about;

    (void)state;
    named = "blue";
    key_says = PK_NO_DEVICE;
    assert_int_equal(answer("web1.example.org", "example.org"), PK_NO_DEVICE);
    assert_false(asked_known);
    assert_int_equal(answer("web1.example.org", "example.org"), PK_NO_DEVICE);
    assert_false(asked_known); /* nothing was signed */
    key_says = PK_OK;
    assert_int_equal(answer("web1.example.org", "example.org"), PK_OK);
    assert_false(asked_known);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(answer("web1.example.org", "example.org"), PK_OK);
        assert_true(asked_known);
        assert_int_equal(stat(path, &about), 0);
        assert_int_equal(about.st_size, 2 * PK_HASH_SIZE + 1); /* once */
        assert_int_equal(about.st_mode & 0777, 0600);
    }
    named = "red";
    assert_int_equal(answer("web1.example.org", "example.org"), PK_OK);
    assert_false(asked_known);
    named = "blue";
    assert_int_equal(truncate(path, 65537), 0);
    assert_int_equal(answer("web1.example.org", "example.org"), PK_OK);
    assert_false(asked_known);
    named = NULL;
}

static void no_key_is_asked_for_a_strange_rp_id(void **state)
{
    (void)state;
    assert_int_equal(answer("evil.example.net", "web1.example.org"), PK_UNAVAILABLE);
    assert_int_equal(answer("web1", "web1.example.org"), PK_UNAVAILABLE);
    assert_int_equal(answer("web1.example.org", "org"), PK_UNAVAILABLE);
    assert_int_equal(answer("web1.example.org", "pam://web1"), PK_RP_ID_MISMATCH);
    assert_int_equal(answer("web1.example.org", "Web1.example.org"), PK_RP_ID_MISMATCH);
    assert_int_equal(answer("web1.example.org", "web1.example.org."), PK_RP_ID_MISMATCH);
    assert_int_equal(answer("web1.example.org", ""), PK_RP_ID_MISMATCH);
    assert_int_equal(asked, 0);
}

static void what_was_accepted_is_remembered(void **state)
{
    (void)state;
    accept_line("web1 web1.example.org\n");
    assert_int_equal(answer("web1", "web1.example.org"), PK_OK);
    assert_string_equal(asked_origin, "ssh://web1");
    assert_int_equal(answer("web1", "web2.example.org"), PK_RP_ID_MISMATCH);
    assert_int_equal(answer("web2", "web1.example.org"), PK_UNAVAILABLE);
    accept_line("web1 web1.example.org\nweb1\n");
    assert_int_equal(answer("web1", "web1.example.org"), PK_CONFIG);
    assert_int_equal(asked, 1);
}

static void no_key_is_asked_for_what_is_not_understood(void **state)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings lines = {0};

    (void)state;
    assert_int_equal(answer_as("pay", "web1.example.org", "example.org", &lines), PK_PROTOCOL);
    assert_int_equal(answer_as("enroll", "web1.example.org", "example.org", &lines), PK_PROTOCOL);
    assert_int_equal(asked, 0);
}

static void what_the_key_says_is_passed_on(void **state)
{
    (void)state;
    key_says = PK_TOUCH_TIMEOUT;
    assert_int_equal(answer("web1.example.org", "example.org"), PK_TOUCH_TIMEOUT);
    assert_int_equal(asked, 1);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_key_signs_for_the_host_that_is_connected_to),
        IN_FOLDER(what_was_used_is_known),
        IN_FOLDER(no_key_is_asked_for_a_strange_rp_id),
        IN_FOLDER(what_was_accepted_is_remembered),
        IN_FOLDER(no_key_is_asked_for_what_is_not_understood),
        IN_FOLDER(what_the_key_says_is_passed_on),
    };

    /* Without a controlling terminal, even if the test was started from one. */
    (void)setsid();
    return cmocka_run_group_tests_name("askpass_request", tests, NULL, NULL);
}
