/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/bus/message.h"

#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/bus/names.h"

#include <string.h>

static const struct {
    const char *name;
    enum pk_status status;
} errors[] = {
    {PK_BUS_ERROR_ACCESS_DENIED, PK_DENIED},
    {PK_BUS_ERROR_NOT_AUTHORIZED, PK_DENIED},
    {PK_BUS_ERROR_INVALID_ARGUMENTS, PK_INVALID_ARGUMENT},
    {PK_BUS_ERROR_UNKNOWN_USER, PK_UNKNOWN_USER},
    {PK_BUS_ERROR_UNKNOWN_RP, PK_CONFIG},
    {PK_BUS_ERROR_UNKNOWN_CREDENTIAL, PK_NOT_FOUND},
    {PK_BUS_ERROR_UNKNOWN_CONVERSATION, PK_PROTOCOL},
    {PK_BUS_ERROR_UNKNOWN_CHALLENGE, PK_CHALLENGE_UNKNOWN},
    {PK_BUS_ERROR_BUSY, PK_BUSY},
    {PK_BUS_ERROR_FINISHED, PK_PROTOCOL},
    {PK_BUS_ERROR_LIMIT_EXCEEDED, PK_LIMIT_EXCEEDED},
    {PK_BUS_ERROR_NO_CREDENTIALS, PK_NO_CREDENTIALS},
    {PK_BUS_ERROR_ALREADY_ENROLLED, PK_CREDENTIAL_EXCLUDED},
    {PK_BUS_ERROR_NAME_TAKEN, PK_NAME_TAKEN},
    {PK_BUS_ERROR_VERIFICATION_FAILED, PK_SIGNATURE_INVALID},
    {PK_BUS_ERROR_TICKET_INVALID, PK_TICKET_INVALID},
    {PK_BUS_ERROR_NOT_SIGNED_IN, PK_NOT_SIGNED_IN},
    {PK_BUS_ERROR_TOKEN_EXPIRED, PK_TOKEN_EXPIRED},
    {PK_BUS_ERROR_WRONG_TOKEN, PK_WRONG_TOKEN},
    {PK_BUS_ERROR_EXISTS, PK_EXISTS},
    {PK_BUS_ERROR_UNKNOWN_KEY, PK_NOT_FOUND},
    {PK_BUS_ERROR_STORAGE_FAILURE, PK_STORAGE},
    {PK_BUS_ERROR_UNAVAILABLE, PK_UNAVAILABLE},
    {PK_BUS_ERROR_INTERNAL, PK_INTERNAL},
    /* The bus's own, and libdbus's for a connection that is lost. */
    {DBUS_ERROR_NO_MEMORY, PK_NO_MEMORY},
    {DBUS_ERROR_LIMITS_EXCEEDED, PK_LIMIT_EXCEEDED},
    {DBUS_ERROR_ACCESS_DENIED, PK_DENIED},
    {DBUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, PK_DENIED},
    {DBUS_ERROR_NO_REPLY, PK_UNAVAILABLE},
    {DBUS_ERROR_DISCONNECTED, PK_UNAVAILABLE},
    {DBUS_ERROR_NAME_HAS_NO_OWNER, PK_UNAVAILABLE},
    {DBUS_ERROR_SERVICE_UNKNOWN, PK_UNAVAILABLE},
    {DBUS_ERROR_TIMED_OUT, PK_UNAVAILABLE},
    {DBUS_ERROR_TIMEOUT, PK_UNAVAILABLE},
};

enum pk_status pk_bus_error_status(const char *name)
{
    /* The errors of a failed activation share these prefixes. */
    static const char spawn[] = "org.freedesktop.DBus.Error.Spawn.";
    static const char systemd[] = "org.freedesktop.systemd1.";

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (strcmp(errors[i].name, name) == 0)
            return errors[i].status;
    if (strncmp(name, spawn, sizeof(spawn) - 1) == 0 ||
        strncmp(name, systemd, sizeof(systemd) - 1) == 0)
        return PK_UNAVAILABLE;
    return PK_PROTOCOL;
}

static bool string_valid(const char *string)
{
    struct pk_view text = pk_view_string(string);

    return text.len <= PK_BUS_TEXT_MAX && pk_utf8_valid(text);
}

enum pk_status pk_bus_append_strings(DBusMessage *message, const char *const *strings)
{
    for (; *strings; strings++) {
        if (!string_valid(*strings))
            return PK_INVALID_ARGUMENT;
        if (!dbus_message_append_args(message, DBUS_TYPE_STRING, strings, DBUS_TYPE_INVALID))
            return PK_NO_MEMORY;
    }
    return PK_OK;
}

static bool left_out(const struct pk_bus_member *member)
{
    return !member->type || (member->type == DBUS_TYPE_STRING && !member->string);
}

static bool append_value(DBusMessageIter *entry, const struct pk_bus_member *member)
{
    const char signature[] = {member->type, 0};
    dbus_bool_t truth = member->number != 0;
    const void *value = member->type == DBUS_TYPE_STRING    ? (const void *)&member->string
                        : member->type == DBUS_TYPE_BOOLEAN ? (const void *)&truth
                        : member->type == DBUS_TYPE_UNIX_FD ? (const void *)&member->fd
                                                            : (const void *)&member->number;
    DBusMessageIter variant;

    return dbus_message_iter_open_container(entry, DBUS_TYPE_VARIANT, signature, &variant) &&
           dbus_message_iter_append_basic(&variant, member->type, value) &&
           dbus_message_iter_close_container(entry, &variant);
}

static bool append_member(DBusMessageIter *dictionary, const struct pk_bus_member *member)
{
    DBusMessageIter entry;

    return dbus_message_iter_open_container(dictionary, DBUS_TYPE_DICT_ENTRY, NULL, &entry) &&
           dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &member->name) &&
           append_value(&entry, member) && dbus_message_iter_close_container(dictionary, &entry);
}

enum pk_status pk_bus_append_members(DBusMessage *message, const struct pk_bus_member *members,
                                     size_t count)
{
    DBusMessageIter arguments, dictionary;

    for (size_t i = 0; i < count; i++)
        if (!left_out(&members[i]) && members[i].type == DBUS_TYPE_STRING &&
            !string_valid(members[i].string))
            return PK_INVALID_ARGUMENT;
    dbus_message_iter_init_append(message, &arguments);
    if (!dbus_message_iter_open_container(&arguments, DBUS_TYPE_ARRAY, "{sv}", &dictionary))
        return PK_NO_MEMORY;
    /* After a failure the message is half open; every caller throws it away. */
    for (size_t i = 0; i < count; i++)
        if (!left_out(&members[i]) && !append_member(&dictionary, &members[i]))
            return PK_NO_MEMORY;
    return dbus_message_iter_close_container(&arguments, &dictionary) ? PK_OK : PK_NO_MEMORY;
}
