/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What logind knows of a process, whichever way it was learnt: by asking it (logind.c), or from the
 * files that it keeps (logind_files.h). Both say the same in the same words. Pure functions.
 */
#ifndef PASSKEYD_LOGIND_FACTS_H
#define PASSKEYD_LOGIND_FACTS_H

#include "daemon/bus/seat.h"

#define LOGIND_SESSIONS_MAX 32  /* of one user */
#define LOGIND_RHOST_MAX    256 /* bytes of an rhost */

struct logind_facts {
    enum seat_place place;
    uid_t user;                                        /* SEAT_OF_USER: whose */
    struct seat_session sessions[LOGIND_SESSIONS_MAX]; /* the process's, or all of the user's */
    size_t session_count;
    char *host; /* the remote host of those that have one; empty: several; NULL: none has */
};

/* Adds a session; host is taken, in every case: its remote host, empty for none. */
enum pk_status logind_facts_add(struct logind_facts *facts, const struct seat_session *session,
                                char *host) PK_WARN_UNUSED;
void logind_facts_clear(struct logind_facts *facts);

/* logind's words for a session, borrowed. */
struct logind_words {
    const char *seat, *type, *class, *state; /* seat may be empty */
    const char *remote_host;                 /* may be empty */
    bool remote;
};

/*
 * Sets the members of *session that depend on these words; the others stay. *ret_host, the caller's
 * to free: remote_host, printable and cut to LOGIND_RHOST_MAX; empty where it is no remote host.
 */
enum pk_status logind_facts_read(const struct logind_words *words, struct seat_session *session,
                                 char **ret_host) PK_WARN_UNUSED;

#endif
