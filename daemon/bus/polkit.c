/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/polkit.h"

#include "common/base/log.h"
#include "common/bus/names.h"

#include "daemon/bus/waiting.h"

#include <string.h>

#define POLKIT_TIMEOUT_MS  120000 /* enough for a person to type a password */
#define POLKIT_PENDING_MAX 256    /* questions in total; of one user: */
#define POLKIT_PER_UID     4
#define ALLOW_INTERACTION  1 /* CheckAuthorizationFlags */

struct question {
    struct waiting waiting;
    const char *action;
    struct bus_request *request;
    void (*allowed)(void *data, struct call *call);
    void *data;
};

static struct waiting_list questions = LIST_HEAD_INITIALIZER(questions);

static void question_free(struct question *question)
{
    LIST_REMOVE(&question->waiting, entry);
    free(question);
}

static bool polkit_is_missing(const char *error)
{
    return strcmp(error, "org.freedesktop.DBus.Error.ServiceUnknown") == 0 ||
           strcmp(error, "org.freedesktop.DBus.Error.NameHasNoOwner") == 0 ||
           strncmp(error, "org.freedesktop.DBus.Error.Spawn.", 33) == 0;
}

/* AuthorizationResult is (bba{ss}): authorized, a challenge is possible, details. */
static void on_answer(void *data, const struct value *result, const char *error)
{
    struct question question = *(struct question *)data;
    const struct value *answer = result && result->count == 1 ? &result->items[0] : NULL;

    question_free(data);
    if (answer && answer->type == 'r' && answer->count == 3 && answer->items[0].type == 'b' &&
        answer->items[0].number) {
        pk_log(LOG_INFO, "[%s] polkit allows %s to uid %u", question.waiting.call->id,
               question.action, (unsigned)question.waiting.call->uid);
        question.allowed(question.data, question.waiting.call);
        return;
    }
    if (!result && error && polkit_is_missing(error))
        call_fail(question.waiting.call, PK_BUS_ERROR_NOT_AUTHORIZED,
                  "there is no polkit on this bus: only root may do this");
    else if (!result)
        call_fail(question.waiting.call, PK_BUS_ERROR_NOT_AUTHORIZED,
                  "polkit did not answer; \"systemctl status polkit\" says more");
    else if (answer && answer->type == 'r' && answer->count == 3 && answer->items[1].number)
        call_fail(
            question.waiting.call, PK_BUS_ERROR_NOT_AUTHORIZED,
            "your password is needed, and nothing here could ask for it; run this on a terminal");
    else
        call_fail(
            question.waiting.call, PK_BUS_ERROR_NOT_AUTHORIZED,
            "not authorized: the password was not given, or polkit's rules do not allow this");
}

/*
 * Whom polkit is to judge. At the daemon's own socket that is a process, whose uid goes with it: by
 * the time that polkit looks, the process may run a setuid program. start-time 0: polkit finds it.
 */
static void add_subject(struct value *body, const struct call *call)
{
    struct value *subject = value_add(body, 'r');
    struct value *details;

    value_add_text(subject, 's', call_is_on_bus(call) ? "system-bus-name" : "unix-process");
    details = value_add_array(subject, "{sv}");
    if (call_is_on_bus(call)) {
        value_dict_text(details, "name", call->sender);
        return;
    }
    value_dict_number(details, "pid", 'u', (uint64_t)call->pid);
    value_dict_number(details, "start-time", 't', 0);
    value_dict_number(details, "uid", 'i', (uint64_t)call->uid);
}

/* (s kind, a{sv} details) subject, s action, a{ss} details, u flags, s cancellation id */
static struct value check_arguments(const struct call *call, const char *action)
{
    struct value body = value_body();

    add_subject(&body, call);
    value_add_text(&body, 's', action);
    (void)value_add_array(&body, "{ss}");
    value_add_number(&body, 'u', call->interactive ? ALLOW_INTERACTION : 0);
    value_add_text(&body, 's', "");
    return body;
}

void polkit_check(struct call *call, const char *action,
                  void (*allowed)(void *data, struct call *call), void *data)
{
    static const struct bus_target target = {.destination = "org.freedesktop.PolicyKit1",
                                             .path = "/org/freedesktop/PolicyKit1/Authority",
                                             .interface = "org.freedesktop.PolicyKit1.Authority",
                                             .member = "CheckAuthorization"};
    struct question *question;
    struct value arguments;

    if (call->uid == 0) {
        allowed(data, call);
        return;
    }
    question = waiting_full(&questions, call->uid, POLKIT_PENDING_MAX, POLKIT_PER_UID)
                   ? NULL
                   : calloc(1, sizeof(*question));
    if (!question) {
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED,
                  "too many passwords are being asked for at once; try again in a moment");
        return;
    }
    *question =
        (struct question){.waiting.call = call, .action = action, .allowed = allowed, .data = data};
    LIST_INSERT_HEAD(&questions, &question->waiting, entry);
    arguments = check_arguments(call, action);
    question->request =
        bus_call(call->bus, &target, &arguments, POLKIT_TIMEOUT_MS, on_answer, question);
    if (!question->request) {
        question_free(question);
        call_fail(call, PK_BUS_ERROR_UNAVAILABLE,
                  "polkit cannot be asked; try again in a moment, or as root");
    }
}

static void drop_question(struct waiting *waiting)
{
    struct question *question = (struct question *)waiting;

    bus_request_forget(question->request);
    call_drop(waiting->call);
    question_free(question);
}

void polkit_vanished(const char *name)
{
    waiting_drop(&questions, name, drop_question);
}
