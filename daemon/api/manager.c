/* SPDX-License-Identifier: BSD-2-Clause */
/* org.passkeyd.Manager1: the calls that open a conversation. Status is in status.c. */
#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/bus/names.h"
#include "common/webauthn/options.h"
#include "daemon/api/tickets.h"
#include "daemon/auth/enrollment.h"
#include "daemon/auth/registration.h"
#include "daemon/auth/sign_in.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/logind.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/bus/sealed.h"
#include "daemon/config/policy.h"
#include "daemon/dialogue/conversation.h"
#include "daemon/verify/command.h"
#include "daemon/verify/context.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORD_MAX     256

void manager_get_version(struct daemon *daemon, struct value *parent)
{
    (void)daemon;
    value_add_text(parent, 's', PACKAGE_VERSION);
}

void manager_list_features(void (*add)(void *data, const char *name), void *data)
{
    const struct pk_methods served = pk_methods_served();

    for (size_t i = 0; i < served.count; i++)
        add(data, pk_method_name(served.items[i]));
    add(data, "relying-party");
    add(data, "tickets");
}

static void add_feature(void *data, const char *name)
{
    value_add_text(data, 's', name);
}

void manager_get_features(struct daemon *daemon, struct value *parent)
{
    (void)daemon;
    manager_list_features(add_feature, value_add_array(parent, "s"));
}

/* --- Authenticate ----------------------------------------------------------------------------- */

static const struct member context_members[] = {
    {"service", "s", WORD_MAX},
    {"tty", "s", WORD_MAX},
    {"rhost", "s", WORD_MAX},
    {"ruser", "s", WORD_MAX},
    {"command", "s", 0},
    {"target", "s", WORD_MAX},
    {"executable", "s", 0},
    {"act", "s", WORD_MAX},
    {"typed", "h", 0},
    {"resolved", "h", 0},
    {"dialog", "s", 0},
    {"rp", "s", WORD_MAX},
    {"methods", "s", WORD_MAX},
    {"transports", "s", WORD_MAX},
    {"uv", "s", WORD_MAX},
    {"timeout", "u", 0},
    {"identify", "b", 0},
    {"agent", "h", 0},
    {"unattended", "b", 0},
    {"pictures", "b", 0},
    CALLER_MEMBERS,
};

/*
 * Reads the member "methods", or "transports", its old name; count 0: neither is there. false: the
 * call has been answered.
 */
static bool read_methods(struct call *call, const struct value *dict, struct pk_methods *ret)
{
    const char *old = value_find_text(dict, "transports", NULL);
    const char *names = value_find_text(dict, "methods", old);
    const char *unserved = "";
    enum pk_status status;

    *ret = (struct pk_methods){.count = 0};
    if (old && names != old) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "\"methods\" and \"transports\", its old name, exclude each other");
        return false;
    }
    if (!names || !names[0])
        return true;
    status = pk_methods_parse(names, ret, &unserved);
    if (status == PK_UNSUPPORTED)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "\"methods\": this build does not serve \"%s\"", unserved);
    else if (status)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "\"methods\" must be a list of " PK_METHODS_SERVED "each at most once");
    return status == PK_OK;
}

/* Once for each call. */
static void warn_of_transports(const struct call *call, const struct value *dict)
{
    if (value_find(dict, "transports"))
        pk_log(LOG_WARNING, "[%s] uid %u: the member \"transports\" is called \"methods\" now",
               call->id, (unsigned)call->uid);
}

/*
 * Checks the options that are words before a conversation opens, so that a misspelling is an error
 * of the call.
 */
static bool check_spellings(struct call *call, const struct value *context,
                            struct sign_in_request *request)
{
    enum pk_requirement ignored;

    if (!read_methods(call, context, &request->methods))
        return false;
    if (request->user_verification && pk_requirement_parse(request->user_verification, &ignored)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "\"uv\" must be discouraged, preferred or required");
        return false;
    }
    if (request->user[0] == '\0' && !value_find_number(context, "identify")) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "a user, or \"identify\", is needed");
        return false;
    }
    return true;
}

/*
 * What a program of root's says of sudo's command: words that were typed, or what sudo resolved. A
 * descriptor of anybody else would be a way to keep the daemon busy.
 */
static enum pk_status read_sealed(struct value *context, const char *name,
                                  enum pk_status (*read)(struct pk_view, struct command *),
                                  struct command *ret)
{
    AUTO_SEALED struct pk_view content = {0};
    PK_AUTO_CLOSE int fd = value_take_fd(value_find(context, name));
    enum pk_status status = sealed_map(fd, COMMAND_BYTES_MAX, &content);

    return status ? status : read(content, ret);
}

/* false: the call has been answered. */
static bool read_command(struct call *call, struct value *context, struct sign_in_request *request,
                         struct command *ret)
{
    const char *act = value_find_text(context, "act", "");
    bool typed = value_find(context, "typed"), resolved = value_find(context, "resolved");
    enum pk_status status = PK_OK;

    if (call->uid != 0 && (act[0] || typed || resolved)) {
        call_fail(call, PK_BUS_ERROR_ACCESS_DENIED,
                  "\"act\", \"typed\" and \"resolved\" are for programs of root");
        return false;
    }
    request->approval = strcmp(act, "approve") == 0;
    if ((act[0] && !request->approval) || request->approval != resolved || (typed && resolved)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "\"act\" must be \"approve\", with \"resolved\" and without \"typed\"");
        return false;
    }
    if (resolved)
        status = read_sealed(context, "resolved", command_resolved, ret);
    else if (typed)
        status = read_sealed(context, "typed", command_typed, ret);
    if (status == PK_NO_MEMORY)
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "passkeyd has no memory left; try again in a moment");
    else if (status)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "\"%s\" must be a sealed memfd with a command (doc/protocol.md)",
                  resolved ? "resolved" : "typed");
    if (typed || resolved)
        request->described = ret;
    return status == PK_OK;
}

