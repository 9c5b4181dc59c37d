/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/import_lines.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/foreign_key.h"
#include "common/wire/sk.h"

#include <stdlib.h>
#include <string.h>

void import_items_clear(struct import_items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        free(items->items[i].user);
        free(items->items[i].data);
        free(items->items[i].rp_id);
    }
    free(items->items);
    *items = (struct import_items){0};
}

enum pk_status import_items_add(struct import_items *items, enum import_kind kind, size_t line,
                                struct import_item **ret)
{
    struct import_item *grown = reallocarray(items->items, items->count + 1, sizeof(*items->items));

    if (!grown)
        return PK_NO_MEMORY;
    items->items = grown;
    grown[items->count] = (struct import_item){.kind = kind, .line = line};
    *ret = &grown[items->count++];
    return PK_OK;
}

enum pk_status import_items_refuse(struct import_items *items, enum import_kind kind, size_t line,
                                   const char *why)
{
    struct import_item *item;
    enum pk_status status = import_items_add(items, kind, line, &item);

    if (status == PK_OK)
        item->why = why;
    return status;
}

enum pk_status import_copy(struct pk_view text, bool printable, char **ret)
{
    PK_AUTO_FREE char *copy = NULL;
    char *shown = NULL;

    *ret = NULL;
    if (text.len == 0 || memchr(text.ptr, 0, text.len) || !pk_utf8_valid(text))
        return PK_OK;
    copy = strndup((const char *)text.ptr, text.len);
    if (copy && printable) {
        shown = pk_text_printable(copy, text.len);
        if (!shown)
            return PK_NO_MEMORY;
        /* What would be shown otherwise than it is, is no name of anybody. */
        if (strcmp(shown, copy) == 0) {
            *ret = shown;
            return PK_OK;
        }
        free(shown);
        return PK_OK;
    }
    *ret = pk_steal(copy);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

static bool begins_with(struct pk_view text, const char *word)
{
    size_t len = strlen(word);

    return text.len >= len && memcmp(text.ptr, word, len) == 0;
}

/* --- pam_u2f ---------------------------------------------------------------------------------- */

/* What is before the colon, which *rest is cut behind. */
static struct pk_view take_field(struct pk_view *rest)
{
    const uint8_t *colon = rest->len > 0 ? memchr(rest->ptr, ':', rest->len) : NULL;
    struct pk_view field = {rest->ptr, colon ? (size_t)(colon - rest->ptr) : rest->len};

    *rest = colon ? (struct pk_view){colon + 1, rest->len - field.len - 1} : (struct pk_view){0};
    return field;
}

/* Why the credentials of a line are none, or NULL. */
static const char *check_credentials(struct pk_view rest)
{
    const char *why = "there is no credential behind the name";

    if (rest.len == 0)
        return why;
    while (rest.len > 0) {
        PK_AUTO_FOREIGN_KEY struct pk_foreign_key key = {0};

        if (pk_u2f_key_parse(take_field(&rest), &key, &why) != PK_OK)
            return why;
    }
    return NULL;
}

static enum pk_status add_credential(struct import_items *items, size_t line, const char *user,
                                     struct pk_view text)
{
    struct import_item *item;
    enum pk_status status = import_items_add(items, IMPORT_CREDENTIAL, line, &item);

    if (status == PK_OK)
        status = pk_text_copy(user, &item->user);
    return status == PK_OK ? import_copy(text, false, &item->data) : status;
}

/* pam_u2f goes by the last line of a user alone. */
static void supersede(struct import_items *items, const char *user)
{
    for (size_t i = 0; i < items->count; i++) {
        struct import_item *item = &items->items[i];

        if (item->kind != IMPORT_CREDENTIAL || strcmp(item->user, user) != 0)
            continue;
        item->kind = IMPORT_SKIPPED;
        item->why = "a later line of the same user takes its place, as for pam_u2f";
    }
}

static enum pk_status read_pam_u2f_line(struct pk_view line, size_t number,
                                        struct import_items *items)
{
    struct pk_view rest = line;
    PK_AUTO_FREE char *user = NULL;
    enum pk_status status = import_copy(take_field(&rest), true, &user);
    const char *why;

    if (status != PK_OK)
        return status;
    if (!user)
        return import_items_refuse(items, IMPORT_BROKEN, number,
                                   "there is no user's name before a colon");
    why = check_credentials(rest);
    supersede(items, user);
    if (why) {
        status = import_items_refuse(items, IMPORT_BROKEN, number, why);
        if (status == PK_OK)
            items->items[items->count - 1].user = pk_steal(user);
        return status;
    }
    while (rest.len > 0 && status == PK_OK)
        status = add_credential(items, number, user, take_field(&rest));
    return status;
}

/* --- ssh -------------------------------------------------------------------------------------- */

/* The options in front of a key (sshd(8), AUTHORIZED_KEYS FILE FORMAT): up to a blank that is not
 * between quotes. */
static struct pk_view take_options(struct pk_view *line)
{
    struct pk_view options = *line;
    bool quoted = false;
    size_t len = 0;

