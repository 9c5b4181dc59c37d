/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/peers.h"

#include "common/base/log.h"

#include <string.h>
#include <sys/queue.h>

#define PEER_CALLS_MAX 32   /* calls of one peer that wait for its uid */
#define WAITING_MAX    1024 /* of all; from the half on, one of a peer: a bus lets nobody have */
                            /* connections enough to fill the rest (256, by default) */
#define DRIVER_TIMEOUT_MS 5000

struct waiting_call {
    TAILQ_ENTRY(waiting_call) entry;
    struct call *call;
};

struct peer {
    LIST_ENTRY(peer) entry;
    struct peers *peers;
    char *name;
    uid_t uid;
    pid_t pid;                             /* 0: unknown to the bus */
    bool identified;                       /* uid and pid hold the bus's answers */
    struct bus_request *ask_pid, *ask_uid; /* sent and answered in this order */
    size_t waiting_count;
    TAILQ_HEAD(, waiting_call) waiting;
};

struct peers {
    void (*handler)(void *data, struct call *call);
    void *data;
    struct budget *budget;
    size_t waiting_count;
    LIST_HEAD(, peer) list;
};

static void peer_free(struct peer *peer)
{
    struct waiting_call *waiting;

    while ((waiting = TAILQ_FIRST(&peer->waiting))) {
        TAILQ_REMOVE(&peer->waiting, waiting, entry);
        peer->peers->waiting_count--;
        call_drop(waiting->call);
        free(waiting);
    }
    if (peer->ask_pid)
        bus_request_forget(peer->ask_pid);
    if (peer->ask_uid)
        bus_request_forget(peer->ask_uid);
    LIST_REMOVE(peer, entry);
    free(peer->name);
    free(peer);
}

static struct peer *peer_find(struct peers *peers, const char *name)
{
    struct peer *peer;

    LIST_FOREACH(peer, &peers->list, entry)
    if (strcmp(peer->name, name) == 0)
        return peer;
    return NULL;
}

static bool is_number(const struct value *result)
{
    return result && result->count == 1 && result->items[0].type == 'u';
}

/*
 * A caller without a process on this machine is still served, with pid 0: logind cannot then be
 * asked for its session.
 */
static void on_pid(void *data, const struct value *result, const char *error)
{
    struct peer *peer = data;

    peer->ask_pid = NULL;
    if (is_number(result))
        peer->pid = (pid_t)result->items[0].number;
    else
        pk_log(LOG_INFO, "pid of %s unknown: %s", peer->name, error ? error : "odd answer");
}

static void hand_on(struct peer *peer, struct call *call)
{
    call->uid = peer->uid;
    call->pid = peer->pid;
    if (call_admit(call, peer->peers->budget))
        peer->peers->handler(peer->peers->data, call);
    else
        call_refuse(call);
}

/*
 * No call is handed on before the bus has told the connection's uid; on an error its calls are
 * dropped.
 */
static void on_uid(void *data, const struct value *result, const char *error)
{
    struct peer *peer = data;
    struct waiting_call *waiting;

    peer->ask_uid = NULL;
    if (!is_number(result)) {
        pk_log(LOG_INFO, "uid of %s unknown: %s", peer->name, error ? error : "odd answer");
        peer_free(peer);
        return;
    }
    peer->uid = (uid_t)result->items[0].number;
    peer->identified = true;
    /* The bus answers in order: if the pid has not been answered by now, it will not be. */
    if (peer->ask_pid)
        bus_request_forget(pk_steal(peer->ask_pid));
    while ((waiting = TAILQ_FIRST(&peer->waiting))) {
        struct call *call = waiting->call;

        TAILQ_REMOVE(&peer->waiting, waiting, entry);
        free(waiting);
        peer->waiting_count--;
        peer->peers->waiting_count--;
        /* Not looked at when they came, because nobody knew whose they were. */
        if (budget_take(peer->peers->budget, peer->uid, BUDGET_CALLS))
            hand_on(peer, call);
        else
            call_refuse(call);
    }
}

/*
 * Both questions are sent at once, so they cost one round trip. GetConnectionCredentials would
 * answer both, but its reply also holds groups and labels of any number and length.
 */
static struct bus_request *ask_driver(const struct call *call, const char *member,
                                      bus_reply_function *reply, struct peer *peer)
{
    const struct bus_target target = {.destination = "org.freedesktop.DBus",
                                      .path = "/org/freedesktop/DBus",
                                      .interface = "org.freedesktop.DBus",
                                      .member = member};
    struct value arguments = value_body();

    value_add_text(&arguments, 's', call->sender);
    return bus_call(call->bus, &target, &arguments, DRIVER_TIMEOUT_MS, reply, peer);
}

static struct peer *peer_new(struct peers *peers, const struct call *call)
{
    struct peer *peer = calloc(1, sizeof(*peer));

    if (!peer)
        return NULL;
    peer->peers = peers;
    TAILQ_INIT(&peer->waiting);
    LIST_INSERT_HEAD(&peers->list, peer, entry);
    peer->name = strdup(call->sender);
    peer->ask_pid = ask_driver(call, "GetConnectionUnixProcessID", on_pid, peer);
    peer->ask_uid = ask_driver(call, "GetConnectionUnixUser", on_uid, peer);
    if (!peer->name || !peer->ask_pid || !peer->ask_uid) {
        peer_free(peer);
        return NULL;
    }
    return peer;
}

enum bus_admission peers_admit(struct peers *peers, const char *name, enum budget_rate rate)
{
    const struct peer *peer = peer_find(peers, name);

    if (!peer || !peer->identified) {
        size_t own = peer ? peer->waiting_count : 0;
        size_t most = peers->waiting_count < WAITING_MAX / 2 ? PEER_CALLS_MAX : 1;

        return own < most && peers->waiting_count < WAITING_MAX ? BUS_ADMITTED : BUS_REFUSED;
    }
    if (budget_take(peers->budget, peer->uid, rate))
        return BUS_ADMITTED;
    return budget_take(peers->budget, peer->uid, BUDGET_ANSWERS) ? BUS_REFUSED : BUS_IGNORED;
}

void peers_receive(struct peers *peers, struct call *call)
{
    struct peer *peer = peer_find(peers, call->sender);
    struct waiting_call *waiting;

    if (!peer)
        peer = peer_new(peers, call);
    if (peer && peer->identified) {
        hand_on(peer, call);
        return;
    }
    waiting = peer ? calloc(1, sizeof(*waiting)) : NULL;
    if (!waiting) {
        call_refuse(call);
        return;
    }
    waiting->call = call;
    peer->waiting_count++;
    peers->waiting_count++;
    TAILQ_INSERT_TAIL(&peer->waiting, waiting, entry);
}

bool peers_vanished(struct peers *peers, const char *name)
{
    struct peer *peer = peer_find(peers, name);

    if (!peer)
        return false;
    peer_free(peer);
    return true;
}

struct peers *peers_new(struct budget *budget, void (*handler)(void *data, struct call *call),
                        void *data)
{
    struct peers *peers = calloc(1, sizeof(*peers));

    if (peers)
        *peers = (struct peers){.handler = handler, .data = data, .budget = budget};
    return peers;
}

void peers_free(struct peers *peers)
{
    struct peer *peer;

    while ((peer = LIST_FIRST(&peers->list)))
        peer_free(peer);
    free(peers);
}
