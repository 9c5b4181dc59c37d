/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/methods.h"

#include "common/base/log.h"
#include "common/base/writer.h"
#include "common/bus/names.h"
#include "daemon/bus/gateway_user.h"
#include "daemon/bus/polkit.h"
#include "daemon/bus/request.h"

#include <string.h>

#define INTROSPECTABLE "org.freedesktop.DBus.Introspectable"
#define PROPERTIES     "org.freedesktop.DBus.Properties"
#define XML_MAX        65536

static bool is_conversation_path(const char *path)
{
    return strncmp(path, PK_BUS_CONVERSATION_PREFIX, strlen(PK_BUS_CONVERSATION_PREFIX)) == 0;
}

/* --- introspection ---------------------------------------------------------------------------- */

static void put(struct pk_writer *writer, const char *text)
{
    pk_writer_put(writer, pk_view_string(text));
}

/* The length of the first complete type of a signature without structures. */
static size_t complete_type(const char *signature)
{
    size_t len = strspn(signature, "a");

    if (signature[len] == '{')
        return (size_t)(strchr(signature, '}') - signature) + 1;
    return signature[len] ? len + 1 : len;
}

static void put_arguments(struct pk_writer *writer, const char *signature, const char *names,
                          const char *direction)
{
    while (*signature && *names) {
        size_t type_len = complete_type(signature);
        size_t name_len = strcspn(names, ",");

        put(writer, "      <arg name=\"");
        pk_writer_put(writer, (struct pk_view){(const uint8_t *)names, name_len});
        put(writer, "\" type=\"");
        pk_writer_put(writer, (struct pk_view){(const uint8_t *)signature, type_len});
        put(writer, "\" direction=\"");
        put(writer, direction);
        put(writer, "\"/>\n");
        signature += type_len;
        names += name_len + (names[name_len] == ',');
    }
}

static void put_interface(struct pk_writer *writer, const char *interface)
{
    put(writer, "  <interface name=\"");
    put(writer, interface);
    put(writer, "\">\n");
    for (size_t i = 0; i < method_count; i++) {
        const struct method *method = &methods[i];

        if (strcmp(method->interface, interface) != 0)
            continue;
        put(writer, "    <method name=\"");
        put(writer, method->name);
        put(writer, "\">\n");
        put_arguments(writer, method->in, method->in_names, "in");
        put_arguments(writer, method->out, method->out_names, "out");
        put(writer, "    </method>\n");
    }
    for (size_t i = 0; i < property_count; i++) {
        if (strcmp(properties[i].interface, interface) != 0)
            continue;
        put(writer, "    <property name=\"");
        put(writer, properties[i].name);
        put(writer, "\" type=\"");
        put(writer, properties[i].type);
        put(writer, "\" access=\"read\"/>\n");
    }
    put(writer, "  </interface>\n");
}

/* Every interface of the table once, in its order. */
static void put_interfaces(struct pk_writer *writer, unsigned flag)
{
    const char *last = "";

    for (size_t i = 0; i < method_count; i++) {
        if ((methods[i].flags & METHOD_CONVERSATION) != flag ||
            strcmp(methods[i].interface, last) == 0)
            continue;
        last = methods[i].interface;
        put_interface(writer, last);
    }
}

char *methods_introspect(bool conversation)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(XML_MAX);
    struct pk_bytes xml = {0};

    put(&writer,
        "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
        " \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n<node>\n"
        "  <interface name=\"" INTROSPECTABLE "\">\n"
        "    <method name=\"Introspect\">\n"
        "      <arg name=\"xml\" type=\"s\" direction=\"out\"/>\n"
        "    </method>\n  </interface>\n");
    if (!conversation)
        put(&writer, "  <interface name=\"" PROPERTIES "\">\n"
                     "    <method name=\"Get\">\n"
                     "      <arg name=\"interface\" type=\"s\" direction=\"in\"/>\n"
                     "      <arg name=\"property\" type=\"s\" direction=\"in\"/>\n"
                     "      <arg name=\"value\" type=\"v\" direction=\"out\"/>\n"
                     "    </method>\n"
                     "    <method name=\"GetAll\">\n"
                     "      <arg name=\"interface\" type=\"s\" direction=\"in\"/>\n"
                     "      <arg name=\"values\" type=\"a{sv}\" direction=\"out\"/>\n"
                     "    </method>\n  </interface>\n");
    put_interfaces(&writer, conversation ? METHOD_CONVERSATION : 0);
    put(&writer, "</node>\n");
    pk_writer_u8(&writer, 0);
    if (pk_writer_finish(&writer, &xml))
        return NULL;
    return (char *)xml.data;
}

