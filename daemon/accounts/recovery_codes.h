/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ways in that are not passkeys: recovery codes, the last resort of a person, and enrolment
 * tickets, an administrator's leave to enrol once.
 */
#ifndef PASSKEYD_RECOVERY_H
#define PASSKEYD_RECOVERY_H

#include "daemon/store/store.h"

/* XXXX-XXXX-XXXX-XXXX: 16 characters of Crockford's base 32, 80 random bits. */
#define RECOVERY_CODE_LENGTH 19

/*
 * Replaces all recovery codes of the account by PK_RECOVERY_CODES new ones. Only salted scrypt
 * hashes are stored; the codes are in ret_codes alone and are the caller's to clear, also when it
 * is done showing them. PK_STORAGE, PK_NO_MEMORY, PK_INTERNAL.
 */
enum pk_status recovery_codes_create(struct store *store, const struct account *account,
                                     struct pk_secret ret_codes[PK_RECOVERY_CODES]) PK_WARN_UNUSED;

/*
 * Uses up the code the person typed: upper or lower case, with or without '-' and blanks, O read as
 * 0 and I or L as 1. PK_RECOVERY_CODE_INVALID, PK_STORAGE. Takes about the same time whether or not
 * the account (NULL: there is none) has codes.
 */
enum pk_status recovery_code_use(struct store *store, const struct account *account,
                                 const struct pk_secret *typed) PK_WARN_UNUSED;

/* How many codes are left. */
enum pk_status recovery_codes_left(struct store *store, const struct account *account,
                                   size_t *ret_count) PK_WARN_UNUSED;

/*
 * An enrolment ticket for that account: 32 random bytes as base64url. The store keeps its SHA-256
 * only. expires is in seconds since the epoch.
 */
enum pk_status ticket_create(struct store *store, const struct account *account, int64_t expires,
                             struct pk_secret *ret_ticket) PK_WARN_UNUSED;

/*
 * The hash by which the store knows that ticket, for store verbs ticket_check and insert.
 * PK_TICKET_INVALID when it does not look like a ticket at all.
 */
enum pk_status ticket_hash(const struct pk_secret *ticket,
                           uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

#endif
