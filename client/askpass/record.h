/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the hook passkey-hostkey was told: the host key that an ssh process is about to use. One
 * file a process, hostkey-PID-START in the folder of files.h; it counts while that process lives.
 */
#ifndef CLIENT_ASKPASS_RECORD_H
#define CLIENT_ASKPASS_RECORD_H

#include "client/askpass/ssh_process.h"

/*
 * The text of a record: "boot ID" and a fingerprint a line. boot: this start of the machine, since
 * the folder may outlive it. PK_NOT_FOUND for a record of another one, PK_INVALID_INPUT for what is
 * no record, PK_TOO_LARGE for more than PK_HOST_KEYS_MAX keys, PK_NO_MEMORY.
 */
enum pk_status askpass_record_parse(struct pk_view text, const char *boot,
                                    struct pk_strings *ret) PK_WARN_UNUSED;

/*
 * The keys that the process was seen with; more than one means that it cannot be told which it
 * uses. PK_NOT_FOUND: none is recorded; and what reading it or its folder comes to.
 */
enum pk_status askpass_record_read(const struct askpass_ssh *ssh,
                                   struct pk_strings *ret) PK_WARN_UNUSED;

/* Adds one, and removes the records of processes that are gone. As above. */
enum pk_status askpass_record_add(const struct askpass_ssh *ssh,
                                  const char *fingerprint) PK_WARN_UNUSED;

#endif
