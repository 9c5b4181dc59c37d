/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scripted_agent.h"

#include "common/wire/agent.h"
#include "daemon/bus/passed.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#define AGENT_FAILURE    5
#define AGENT_IDENTITIES 12

extern const struct authmethod authmethod_agent;

const struct authmethod *const authmethods[PK_METHOD_COUNT] = {
    [PK_METHOD_AGENT] = &authmethod_agent,
    [PK_METHOD_RECOVERY] = &method_behind,
};

static int agent = -1; /* the agent's end */

/* No threads between it and the daemon, so that a step of the loop is one. */
enum pk_status passed_socket(int fd, int *ret_fd)
{
    *ret_fd = fd;
    return PK_OK;
}

enum pk_status passed_pipe(int fd, int *ret_fd)
{
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    *ret_fd = fd;
    return PK_OK;
}

struct value new_agent(void)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    if (agent >= 0)
        (void)close(agent);
    agent = ends[1];
    return (struct value){.type = 'h', .fd = ends[0]};
}

int scripted_agent_tear_down(void **state)
{
    if (agent >= 0)
        (void)close(agent);
    agent = -1;
    return bare_daemon_tear_down(state);
}

size_t hear(uint8_t ret[4096])
{
    ssize_t got;

    settle();
    got = recv(agent, ret, 4096, MSG_DONTWAIT);
    assert_true(got == 0 || got > 4);
    if (got == 0)
        return 0;
    (void)memmove(ret, ret + 4, (size_t)got - 4);
    return (size_t)got - 4;
}

void assert_hung_up(void)
{
    uint8_t request[4096];

    assert_int_equal(hear(request), 0);
}

void hang_up(void)
{
    assert_int_equal(shutdown(agent, SHUT_RDWR), 0);
}

void say(struct pk_writer *content)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    struct pk_writer message = pk_writer_new(PK_AGENT_MESSAGE_MAX);
    PK_AUTO_BYTES struct pk_bytes whole = {0};

    assert_status(pk_writer_finish(content, &bytes), PK_OK);
    pk_writer_string(&message, pk_view_of(&bytes));
    assert_status(pk_writer_finish(&message, &whole), PK_OK);
    assert_int_equal(write(agent, whole.data, whole.len), whole.len);
    settle();
}

void say_failure(void)
{
    struct pk_writer content = pk_writer_new(PK_AGENT_MESSAGE_MAX);

    pk_writer_u8(&content, AGENT_FAILURE);
    say(&content);
}

void hold(const struct soft_key *const *keys, size_t count, const char *application)
{
    struct pk_writer content = pk_writer_new(PK_AGENT_MESSAGE_MAX);
    uint8_t request[4096];

    assert_int_equal(hear(request), 1);
    assert_int_equal(request[0], 11);
    pk_writer_u8(&content, AGENT_IDENTITIES);
    pk_writer_u32(&content, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        PK_AUTO_BYTES struct pk_bytes blob =
            soft_key_ssh_blob(keys[i], application ? application : "ssh:");

        pk_writer_string(&content, pk_view_of(&blob));
        pk_writer_text(&content, keys[i]->id);
    }
    say(&content);
}

void sign_as(const struct soft_key *key, const struct soft_key *signer, uint8_t flags)
{
    struct pk_writer content = pk_writer_new(PK_AGENT_MESSAGE_MAX);
    PK_AUTO_BYTES struct pk_bytes blob = soft_key_ssh_blob(key, "ssh:");
    PK_AUTO_BYTES struct pk_bytes signature = {0};
    struct pk_view message;
    uint8_t request[4096];
    size_t len = hear(request);

    assert_true(len > 1 + 4 + blob.len + 4 + 4);
    assert_int_equal(request[0], 13);
    assert_memory_equal(request + 5, blob.data, blob.len);
    if (!signer) {
        say_failure();
        return;
    }
    /* Key, data, and no flags. */
    message = (struct pk_view){request + 5 + blob.len + 4, len - (5 + blob.len + 4) - 4};
    signature = soft_key_ssh_sign(signer, "ssh:", flags, 7, message);
    pk_writer_u8(&content, AGENT_SIGNATURE);
    pk_writer_string(&content, pk_view_of(&signature));
    say(&content);
}

void sign(const struct soft_key *key, uint8_t flags)
{
    sign_as(key, key, flags);
}

void give_ssh_key(const struct soft_key *key, const char *user, uid_t uid)
{
    give_key(key, user, uid, "ssh:");
}
