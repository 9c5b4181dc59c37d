/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links: requests that a person answers in a browser. Whoever asks for one shows its word, which is
 * the end of a URL, and whoever opens that gets what there is to decide from the gateway's pages
 * (api/gateway_links.c). The browser that begins to answer first has the claim, and no other can go
 * on. What a right answer gives it is a code, which is worth something only to whoever showed the
 * link.
 *
 * A link lives PK_LINK_LIFETIME seconds, and that long again once it has been answered, and never
 * longer than its owner keeps it. For the loop alone.
 */
#ifndef PASSKEYD_LINKS_H
#define PASSKEYD_LINKS_H

#include "common/base/bytes.h"
#include "common/base/limits.h"

#include <event2/event.h>
#include <jansson.h>

struct call;
struct link;
struct links;

/* The owner's part; data is the owner's. */
struct link_ops {
    /* Adds what the page says to the object. PK_NO_MEMORY. */
    enum pk_status (*describe)(const void *data, json_t *object);
    /* The WebAuthn options, JSON, the caller's to free. */
    enum pk_status (*options)(const void *data, char **ret_json);
    /* The browser's answer, once: ends, later, in link_approved() or link_refused(). */
    void (*answered)(void *data, const char *json);
    /* The person says that this was not them; the last call, which may free the link. */
    void (*disowned)(void *data);
};

struct links *links_new(struct event_base *base) PK_WARN_UNUSED;
void links_free(struct links *links);
/* Drops the calls of a connection that left the bus. */
void links_vanished(struct links *links, const char *sender);

/* --- for the owner ---------------------------------------------------------------------------- */

/*
 * concealed: the time of the reply to an answer is not to show what was found. PK_LIMIT_EXCEEDED,
 * PK_NO_MEMORY.
 */
enum pk_status link_new(struct links *links, const struct link_ops *ops, void *data, bool concealed,
                        struct link **ret) PK_WARN_UNUSED;
/* From now on nobody finds it; a call that waits for its reply is told so. */
void link_free(struct link *link);
/* Its word, PK_LINK_WORD_SIZE - 1 characters. */
const char *link_word(const struct link *link);
/* Whether its time has passed: nobody finds it any more, and its code is good no longer. */
bool link_is_over(const struct link *link);

/* The answer was right: the browser is shown the code, whose characters are copied. */
void link_approved(struct link *link, const char *code);
/* It was not; reason: of the status, for the page, NULL: it is not told. */
void link_refused(struct link *link, const char *reason);

/* --- for the page's calls --------------------------------------------------------------------- */

/*
 * The link of that word; claim: what link_claim() gave, or is to give, or empty. NULL: it never
 * was, is over, or belongs to another browser.
 */
struct link *links_find(struct links *links, const char *word, const char *claim) PK_WARN_UNUSED;
/* What the page shows of it: the description, how far it is, the seconds left, and the code. */
json_t *link_json(const struct link *link) PK_WARN_UNUSED;
/*
 * The options, and the claim, which is settled by the first call: what the browser proposes, which
 * it has before the reply, if it is PK_LINK_CLAIM_SIZE - 1 characters as claims are spelled;
 * otherwise it is made. Whoever has the claim may begin again. PK_NO_MEMORY, …
 */
enum pk_status link_begin(struct link *link, const char *proposed, char **ret_json) PK_WARN_UNUSED;
/* After link_begin(). */
const char *link_claim(const struct link *link);
/*
 * Takes the call, which is answered when the answer has been judged. PK_CHALLENGE_UNKNOWN, without
 * taking it: it was not begun, or has been answered.
 */
enum pk_status link_answer(struct link *link, struct call *call, const char *json) PK_WARN_UNUSED;
void link_disown(struct link *link);

#endif
