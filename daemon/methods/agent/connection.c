/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/agent/connection.h"

#include "common/base/cleanup.h"
#include "common/base/writer.h"
#include "daemon/bus/passed.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>

#define LENGTH_SIZE 4
#define MESSAGE_MAX (LENGTH_SIZE + PK_AGENT_MESSAGE_MAX)

struct agent_connection {
    int fd;
    struct event *readable;
    struct event *writable;
    struct event *deadline;
    struct pk_bytes request;
    size_t sent;             /* bytes of request */
    struct pk_writer answer; /* grows as bytes arrive, whatever length is announced */
    agent_replied *replied;  /* NULL: no question is pending */
    void *data;
    bool broken; /* after a failure: nothing can be asked */
};

static void conclude(struct agent_connection *agent, enum pk_status status)
{
    agent_replied *replied = agent->replied;
    PK_AUTO_BYTES struct pk_bytes message = {0};
    struct pk_view payload = {0};

    agent->replied = NULL;
    (void)event_del(agent->readable);
    (void)event_del(agent->writable);
    pk_bytes_clear(&agent->request);
    if (status == PK_OK)
        status = pk_writer_finish(&agent->answer, &message);
    pk_writer_clear(&agent->answer);
    if (status == PK_OK)
        payload = (struct pk_view){message.data + LENGTH_SIZE, message.len - LENGTH_SIZE};
    else
        agent->broken = true;
    if (replied) /* it may free the connection */
        replied(agent->data, status, payload);
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    conclude(data, PK_TIMEOUT);
}

static bool wait_for(struct agent_connection *agent, struct event *event)
{
    if (event_add(event, NULL) == 0)
        return true;
    conclude(agent, PK_NO_MEMORY);
    return false;
}

static void on_writable(evutil_socket_t fd, short what, void *data)
{
    struct agent_connection *agent = data;

    (void)what;
    while (agent->sent < agent->request.len) {
        ssize_t put = send(fd, agent->request.data + agent->sent, agent->request.len - agent->sent,
                           MSG_DONTWAIT | MSG_NOSIGNAL);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN)
            return;
        if (put < 0) {
            conclude(agent, PK_UNAVAILABLE);
            return;
        }
        agent->sent += (size_t)put;
    }
    (void)event_del(agent->writable);
    (void)wait_for(agent, agent->readable);
}

/*
 * How many more bytes to read at present; 0: the answer is complete, or *ret_status says why not.
 */
static size_t bytes_missing(const struct agent_connection *agent, enum pk_status *ret_status)
{
    const struct pk_view so_far = {agent->answer.data, agent->answer.len};
    size_t size = 0;

    *ret_status = pk_agent_message_size(so_far, &size);
    if (*ret_status != PK_OK)
        return 0;
    return (size ? size : LENGTH_SIZE) - so_far.len;
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
    struct agent_connection *agent = data;
    uint8_t buffer[4096];
    enum pk_status status;
    size_t wanted;

    (void)what;
    while ((wanted = bytes_missing(agent, &status)) > 0) {
        ssize_t got =
            recv(fd, buffer, wanted < sizeof(buffer) ? wanted : sizeof(buffer), MSG_DONTWAIT);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            conclude(agent, PK_UNAVAILABLE);
            return;
        }
        pk_writer_put(&agent->answer, (struct pk_view){buffer, (size_t)got});
        if (agent->answer.status != PK_OK)
            break;
    }
    conclude(agent, status);
}

/* getsockopt() is answered by the kernel's socket layer and does not block, whatever fd is. */
static int socket_option(int fd, int name)
{
    int value = -1;
    socklen_t size = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

static bool is_connected_stream(int fd)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);

    return socket_option(fd, SO_DOMAIN) == AF_UNIX && socket_option(fd, SO_TYPE) == SOCK_STREAM &&
           socket_option(fd, SO_ACCEPTCONN) == 0 &&
           getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

static void free_event(struct event *event)
{
    if (event)
        event_free(event);
}

void agent_connection_free(struct agent_connection *agent)
{
    free_event(agent->readable);
    free_event(agent->writable);
    free_event(agent->deadline);
    cleanup_close_fd(&agent->fd);
    pk_bytes_clear(&agent->request);
    pk_writer_clear(&agent->answer);
    free(agent);
}

void agent_connection_set_deadline(struct agent_connection *agent, unsigned seconds)
{
    const struct timeval when = {(time_t)seconds, 0};

    if (evtimer_add(agent->deadline, &when))
        agent->broken = true; /* nothing is asked without a deadline */
}

enum pk_status agent_connection_new(struct event_base *base, int fd, unsigned seconds,
                                    struct agent_connection **ret)
{
    struct agent_connection *agent;
    enum pk_status status = is_connected_stream(fd) ? passed_socket(fd, &fd) : PK_INVALID_INPUT;

    agent = status == PK_OK ? calloc(1, sizeof(*agent)) : NULL;
    if (!agent) {
        cleanup_close_fd(&fd);
        return status == PK_OK ? PK_NO_MEMORY : status;
    }
    *agent = (struct agent_connection){
        .fd = fd,
        .readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, agent),
        .writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, agent),
        .deadline = evtimer_new(base, on_deadline, agent),
        .answer = pk_writer_new(MESSAGE_MAX),
    };
    if (!agent->readable || !agent->writable || !agent->deadline) {
        agent_connection_free(agent);
        return PK_NO_MEMORY;
    }
    agent_connection_set_deadline(agent, seconds);
    *ret = agent;
    return PK_OK;
}

enum pk_status agent_connection_ask(struct agent_connection *agent, struct pk_view request,
                                    agent_replied *replied, void *data)
{
    enum pk_status status;

    if (agent->replied)
        return PK_BUSY;
    if (agent->broken)
        return PK_UNAVAILABLE;
    status = pk_bytes_copy(request, &agent->request);
    if (status != PK_OK)
        return status;
    agent->answer = pk_writer_new(MESSAGE_MAX);
    agent->sent = 0;
    if (event_add(agent->writable, NULL)) {
        pk_bytes_clear(&agent->request);
        return PK_NO_MEMORY;
    }
    agent->replied = replied;
    agent->data = data;
    return PK_OK;
}
