/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/remote/call.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "store/protocol/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum pk_status store_remote_open(const struct remote_setup *setup, struct store **ret_store)
{
    struct remote_store *store;

    if (strlen(setup->path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
        return PK_TOO_LARGE;
    store = calloc(1, sizeof(*store));
    if (!store)
        return PK_NO_MEMORY;
    store->base.verbs =
        setup->ceremonies ? &store_remote_verbs : &store_remote_verbs_without_ceremonies;
    store->ceremonies = setup->ceremonies;
    (void)pthread_mutex_init(&store->lock, NULL);
    if (pk_text_copy(setup->path, &store->path) || pk_text_copy(setup->kind, &store->kind)) {
        remote_close(&store->base);
        return PK_NO_MEMORY;
    }
    *ret_store = &store->base;
    return PK_OK;
}

void remote_close(struct store *base)
{
    struct remote_store *store = (struct remote_store *)base;

    for (size_t i = 0; i < store->idle_count; i++)
        (void)close(store->idle[i]);
    (void)pthread_mutex_destroy(&store->lock);
    free(store->path);
    free(store->kind);
    free(store);
}

/* --- connections ------------------------------------------------------------------------------ */

/* A connection that says something unasked, or has ended, is none to go on with. */
static bool is_good(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    return poll(&poller, 1, 0) == 0;
}

/* -1: there is none. */
static int take_idle(struct remote_store *store)
{
    int fd = -1;

    (void)pthread_mutex_lock(&store->lock);
    while (fd < 0 && store->idle_count > 0) {
        fd = store->idle[--store->idle_count];
        if (!is_good(fd))
            cleanup_close_fd(&fd);
    }
    (void)pthread_mutex_unlock(&store->lock);
    return fd;
}

static void keep_idle(struct remote_store *store, int *fd)
{
    (void)pthread_mutex_lock(&store->lock);
    if (store->idle_count < PK_STORE_CONNECTIONS_MAX) {
        store->idle[store->idle_count++] = pk_steal_fd(fd);
    }
    (void)pthread_mutex_unlock(&store->lock);
}

/* The words for what a channel returned; the rest of the sentence is the caller's. */
static const char *failure(enum pk_status status)
{
    if (status == PK_TIMEOUT)
        return "it did not answer in time";
    if (status == PK_IO)
        return strerror(errno);
    if (status == PK_NOT_FOUND)
        return "it ended the connection";
    if (status == PK_TOO_LARGE || status == PK_PROTOCOL)
        return "what answers there is no store";
    return pk_status_clause(status);
}

static enum pk_status greet(const struct remote_store *store, int fd, int64_t deadline)
{
    const struct store_hello own = {.version = PROTOCOL_VERSION,
                                    .kind = (char *)(uintptr_t) "passkeyd"};
    AUTO_STORE_HELLO struct store_hello hello = {0};
    AUTO_FRAME struct pk_bytes sent = {0}, received = {0};
    enum pk_status status = frame_hello(&own, &sent);

    if (status == PK_OK)
        status = channel_send(fd, pk_view_of(&sent), deadline);
    if (status == PK_OK)
        status = channel_receive(fd, deadline, &received);
    if (status) {
        store_set_error("%s: %s", store->path, failure(status));
        return status;
    }
    status = frame_hello_read(pk_view_of(&received), &hello);
    if (status == PK_UNSUPPORTED)
        store_set_error("%s: the store speaks another version of the protocol; restart it and "
                        "passkeyd, from the same version",
                        store->path);
    else if (status)
        store_set_error("%s: what answers there is no store: %s", store->path,
                        pk_status_clause(status));
    else if (store->kind && strcmp(hello.kind, store->kind) != 0)
        store_set_error("%s: the store there is not of the kind \"%s\"", store->path, store->kind);
    else if (hello.ceremonies != store->ceremonies)
        store_set_error("%s: the store there %s ceremonies for several hosts", store->path,
                        hello.ceremonies ? "keeps" : "does not keep");
    else
        return PK_OK;
    return PK_PROTOCOL;
}

/* *ret_fd: connected and greeted, or -1 and PK_STORAGE. */
static enum pk_status connect_store(const struct remote_store *store, int64_t deadline, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    PK_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", store->path);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
        store_set_error("%s: %s", store->path,
                        errno == EAGAIN ? "too many wait for it already" : strerror(errno));
        return PK_IO;
    }
    enum pk_status status = greet(store, fd, deadline);

    if (status)
        return status;
    *ret_fd = pk_steal_fd(&fd);
    return PK_OK;
}

/* --- calls ------------------------------------------------------------------------------------ */

/* Whether there is no use in asking, for a moment, as somebody else just waited in vain. */
static bool is_paused(struct remote_store *store)
{
    bool paused;

    (void)pthread_mutex_lock(&store->lock);
    paused = pk_clock_monotonic_ms() < store->paused_until;
    if (paused)
        store_set_error("%s", store->paused_why);
    (void)pthread_mutex_unlock(&store->lock);
    return paused;
}

static void set_pause(struct remote_store *store)
{
    (void)pthread_mutex_lock(&store->lock);
    store->paused_until = pk_clock_monotonic_ms() + PK_STORE_PAUSE_MS;
    (void)snprintf(store->paused_why, sizeof(store->paused_why), "%s", store_error());
    (void)pthread_mutex_unlock(&store->lock);
}

/* PK_OK when a reply was read, whatever it says. */
static enum pk_status ask(struct remote_store *store, int fd, const struct request_head *head,
                          struct pk_view frame, int64_t deadline, struct reply_head *ret_head,
                          struct store_reply *ret_reply)
{
    const char *name = call_shape(head->call)->name;
    AUTO_FRAME struct pk_bytes received = {0};
    enum pk_status status = channel_send(fd, frame, deadline);

    if (status == PK_OK)
        status = channel_receive(fd, deadline, &received);
    if (status) {
        store_set_error("%s: %s: %s", store->path, name, failure(status));
        return status;
    }
    status = frame_reply_read(pk_view_of(&received), head->call, ret_head, ret_reply);
    if (status == PK_OK && ret_head->number == head->number)
        return PK_OK;
    if (status == PK_OK) {
        free(ret_head->why);
        if (ret_head->status == PK_OK)
            store_reply_clear(head->call, ret_reply);
        status = PK_PROTOCOL;
    }
    store_set_error("%s: %s: what it answered is no reply: %s", store->path, name,
                    pk_status_clause(status));
    return status;
}

/* Whether a verb may return it. What a key or an answer was refused for is never a store's word. */
static bool is_outcome(enum pk_status status)
{
    return status <= PK_INTERNAL || status == PK_NAME_TAKEN || status == PK_TICKET_INVALID ||
           status == PK_PASSWORD_REFUSED;
}

/* The store's own words, which may be longer than there is room for. */
static void tell_why(enum pk_status outcome, const char *why)
{
    PK_AUTO_FREE char *printable = pk_text_printable(why, STORE_ERROR_SIZE - 1);

    if (outcome == PK_DENIED || outcome == PK_PASSWORD_REFUSED || outcome == PK_EXISTS)
        store_explain("%s", printable ? printable : "");
    else
        store_set_error("%s", printable ? printable : "");
}

/* At most as long as a call may take, and no longer than who calls has. */
static int64_t deadline_of_call(int64_t now)
{
    int64_t own = now + PK_STORE_CALL_MS;

    return own < store_deadline() ? own : store_deadline();
}

enum pk_status remote_call(struct store *base, enum store_call call,
                           const struct store_request *request, struct store_reply *ret_reply)
{
    struct remote_store *store = (struct remote_store *)base;
    int64_t now = pk_clock_monotonic_ms();
    int64_t deadline = deadline_of_call(now);
    const struct request_head head = {.number = atomic_fetch_add(&store->calls, 1),
                                      .call = call,
                                      .milliseconds =
                                          deadline > now ? (uint32_t)(deadline - now) : 0};
    AUTO_FRAME struct pk_bytes frame = {0};
    struct reply_head reply = {0};
    PK_AUTO_CLOSE int fd = -1;
    enum pk_status status = frame_request(&head, request, &frame);

    if (status == PK_NO_MEMORY || status == PK_INVALID_ARGUMENT)
        return status;
    if (status) {
        store_set_error("%s: %s: %s", store->path, call_shape(call)->name,
                        pk_status_clause(status));
        return PK_STORAGE;
    }
    if (is_paused(store))
        return PK_STORAGE;
    /* What is done beyond it would be done for nobody. */
    if (deadline <= now) {
        store_set_error("%s: %s: there is no time left to ask", store->path,
                        call_shape(call)->name);
        return PK_STORAGE;
    }
    fd = take_idle(store);
    if (fd < 0)
        status = connect_store(store, deadline, &fd);
    if (status == PK_OK)
        status = ask(store, fd, &head, pk_view_of(&frame), deadline, &reply, ret_reply);
    if (status) {
        if (status == PK_TIMEOUT)
            set_pause(store);
        return status == PK_NO_MEMORY ? status : PK_STORAGE;
    }
    keep_idle(store, &fd);
    if (reply.why[0])
        tell_why(reply.status, reply.why);
    else if (reply.status == PK_STORAGE)
        store_set_error("%s: %s: it failed, and does not say why", store->path,
                        call_shape(call)->name);
    free(reply.why);
    return is_outcome(reply.status) ? reply.status : remote_lied(base, call);
}

enum pk_status remote_lied(struct store *base, enum store_call call)
{
    const struct remote_store *store = (const struct remote_store *)base;

    store_set_error("%s: %s: it answered something else than was asked", store->path,
                    call_shape(call)->name);
    return PK_STORAGE;
}
