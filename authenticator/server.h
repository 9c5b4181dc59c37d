/* SPDX-License-Identifier: BSD-2-Clause */
/* The service that gives each key a process of another user than the daemon's. */
#ifndef AUTHENTICATOR_SERVER_H
#define AUTHENTICATOR_SERVER_H

/*
 * Serves the listening socket that systemd passed (sd_listen_fds(3)) until it is ended: forks a
 * worker (worker.h) for each connection of the daemon's user, and of nobody else. A worker is
 * killed when its connection ends; when a worker ends its exit status is said there. Returns the
 * exit status when it cannot serve.
 */
int server_run(void);

#endif
