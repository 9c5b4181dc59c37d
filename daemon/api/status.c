/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/api/status.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/keys.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/accounts/subject.h"
#include "daemon/api/store_state.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/logind.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/request.h"
#include "daemon/bus/waiting.h"

#include <event2/event.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#define PENDING_MAX       64 /* Status calls of users that wait for the bus or for the helper */
#define PENDING_PER_UID   4
#define DRIVER_TIMEOUT_MS 5000
#define HELPER_TIMEOUT    5 /* seconds for the helper to list the keys */
#define POLKIT_NAME       "org.freedesktop.PolicyKit1"

/* A call that waits for the bus, and then for the helper. */
struct status_call {
    struct waiting waiting;
    struct daemon *daemon;
    bool polkit;
    struct seat_verdict seat; /* of the calling process; row NULL: not known */
    struct pk_key_watch *watch;
    struct event *deadline;
};

static struct waiting_list pending = LIST_HEAD_INITIALIZER(pending);

/* What is found out on a worker, for the caller, where its text is made as well. */
struct status_request {
    struct request request;
    json_t *object;            /* what the loop knows of it */
    struct pk_strings foreign; /* relying parties whose accounts are not the host's */
    char *program;             /* the authenticator's */
    char *text;
};

static json_t *account_json(const struct account_holding *holding, const struct pk_strings *foreign,
                            struct account_answer *answer)
{
    const struct account *account = &holding->account;
    json_t *object =
        json_pack("{s:s, s:s, s:I, s:I, s:b}", "user", account->name, "rp", account->rp, "passkeys",
                  (json_int_t)holding->passkeys, "recoveryCodes", (json_int_t)holding->codes,
                  "orphaned", subject_is_orphaned(account, foreign, answer));

    if (object && account->uid != PK_NO_UID)
        (void)json_object_set_new(object, "uid", json_integer((json_int_t)account->uid));
    return object;
}

static json_t *accounts_json(const struct status_request *request, uid_t caller)
{
    struct store *store = request->request.daemon->store;
    AUTO_ACCOUNT_HOLDINGS struct account_holdings holdings = {0};
    struct account_answer answer = {0};
    json_t *accounts = json_array();

    if (store->verbs->holdings(store, caller == 0 ? NULL : &caller, &holdings))
        return accounts;
    for (size_t i = 0; i < holdings.count; i++)
        (void)json_array_append_new(accounts,
                                    account_json(&holdings.items[i], &request->foreign, &answer));
    account_answer_clear(&answer);
    return accounts;
}

static json_t *relying_parties_json(const struct config *config)
{
    json_t *list = json_array();

    for (size_t i = 0; i < config->rp_count; i++) {
        const struct rp_config *rp = &config->rps[i];
        const char *source = rp->id_recorded ? "recorded" : "configured";

        if (rp->id_generated)
            source = "generated";
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:s*, s:s, s:s*, s:s*}", "name", rp->name,
                                              "id", rp->id, "idSource", source, "idProblem",
                                              rp->id_problem, "displayName", rp->display_name));
    }
    return list;
}

static void add_feature(void *data, const char *name)
{
    (void)json_array_append_new(data, json_string(name));
}

static json_t *features_json(void)
{
    json_t *list = json_array();

    manager_list_features(add_feature, list);
    return list;
}

static enum pk_status look_around(struct job *job)
{
    struct status_request *status = (struct status_request *)job;
    const uid_t caller = request_call(&status->request)->uid;

    (void)json_object_set_new(json_object_get(status->object, "authenticator"), "present",
                              json_boolean(access(status->program, X_OK) == 0));
    (void)json_object_set_new(status->object, "accounts", accounts_json(status, caller));
    (void)json_object_set_new(status->object, "store",
                              store_state_json(status->request.daemon->store, caller == 0));
    status->text = json_text(pk_steal(status->object));
    return status->text ? PK_OK : PK_NO_MEMORY;
}

static void answer_status(struct request *request, struct call *call, enum pk_status status)
{
    const struct status_request *found = (struct status_request *)request;
    struct value result = value_body();

    if (status) {
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "passkeyd has no memory left; try again in a moment");
        return;
    }
    value_add_text(&result, 's', found->text);
    call_reply(call, &result);
}

static void status_clear(struct request *request)
{
    struct status_request *status = (struct status_request *)request;

    pk_strings_clear(&status->foreign);
    free(status->program);
    free(status->text);
    json_decref(status->object);
}

/* failure is of the helper, NULL: it runs. */
static json_t *describe(const struct status_call *waiting, const char *failure)
{
    const struct daemon *daemon = waiting->daemon;
    json_t *object = json_pack("{s:s, s:o, s:o, s:b, s:{s:s, s:b, s:s*}}", "version",
                               PACKAGE_VERSION, "features", features_json(), "relyingParties",
                               relying_parties_json(daemon->config), "polkit", waiting->polkit,
                               "authenticator", "program", daemon->config->authenticator_program,
                               "runs", !failure, "failure", failure);
    size_t devices;

    if (object && waiting->seat.row)
        (void)json_object_set_new(object, "seat",
                                  json_pack("{s:b, s:s, s:s}", "local",
                                            waiting->seat.answer == SEAT_YES, "row",
                                            waiting->seat.row, "why", waiting->seat.why));
    if (object && pk_keys_count(daemon->keys, &devices))
        (void)json_object_set_new(object, "devices", json_integer((json_int_t)devices));
    return object;
}

