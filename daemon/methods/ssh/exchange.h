/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A question over ssh: a line of text (common/wire/forward.h) that a program at the other end, or
 * the person by copying, answers with lines. The exchange asks for the parts of the answer and
 * joins them; the method verifies it (ssh.c).
 */
#ifndef PASSKEYD_SSH_EXCHANGE_H
#define PASSKEYD_SSH_EXCHANGE_H

#include "common/wire/forward.h"
#include "daemon/dialogue/conversation.h"
#include "daemon/verify/verify_and_commit.h"

struct ssh_exchange;

struct ssh_exchange_ops {
    /*
     * Called once, when the answer is complete, or when it is malformed for that reason. Verifies
     * it, whose members it may take, and calls ssh_exchange_judged(), perhaps from within.
     */
    void (*judge)(void *data, enum pk_status malformed, struct pk_forward_answer *answer);
    /*
     * Called once, last. verdict NULL: the answer was empty. The callee may take the verdict's
     * members.
     */
    void (*done)(void *data, struct verdict *verdict);
};

/*
 * Asks. request is a GET or CREATE; purpose is its purpose (messages.h); neither is kept. If the
 * credentials do not fit a line, the last ones are left out; an allow list keeps at least one.
 *
 * fixed_rounds: the number of questions must not show whether the answer was verified. (For
 * accounts that may not sign in, sshd replaces the answer by junk of the same length.) The length
 * of the answers alone then decides whether another part is requested, and a refusal is reported
 * only after an answer that is too short for any part but the last.
 *
 * PK_TOO_LARGE when the request does not fit a line, PK_INVALID_ARGUMENT, PK_NO_MEMORY: nothing was
 * asked.
 */
enum pk_status ssh_exchange_new(struct conversation *conversation,
                                struct pk_forward_request *request, const char *purpose,
                                bool fixed_rounds, const struct ssh_exchange_ops *ops, void *data,
                                struct ssh_exchange **ret) PK_WARN_UNUSED;

/* Takes the answer to the question. ops may be called from within. */
void ssh_exchange_answered(struct ssh_exchange *exchange, const struct pk_secret *answer);

/* The verdict is taken and kept for done(). */
void ssh_exchange_judged(struct ssh_exchange *exchange, struct verdict *verdict);

void ssh_exchange_free(struct ssh_exchange *exchange);

#endif
