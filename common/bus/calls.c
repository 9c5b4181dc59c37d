/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/bus/calls.h"

#include "common/base/text.h"
#include "common/bus/message.h"
#include "common/bus/names.h"

#include <fcntl.h>

/* A call to the object /org/passkeyd. */
struct request {
    const char *interface;
    const char *member;
    const char *const *strings;          /* arguments, ended by NULL */
    const struct pk_bus_member *members; /* then a{sv}, unless NULL */
    size_t member_count;
    const char *signature; /* of the reply */
    bool patient;          /* a person has to act first */
};

static enum pk_status call_daemon(struct pk_bus *bus, const struct request *request,
                                  DBusMessage **ret_reply)
{
    PK_AUTO_MESSAGE DBusMessage *call = NULL;
    enum pk_status status = pk_bus_find_daemon(bus);

    if (status != PK_OK)
        return status;
    call = pk_bus_message_new(bus, PK_BUS_PATH, request->interface, request->member);
    if (!call)
        return PK_NO_MEMORY;
    status = pk_bus_append_strings(call, request->strings);
    if (status == PK_OK && request->members)
        status = pk_bus_append_members(call, request->members, request->member_count);
    if (status != PK_OK)
        return status;
    return request->patient ? pk_bus_call_patiently(bus, call, request->signature, ret_reply)
                            : pk_bus_call(bus, call, request->signature, ret_reply);
}

static enum pk_status call_for_string(struct pk_bus *bus, const struct request *request, char **ret)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    const char *string;
    enum pk_status status = call_daemon(bus, request, &reply);

    if (status != PK_OK)
        return status;
    if (!dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &string, DBUS_TYPE_INVALID))
        return PK_PROTOCOL;
    return pk_text_copy(string, ret);
}

static enum pk_status call_for_nothing(struct pk_bus *bus, const char *member,
                                       const char *const *strings)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;

    return call_daemon(
        bus,
        &(struct request){
            .interface = PK_BUS_CREDENTIALS, .member = member, .strings = strings, .signature = ""},
        &reply);
}

enum pk_status pk_daemon_status(struct pk_bus *bus, char **ret_json)
{
    return call_for_string(bus,
                           &(struct request){.interface = PK_BUS_MANAGER,
                                             .member = "Status",
                                             .strings = (const char *const[]){NULL},
                                             .signature = "s"},
                           ret_json);
}

enum pk_status pk_daemon_version(struct pk_bus *bus, char **ret_version)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    DBusMessageIter arguments, value;
    const char *version;
    enum pk_status status = call_daemon(
        bus,
        &(struct request){.interface = DBUS_INTERFACE_PROPERTIES,
                          .member = "Get",
                          .strings = (const char *const[]){PK_BUS_MANAGER, "Version", NULL},
                          .signature = "v"},
        &reply);

    if (status != PK_OK)
        return status;
    if (!dbus_message_iter_init(reply, &arguments))
        return PK_PROTOCOL;
    dbus_message_iter_recurse(&arguments, &value);
    if (dbus_message_iter_get_arg_type(&value) != DBUS_TYPE_STRING)
        return PK_PROTOCOL;
    dbus_message_iter_get_basic(&value, &version);
    return pk_text_copy(version, ret_version);
}

enum pk_status pk_credentials_list(struct pk_bus *bus, const char *user, const char *rp,
                                   const struct pk_page *page, char **ret_json)
{
    const struct pk_bus_member filter[] = {
        {.name = "rp", .type = 's', .string = rp},
        {.name = "limit", .type = page ? 'u' : 0, .number = page ? page->limit : 0},
        {.name = "offset", .type = page ? 'u' : 0, .number = page ? page->offset : 0},
    };

    return call_for_string(bus,
                           &(struct request){.interface = PK_BUS_CREDENTIALS,
                                             .member = "List",
                                             .strings = (const char *const[]){user, NULL},
                                             .members = filter,
                                             .member_count = sizeof(filter) / sizeof(filter[0]),
                                             .signature = "s"},
                           ret_json);
}

