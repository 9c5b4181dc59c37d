/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone/bluez.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/hybrid/advert.h"

#include <string.h>

#define SYSTEM_BUS     "unix:path=/run/dbus/system_bus_socket"
#define ADAPTER        "org.bluez.Adapter1"
#define DEVICE         "org.bluez.Device1"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

static void unref_message(DBusMessage **message)
{
    if (*message)
        dbus_message_unref(*message);
}
#define AUTO_MESSAGE __attribute__((cleanup(unref_message)))

/* ---- what is said ---- */

DBusConnection *bluez_connect(const char *address)
{
    DBusConnection *connection =
        dbus_connection_open_private(*address ? address : SYSTEM_BUS, NULL);

    if (!connection)
        return NULL;
    dbus_connection_set_exit_on_disconnect(connection, FALSE);
    dbus_connection_set_max_message_size(connection, PK_BUS_MESSAGE_MAX);
    dbus_connection_set_max_received_size(connection, PK_BUS_MESSAGE_MAX);
    /* Any program may send some, which are of no use: no more than of one message are open. */
    dbus_connection_set_max_received_unix_fds(connection, 1);
    if (!dbus_bus_register(connection, NULL)) {
        dbus_connection_close(connection);
        dbus_connection_unref(connection);
        return NULL;
    }
    return connection;
}

static dbus_uint32_t send_call(DBusConnection *connection, DBusMessage *call)
{
    dbus_uint32_t serial = 0;

    /* Who has switched Bluetooth off does not want it started for a sign-in. */
    dbus_message_set_auto_start(call, FALSE);
    return dbus_connection_send(connection, call, &serial) ? serial : 0;
}

static bool add_match(DBusConnection *connection, const char *rule)
{
    AUTO_MESSAGE DBusMessage *call = dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS,
                                                                  DBUS_INTERFACE_DBUS, "AddMatch");

    if (!call || !dbus_message_append_args(call, DBUS_TYPE_STRING, &rule, DBUS_TYPE_INVALID))
        return false;
    dbus_message_set_no_reply(call, TRUE);
    return send_call(connection, call) != 0;
}

bool bluez_subscribe(DBusConnection *connection)
{
#define FROM_BLUEZ "type='signal',sender='" BLUEZ_NAME "',"
    static const char *const rules[] = {
        FROM_BLUEZ "interface='" OBJECT_MANAGER "',member='InterfacesAdded'",
        FROM_BLUEZ "interface='" OBJECT_MANAGER "',member='InterfacesRemoved'",
        FROM_BLUEZ "interface='" DBUS_INTERFACE_PROPERTIES "',member='PropertiesChanged',"
                   "path_namespace='/org/bluez',arg0='" DEVICE "'",
        FROM_BLUEZ "interface='" DBUS_INTERFACE_PROPERTIES "',member='PropertiesChanged',"
                   "path_namespace='/org/bluez',arg0='" ADAPTER "'",
        "type='signal',sender='" DBUS_SERVICE_DBUS "',interface='" DBUS_INTERFACE_DBUS
        "',member='NameOwnerChanged',arg0='" BLUEZ_NAME "'",
    };
#undef FROM_BLUEZ

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (!add_match(connection, rules[i]))
            return false;
    }
    return true;
}

dbus_uint32_t bluez_list(DBusConnection *connection)
{
    AUTO_MESSAGE DBusMessage *call =
        dbus_message_new_method_call(BLUEZ_NAME, "/", OBJECT_MANAGER, "GetManagedObjects");

    return call ? send_call(connection, call) : 0;
}

static bool append_entry(DBusMessageIter *entries, const char *key, const char *signature, int type,
                         const void *value)
{
    DBusMessageIter entry, variant;

    return dbus_message_iter_open_container(entries, DBUS_TYPE_DICT_ENTRY, NULL, &entry) &&
           dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &key) &&
           dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, signature, &variant) &&
           dbus_message_iter_append_basic(&variant, type, value) &&
           dbus_message_iter_close_container(&entry, &variant) &&
           dbus_message_iter_close_container(entries, &entry);
}

/*
 * Without a filter bluetoothd passes on no advert of what is not discoverable, and one that names
 * the transport alone counts as none; with UUIDs it would compare with a list that phones leave
 * out.
 */
