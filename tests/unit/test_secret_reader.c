/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/limits.h"
#include "daemon/bus/descriptors.h"
#include "daemon/bus/secret_reader.h"

#include <event2/event.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALICE ((uid_t)2001)
#define BOB   ((uid_t)2002)
#define FEW   16 /* pipes of one user that are read at once */

struct outcome {
    struct event_base *base;
    unsigned calls;
    enum pk_status status;
    char text[PK_SECRET_MAX + 1];
};

static void on_done(void *data, enum pk_status status, struct pk_secret *secret)
{
    struct outcome *outcome = data;

    outcome->calls++;
    outcome->status = status;
    (void)memcpy(outcome->text, secret->data, secret->len + 1);
    (void)event_base_loopbreak(outcome->base);
}

static void expect(struct outcome *outcome, enum pk_status status, const char *text)
{
    assert_int_equal(outcome->calls, 1);
    assert_int_equal(outcome->status, status);
    if (text)
        assert_string_equal(outcome->text, text);
    event_base_free(outcome->base);
    *outcome = (struct outcome){.base = event_base_new()};
}

static void pipes_are_read_to_their_end(void **state)
{
    struct outcome outcome = {.base = event_base_new()};
    struct secret_reader *reader;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "12", 2), 2);
    assert_int_equal(secret_reader_new(outcome.base, ends[0], on_done, &outcome, &reader), PK_OK);
    /* Not closed yet: nothing is reported, and the loop does not block. */
    (void)event_base_loop(outcome.base, EVLOOP_NONBLOCK);
    assert_int_equal(outcome.calls, 0);
    assert_int_equal(write(ends[1], "34\n", 3), 3);
    (void)close(ends[1]);
    (void)event_base_dispatch(outcome.base);
    expect(&outcome, PK_OK, "1234");
    event_base_free(outcome.base);
}

/* The caller can change the file's flags, so reading must not depend on O_NONBLOCK. */
static void a_blocking_pipe_does_not_block(void **state)
{
    struct outcome outcome = {.base = event_base_new()};
    struct secret_reader *reader;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "1", 1), 1);
    assert_int_equal(secret_reader_new(outcome.base, ends[0], on_done, &outcome, &reader), PK_OK);
    assert_int_equal(fcntl(ends[0], F_SETFL, 0), 0);
    (void)event_base_loop(outcome.base, EVLOOP_NONBLOCK);
    (void)event_base_loop(outcome.base, EVLOOP_NONBLOCK);
    assert_int_equal(outcome.calls, 0);
    secret_reader_free(reader);
    (void)close(ends[1]);
    event_base_free(outcome.base);
}

static void too_much_is_refused(void **state)
{
    struct outcome outcome = {.base = event_base_new()};
    struct secret_reader *reader;
    char much[PK_SECRET_MAX + 1];
    int ends[2];

    (void)state;
    (void)memset(much, 'x', sizeof(much));
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], much, sizeof(much)), sizeof(much));
    assert_int_equal(secret_reader_new(outcome.base, ends[0], on_done, &outcome, &reader), PK_OK);
    (void)event_base_dispatch(outcome.base);
    expect(&outcome, PK_TOO_LARGE, NULL);
    (void)close(ends[1]);

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], much, PK_SECRET_MAX), PK_SECRET_MAX);
    (void)close(ends[1]);
    assert_int_equal(secret_reader_new(outcome.base, ends[0], on_done, &outcome, &reader), PK_OK);
    (void)event_base_dispatch(outcome.base);
    expect(&outcome, PK_OK, NULL);
    event_base_free(outcome.base);
}

static void memory_files_are_read_from_their_start(void **state)
{
    struct outcome outcome = {.base = event_base_new()};
    struct secret_reader *reader;
    int fd = memfd_create("test", MFD_CLOEXEC);

    (void)state;
    assert_int_equal(write(fd, "1234\n", 5), 5);
    assert_int_equal(secret_reader_new(outcome.base, fd, on_done, &outcome, &reader), PK_OK);
    (void)event_base_dispatch(outcome.base);
    expect(&outcome, PK_OK, "1234");
    event_base_free(outcome.base);
}

static void other_descriptors_are_refused(void **state)
{
    struct outcome outcome = {.base = event_base_new()};
    struct secret_reader *reader;
    int pair[2];
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(secret_reader_new(outcome.base, pair[0], on_done, &outcome, &reader),
                     PK_INVALID_INPUT);
    assert_int_equal(secret_reader_new(outcome.base, ends[1], on_done, &outcome, &reader),
                     PK_INVALID_INPUT);
    assert_int_equal(secret_reader_new(outcome.base, open("/dev/zero", O_RDONLY | O_CLOEXEC),
                                       on_done, &outcome, &reader),
                     PK_INVALID_INPUT);
    /* A regular file, on whatever file system the program itself is. */
    assert_int_equal(secret_reader_new(outcome.base, open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
                                       on_done, &outcome, &reader),
                     PK_INVALID_INPUT);
    assert_int_equal(secret_reader_new(outcome.base, -1, on_done, &outcome, &reader),
                     PK_INVALID_INPUT);
    assert_true(fcntl(pair[0], F_GETFD) < 0); /* the descriptor is taken on failure as well */
    (void)close(pair[1]);
    (void)close(ends[0]);
    event_base_free(outcome.base);
}

/* NULL: not now. */
static struct secret_reader *reader_of(uid_t owner, struct outcome *outcome, int *ret_writing)
{
    struct secret_reader *reader = NULL;
    uid_t before = descriptors_charge(owner);
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    descriptors_take(ends[0]);
    (void)descriptors_charge(before);
    if (secret_reader_new(outcome->base, ends[0], on_done, outcome, &reader) == PK_OK) {
        *ret_writing = ends[1];
        return reader;
    }
    (void)close(ends[1]);
    return NULL;
}

/* Last: until threads have ended others may have to wait. */
static void one_user_has_a_few_at_a_time(void **state)
{
    struct outcome outcome = {.base = event_base_new()};
    struct secret_reader *readers[FEW], *other;
    int writing[FEW], more;

    (void)state;
    for (size_t i = 0; i < FEW; i++) {
        readers[i] = reader_of(BOB, &outcome, &writing[i]);
        assert_non_null(readers[i]);
    }
    assert_null(reader_of(BOB, &outcome, &more));
    other = reader_of(ALICE, &outcome, &more);
    assert_non_null(other);
    assert_int_equal(write(more, "1234", 4), 4);
    (void)close(more);
    (void)event_base_dispatch(outcome.base);
    assert_int_equal(outcome.calls, 1);
    assert_string_equal(outcome.text, "1234");
    /* The other ends stay open, and nobody waits for them. */
    for (size_t i = 0; i < FEW; i++)
        secret_reader_free(readers[i]);
    do
        (void)sched_yield();
    while (!(other = reader_of(BOB, &outcome, &more)));
    secret_reader_free(other);
    (void)close(more);
    for (size_t i = 0; i < FEW; i++)
        (void)close(writing[i]);
    event_base_free(outcome.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipes_are_read_to_their_end),
        cmocka_unit_test(a_blocking_pipe_does_not_block),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(memory_files_are_read_from_their_start),
        cmocka_unit_test(other_descriptors_are_refused),
        cmocka_unit_test(one_user_has_a_few_at_a_time),
    };

    (void)alarm(300); /* taken for one that hangs */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
