/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In place of common/keys: a ceremony and keys that do what a test says. The method itself is the
 * daemon's own, and behind it is one that only looks.
 */
#ifndef TESTS_UNIT_FAKE_LOCAL_KEYS_H
#define TESTS_UNIT_FAKE_LOCAL_KEYS_H

#include "common/keys/key_session.h"
#include "common/keys/local_ceremony.h"
#include "tests/unit/begin_sign_in.h"

struct pk_local_ceremony {
    const struct pk_local_ceremony_ops *ops;
    void *data;
    struct pk_dialogue person;
    size_t groups;
    char purpose[256];
    char payer[32];
    char *who;
    bool unattended, hidden, holder;
};

struct fake_keys {
    struct pk_local_ceremony *ceremony; /* the last one */
    unsigned started, freed;
    char answer[32];         /* to its question */
    const char *failed_path; /* in failed() */
};
extern struct fake_keys keys;

/* A key that is asked whether it holds one passkey. */
struct pk_key_session {
    struct pk_frame request;
    pk_key_session_on_frame *on_frame;
    void *data;
};
extern struct pk_key_session *session; /* the one that is asked; NULL: none */
extern unsigned cancelled;

/* cmocka's; bare_daemon_tear_down() is its other half. */
int fake_keys_set_up(void **state);

/* A sign-in of that name, asked for by that uid from that host; and by root at this computer. */
void start_as(uid_t uid, const char *user, const char *rhost);
void start(const char *user);
/* By su, which that person has started. */
void start_for(const char *person, const char *user);

/* What a key is asked for that group. */
struct pk_frame request(size_t group);
/* The assertion by that key to such a request; and its end. */
struct pk_assertion_answer assertion(const struct soft_key *key,
                                     const struct pk_assertion_request *asked, uint8_t flags);
void clear_answer(struct pk_assertion_answer *answer);
/* A key answers with these, which are taken. */
void answer_with(size_t group, struct pk_assertion_answer *items, size_t count);
/* The key is asked for that group, and touched. */
void touch(const struct soft_key *key, size_t group, uint8_t flags);
/* The ceremony ends without an answer. */
void give_up(enum pk_status why);

#endif
