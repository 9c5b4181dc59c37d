/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/logind.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/verify/context.h"

#include <string.h>
#include <sys/queue.h>
#include <time.h>

#define LOGIN          "org.freedesktop.login1"
#define TIMEOUT_MS     2000 /* for all that one call needs to know */
#define QUESTIONS_MAX  256
#define KEPT_FROM_ROOT 64 /* of the total: root's programs must not shut users out */

struct question {
    LIST_ENTRY(question) entry;
    struct daemon *daemon;
    struct call *call;
    remote_handler *handler;
    int64_t ends; /* monotonic milliseconds */
    char *object; /* of logind, whose property is asked for */
    bool remote;  /* logind calls the session so */
    struct bus_request *request;
};

static LIST_HEAD(, question) questions = LIST_HEAD_INITIALIZER(questions);

static void question_free(struct question *question)
{
    LIST_REMOVE(question, entry);
    free(question->object);
    free(question);
}

static int64_t now_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the end ---------------------------------------------------------------------------------- */

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
    struct call *call = question->call;
    remote_handler *handler = question->handler;

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
           question->call->id, why);
    conclude(question, REMOTE_UNKNOWN);
}

/* --- logind ----------------------------------------------------------------------------------- */

/* Asks and leaves arguments empty; without an answer in sight the question ends here. */
static void ask(struct question *question, const struct bus_target *target, struct value *arguments,
                bus_reply_function *reply)
{
    int64_t left = question->ends - now_ms();

    question->request = NULL;
    if (left > 0)
        question->request =
            bus_call(question->call->bus, target, arguments, (unsigned)left, reply, question);
    else
        value_clear(arguments);
    if (!question->request)
        conclude_unknown(question, left > 0 ? "out of memory" : "no answer in time");
}

/* A property of the object, which is of that interface. */
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
    ask(question, &target, &arguments, reply);
}

/* The only argument of a reply. */
static const struct value *only(const struct value *result)
{
    return result && result->count == 1 ? &result->items[0] : NULL;
}

/* The content of the only argument, a variant, if it is of that type. */
static const struct value *property(const struct value *result, char type)
{
    const struct value *variant = only(result);

    if (!variant || variant->type != 'v' || variant->count != 1 || variant->items[0].type != type)
        return NULL;
    return &variant->items[0];
}

static void on_remote_host(void *data, const struct value *result, const char *error)
{
    struct question *question = data;
    const struct value *host = property(result, 's');
    PK_AUTO_FREE char *shown = host ? pk_text_printable(host->text, REMOTE_HOST_MAX) : NULL;

    question->request = NULL;
    if (!shown)
        conclude_unknown(question, error ? error : "RemoteHost is no text");
    else if (context_is_remote(&(struct context){.rhost = shown}))
        conclude(question, shown);
    else if (question->remote) /* whatever it is called */
        conclude(question, REMOTE_UNKNOWN);
    else
        conclude_local(question);
}

/* Not the last word: to logind the far end of a tunnel, "localhost", is not remote. */
static void on_remote(void *data, const struct value *result, const char *error)
{
    struct question *question = data;
    const struct value *remote = property(result, 'b');

    question->request = NULL;
    if (!remote) {
        conclude_unknown(question, error ? error : "Remote is no boolean");
        return;
    }
    question->remote = remote->number != 0;
    ask_property(question, LOGIN ".Session", "RemoteHost", on_remote_host);
}

/* What is asked for next is a property of this object; false: the question has ended. */
static bool take_object(struct question *question, const struct value *path)
{
    free(question->object);
    question->object = path && path->type == 'o' ? strdup(path->text) : NULL;
    if (question->object)
        return true;
    conclude_unknown(question, "an object's path is none");
    return false;
}

static bool is_error(const char *error, const char *name)
{
    return error && strcmp(error, name) == 0;
}

/* Display is (so), a session's id and object; the id is empty when there is none. */
static void on_display(void *data, const struct value *result, const char *error)
{
    struct question *question = data;
    const struct value *display = property(result, 'r');

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
    else if (take_object(question, only(result)))
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

    value_add_number(&arguments, 'u', (uint64_t)question->call->pid);
    ask(question, &target, &arguments, reply);
}

/*
 * A process outside of every session may still be started by a user's own service manager, as
 * terminals of today's desktops are, and what an ssh login tells systemd-run to start. It belongs
 * to the user's main session then, as polkit sees it, too.
 */
static void on_session(void *data, const struct value *result, const char *error)
{
    struct question *question = data;

    question->request = NULL;
    if (is_error(error, "org.freedesktop.DBus.Error.NameHasNoOwner") ||
        is_error(error, "org.freedesktop.DBus.Error.ServiceUnknown"))
        conclude_local(question); /* there is no logind */
    else if (is_error(error, LOGIN ".NoSessionForPID"))
        ask_manager(question, "GetUserByPID", on_user);
    else if (error)
        conclude_unknown(question, error);
    else if (take_object(question, only(result)))
        ask_property(question, LOGIN ".Session", "Remote", on_remote);
}

/* --- beginning -------------------------------------------------------------------------------- */

static bool too_many(const struct daemon *daemon, uid_t uid)
{
    const struct question *question;
    size_t total = 0, own = 0;

    LIST_FOREACH(question, &questions, entry)
    {
        total++;
        own += question->call->uid == uid;
    }
    return total >= QUESTIONS_MAX || own >= (uid == 0 ? QUESTIONS_MAX - KEPT_FROM_ROOT
                                                      : daemon->config->conversations_per_user);
}

/* Anybody may say that they are far away; that they sit at a display here, only root's programs. */
static bool is_told(const struct call *call)
{
    const struct context context = {.rhost =
                                        value_find_text(&call->arguments.items[1], "rhost", "")};

    return context_is_remote(&context) || (call->uid == 0 && context.rhost[0] != '\0');
}

void remote_find(struct daemon *daemon, struct call *call, remote_handler *handler)
{
    struct question *question;

    if (is_told(call)) {
        handler(daemon, call);
        return;
    }
    question = too_many(daemon, call->uid) ? NULL : calloc(1, sizeof(*question));
    if (!question) {
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED, "too many calls at once");
        return;
    }
    *question = (struct question){
        .daemon = daemon, .call = call, .handler = handler, .ends = now_ms() + TIMEOUT_MS};
    LIST_INSERT_HEAD(&questions, question, entry);
    if (call->pid > 0)
        ask_manager(question, "GetSessionByPID", on_session);
    else
        conclude_unknown(question, "the bus does not know the calling process");
}

void remote_vanished(const char *name)
{
    struct question *question, *next;

    for (question = LIST_FIRST(&questions); question; question = next) {
        next = LIST_NEXT(question, entry);
        if (name && strcmp(question->call->sender, name) != 0)
            continue;
        bus_request_forget(question->request);
        call_drop(question->call);
        question_free(question);
    }
}