/* Called once the rhost is known. */
static void authenticate(struct daemon *daemon, struct call *call)
{
    struct value *context = &call->arguments.items[1];
    AUTO_COMMAND struct command command = {0};
    struct sign_in_request request = {
        .user = call->arguments.items[0].text,
        .service = value_find_text(context, "service", ""),
        .tty = value_find_text(context, "tty", ""),
        .rhost = value_find_text(context, "rhost", ""),
        .ruser = value_find_text(context, "ruser", ""),
        .command = value_find_text(context, "command", ""),
        .target = value_find_text(context, "target", ""),
        .executable = value_find_text(context, "executable", ""),
        .dialog = value_find_text(context, "dialog", NULL),
        .rp = value_find_text(context, "rp", ""),
        .user_verification = value_find_text(context, "uv", NULL),
        .timeout = value_find_number(context, "timeout"),
        .unattended = value_find_number(context, "unattended") != 0,
        .pictures = value_find_number(context, "pictures") != 0,
        .agent = value_find(context, "agent"),
    };

    /* Where the bus hangs nobody can say where the person sits, and the password is a way on. */
    if (strcmp(request.rhost, LOGIND_RHOST_UNKNOWN) == 0 && call->bus && !bus_answers(call->bus))
        call_fail(call, PK_BUS_ERROR_UNAVAILABLE, "the system bus does not answer");
    else if (strlen(request.user) > WORD_MAX)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the user's name is too long");
    else if (check_spellings(call, context, &request) &&
             read_command(call, context, &request, &command))
        sign_in_start(daemon, call, &request);
}

/* Whom sshd and the like sign in: a remote host is named, and nobody who asks from there. */
static bool is_stranger(const struct value *context)
{
    const struct context seen = {.rhost = value_find_text(context, "rhost", "")};

    return context_is_remote(&seen) && value_find_text(context, "ruser", "")[0] == '\0';
}

void manager_authenticate(struct daemon *daemon, struct call *call)
{
    const struct value *context = &call->arguments.items[1];

    if (!call_check(call, context, context_members, COUNT(context_members)))
        return;
    call->caller = caller_read(context, call->uid);
    if (!conversation_admit(daemon, call, is_stranger(context)))
        return;
    warn_of_transports(call, context);
    logind_find_rhost(daemon, call, authenticate);
}

/* --- Enroll ----------------------------------------------------------------------------------- */

static const struct member enroll_members[] = {
    {"name", "s", PK_CREDENTIAL_NAME_MAX},
    {"rp", "s", WORD_MAX},
    {"uv", "s", WORD_MAX},
    {"resident", "s", WORD_MAX},
    {"rhost", "s", WORD_MAX},
    {"methods", "s", WORD_MAX},
    {"transports", "s", WORD_MAX},
    {"ticket", "h", 0},
    {"timeout", "u", 0},
    {"agent", "h", 0},
    {"pictures", "b", 0},
    CALLER_MEMBERS,
};

static void enroll(struct daemon *daemon, struct call *call, struct ceremony *ceremony)
{
    struct value *options = &call->arguments.items[1];
    struct enrollment_request request = {
        .rhost = value_find_text(options, "rhost", ""),
        .claims_rhost = call->caller.claims_rhost,
        .timeout = value_find_number(options, "timeout"),
        .agent = value_find(options, "agent"),
        .pictures = value_find_number(options, "pictures") != 0,
    };

    if (read_methods(call, options, &request.methods))
        enrollment_start(daemon, call, ceremony, &request);
    else
        ceremony_free(ceremony);
}

static struct registration_begin enrollment_wish(const struct call *call, struct pk_view ticket)
{
    const struct value *options = &call->arguments.items[1];

    return (struct registration_begin){
        .rp = value_find_text(options, "rp", NULL),
        .wish =
            {
                .name = value_find_text(options, "name", NULL),
                .user_verification = value_find_text(options, "uv", NULL),
                .resident_key = value_find_text(options, "resident", NULL),
            },
        .ticket = ticket,
    };
}

static void begin_enrollment(struct daemon *daemon, struct call *call, struct pk_view ticket)
{
    struct registration_begin begin = enrollment_wish(call, ticket);

    begin.can_ask = true;
    registration_begin(daemon, call, &begin, enroll);
}

/* Called once the rhost is known. */
static void redeem(struct daemon *daemon, struct call *call)
{
    ticket_read(daemon, call, &call->arguments.items[1], begin_enrollment);
}

/* Whether the options are of the right types and words; otherwise the call has been answered. */
static bool check_options(struct call *call)
{
    const struct value *options = &call->arguments.items[1];
    struct pk_methods ignored;

    return call_check(call, options, enroll_members, COUNT(enroll_members)) &&
           !reply_name_error(call, value_find_text(options, "name", NULL)) &&
           read_methods(call, options, &ignored);
}

void manager_check_enroll(struct daemon *daemon, struct call *call)
{
    if (check_options(call)) {
        const struct registration_begin begin = enrollment_wish(call, (struct pk_view){0});

        registration_check(daemon, call, &begin);
    }
}

void manager_enroll(struct daemon *daemon, struct call *call)
{
    const struct value *options = &call->arguments.items[1];

    if (!check_options(call))
        return;
    call->caller = caller_read(options, call->uid);
    if (!conversation_admit(daemon, call, false))
        return;
    warn_of_transports(call, options);
    logind_find_rhost(daemon, call, redeem);
}