enum pk_status pk_credential_rename(struct pk_bus *bus, const char *user, const char *credential_id,
                                    const char *name)
{
    return call_for_nothing(bus, "Rename", (const char *const[]){user, credential_id, name, NULL});
}

enum pk_status pk_credential_remove(struct pk_bus *bus, const char *user, const char *credential_id)
{
    return call_for_nothing(bus, "Remove", (const char *const[]){user, credential_id, NULL});
}

enum pk_status pk_credential_import(struct pk_bus *bus, const char *user,
                                    const struct pk_import *import, char **ret_credential)
{
    const struct pk_bus_member options[] = {
        {.name = "rp", .type = 's', .string = import->rp},
        {.name = "name", .type = 's', .string = import->name},
        {.name = "ticket", .type = import->ticket >= 0 ? 'h' : 0, .fd = import->ticket},
        {.name = "rpId", .type = 's', .string = import->rp_id},
        {.name = "verification", .type = import->verification ? 'b' : 0, .number = 1},
        {.name = "dryRun", .type = import->dry_run ? 'b' : 0, .number = 1},
    };

    return call_for_string(bus,
                           &(struct request){.interface = PK_BUS_CREDENTIALS,
                                             .member = "Import",
                                             .strings = (const char *const[]){user, import->format,
                                                                              import->data, NULL},
                                             .members = options,
                                             .member_count = sizeof(options) / sizeof(options[0]),
                                             .signature = "s"},
                           ret_credential);
}

/* What the daemon put into the pipe is there already: there is nothing to wait for. */
static enum pk_status read_pipe(int pipe, struct pk_secret *ret)
{
    return fcntl(pipe, F_SETFL, O_NONBLOCK) < 0 ? PK_IO : pk_secret_read_fd(pipe, ret);
}

enum pk_status pk_recovery_codes_create(struct pk_bus *bus, const char *user, struct pk_secret *ret)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    PK_AUTO_CLOSE int pipe = -1;
    enum pk_status status =
        call_daemon(bus,
                    &(struct request){.interface = PK_BUS_CREDENTIALS,
                                      .member = "CreateRecoveryCodes",
                                      .strings = (const char *const[]){user, NULL},
                                      .signature = "h"},
                    &reply);

    if (status != PK_OK)
        return status;
    if (!dbus_message_get_args(reply, NULL, DBUS_TYPE_UNIX_FD, &pipe, DBUS_TYPE_INVALID))
        return PK_PROTOCOL;
    return read_pipe(pipe, ret);
}

enum pk_status pk_ticket_create(struct pk_bus *bus, const char *user, const char *rp,
                                uint32_t lifetime, struct pk_ticket *ret)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    PK_AUTO_CLOSE int pipe = -1;
    const struct pk_bus_member options[] = {
        {.name = "rp", .type = 's', .string = rp},
        {.name = "lifetime", .type = lifetime ? 'u' : 0, .number = lifetime},
    };
    dbus_uint64_t expires;
    enum pk_status status =
        call_daemon(bus,
                    &(struct request){.interface = PK_BUS_CREDENTIALS,
                                      .member = "CreateTicket",
                                      .strings = (const char *const[]){user, NULL},
                                      .members = options,
                                      .member_count = 2,
                                      .signature = "ht"},
                    &reply);

    if (status != PK_OK)
        return status;
    if (!dbus_message_get_args(reply, NULL, DBUS_TYPE_UNIX_FD, &pipe, DBUS_TYPE_UINT64, &expires,
                               DBUS_TYPE_INVALID))
        return PK_PROTOCOL;
    status = read_pipe(pipe, &ret->secret);
    if (status == PK_OK)
        ret->expires = expires;
    return status;
}

