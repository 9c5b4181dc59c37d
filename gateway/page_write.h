/* SPDX-License-Identifier: BSD-2-Clause */
/* How pages are written; page.c alone escapes. */
#ifndef GATEWAY_PAGE_WRITE_H
#define GATEWAY_PAGE_WRITE_H

#include "gateway/page_words.h"
#include "gateway/party.h"

#include <stdio.h>

struct page {
    FILE *out;
    const struct party *party;
    enum page_language language;
    const char *script;
};

/* A value, as it is. */
void page_put(const struct page *page, const char *text);
/* What others wrote, to be read: all of it visible, and not too long. */
void page_put_foreign(const struct page *page, const char *text);
/* HTML of the caller's own. */
void page_put_html(const struct page *page, const char *html);
/* The words, with what others wrote in the places of the first and the second %s, as elements. */
void page_put_words(const struct page *page, enum page_word word, const char *a, const char *b);
/* The same where no element may stand: in a title, in an attribute. */
void page_put_plain_words(const struct page *page, enum page_word word, const char *a,
                          const char *b);
/* Closes the page: text, the caller's to free; NULL: there was no memory. */
char *page_written(const struct page *page, char **text);

#endif
