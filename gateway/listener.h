/* SPDX-License-Identifier: BSD-2-Clause */
/* The sockets that clients connect to. */
#ifndef GATEWAY_LISTENER_H
#define GATEWAY_LISTENER_H

#include "gateway/gateway_config.h"

struct event_base;
struct listeners;

enum listener_role {
    LISTENER_PLAIN,
    LISTENER_TLS,
    LISTENER_ADMIN,
};

/* Takes the descriptor, which does not block. */
typedef void listener_accepted(void *data, int fd, enum listener_role role,
                               const struct sockaddr *from, socklen_t len);

struct listener_setup {
    struct event_base *base;
    listener_accepted *accepted;
    void *data;
};

/*
 * Opens all that the configuration names; without "listen" and "tls-listen", systemd's sockets or,
 * where there are none, the one in /run. PK_CONFIG, PK_IO with *ret_why, the caller's to free.
 */
enum pk_status listeners_open(const struct listener_setup *setup,
                              const struct gateway_config *config, struct listeners **ret,
                              char **ret_why) PK_WARN_UNUSED;
/* For a moment, as there are no descriptors left. */
void listeners_pause(struct listeners *listeners, unsigned milliseconds);
/* Sockets that we made in the file system are removed. NULL is taken. */
void listeners_close(struct listeners *listeners);

#endif
