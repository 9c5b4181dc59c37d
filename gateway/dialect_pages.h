/* SPDX-License-Identifier: BSD-2-Clause */
/* What the handlers of the pages share. */
#ifndef GATEWAY_DIALECT_PAGES_H
#define GATEWAY_DIALECT_PAGES_H

#include "gateway/exchange.h"
#include "gateway/page_words.h"
#include "gateway/party.h"

/* With the headers that every page has. The page or body is taken; NULL: no memory, or no body. */
void pages_answer(struct exchange *exchange, unsigned http_status, char *page);
void pages_answer_words(struct exchange *exchange, unsigned http_status, enum page_word title,
                        enum page_word more);
void pages_answer_json(struct exchange *exchange, unsigned http_status, json_t *body);
void pages_refuse_by_outcome(struct exchange *exchange, const struct party_answer *answer);
enum page_language pages_language(const struct exchange *exchange);
/* Whether the page's own script sends it, as JSON; otherwise it has been refused. */
bool pages_is_from_page(struct exchange *exchange);
/* The answer that the call brings, as text; the caller's to free. NULL: it has none. */
char *pages_credential(const json_t *body);

/* One's own passkeys (dialect_pages_own.c). */
void pages_get_own(struct exchange *exchange);
void pages_get_passkeys(struct exchange *exchange);
void pages_get_decisions(struct exchange *exchange);
void pages_begin_own(struct exchange *exchange);
void pages_finish_own(struct exchange *exchange);
void pages_rename_own(struct exchange *exchange);
void pages_sign_out(struct exchange *exchange);

#endif
