/* SPDX-License-Identifier: BSD-2-Clause */
/* What logind's answers to GetAll say of sessions and users. Pure functions. */
#ifndef PASSKEYD_LOGIND_PROPERTIES_H
#define PASSKEYD_LOGIND_PROPERTIES_H

#include "daemon/bus/logind_facts.h"
#include "daemon/bus/value.h"

/*
 * result is the body of a reply, of any form. PK_INVALID_INPUT: a property is missing, of another
 * type or of no sense. *ret_host, the caller's to free: as logind_facts_read() has it.
 */
enum pk_status logind_read_session(const struct value *result, struct seat_session *ret,
                                   char **ret_host) PK_WARN_UNUSED;

/*
 * Likewise: the user's uid, and the object paths of all of the user's sessions.
 * PK_LIMIT_EXCEEDED: they are more than LOGIND_SESSIONS_MAX.
 */
enum pk_status logind_read_user(const struct value *result, uid_t *ret_uid,
                                struct pk_strings *ret_sessions) PK_WARN_UNUSED;

#endif
