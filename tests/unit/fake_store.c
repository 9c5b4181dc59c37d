/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/fake_store.h"

#include "common/base/cleanup.h"
#include "common/base/reader.h"
#include "store/protocol/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void fake_send(int fd, const void *bytes, size_t len)
{
    (void)!send(fd, bytes, len, MSG_NOSIGNAL);
}

static void send_frame(int fd, enum pk_status status, struct pk_bytes *frame)
{
    if (status == PK_OK)
        fake_send(fd, frame->data, frame->len);
    frame_clear(frame);
}

bool fake_reply(const struct fake_request *request, const struct store_reply *reply)
{
    const struct reply_head head = {.number = request->head.number, .why = (char[]){""}};
    struct pk_bytes frame = {0};

    send_frame(request->fd, frame_reply(&head, request->head.call, reply, &frame), &frame);
    return true;
}

bool fake_refuse(const struct fake_request *request, enum pk_status status, const char *why)
{
    const struct reply_head head = {
        .number = request->head.number, .status = status, .why = (char *)(uintptr_t)why};
    struct pk_bytes frame = {0};

    send_frame(request->fd, frame_reply(&head, request->head.call, NULL, &frame), &frame);
    return true;
}

/* Waits as long as it takes, by no clock. */
static bool receive_frame(int fd, struct pk_bytes *ret)
{
    uint8_t head[sizeof(uint32_t)];
    size_t size = 0;

    if (recv(fd, head, sizeof(head), MSG_WAITALL) != (ssize_t)sizeof(head) ||
        pk_message_size((struct pk_view){head, sizeof(head)}, PK_STORE_FRAME_MAX, &size))
        return false;
    ret->len = size - sizeof(head);
    ret->data = malloc(ret->len);
    return ret->data && recv(fd, ret->data, ret->len, MSG_WAITALL) == (ssize_t)ret->len;
}

static bool greet(struct fake_store *fake, int fd)
{
    AUTO_FRAME struct pk_bytes received = {0};
    struct pk_bytes frame = {0};

    if (!receive_frame(fd, &received))
        return false;
    if (fake->greet)
        return fake->greet(fake, fd);
    send_frame(fd, frame_hello(&fake->hello, &frame), &frame);
    return true;
}

static bool answer_one(struct fake_store *fake, int fd)
{
    AUTO_FRAME struct pk_bytes received = {0};
    struct fake_request request = {.fake = fake, .fd = fd};
    bool goes_on;

    if (!receive_frame(fd, &received) ||
        frame_request_read(pk_view_of(&received), &request.head, &request.request))
        return false;
    (void)atomic_fetch_add(&fake->requests, 1);
    goes_on = atomic_load(&fake->answer)(&request);
    store_request_clear(request.head.call, &request.request);
    return goes_on;
}

static void *serve(void *data)
{
    struct fake_connection *connection = data;
    bool goes_on = greet(connection->fake, connection->fd);

    while (goes_on)
        goes_on = answer_one(connection->fake, connection->fd);
    (void)shutdown(connection->fd, SHUT_RDWR);
    return NULL;
}

static void *accept_all(void *data)
{
    struct fake_store *fake = data;

    while (fake->count < FAKE_CONNECTIONS) {
        struct fake_connection *connection = &fake->served[fake->count];
        struct sockaddr_un peer;
        socklen_t len = sizeof(peer);
        int fd = accept4(fake->listener, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);

        if (fd < 0)
            break;
        *connection = (struct fake_connection){.fake = fake, .fd = fd};
        (void)atomic_fetch_add(&fake->connections, 1);
        if (pthread_create(&connection->thread, NULL, serve, connection))
            abort();
        fake->count++;
    }
    return NULL;
}

static bool answers_zero(struct fake_request *request)
{
    return fake_reply(request, &(struct store_reply){0});
}

struct fake_store *fake_store_new(const char *folder)
{
    static char kind[] = "fake";
    struct fake_store *fake = calloc(1, sizeof(*fake));
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (!fake)
        abort();
    fake->hello = (struct store_hello){.version = PROTOCOL_VERSION, .kind = kind};
    atomic_store(&fake->answer, answers_zero);
    (void)snprintf(fake->path, sizeof(fake->path), "%s/socket", folder);
    (void)unlink(fake->path);
    memcpy(address.sun_path, fake->path, strlen(fake->path));
    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fake->listener < 0 ||
        bind(fake->listener, (const struct sockaddr *)&address, sizeof(address)) ||
        listen(fake->listener, SOMAXCONN) || pthread_create(&fake->thread, NULL, accept_all, fake))
        abort();
    return fake;
}

void fake_store_end(struct fake_store *fake)
{
    (void)shutdown(fake->listener, SHUT_RDWR);
    (void)pthread_join(fake->thread, NULL);
    (void)close(fake->listener);
    for (size_t i = 0; i < fake->count; i++) {
        (void)shutdown(fake->served[i].fd, SHUT_RDWR);
        (void)pthread_join(fake->served[i].thread, NULL);
        (void)close(fake->served[i].fd);
    }
    free(fake);
}