static void answer_introspect(struct call *call)
{
    bool served_path = strcmp(call->path, PK_BUS_PATH) == 0 || is_conversation_path(call->path);
    PK_AUTO_FREE char *xml = NULL;
    struct value result = value_body();

    if (!served_path) /* an ancestor of our object, or an unknown path */
        xml = strdup(strcmp(call->path, "/") == 0      ? "<node><node name=\"org\"/></node>\n"
                     : strcmp(call->path, "/org") == 0 ? "<node><node name=\"passkeyd\"/></node>\n"
                                                       : "<node/>\n");
    else
        xml = methods_introspect(is_conversation_path(call->path));
    value_add_text(&result, 's', xml ? xml : "<node/>");
    call_reply(call, &result);
}

/* --- properties ------------------------------------------------------------------------------- */

static void answer_get(struct daemon *daemon, struct call *call)
{
    for (size_t i = 0; i < property_count; i++) {
        struct value result = value_body();

        if (strcmp(properties[i].interface, call->arguments.items[0].text) != 0 ||
            strcmp(properties[i].name, call->arguments.items[1].text) != 0)
            continue;
        properties[i].get(daemon, value_add(&result, 'v'));
        call_reply(call, &result);
        return;
    }
    call_fail_standard(call, "UnknownProperty", "no such property");
}

static void answer_get_all(struct daemon *daemon, struct call *call)
{
    struct value result = value_body();
    struct value *dict = value_add_array(&result, "{sv}");

    for (size_t i = 0; i < property_count; i++) {
        struct value *entry;

        if (strcmp(properties[i].interface, call->arguments.items[0].text) != 0)
            continue;
        entry = value_add(dict, 'e');
        value_add_text(entry, 's', properties[i].name);
        properties[i].get(daemon, value_add(entry, 'v'));
    }
    call_reply(call, &result);
}

static void dispatch_properties(struct daemon *daemon, struct call *call)
{
    bool get = strcmp(call->member, "Get") == 0;

    if (!get && strcmp(call->member, "GetAll") != 0) {
        if (strcmp(call->member, "Set") == 0)
            call_fail_standard(call, "PropertyReadOnly", "no property can be set");
        else
            call_fail_standard(call, "UnknownMethod", "no such method");
    } else if (strcmp(call->signature, get ? "ss" : "s") != 0 || call->arguments.failed) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "wrong argument types");
    } else if (get) {
        answer_get(daemon, call);
    } else {
        answer_get_all(daemon, call);
    }
}

/* --- methods ---------------------------------------------------------------------------------- */

static bool method_applies(const struct method *method, const struct call *call)
{
    bool conversation = is_conversation_path(call->path);

    return conversation == ((method->flags & METHOD_CONVERSATION) != 0) &&
           (call->interface[0] == '\0' || strcmp(method->interface, call->interface) == 0);
}

static const struct method *find_method(const struct call *call)
{
    for (size_t i = 0; i < method_count; i++)
        if (method_applies(&methods[i], call) && strcmp(methods[i].name, call->member) == 0)
            return &methods[i];
    return NULL;
}

static void run_handler(void *data, struct call *call)
{
    find_method(call)->handler(data, call);
}

struct subject_request methods_subject(const struct call *call)
{
    return (struct subject_request){
        .caller = call->uid,
        .name = call->arguments.items[0].text,
        .found = call->account.name ? &call->account : NULL,
    };
}

enum permission {
    DENIED,
    PERMITTED,
    PERMITTED_TO_ACCOUNT, /* if the first argument names the caller */
    PERMITTED_TO_GATEWAY, /* if the caller is it */
};

static enum permission find_permission(const struct method *method, const struct call *call)
{
    switch (method->privilege) {
    case PRIVILEGE_ANYONE:
    case PRIVILEGE_OWNER: /* the handler finds the object by id and caller */
        return PERMITTED;
    case PRIVILEGE_SELF:
        return call->uid == 0 || call->arguments.items[0].text[0] == '\0' ? PERMITTED
                                                                          : PERMITTED_TO_ACCOUNT;
    case PRIVILEGE_ROOT:
        return call->uid == 0 ? PERMITTED : DENIED;
    case PRIVILEGE_GATEWAY:
        return PERMITTED_TO_GATEWAY;
    case PRIVILEGE_NONE:
        break;
    }
    return DENIED;
}

