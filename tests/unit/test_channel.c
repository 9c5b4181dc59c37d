/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/helper/channel.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct pk_channel channel;
static int peer;

static int set_up(void **state)
{
    int ends[2];

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    memset(&channel, 0, sizeof(channel));
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    channel.in = channel.out = ends[0];
    peer = ends[1];
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)close(channel.in);
    return peer >= 0 ? close(peer) : 0;
}

static void give(const char *bytes, size_t len)
{
    assert_int_equal(write(peer, bytes, len), (ssize_t)len);
}

static void test_pieces(void **state)
{
    static const char pin[] = "\0\0\0\x09\x13\0\0\0\x04"
                              "9876";
    PK_AUTO_FRAME struct pk_frame frame = {0};

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(pin) - 1; i++) {
        give(pin + i, 1);
        assert_int_equal(pk_channel_read(&channel, &frame), PK_NOT_FOUND);
        assert_false(pk_channel_pending(&channel));
    }
    give(pin + sizeof(pin) - 2, 1);
    assert_int_equal(pk_channel_read(&channel, &frame), PK_OK);
    assert_int_equal(frame.type, PK_FRAME_PIN);
    assert_string_equal((const char *)frame.pin.data, "9876");
}

/* No part of a PIN stays in the buffer, whatever was received with it. */
static void test_wiped(void **state)
{
    static const char both[] = "\0\0\0\x09\x13\0\0\0\x04"
                               "9876"
                               "\0\0\0\x01\x15";
    PK_AUTO_FRAME struct pk_frame frame = {0};
    PK_AUTO_FRAME struct pk_frame second = {0};

    (void)state;
    give(both, sizeof(both) - 1);
    assert_int_equal(pk_channel_read(&channel, &frame), PK_OK);
    assert_null(memmem(channel.buffer, sizeof(channel.buffer), "9876", 4));
    assert_true(pk_channel_pending(&channel));
    assert_int_equal(pk_channel_expect(&channel, PK_FRAME_PROCEED, &second), PK_OK);
    assert_false(pk_channel_pending(&channel));
}

static void test_cancel_and_end(void **state)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};

    (void)state;
    give("\0\0\0\x01\x14", 5);
    assert_int_equal(pk_channel_expect(&channel, PK_FRAME_PROCEED, &frame), PK_CANCELLED);
    give("\0\0\0\x01\x10", 5);
    assert_int_equal(pk_channel_expect(&channel, PK_FRAME_PROCEED, &frame), PK_PROTOCOL);
    give("\0\0", 2);
    (void)close(peer);
    peer = -1;
    assert_int_equal(pk_channel_wait(&channel, &frame), PK_CANCELLED);
    assert_int_equal(pk_channel_send_bare(&channel, PK_FRAME_TOUCH), PK_IO);
}

static void test_malformed(void **state)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};

    (void)state;
    give("\0\0\0\x02\x15\x00", 6);
    assert_int_equal(pk_channel_read(&channel, &frame), PK_PROTOCOL);
    give("\xff\0\0\0", 4);
    assert_int_equal(pk_channel_read(&channel, &frame), PK_PROTOCOL);
    assert_true(pk_channel_pending(&channel));
    assert_int_equal(pk_channel_read(&channel, &frame), PK_PROTOCOL);
}

/* The largest frame there is passes in one buffer. */
static void test_largest(void **state)
{
    static struct pk_assertion_answer answers[8];
    static uint8_t data[PK_AUTH_DATA_MAX];
    struct pk_frame out = {.type = PK_FRAME_ASSERTION, .assertion = {answers, 7}};
    PK_AUTO_FRAME struct pk_frame in = {0};
    pid_t child;

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        answers[i].credential_id = (struct pk_bytes){data, 1023};
        answers[i].authenticator_data = (struct pk_bytes){data, sizeof(data)};
        answers[i].signature = (struct pk_bytes){data, 1000};
    }
    child = fork();
    if (child == 0) {
        struct pk_channel writer = {.in = -1, .out = peer};

        _exit(pk_channel_send(&writer, &out) == PK_OK ? 0 : 1);
    }
    assert_int_equal(pk_channel_wait(&channel, &in), PK_OK);
    assert_int_equal(in.assertion.count, 7);
    out.assertion.count = 8;
    assert_int_equal(pk_channel_send(&channel, &out), PK_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pieces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wiped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel_and_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_malformed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_largest, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
