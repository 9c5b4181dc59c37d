/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections to ssh-agents that are silent, slow, or send invalid messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/methods/agent/connection.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct outcome {
    struct event_base *base;
    struct agent_connection *agent;
    int other_end; /* the agent's end */
    unsigned calls;
    enum pk_status status;
    uint8_t payload[64];
    size_t len;
};

static const uint8_t question[] = {0, 0, 0, 1, 11};

static struct pk_view asked(void)
{
    return (struct pk_view){question, sizeof(question)};
}

static void on_reply(void *data, enum pk_status status, struct pk_view payload)
{
    struct outcome *outcome = data;

    outcome->calls++;
    outcome->status = status;
    outcome->len = payload.len;
    if (payload.len > 0 && payload.len <= sizeof(outcome->payload))
        (void)memcpy(outcome->payload, payload.ptr, payload.len);
    (void)event_base_loopbreak(outcome->base);
}

static struct outcome begin(unsigned seconds)
{
    struct outcome outcome = {.base = event_base_new()};
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    outcome.other_end = ends[1];
    assert_int_equal(agent_connection_new(outcome.base, ends[0], seconds, &outcome.agent), PK_OK);
    return outcome;
}

static void ask(struct outcome *outcome)
{
    assert_int_equal(agent_connection_ask(outcome->agent, asked(), on_reply, outcome), PK_OK);
}

static void say(const struct outcome *outcome, const void *data, size_t len)
{
    assert_int_equal(write(outcome->other_end, data, len), len);
}

/* Runs the loop until the reply, or until no event is left. */
static void run(struct outcome *outcome)
{
    (void)event_base_dispatch(outcome->base);
}

static void look(struct outcome *outcome)
{
    (void)event_base_loop(outcome->base, EVLOOP_NONBLOCK);
}

static void end(struct outcome *outcome)
{
    agent_connection_free(outcome->agent);
    (void)close(outcome->other_end);
    event_base_free(outcome->base);
}

static void a_question_and_its_answer(void **state)
{
    struct outcome outcome = begin(60);
    uint8_t got[16];

    (void)state;
    for (int i = 0; i < 3; i++) {
        ask(&outcome);
        assert_int_equal(agent_connection_ask(outcome.agent, asked(), on_reply, &outcome), PK_BUSY);
        look(&outcome);
        assert_int_equal(read(outcome.other_end, got, sizeof(got)), sizeof(question));
        assert_memory_equal(got, question, sizeof(question));
        say(&outcome, "\0\0\0\3abc", 7);
        run(&outcome);
        assert_int_equal(outcome.calls, i + 1);
        assert_int_equal(outcome.status, PK_OK);
        assert_int_equal(outcome.len, 3);
        assert_memory_equal(outcome.payload, "abc", 3);
    }
    end(&outcome);
}

static void byte_by_byte(void **state)
{
    struct outcome outcome = begin(60);

    (void)state;
    ask(&outcome);
    for (size_t i = 0; i < 7; i++) {
        look(&outcome);
        assert_int_equal(outcome.calls, 0);
        say(&outcome, &"\0\0\0\3abc"[i], 1);
    }
    run(&outcome);
    assert_int_equal(outcome.status, PK_OK);
    assert_int_equal(outcome.len, 3);
    end(&outcome);
}

/* Bytes after an answer belong to the next answer, and never to this one. */
static void two_answers_to_one_question(void **state)
{
    struct outcome outcome = begin(60);

    (void)state;
    ask(&outcome);
    say(&outcome, "\0\0\0\1a\0\0\0\1b", 10);
    run(&outcome);
    assert_int_equal(outcome.len, 1);
    look(&outcome);
    assert_int_equal(outcome.calls, 1);
    end(&outcome);
}

static void gone_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < 7; i++) {
        struct outcome outcome = begin(60);

        ask(&outcome);
        say(&outcome, "\0\0\0\3abc", i);
        (void)shutdown(outcome.other_end, SHUT_RDWR);
        run(&outcome);
        assert_int_equal(outcome.calls, 1);
        assert_int_equal(outcome.status, PK_UNAVAILABLE);
        assert_int_equal(agent_connection_ask(outcome.agent, asked(), on_reply, &outcome),
                         PK_UNAVAILABLE);
        end(&outcome);
    }
}

