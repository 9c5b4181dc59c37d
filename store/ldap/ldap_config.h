/* SPDX-License-Identifier: BSD-2-Clause */
/* store-ldap.conf: which directory, as whom, and for how long it may be away. */
#ifndef STORE_LDAP_LDAP_CONFIG_H
#define STORE_LDAP_LDAP_CONFIG_H

#include "common/base/terms.h"

#define LDAP_SERVERS_MAX 16

enum ldap_identity {
    LDAP_CERTIFICATE, /* SASL EXTERNAL: a TLS client certificate, or the user id at ldapi: */
    LDAP_GSSAPI,      /* a keytab's, by the environment's KRB5_CLIENT_KTNAME */
};

enum ldap_adder {
    LDAP_HOST_ADDS,    /* this host's identity */
    LDAP_ACCOUNT_ADDS, /* each account its own, with its password */
};

struct ldap_config {
    struct pk_strings servers; /* URIs, in the order in which they are asked */
    char *domain;              /* its SRV records instead; NULL: servers */
    enum ldap_identity identity;
    enum ldap_adder add_as;
    char *ca_certificate, *certificate, *key; /* paths; NULL: the system's, or none */
    char *passkeys;                           /* DN of their subtree; NULL: there is none */
    char *accounts;                           /* DN of the accounts' subtree */
    char *account_name, *account_number;      /* names of attributes */
    char *mapping;       /* attribute of FreeIPA's, sssd's or AD's values; NULL: none are read */
    char *mapping_rp_id; /* what these were made for: the name of sssd's domain */
    unsigned refresh_seconds; /* the cache is as the directory was at most so long ago */
    unsigned offline_seconds; /* so long it serves when no server answers; 0: not at all */
    unsigned min_uid;         /* accounts below it are never the directory's */
    bool debug;
};

/*
 * Reads the file; what is wrong with it is added to the problems, "PATH:LINE: what", and the
 * configuration is good where there are none. A file that does not exist is a problem.
 * PK_NO_MEMORY.
 */
enum pk_status ldap_config_read(const char *path, struct ldap_config **ret,
                                struct pk_strings *problems) PK_WARN_UNUSED;
void ldap_config_free(struct ldap_config *config); /* NULL is taken */

#endif
