/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections to a directory's servers. Everything that is asked over one has a time by which it is
 * over, whatever the server does: the guard, a thread, then ends the connection from below, because
 * libldap's own limits are not kept while TLS is negotiated.
 */
#ifndef STORE_LDAP_LINK_H
#define STORE_LDAP_LINK_H

#include "store/ldap/ldap_config.h"

#include "common/base/bytes.h"

#include <ldap.h>

#define LINK_WORDS_MAX 256

struct ldap_guard;
/* NULL: no memory, or no thread. */
struct ldap_guard *ldap_guard_new(void);
void ldap_guard_free(struct ldap_guard *guard); /* after the last link; NULL is taken */

struct ldap_link {
    LDAP *ld;
    const char *uri;            /* borrowed */
    char words[LINK_WORDS_MAX]; /* why the last call failed, for people */
    struct ldap_guard_row *row; /* the guard's */
    struct ldap_guard *guard;
};

/*
 * Connects, negotiates TLS, of which no setting says that it may be left out, and binds, by until
 * (monotonic milliseconds). PK_UNAVAILABLE: the server, or the way to it; PK_DENIED: it does not
 * know this host, or is not who it should be. link->words says what it was; the link has to be
 * closed in any case.
 */
enum pk_status ldap_link_open(struct ldap_link *link, struct ldap_guard *guard,
                              const struct ldap_config *config, const char *uri,
                              int64_t until) PK_WARN_UNUSED;
/* Who binds by a password. Borrowed. */
struct ldap_login {
    const char *dn;
    const char *name; /* of the account, for people */
    const struct pk_secret *password;
};

/*
 * The same as that account, by a simple bind, of which the server hears in TLS or over a socket of
 * this host alone; it is tried once. PK_PASSWORD_REFUSED: it was not taken, or is empty, which
 * servers take for nobody's; link->words is for the person then.
 */
enum pk_status ldap_link_open_as(struct ldap_link *link, struct ldap_guard *guard,
                                 const struct ldap_config *config, const char *uri, int64_t until,
                                 const struct ldap_login *login) PK_WARN_UNUSED;
void ldap_link_close(struct ldap_link *link);
#define AUTO_LDAP_LINK __attribute__((cleanup(ldap_link_close)))

/* login.c: the bind of ldap_link_open_as(), over a connection that nobody else reads. */
enum pk_status ldap_link_login(struct ldap_link *link,
                               const struct ldap_login *login) PK_WARN_UNUSED;

/* What is asked from now on is over by then; INT64_MAX: nothing is asked. */
void ldap_link_until(struct ldap_link *link, int64_t until);

/*
 * What libldap's code comes to, with link->words: PK_NOT_FOUND, PK_EXISTS, PK_DENIED,
 * PK_UNSUPPORTED, PK_INVALID_INPUT (the schema), PK_UNAVAILABLE (no answer came, or it has no
 * time), PK_STORAGE.
 */
enum pk_status ldap_link_status(struct ldap_link *link, int code, const char *doing) PK_WARN_UNUSED;

/*
 * The servers to ask, in order: of the configuration or, now, of its domain's SRV records, which
 * count where they name servers within the domain.
 */
enum pk_status ldap_servers(const struct ldap_config *config, struct pk_strings *ret,
                            char **ret_why) PK_WARN_UNUSED;

#endif
