/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The passkey mappings of sssd: in LDIF (RFC 2849) of FreeIPA, Active Directory or an LDAP server,
 * in what "ipa user-show" prints, or alone, as "sssctl passkey-register" prints them.
 */
#include "client/ctl/import_lines.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/foreign_key.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VALUE_MAX 8192 /* bytes of one attribute's value */

/* Names of attributes, and the labels of ipa. */
static const char *const user_names[] = {"uid", "User login", "sAMAccountName"};
static const char *const mapping_names[] = {"ipaPassKey", "Passkey mapping", "passkey",
                                            "altSecurityIdentities"};

struct entry {
    size_t first;    /* of the items that it has, whose user is not known yet */
    char *user;      /* NULL: not yet */
    size_t user_row; /* of user_names, plus 1; 0: none */
};

static bool is_name(struct pk_view name, const char *const *names, size_t count, size_t *ret_row)
{
    for (size_t i = 0; i < count; i++)
        if (name.len == strlen(names[i]) &&
            strncasecmp((const char *)name.ptr, names[i], name.len) == 0) {
            *ret_row = i;
            return true;
        }
    return false;
}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum pk_status end_entry(struct entry *entry, struct import_items *items)
{
    enum pk_status status = PK_OK;

    for (size_t i = entry->first; i < items->count && status == PK_OK; i++)
        if (entry->user)
            status = pk_text_copy(entry->user, &items->items[i].user);
    free(entry->user);
    *entry = (struct entry){.first = items->count};
    return status;
}

static enum pk_status add_mapping(struct pk_view value, size_t line, struct import_items *items)
{
    PK_AUTO_FOREIGN_KEY struct pk_foreign_key key = {0};
    struct import_item *item;
    const char *why = "";
    enum pk_status status = pk_passkey_mapping_parse(value, &key, &why);

    if (status == PK_NO_MEMORY)
        return status;
    if (status != PK_OK)
        return import_items_refuse(items, IMPORT_BROKEN, line, why);
    status = import_items_add(items, IMPORT_CREDENTIAL, line, &item);
    return status == PK_OK ? import_copy(value, false, &item->data) : status;
}

/* Of "passkey:a,b, passkey:c,d", as ipa lists several: up to the blank behind a comma. */
static struct pk_view take_value(struct pk_view *rest)
{
    struct pk_view value = *rest;
    size_t len = 0;

    while (len < rest->len && rest->ptr[len] != ' ')
        len++;
    *rest = pk_text_trim((struct pk_view){rest->ptr + len, rest->len - len});
    value.len = len;
    while (value.len > 0 && value.ptr[value.len - 1] == ',')
        value.len--;
    return value;
}

/* Smart cards and ssh have values of their own in altSecurityIdentities. */
static enum pk_status take_mappings(struct pk_view values, size_t line, struct import_items *items)
{
    enum pk_status status = PK_OK;

    if (!pk_is_passkey_mapping(values))
        return import_items_refuse(items, IMPORT_SKIPPED, line,
                                   "the value is not a passkey's (passkey:...)");
    while (values.len > 0 && status == PK_OK)
        status = add_mapping(take_value(&values), line, items);
    return status;
}

static enum pk_status take_user(struct pk_view value, size_t row, struct entry *entry)
{
    /* The names come in any order; the first of the most telling one counts. */
    if (entry->user && entry->user_row <= row + 1)
        return PK_OK;
    free(entry->user);
    entry->user = NULL;
    entry->user_row = row + 1;
    return import_copy(value, true, &entry->user);
}

/* "name: value", or of LDIF "name:: base64". */
static enum pk_status take_attribute(struct pk_view line, size_t number, struct entry *entry,
                                     struct import_items *items)
{
    const uint8_t *colon = memchr(line.ptr, ':', line.len);
    struct pk_view name = {line.ptr, colon ? (size_t)(colon - line.ptr) : 0};
    struct pk_view value;
    PK_AUTO_BYTES struct pk_bytes decoded = {0};
    size_t row;
    bool user;