dbus_uint32_t bluez_filter(DBusConnection *connection, const char *adapter)
{
    AUTO_MESSAGE DBusMessage *call =
        dbus_message_new_method_call(BLUEZ_NAME, adapter, ADAPTER, "SetDiscoveryFilter");
    const char *transport = "le";
    const dbus_bool_t duplicates = TRUE;
    DBusMessageIter arguments, entries;

    if (!call)
        return 0;
    dbus_message_iter_init_append(call, &arguments);
    if (!dbus_message_iter_open_container(&arguments, DBUS_TYPE_ARRAY, "{sv}", &entries) ||
        !append_entry(&entries, "Transport", "s", DBUS_TYPE_STRING, &transport) ||
        !append_entry(&entries, "DuplicateData", "b", DBUS_TYPE_BOOLEAN, &duplicates) ||
        !dbus_message_iter_close_container(&arguments, &entries))
        return 0;
    return send_call(connection, call);
}

static dbus_uint32_t call_adapter(DBusConnection *connection, const char *adapter,
                                  const char *method)
{
    AUTO_MESSAGE DBusMessage *call =
        dbus_message_new_method_call(BLUEZ_NAME, adapter, ADAPTER, method);

    return call ? send_call(connection, call) : 0;
}

dbus_uint32_t bluez_start(DBusConnection *connection, const char *adapter)
{
    return call_adapter(connection, adapter, "StartDiscovery");
}

dbus_uint32_t bluez_stop(DBusConnection *connection, const char *adapter)
{
    return call_adapter(connection, adapter, "StopDiscovery");
}

/* ---- what is heard ---- */

/* The next entry of a dictionary whose keys are text or paths: its key, and its value. */
static bool next_entry(DBusMessageIter *entries, const char **ret_key, DBusMessageIter *ret_value)
{
    DBusMessageIter entry;
    int type;

    if (dbus_message_iter_get_arg_type(entries) != DBUS_TYPE_DICT_ENTRY)
        return false;
    dbus_message_iter_recurse(entries, &entry);
    type = dbus_message_iter_get_arg_type(&entry);
    if (type != DBUS_TYPE_STRING && type != DBUS_TYPE_OBJECT_PATH)
        return false;
    dbus_message_iter_get_basic(&entry, ret_key);
    if (!dbus_message_iter_next(&entry))
        return false;
    *ret_value = entry;
    (void)dbus_message_iter_next(entries);
    return true;
}

/* What a variant holds, if that has the type. */
static bool open_variant(DBusMessageIter *value, int type, DBusMessageIter *ret)
{
    if (dbus_message_iter_get_arg_type(value) != DBUS_TYPE_VARIANT)
        return false;
    dbus_message_iter_recurse(value, ret);
    return dbus_message_iter_get_arg_type(ret) == type;
}

static bool open_array(DBusMessageIter *value, DBusMessageIter *ret)
{
    if (dbus_message_iter_get_arg_type(value) != DBUS_TYPE_ARRAY)
        return false;
    dbus_message_iter_recurse(value, ret);
    return true;
}

static void read_service_data(DBusMessageIter *value, const struct bluez_finder *finder)
{
    DBusMessageIter array, entries, each, bytes;
    const char *uuid;

    if (!open_variant(value, DBUS_TYPE_ARRAY, &array) || !open_array(&array, &entries))
        return;
    while (next_entry(&entries, &uuid, &each)) {
        const uint8_t *data = NULL;
        int len = 0;

        if (strcmp(uuid, PK_HYBRID_UUID_FIDO) != 0 && strcmp(uuid, PK_HYBRID_UUID_GOOGLE) != 0)
            continue;
        if (!open_variant(&each, DBUS_TYPE_ARRAY, &bytes) ||
            dbus_message_iter_get_element_type(&bytes) != DBUS_TYPE_BYTE)
            continue;
        dbus_message_iter_recurse(&bytes, &array);
        dbus_message_iter_get_fixed_array(&array, &data, &len);
        if (data && len > 0 && len <= PK_HYBRID_ADVERT_MAX)
            finder->advert(finder->data, (struct pk_view){data, (size_t)len});
    }
}

/* Properties of one interface of an object. all: those that are not there are off. */
static void read_properties(const char *path, const char *interface, DBusMessageIter *value,
                            bool all, const struct bluez_finder *finder)
{
    const bool adapter = strcmp(interface, ADAPTER) == 0;
    dbus_bool_t powered = FALSE;
    bool said = all;
    DBusMessageIter entries, each, content;
    const char *name;

    if ((!adapter && strcmp(interface, DEVICE) != 0) || !open_array(value, &entries))
        return;
    while (next_entry(&entries, &name, &each)) {
        if (adapter && strcmp(name, "Powered") == 0 &&
            open_variant(&each, DBUS_TYPE_BOOLEAN, &content)) {
            dbus_message_iter_get_basic(&content, &powered);
            said = true;
        } else if (!adapter && strcmp(name, "ServiceData") == 0) {
            read_service_data(&each, finder);
        }
    }
    if (adapter && said)
        finder->adapter(finder->data, path, powered);
}

