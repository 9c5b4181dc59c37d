/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A daemon without a bus, a name service or a clock: configuration, store, ceremonies and
 * conversations are real, calls are made and answered by the functions below, accounts are a table
 * of the test's own, and the monotonic clock stands still but for let_pass(). What is logged is
 * kept. Recovery codes are hashed in no time. Failures end the test.
 */
#ifndef TESTS_UNIT_BARE_DAEMON_H
#define TESTS_UNIT_BARE_DAEMON_H

#include "daemon/bus/call.h"
#include "daemon/daemon.h"
#include "daemon/verify/ceremony.h"
#include "store/store.h"

#define RP_ID    "example.org" /* of the default relying party */
#define SSH_HOST "web1"        /* by which people reach it over ssh */
#define ALICE    1000          /* the accounts that there are, beside root: alice and bob */
#define BOB      1001
#define SENDER   ":1.7" /* who calls, unless something else is said */

#define CORRELATION "0123456789abcdef" /* of ceremonies that belong to no conversation */

#define assert_status(status, expected)                                                            \
    assert_string_equal(pk_status_name(status), pk_status_name(expected))

/* cmocka's, for each test. */
int bare_daemon_set_up(void **state);
int bare_daemon_tear_down(void **state);
struct daemon *bare_daemon(void);

/* Takes this for the configuration; NULL: the one that a test begins with. */
void configure_daemon(const char *text);
/* The store's verbs, to be replaced one by one; its own again in the next test. */
struct store_verbs *store_verbs(void);
/* Those that count as the store's own in this test. */
struct store_verbs *store_base_verbs(void);

struct store *bare_store(void);

/* A ceremony of root's for that user (NULL: whoever the credential names), in no table. */
struct ceremony *begin_ceremony(const char *user, uid_t uid);
/* The credentials with that id. */
struct credential_list credentials_with(const char *id);

/* All accounts of this host are gone, as the daemon sees it; accounts that come later are not. */
void lose_accounts(void);

/* --- the name service and the clock ----------------------------------------------------------- */

/* The name means that uid from now on; PK_NO_UID: nobody. */
void set_account(const char *name, uid_t uid);
/* It answers nothing but that error; 0: it works. */
void set_name_service(int error);
/* Lets everything happen that can happen now, on the workers as well. */
void settle(void);
/* Moves the clock on, and lets happen what is due on the way. */
void let_pass(unsigned milliseconds);
/* The same in one step, for long times. */
void skip_time(unsigned seconds);
/* Moves the date on, pk_clock_now(), which stands still from then on; no other clock. */
void shift_date(unsigned seconds);

/* --- the log ---------------------------------------------------------------------------------- */

/*
 * The lines since the beginning or log_forget() that have that in them; and the last of these. Each
 * begins with its priority, as in "<4>".
 */
unsigned log_count(const char *part);
const char *log_find(const char *part);
void log_forget(void);

/* --- calls ------------------------------------------------------------------------------------ */

/* One that takes nothing; arguments are the caller's to add. */
struct call *call_from(uid_t uid, const char *sender);

/* What was answered last. */
struct answer_seen {
    unsigned count;     /* answers so far */
    char error[128];    /* the error's name; empty: none */
    char path[128];     /* of the conversation that was opened last */
    char kind[16];      /* of what it said last; empty: another call was answered */
    char word[64];      /* the event, the reason or the result that came with it */
    char *text;         /* what it said, or the error's text */
    char user[64];      /* of a success */
    char skip[8];       /* where the person gets who does not wait; empty: nowhere */
    unsigned time_left; /* seconds that it may still take, as it was told */
    char *credential;   /* JSON, or NULL */
};
const struct answer_seen *seen(void);

/* The next thing that the last conversation says, with an answer to what it asked (NULL: none). */
void next(const char *text);
void next_secret(const char *text);
void next_by(const char *sender, const char *text);
/* Of the conversation at that path, from then on the last one. */
void next_at(const char *path, const char *sender);
void cancel(void);
/* Its caller does not wait. */
void skip_by(const char *sender);
/* Another conversation than the last one is meant by these, which was opened as that path. */
void talk_to(const char *path);
/* Whether the call before has not been answered. */
bool is_waiting(void);

/* That was said last: kind and word as above. */
#define assert_said(kind_, word_)                                                                  \
    do {                                                                                           \
        assert_string_equal(seen()->error, "");                                                    \
        assert_string_equal(seen()->kind, kind_);                                                  \
        assert_string_equal(seen()->word, word_);                                                  \
    } while (0)
/* Fetched, and said. */
#define assert_next(text_, kind_, word_)                                                           \
    do {                                                                                           \
        next(text_);                                                                               \
        assert_said(kind_, word_);                                                                 \
    } while (0)

#endif
