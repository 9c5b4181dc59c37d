/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A passkey's entry in the directory (etc/openldap-passkeyd.schema), read and written without the
 * directory: as attributes and their values.
 */
#ifndef STORE_LDAP_ENTRY_H
#define STORE_LDAP_ENTRY_H

#include "store/store.h"

#define ENTRY_VALUES_MAX 64
#define ENTRY_UUID_TEXT  36
#define ENTRY_UUID_SIZE  16
#define ENTRY_ID_MAX     256 /* bytes of an id that an entry is named by; a hash names longer ones */

struct entry_value {
    const char *name; /* of the attribute, as the schema spells it */
    struct pk_view value;
};

/* Borrowed from whoever made it; several values of one attribute are several items. */
struct entry {
    struct entry_value items[ENTRY_VALUES_MAX];
    size_t count;
};

/* The attributes that are read, with a NULL behind the last: what a search asks for. */
extern const char *const entry_attributes[];

/* What an entry says of its owner, which is for the directory to confirm. */
struct entry_owner {
    char *dn;
    uid_t number;
    bool has_uuid;
    uint8_t uuid[ENTRY_UUID_SIZE];
};
void entry_owner_clear(struct entry_owner *owner);
#define AUTO_ENTRY_OWNER __attribute__((cleanup(entry_owner_clear)))

/*
 * Reads all but whose it is: ret->account stays empty. PK_INVALID_INPUT, *ret_why: an attribute is
 * missing, is there twice, or does not say what it should; static.
 */
enum pk_status entry_read(const struct entry *entry, struct credential *ret,
                          struct entry_owner *ret_owner, const char **ret_why) PK_WARN_UNUSED;

/* Memory of the texts of an entry that was written. */
struct entry_texts {
    char *items[ENTRY_VALUES_MAX];
    size_t count;
};
void entry_texts_clear(struct entry_texts *texts);
#define AUTO_ENTRY_TEXTS __attribute__((cleanup(entry_texts_clear)))

/*
 * The attributes of a passkey, its object class first, and its DN in *ret_dn, the caller's to free.
 * What they say is borrowed from the credential, the owner and texts. PK_NO_MEMORY, PK_TOO_LARGE.
 */
enum pk_status entry_write(const struct credential *credential, const struct entry_owner *owner,
                           const char *subtree, struct entry_texts *texts, struct entry *ret,
                           char **ret_dn) PK_WARN_UNUSED;

/* What names the entry of that id, and its DN. NULL: no memory. The caller's to free. */
char *entry_name(struct pk_view credential_id) PK_WARN_UNUSED;
char *entry_dn(struct pk_view credential_id, const char *subtree) PK_WARN_UNUSED;

/* "12345678-9abc-..." in either case. PK_INVALID_INPUT. */
enum pk_status entry_uuid_parse(struct pk_view text, uint8_t ret[ENTRY_UUID_SIZE]) PK_WARN_UNUSED;

/* GeneralizedTime (RFC 4517 section 3.3.13) of seconds since the epoch, in UTC, and back. */
char *entry_time_text(int64_t when) PK_WARN_UNUSED;
enum pk_status entry_time_parse(struct pk_view text, int64_t *ret) PK_WARN_UNUSED;

#endif