    for (; len < line->len && (quoted || (line->ptr[len] != ' ' && line->ptr[len] != '\t')); len++)
        if (line->ptr[len] == '\\' && len + 1 < line->len && line->ptr[len + 1] == '"')
            len++;
        else if (line->ptr[len] == '"')
            quoted = !quoted;
    options.len = len;
    *line = pk_text_trim((struct pk_view){line->ptr + len, line->len - len});
    return options;
}

/* Whether the option is among them; options' names are in any case. */
static bool has_option(struct pk_view options, const char *name)
{
    const size_t len = strlen(name);
    bool quoted = false, begins = true;

    for (size_t i = 0; i < options.len; i++) {
        if (begins && options.len - i >= len &&
            strncasecmp((const char *)options.ptr + i, name, len) == 0 &&
            (options.len - i == len || strchr(",=", options.ptr[i + len])))
            return true;
        if (options.ptr[i] == '\\' && i + 1 < options.len && options.ptr[i + 1] == '"')
            i++;
        else if (options.ptr[i] == '"')
            quoted = !quoted;
        begins = !quoted && options.ptr[i] == ',';
    }
    return false;
}

static bool begins_with_type(struct pk_view line)
{
    return begins_with(line, "sk-") || begins_with(line, "ssh-") || begins_with(line, "ecdsa-") ||
           begins_with(line, "webauthn-");
}

static const char *explain_key(enum pk_status status)
{
    return status == PK_UNSUPPORTED ? "it is not the key of a security key; \"ssh-keygen -t "
                                      "ed25519-sk\" makes one"
                                    : "it is not the public key of an OpenSSH security key";
}

/*
 * A .pub file has the key at the beginning. The options restrict what ssh lets the key do: those
 * that say how the key is to be used, or for how long, count here too.
 */
static enum pk_status read_ssh_line(struct pk_view line, size_t number, struct import_items *items)
{
    struct pk_view options = {0};
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    PK_AUTO_FREE char *comment = NULL;
    struct import_item *item;
    struct pk_sk_key key;
    enum pk_status status;

    if (!begins_with_type(line))
        options = take_options(&line);
    if (has_option(options, "cert-authority"))
        return import_items_refuse(items, IMPORT_SKIPPED, number,
                                   "it is the key of an authority, and nobody's own");
    if (has_option(options, "expiry-time"))
        return import_items_refuse(items, IMPORT_SKIPPED, number,
                                   "it has an end (expiry-time), which a passkey has not");
    status = pk_sk_public_line_parse(line, &key, &blob, &comment);
    if (status == PK_NO_MEMORY)
        return status;
    if (status != PK_OK)
        return import_items_refuse(items, status == PK_UNSUPPORTED ? IMPORT_SKIPPED : IMPORT_BROKEN,
                                   number, explain_key(status));
    status = import_items_add(items, IMPORT_CREDENTIAL, number, &item);
    if (status != PK_OK)
        return status;
    item->verification = has_option(options, "verify-required");
    if (options.len > 0)
        item->why = "its options for ssh are not kept, except verify-required";
    /* The comment behind a key may be in any encoding; the bus carries UTF-8 only. */
    item->data = pk_text_format("%.*s", (int)line.len, (const char *)line.ptr);
    if (item->data) {
        char *shown = pk_text_printable(item->data, line.len);

        free(item->data);
        item->data = shown;
    }
    return item->data ? PK_OK : PK_NO_MEMORY;
}

/* --- files ------------------------------------------------------------------------------------ */

static enum pk_status read_lines(struct pk_view text, struct import_items *items,
                                 enum pk_status (*read)(struct pk_view line, size_t number,
                                                        struct import_items *items))
{
    enum pk_status status = PK_OK;

    for (size_t number = 1; text.len > 0 && status == PK_OK; number++) {
        struct pk_view line = pk_text_trim(pk_text_take_line(&text));

        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        status = memchr(line.ptr, 0, line.len)
                     ? import_items_refuse(items, IMPORT_BROKEN, number, "it is no text")
                     : read(line, number, items);
    }
    return status;
}

enum pk_status import_lines_read(enum import_format format, struct pk_view text,
                                 struct import_items *ret)
{
    AUTO_IMPORT_ITEMS struct import_items items = {0};
    enum pk_status status;

    if (begins_with(text, "\xef\xbb\xbf"))
        text = (struct pk_view){text.ptr + 3, text.len - 3};
    if (format == IMPORT_PAM_U2F && import_is_openssh(text))
        status = import_openssh_read(text, &items);
    else if (format == IMPORT_SSSD)
        status = import_sssd_read(text, &items);
    else
        status = read_lines(text, &items, format == IMPORT_SSH ? read_ssh_line : read_pam_u2f_line);
    if (status != PK_OK)
        return status;
    *ret = items;
    items = (struct import_items){0};
    return PK_OK;
}
