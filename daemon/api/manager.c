/* SPDX-License-Identifier: BSD-2-Clause */
/* org.passkeyd.Manager1: the doors to a conversation. Status is in status.c. */
#include "common/bus/names.h"
#include "common/webauthn/options.h"
#include "daemon/api/tickets.h"
#include "daemon/auth/enrollment.h"
#include "daemon/auth/sign_in.h"
#include "daemon/bus/logind.h"
#include "daemon/bus/methods.h"
#include "daemon/config/policy.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORD_MAX     256

void manager_get_version(struct daemon *daemon, struct value *parent)
{
    (void)daemon;
    value_add_text(parent, 's', PACKAGE_VERSION);
}

const char *const manager_features[] = {"agent",         "local",   "ssh", "recovery",
                                        "relying-party", "tickets", NULL};

void manager_get_features(struct daemon *daemon, struct value *parent)
{
    struct value *list = value_add_array(parent, "s");

    (void)daemon;
    for (size_t i = 0; manager_features[i]; i++)
        value_add_text(list, 's', manager_features[i]);
}

/* The a{sv} argument, held to its members; NULL: the call has been answered. */
static const struct value *checked_members(struct call *call, const struct member *members,
                                           size_t count)
{
    PK_AUTO_FREE char *why = NULL;

    if (value_check(&call->arguments.items[1], members, count, &why) == PK_OK)
        return &call->arguments.items[1];
    call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "%s", why ? why : "out of memory");
    return NULL;
}

static uint32_t number_of(const struct value *dict, const char *key)
{
    const struct value *found = value_find(dict, key);

    return found ? (uint32_t)found->number : 0;
}

/* --- Authenticate ----------------------------------------------------------------------------- */

static const struct member context_members[] = {
    {"service", "s", WORD_MAX}, {"tty", "s", WORD_MAX},        {"rhost", "s", WORD_MAX},
    {"ruser", "s", WORD_MAX},   {"command", "s", 0},           {"target", "s", WORD_MAX},
    {"rp", "s", WORD_MAX},      {"transports", "s", WORD_MAX}, {"uv", "s", WORD_MAX},
    {"timeout", "u", 0},        {"identify", "b", 0},          {"agent", "h", 0},
};

/* The member "transports"; false: the call has been answered. */
static bool read_roads(struct call *call, const struct value *dict, struct roads *ret)
{
    const char *transports = value_find_text(dict, "transports", "");

    if (!transports[0] || roads_parse(transports, ret) == PK_OK)
        return true;
    call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
              "\"transports\" must be a list of local, ssh, agent, browser, recovery");
    return false;
}

/* Spellings are checked before a conversation begins, so that a typing error is an error. */
static bool check_spellings(struct call *call, const struct value *context,
                            struct sign_in_request *request)
{
    enum pk_requirement ignored;

    if (!read_roads(call, context, &request->roads))
        return false;
    if (request->user_verification && pk_requirement_parse(request->user_verification, &ignored)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "\"uv\" must be discouraged, preferred or required");
        return false;
    }
    if (request->user[0] == '\0' && !number_of(context, "identify")) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "a user, or \"identify\", is needed");
        return false;
    }
    return true;
}

/* Once it is known where the person is. */
static void authenticate(struct daemon *daemon, struct call *call)
{
    struct value *context = &call->arguments.items[1];
    struct sign_in_request request = {
        .user = call->arguments.items[0].text,
        .service = value_find_text(context, "service", ""),
        .tty = value_find_text(context, "tty", ""),
        .rhost = value_find_text(context, "rhost", ""),
        .ruser = value_find_text(context, "ruser", ""),
        .command = value_find_text(context, "command", ""),
        .target = value_find_text(context, "target", ""),
        .rp = value_find_text(context, "rp", ""),
        .user_verification = value_find_text(context, "uv", NULL),
        .timeout = number_of(context, "timeout"),
        .agent = value_find(context, "agent"),
    };

    if (strlen(request.user) > WORD_MAX)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the user's name is too long");
    else if (check_spellings(call, context, &request))
        sign_in_start(daemon, call, &request);
}

void manager_authenticate(struct daemon *daemon, struct call *call)
{
    if (checked_members(call, context_members, COUNT(context_members)))
        remote_find(daemon, call, authenticate);
}

/* --- Enroll ----------------------------------------------------------------------------------- */

static const struct member enroll_members[] = {
    {"name", "s", PK_CREDENTIAL_NAME_MAX},
    {"rp", "s", WORD_MAX},
    {"uv", "s", WORD_MAX},
    {"resident", "s", WORD_MAX},
    {"rhost", "s", WORD_MAX},
    {"transports", "s", WORD_MAX},
    {"ticket", "h", 0},
    {"timeout", "u", 0},
    {"agent", "h", 0},
};

static void enroll(struct daemon *daemon, struct call *call, struct pk_view ticket)
{
    struct value *options = &call->arguments.items[1];
    struct enrolment_request request = {
        .user = call->arguments.items[0].text,
        .rp = value_find_text(options, "rp", NULL),
        .name = value_find_text(options, "name", NULL),
        .user_verification = value_find_text(options, "uv", NULL),
        .resident_key = value_find_text(options, "resident", NULL),
        .rhost = value_find_text(options, "rhost", ""),
        .timeout = number_of(options, "timeout"),
        .agent = value_find(options, "agent"),
        .ticket = ticket,
    };

    if (read_roads(call, options, &request.roads))
        enrolment_start(daemon, call, &request);
}

/* Once it is known where the person is. */
static void redeem(struct daemon *daemon, struct call *call)
{
    const struct value *options = &call->arguments.items[1];
    AUTO_SUBJECT struct subject subject = {0};
    enum pk_status status = subject_resolve(daemon, call, value_find_text(options, "rp", NULL),
                                            call->arguments.items[0].text, &subject);

    if (status)
        subject_refuse(call, status);
    else
        ticket_redeem(daemon, call, options, &subject, enroll);
}

void manager_enroll(struct daemon *daemon, struct call *call)
{
    const struct value *options = checked_members(call, enroll_members, COUNT(enroll_members));
    struct roads ignored;
    const char *name;

    if (!options)
        return;
    name = value_find_text(options, "name", NULL);
    if (name && !policy_credential_name_valid(name))
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "\"name\" must be 1 to 64 bytes of printable text");
    else if (read_roads(call, options, &ignored))
        remote_find(daemon, call, redeem);
}
