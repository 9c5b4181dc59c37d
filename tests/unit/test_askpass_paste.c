/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/askpass/paste.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>

#define PATIENCE 60 /* seconds */

static const struct terminal nobody = {.cancel_fd = -1};

/* Text that a person could have copied. */
static char *request_line(void)
{
    char context[] = "{}";
    char rp_id[] = "example.org";
    uint8_t id[48] = {1};
    struct pk_descriptor credential = {.id = {.data = id, .len = sizeof(id)}};
    const struct pk_forward_request request = {.kind = PK_FORWARD_GET,
                                               .nonce = {7},
                                               .context = context,
                                               .rp_id = rp_id,
                                               .credentials = &credential,
                                               .credential_count = 1,
                                               .timeout = 60};
    char *line = NULL;

    assert_int_equal(pk_forward_request_encode(&request, &line), PK_OK);
    return line;
}

static enum pk_status read_text(const char *text, struct pk_forward_request *ret)
{
    PK_AUTO_CLOSE int reader = -1;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    reader = ends[0];
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    assert_int_equal(close(ends[1]), 0);
    return askpass_paste_read(reader, &nobody, ret);
}

static void text_around_it_does_not_matter(void **state)
{
    static const char *const around[][2] = {
        {"", ""},
        {"", "\n"},
        {"Sign in to web1:\n\n  ", "  \r\n"},
        {"$ sudo true\npasskey1:AAAA\n", "\nPaste the answer here: "},
        {"\n\n\t", "\n\n\n"},
    };
    PK_AUTO_FREE char *line = request_line();

    (void)state;
    for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
        PK_AUTO_FREE char *text = pk_text_format("%s%s%s", around[i][0], line, around[i][1]);
        PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};

        if (read_text(text, &request) != PK_OK)
            fail_msg("case %zu", i);
        assert_string_equal(request.rp_id, "example.org");
    }
}

static void anything_else_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum pk_status status;
    } cases[] = {
        {"", PK_NOT_FOUND},
        {"\n\n", PK_NOT_FOUND},
        {"hello\n", PK_NOT_FOUND},
        {"xpasskey1:AAAA\n", PK_NOT_FOUND},
        {"passkey1:!\n", PK_INVALID_INPUT},
    };
    PK_AUTO_FREE char *line = request_line();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pk_forward_request request = {0};

        assert_int_equal(read_text(cases[i].text, &request), cases[i].status);
    }
    for (size_t len = strlen(line) - 1; len >= strlen(PK_FORWARD_PREFIX); len--) {
        struct pk_forward_request request = {0};

        line[len] = 0;
        assert_int_not_equal(read_text(line, &request), PK_OK);
    }
}

/* In another process: types when whole lines are no longer awaited, and reads the echo. */
static void type(int master, const char *text, const char *line)
{
    const char *const typed[] = {text, "\n", line, "\n"};
    struct termios mode;
    char echo[4096];

    /* So that no process is left after a failure. */
    (void)alarm(PATIENCE);
    if (fork() == 0) {
        (void)alarm(PATIENCE);
        while (read(master, echo, sizeof(echo)) > 0)
            ;
        _exit(0);
    }
    do
        if (tcgetattr(master, &mode) < 0)
            _exit(1);
    while (mode.c_lflag & ICANON);
    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++)
        for (const char *c = typed[i]; *c; c++)
            if (write(master, c, 1) != 1)
                _exit(1);
    _exit(0);
}

/* Longer than a terminal's own line, which the kernel cuts at 4,095 characters. */
static void a_long_line_is_typed(void **state)
{
    char text[9000];
    PK_AUTO_CLOSE int master = posix_openpt(O_RDWR | O_NOCTTY);
    PK_AUTO_CLOSE int slave = -1;
    PK_AUTO_FREE char *line = request_line();
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    struct termios before, after;
    pid_t pid;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    assert_int_equal(tcgetattr(slave, &before), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(slave);
        type(master, text, line);
    }
    assert_int_equal(askpass_paste_read(slave, &nobody, &request), PK_OK);
    assert_string_equal(request.rp_id, "example.org");
    assert_int_equal(tcgetattr(slave, &after), 0);
    assert_int_equal(after.c_lflag, before.c_lflag);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_around_it_does_not_matter),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(a_long_line_is_typed),
    };

    return cmocka_run_group_tests_name("askpass_paste", tests, NULL, NULL);
}
