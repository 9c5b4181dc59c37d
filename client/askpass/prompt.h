/* SPDX-License-Identifier: BSD-2-Clause */
/* Which host shows a request: what the ssh client wrote in front of a prompt, and what follows. */
#ifndef CLIENT_ASKPASS_PROMPT_H
#define CLIENT_ASKPASS_PROMPT_H

#include "common/base/bytes.h"

/* "(user@host) ", as the ssh client (OpenSSH 8.5 and later) begins a server's prompt. Owned. */
struct askpass_prefix {
    char *user;
    char *host; /* as askpass_host_parse() gives it */
};
void askpass_prefix_clear(struct askpass_prefix *prefix);
#define AUTO_ASKPASS_PREFIX __attribute__((cleanup(askpass_prefix_clear)))

/*
 * The text up to the first ')'; the last '@' in it parts user and host. Only at the very start of
 * the prompt: everything behind it is the server's. PK_NOT_FOUND without such a beginning,
 * PK_INVALID_INPUT for one whose user or host is not plain, PK_NO_MEMORY.
 */
enum pk_status askpass_prefix_parse(const char *prompt, struct askpass_prefix *ret) PK_WARN_UNUSED;

/* What follows such a beginning, plain or not: the server's text. The whole prompt without one. */
const char *askpass_prompt_body(const char *prompt) PK_WARN_UNUSED;

/*
 * A name or address: letters, digits and ". - : % _" in lower case, one trailing dot and the
 * brackets of an IPv6 address dropped. *ret is the caller's to free. PK_INVALID_INPUT for others,
 * and for empty labels; PK_NO_MEMORY.
 */
enum pk_status askpass_host_parse(struct pk_view text, char **ret) PK_WARN_UNUSED;

/* "ssh://HOST", an IPv6 address in brackets; the caller's to free, NULL: no memory. */
char *askpass_origin(const char *host) PK_WARN_UNUSED;

/*
 * Whether that host may use that RP id without the user's consent: it is the host itself, or a
 * domain that the host is in, of two labels at least. (WebAuthn 5.1.3 step 8, with the host an ssh
 * client connected to in the place of the origin's.)
 */
bool askpass_rp_id_belongs(const char *rp_id, const char *host) PK_WARN_UNUSED;

#endif
