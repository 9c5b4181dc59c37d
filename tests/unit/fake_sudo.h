/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In place of sudo: loads the approval plugin as it is built, and calls it with whatever a test
 * says; tests/unit/fake_daemon.py is behind it. The plugin takes from here who it is and who there
 * is. Failures end the test.
 */
#ifndef TESTS_UNIT_FAKE_SUDO_H
#define TESTS_UNIT_FAKE_SUDO_H

#include <stdbool.h>
#include <sudo_plugin.h>
#include <sys/types.h>

#define CALLER 5000 /* the uid of everybody whom fake_daemon.py authenticates */

/* cmocka's, for all tests. */
int sudo_set_up(void **state);
int sudo_tear_down(void **state);

extern const struct approval_plugin *plugin;
extern uid_t real_uid; /* what getuid() says: CALLER, unless a test says something else */

#define ENTRIES 8

/* What sudo is, and what it gives the plugin; each vector has room for its NULL. */
struct sudo {
    unsigned version;
    bool silent, mute;  /* it gives no printf; no conversation */
    bool fails;         /* its conversation is interrupted */
    const char *answer; /* to each question; NULL: none */
    const char *words;  /* one option of sudo.conf; NULL: none */
    const char *user_info[ENTRIES], *argv[ENTRIES], *settings[ENTRIES];
    const char *command_info[ENTRIES], *run_argv[ENTRIES];
    bool no_user_info, no_argv; /* that vector is not given at all */
};

/* What was printed and shown since sudo_open(), and what was asked. */
extern char shown[8192];
extern unsigned questions;

/* One that runs id as root for a person of that name, which the next call forgets. */
struct sudo sudo_of(const char *user);
/* Strings as sudo_plugin.h has them. */
char *const *vector(const char *const *strings);

/* The functions that it gives the plugin. */
__attribute__((format(printf, 2, 3))) int sudo_print(int type, const char *format, ...);
int sudo_converse(int count, const struct sudo_conv_message messages[],
                  struct sudo_conv_reply replies[], struct sudo_conv_callback *callback);

/* What open() answers. */
int sudo_open(struct sudo *sudo);
/* Whether the command would run. What check() says is never anything but yes and no. */
bool sudo_check(struct sudo *sudo);
/* One command, whose open() goes well. */
bool runs(struct sudo *sudo);
/* It does not run, and these words say why. */
void refused(struct sudo *sudo, const char *words);

#endif
