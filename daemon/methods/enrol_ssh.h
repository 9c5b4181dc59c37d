/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An enrolment of a security key at the other end of an ssh connection: the person there, or a
 * program, makes a credential from a line of text and answers with another.
 */
#ifndef PASSKEYD_ENROL_SSH_H
#define PASSKEYD_ENROL_SSH_H

#include "daemon/dialogue/conversation.h"
#include "daemon/verify/ceremony.h"

struct ssh_enrolment;

struct ssh_enrolment_ops {
    /* The ceremony that the answer is for, out of the table: the callee's to free; NULL: ended. */
    struct ceremony *(*take)(void *data);
    /*
     * Over. status PK_OK: credential is the new row, the callee's to clear. ceremony NULL: nothing
     * was judged, and nothing logged. text is for the person.
     */
    void (*finished)(void *data, const struct ceremony *ceremony, enum pk_status status,
                     struct credential *credential, const char *text);
};

/*
 * Has the requirements of ceremony, which is not in the table yet, take answers from this host's
 * ssh origins only; rhost is where the person comes from. PK_UNAVAILABLE when there are none.
 */
enum pk_status ssh_enrolment_prepare(const struct rp_config *rp, const char *rhost,
                                     struct ceremony *ceremony) PK_WARN_UNUSED;

/*
 * Asks. ceremony is as it is in the table; purpose is what it is for (messages.h); neither is kept.
 * On a failure nobody is told.
 */
enum pk_status ssh_enrolment_new(struct daemon *daemon, struct conversation *conversation,
                                 const struct ceremony *ceremony, const char *purpose,
                                 const struct ssh_enrolment_ops *ops, void *data,
                                 struct ssh_enrolment **ret) PK_WARN_UNUSED;

/* The answer to its question. */
void ssh_enrolment_answered(struct ssh_enrolment *enrolment, const struct pk_secret *answer);

/* Not from within ops. */
void ssh_enrolment_free(struct ssh_enrolment *enrolment);

#endif
