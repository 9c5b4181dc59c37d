/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/logind.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/waiting.h"
#include "daemon/config/config.h"
#include "daemon/verify/context.h"

#include <string.h>

#define LOGIN              "org.freedesktop.login1"
#define TIMEOUT_MS         2000 /* for all questions about one call */
#define QUESTIONS_MAX      256
#define RESERVED_FOR_USERS 64 /* of the total: root's programs cannot use them up */

struct question {
    struct waiting waiting;
    struct daemon *daemon;
    logind_handler *handler;
    int64_t ends; /* deadline, monotonic milliseconds */
    char *object; /* path of the logind object that is asked next; owned */
    bool remote;  /* what logind's property Remote says */
    struct bus_request *request;
};

static struct waiting_list questions = LIST_HEAD_INITIALIZER(questions);

static void question_free(struct question *question)
{
    LIST_REMOVE(&question->waiting, entry);
    free(question->object);
    free(question);
}

/* --- conclusions ------------------------------------------------------------------------------ */

static bool set_rhost(struct call *call, const char *host)
{
    struct value *options = &call->arguments.items[1];
    struct value *found = value_find(options, "rhost");
    char *copy;

    if (!found) {
        value_dict_text(options, "rhost", host);
        return !value_is_broken(options);
    }
    copy = strdup(host);
    if (!copy)
        return false;
    free(found->text);
    found->text = copy;
    return true;
}

static void conclude(struct question *question, const char *host)
{
    struct daemon *daemon = question->daemon;
    struct call *call = question->waiting.call;
    logind_handler *handler = question->handler;

    question_free(question);
    if (set_rhost(call, host))
        handler(daemon, call);
    else
        call_fail(call, PK_BUS_ERROR_INTERNAL, "out of memory");
}

static void conclude_local(struct question *question)
{
    conclude(question, "");
}

static void conclude_unknown(struct question *question, const char *why)
{
    pk_log(LOG_WARNING, "[%s] taken for a remote session: logind does not tell: %s",
           question->waiting.call->id, why);
    conclude(question, LOGIND_RHOST_UNKNOWN);
}

/* --- logind ----------------------------------------------------------------------------------- */

/* Sends one question, emptying arguments; without memory or time the session counts as unknown. */
static void ask_logind(struct question *question, const struct bus_target *target,
                       struct value *arguments, bus_reply_function *reply)
{
    int64_t left = question->ends - pk_clock_monotonic_ms();

    question->request = NULL;
    if (left > 0)
        question->request = bus_call(question->waiting.call->bus, target, arguments, (unsigned)left,
                                     reply, question);
    else
        value_clear(arguments);
    if (!question->request)
        conclude_unknown(question, left > 0 ? "out of memory" : "no answer in time");
}

/* Asks for a property of question->object, which implements that interface. */
static void ask_property(struct question *question, const char *interface, const char *name,
                         bus_reply_function *reply)
{
    const struct bus_target target = {.destination = LOGIN,
                                      .path = question->object,
                                      .interface = "org.freedesktop.DBus.Properties",
                                      .member = "Get",
                                      .no_start = true};
    struct value arguments = value_body();

    value_add_text(&arguments, 's', interface);
    value_add_text(&arguments, 's', name);
    ask_logind(question, &target, &arguments, reply);
}

/* The only argument of a reply. */
static const struct value *only_argument(const struct value *result)
{
    return result && result->count == 1 ? &result->items[0] : NULL;
}

/* The content of the only argument, a variant, if it is of that type. */
static const struct value *property_content(const struct value *result, char type)
{
    const struct value *variant = only_argument(result);

    if (!variant || variant->type != 'v' || variant->count != 1 || variant->items[0].type != type)
        return NULL;
    return &variant->items[0];
}

static void on_remote_host(void *data, const struct value *result, const char *error)
{
    struct question *question = data;
    const struct value *host = property_content(result, 's');
    PK_AUTO_FREE char *shown = host ? pk_text_printable(host->text, LOGIND_RHOST_MAX) : NULL;

    question->request = NULL;
    if (!shown)
        conclude_unknown(question, error ? error : "RemoteHost is no text");
    else if (context_is_remote(&(struct context){.rhost = shown}))
        conclude(question, shown);
    else if (question->remote) /* logind says remote, but names no remote host */
        conclude(question, LOGIND_RHOST_UNKNOWN);
    else
        conclude_local(question);
}

/*
 * Remote alone does not decide: logind does not count a session from "localhost" as remote,
 * although that may be the end of a tunnel.
 */
