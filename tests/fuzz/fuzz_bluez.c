/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What comes from BlueZ over the bus. 'r': the rest is a message as it is on the wire, which
 * libdbus refuses where it is none. Anything else says of which values a message is built, so that
 * their types and their order, which libdbus does not judge, are never what was asked for.
 */
#include "common/hybrid/advert.h"
#include "common/hybrid/derive.h"
#include "phone/bluez.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEPTH_MAX 12
#define WIDTH_MAX 4 /* entries of one container */

#define MANAGER "org.freedesktop.DBus.ObjectManager"

/* ---- what is found ---- */

struct found {
    size_t adapters, gone, adverts, bytes;
};

static void found_adapter(void *data, const char *path, bool powered)
{
    struct found *found = data;

    if (path[0] != '/')
        abort();
    found->adapters += powered ? 2 : 1;
}

static void found_gone(void *data, const char *path)
{
    struct found *found = data;

    if (path[0] != '/')
        abort();
    found->gone++;
}

static void found_advert(void *data, struct pk_view service_data)
{
    static const uint8_t key[PK_HYBRID_EID_KEY_SIZE];
    PK_AUTO_ADVERT struct pk_hybrid_advert advert = {0};
    struct found *found = data;

    if (service_data.len == 0 || service_data.len > PK_HYBRID_ADVERT_MAX)
        abort();
    (void)!pk_hybrid_advert_open((struct pk_view){key, sizeof(key)}, service_data,
                                 PK_HYBRID_TUNNELS_DEFAULT, &advert);
    found->adverts++;
    for (size_t i = 0; i < service_data.len; i++)
        found->bytes += service_data.ptr[i];
}

static struct found find(DBusMessage *message)
{
    struct found found = {0};
    const struct bluez_finder finder = {found_adapter, found_gone, found_advert, &found};
    const char *owner = NULL;

    (void)bluez_read_list(message, &finder);
    bluez_read_signal(message, &finder);
    if (bluez_read_owner(message, &owner))
        found.bytes += strlen(owner);
    found.bytes += bluez_error(message);
    return found;
}

/* ---- a message that is built ---- */

struct source {
    const uint8_t *ptr;
    size_t left;
};

static unsigned take(struct source *source, unsigned limit)
{
    if (source->left == 0)
        return 0;
    source->left--;
    return *source->ptr++ % limit;
}

static const char *const names[] = {
    "org.bluez.Device1", "org.bluez.Adapter1", "ServiceData",         "Powered",  "",
    "Address",           PK_HYBRID_UUID_FIDO,  PK_HYBRID_UUID_GOOGLE, BLUEZ_NAME, ":1.1",
};
static const char *const paths[] = {
    "/",
    "/org/bluez/hci0",
    "/org/bluez/hci1",
    "/org/bluez/hci0/dev_C0_00_00_00_00_01",
};
#define PICK(source, list) (&(list)[take(source, sizeof(list) / sizeof((list)[0]))])

static void check(dbus_bool_t done)
{
    if (!done)
        abort();
}

static void append_text(DBusMessageIter *to, struct source *source)
{
    check(dbus_message_iter_append_basic(to, DBUS_TYPE_STRING, PICK(source, names)));
}

static void append_path(DBusMessageIter *to, struct source *source)
{
    check(dbus_message_iter_append_basic(to, DBUS_TYPE_OBJECT_PATH, PICK(source, paths)));
}

static void append_bytes(DBusMessageIter *to, struct source *source)
{
    DBusMessageIter array;
    size_t len = 2 * take(source, 256);
    const uint8_t *bytes = source->ptr;

    if (len > source->left)
        len = source->left;
    check(dbus_message_iter_open_container(to, DBUS_TYPE_ARRAY, "y", &array));
    if (len > 0)
        check(dbus_message_iter_append_fixed_array(&array, DBUS_TYPE_BYTE, &bytes, (int)len));
    check(dbus_message_iter_close_container(to, &array));
    source->ptr += len;
    source->left -= len;
}

/* What a dictionary's entry, or an array's element, has after its key. */
typedef void appender(DBusMessageIter *to, struct source *source, unsigned depth);

