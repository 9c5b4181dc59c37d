/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks credentials up for a ceremony, and makes the row of a new one. */
#ifndef PASSKEYD_CREDENTIAL_H
#define PASSKEYD_CREDENTIAL_H

#include "daemon/verify/ceremony.h"

/*
 * Finds the credential with that id at the ceremony's relying party and checks that its account is
 * the ceremony's and unchanged: PK_CREDENTIAL_NOT_ALLOWED when the credential is unknown or another
 * account's, PK_ACCOUNT_CHANGED, PK_UNKNOWN_USER, PK_UNAVAILABLE, PK_STORAGE.
 */
enum pk_status credential_find(struct store *store, const struct ceremony *ceremony,
                               struct pk_view credential_id, struct credential *ret) PK_WARN_UNUSED;

/*
 * The credentials of the ceremony's account and RP id whose id is not known: an answer to a
 * ceremony that lists none may be any of theirs, as its signature says. Errors as of
 * credential_find(); there may be none.
 */
enum pk_status credentials_of_unknown_id(struct store *store, const struct ceremony *ceremony,
                                         struct credential_list *ret) PK_WARN_UNUSED;

/*
 * Demands of an authentication that the user is verified, where all of the credentials with that RP
 * id ask for it; where some do, it is preferred. Each answer is held to what its own asks for
 * (pk_authentication_verify()).
 */
void credential_list_raise(const struct credential_list *list, const char *rp_id, bool id_unknown,
                           struct pk_requirements *requirements);

/*
 * Adds the credentials with that RP id to the list that the requirements allow, or exclude, except
 * those whose id is not known; user verification is credential_list_raise()'s. PK_NO_MEMORY.
 */
enum pk_status credential_list_require(const struct credential_list *list, const char *rp_id,
                                       struct pk_requirements *requirements) PK_WARN_UNUSED;

/*
 * The user handle of all of them with that RP id. Empty: there is none, or they have several, of
 * hosts that did not know of each other's; each answer is held to its own passkey's. Borrowed.
 */
struct pk_view credential_list_handle(const struct credential_list *list, const char *rp_id,
                                      bool id_unknown) PK_WARN_UNUSED;

/*
 * Makes the row of a new credential, except its name. rp_id: the one that it was made for.
 * PK_NO_MEMORY.
 */
enum pk_status credential_new(const struct ceremony *ceremony, const char *rp_id,
                              const struct pk_registration_result *result,
                              struct credential *ret) PK_WARN_UNUSED;

/*
 * Chooses a name: the requested one unchanged or, if none was requested, fallback, with a number if
 * it is taken. A gateway's request is such a fallback. PK_LIMIT_EXCEEDED when a hundred such names
 * are taken, PK_STORAGE, PK_NO_MEMORY.
 */
enum pk_status credential_choose_name(struct store *store, const struct ceremony *ceremony,
                                      const char *fallback, char **ret) PK_WARN_UNUSED;

/* Whether a phone has it, as far as its transports say; and whether no security key has. */
bool credential_is_on_phone(const struct credential *credential) PK_WARN_UNUSED;
bool credential_is_on_phone_alone(const struct credential *credential) PK_WARN_UNUSED;

bool credential_name_is_taken(const struct credential_list *list, const char *name) PK_WARN_UNUSED;

#endif
