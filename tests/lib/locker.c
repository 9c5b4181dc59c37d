/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * locker SERVICE USER: a PAM application that does as many screen lockers do. It shows what it is
 * told as information, leaves errors out, and asks each question in words of its own.
 */
#include <security/pam_appl.h>
#include <security/pam_misc.h>
#include <stdio.h>
#include <stdlib.h>

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
    struct pam_response *answers = calloc((size_t)count, sizeof(*answers));

    (void)data;
    if (!answers)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++) {
        struct pam_message own = {messages[i]->msg_style, "Unlock: "};
        const struct pam_message *asked = &own;
        struct pam_response *answer = NULL;

        if (own.msg_style == PAM_TEXT_INFO)
            (void)printf("%s\n", messages[i]->msg);
        (void)fflush(stdout);
        if (own.msg_style != PAM_PROMPT_ECHO_OFF && own.msg_style != PAM_PROMPT_ECHO_ON)
            continue;
        if (misc_conv(1, &asked, &answer, NULL) != PAM_SUCCESS) {
            free(answers);
            return PAM_CONV_ERR;
        }
        answers[i] = *answer;
        free(answer);
    }
    *responses = answers;
    return PAM_SUCCESS;
}

int main(int argc, char **argv)
{
    struct pam_conv conversation = {converse, NULL};
    pam_handle_t *pamh = NULL;
    int result;

    if (argc != 3 || pam_start(argv[1], argv[2], &conversation, &pamh) != PAM_SUCCESS)
        return 2;
    result = pam_authenticate(pamh, 0);
    (void)printf("%s\n", result == PAM_SUCCESS ? "unlocked" : pam_strerror(pamh, result));
    (void)pam_end(pamh, result);
    return result == PAM_SUCCESS ? 0 : 1;
}