    if (!colon)
        return PK_OK; /* rules and counts that ipa prints */
    user = is_name(name, user_names, COUNT(user_names), &row);
    if (!user && !is_name(name, mapping_names, COUNT(mapping_names), &row))
        return PK_OK;
    value = (struct pk_view){colon + 1, line.len - name.len - 1};
    if (value.len > 0 && value.ptr[0] == ':') {
        enum pk_status status = pk_base64_decode(
            pk_text_trim((struct pk_view){value.ptr + 1, value.len - 1}), VALUE_MAX, &decoded);

        if (status == PK_NO_MEMORY)
            return status;
        if (status != PK_OK)
            return import_items_refuse(items, IMPORT_BROKEN, number, "the value is not base64");
        value = pk_view_of(&decoded);
    }
    value = pk_text_trim(value);
    if (value.len > 0 && memchr(value.ptr, 0, value.len))
        return import_items_refuse(items, IMPORT_BROKEN, number, "it is no text");
    return user ? take_user(value, row, entry) : take_mappings(value, number, items);
}

/* LDIF begins its entries with "dn:", where ipa puts blanks in front. */
static bool is_ldif(struct pk_view text)
{
    while (text.len > 0) {
        struct pk_view line = pk_text_take_line(&text);

        if (line.len >= 3 && strncasecmp((const char *)line.ptr, "dn:", 3) == 0)
            return true;
    }
    return false;
}

/* A line with those that continue it (RFC 2849, note 2), into buffer; *lines: how many there are.
 */
static struct pk_view unfold(struct pk_view *text, bool ldif, char *buffer, size_t *lines)
{
    struct pk_view line = pk_text_take_line(text);
    size_t len = 0;

    *lines = 1;
    while (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (!ldif || text->len == 0 || text->ptr[0] != ' ')
        return line;
    (void)memcpy(buffer, line.ptr, line.len);
    len = line.len;
    while (text->len > 0 && text->ptr[0] == ' ') {
        line = pk_text_take_line(text);
        while (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        (*lines)++;
        if (line.len > 1)
            (void)memcpy(buffer + len, line.ptr + 1, line.len - 1);
        len += line.len > 0 ? line.len - 1 : 0;
    }
    return (struct pk_view){(const uint8_t *)buffer, len};
}

static bool begins_entry(struct pk_view line)
{
    return line.len == 0 || (line.len >= 3 && strncasecmp((const char *)line.ptr, "dn:", 3) == 0);
}

static enum pk_status take_line(struct pk_view line, size_t number, struct entry *entry,
                                struct import_items *items)
{
    size_t row;
    const uint8_t *colon = line.len > 0 ? memchr(line.ptr, ':', line.len) : NULL;

    if (begins_entry(line))
        return end_entry(entry, items);
    if (line.ptr[0] == '#')
        return PK_OK;
    /* A mapping alone: its "passkey" is not the name of the attribute, but the value's own. */
    if (pk_is_passkey_mapping(line) && colon && colon + 1 < line.ptr + line.len &&
        colon[1] != ' ' && colon[1] != ':')
        return take_mappings(line, number, items);
    /* ipa user-find leaves no blank line before the next user's where it prints rules. */
    if (colon &&
        is_name((struct pk_view){line.ptr, (size_t)(colon - line.ptr)}, &user_names[1], 1, &row) &&
        entry->user) {
        enum pk_status status = end_entry(entry, items);

        if (status != PK_OK)
            return status;
    }
    return take_attribute(line, number, entry, items);
}

enum pk_status import_sssd_read(struct pk_view text, struct import_items *items)
{
    PK_AUTO_FREE char *buffer = malloc(text.len + 1);
    struct entry entry = {0};
    bool ldif = is_ldif(text);
    size_t number = 1, lines;
    enum pk_status status = buffer ? PK_OK : PK_NO_MEMORY;
    enum pk_status ended;

    for (; text.len > 0 && status == PK_OK; number += lines)
        status =
            take_line(pk_text_trim(unfold(&text, ldif, buffer, &lines)), number, &entry, items);
    ended = end_entry(&entry, items);
    return status == PK_OK ? ended : status;
}
