/* SPDX-License-Identifier: BSD-2-Clause */
/* What is looked up in the directory: accounts, and passkeys as libldap brings them. */
#ifndef STORE_LDAP_SEARCH_H
#define STORE_LDAP_SEARCH_H

#include "store/ldap/entry.h"
#include "store/ldap/link.h"

/* An account's entry. */
struct ldap_account {
    char *dn;
    char *name;
    uid_t number;
    bool has_uuid;
    uint8_t uuid[ENTRY_UUID_SIZE];
};
void ldap_account_clear(struct ldap_account *account);
#define AUTO_LDAP_ACCOUNT __attribute__((cleanup(ldap_account_clear)))

/*
 * The account of that DN, if it is below the configuration's accounts. PK_NOT_FOUND: there is none,
 * or it is somewhere else, or has no name and number. Errors of ldap_link_status().
 */
enum pk_status ldap_account_at(struct ldap_link *link, const struct ldap_config *config,
                               const char *dn, struct ldap_account *ret) PK_WARN_UNUSED;
/* The account of that name and number; PK_INVALID_INPUT with words when there are several. */
enum pk_status ldap_account_named(struct ldap_link *link, const struct ldap_config *config,
                                  const char *name, uid_t number,
                                  struct ldap_account *ret) PK_WARN_UNUSED;

/* Name and number of an entry that a search has brought. PK_NOT_FOUND: it lacks one. */
enum pk_status ldap_account_read(struct ldap_link *link, const struct ldap_config *config,
                                 LDAPMessage *message, struct ldap_account *ret) PK_WARN_UNUSED;

/* An entry as libldap brought it. */
struct ldap_values {
    struct berval **of[ENTRY_VALUES_MAX]; /* by the rows of entry_attributes */
    struct entry entry;
};
void ldap_values_clear(struct ldap_values *values);
#define AUTO_LDAP_VALUES __attribute__((cleanup(ldap_values_clear)))
/* PK_INVALID_INPUT: there are too many of them. */
enum pk_status ldap_values_read(LDAP *ld, LDAPMessage *message,
                                struct ldap_values *ret) PK_WARN_UNUSED;

/*
 * A passkey's entry with the account that it is of. PK_NOT_FOUND, *ret_why: the entry cannot be
 * read, its owner is not there, or is no longer who it was; it serves nobody. *ret_why is static.
 */
enum pk_status ldap_passkey_read(struct ldap_link *link, const struct ldap_config *config,
                                 LDAPMessage *message, struct credential *ret,
                                 const char **ret_why) PK_WARN_UNUSED;

enum pk_status ldap_link_search(struct ldap_link *link, const char *base, int scope,
                                const char *filter, const char *const *attributes,
                                LDAPMessage **ret) PK_WARN_UNUSED;

static inline void cleanup_ldap_message(LDAPMessage **message)
{
    if (*message)
        (void)ldap_msgfree(*message);
}
#define AUTO_LDAP_MESSAGE __attribute__((cleanup(cleanup_ldap_message)))

#endif
