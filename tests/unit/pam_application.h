/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An application that uses the built module through libpam, with a private bus and
 * tests/unit/fake_daemon.py behind it. The module takes the clock and the accounts from here.
 * Failures end the test.
 */
#ifndef TESTS_UNIT_PAM_APPLICATION_H
#define TESTS_UNIT_PAM_APPLICATION_H

#include <security/pam_appl.h>
#include <stdbool.h>

/* Milliseconds that the clock goes on each time that somebody looks at it, and by how much it has.
 */
extern long clock_step, clock_ahead;
/* It goes on by nothing else. */
extern bool clock_stands;

extern char folder[32];     /* of the files of services */
extern const char *service; /* whose file is written */
/* An address, because libpam's audit records would look a name up in the DNS. */
extern const char *rhost;
extern const char *tty; /* PAM_TTY */

/* The behaviour of the application's conversation function, and what it recorded. */
struct application {
    const char *answer; /* NULL: a response without text */
    int result;
    long clock_step;         /* once it has shown something */
    long showing, answering; /* how long it takes to show a text, to answer a secret question */
    char shown[4096];
};

/* cmocka's, for all tests. */
int application_set_up(void **state);
int application_tear_down(void **state);

/* data is a struct application. */
int converse(int count, const struct pam_message **messages, struct pam_response **responses,
             void *data);
/* The service's file: the module with these words, and what decides about the account. */
void write_lines(const char *auth, const char *account);
void write_service(const char *words);
/* One pam_authenticate() of user (the daemon's scenario); *ret_user: PAM_USER afterwards. */
int authenticate(const char *words, const char *user, struct application *application,
                 char *ret_user);

#endif
