/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/remote.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/context.h"

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
    char *session;
    struct bus_request *request;
};

static LIST_HEAD(, question) questions = LIST_HEAD_INITIALIZER(questions);

static void question_free(struct question *question)
{
    LIST_REMOVE(question, entry);
    free(question->session);
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

static void ask_property(struct question *question, const char *name, bus_reply_function *reply)
{
    const struct bus_target target = {.destination = LOGIN,
                                      .path = question->session,
                                      .interface = "org.freedesktop.DBus.Properties",
                                      .member = "Get",
                                      .no_start = true};
    struct value arguments = value_body();

    value_add_text(&arguments, 's', LOGIN ".Session");
    value_add_text(&arguments, 's', name);
    ask(question, &target, &arguments, reply);
}

/* The content of the only argument, a variant, if it is of that type. */
static const struct value *property(const struct value *result, char type)
{
    const struct value *variant = result && result->count == 1 ? &result->items[0] : NULL;

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
    else /* it is remote, whatever it is called */
        conclude(question,
                 context_is_remote(&(struct context){.rhost = shown}) ? shown : REMOTE_UNKNOWN);
}

static void on_remote(void *data, const struct value *result, const char *error)
{
    struct question *question = data;
    const struct value *remote = property(result, 'b');

    question->request = NULL;
    if (!remote)
        conclude_unknown(question, error ? error : "Remote is no boolean");
    else if (remote->number == 0)
        conclude_local(question);
    else
        ask_property(question, "RemoteHost", on_remote_host);
}

/* There is no logind here, or the process belongs to no session: nobody came through a network. */
static bool means_local(const char *error)
{
    return strcmp(error, "org.freedesktop.DBus.Error.NameHasNoOwner") == 0 ||
           strcmp(error, "org.freedesktop.DBus.Error.ServiceUnknown") == 0 ||
           strcmp(error, LOGIN ".NoSessionForPID") == 0;
}

static void on_session(void *data, const struct value *result, const char *error)
{
    struct question *question = data;
    const struct value *path = result && result->count == 1 ? &result->items[0] : NULL;

    question->request = NULL;
    if (!result && error && means_local(error)) {
        conclude_local(question);
        return;
    }
    if (path && path->type == 'o')
        question->session = strdup(path->text);
    if (question->session)
        ask_property(question, "Remote", on_remote);
    else
        conclude_unknown(question, error ? error : "the session is no object");
}

static void ask_session(struct question *question)
{
    static const struct bus_target target = {.destination = LOGIN,
                                             .path = "/org/freedesktop/login1",
                                             .interface = LOGIN ".Manager",
                                             .member = "GetSessionByPID",
                                             .no_start = true};
    struct value arguments = value_body();

    value_add_number(&arguments, 'u', (uint64_t)question->call->pid);
    ask(question, &target, &arguments, on_session);
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

void remote_find(struct daemon *daemon, struct call *call, remote_handler *handler)
{
    struct question *question;

    if (value_find_text(&call->arguments.items[1], "rhost", "")[0]) {
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
        ask_session(question);
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
