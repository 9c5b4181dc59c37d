/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store of relying parties that several hosts serve: PostgreSQL, and what speaks its protocol
 * and the part of SQL that is used here. Connections are opened by the threads that call verbs, one
 * each, and closed with the store.
 */
#ifndef STORE_POSTGRESQL_POSTGRESQL_H
#define STORE_POSTGRESQL_POSTGRESQL_H

#include "common/base/terms.h"
#include "store/store.h"

#define POSTGRESQL_HOSTS_MAX 16

/* Borrowed by store_postgresql_open() for as long as the store is open. */
struct postgresql_setup {
    struct pk_strings hosts;   /* names or addresses; a folder for a Unix socket; tried in turn */
    unsigned port;             /* of all of them */
    char *database;            /* its name */
    char *user;                /* the role that logs in */
    struct pk_secret password; /* empty: none */
    char *root_certificates;   /* PEM file of those who may vouch for servers; NULL: the system's */
    char *client_certificate;  /* PEM file; NULL: none */
    char *client_key;          /* PEM file; NULL: none */
};
void postgresql_setup_clear(struct postgresql_setup *setup);

/*
 * Connects to nobody yet: a store whose servers are away is open, and its verbs say so.
 * PK_NO_MEMORY; PK_INVALID_ARGUMENT with *ret_why, the caller's to free, when there is no host.
 */
enum pk_status store_postgresql_open(const struct postgresql_setup *setup, struct store **ret_store,
                                     char **ret_why) PK_WARN_UNUSED;

/*
 * Brings the schema to this version, as its owner, one step in one transaction under a lock that
 * other hosts wait for. *ret_from and *ret_to: versions before and after; 0: there was none.
 * PK_STORAGE with *ret_why, the caller's to free.
 */
enum pk_status store_postgresql_migrate(const struct postgresql_setup *setup, int64_t *ret_from,
                                        int64_t *ret_to, char **ret_why) PK_WARN_UNUSED;

/* The statements that make the whole schema, for people to read; owned by nobody. NULL ends. */
extern const char *const store_postgresql_steps[];

/*
 * Connects and looks whether all is as it has to be: the schema's version, the encoding, the
 * role's rights, whether commits wait for a standby. What is not is added to problems.
 * PK_STORAGE with *ret_why, the caller's to free, when no server can be asked.
 */
enum pk_status store_postgresql_check(const struct postgresql_setup *setup,
                                      struct pk_strings *problems, char **ret_why) PK_WARN_UNUSED;

#endif
