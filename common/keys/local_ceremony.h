/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ceremony with the security keys in this machine. All keys are asked silently; those that can
 * serve blink, the first touch wins and the others are cancelled. Of several ceremonies that want a
 * key one has it at a time (turns.h). The person is asked and informed through struct pk_dialogue;
 * accounts and signatures are the caller's business.
 */
#ifndef PK_KEYS_LOCAL_CEREMONY_H
#define PK_KEYS_LOCAL_CEREMONY_H

#include "common/keys/dialogue.h"
#include "common/keys/keys.h"
#include "common/keys/messages.h"

struct pk_local_ceremony;

struct pk_local_ceremony_ops {
    /*
     * What a key is asked, all but the path. Sign-ins have a group per RP id, or two where the
     * second demands less of the key; they are tried on each key in their order.
     */
    enum pk_status (*request)(void *data, size_t group, struct pk_frame *ret);
    /* A key answered with ASSERTION or CREDENTIAL: the ceremony is over. name: the key's. */
    void (*answered)(void *data, size_t group, const char *name, const struct pk_frame *frame);
    /* The ceremony is over without an answer. */
    void (*failed)(void *data, enum pk_status why);
    /*
     * Why the person must confirm before a key blinks for that group; borrowed, NULL: need not. The
     * function may be NULL.
     */
    const char *(*confirm)(void *data, size_t group);
};

/* Borrowed. */
struct pk_local_request {
    size_t groups;
    const char *purpose;           /* of the touch, to follow "Touch your security key" */
    struct pk_requester requester; /* as people are told whose requests meet this one */
    bool present_only;             /* of no use where no key that is plugged in can serve */
    bool unattended;               /* a program answers: no PIN and no confirmation is asked for */
    /*
     * Before a key has shown a credential its PIN is asked for in two cases only. hidden: the key
     * of a credential may say that it holds none until it knows the PIN (credProtect). insists: one
     * was used with verification, and its key may say nothing at all without it.
     */
    bool hidden, insists;
    const char *payer; /* to whom PIN tries are counted (pin_budget.h); NULL: nobody counts them */
    bool holder;       /* the payer is whose credentials these are */
};

/* Starts. On a failure nothing was started, and ops are not called. */
enum pk_status pk_local_ceremony_new(struct pk_keys *keys, const struct pk_dialogue *person,
                                     const struct pk_local_request *request,
                                     const struct pk_local_ceremony_ops *ops, void *data,
                                     struct pk_local_ceremony **ret) PK_WARN_UNUSED;

/*
 * The answer to a question that the ceremony asked. Without data (not even an empty line): it could
 * not be asked.
 */
void pk_local_ceremony_answered(struct pk_local_ceremony *ceremony, struct pk_secret *answer);

/* The person does not want to wait any longer, and is asked nothing: it fails with PK_CANCELLED,
 * unless it is over. Not from within ops. */
void pk_local_ceremony_give_up(struct pk_local_ceremony *ceremony);

/* In failed(): the path of the key that failed; NULL: it was not one key that failed. */
const char *pk_local_ceremony_failed_path(const struct pk_local_ceremony *ceremony);

/* Cancels whatever is under way, and releases. Not from within ops. */
void pk_local_ceremony_free(struct pk_local_ceremony *ceremony);

#endif
