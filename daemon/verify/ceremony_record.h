/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A gateway's ceremony as bytes, and back: what one host has begun and another one ends (struct
 * kept_ceremony in store/store.h). Daemons alone write and read these.
 *
 * A record has what the answer is compared with, what is made of it, and what the log says of it.
 * What only the options were made of is not in it, nor what the configuration alone says: trust
 * anchors and lists of models are those of the host that ends it (policy_trust()). Nothing in it is
 * a secret but the challenge, until the browser has it: of a ticket there is the hash.
 */
#ifndef PASSKEYD_CEREMONY_RECORD_H
#define PASSKEYD_CEREMONY_RECORD_H

#include "daemon/verify/ceremony.h"

/* Of the form; one that is not known is not read. */
#define CEREMONY_RECORD_VERSION 1

/*
 * expires: seconds since the epoch. PK_TOO_LARGE: over PK_STORE_CEREMONY_MAX, or a member is over
 * the limit that it is read with; PK_INVALID_ARGUMENT: one that is not shared, or has a value that
 * none has; PK_NO_MEMORY.
 */
enum pk_status ceremony_record_write(const struct ceremony *ceremony, int64_t expires,
                                     struct pk_bytes *ret) PK_WARN_UNUSED;

/*
 * The owner is nobody, PK_NO_UID, and ends is 0: neither means anything on another host.
 * PK_UNSUPPORTED: another version's; PK_TRUNCATED, PK_TRAILING_DATA, PK_TOO_LARGE, PK_PROTOCOL,
 * PK_INVALID_INPUT; PK_NO_MEMORY.
 */
enum pk_status ceremony_record_read(struct pk_view record, struct ceremony **ret,
                                    int64_t *ret_expires) PK_WARN_UNUSED;

#endif
