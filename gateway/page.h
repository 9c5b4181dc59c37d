/* SPDX-License-Identifier: BSD-2-Clause */
/* The pages for people, as HTML: every text that comes from elsewhere is escaped here. */
#ifndef GATEWAY_PAGE_H
#define GATEWAY_PAGE_H

#include "gateway/page_words.h"
#include "gateway/party.h"

/*
 * The page of a link: who asks for what, or the code where that has been made. link: what
 * DescribeLink gave (doc/protocol.md). The caller's to free; NULL: no memory, or no such object.
 */
char *page_of_link(const struct party *party, enum page_language language, const json_t *link);

/* The page of every enrolment link: its script asks whose it is. Likewise. */
char *page_of_ticket(const struct party *party, enum page_language language);

/* A page that says one thing. Likewise. */
char *page_of_words(const struct party *party, enum page_language language, enum page_word title,
                    enum page_word more);

#endif