/*
 * Whether the call carries a ticket that its row accepts; the handler then checks it instead of
 * polkit.
 */
static bool has_ticket(const struct method *method, const struct call *call)
{
    if (!(method->flags & METHOD_TICKET))
        return false;
    for (size_t i = 0; i < call->arguments.count; i++)
        if (call->arguments.items[i].type == 'a' && value_find(&call->arguments.items[i], "ticket"))
            return true;
    return false;
}

static void deny(struct call *call)
{
    call_fail(call, PK_BUS_ERROR_ACCESS_DENIED,
              "only root may do this, or do it for others; try it with sudo");
}

void methods_authorize(struct daemon *daemon, struct call *call)
{
    polkit_check(call, find_method(call)->action, run_handler, daemon);
}

/* The caller is permitted to call it; whether it needs polkit's word too. */
static void run_method(struct daemon *daemon, const struct method *method, struct call *call)
{
    if (!method->action || has_ticket(method, call))
        run_handler(daemon, call);
    else if (method->check && call->uid != 0)
        method->check(daemon, call);
    else
        methods_authorize(daemon, call);
}

/* --- whether the first argument names the caller ---------------------------------------------- */

struct self_check {
    struct request request;
    struct system_account found;
};

static enum pk_status look_up_name(struct job *job)
{
    struct self_check *check = (struct self_check *)job;
    const struct call *call = request_call(&check->request);

    return system_account_by_name(call->arguments.items[0].text, &check->found);
}

static void name_looked_up(struct request *request, struct call *call, enum pk_status status)
{
    struct self_check *check = (struct self_check *)request;

    if (status || check->found.uid != call->uid) {
        deny(call);
        return;
    }
    call->account = check->found;
    check->found = (struct system_account){0}; /* moved */
    run_method(request->daemon, find_method(call), call);
}

static void self_check_clear(struct request *request)
{
    system_account_clear(&((struct self_check *)request)->found);
}

static void check_self(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, look_up_name}, {0}};
    static const struct request_plan plan = {steps, name_looked_up, self_check_clear};
    struct self_check *check = calloc(1, sizeof(*check));

    request_start(daemon, call, check ? &check->request : NULL, &plan);
}

/* --- whether the caller is the gateway -------------------------------------------------------- */

static void permit_gateway(struct daemon *daemon, struct call *call)
{
    run_method(daemon, find_method(call), call);
}

static void deny_gateway(struct daemon *daemon, struct call *call)
{
    (void)daemon;
    call_fail(call, PK_BUS_ERROR_ACCESS_DENIED,
              "only the gateway's account may do this (user of [gateway] in passkeyd.conf)");
}

/* ---------------------------------------------------------------------------------------------- */

static void refuse_unknown(struct call *call)
{
    bool object = strcmp(call->path, PK_BUS_PATH) == 0 || is_conversation_path(call->path);

    for (size_t i = 0; object && i < method_count; i++) {
        if (method_applies(&methods[i], call)) {
            call_fail_standard(call, "UnknownMethod", "no such method");
            return;
        }
    }
    if (object)
        call_fail_standard(call, "UnknownInterface", "no such interface");
    else
        call_fail_standard(call, "UnknownObject", "no such object");
}

void methods_dispatch(struct daemon *daemon, struct call *call)
{
    const struct method *method = NULL;

    if (strcmp(call->interface, INTROSPECTABLE) == 0 && strcmp(call->member, "Introspect") == 0) {
        answer_introspect(call);
        return;
    }
    if (strcmp(call->interface, PROPERTIES) == 0 && strcmp(call->path, PK_BUS_PATH) == 0) {
        dispatch_properties(daemon, call);
        return;
    }
    if (strcmp(call->path, PK_BUS_PATH) == 0 || is_conversation_path(call->path))
        method = find_method(call);
    if (!method)
        refuse_unknown(call);
    else if (strcmp(call->signature, method->in) != 0)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the arguments must be of types \"%s\"",
                  method->in);
    else if (call->arguments.failed)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "arguments too long, or of unknown types, or files where none are taken");
    else if (find_permission(method, call) == DENIED)
        deny(call);
    else if (find_permission(method, call) == PERMITTED_TO_ACCOUNT)
        check_self(daemon, call);
    else if (find_permission(method, call) == PERMITTED_TO_GATEWAY)
        gateway_user_check(daemon, call, permit_gateway, deny_gateway);
    else
        run_method(daemon, method, call);
}
