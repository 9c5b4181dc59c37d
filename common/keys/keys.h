/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The security keys in this machine: one helper watches for them while there is a watch, and
 * each key is used by one ceremony at a time, in the order of asking.
 */
#ifndef PK_KEYS_KEYS_H
#define PK_KEYS_KEYS_H

#include "common/keys/helper.h"
#include "common/keys/known.h"
#include "common/keys/pin_budget.h"
#include "common/keys/turns.h"

struct pk_keys;
struct pk_key_watch;
struct pk_key_claim;

/* What the program decides. It may change while the program runs: it is read when it is needed. */
struct pk_keys_setup {
    struct event_base *base;
    const char *program;                /* passkey-authenticator's path */
    const char *phone_program;          /* passkey-phone's path; NULL: no phones are used */
    const struct pk_phone_setup *phone; /* how that reaches one; beside its path never NULL */
    bool keep_ready;         /* a process of it is kept for the next request: see ready.h */
    unsigned insert_timeout; /* seconds to plug a key in */
    unsigned touch_timeout;  /* seconds to touch it */
    pk_keys_log *log;
    pk_keys_close *close_own; /* NULL: close() */
};

/* The setup is borrowed and outlives the keys. NULL: no memory. */
struct pk_keys *pk_keys_new(const struct pk_keys_setup *setup);
/* Kills all helpers. */
void pk_keys_free(struct pk_keys *keys);
/* A request is expected soon: what takes time is begun. */
void pk_keys_prepare(struct pk_keys *keys);
/* The setup has changed: what was made ready by the one before is of no use. */
void pk_keys_changed(struct pk_keys *keys);
/* After SIGCHLD. */
void pk_keys_reap(struct pk_keys *keys);
/* Whether no key is in use: those of a ceremony that is over are given back only a little later. */
bool pk_keys_idle(const struct pk_keys *keys);
const struct pk_keys_setup *pk_keys_setup(const struct pk_keys *keys);

/* Of all requests for these keys. */
struct pk_turns *pk_keys_turns(struct pk_keys *keys);
struct pk_pin_budget *pk_keys_pin_budget(struct pk_keys *keys);
struct pk_known *pk_keys_known(struct pk_keys *keys);

/* pk_helper_new() with the program of the setup. */
enum pk_status pk_keys_helper_new(struct pk_keys *keys, unsigned lifetime,
                                  const struct pk_helper_ops *ops, void *data,
                                  struct pk_helper **ret) PK_WARN_UNUSED;

/* Likewise one of passkey-phone; the setup has its path. */
enum pk_status pk_keys_phone_new(struct pk_keys *keys, unsigned lifetime,
                                 const struct pk_helper_ops *ops, void *data,
                                 struct pk_helper **ret) PK_WARN_UNUSED;

/*
 * changed is called from the event loop when the list has become known and whenever it differs;
 * list is NULL when the keys cannot be listed (the helper does not run). NULL: no memory.
 */
struct pk_key_watch *pk_key_watch_new(struct pk_keys *keys,
                                      void (*changed)(void *data, const struct pk_devices *list),
                                      void *data);
void pk_key_watch_free(struct pk_key_watch *watch);

/*
 * Why the helper that watches did not work when it was last tried: "it ends with 3 …". Valid until
 * the event loop goes on; NULL: it works, or has not been tried.
 */
const char *pk_keys_failure(const struct pk_keys *keys);

/* How many are plugged in; false where that is not known now. */
bool pk_keys_count(const struct pk_keys *keys, size_t *ret);

/*
 * Asks for the key at path. granted is called from the event loop, or never if the claim is freed
 * first. NULL: no memory.
 */
struct pk_key_claim *pk_key_claim_new(struct pk_keys *keys, const char *path,
                                      void (*granted)(void *data), void *data);
void pk_key_claim_free(struct pk_key_claim *claim);
/* Whether anybody asks for it, or has it. */
bool pk_key_is_claimed(struct pk_keys *keys, const char *path);

#endif
