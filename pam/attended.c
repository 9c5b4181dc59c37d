/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/attended.h"

#include <stdlib.h>
#include <string.h>

#define READING_MS 300 /* nobody reads a question and answers it in less */
#define REMEMBERED "pam_passkey_answer"

bool attended_too_early(const struct attended_answer *answer)
{
    return answer->answered - answer->asked < READING_MS;
}

static void forget(pam_handle_t *pamh, void *data, int status)
{
    char *text = data;

    (void)pamh, (void)status;
    explicit_bzero(text, strlen(text));
    free(text);
}

bool attended_repeated(pam_handle_t *pamh, const struct attended_answer *answer)
{
    const void *password = NULL, *before = NULL;
    char *copy;
    bool repeated = pam_get_item(pamh, PAM_AUTHTOK, &password) == PAM_SUCCESS && password &&
                    strcmp(password, answer->text) == 0;

    if (pam_get_data(pamh, REMEMBERED, &before) == PAM_SUCCESS && before)
        repeated = repeated || strcmp(before, answer->text) == 0;
    copy = strdup(answer->text);
    if (copy && pam_set_data(pamh, REMEMBERED, copy, forget) != PAM_SUCCESS)
        forget(pamh, copy, 0);
    return repeated;
}
