/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/logind.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/console.h"
#include "daemon/bus/logind_files.h"
#include "daemon/bus/logind_properties.h"
#include "daemon/bus/waiting.h"
#include "daemon/config/config.h"
#include "daemon/verify/context.h"

#include <string.h>

#define LOGIN              "org.freedesktop.login1"
#define TIMEOUT_MS         2000 /* for all questions about one call */
#define QUESTIONS_OF_ROOT  192  /* at once, of root's programs */
#define QUESTIONS_OF_USERS 64   /* of all others together: neither can use up the other's */

struct question {
    struct waiting waiting;
    struct daemon *daemon;
    logind_handler *handler;
    logind_judged *judged; /* instead of handler: the verdict is all that is wanted */
    int64_t ends;          /* deadline, monotonic milliseconds */
    pid_t pid;             /* of the process that is asked about: the caller, or its peer */
    struct seat_facts facts;
    struct logind_facts found; /* what is known so far */
    struct pk_strings objects; /* on the bus, the paths of all sessions */
    struct bus_request *request;
};

static struct waiting_list questions = LIST_HEAD_INITIALIZER(questions);

static void question_free(struct question *question)
{
    LIST_REMOVE(&question->waiting, entry);
    pk_strings_clear(&question->objects);
    logind_facts_clear(&question->found);
    free(question);
}

/* --- conclusions ------------------------------------------------------------------------------ */

static void find_facts(struct question *question);

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

/*
 * The rhost that the rest of the daemon sees: only where the verdict is yes does it name no remote
 * host. Root's programs may name the display at which the person sits.
 */
static const char *rhost_of(const struct question *question, enum seat_answer answer)
{
    const struct call *call = question->waiting.call;

    if (answer == SEAT_YES)
        return call->uid == 0 ? value_find_text(&call->arguments.items[1], "rhost", "") : "";
    return question->found.host && question->found.host[0] ? question->found.host
                                                           : LOGIND_RHOST_UNKNOWN;
}

/*
 * Where no remote host tells the person why, an administrator can read it without debug; also where
 * a touch was expected and did not come.
 */
static void log_verdict(const struct call *call, pid_t pid, const struct seat_verdict *verdict,
                        bool expected)
{
    pk_log(verdict->answer == SEAT_NO && !expected ? LOG_INFO : LOG_DEBUG,
           "[%s] uid %u, process %d: %s key in this computer: row %s: %s", call->id,
           (unsigned)call->uid, (int)pid, verdict->answer == SEAT_YES ? "a" : "no", verdict->row,
           verdict->why);
}

static void tell(struct question *question, const struct seat_verdict *verdict)
{
    struct daemon *daemon = question->daemon;
    struct call *call = question->waiting.call;
    logind_judged *judged = question->judged;

    question_free(question);
    judged(daemon, call, verdict);
}

static void hand_on(struct question *question, enum seat_answer answer)
{
    struct daemon *daemon = question->daemon;
    struct call *call = question->waiting.call;
    logind_handler *handler = question->handler;
    bool set = set_rhost(call, rhost_of(question, answer));

    question_free(question);
    if (set)
        handler(daemon, call);
    else
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "passkeyd has no memory left; try again in a moment");
}

/* The process at the other end is judged as the caller would be, by what root reports of it. */
static void ask_about_peer(struct question *question)
{
    const struct caller_peer peer = question->facts.caller.peer;

    question->pid = peer.pid;
    question->facts.uid = peer.uid;
    question->facts.caller = (struct caller){.real_uid = peer.uid,
                                             .login_uid = peer.login_uid,
                                             .audit_session = peer.audit_session,
                                             .terminal = peer.terminal,
                                             .reported = peer.reported};
    find_facts(question);
}

static void conclude(struct question *question, enum seat_place place)
{
    struct seat_facts *facts = &question->facts;
    unsigned console = seat_console(facts->caller.terminal);
    struct seat_verdict verdict;

    facts->place = place;
    facts->user = question->found.user;
    facts->sessions = question->found.sessions;
    facts->session_count = question->found.session_count;
    facts->shown_vt = console ? console_shown() : 0;
    facts->shown_vt_owner = facts->shown_vt ? console_owner(facts->shown_vt) : (uid_t)-1;
    verdict = seat_decide(facts);
    log_verdict(question->waiting.call, question->pid, &verdict,
                question->found.host || question->judged);
    if (verdict.answer == SEAT_ASK_PEER)
        ask_about_peer(question);
    else if (question->judged)
        tell(question, &verdict);
    else
        hand_on(question, verdict.answer);
}

static void conclude_unknown(struct question *question, const char *why)
{
    pk_log(question->judged ? LOG_DEBUG : LOG_WARNING,
           "[%s] taken for a remote session: logind does not tell: %s", question->waiting.call->id,
           why);
    conclude(question, SEAT_UNKNOWN);
}

/* --- logind ----------------------------------------------------------------------------------- */

