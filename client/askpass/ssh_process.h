/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ssh process that shows a question: who it is, with which arguments it was started, where it
 * is connected to. All of it is the person's own process, read in /proc.
 */
#ifndef CLIENT_ASKPASS_SSH_PROCESS_H
#define CLIENT_ASKPASS_SSH_PROCESS_H

#include "common/base/terms.h"

#include <sys/types.h>

struct askpass_ssh {
    pid_t pid;
    uint64_t start; /* when it started, in clock ticks since the machine did */
};

/* Of the text of /proc/PID/stat. PK_INVALID_INPUT. */
enum pk_status askpass_stat_parse(struct pk_view text, pid_t *ret_parent,
                                  uint64_t *ret_start) PK_WARN_UNUSED;

/*
 * The remote port of the socket with that inode, in the text of /proc/net/tcp or tcp6. PK_NOT_FOUND
 * for one that is not there or not connected.
 */
enum pk_status askpass_tcp_port(struct pk_view text, uint64_t inode,
                                unsigned *ret_port) PK_WARN_UNUSED;

/* A process of which nothing but pid and start is known. PK_NOT_FOUND, PK_IO, PK_NO_MEMORY. */
enum pk_status askpass_process_read(pid_t pid, pid_t *ret_parent,
                                    struct askpass_ssh *ret) PK_WARN_UNUSED;

/*
 * That process, when it is an OpenSSH that writes the prefix (openssh.h): its executable is called
 * ssh, belongs to root and can be changed by nobody else. PK_DENIED for any other program, and as
 * above.
 */
enum pk_status askpass_ssh_check(pid_t pid, struct askpass_ssh *ret) PK_WARN_UNUSED;

/* The one that started this program, itself or with one shell of root's between. As above. */
enum pk_status askpass_ssh_find(struct askpass_ssh *ret) PK_WARN_UNUSED;

/* Whether it still runs; another process may have its number by now. */
bool askpass_ssh_lives(const struct askpass_ssh *ssh) PK_WARN_UNUSED;

/* Its arguments, without its own name. PK_TOO_LARGE, PK_IO, PK_NO_MEMORY. */
enum pk_status askpass_ssh_arguments(const struct askpass_ssh *ssh,
                                     struct pk_strings *ret) PK_WARN_UNUSED;

/*
 * Whether one of its TCP connections leads to that port. PK_OK, PK_DENIED: they lead elsewhere,
 * PK_NOT_FOUND: it has none, PK_IO, PK_NO_MEMORY.
 */
enum pk_status askpass_ssh_peer_port(const struct askpass_ssh *ssh, unsigned port) PK_WARN_UNUSED;

#endif
