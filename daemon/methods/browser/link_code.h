/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two ends of the browser method, for the files of this folder only: the link that is shown at
 * the terminal, and the code that the browser is given and the terminal asks for. Or, where the
 * page is a file and nothing is behind it, the link with the whole request in it, and the answer
 * itself, which the person copies into the terminal.
 */
#ifndef PASSKEYD_LINK_CODE_H
#define PASSKEYD_LINK_CODE_H

#include "daemon/auth/attempt.h"
#include "daemon/auth/line_exchange.h"
#include "daemon/auth/links.h"

struct rp_config;

/* The first member of a method's state: the row's functions begin there. */
struct link_code {
    struct attempt *attempt;
    bool own_timeout;               /* that no method may change */
    struct line_exchange *exchange; /* the page is a file; NULL: a link */
    struct link *link;
    char *url;
    char code[PK_BROWSER_CODE_SIZE]; /* empty: no browser has been given one */
    unsigned wrong;                  /* codes that were typed */
    /* What the row does of it for this kind of attempt. */
    void (*typed)(struct link_code *own, struct pk_secret *answer);
    void (*free)(struct link_code *own);
};

/* Makes the link, and asks for its code; page: what it says, the caller's to describe by ops. */
enum pk_status link_code_open(struct link_code *own, const struct rp_config *rp,
                              const struct link_ops *ops) PK_WARN_UNUSED;
/*
 * Shows the page that is a file, with the request in its URL's fragment, and asks for the answer,
 * which has to be handed on to line_exchange_answered(). ops as there, with own for data.
 * PK_UNAVAILABLE for a request that does not fit.
 */
enum pk_status link_code_paste(struct link_code *own, const char *page,
                               const struct line_exchange_ops *ops) PK_WARN_UNUSED;
/* The answer of a page, as the browser would have given it to a link: JSON, the caller's to free.
 */
enum pk_status link_code_json(const struct link_code *own, const struct pk_forward_answer *answer,
                              char **ret_json) PK_WARN_UNUSED;
/* Nobody finds the link any more, though the state stays for a while (authmethod.h). */
void link_code_end(struct link_code *own);
void link_code_clear(struct link_code *own);

/* For ops: adds the context, which is JSON or NULL, and the RP ID. */
enum pk_status link_code_describe(const struct link_code *own, const char *context, const char *rp,
                                  json_t *object) PK_WARN_UNUSED;
/* For ops: "this was not me" ends the attempt. */
void link_code_disowned(void *data);

/* The answer was right: its browser is shown a code. */
void link_code_give(struct link_code *own);
/* It was not, and the attempt ends. */
void link_code_refuse(struct link_code *own, enum pk_status why);

/*
 * Whether that is the code. If not, it has been asked for again, or the attempt has ended; likewise
 * where nothing was typed.
 */
bool link_code_is_typed(struct link_code *own, const struct pk_secret *answer) PK_WARN_UNUSED;

/* sign_in.c, enroll.c */
enum pk_status browser_sign_in_start(struct sign_in *sign_in, void **ret_state) PK_WARN_UNUSED;
enum pk_status browser_enroll(struct enrollment *enrollment, void **ret_state) PK_WARN_UNUSED;

#endif
