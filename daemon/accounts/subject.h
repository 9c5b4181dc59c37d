/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose passkeys a call is about: relying party, account, and whether they exist. */
#ifndef PASSKEYD_SUBJECT_H
#define PASSKEYD_SUBJECT_H

#include "daemon/daemon.h"

struct subject {
    const struct rp_config *rp; /* the configuration's: not to be kept beyond the call */
    struct account account;     /* user_handle empty until subject_load_handle() */
    char *full_name;            /* NULL: not known */
};
void subject_clear(struct subject *subject);
#define AUTO_SUBJECT __attribute__((cleanup(subject_clear)))

/*
 * rp_name NULL or empty: the default one. An empty name means the caller. The caller must be root
 * or that account itself. PK_NOT_FOUND: no such relying party; PK_UNKNOWN_USER; PK_DENIED;
 * PK_UNAVAILABLE when the name service failed.
 */
enum pk_status subject_resolve(struct daemon *daemon, const struct call *call, const char *rp_name,
                               const char *name, struct subject *ret) PK_WARN_UNUSED;

/* The stored user handle, or a fresh one for an account that has none yet. */
enum pk_status subject_load_handle(struct daemon *daemon, struct subject *subject) PK_WARN_UNUSED;

/* The account's credentials; rp_id not NULL: only those made for it. */
enum pk_status subject_credentials(struct daemon *daemon, const struct subject *subject,
                                   const char *rp_id, struct credential_list *ret) PK_WARN_UNUSED;

/* Answers the call with the error that fits what subject_resolve() returned. */
void subject_refuse(struct call *call, enum pk_status status);

#endif