static void append_array(DBusMessageIter *to, struct source *source, const char *of,
                         appender *append, unsigned depth)
{
    unsigned count = depth < DEPTH_MAX ? take(source, WIDTH_MAX + 1) : 0;
    DBusMessageIter array;

    check(dbus_message_iter_open_container(to, DBUS_TYPE_ARRAY, of, &array));
    while (count-- > 0)
        append(&array, source, depth + 1);
    check(dbus_message_iter_close_container(to, &array));
}

static void append_entry(DBusMessageIter *to, struct source *source, bool by_path, appender *append,
                         unsigned depth)
{
    DBusMessageIter entry;

    check(dbus_message_iter_open_container(to, DBUS_TYPE_DICT_ENTRY, NULL, &entry));
    if (by_path)
        append_path(&entry, source);
    else
        append_text(&entry, source);
    append(&entry, source, depth);
    check(dbus_message_iter_close_container(to, &entry));
}

static appender append_variant;

static void append_property(DBusMessageIter *to, struct source *source, unsigned depth)
{
    append_entry(to, source, false, append_variant, depth);
}

static void append_properties(DBusMessageIter *to, struct source *source, unsigned depth)
{
    append_array(to, source, "{sv}", append_property, depth);
}

static void append_interface(DBusMessageIter *to, struct source *source, unsigned depth)
{
    append_entry(to, source, false, append_properties, depth);
}

static void append_interfaces(DBusMessageIter *to, struct source *source, unsigned depth)
{
    append_array(to, source, "{sa{sv}}", append_interface, depth);
}

static void append_object(DBusMessageIter *to, struct source *source, unsigned depth)
{
    append_entry(to, source, true, append_interfaces, depth);
}

static void append_of_path(DBusMessageIter *to, struct source *source, unsigned depth)
{
    append_entry(to, source, true, append_variant, depth);
}

static void append_name(DBusMessageIter *to, struct source *source, unsigned depth)
{
    (void)depth;
    append_text(to, source);
}

static void append_pair(DBusMessageIter *to, struct source *source, unsigned depth)
{
    append_entry(to, source, false, append_name, depth);
}

static void append_numbered(DBusMessageIter *to, struct source *source, unsigned depth)
{
    const dbus_uint32_t number = take(source, 256);
    DBusMessageIter entry;

    check(dbus_message_iter_open_container(to, DBUS_TYPE_DICT_ENTRY, NULL, &entry));
    check(dbus_message_iter_append_basic(&entry, DBUS_TYPE_UINT32, &number));
    append_variant(&entry, source, depth);
    check(dbus_message_iter_close_container(to, &entry));
}

static void append_struct(DBusMessageIter *to, struct source *source, unsigned depth)
{
    DBusMessageIter content;

    check(dbus_message_iter_open_container(to, DBUS_TYPE_STRUCT, NULL, &content));
    append_text(&content, source);
    append_variant(&content, source, depth + 1);
    check(dbus_message_iter_close_container(to, &content));
}

static void append_blob(DBusMessageIter *to, struct source *source, unsigned depth)
{
    (void)depth;
    append_bytes(to, source);
}

static void append_truth(DBusMessageIter *to, struct source *source, unsigned depth)
{
    const dbus_bool_t truth = take(source, 2) != 0;

    (void)depth;
    check(dbus_message_iter_append_basic(to, DBUS_TYPE_BOOLEAN, &truth));
}

static void append_number(DBusMessageIter *to, struct source *source, unsigned depth)
{
    const dbus_uint64_t number = take(source, 256);

    (void)depth;
    check(dbus_message_iter_append_basic(to, DBUS_TYPE_UINT64, &number));
}

/* What variants hold: a value, or an array of them. */
static const struct {
    const char *signature;
    const char *element; /* NULL: it is none */
    appender *append;
} contents[] = {
    {"a{sv}", "{sv}", append_property}, {"ay", NULL, append_blob},
    {"b", NULL, append_truth},          {"s", NULL, append_name},
    {"v", NULL, append_variant},        {"t", NULL, append_number},
    {"(sv)", NULL, append_struct},      {"a{ov}", "{ov}", append_of_path},
    {"a{ss}", "{ss}", append_pair},     {"as", "s", append_name},
    {"av", "v", append_variant},        {"aay", "ay", append_blob},
    {"at", "t", append_number},         {"a{sa{sv}}", "{sa{sv}}", append_interface},
    {"a{uv}", "{uv}", append_numbered},
};

