/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/connections.h"

#include <stdlib.h>

#define ANSWER_SECONDS 20 /* for a client to take an answer */
#define ENDING_SECONDS 1

struct connection *connections_add(struct connections *connections, const struct connection *made)
{
    struct connection *connection = malloc(sizeof(*connection));

    if (!connection)
        return NULL;
    *connection = *made;
    connection->previous = NULL;
    connection->next = connections->first;
    if (connection->next)
        connection->next->previous = connection;
    connections->first = connection;
    connections->count++;
    return connection;
}

void connections_remove(struct connections *connections, struct connection *connection)
{
    if (connection->state != CONNECTION_ENDING)
        connections->count--;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        connections->first = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    free(connection);
}

void connection_enter(struct connections *connections, struct connection *connection,
                      enum connection_state state, int64_t now)
{
    if (connection->state == CONNECTION_ENDING)
        return;
    if (state == CONNECTION_ENDING)
        connections->count--;
    connection->state = state;
    connection->since = now;
}

bool connection_is_slow(const struct connection *connection, const struct gateway_limits *limits,
                        int64_t now)
{
    unsigned seconds = 0;

    switch (connection->state) {
    case CONNECTION_NEW:
    case CONNECTION_HEADERS:
        seconds = limits->header_seconds;
        break;
    case CONNECTION_IDLE:
        seconds = limits->idle_seconds;
        break;
    case CONNECTION_BODY:
        seconds = limits->body_seconds;
        break;
    case CONNECTION_ANSWERING:
        seconds = ANSWER_SECONDS;
        break;
    case CONNECTION_ENDING:
        seconds = ENDING_SECONDS;
        break;
    case CONNECTION_WORKING:
        return false; /* the call of the daemon has its own */
    }
    return now - connection->since > (int64_t)seconds * 1000;
}

static bool can_go(const struct connection *connection)
{
    return connection->state == CONNECTION_NEW || connection->state == CONNECTION_IDLE ||
           connection->state == CONNECTION_HEADERS || connection->state == CONNECTION_BODY;
}

/* Those that are between two requests have shown that they can make one. */
static bool goes_before(const struct connection *a, const struct connection *b)
{
    bool a_idle = a->state == CONNECTION_IDLE;
    bool b_idle = b->state == CONNECTION_IDLE;

    return a_idle != b_idle ? b_idle : a->since < b->since;
}

bool connections_make_room(const struct connections *connections, const struct address *peer,
                           bool is_proxy, const struct gateway_limits *limits,
                           struct connection **ret_victim)
{
    struct address counted = address_counted(peer);
    struct connection *of_all = NULL;
    struct connection *of_address = NULL;
    size_t count = 0;
    bool full;

    for (struct connection *each = connections->first; each; each = each->next) {
        struct address other = address_counted(&each->peer);
        bool same = !is_proxy && !each->is_proxy && address_equal(&other, &counted);

        if (each->state == CONNECTION_ENDING)
            continue;
        count += same;
        if (!can_go(each))
            continue;
        if (!of_all || goes_before(each, of_all))
            of_all = each;
        if (same && (!of_address || goes_before(each, of_address)))
            of_address = each;
    }
    *ret_victim = NULL;
    full = !is_proxy && count >= limits->address_connections;
    if (!full && connections->count < limits->connections)
        return true;
    *ret_victim = full ? of_address : of_all;
    return *ret_victim;
}
