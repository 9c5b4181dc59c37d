/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An HTTP request and the answer to it, as the dialects see them: no socket, no library of HTTP.
 * An exchange is answered once, at once or later; until then it lives, even where the client is
 * gone.
 */
#ifndef GATEWAY_EXCHANGE_H
#define GATEWAY_EXCHANGE_H

#include "common/base/cleanup.h"
#include "common/base/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define EXCHANGE_CAPTURES_MAX 2
#define EXCHANGE_ID_SIZE      37 /* a UUID as text, with its NUL */

struct exchange;
struct party;

/* --- the request; everything is borrowed from the exchange ------------------------------------ */

/* The relying party that the request's path belongs to. */
const struct party *exchange_party(const struct exchange *exchange);
/* Of this request, for the log and for answers that carry one: a UUID, the client's where it sent a
 * well-formed one and the dialect has a header for it. */
const char *exchange_id(const struct exchange *exchange);
const char *exchange_method(const struct exchange *exchange);
/* The text that stood at the pattern's Nth brace, percent-decoded; never NULL for those it has. */
const char *exchange_capture(const struct exchange *exchange, size_t n);
/* The first argument of that name after the '?', decoded; NULL: none. */
const char *exchange_argument(const struct exchange *exchange, const char *name);
/* NULL: none. A header that came twice was refused before. */
const char *exchange_header(const struct exchange *exchange, const char *name);
/* The address of the client, as the configured proxies say where they are believed. */
const char *exchange_client(const struct exchange *exchange);
/*
 * The body. PK_NOT_FOUND: it is empty. PK_INVALID_INPUT: no JSON, or not the row's media type, with
 * *ret_why, static or the exchange's, for a person. Reads within the limits of common/webauthn's
 * JSON reader; trailing data and a name that stands twice are refused.
 */
enum pk_status exchange_json(struct exchange *exchange, const json_t **ret,
                             const char **ret_why) PK_WARN_UNUSED;

/* What a dialect keeps with the exchange until it is answered; release is called with it then. */
void exchange_keep(struct exchange *exchange, void *data, void (*release)(void *data));
void *exchange_kept(const struct exchange *exchange);

/* --- the answer ------------------------------------------------------------------------------- */

/* Before the answer. Name and value are copied; a value with a control character is left out. */
void exchange_add_header(struct exchange *exchange, const char *name, const char *value);
/* Answers with that body, which is taken; NULL: without any. */
void exchange_answer(struct exchange *exchange, unsigned http_status, json_t *body);
/* The same with another media type; the text is copied. */
void exchange_answer_text(struct exchange *exchange, unsigned http_status, const char *media_type,
                          const char *text);

#endif
