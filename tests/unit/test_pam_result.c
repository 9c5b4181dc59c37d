/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pam/result.h"

#include <security/pam_modules.h>

static const struct {
    enum pk_status status;
    int result;
} listed[] = {
    {PK_NO_CREDENTIALS, PAM_AUTHINFO_UNAVAIL},
    {PK_UNAVAILABLE, PAM_AUTHINFO_UNAVAIL},
    {PK_STORAGE, PAM_AUTHINFO_UNAVAIL},
    {PK_UNKNOWN_USER, PAM_USER_UNKNOWN},
    {PK_PIN_BLOCKED, PAM_MAXTRIES},
    {PK_PIN_AUTH_BLOCKED, PAM_MAXTRIES},
    {PK_UV_BLOCKED, PAM_MAXTRIES},
    {PK_LIMIT_EXCEEDED, PAM_MAXTRIES},
    {PK_CONFIG, PAM_SERVICE_ERR},
    {PK_NO_MEMORY, PAM_BUF_ERR},
};

static int expected(enum pk_status status)
{
    for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++)
        if (listed[i].status == status)
            return listed[i].result;
    return PAM_AUTH_ERR;
}

static void every_status_denies(void **state)
{
    (void)state;
    /*
     * Statuses beyond the list as well, and PK_OK: only pam_sm_authenticate() returns PAM_SUCCESS.
     */
    for (int status = -1; status <= PK_STATUS_COUNT + 1; status++) {
        int result = result_of_failure((enum pk_status)status, false);

        assert_int_equal(result, expected((enum pk_status)status));
        assert_int_not_equal(result, PAM_SUCCESS);
        assert_int_not_equal(result, PAM_IGNORE);
    }
}

static void nullok_changes_no_credentials_alone(void **state)
{
    (void)state;
    for (int status = -1; status <= PK_STATUS_COUNT + 1; status++) {
        int result = result_of_failure((enum pk_status)status, true);

        if (status == PK_NO_CREDENTIALS)
            assert_int_equal(result, PAM_IGNORE);
        else
            assert_int_equal(result, expected((enum pk_status)status));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_denies),
        cmocka_unit_test(nullok_changes_no_credentials_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