/* Sends one question, emptying arguments; without memory or time the place is unknown. */
static void ask(struct question *question, const struct bus_target *target, struct value *arguments,
                bus_reply_function *reply)
{
    int64_t left = question->ends - pk_clock_monotonic_ms();

    question->request = NULL;
    if (left > 0)
        question->request =
            bus_call(question->daemon->bus, target, arguments, (unsigned)left, reply, question);
    else
        value_clear(arguments);
    if (!question->request)
        conclude_unknown(question, left > 0 ? "passkeyd has no memory left; try again in a moment"
                                            : "no answer in time");
}

/* Asks for all properties at once: what they say is true at one moment. */
static void ask_properties(struct question *question, const char *object, const char *interface,
                           bus_reply_function *reply)
{
    const struct bus_target target = {.destination = LOGIN,
                                      .path = object,
                                      .interface = "org.freedesktop.DBus.Properties",
                                      .member = "GetAll",
                                      .no_start = true};
    struct value arguments = value_body();

    value_add_text(&arguments, 's', interface);
    ask(question, &target, &arguments, reply);
}

static void ask_manager(struct question *question, const char *member, bus_reply_function *reply)
{
    const struct bus_target target = {.destination = LOGIN,
                                      .path = "/org/freedesktop/login1",
                                      .interface = LOGIN ".Manager",
                                      .member = member,
                                      .no_start = true};
    struct value arguments = value_body();

    value_add_number(&arguments, 'u', (uint64_t)question->pid);
    ask(question, &target, &arguments, reply);
}

/* The object path that is the only argument of a reply; NULL: there is none. */
static const char *only_object(const struct value *result)
{
    return result && result->count == 1 && result->items[0].type == 'o' ? result->items[0].text
                                                                        : NULL;
}

static bool is_error(const char *error, const char *name)
{
    return error && strcmp(error, name) == 0;
}

static void on_properties(void *data, const struct value *result, const char *error);

/* Of the next session that is not known yet; when all are, place says what they are. */
static void ask_next_session(struct question *question)
{
    size_t known = question->found.session_count;

    if (known < question->objects.count)
        ask_properties(question, question->objects.items[known], LOGIN ".Session", on_properties);
    else
        conclude(question, question->found.place);
}

static void on_properties(void *data, const struct value *result, const char *error)
{
    struct question *question = data;
    struct seat_session session;
    char *host = NULL;

    question->request = NULL;
    if (error || logind_read_session(result, &session, &host))
        conclude_unknown(question, error ? error : "no session's properties");
    else if (logind_facts_add(&question->found, &session, host))
        conclude_unknown(question, "a session of another user");
    else
        ask_next_session(question);
}

static void on_user_properties(void *data, const struct value *result, const char *error)
{
    struct question *question = data;

    question->request = NULL;
    if (error || logind_read_user(result, &question->found.user, &question->objects)) {
        conclude_unknown(question, error ? error : "no user's properties");
        return;
    }
    question->found.place = SEAT_OF_USER;
    ask_next_session(question);
}

static void on_user(void *data, const struct value *result, const char *error)
{
    struct question *question = data;
    const char *object = only_object(result);

    question->request = NULL;
    if (is_error(error, LOGIN ".NoUserForPID"))
        conclude(question, SEAT_OF_NOBODY);
    else if (error || !object)
        conclude_unknown(question, error ? error : "no object path in the reply");
    else
        ask_properties(question, object, LOGIN ".User", on_user_properties);
}

/* A logind that could be started is one that this host has, and that does not run. */
static void on_activatable(void *data, const struct value *result, const char *error)
{
    struct question *question = data;
    const struct value *names = result && result->count == 1 ? &result->items[0] : NULL;
    bool has = false;

    question->request = NULL;
    if (error || !names || names->type != 'a' || strcmp(names->text, "s") != 0) {
        conclude_unknown(question, error ? error : "no list of names");
        return;
    }
    for (size_t i = 0; i < names->count && !has; i++)
        has = strcmp(names->items[i].text, LOGIN) == 0;
    if (has)
        conclude_unknown(question, "it does not run");
    else
        conclude(question, SEAT_NO_LOGIND);
}

static void ask_activatable(struct question *question)
{
    const struct bus_target target = {.destination = "org.freedesktop.DBus",
                                      .path = "/org/freedesktop/DBus",
                                      .interface = "org.freedesktop.DBus",
                                      .member = "ListActivatableNames",
                                      .no_start = true};
    struct value arguments = value_body();

    ask(question, &target, &arguments, on_activatable);
}

static void on_session(void *data, const struct value *result, const char *error)
{
    struct question *question = data;
    const char *object = only_object(result);

    question->request = NULL;
    if (is_error(error, "org.freedesktop.DBus.Error.NameHasNoOwner") ||
        is_error(error, "org.freedesktop.DBus.Error.ServiceUnknown"))
        ask_activatable(question);
    else if (is_error(error, LOGIN ".NoSessionForPID"))
        ask_manager(question, "GetUserByPID", on_user);
    else if (error || !object)
        conclude_unknown(question, error ? error : "no object path in the reply");
    else if (pk_strings_add(&question->objects, object))
        conclude_unknown(question, "passkeyd has no memory left; try again in a moment");
    else {
        question->found.place = SEAT_IN_SESSION;
        ask_next_session(question);
    }
}

