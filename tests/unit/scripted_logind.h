/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A logind that answers on the bus as each test says, or has files that say the same, and a clock
 * that goes on when the test says so. Failures end the test.
 */
#ifndef TESTS_UNIT_SCRIPTED_LOGIND_H
#define TESTS_UNIT_SCRIPTED_LOGIND_H

#include "daemon/bus/call.h"
#include "daemon/config/config.h"
#include "daemon/daemon.h"
#include "tests/unit/logind_answers.h"

#define ALICE    1000
#define NAME     "org.freedesktop.login1"
#define PEER     4712
#define PER_USER 3 /* conversations, as configured */
#define LOCAL    ""

extern int64_t clock_ms;
extern struct config config;
extern struct daemon passkeyd; /* bus NULL: there is no system bus */
extern struct caller caller;   /* of the next call */

/* The calls that went on, and the rhost of the last one. */
struct handed {
    unsigned count;
    char rhost[512];
};
extern struct handed handed;

int scripted_logind_set_up(void **state);
int scripted_logind_tear_down(void **state);

/*
 * What logind says to one question. type: o an object, P properties as below, E an error; the rest
 * is what no logind says: O text in place of an object, 2 two objects, - nothing.
 */
struct answer {
    char type;
    const char *text;
};

/* All answers of one logind. of_peer: about PEER's session. */
struct logind {
    struct answer session, of_peer, user, properties, user_properties, names;
    size_t session_count; /* of the user */
    unsigned user_uid;
    struct session_answer sessions[2];
};

/* A desktop's, with alice at it. */
struct logind local(void);
/* To which session a process belongs: to none. */
extern const struct answer outside;

/* rhost NULL: the caller does not give any. */
void find(uid_t uid, const char *sender, const char *rhost);
void find_of(struct call *call);
/* It answers whatever it is asked. */
void answer_all(const struct logind *logind);
/* The rhost of a call by that uid with that rhost, where that logind is, in either way. */
const char *found(const struct logind *logind, uid_t uid, const char *rhost);

#ifdef HAVE_SD_LOGIN
/* It runs, and has files that say the same. */
void write_files(const struct logind *logind);
#endif

#endif
