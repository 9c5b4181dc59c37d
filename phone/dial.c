/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone/dial.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/hybrid/domain.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PORT          "443"
#define ADDRESSES_MAX 8
#define ALONE_MS      300 /* that an address has before the next one is tried beside it */
#define TARGET_MAX    256

PK_DEFINE_CLEANUP(struct addrinfo *, freeaddrinfo);

/* ---- what to connect to ---- */

struct target {
    char host[TARGET_MAX];
    char port[8];
    int flags; /* of getaddrinfo() */
};

/* "ADDRESS:PORT", an address of version 6 in brackets. */
static enum pk_status read_target(const char *text, struct target *ret)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;

    if (len == 0 || len >= sizeof(ret->host) || strlen(colon + 1) >= sizeof(ret->port))
        return PK_INVALID_ARGUMENT;
    if (text[0] == '[' && len > 2 && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    (void)memcpy(ret->host, text, len);
    ret->host[len] = '\0';
    (void)memcpy(ret->port, colon + 1, strlen(colon + 1) + 1);
    ret->flags = AI_NUMERICHOST | AI_NUMERICSERV;
    return PK_OK;
}

static enum pk_status choose_target(uint16_t number, const struct dial_rules *rules,
                                    struct target *ret)
{
    const unsigned allowed = PK_HYBRID_TUNNELS_DEFAULT | (rules->hashed ? PK_HYBRID_HASHED : 0);
    char domain[PK_HYBRID_DOMAIN_SIZE];

    if (pk_hybrid_domain(number, allowed, domain) != PK_OK)
        return PK_DENIED;
    if (rules->connect && *rules->connect)
        return read_target(rules->connect, ret);
    (void)snprintf(ret->host, sizeof(ret->host), "%s.", domain); /* of no search list */
    (void)snprintf(ret->port, sizeof(ret->port), "%s", PORT);
    ret->flags = AI_NUMERICSERV;
    return PK_OK;
}

/* ---- the race of its addresses ---- */

struct race {
    struct pollfd tries[ADDRESSES_MAX]; /* the descriptor is -1 once one has failed */
    size_t count;
};

static void race_clear(struct race *race)
{
    for (size_t i = 0; i < race->count; i++)
        cleanup_close_fd(&race->tries[i].fd);
}
#define AUTO_RACE __attribute__((cleanup(race_clear)))

/* The first of the list of another family than the one before, or else the first. */
static const struct addrinfo *take_next(const struct addrinfo **left, size_t *count, int family)
{
    const struct addrinfo *taken;
    size_t at = 0;

    for (size_t i = 0; i < *count && left[at]->ai_family == family; i++) {
        if (left[i]->ai_family != family)
            at = i;
    }
    taken = left[at];
    (*count)--;
    for (size_t i = at; i < *count; i++)
        left[i] = left[i + 1];
    return taken;
}

static void begin_try(struct race *race, const struct addrinfo *address)
{
    struct pollfd *one = &race->tries[race->count];

    one->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    one->events = POLLOUT;
    race->count++;
    if (one->fd >= 0 && connect(one->fd, address->ai_addr, address->ai_addrlen) != 0 &&
        errno != EINPROGRESS)
        cleanup_close_fd(&one->fd);
}

/* The connection that is there first, or -1; those that have failed are closed. */
static int look(struct race *race)
{
    for (size_t i = 0; i < race->count; i++) {
        struct pollfd *one = &race->tries[i];
        int error = 0;
        socklen_t len = sizeof(error);

        if (one->fd < 0 || !one->revents)
            continue;
        if (getsockopt(one->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
            return pk_steal_fd(&one->fd);
        cleanup_close_fd(&one->fd);
    }
    return -1;
}

static bool runs(const struct race *race)
{
    for (size_t i = 0; i < race->count; i++) {
        if (race->tries[i].fd >= 0)
            return true;
    }
    return false;
}

static enum pk_status connect_first(const struct addrinfo **left, size_t count, int *ret)
{
    const int64_t deadline = pk_clock_monotonic_ms() + DIAL_SECONDS * 1000;
    AUTO_RACE struct race race = {.count = 0};
    int family = AF_UNSPEC, won = -1;

    while (count > 0 || runs(&race)) {
        int64_t wait = deadline - pk_clock_monotonic_ms();

        if (wait <= 0)
            return PK_TIMEOUT;
        if (count > 0) {
            const struct addrinfo *next = take_next(left, &count, family);

            family = next->ai_family;
            begin_try(&race, next);
            if (count > 0 && wait > ALONE_MS)
                wait = runs(&race) ? ALONE_MS : 0;
        }
        for (size_t i = 0; i < race.count; i++)
            race.tries[i].revents = 0;
        if (poll(race.tries, race.count, (int)wait) > 0)
            won = look(&race);
        if (won >= 0) {
            *ret = won;
            return PK_OK;
        }
    }
    return PK_IO;
}

enum pk_status dial(uint16_t number, const struct dial_rules *rules, int *ret)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    PK_CLEANUP(freeaddrinfo) struct addrinfo *found = NULL;
    const struct addrinfo *addresses[ADDRESSES_MAX];
    struct target target = {.flags = 0};
    size_t count = 0;
    enum pk_status status = choose_target(number, rules, &target);

    if (status != PK_OK)
        return status;
    hints.ai_flags = target.flags;
    if (getaddrinfo(target.host, target.port, &hints, &found) != 0)
        return PK_NOT_FOUND;
    for (const struct addrinfo *each = found; each && count < ADDRESSES_MAX; each = each->ai_next)
        addresses[count++] = each;
    return connect_first(addresses, count, ret);
}
