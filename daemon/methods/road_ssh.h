/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ssh road: an authenticator at the other end of an ssh connection, asked by a line of text
 * (common/wire/forward.h) that a program there, or the person, answers with another. The road puts
 * the question and the pieces of the answer together; what the answer is worth is somebody else's
 * to say (sign_in_ssh.c, an enrolment).
 */
#ifndef PASSKEYD_ROAD_SSH_H
#define PASSKEYD_ROAD_SSH_H

#include "daemon/dialogue/conversation.h"

#include "common/wire/forward.h"

struct ssh_road;

struct ssh_road_ops {
    /*
     * Once, when the answer is there; or with NULL and why not, when what came is none. PK_OK: it
     * was good, and the caller has seen to the rest. Anything else is handed to refused().
     */
    enum pk_status (*judge)(void *data, enum pk_status status,
                            const struct pk_forward_answer *answer);
    /* After judge(): the road is over. */
    void (*refused)(void *data, enum pk_status status);
    /* Instead of both: an empty answer. The road is over. */
    void (*declined)(void *data);
};

/*
 * Asks. request is a GET or CREATE; purpose is what it is for (messages.h); neither is kept.
 *
 * alike: whoever answers must not learn from the number of questions whether the answer was looked
 * at. (sshd hands on junk of the same length for accounts that may not sign in.) Then only the
 * length of what was answered decides whether another part is asked for; a refusal waits for an
 * answer that is too short to be any part but the last.
 *
 * PK_TOO_LARGE when the request does not fit a line, PK_INVALID_ARGUMENT, PK_NO_MEMORY: nothing was
 * asked.
 */
enum pk_status ssh_road_new(struct conversation *conversation,
                            const struct pk_forward_request *request, const char *purpose,
                            bool alike, const struct ssh_road_ops *ops, void *data,
                            struct ssh_road **ret) PK_WARN_UNUSED;

/* The answer to the road's question. ops may be called from within. */
void ssh_road_answered(struct ssh_road *road, const struct pk_secret *answer);

void ssh_road_free(struct ssh_road *road);

#endif
