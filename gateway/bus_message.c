/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/bus_message.h"

#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/bus/message.h"
#include "common/bus/names.h"

#include <string.h>

/* --- arguments -------------------------------------------------------------------------------- */

static enum pk_status append_basic(DBusMessageIter *into, int type, const void *value)
{
    return dbus_message_iter_append_basic(into, type, value) ? PK_OK : PK_NO_MEMORY;
}

/* libdbus ends the process over a string that is no UTF-8. */
static enum pk_status append_string(DBusMessageIter *into, const char *text, size_t max)
{
    struct pk_view view = pk_view_string(text);

    if (view.len > max || !pk_utf8_valid(view))
        return PK_INVALID_ARGUMENT;
    return append_basic(into, DBUS_TYPE_STRING, &text);
}

static enum pk_status append_array(DBusMessageIter *variant, const json_t *value)
{
    DBusMessageIter array;
    enum pk_status status = PK_OK;
    size_t i;
    json_t *item;

    if (!dbus_message_iter_open_container(variant, DBUS_TYPE_ARRAY, "s", &array))
        return PK_NO_MEMORY;
    json_array_foreach(value, i, item)
    {
        if (!status)
            status = json_is_string(item)
                         ? append_string(&array, json_string_value(item), PK_BUS_TEXT_MAX)
                         : PK_INVALID_ARGUMENT;
    }
    return !dbus_message_iter_close_container(variant, &array) && !status ? PK_NO_MEMORY : status;
}

static const char *type_of(const json_t *value)
{
    if (json_is_string(value))
        return "s";
    if (json_is_boolean(value))
        return "b";
    if (json_is_array(value))
        return "as";
    if (json_is_integer(value) && json_integer_value(value) >= 0 &&
        json_integer_value(value) <= UINT32_MAX)
        return "u";
    return NULL;
}

static enum pk_status append_value(DBusMessageIter *entry, const json_t *value)
{
    const char *type = type_of(value);
    dbus_bool_t truth = json_is_true(value);
    dbus_uint32_t number = (dbus_uint32_t)json_integer_value(value);
    DBusMessageIter variant;
    enum pk_status status;

    if (!type)
        return PK_INVALID_ARGUMENT;
    if (!dbus_message_iter_open_container(entry, DBUS_TYPE_VARIANT, type, &variant))
        return PK_NO_MEMORY;
    switch (type[0]) {
    case 's':
        /* Tokens and data of transactions may be longer than names. */
        status = append_string(&variant, json_string_value(value), PK_JSON_MAX);
        break;
    case 'b':
        status = append_basic(&variant, DBUS_TYPE_BOOLEAN, &truth);
        break;
    case 'u':
        status = append_basic(&variant, DBUS_TYPE_UINT32, &number);
        break;
    default:
        status = append_array(&variant, value);
        break;
    }
    return !dbus_message_iter_close_container(entry, &variant) && !status ? PK_NO_MEMORY : status;
}

/* After a failure the message is half open; every caller throws it away. */
static enum pk_status append_options(DBusMessageIter *arguments, const json_t *options)
{
    DBusMessageIter dictionary, entry;
    const char *name;
    json_t *value;

    if (!dbus_message_iter_open_container(arguments, DBUS_TYPE_ARRAY, "{sv}", &dictionary))
        return PK_NO_MEMORY;
    json_object_foreach((json_t *)(uintptr_t)options, name, value)
    {
        enum pk_status status = PK_OK;

        if (json_is_null(value))
            continue;
        if (!dbus_message_iter_open_container(&dictionary, DBUS_TYPE_DICT_ENTRY, NULL, &entry))
            return PK_NO_MEMORY;
        status = append_string(&entry, name, PK_BUS_TEXT_MAX);
        if (!status)
            status = append_value(&entry, value);
        if (status)
            return status;
        if (!dbus_message_iter_close_container(&dictionary, &entry))
            return PK_NO_MEMORY;
    }
    return dbus_message_iter_close_container(arguments, &dictionary) ? PK_OK : PK_NO_MEMORY;
}

enum pk_status bus_message_write(const struct bus_call *call, DBusMessage **ret)
{
    PK_AUTO_MESSAGE DBusMessage *message =
        dbus_message_new_method_call(NULL, PK_BUS_PATH, PK_BUS_GATEWAY, call->member);
    DBusMessageIter arguments;
    enum pk_status status = PK_OK;

    if (!message)
        return PK_NO_MEMORY;
    dbus_message_iter_init_append(message, &arguments);
    for (size_t i = 0; call->strings[i] && !status; i++)
        status = append_string(&arguments, call->strings[i], PK_JSON_MAX);
    if (!status && call->options)
        status = append_options(&arguments, call->options);
    if (!status)
        *ret = pk_steal(message);
    return status;
}

/* --- results ---------------------------------------------------------------------------------- */

bool bus_message_read(DBusMessage *message, struct bus_reply *ret)
{
    DBusMessageIter arguments;
    size_t strings = 0;

    if (!dbus_message_iter_init(message, &arguments))
        return true;
    do {
        int type = dbus_message_iter_get_arg_type(&arguments);
        dbus_uint64_t number = 0;

        if (type == DBUS_TYPE_STRING && strings < BUS_RESULTS_MAX) {
            dbus_message_iter_get_basic(&arguments, &ret->strings[strings++]);
        } else if (type == DBUS_TYPE_UINT64) {
            dbus_message_iter_get_basic(&arguments, &number);
            ret->number = number;
        } else {
            return false;
        }
    } while (dbus_message_iter_next(&arguments));
    return true;
}