static void call_free(struct status_call *waiting)
{
    if (waiting->watch)
        pk_key_watch_free(waiting->watch);
    if (waiting->deadline)
        event_free(waiting->deadline);
    LIST_REMOVE(&waiting->waiting, entry);
    free(waiting);
}

/* The bus and the helper have answered. */
static void find_rest(struct status_call *waiting, const char *failure)
{
    static const struct job_step steps[] = {{JOB_WORKER, look_around}, {0}};
    static const struct request_plan plan = {steps, answer_status, status_clear};
    const struct config *config = waiting->daemon->config;
    struct status_request *status = calloc(1, sizeof(*status));

    if (status) {
        status->object = describe(waiting, failure);
        if (!status->object || subject_foreign_rps(config, &status->foreign) ||
            pk_text_copy(config->authenticator_program, &status->program)) {
            status_clear(&status->request);
            free(pk_steal(status));
        }
    }
    request_start(waiting->daemon, waiting->waiting.call, (struct request *)status, &plan);
    call_free(waiting);
}

void status_end(void)
{
    struct waiting *entry, *next;

    for (entry = LIST_FIRST(&pending); entry; entry = next) {
        struct status_call *waiting = (struct status_call *)entry;

        next = LIST_NEXT(entry, entry);
        if (!waiting->watch)
            continue; /* the bus still has it, and gives it back when it closes */
        call_drop(entry->call);
        call_free(waiting);
    }
}

static void on_listed(void *data, const struct pk_devices *list)
{
    const struct status_call *waiting = data;
    const char *failure = pk_keys_failure(waiting->daemon->keys);

    if (list)
        failure = NULL;
    else if (!failure)
        failure = "it does not run";
    find_rest(data, failure);
}

static void on_silence(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    find_rest(data, "it does not answer");
}

/*
 * The bus has answered whether there is polkit. The helper that lists the keys is started as for a
 * sign-in, by this process and inside all that surrounds it: only so is it known to run.
 */
static void try_helper(struct status_call *waiting, bool polkit)
{
    static const struct timeval patience = {HELPER_TIMEOUT, 0};

    waiting->polkit = polkit;
    waiting->deadline = evtimer_new(waiting->daemon->base, on_silence, waiting);
    waiting->watch = pk_key_watch_new(waiting->daemon->keys, on_listed, waiting);
    if (!waiting->deadline || !waiting->watch || evtimer_add(waiting->deadline, &patience))
        find_rest(waiting, "there is no memory for it");
}

static bool holds_polkit(const struct value *result)
{
    const struct value *names = result && result->count == 1 ? &result->items[0] : NULL;

    for (size_t i = 0; names && names->type == 'a' && i < names->count; i++)
        if (names->items[i].type == 's' && strcmp(names->items[i].text, POLKIT_NAME) == 0)
            return true;
    return false;
}

static struct bus_request *ask_bus(struct status_call *waiting, const char *member,
                                   const char *argument, bus_reply_function *reply)
{
    const struct bus_target target = {.destination = "org.freedesktop.DBus",
                                      .path = "/org/freedesktop/DBus",
                                      .interface = "org.freedesktop.DBus",
                                      .member = member};
    struct value arguments = value_body();

    if (argument)
        value_add_text(&arguments, 's', argument);
    return bus_call(waiting->waiting.call->bus, &target, &arguments, DRIVER_TIMEOUT_MS, reply,
                    waiting);
}

static void on_activatable(void *data, const struct value *result, const char *error)
{
    (void)error;
    try_helper(data, holds_polkit(result));
}

static void on_owned(void *data, const struct value *result, const char *error)
{
    bool owned = result && result->count == 1 && result->items[0].number != 0;

    (void)error;
    if (owned || !ask_bus(data, "ListActivatableNames", NULL, on_activatable))
        try_helper(data, owned);
}

static void ask_the_rest(struct daemon *daemon, struct call *call, const struct seat_verdict *seat)
{
    struct status_call *waiting = waiting_full(&pending, call->uid, PENDING_MAX, PENDING_PER_UID)
                                      ? NULL
                                      : calloc(1, sizeof(*waiting));

    if (!waiting) {
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED,
                  "passkeyd has too many calls at once; try again in a moment");
        return;
    }
    *waiting = (struct status_call){.waiting.call = call, .daemon = daemon};
    if (seat)
        waiting->seat = *seat;
    LIST_INSERT_HEAD(&pending, &waiting->waiting, entry);
    if (!ask_bus(waiting, "NameHasOwner", POLKIT_NAME, on_owned))
        try_helper(waiting, false);
}

void manager_status(struct daemon *daemon, struct call *call)
{
    logind_judge(daemon, call, ask_the_rest);
}
