/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/message.h"

#include "common/base/limits.h"
#include "common/base/text.h"
#include "daemon/bus/descriptors.h"

#include <string.h>

#define MESSAGE_DEPTH_MAX 6
#define MESSAGE_ITEMS_MAX 1024
#define MESSAGE_FDS_MAX   4 /* copies, which may be of the same one */
#define MESSAGE_TEXT_MAX  (PK_JSON_MAX + 65536)

/* --- messages to values ----------------------------------------------------------------------- */

struct budget {
    size_t items;
    size_t text;
    size_t fds;
};

static bool read_value(DBusMessageIter *iter, struct value *parent, struct budget *budget,
                       unsigned depth);

static bool read_items(DBusMessageIter *iter, struct value *parent, struct budget *budget,
                       unsigned depth)
{
    while (dbus_message_iter_get_arg_type(iter) != DBUS_TYPE_INVALID) {
        if (!read_value(iter, parent, budget, depth))
            return false;
        dbus_message_iter_next(iter);
    }
    return true;
}

static bool read_container(DBusMessageIter *iter, int type, struct value *parent,
                           struct budget *budget, unsigned depth)
{
    DBusMessageIter inner;
    struct value *child;

    dbus_message_iter_recurse(iter, &inner);
    if (type == DBUS_TYPE_ARRAY) {
        char *signature = dbus_message_iter_get_signature(&inner);
        child = signature ? value_add_array(parent, signature) : NULL;
        dbus_free(signature);
    } else {
        child = value_add(parent, (char)type);
    }
    return child && depth > 0 && read_items(&inner, child, budget, depth - 1);
}

/* Only types that our methods use; any other one fails and is answered InvalidArguments. */
static bool read_value(DBusMessageIter *iter, struct value *parent, struct budget *budget,
                       unsigned depth)
{
    int type = dbus_message_iter_get_arg_type(iter);
    DBusBasicValue basic;
    size_t len;

    if (budget->items-- == 0)
        return false;
    switch (type) {
    case DBUS_TYPE_STRING:
    case DBUS_TYPE_OBJECT_PATH:
        dbus_message_iter_get_basic(iter, &basic);
        len = strlen(basic.str);
        if (len > budget->text)
            return false;
        budget->text -= len;
        value_add_text(parent, (char)type, basic.str);
        return true;
    case DBUS_TYPE_BOOLEAN:
        dbus_message_iter_get_basic(iter, &basic);
        value_add_number(parent, 'b', basic.bool_val != 0);
        return true;
    case DBUS_TYPE_UINT32:
        dbus_message_iter_get_basic(iter, &basic);
        value_add_number(parent, 'u', basic.u32);
        return true;
    case DBUS_TYPE_UINT64:
        dbus_message_iter_get_basic(iter, &basic);
        value_add_number(parent, 't', basic.u64);
        return true;
    case DBUS_TYPE_UNIX_FD:
        if (budget->fds-- == 0)
            return false;
        dbus_message_iter_get_basic(iter, &basic);
        descriptors_take(basic.fd);
        value_add_fd(parent, basic.fd);
        return basic.fd >= 0 && descriptor_is_welcome(basic.fd);
    case DBUS_TYPE_ARRAY:
    case DBUS_TYPE_VARIANT:
    case DBUS_TYPE_STRUCT:
    case DBUS_TYPE_DICT_ENTRY:
        /* The type codes of containers inside a message are r and e. */
        return read_container(iter, type, parent, budget, depth);
    default:
        return false;
    }
}

struct value message_read(DBusMessage *message)
{
    struct budget budget = {
        .items = MESSAGE_ITEMS_MAX, .text = MESSAGE_TEXT_MAX, .fds = MESSAGE_FDS_MAX};
    struct value body = value_body();
    DBusMessageIter iter;

    if (dbus_message_iter_init(message, &iter) &&
        !read_items(&iter, &body, &budget, MESSAGE_DEPTH_MAX)) {
        value_clear(&body);
        body = value_body();
        body.failed = true;
    }
    return body;
}

/* --- values to messages ----------------------------------------------------------------------- */

/* libdbus aborts the process on text that is not UTF-8, so all text is checked first. */
static bool write_text(DBusMessageIter *iter, int type, const char *text)
{
    return pk_utf8_valid(pk_view_string(text)) && dbus_message_iter_append_basic(iter, type, &text);
}

bool message_write_text(DBusMessage *message, const char *text)
{
    DBusMessageIter iter;

    dbus_message_iter_init_append(message, &iter);
    return write_text(&iter, DBUS_TYPE_STRING, text);
}

static bool write_items(DBusMessageIter *iter, const struct value *parent);

static bool write_container(DBusMessageIter *iter, const struct value *value, const char *signature)
{
    DBusMessageIter inner;

    return dbus_message_iter_open_container(iter, value->type, signature, &inner) &&
           write_items(&inner, value) && dbus_message_iter_close_container(iter, &inner);
}

static bool write_variant(DBusMessageIter *iter, const struct value *value)
{
    const struct value *content = &value->items[0];
    PK_AUTO_FREE char *signature =
        pk_text_format("%c%s", content->type, content->type == 'a' ? content->text : "");

    return signature && write_container(iter, value, signature);
}

static bool write_value(DBusMessageIter *iter, const struct value *value)
{
    DBusBasicValue basic = {0};

    switch (value->type) {
    case 's':
    case 'o':
        return write_text(iter, value->type, value->text);
    case 'b':
        basic.bool_val = value->number != 0;
        break;
    case 'u':
        basic.u32 = (uint32_t)value->number;
        break;
    case 'i':
        basic.i32 = (dbus_int32_t)value->number;
        break;
    case 't':
        basic.u64 = value->number;
        break;
    case 'h':
        basic.fd = value->fd;
        break;
    case 'a':
        return write_container(iter, value, value->text);
    case 'v':
        return write_variant(iter, value);
    default:
        return write_container(iter, value, NULL);
    }
    return dbus_message_iter_append_basic(iter, value->type, &basic);
}

static bool write_items(DBusMessageIter *iter, const struct value *parent)
{
    for (size_t i = 0; i < parent->count; i++)
        if (!write_value(iter, &parent->items[i]))
            return false;
    return true;
}

bool message_write(DBusMessage *message, const struct value *body)
{
    DBusMessageIter iter;

    dbus_message_iter_init_append(message, &iter);
    return !value_is_broken(body) && write_items(&iter, body);
}