static void append_variant(DBusMessageIter *to, struct source *source, unsigned depth)
{
    size_t kind = take(source, sizeof(contents) / sizeof(contents[0]));
    DBusMessageIter variant;

    if (depth >= DEPTH_MAX)
        kind = 1;
    check(dbus_message_iter_open_container(to, DBUS_TYPE_VARIANT, contents[kind].signature,
                                           &variant));
    if (contents[kind].element)
        append_array(&variant, source, contents[kind].element, contents[kind].append, depth + 1);
    else
        contents[kind].append(&variant, source, depth + 1);
    check(dbus_message_iter_close_container(to, &variant));
}

static DBusMessage *signal_of(const char *interface, const char *member, struct source *source)
{
    return dbus_message_new_signal(*PICK(source, paths), interface, member);
}

/* One of those that are listened for, with what its signature has to be. */
static DBusMessage *build(struct source *source)
{
    const unsigned kind = take(source, 6);
    DBusMessage *message = NULL;
    DBusMessageIter to;

    if (kind == 0)
        message = dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_RETURN);
    else if (kind == 1)
        message = signal_of(MANAGER, "InterfacesAdded", source);
    else if (kind == 2)
        message = signal_of(DBUS_INTERFACE_PROPERTIES, "PropertiesChanged", source);
    else if (kind == 3)
        message = signal_of(MANAGER, "InterfacesRemoved", source);
    else if (kind == 4)
        message = signal_of(DBUS_INTERFACE_DBUS, "NameOwnerChanged", source);
    else
        message = dbus_message_new(DBUS_MESSAGE_TYPE_ERROR);
    check(message != NULL);
    dbus_message_iter_init_append(message, &to);
    if (kind == 0) {
        check(dbus_message_set_reply_serial(message, 1));
        append_array(&to, source, "{oa{sa{sv}}}", append_object, 0);
    } else if (kind == 1 || kind == 3) {
        append_path(&to, source);
        if (kind == 1)
            append_interfaces(&to, source, 0);
        else
            append_array(&to, source, "s", append_name, 0);
    } else if (kind == 2) {
        append_text(&to, source);
        append_properties(&to, source, 0);
        append_array(&to, source, "s", append_name, 0);
    } else if (kind == 4) {
        check(dbus_message_set_sender(message, DBUS_SERVICE_DBUS));
        for (int i = 0; i < 3; i++)
            append_text(&to, source);
    } else {
        check(dbus_message_set_reply_serial(message, 1));
        check(dbus_message_set_error_name(message, take(source, 2) ? DBUS_ERROR_ACCESS_DENIED
                                                                   : "org.bluez.Error.NotReady"));
    }
    return message;
}

/* ---- the target ---- */

static DBusMessage *from_wire(const uint8_t *data, size_t size)
{
    DBusError error = DBUS_ERROR_INIT;
    DBusMessage *message = dbus_message_demarshal((const char *)data, (int)size, &error);

    dbus_error_free(&error);
    return message;
}

/* On the wire and back it is the same. */
static void compare(DBusMessage *message, struct found found)
{
    DBusMessage *again;
    struct found other;
    char *bytes = NULL;
    int len = 0;

    dbus_message_set_serial(message, 2);
    check(dbus_message_marshal(message, &bytes, &len));
    again = from_wire((const uint8_t *)bytes, (size_t)len);
    check(again != NULL);
    other = find(again);
    if (memcmp(&found, &other, sizeof(found)) != 0)
        abort();
    dbus_message_unref(again);
    dbus_free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = {data, size};
    DBusMessage *message;

    if (size > 0 && data[0] == 'r') {
        message = size > 1 ? from_wire(data + 1, size - 1) : NULL;
        if (message)
            (void)find(message);
    } else {
        message = build(&source);
        compare(message, find(message));
    }
    if (message)
        dbus_message_unref(message);
    return 0;
}
