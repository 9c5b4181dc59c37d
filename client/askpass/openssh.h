/* SPDX-License-Identifier: BSD-2-Clause */
/* Which OpenSSH is there: only from 8.5 on does the client write "(user@host) " before prompts. */
#ifndef CLIENT_ASKPASS_OPENSSH_H
#define CLIENT_ASKPASS_OPENSSH_H

#include "common/base/bytes.h"

struct askpass_openssh {
    unsigned major;
    unsigned minor;
};

/* Of what "ssh -V" prints. PK_INVALID_INPUT when it does not begin with OpenSSH_MAJOR.MINOR. */
enum pk_status askpass_openssh_parse(const char *text, struct askpass_openssh *ret) PK_WARN_UNUSED;

/* Runs "program -V", found as execvp() does. PK_NOT_FOUND: no such program. PK_IO, as above. */
enum pk_status askpass_openssh_ask(const char *program, struct askpass_openssh *ret) PK_WARN_UNUSED;

bool askpass_openssh_writes_prefix(const struct askpass_openssh *version) PK_WARN_UNUSED;

#endif
