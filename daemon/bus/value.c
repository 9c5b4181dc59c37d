/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/value.h"

#include "common/base/limits.h"
#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_KEY_MAX 64 /* bytes of a caller's text that are repeated in an error */

void value_clear(struct value *value)
{
    for (size_t i = 0; i < value->count; i++)
        value_clear(&value->items[i]);
    free(value->items);
    free(value->text);
    if (value->type == 'h' && value->fd >= 0)
        (void)close(value->fd);
    *value = (struct value){.fd = -1};
}

struct value *value_add(struct value *parent, char type)
{
    struct value *items;

    if (!parent)
        return NULL;
    /*
     * The capacity doubles (1, 2, 4, …), so that building a long array does not copy it for each
     * item.
     */
    if ((parent->count & (parent->count - 1)) == 0) {
        items = reallocarray(parent->items, parent->count ? parent->count * 2 : 1, sizeof(*items));
        if (!items) {
            parent->failed = true;
            return NULL;
        }
        parent->items = items;
    }
    parent->items[parent->count] = (struct value){.type = type, .fd = -1};
    return &parent->items[parent->count++];
}

void value_add_text(struct value *parent, char type, const char *text)
{
    struct value *child = value_add(parent, type);

    if (!child)
        return;
    child->text = strdup(text);
    if (!child->text)
        child->failed = true;
}

void value_add_number(struct value *parent, char type, uint64_t number)
{
    struct value *child = value_add(parent, type);

    if (child)
        child->number = number;
}

void value_add_fd(struct value *parent, int fd)
{
    struct value *child = value_add(parent, 'h');

    if (child)
        child->fd = fd;
    else
        (void)close(fd);
}

struct value *value_add_array(struct value *parent, const char *element)
{
    struct value *child = value_add(parent, 'a');

    if (!child)
        return NULL;
    child->text = strdup(element);
    if (!child->text)
        child->failed = true;
    return child;
}

static struct value *add_entry(struct value *dict, const char *key)
{
    struct value *entry = value_add(dict, 'e');

    value_add_text(entry, 's', key);
    return value_add(entry, 'v');
}

void value_dict_text(struct value *dict, const char *key, const char *text)
{
    value_add_text(add_entry(dict, key), 's', text);
}

void value_dict_number(struct value *dict, const char *key, char type, uint64_t number)
{
    value_add_number(add_entry(dict, key), type, number);
}

bool value_is_broken(const struct value *value)
{
    if (value->failed)
        return true;
    for (size_t i = 0; i < value->count; i++)
        if (value_is_broken(&value->items[i]))
            return true;
    return false;
}

/* Key and content of an entry of an a{sv}. */
static const char *entry_key(const struct value *entry)
{
    return entry->items[0].text;
}

static struct value *entry_content(const struct value *entry)
{
    return &entry->items[1].items[0];
}

struct value *value_find(const struct value *dict, const char *key)
{
    for (size_t i = 0; dict && i < dict->count; i++)
        if (strcmp(entry_key(&dict->items[i]), key) == 0)
            return entry_content(&dict->items[i]);
    return NULL;
}

const char *value_find_text(const struct value *dict, const char *key, const char *fallback)
{
    const struct value *found = value_find(dict, key);

    return found && found->type == 's' ? found->text : fallback;
}

uint32_t value_find_number(const struct value *dict, const char *key)
{
    const struct value *found = value_find(dict, key);

    return found ? (uint32_t)found->number : 0;
}

int value_take_fd(struct value *value)
{
    int fd = value->fd;

    value->fd = -1;
    return value->type == 'h' ? fd : -1;
}

static bool has_type(const struct value *value, const char *type)
{
    if (value->type != type[0])
        return false;
    return type[0] != 'a' || strcmp(value->text, type + 1) == 0;
}

static bool is_within_size(const struct value *value, size_t max)
{
    if (value->type == 's')
        return strlen(value->text) <= max;
    for (size_t i = 0; i < value->count; i++)
        if (!is_within_size(&value->items[i], max))
            return false;
    return true;
}

static enum pk_status check_member(const struct value *entry, const struct member *members,
                                   size_t count, char **ret_why)
{
    const struct value *content = entry_content(entry);
    PK_AUTO_FREE char *shown = NULL;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(members[i].name, entry_key(entry)) != 0)
            continue;
        if (!has_type(content, members[i].type)) {
            *ret_why =
                pk_text_format("\"%s\" must be of type %s", members[i].name, members[i].type);
            return PK_INVALID_INPUT;
        }
        if (!is_within_size(content, members[i].max ? members[i].max : PK_BUS_TEXT_MAX)) {
            *ret_why = pk_text_format("\"%s\" is too long: %zu bytes are allowed", members[i].name,
                                      members[i].max ? members[i].max : PK_BUS_TEXT_MAX);
            return PK_INVALID_INPUT;
        }
        return PK_OK;
    }
    /* Cut between characters: libdbus rejects text that ends within one. */
    shown = pk_text_printable(entry_key(entry), SHOWN_KEY_MAX);
    *ret_why = pk_text_format("\"%s\" is not a known member", shown ? shown : "");
    return PK_INVALID_INPUT;
}

enum pk_status value_check(const struct value *dict, const struct member *members, size_t count,
                           char **ret_why)
{
    for (size_t i = 0; i < dict->count; i++) {
        if (i >= count ||
            value_find(dict, entry_key(&dict->items[i])) != entry_content(&dict->items[i])) {
            *ret_why = pk_text_format("too many members or one given twice");
            return PK_INVALID_INPUT;
        }
        enum pk_status status = check_member(&dict->items[i], members, count, ret_why);
        if (status)
            return status;
    }
    return PK_OK;
}
