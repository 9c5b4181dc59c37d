/* SPDX-License-Identifier: BSD-2-Clause */
/* The conversation's prompt_ops over the application's PAM conversation function. */
#ifndef PAM_PASSKEY_PROMPT_H
#define PAM_PASSKEY_PROMPT_H

#include "common/bus/conversation.h"

#include <security/pam_modules.h>
#include <sys/ioctl.h>

struct prompt {
    pam_handle_t *pamh;
    bool shown; /* something was */
    bool quiet;
    bool kept;           /* the application shows every question as it is (context.h) */
    bool guarded;        /* the application may answer by itself: it has no terminal (attended.h) */
    bool pictures;       /* a QR code is seen as one (context.h), */
    struct winsize room; /* where it is not larger than this */
    int failure;         /* PAM result when the application could not show or ask; 0: it could */
};

extern const struct pk_prompt_ops prompt_ops; /* context: struct prompt */

#endif