enum pk_status pk_ticket_link_create(struct pk_bus *bus, const char *user, const char *rp,
                                     uint32_t lifetime, struct pk_secret *ret_ticket,
                                     char **ret_json)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    PK_AUTO_SECRET struct pk_secret ticket = {0};
    PK_AUTO_CLOSE int pipe = -1;
    const struct pk_bus_member options[] = {
        {.name = "rp", .type = 's', .string = rp},
        {.name = "lifetime", .type = lifetime ? 'u' : 0, .number = lifetime},
    };
    const char *json;
    enum pk_status status =
        call_daemon(bus,
                    &(struct request){.interface = PK_BUS_CREDENTIALS,
                                      .member = "CreateTicketLink",
                                      .strings = (const char *const[]){user, NULL},
                                      .members = options,
                                      .member_count = 2,
                                      .signature = "hs"},
                    &reply);

    if (status != PK_OK)
        return status;
    if (!dbus_message_get_args(reply, NULL, DBUS_TYPE_UNIX_FD, &pipe, DBUS_TYPE_STRING, &json,
                               DBUS_TYPE_INVALID))
        return PK_PROTOCOL;
    status = read_pipe(pipe, &ticket);
    if (status == PK_OK)
        status = pk_text_copy(json, ret_json);
    if (status != PK_OK)
        return status;
    *ret_ticket = ticket;
    ticket = (struct pk_secret){0};
    return PK_OK;
}

enum pk_status pk_ticket_link_await(struct pk_bus *bus, const char *id, char **ret_json)
{
    return call_for_string(bus,
                           &(struct request){.interface = PK_BUS_CREDENTIALS,
                                             .member = "AwaitTicketLink",
                                             .strings = (const char *const[]){id, NULL},
                                             .signature = "s",
                                             .patient = true},
                           ret_json);
}

enum pk_status pk_tickets_revoke(struct pk_bus *bus, const char *user, const char *rp)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    const struct pk_bus_member option = {.name = "rp", .type = 's', .string = rp};

    return call_daemon(bus,
                       &(struct request){.interface = PK_BUS_CREDENTIALS,
                                         .member = "RevokeTickets",
                                         .strings = (const char *const[]){user, NULL},
                                         .members = &option,
                                         .member_count = 1,
                                         .signature = ""},
                       &reply);
}

enum pk_status pk_orphans_adopt(struct pk_bus *bus, const char *user, const char *rp,
                                uint32_t *ret_count)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    const struct pk_bus_member option = {.name = "rp", .type = 's', .string = rp};
    dbus_uint32_t count;
    enum pk_status status =
        call_daemon(bus,
                    &(struct request){.interface = PK_BUS_CREDENTIALS,
                                      .member = "Adopt",
                                      .strings = (const char *const[]){user, NULL},
                                      .members = &option,
                                      .member_count = 1,
                                      .signature = "u"},
                    &reply);

    if (status != PK_OK)
        return status;
    if (!dbus_message_get_args(reply, NULL, DBUS_TYPE_UINT32, &count, DBUS_TYPE_INVALID))
        return PK_PROTOCOL;
    *ret_count = count;
    return PK_OK;
}

enum pk_status pk_api_key_create(struct pk_bus *bus, const char *rp, const char *name,
                                 struct pk_secret *ret_key, char **ret_json)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    PK_AUTO_SECRET struct pk_secret key = {0};
    PK_AUTO_CLOSE int pipe = -1;
    const struct pk_bus_member option = {.name = "name", .type = 's', .string = name};
    const char *json;
    enum pk_status status =
        call_daemon(bus,
                    &(struct request){.interface = PK_BUS_KEYS,
                                      .member = "CreateApiKey",
                                      .strings = (const char *const[]){rp, NULL},
                                      .members = &option,
                                      .member_count = 1,
                                      .signature = "hs"},
                    &reply);

    if (status != PK_OK)
        return status;
    if (!dbus_message_get_args(reply, NULL, DBUS_TYPE_UNIX_FD, &pipe, DBUS_TYPE_STRING, &json,
                               DBUS_TYPE_INVALID))
        return PK_PROTOCOL;
    status = read_pipe(pipe, &key);
    if (status == PK_OK)
        status = pk_text_copy(json, ret_json);
    if (status != PK_OK)
        return status;
    *ret_key = key;
    key = (struct pk_secret){0};
    return PK_OK;
}

