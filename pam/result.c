/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/result.h"

#include <security/pam_modules.h>
#include <stddef.h>

/* Rows, not an array indexed by status: a value without a row must not become 0, PAM_SUCCESS. */
static const struct {
    enum pk_status status;
    int result;
} table[] = {
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

int result_of_failure(enum pk_status status, bool nullok)
{
    if (status == PK_NO_CREDENTIALS && nullok)
        return PAM_IGNORE;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].status == status)
            return table[i].result;
    return PAM_AUTH_ERR;
}
