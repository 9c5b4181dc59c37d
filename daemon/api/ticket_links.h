/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links by which somebody without a passkey makes one in a browser, once: root's side of them, who
 * makes a link and waits until it is used. The page's side is gateway_tickets.c. The store alone
 * knows whether a link is good; what is kept here is who waits, and what came of the last ones.
 */
#ifndef PASSKEYD_TICKET_LINKS_H
#define PASSKEYD_TICKET_LINKS_H

#include "common/base/limits.h"
#include "daemon/accounts/account.h"
#include "store/store.h"

/* The link has been used: answers whoever waits for it with json, which is copied. */
void ticket_link_used(const uint8_t hash[PK_HASH_SIZE], const char *json);

/* Answers those who wait for the links of accounts of which gone() says so: they are void. */
void ticket_links_drop_gone(bool (*gone)(const void *data, const struct account *account),
                            const void *data);

/* Drops the calls of a connection that left the bus. NULL: all. */
void ticket_links_vanished(const char *name);

#endif