enum pk_status pk_api_key_list(struct pk_bus *bus, const char *rp, char **ret_json)
{
    return call_for_string(bus,
                           &(struct request){.interface = PK_BUS_KEYS,
                                             .member = "ListApiKeys",
                                             .strings = (const char *const[]){rp, NULL},
                                             .signature = "s"},
                           ret_json);
}

enum pk_status pk_api_key_revoke(struct pk_bus *bus, const char *rp, const char *id)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;

    return call_daemon(bus,
                       &(struct request){.interface = PK_BUS_KEYS,
                                         .member = "RevokeApiKey",
                                         .strings = (const char *const[]){rp, id, NULL},
                                         .signature = ""},
                       &reply);
}

enum pk_status pk_rp_key_list(struct pk_bus *bus, const char *rp, char **ret_json)
{
    return call_for_string(bus,
                           &(struct request){.interface = PK_BUS_KEYS,
                                             .member = "ListKeys",
                                             .strings = (const char *const[]){rp, NULL},
                                             .signature = "s"},
                           ret_json);
}

enum pk_status pk_rp_key_replace(struct pk_bus *bus, const char *rp,
                                 const struct pk_rp_key_change *change, char **ret_json)
{
    bool imported = change->secret >= 0;
    const struct pk_bus_member options[] = {
        {.name = "bits", .type = change->bits ? 'u' : 0, .number = change->bits},
        {.name = "atOnce", .type = change->at_once ? 'b' : 0, .number = change->at_once},
        {.name = "secret", .type = imported ? 'h' : 0, .fd = change->secret},
    };

    return call_for_string(bus,
                           &(struct request){.interface = PK_BUS_KEYS,
                                             .member = imported ? "ImportKey" : "RotateKey",
                                             .strings = (const char *const[]){rp, NULL},
                                             .members = options,
                                             .member_count = sizeof(options) / sizeof(options[0]),
                                             .signature = "s"},
                           ret_json);
}

enum pk_status pk_store_backup(struct pk_bus *bus, bool with_keys, int *ret_image, char **ret_json)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    PK_AUTO_CLOSE int image = -1;
    const struct pk_bus_member option = {
        .name = "withKeys", .type = with_keys ? 'b' : 0, .number = 1};
    const char *json;
    enum pk_status status = call_daemon(bus,
                                        &(struct request){.interface = PK_BUS_MANAGER,
                                                          .member = "Backup",
                                                          .strings = (const char *const[]){NULL},
                                                          .members = &option,
                                                          .member_count = 1,
                                                          .signature = "hs"},
                                        &reply);

    if (status != PK_OK)
        return status;
    if (!dbus_message_get_args(reply, NULL, DBUS_TYPE_UNIX_FD, &image, DBUS_TYPE_STRING, &json,
                               DBUS_TYPE_INVALID))
        return PK_PROTOCOL;
    status = pk_text_copy(json, ret_json);
    if (status == PK_OK) {
        *ret_image = image;
        image = -1;
    }
    return status;
}

enum pk_status pk_store_restore(struct pk_bus *bus, const struct pk_store_restoring *restoring,
                                char **ret_json)
{
    PK_AUTO_MESSAGE DBusMessage *call = NULL;
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    const struct pk_bus_member options[] = {
        {.name = "replace", .type = restoring->replace ? 'b' : 0, .number = 1},
        {.name = "dryRun", .type = restoring->dry_run ? 'b' : 0, .number = 1},
    };
    const char *json;
    enum pk_status status = pk_bus_find_daemon(bus);

    if (status != PK_OK)
        return status;
    call = pk_bus_message_new(bus, PK_BUS_PATH, PK_BUS_MANAGER, "Restore");
    if (!call ||
        !dbus_message_append_args(call, DBUS_TYPE_UNIX_FD, &restoring->image, DBUS_TYPE_INVALID))
        return PK_NO_MEMORY;
    status = pk_bus_append_members(call, options, sizeof(options) / sizeof(options[0]));
    if (status == PK_OK)
        status = pk_bus_call(bus, call, "s", &reply);
    if (status != PK_OK)
        return status;
    if (!dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &json, DBUS_TYPE_INVALID))
        return PK_PROTOCOL;
    return pk_text_copy(json, ret_json);
}
