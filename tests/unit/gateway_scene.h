/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A gateway that calls a bare daemon (bare_daemon.h), for five relying parties over HTTP and two
 * that are not; and browsers with keys of software. Failures end the test.
 */
#ifndef TESTS_UNIT_GATEWAY_SCENE_H
#define TESTS_UNIT_GATEWAY_SCENE_H

#include "daemon/bus/methods.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/soft_key.h"

#include <jansson.h>

#define GATEWAY 990

int gateway_set_up(void **state);
/* The same, with a store that several hosts have (shared_store.h). */
int gateway_set_up_shared(void **state);
int gateway_tear_down(void **state);

/* For cmocka's arrays: the test with ceremonies in the table, and once more with them in the store.
 */
#define SHARED(function)                                                                           \
    {                                                                                              \
#function "_in_the_store", function, gateway_set_up_shared, gateway_tear_down, NULL        \
    }
#define TABLE(function) cmocka_unit_test_setup_teardown(function, gateway_set_up, gateway_tear_down)

/* What has begun and was not taken; those whose time has passed may be among them. */
size_t begun_count(void);
/* The gateways' ceremony of that relying party and id, which stays where it is. */
const struct ceremony *begun_ceremony(const char *rp, const char *id);
/* The relying party has no place but those for a ceremony, for that time: others do not make room.
 */
void leave_places(const char *rp, size_t places, unsigned seconds);
/* Moves the clocks on, so that ceremonies end; those that leave_places() has put there, too. */
void pass_seconds(unsigned seconds);

/* A new API key of that relying party; the scene's. */
const char *key_of(const char *rp);
/* A token that the application gave its user; the scene's. */
const char *token_of(const char *rp, const char *user);

/* How the last call ended. */
struct outcome {
    char error[128]; /* the error's name without its prefix; empty: none */
    char text[256];  /* of the error */
    char id[96];     /* of the ceremony that was begun, or a ticket's claim */
    uint64_t expires;
    json_t *json;               /* options or result; NULL: none */
    unsigned replies, failures; /* since forget_outcomes() */
};
extern struct outcome outcome;
void forget_outcomes(void);

/*
 * Calls the handler, for the arguments up to NULL, the rest being options: "name=text", "name:1" a
 * number, "name?1" a boolean.
 */
void ask(method_handler *handler, const char *const *arguments, const char *const *options);
/* Begins the call, whose outcome there will be after settle(). */
void begin_call(method_handler *handler, const char *const *arguments, const char *const *options);
/* Whom the calls after it go to, from a gateway of that uid; NULL: the bare daemon, GATEWAY. */
void talk_to_host(struct daemon *daemon, uid_t gateway);
#define ARGUMENTS(...)        ((const char *const[]){__VA_ARGS__, NULL})
#define OPTIONS(...)          ((const char *const[]){__VA_ARGS__, NULL})
#define NONE                  ((const char *const[]){NULL})
#define ASK(handler, rp, ...) ask(handler, ARGUMENTS(rp), OPTIONS(__VA_ARGS__))

/* "name=text"; the scene's. */
const char *option(const char *name, const char *text);

#define assert_outcome(name) assert_string_equal(outcome.error, name)
/* The text under a member of the result's member, or of the result itself (object NULL). */
const char *text_of(const char *object, const char *member);

/* What a browser makes of the options of the last call; the caller's to free. */
char *registered_by(const struct soft_key *key);
char *signed_by(const struct soft_key *key, uint32_t counter, const char *user);

/* A user's passkey, registered with an API key. */
void register_key(const char *rp, const char *user, const struct soft_key *key);

#endif
