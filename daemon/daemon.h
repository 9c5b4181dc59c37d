/* SPDX-License-Identifier: BSD-2-Clause */
/* The state that the daemon's parts share; files that use a part include its own header. */
#ifndef PASSKEYD_DAEMON_H
#define PASSKEYD_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

struct account_watch;
struct budget;
struct event;
struct bus;
struct ceremonies;
struct config;
struct conversations;
struct event_base;
struct gateway_user;
struct jobs;
struct links;
struct page_sessions;
struct decision_keeper;
struct decoy_keeper;
struct password_checks;
struct peers;
struct pk_keys;
struct pk_keys_setup;
struct socket;
struct store;

struct daemon {
    struct event_base *base;
    struct jobs *jobs;
    const char *config_path;
    struct config *config;        /* for the loop alone, because a reload replaces it */
    bool reloading, reload_again; /* it is being read, and is to be read once more */
    struct store *store;
    struct decoy_keeper *decoy_keeper;
    const uint8_t *decoy_key; /* its: DECOY_KEY_SIZE bytes */
    char *rp_id;              /* id of the default relying party, recorded at first start; owned */
    struct account_watch *account_watch;
    struct budget *budget;
    struct event *summary; /* of what was refused, for the log; runs while there is any */
    struct gateway_user *gateway_user;
    struct bus *bus;
    struct socket *socket;
    struct peers *peers;
    struct pk_keys_setup *keys_setup;
    struct pk_keys *keys;
    struct ceremonies *ceremonies;
    struct password_checks *password_checks;
    struct conversations *conversations;
    struct links *links;
    struct page_sessions *page_sessions;
    struct decision_keeper *decision_keeper;
    int exit_code;
};

#endif
