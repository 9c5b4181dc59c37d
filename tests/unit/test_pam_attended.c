/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a person answers: sudo's -S and -A, and answers that no person gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pam/attended.h"

#include <security/pam_appl.h>
#include <string.h>

/* Arguments with a blank between them. */
static bool flagged(const char *line)
{
    char cmdline[256];
    size_t len = strlen(line);

    assert_in_range(len, 1, sizeof(cmdline) - 1);
    for (size_t i = 0; i <= len; i++)
        cmdline[i] = line[i] == ' ' || line[i] == '\0' ? '\0' : line[i];
    return attended_by_sudo_flags((struct pk_view){(const uint8_t *)cmdline, len + 1});
}

static void flags_of_sudo(void **state)
{
    static const char *const yes[] = {
        "sudo -S id",          "sudo -A id",          "sudo -nS id",       "sudo -SA id",
        "sudo -u root -S id",  "sudo -uroot -A id",   "sudo --stdin id",   "sudo --askpass id",
        "sudo --st id",        "sudo --as id",        "sudo A=b -S id",    "sudo -p -x -S id",
        "sudo --user x -S id", "sudo --user=x -S id", "sudo --us x -S id", "sudo -E -H -S",
        "sudo -k -S -v",       "sudoedit -S file",    "sudo -Eu x -S id",  "sudo -h host -S id",
        "sudo -T 5 -A id",
    };
    static const char *const no[] = {
        "sudo id",
        "sudo id -S",
        "sudo -u -S id",
        "sudo -- id -A",
        "sudo -uS id",
        "sudo -p -A x",
        "sudo /a=b -S",
        "sudo -n id",
        "sudo -- -S",
        "sudo --user -S x",
        "sudo -EH id -S",
        "sudo -gA id",
        "sudo --prompt --stdin id",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        assert_true(flagged(yes[i]));
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        assert_false(flagged(no[i]));
}

/* What is cut off among the options may have held one of them. */
static void every_beginning_of_a_line(void **state)
{
    static const char line[] = "sudo\0-u\0root\0-p\0x";

    (void)state;
    for (size_t len = 0; len < sizeof(line) - 1; len++) {
        bool whole = len == 0 || line[len - 1] == '\0';

        assert_int_equal(attended_by_sudo_flags((struct pk_view){(const uint8_t *)line, len}),
                         !whole);
    }
    assert_false(attended_by_sudo_flags((struct pk_view){(const uint8_t *)line, sizeof(line)}));
}

static void this_process_is_no_such_sudo(void **state)
{
    (void)state;
    assert_false(attended_by_program());
}

static void nobody_reads_that_fast(void **state)
{
    (void)state;
    assert_true(attended_too_early(&(struct attended_answer){.asked = 1000, .answered = 1000}));
    assert_true(attended_too_early(&(struct attended_answer){.asked = 1000, .answered = 1299}));
    assert_false(attended_too_early(&(struct attended_answer){.asked = 1000, .answered = 1300}));
}

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
    (void)count, (void)messages, (void)responses, (void)data;
    return PAM_CONV_ERR;
}

/* pam_set_data() and PAM_AUTHTOK are for modules: libpam gives them only from within one. */
static void without_a_transaction_nothing_is_repeated(void **state)
{
    const struct pam_conv conversation = {converse, NULL};
    pam_handle_t *pamh = NULL;
    const struct attended_answer answer = {.text = "hunter2"};

    (void)state;
    assert_int_equal(pam_start("other", "alice", &conversation, &pamh), PAM_SUCCESS);
    assert_false(attended_repeated(pamh, &answer));
    assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_of_sudo),
        cmocka_unit_test(every_beginning_of_a_line),
        cmocka_unit_test(this_process_is_no_such_sudo),
        cmocka_unit_test(nobody_reads_that_fast),
        cmocka_unit_test(without_a_transaction_nothing_is_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
