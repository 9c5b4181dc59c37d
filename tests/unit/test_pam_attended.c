/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a person answers: answers that no person gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pam/attended.h"

#include <security/pam_appl.h>
#include <string.h>

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
        cmocka_unit_test(nobody_reads_that_fast),
        cmocka_unit_test(without_a_transaction_nothing_is_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
