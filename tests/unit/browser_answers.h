/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The browser method from both ends: a person at a terminal who is shown a link, and a browser in
 * which it is answered. One link at a time. Failures end the test.
 */
#ifndef TESTS_UNIT_BROWSER_ANSWERS_H
#define TESTS_UNIT_BROWSER_ANSWERS_H

#include "common/base/limits.h"
#include "daemon/auth/links.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/begin_sign_in.h"

#include <jansson.h>

#define URL     "https://login." RP_ID "/p"
#define ORIGIN  "https://login." RP_ID
#define PRESENT PK_FLAG_UP
#define GATEWAY 990 /* the uid that the page's calls come from */

extern char word[PK_LINK_WORD_SIZE];   /* of the link that was shown last */
extern char claim[PK_LINK_CLAIM_SIZE]; /* empty: it has not been begun */
extern char *code;                     /* that its page shows; NULL: none */

/* cmocka's. */
int browser_set_up(void **state);
int browser_tear_down(void **state);

/* The next message, with whatever hold there is. */
void after_hold(void);
/* Fetches the picture and the question, and keeps the link's word. */
void read_link(void);
/* NULL: it is over. */
struct link *found(void);
/* Begins to answer it, as the page does: what the browser is asked for. */
json_t *begin(void);
/* What that key answers at that origin, to a request or a creation; the caller's to free. */
char *answer(const json_t *options, const struct soft_key *key, const char *origin);
void finish(const char *json);
/* All of it. */
void use(const struct soft_key *key);
/* At the terminal. */
void type(const char *text);

#endif
