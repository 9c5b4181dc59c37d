/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logind's files and the control groups as each test says, in place of sd-login(3), and the console
 * that is shown, in place of console.c. What a test says nothing of is not there.
 */
#ifndef TESTS_UNIT_FAKE_SD_LOGIN_H
#define TESTS_UNIT_FAKE_SD_LOGIN_H

#include "tests/unit/logind_answers.h"

#include <stdbool.h>
#include <sys/types.h>

struct fake_process {
    pid_t pid;
    int session;   /* index of the one that it is in; -1: none */
    bool has_user; /* it is in the slice of user */
    uid_t user;
};

struct fake_login {
    struct fake_process processes[2];
    const struct session_answer *sessions[2]; /* named after their audit session; NULL: no file */
    /* The one user's file. */
    bool has_user;
    uid_t user;
    size_t session_count; /* these in turn */
    bool no_seats;
    int active_less; /* so many fewer are listed as active than are */
    /* Fails with that, an errno, if the function is called with that name. */
    const char *fails;
    int error;
};

extern struct fake_login fake_login;
extern unsigned fake_console_shown;

void fake_login_reset(void);

#endif
