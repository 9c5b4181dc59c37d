/* SPDX-License-Identifier: BSD-2-Clause */
/* Persons who start ceremonies with scripted keys, and only write down what they are told. */
#ifndef TESTS_UNIT_SCRIPTED_PERSON_H
#define TESTS_UNIT_SCRIPTED_PERSON_H

#include "common/keys/local_ceremony.h"
#include "tests/unit/scripted_keys.h"

#define LINES_MAX 32
#define LINE_SIZE 256
#define FIRST_RP  "first.example.org" /* of the groups of a ceremony */
#define SECOND_RP "second.example.org"

/* What is said in a ceremony "to test", as await_line() takes it. */
#define TOUCH_ONE  "touch: Touch your security key to test"
#define TOUCH_BOTH "touch: Touch one of your security keys (Red or Blue) to test"
#define VERIFY_ONE "verify: Use the fingerprint reader of your security key to test"
#define INSERT     "insert: Insert your security key to test"
#define STRANGER                                                                                   \
    "insert: No security key that is plugged in holds a passkey for this. If another one does, "   \
    "insert it to test"
#define SILENT_BLUE                                                                                \
    "error device-silent: The security key \"Blue\" stopped answering: unplug it and plug it in "  \
    "again."
#define REMOVED      "removed: The security key was pulled out."
#define BUSY         "busy: Your security key is busy with another request."
#define ASK_PIN      ASK_BLUE_PIN
#define ASK_BLUE_PIN "ask pin: PIN of your security key \"Blue\": "
#define ASK_RED_PIN  "ask pin: PIN of your security key \"Red\": "
#define PRESS_ENTER                                                                                \
    "ask contention: Press Enter to use the security key for THIS request, or type \"no\": "

#define STEP 10 /* milliseconds: how finely the clock moves on */

/* Somebody who has started a ceremony. */
struct person {
    const char *login; /* kept by begin(), as are these */
    bool unattended;
    bool open;     /* no credential was ever used with verification */
    bool unhidden; /* none is shown to a verified user only */
    const char *payer;
    bool holder;
    bool unlisted;       /* what is asked for is any credential of the RP id */
    const char *confirm; /* for the second group */
    struct pk_local_ceremony *ceremony;
    unsigned time_left;
    bool creates;                     /* a credential; else an assertion is asked for */
    char lines[LINES_MAX][LINE_SIZE]; /* what was said to the person */
    size_t said, read;
    unsigned answers;
    enum pk_frame_type answer; /* of the last answer, as are group and name */
    size_t group;
    char name[64];
    unsigned failures;
    enum pk_status failure;
    char failed_path[64];
};

/* Starts a ceremony: "to test", by su for the person's login on /dev/pts/1. */
void begin(struct person *person, size_t groups);
void finish(struct person *person);
/* The person types that; NULL: the question could not be asked. */
void type(struct person *person, const char *text);

/* The next thing said is that: "EVENT: TEXT", "error STATUS: TEXT", "ask EVENT: TEXT", "unask". */
void await_line(struct person *person, const char *line);
void assert_no_line(struct person *person);
/* It ends, with the reason; or with the answer of the key of that name. */
void await_failure(struct person *person, enum pk_status why);
void await_answer(struct person *person, const char *name, size_t group);
/* Neither has happened by now. */
void assert_under_way(const struct person *person);

/* Nothing is said or decided for so long; a step of the clock later it may be. */
void nothing_for(struct person *person, unsigned milliseconds);

/* A key that can serve, is told to go on and blinks. */
struct scripted_key *blinking(const char *path);
/* Starts with two of them, Blue and Red; the person has been told of both. */
void both_blinking(struct person *person, struct scripted_key **ret_blue,
                   struct scripted_key **ret_red);

#endif
