/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What kind of name a text is that is, or is to be, a relying party's id: WebAuthn Level 3 section
 * 5.1.2 wants a domain that is no public suffix, and an id should belong to one host alone.
 */
#ifndef PASSKEYD_DOMAIN_H
#define PASSKEYD_DOMAIN_H

#include "common/base/status.h"

#include <stdbool.h>

/* Below it are the ids that are made where a host has no name that can be one (RFC 6761, 6.4). */
#define DOMAIN_GENERATED_SUFFIX ".passkeyd.invalid"

enum domain_kind {
    DOMAIN_USABLE,
    DOMAIN_GENERATED, /* one below DOMAIN_GENERATED_SUFFIX: nobody's name, and no browser's */
    DOMAIN_MALFORMED, /* RFC 1123 section 2.1, in lower case, at most 253 bytes */
    DOMAIN_ADDRESS,   /* IPv4, in any form that browsers take for one, or IPv6 */
    DOMAIN_BARE,      /* a single label */
    DOMAIN_SHARED,    /* localhost, localdomain, invalid and what is below them */
    DOMAIN_SUFFIX,    /* a public suffix by the list of publicsuffix.org, like com */
};

/* Reads the system's list of public suffixes, which is a file. */
enum domain_kind domain_examine(const char *name);

/* "is an IP address, …": what is wrong with a name of this kind as an id; NULL: nothing. */
const char *domain_kind_says(enum domain_kind kind);

/*
 * A host's name in the form of IDNA 2008 (A-labels) and in lower case, without the dot at the end;
 * the caller's to free. PK_INVALID_INPUT where it has no such form, PK_NO_MEMORY.
 */
enum pk_status domain_to_ascii(const char *name, char **ret) PK_WARN_UNUSED;

/* Whether name is domain, or below it. */
bool domain_is_within(const char *name, const char *domain);

#endif
