/* SPDX-License-Identifier: BSD-2-Clause */
/* The running daemon: what its parts share. */
#ifndef PASSKEYD_DAEMON_H
#define PASSKEYD_DAEMON_H

#include "daemon/accounts/decoy.h"
#include "daemon/bus/bus.h"
#include "daemon/config/config.h"
#include "daemon/store/store.h"

#include "common/keys/keys.h"

struct ceremonies;
struct conversations;
struct peers;

struct daemon {
    struct event_base *base;
    const char *config_path;
    struct config *config;
    struct store *store;
    uint8_t decoy_key[DECOY_KEY_SIZE];
    char *rp_id; /* of the default relying party, recorded at first start */
    struct bus *bus;
    struct peers *peers;
    struct pk_keys_setup keys_setup;
    struct pk_keys *keys;
    struct ceremonies *ceremonies;
    struct conversations *conversations;
    int exit_code;
};

/* Seconds since the epoch: for what is stored or shown. */
int64_t daemon_now(void);
/* Seconds that only go forward: for deadlines. */
int64_t daemon_monotonic(void);
/* Microseconds of the same clock. */
int64_t daemon_microseconds(void);

/*
 * Reads the configuration again and puts the recorded RP id in its place. On an error the old one
 * stays; *ret_why is the caller's to free.
 */
enum pk_status daemon_configure(struct daemon *daemon, char **ret_why) PK_WARN_UNUSED;

#endif