static void on_remote(void *data, const struct value *result, const char *error)
{
    struct question *question = data;
    const struct value *remote = property_content(result, 'b');

    question->request = NULL;
    if (!remote) {
        conclude_unknown(question, error ? error : "Remote is no boolean");
        return;
    }
    question->remote = remote->number != 0;
    ask_property(question, LOGIN ".Session", "RemoteHost", on_remote_host);
}

/* Makes path the object whose properties are asked for. false: the question has been concluded. */
static bool take_object(struct question *question, const struct value *path)
{
    free(question->object);
    question->object = path && path->type == 'o' ? strdup(path->text) : NULL;
    if (question->object)
        return true;
    conclude_unknown(question, "no object path in the reply");
    return false;
}

static bool is_error(const char *error, const char *name)
{
    return error && strcmp(error, name) == 0;
}

/* Display is (so): id and object of a session; the id is empty when there is no session. */
static void on_display(void *data, const struct value *result, const char *error)
{
    struct question *question = data;
    const struct value *display = property_content(result, 'r');

    question->request = NULL;
    if (!display || display->count != 2 || display->items[0].type != 's')
        conclude_unknown(question, error ? error : "Display is no session");
    else if (display->items[0].text[0] == '\0')
        conclude_local(question);
    else if (take_object(question, &display->items[1]))
        ask_property(question, LOGIN ".Session", "Remote", on_remote);
}

static void on_user(void *data, const struct value *result, const char *error)
{
    struct question *question = data;

    question->request = NULL;
    if (is_error(error, LOGIN ".NoUserForPID"))
        conclude_local(question);
    else if (error)
        conclude_unknown(question, error);
    else if (take_object(question, only_argument(result)))
        ask_property(question, LOGIN ".User", "Display", on_display);
}

static void ask_manager(struct question *question, const char *member, bus_reply_function *reply)
{
    const struct bus_target target = {.destination = LOGIN,
                                      .path = "/org/freedesktop/login1",
                                      .interface = LOGIN ".Manager",
                                      .member = member,
                                      .no_start = true};
    struct value arguments = value_body();

    value_add_number(&arguments, 'u', (uint64_t)question->waiting.call->pid);
    ask_logind(question, &target, &arguments, reply);
}

/*
 * A process outside of every session may have been started by a user's own service manager:
 * terminals of current desktops, or what an ssh login starts through systemd-run. It then belongs
 * to the user's main session, as it does for polkit.
 */
static void on_session(void *data, const struct value *result, const char *error)
{
    struct question *question = data;

    question->request = NULL;
    if (is_error(error, "org.freedesktop.DBus.Error.NameHasNoOwner") ||
        is_error(error, "org.freedesktop.DBus.Error.ServiceUnknown"))
        conclude_local(question); /* logind does not run */
    else if (is_error(error, LOGIN ".NoSessionForPID"))
        ask_manager(question, "GetUserByPID", on_user);
    else if (error)
        conclude_unknown(question, error);
    else if (take_object(question, only_argument(result)))
        ask_property(question, LOGIN ".Session", "Remote", on_remote);
}

/* --- entry points ----------------------------------------------------------------------------- */

/*
 * Any caller may claim to be remote, which only restricts it; that a display is at this computer is
 * believed of root's programs alone.
 */
static bool has_trusted_rhost(const struct call *call)
{
    const struct context context = {.rhost =
                                        value_find_text(&call->arguments.items[1], "rhost", "")};

    return context_is_remote(&context) || (call->uid == 0 && context.rhost[0] != '\0');
}

void logind_find_rhost(struct daemon *daemon, struct call *call, logind_handler *handler)
{
    size_t per_uid = call->uid == 0 ? QUESTIONS_MAX - RESERVED_FOR_USERS
                                    : daemon->config->conversations_per_user;
    struct question *question;

    if (has_trusted_rhost(call)) {
        handler(daemon, call);
        return;
    }
    question = waiting_full(&questions, call->uid, QUESTIONS_MAX, per_uid)
                   ? NULL
                   : calloc(1, sizeof(*question));
    if (!question) {
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED, "too many calls at once");
        return;
    }
    *question = (struct question){.waiting.call = call,
                                  .daemon = daemon,
                                  .handler = handler,
                                  .ends = pk_clock_monotonic_ms() + TIMEOUT_MS};
    LIST_INSERT_HEAD(&questions, &question->waiting, entry);
    if (call->pid > 0)
        ask_manager(question, "GetSessionByPID", on_session);
    else
        conclude_unknown(question, "the bus does not know the calling process");
}

static void drop_question(struct waiting *waiting)
{
    struct question *question = (struct question *)waiting;

    bus_request_forget(question->request);
    call_drop(waiting->call);
    question_free(question);
}

void logind_vanished(const char *name)
{
    waiting_drop(&questions, name, drop_question);
}
