/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which RP ids the person has accepted from which hosts: ~/.config/passkey/hosts, in the manner of
 * ssh's known_hosts. A line is "HOST RPID"; blank lines and lines that begin with '#' are left
 * alone. A file with any other line is not used at all.
 */
#ifndef CLIENT_ASKPASS_HOSTS_H
#define CLIENT_ASKPASS_HOSTS_H

#include "common/base/bytes.h"

/*
 * passkey/hosts in $XDG_CONFIG_HOME (when that is an absolute path) or in ~/.config; the caller's
 * to free. PK_NOT_FOUND without a home directory, PK_NO_MEMORY.
 */
enum pk_status askpass_hosts_path(char **ret) PK_WARN_UNUSED;

/* Where in the file something was found. */
struct askpass_hosts_line {
    unsigned number; /* 0: it concerns the file as a whole */
    char *rp_id;     /* what that line accepts from the host; owned, may be NULL */
};
void askpass_hosts_line_clear(struct askpass_hosts_line *line);
#define AUTO_ASKPASS_HOSTS_LINE __attribute__((cleanup(askpass_hosts_line_clear)))

/* As askpass_hosts_look(), in the text of such a file. */
enum pk_status askpass_hosts_look_in(struct pk_view text, const char *host, const char *rp_id,
                                     struct askpass_hosts_line *ret_line) PK_WARN_UNUSED;

/*
 * PK_OK: accepted. PK_NOT_FOUND: the file, or a line for that host, is not there.
 * PK_RP_ID_MISMATCH: that host is known with other RP ids only; *ret_line is the first of them.
 * PK_CONFIG: a line that is none (*ret_line). PK_DENIED: the file is not the user's or root's, or
 * others may write to it. PK_TOO_LARGE, PK_IO, PK_NO_MEMORY. *ret_line is written in any case.
 */
enum pk_status askpass_hosts_look(const char *path, const char *host, const char *rp_id,
                                  struct askpass_hosts_line *ret_line) PK_WARN_UNUSED;

/*
 * Appends a line, under a lock and in one write, with its folder and file made where they are
 * missing (0700, 0600). What another process has appended in the meantime is not appended twice.
 * PK_IO, PK_NO_MEMORY, or what askpass_hosts_look() finds wrong.
 */
enum pk_status askpass_hosts_add(const char *path, const char *host,
                                 const char *rp_id) PK_WARN_UNUSED;

#endif
