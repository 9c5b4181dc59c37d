/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secrets that replace a passkey: recovery codes, with which a person signs in without one, and
 * enrolment tickets, with which an administrator allows one enrolment.
 */
#ifndef PASSKEYD_RECOVERY_H
#define PASSKEYD_RECOVERY_H

#include "store/store.h"

/* XXXX-XXXX-XXXX-XXXX: 16 characters of Crockford's base 32, 80 random bits. */
#define RECOVERY_CODE_LENGTH 19

/*
 * Replaces all recovery codes of the account by PK_RECOVERY_CODES new ones. The store gets only
 * keyed hashes; the codes themselves are in ret_codes, which the caller must clear once they have
 * been shown. PK_STORAGE, PK_NO_MEMORY, PK_INTERNAL.
 */
enum pk_status recovery_codes_create(struct store *store, const struct account *account,
                                     struct pk_secret ret_codes[PK_RECOVERY_CODES]) PK_WARN_UNUSED;

/*
 * Uses up the code that the person typed, in upper or lower case, with or without '-' and blanks, O
 * read as 0 and I or L as 1. account NULL: there is none. PK_RECOVERY_CODE_INVALID, PK_STORAGE.
 */
enum pk_status recovery_code_use(struct store *store, const struct account *account,
                                 const struct pk_secret *typed) PK_WARN_UNUSED;

/* How many unused codes the account has. */
enum pk_status recovery_codes_left(struct store *store, const struct account *account,
                                   size_t *ret_count) PK_WARN_UNUSED;

/*
 * Makes an enrolment ticket for that account: 32 random bytes as base64url, of which the store
 * keeps the SHA-256 only. expires is in seconds since the epoch.
 */
enum pk_status ticket_create(struct store *store, const struct account *account, int64_t expires,
                             struct pk_secret *ret_ticket) PK_WARN_UNUSED;

/*
 * The hash under which the store keeps that ticket, for its verbs ticket_check and insert.
 * PK_TICKET_INVALID when the text is not of a ticket's form.
 */
enum pk_status ticket_hash(const struct pk_secret *ticket,
                           uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

/*
 * The same for a ticket that is good in a browser, as the end of a link, and nowhere else: whoever
 * has it needs no account here, as those of the other kind do. It has another form, and what is
 * hashed says its kind, so that neither is ever taken for the other.
 */
enum pk_status link_ticket_create(struct store *store, const struct account *account,
                                  int64_t expires, struct pk_secret *ret_ticket) PK_WARN_UNUSED;
enum pk_status link_ticket_hash(struct pk_view ticket, uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

#endif
