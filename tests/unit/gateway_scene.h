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
int gateway_tear_down(void **state);

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
    json_t *json; /* options or result; NULL: none */
};
extern struct outcome outcome;

/*
 * Calls the handler, for the arguments up to NULL, the rest being options: "name=text", "name:1" a
 * number, "name?1" a boolean.
 */
void ask(method_handler *handler, const char *const *arguments, const char *const *options);
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
