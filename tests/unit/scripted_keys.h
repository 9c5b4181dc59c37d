/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Security keys that do what a test says, step by step: the helper processes are real
 * (relay_helper) and the test writes and reads their frames. Also the event loop.
 *
 * The monotonic clock of the test's process stands still but for let_pass(), so that what depends
 * on time is exact and takes none. Waits are for what processes do; one that lasts longer than
 * PATIENCE seconds fails the test.
 */
#ifndef TESTS_UNIT_SCRIPTED_KEYS_H
#define TESTS_UNIT_SCRIPTED_KEYS_H

#include "common/keys/keys.h"

#define PATIENCE 30
#define KEYS_MAX 8

struct scripted_key;

/* For cmocka_unit_test_setup_teardown(). */
int scripted_keys_set_up(void **state);
int scripted_keys_tear_down(void **state);

/* Seconds; read by the keys whenever they need them. */
void set_timeouts(unsigned insert, unsigned touch);
struct pk_keys *scripted_keys(void);
/* Another program instead of the scripted one. */
void set_program(const char *path);
/* Likewise for phones; NULL: none are used. */
void set_phone_program(const char *path);

/* These are plugged in now, and no others; their product names are their paths. NULL ends. */
void plug_in(const char *first, ...) __attribute__((sentinel));

/* The helper that watches for keys; it sends the list by itself, unless that is set. */
struct scripted_key *await_watcher(void);
void set_watcher_silent(bool silent);
/* Lines of LOG_ERR or worse so far. */
unsigned logged_errors(void);

/* The next helper that is asked for that key; the request is in scripted_key_request(). */
struct scripted_key *await_request(const char *path);
const struct pk_frame *scripted_key_request(const struct scripted_key *key);
/* What came before it; of type 0 but for passkey-phone, whose requests are for the path "phone". */
const struct pk_frame *scripted_key_setup(const struct scripted_key *key);
/* The helper sends that frame, or one that is its type only. */
void send_frame(struct scripted_key *key, const struct pk_frame *frame);
void send_bare(struct scripted_key *key, enum pk_frame_type type);
void send_checked(struct scripted_key *key, enum pk_status status, bool uncertain);
void send_failed(struct scripted_key *key, enum pk_status status);
void send_assertion(struct scripted_key *key);
void send_credential(struct scripted_key *key);
void send_pin_needed(struct scripted_key *key, unsigned tries, bool wrong);
/* The process ends. */
void end_process(struct scripted_key *key);

/* The next frame that the helper is sent is of that type; ret gets its content, if given. */
void await_frame(struct scripted_key *key, enum pk_frame_type type, struct pk_frame *ret);
/* The helper was killed, or told to cancel and then killed. */
void await_death(struct scripted_key *key);
/* It has not been sent anything more by now. */
void assert_no_frame(struct scripted_key *key);
/* Nobody asks for that key now. */
void assert_no_request(const char *path);

/* Lets everything happen that can happen now. */
void settle(void);
/* Moves the clock on, and lets happen what is due on the way. */
void let_pass(unsigned milliseconds);
/* Runs the loop while that says so. */
void run_while(bool (*waiting)(const void *data), const void *data);
/* Runs the loop until every key has been given back. */
void await_idle(void);
/* No key is asked for or in use. */
void assert_idle(void);

#endif
