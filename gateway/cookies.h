/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cookies of the pages. All are the origin's alone (RFC 6265bis section 4.1.3.2, "__Host-"),
 * which is why their names say whose they are: on one origin, and on one host whatever the port,
 * there may be several relying parties, links and tickets, and none is to take another's.
 */
#ifndef GATEWAY_COOKIES_H
#define GATEWAY_COOKIES_H

#include "gateway/exchange.h"

/* Names; the caller's to free. NULL: no memory. */
char *cookie_of_session(const struct exchange *exchange);
char *cookie_of_link(const char *word);
char *cookie_of_ticket(const char *ticket);

/*
 * What the browser has of that name; "": nothing. Two of one name are none: a browser keeps one, so
 * that somebody else put the other one there. The caller's to free; NULL: no memory, also where
 * name is NULL.
 */
char *cookie_read(const struct exchange *exchange, const char *name);
/* seconds: 0: until the browser is closed. false: no memory, and no cookie. */
bool cookie_set(struct exchange *exchange, const char *name, const char *value, unsigned seconds);
void cookie_forget(struct exchange *exchange, const char *name);

#endif
