/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/command_line.h"
#include "client/outcome.h"

#include <string.h>

/* Words of whoever wrote the program: nothing that a person could do follows from them. */
static const char *const unfit[] = {"contract", "RFC", "section", "CTAP", "invalid", "argument"};

static void assert_readable(enum pk_status status, const char *text)
{
    if (!text || strlen(text) < 10 || strlen(text) > 300)
        fail_msg("%s: %s", pk_status_name(status), text ? text : "nothing");
    if (strcmp(text, pk_status_clause(status)) == 0)
        fail_msg("%s is told as the clause: %s", pk_status_name(status), text);
    for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
        /* The checks of the relying party give their name, for the administrator. */
        bool named = status >= PK_STATUS_WEBAUTHN_FIRST && strstr(text, pk_status_name(status));

        if (!named && strstr(text, unfit[i]))
            fail_msg("%s: %s", pk_status_name(status), text);
    }
}

static void every_failure_is_told(void **state)
{
    (void)state;
    for (int status = PK_OK + 1; status < PK_STATUS_COUNT; status++)
        assert_readable((enum pk_status)status, client_outcome((enum pk_status)status));
    assert_readable(PK_INTERNAL, client_outcome(PK_STATUS_COUNT));
}

static void every_failure_of_a_session_is_told(void **state)
{
    (void)state;
    for (int status = PK_OK + 1; status < PK_STATUS_COUNT; status++)
        if (status != PK_CANCELLED)
            assert_readable((enum pk_status)status, session_explain((enum pk_status)status));
    assert_string_equal(session_explain(PK_CANCELLED), "given up");
}

/* Where no daemon has a log, none is pointed to. */
static void a_program_does_not_speak_for_the_daemon(void **state)
{
    static const enum pk_status own[] = {PK_NO_MEMORY, PK_IO, PK_INTERNAL, PK_TIMEOUT};

    (void)state;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        assert_null(strstr(client_outcome(own[i]), "passkeyd"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failure_is_told),
        cmocka_unit_test(every_failure_of_a_session_is_told),
        cmocka_unit_test(a_program_does_not_speak_for_the_daemon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
