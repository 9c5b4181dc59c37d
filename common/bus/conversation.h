/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client side of a conversation (doc/protocol.md): opens it, repeats Next until "done", and
 * passes the daemon's messages and questions to the caller's prompt_ops, in which alone PAM,
 * passkey-enroll and passkeyctl differ.
 */
#ifndef PK_BUS_CONVERSATION_H
#define PK_BUS_CONVERSATION_H

#include "common/base/bytes.h"
#include "common/base/give_up.h"
#include "common/bus/connection.h"

/*
 * How messages are shown and questions asked. Texts are printable, may have several lines, and are
 * valid during the call. A status other than PK_OK ends the conversation with that status, except
 * that PK_CANCELLED from a question declines it: the daemon is told, and decides what follows.
 */
struct pk_prompt_ops {
    /* event: a stable name such as "touch", or "". */
    enum pk_status (*info)(void *context, const char *event, const char *text);
    /* reason: a status name, or "". */
    enum pk_status (*error)(void *context, const char *reason, const char *text);
    /* The answer may be seen. *ret_answer comes from malloc(). */
    enum pk_status (*ask)(void *context, const char *event, const char *text, char **ret_answer);
    /* The answer must not be seen. */
    enum pk_status (*ask_secret)(void *context, const char *event, const char *text,
                                 struct pk_secret *ret_answer);
};

enum pk_conversation_kind {
    PK_CONVERSATION_AUTHENTICATE,
    PK_CONVERSATION_ENROLL,
};

struct pk_conversation_request {
    enum pk_conversation_kind kind;
    const char *user;                    /* "" with the member identify: not known yet */
    const struct pk_bus_member *members; /* context or options, as doc/protocol.md lists them */
    size_t member_count;
    /*
     * 0: the connection's deadline is that of the whole conversation. Otherwise it is that of the
     * daemon's first reply, and as many seconds follow for the rest; the daemon's own deadline,
     * once it has told it, takes their place.
     */
    unsigned seconds;
    /*
     * Where it can be heard that the person does not want to wait (common/base/give_up.h): what
     * comes then is shown as an info of the event "skip", after each that asks for a key. NULL, or
     * without a descriptor: nowhere.
     */
    struct pk_give_up *give_up;
};

/* Every string is owned, or NULL where the daemon said nothing. */
struct pk_outcome {
    char *text;        /* the closing line, or the message of a refused call; printable */
    char *user;        /* after PK_OK: whom the daemon authenticated */
    char *credential;  /* after an enrolment: JSON */
    char *correlation; /* the id that the daemon's log shows; printable */
    bool has_uid;      /* after PK_OK: uid is that of the account of this host */
    uint32_t uid;
};
void pk_outcome_clear(struct pk_outcome *outcome);
#define PK_AUTO_OUTCOME __attribute__((cleanup(pk_outcome_clear)))

/*
 * PK_OK if and only if the daemon said done with result "ok". Everything else is why not: the
 * result it named; PK_UNAVAILABLE when it, or the bus, is not there or went away; PK_TIMEOUT or
 * PK_CANCELLED from this side; PK_PROTOCOL when it did not keep to the protocol; what a prompt
 * function returned. *outcome (empty when called) is filled as far as it is known, in every case.
 */
enum pk_status pk_conversation_run(struct pk_bus *bus,
                                   const struct pk_conversation_request *request,
                                   const struct pk_prompt_ops *ops, void *context,
                                   struct pk_outcome *outcome) PK_WARN_UNUSED;

/*
 * A pipe that holds the secret and has no writer any more: how a secret travels, never as a string
 * on the bus. *ret_fd is the caller's to close. PK_IO.
 */
enum pk_status pk_bus_secret_pipe(const struct pk_secret *secret, int *ret_fd) PK_WARN_UNUSED;

#endif