static void a_length_that_is_none(void **state)
{
    static const struct {
        const char *length;
        enum pk_status status;
    } cases[] = {
        {"\xff\xff\xff\xff", PK_TOO_LARGE},
        {"\0\4\0\1", PK_TOO_LARGE}, /* one more than 256 KiB */
        {"\x7f\xff\xff\xfc", PK_TOO_LARGE},
        {"\0\0\0\0", PK_PROTOCOL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct outcome outcome = begin(60);

        ask(&outcome);
        say(&outcome, cases[i].length, 4);
        run(&outcome);
        assert_int_equal(outcome.calls, 1);
        assert_int_equal(outcome.status, cases[i].status);
        assert_int_equal(agent_connection_ask(outcome.agent, asked(), on_reply, &outcome),
                         PK_UNAVAILABLE);
        end(&outcome);
    }
}

static void the_longest_answer(void **state)
{
    struct outcome outcome = begin(60);
    uint8_t *message = calloc(1, 4 + PK_AGENT_MESSAGE_MAX);
    size_t sent = 0;

    (void)state;
    assert_non_null(message);
    message[1] = PK_AGENT_MESSAGE_MAX >> 16;
    assert_int_equal(fcntl(outcome.other_end, F_SETFL, O_NONBLOCK), 0);
    ask(&outcome);
    while (sent < 4 + PK_AGENT_MESSAGE_MAX) {
        ssize_t put = write(outcome.other_end, message + sent, 4 + PK_AGENT_MESSAGE_MAX - sent);

        sent += put > 0 ? (size_t)put : 0;
        look(&outcome);
    }
    if (outcome.calls == 0)
        run(&outcome);
    assert_int_equal(outcome.calls, 1);
    assert_int_equal(outcome.status, PK_OK);
    assert_int_equal(outcome.len, PK_AGENT_MESSAGE_MAX);
    free(message);
    end(&outcome);
}

/* One deadline for all questions: the next question has the time that a fast answer left. */
static void silence(void **state)
{
    struct outcome outcome = begin(1);

    (void)state;
    ask(&outcome);
    say(&outcome, "\0\0\0\1a", 5);
    run(&outcome);
    assert_int_equal(outcome.status, PK_OK);
    ask(&outcome);
    run(&outcome);
    assert_int_equal(outcome.calls, 2);
    assert_int_equal(outcome.status, PK_TIMEOUT);
    assert_int_equal(outcome.len, 0);
    assert_int_equal(agent_connection_ask(outcome.agent, asked(), on_reply, &outcome),
                     PK_UNAVAILABLE);
    end(&outcome);
}

/* The deadline also passes between two questions. */
static void too_late_to_ask(void **state)
{
    struct outcome outcome = begin(0);

    (void)state;
    run(&outcome);
    assert_int_equal(outcome.calls, 0);
    assert_int_equal(agent_connection_ask(outcome.agent, asked(), on_reply, &outcome),
                     PK_UNAVAILABLE);
    end(&outcome);
}

static void one_that_does_not_read(void **state)
{
    struct outcome outcome = begin(1);
    struct pk_view much = {calloc(1, 16 << 20), 16 << 20};

    (void)state;
    assert_non_null(much.ptr);
    assert_int_equal(agent_connection_ask(outcome.agent, much, on_reply, &outcome), PK_OK);
    run(&outcome);
    assert_int_equal(outcome.calls, 1);
    assert_int_equal(outcome.status, PK_TIMEOUT);
    free((void *)(uintptr_t)much.ptr);
    end(&outcome);
}

static void freed_while_it_waits(void **state)
{
    struct outcome outcome = begin(60);
    uint8_t got[16];

    (void)state;
    ask(&outcome);
    look(&outcome);
    assert_int_equal(read(outcome.other_end, got, sizeof(got)), sizeof(question));
    agent_connection_free(outcome.agent);
    assert_int_equal(read(outcome.other_end, got, sizeof(got)), 0); /* closed */
    look(&outcome);
    assert_int_equal(outcome.calls, 0);
    (void)close(outcome.other_end);
    event_base_free(outcome.base);
}

/* The caller shares the open file description. */
static void its_flags_are_left_alone(void **state)
{
    struct outcome outcome = {.base = event_base_new()};
    int ends[2], kept;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    outcome.other_end = ends[1];
    kept = dup(ends[0]);
    assert_int_equal(agent_connection_new(outcome.base, ends[0], 60, &outcome.agent), PK_OK);
    ask(&outcome);
    look(&outcome);
    assert_int_equal(fcntl(kept, F_GETFL) & O_NONBLOCK, 0);
    (void)close(kept);
    end(&outcome);
}

static void what_is_no_connection(void **state)
{
    struct event_base *base = event_base_new();
    int fds[7], ends[2];
    struct agent_connection *agent;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    fds[0] = ends[0];
    fds[1] = ends[1];
    assert_int_equal(pipe(ends), 0);
    fds[2] = ends[0];
    fds[3] = ends[1];
    fds[4] = socket(AF_UNIX, SOCK_STREAM, 0);
    fds[5] = open("/dev/null", O_RDWR | O_CLOEXEC);
    fds[6] = socket(AF_INET, SOCK_STREAM, 0);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(agent_connection_new(base, fds[i], 60, &agent), PK_INVALID_INPUT);
        assert_int_equal(fcntl(fds[i], F_GETFD),
                         -1); /* the descriptor is taken on failure as well */
    }
    assert_int_equal(agent_connection_new(base, -1, 60, &agent), PK_INVALID_INPUT);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_and_its_answer),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(two_answers_to_one_question),
        cmocka_unit_test(gone_at_every_byte),
        cmocka_unit_test(a_length_that_is_none),
        cmocka_unit_test(the_longest_answer),
        cmocka_unit_test(silence),
        cmocka_unit_test(too_late_to_ask),
        cmocka_unit_test(one_that_does_not_read),
        cmocka_unit_test(freed_while_it_waits),
        cmocka_unit_test(its_flags_are_left_alone),
        cmocka_unit_test(what_is_no_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
