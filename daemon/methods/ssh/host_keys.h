/* SPDX-License-Identifier: BSD-2-Clause */
/* The host keys of this host's ssh server, or of the pool of servers that it belongs to. */
#ifndef PASSKEYD_SSH_HOST_KEYS_H
#define PASSKEYD_SSH_HOST_KEYS_H

#include "common/base/terms.h"

/*
 * Their fingerprints (common/wire/host_key.h), each once. configured: ssh-host-keys, patterns of
 * paths of public keys and fingerprints; empty: the files where sshd keeps its own. Read anew for
 * each question, so that a key that was exchanged counts at once; on a worker, as files may be
 * slow. A file that is not there, cannot
 * be read or holds no key is left out, the latter two with a line in the log; so is what is over
 * PK_HOST_KEYS_MAX. PK_NO_MEMORY.
 */
enum pk_status host_keys_read(const struct pk_strings *configured,
                              struct pk_strings *ret) PK_WARN_UNUSED;

#endif
