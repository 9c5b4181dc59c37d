/* SPDX-License-Identifier: BSD-2-Clause */
/* The security keys in this computer, for a program that uses them itself, by a loop of its own. */
#ifndef CLIENT_OWN_KEYS_H
#define CLIENT_OWN_KEYS_H

#include "client/terminal.h"

#include "common/keys/keys.h"

struct event;
struct event_base;

struct own_keys {
    struct event_base *base;
    struct pk_keys_setup setup; /* its timeouts are the program's to set; see keys.h */
    struct pk_keys *keys;
    struct event *child, *interrupted;
    void (*on_interrupted)(void *data);
    void *data;
};

/*
 * program: its name, which stands before what goes wrong with keys, on standard error; borrowed.
 * *keys stays where it is until own_keys_close(), also after a failure. PK_NO_MEMORY.
 *
 * PASSKEY_AUTHENTICATOR in the environment names another passkey-authenticator, for tests.
 */
enum pk_status own_keys_open(const char *program, struct own_keys *keys) PK_WARN_UNUSED;
/* interrupted: called from the loop, perhaps again and again, until the keys are given back. */
enum pk_status own_keys_interruptible(struct own_keys *keys, const struct terminal *terminal,
                                      void (*interrupted)(void *data), void *data) PK_WARN_UNUSED;

/*
 * To call once everything has been cancelled: waits for the keys, a few seconds at most. Cancelling
 * takes a key a moment, and exiting before that would leave it blinking.
 */
void own_keys_give_back(struct own_keys *keys);
void own_keys_close(struct own_keys *keys);

#endif
