/* SPDX-License-Identifier: BSD-2-Clause */
/* The pages on which people look after their own passkeys, as HTML. */
#ifndef GATEWAY_PAGE_OWN_H
#define GATEWAY_PAGE_OWN_H

#include "gateway/page_words.h"
#include "gateway/party.h"

/* Each is the caller's to free; NULL: no memory. */

/* Where to sign in; ended: a session that the browser had is over. */
char *page_of_own_sign_in(const struct party *party, enum page_language language, bool ended);

/*
 * own: what DescribeOwn gave (doc/protocol.md); token: what the page's calls carry so that they are
 * known for its own.
 */
char *page_of_own_passkeys(const struct party *party, enum page_language language,
                           const json_t *own, const char *token);
char *page_of_own_decisions(const struct party *party, enum page_language language,
                            const json_t *own, const char *token);

#endif
