/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attempts with methods of the test's own: the table authmethods[] is here, and no method of the
 * daemon's is linked. One method is in the place of one that this build does not serve: that is all
 * it takes to add a method.
 */
#ifndef TESTS_UNIT_TRIAL_ATTEMPT_H
#define TESTS_UNIT_TRIAL_ATTEMPT_H

#include "daemon/auth/attempt.h"

#define TRIAL_TIMEOUT 60 /* seconds */

/* Local, browser and recovery. The second conceals reasons, the third asks nothing. */
enum { FIRST, SECOND, THIRD, COUNT };

/* What a method does, and what was done with it. */
struct trial_method {
    enum pk_status status; /* of start() */
    /* Called within start(). */
    void (*act)(struct attempt *attempt);
    bool stateless;
    unsigned started, answers, stopped;
    char answer[32];
};
extern struct trial_method methods[COUNT];
extern char order[16]; /* of the starts: "12" */

/* What the kind of attempt says, and what was done with it. */
struct trial_kind {
    bool accepts;
    unsigned released;
};
extern struct trial_kind kind;
extern const struct attempt_ops trial_sign_in, trial_enrollment;

/* cmocka's; bare_daemon_tear_down() is its other half. */
int trial_set_up(void **state);

/* Of alice's uid, with all methods. */
struct attempt *new_attempt(const struct attempt_ops *ops);
void open_attempt(struct attempt *attempt);
/* Opened, and the first method is tried: of that kind, a sign-in, and a concealed one. */
struct attempt *begin_kind(const struct attempt_ops *ops);
struct attempt *begin(void);
struct attempt *begin_concealed(void);

/* The method asks the person for a number. */
void ask(const struct attempt *attempt);
/* One more in the table, and how many there are of all. */
void add_ceremony(struct attempt *attempt);
size_t ceremonies(void);
/* The decisions that were logged. */
unsigned decisions(void);
/* Who asked is gone. */
void drop_caller(void);
/* That is what the person is told; it was decided once, and no challenge is left. */
void assert_told(const char *result);

/* Real ones: of alice's sign-in for the request of that id, or for that attempt's. */
struct verdict verdict_for(const char *correlation);
struct approval *approval_for(const char *correlation);
struct approval *own_approval(const struct attempt *attempt);
/* Of a new credential of alice's, for that attempt's request. */
struct approval *own_registration(const struct attempt *attempt);

#endif