static void read_interfaces(const char *path, DBusMessageIter *value,
                            const struct bluez_finder *finder)
{
    DBusMessageIter entries, each;
    const char *interface;

    if (!open_array(value, &entries))
        return;
    while (next_entry(&entries, &interface, &each))
        read_properties(path, interface, &each, true, finder);
}

bool bluez_read_list(DBusMessage *reply, const struct bluez_finder *finder)
{
    DBusMessageIter arguments, entries, each;
    const char *path;

    if (!dbus_message_has_signature(reply, "a{oa{sa{sv}}}") ||
        !dbus_message_iter_init(reply, &arguments) || !open_array(&arguments, &entries))
        return false;
    while (next_entry(&entries, &path, &each))
        read_interfaces(path, &each, finder);
    return true;
}

static void read_removed(DBusMessage *signal, const struct bluez_finder *finder)
{
    char **interfaces = NULL;
    const char *path = NULL;
    int count = 0;

    if (!dbus_message_get_args(signal, NULL, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_ARRAY,
                               DBUS_TYPE_STRING, &interfaces, &count, DBUS_TYPE_INVALID))
        return;
    for (int i = 0; i < count; i++) {
        if (strcmp(interfaces[i], ADAPTER) == 0)
            finder->gone(finder->data, path);
    }
    dbus_free_string_array(interfaces);
}

void bluez_read_signal(DBusMessage *signal, const struct bluez_finder *finder)
{
    DBusMessageIter arguments;
    const char *text = NULL;

    if (dbus_message_is_signal(signal, OBJECT_MANAGER, "InterfacesRemoved")) {
        read_removed(signal, finder);
        return;
    }
    if (!dbus_message_iter_init(signal, &arguments))
        return;
    if (dbus_message_is_signal(signal, OBJECT_MANAGER, "InterfacesAdded") &&
        dbus_message_has_signature(signal, "oa{sa{sv}}")) {
        dbus_message_iter_get_basic(&arguments, &text);
        (void)dbus_message_iter_next(&arguments);
        read_interfaces(text, &arguments, finder);
    } else if (dbus_message_is_signal(signal, DBUS_INTERFACE_PROPERTIES, "PropertiesChanged") &&
               dbus_message_has_signature(signal, "sa{sv}as") && dbus_message_get_path(signal)) {
        dbus_message_iter_get_basic(&arguments, &text);
        (void)dbus_message_iter_next(&arguments);
        read_properties(dbus_message_get_path(signal), text, &arguments, false, finder);
    }
}

bool bluez_read_owner(DBusMessage *signal, const char **ret)
{
    const char *name = NULL, *before = NULL, *now = NULL;

    if (!dbus_message_is_signal(signal, DBUS_INTERFACE_DBUS, "NameOwnerChanged") ||
        !dbus_message_has_sender(signal, DBUS_SERVICE_DBUS) ||
        !dbus_message_get_args(signal, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &before,
                               DBUS_TYPE_STRING, &now, DBUS_TYPE_INVALID) ||
        strcmp(name, BLUEZ_NAME) != 0)
        return false;
    *ret = now;
    return true;
}

enum pk_status bluez_error(DBusMessage *error)
{
    static const struct {
        const char *name;
        enum pk_status status;
    } errors[] = {
        {"org.bluez.Error.InProgress", PK_OK}, /* of this connection: a start that is late */
        {"org.bluez.Error.NotReady", PK_PHONE_ADAPTER_OFF},
        {"org.bluez.Error.NotAuthorized", PK_PHONE_NO_RIGHT},
        {"org.bluez.Error.NotPermitted", PK_PHONE_NO_RIGHT},
        {DBUS_ERROR_ACCESS_DENIED, PK_PHONE_NO_RIGHT},
        {DBUS_ERROR_AUTH_FAILED, PK_PHONE_NO_RIGHT},
    };
    const char *name = dbus_message_get_error_name(error);

    for (size_t i = 0; name && i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (strcmp(name, errors[i].name) == 0)
            return errors[i].status;
    }
    return PK_PHONE_NO_ADAPTER;
}
