/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A question that is a line of text (common/wire/forward.h), which a program at the other end of an
 * ssh connection, or a person by copying it to a program or a page, answers with lines. The
 * exchange asks for the parts of the answer and joins them; the method verifies it.
 */
#ifndef PASSKEYD_LINE_EXCHANGE_H
#define PASSKEYD_LINE_EXCHANGE_H

#include "common/wire/forward.h"
#include "daemon/dialogue/conversation.h"
#include "daemon/verify/verify_and_commit.h"

struct line_exchange;

struct line_exchange_ops {
    /*
     * Called once, when the answer is complete, or when it is malformed for that reason. Verifies
     * it, whose members it may take, and calls line_exchange_judged(), perhaps from within.
     */
    void (*judge)(void *data, enum pk_status malformed, struct pk_forward_answer *answer);
    /*
     * Called once, last. verdict NULL: the answer was empty. The callee may take the verdict's
     * members.
     */
    void (*done)(void *data, struct verdict *verdict);
};

struct line_question {
    const char *purpose; /* of the request (messages.h) */
    const char *page;    /* URL of the page that answers it; NULL: passkey-askpass does */
    /*
     * The number of questions must not show whether the answer was verified. (For accounts that may
     * not sign in, sshd replaces the answer by junk of the same length.) The length of the answers
     * alone then decides whether another part is requested, and a refusal is reported only after
     * an answer that is too short for any part but the last.
     */
    bool fixed_rounds;
};

/*
 * Asks. request is a GET or CREATE; neither it nor the question is kept. If the credentials do not
 * fit a line, the last ones are left out; an allow list keeps at least one. The answer that is
 * judged is of the request's kind or, from a page, of its PK_FORWARD_PAGE_ kind.
 *
 * PK_TOO_LARGE when the request does not fit a line, PK_INVALID_ARGUMENT, PK_NO_MEMORY: nothing was
 * asked.
 */
enum pk_status line_exchange_new(struct conversation *conversation,
                                 struct pk_forward_request *request,
                                 const struct line_question *question,
                                 const struct line_exchange_ops *ops, void *data,
                                 struct line_exchange **ret) PK_WARN_UNUSED;

/* Takes the answer to the question. ops may be called from within. */
void line_exchange_answered(struct line_exchange *exchange, const struct pk_secret *answer);

/* The verdict is taken and kept for done(). */
void line_exchange_judged(struct line_exchange *exchange, struct verdict *verdict);

void line_exchange_free(struct line_exchange *exchange);

#endif