/*
 * A storm on the bus delays no sign-in: while logind runs its files are its word, and where there
 * is none there is nothing to ask. All else it has to say itself, or nobody is at the seat.
 */
static void find_facts(struct question *question)
{
    enum bus_service logind = bus_service(question->daemon->bus);

    if (logind == BUS_SERVICE_NONE)
        conclude(question, SEAT_NO_LOGIND);
    else if (logind == BUS_SERVICE_RUNS &&
             logind_files_read(question->pid, &question->found) == PK_OK)
        conclude(question, question->found.place);
    else {
        pk_log(LOG_DEBUG, "[%s] process %d: logind is asked", question->waiting.call->id,
               (int)question->pid);
        ask_manager(question, "GetSessionByPID", on_session);
    }
}

/* --- entry points ----------------------------------------------------------------------------- */

static enum seat_program program_of(const struct daemon *daemon, const struct call *call)
{
    const char *service = value_find_text(&call->arguments.items[1], "service", "");

    if (!call->caller.reported)
        return SEAT_PROGRAM_OTHER;
    if (strcmp(service, "polkit-1") == 0)
        return SEAT_PROGRAM_POLKIT;
    for (size_t i = 0; i < daemon->config->greeters.count; i++)
        if (strcmp(service, daemon->config->greeters.items[i]) == 0)
            return SEAT_PROGRAM_GREETER;
    return SEAT_PROGRAM_OTHER;
}

static struct seat_facts facts_of(const struct daemon *daemon, const struct call *call)
{
    const struct context context = {.rhost =
                                        value_find_text(&call->arguments.items[1], "rhost", "")};

    return (struct seat_facts){
        .names_remote_host = context_is_remote(&context),
        .uid = call->uid,
        .caller = call->caller,
        .program = program_of(daemon, call),
        .user_manager = daemon->config->user_manager,
        .without_logind = daemon->config->without_logind,
    };
}

static bool may_ask(const struct daemon *daemon, uid_t uid)
{
    const struct waiting *waiting;
    size_t own = 0, users = 0;

    LIST_FOREACH(waiting, &questions, entry)
    {
        own += waiting->call->uid == uid;
        users += waiting->call->uid != 0;
    }
    if (uid == 0)
        return own < QUESTIONS_OF_ROOT;
    return own < daemon->config->conversations_per_user && users < QUESTIONS_OF_USERS;
}

static struct question *question_new(struct daemon *daemon, struct call *call,
                                     const struct seat_facts *facts)
{
    struct question *question = may_ask(daemon, call->uid) ? calloc(1, sizeof(*question)) : NULL;

    if (!question)
        return NULL;
    question->waiting.call = call;
    question->daemon = daemon;
    question->ends = pk_clock_monotonic_ms() + TIMEOUT_MS;
    question->pid = call->pid;
    question->facts = *facts;
    LIST_INSERT_HEAD(&questions, &question->waiting, entry);
    return question;
}

static void begin(struct question *question)
{
    if (!question->daemon->bus)
        conclude(question, SEAT_NO_LOGIND);
    else if (question->pid > 0)
        find_facts(question);
    else
        conclude_unknown(question, "the bus does not know the calling process");
}

void logind_find_rhost(struct daemon *daemon, struct call *call, logind_handler *handler)
{
    const struct seat_facts facts = facts_of(daemon, call);
    struct question *question;

    if (facts.names_remote_host) { /* any caller may say so: it only restricts */
        const struct seat_verdict verdict = seat_decide(&facts);

        log_verdict(call, call->pid, &verdict, true);
        handler(daemon, call);
        return;
    }
    question = question_new(daemon, call, &facts);
    if (!question) {
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED,
                  "passkeyd has too many calls at once; try again in a moment");
        return;
    }
    question->handler = handler;
    begin(question);
}

void logind_judge(struct daemon *daemon, struct call *call, logind_judged *judged)
{
    const struct seat_facts facts = {
        .uid = call->uid,
        .caller = caller_of_process(call->pid, call->uid),
        .user_manager = daemon->config->user_manager,
        .without_logind = daemon->config->without_logind,
    };
    struct question *question = question_new(daemon, call, &facts);

    if (!question) {
        judged(daemon, call, NULL);
        return;
    }
    question->judged = judged;
    begin(question);
}

static void drop_question(struct waiting *waiting)
{
    struct question *question = (struct question *)waiting;

    bus_request_forget(question->request);
    call_drop(waiting->call);
    question_free(question);
}

void logind_watch(struct daemon *daemon)
{
    PK_AUTO_FREE char *why = NULL;

    if (bus_watch(daemon->bus, LOGIN, &why))
        pk_log(LOG_WARNING, "logind will be asked for each sign-in: %s", why ? why : "no memory");
}

void logind_vanished(const char *name)
{
    waiting_drop(&questions, name, drop_question);
}
