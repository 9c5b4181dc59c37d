/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's own socket: who calls there, what is cut off, and how much of it one user has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/bus/names.h"
#include "tests/unit/socket_clients.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS 600

/* --- who calls -------------------------------------------------------------------------------- */

static void the_kernel_says_who_calls(void **state)
{
    static const char *const forged[] = {NULL, ":1.5", "org.freedesktop.DBus", "socket.x"};
    char first[64];

    (void)state;
    for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
        int fd = client_of(ALICE);

        send_call(fd, "Status", forged[i]);
        assert_int_equal(answer_of(fd), DBUS_MESSAGE_TYPE_METHOD_RETURN);
        assert_int_equal(got.uid, real(ALICE));
        assert_int_equal(got.pid, getpid());
        assert_memory_equal(got.sender, "socket/", 7);
        (void)snprintf(first, sizeof(first), "%s", got.sender);
        /* Its name stays, and no other connection has it. */
        send_call(fd, "Status", ":1.1");
        assert_int_equal(answer_of(fd), DBUS_MESSAGE_TYPE_METHOD_RETURN);
        assert_string_equal(got.sender, first);
        assert_served(ALICE);
        assert_string_not_equal(got.sender, first);
        assert_int_equal(got.vanished, 2 * i + 1);
        (void)close(fd);
        turn();
        turn();
        assert_int_equal(got.vanished, 2 * i + 2);
        assert_string_equal(got.gone, first);
    }
}

static void nobody_is_anonymous_or_somebody_else(void **state)
{
    static const char *const lines[] = {"AUTH ANONYMOUS 6d65\r\n", "AUTH DBUS_COOKIE_SHA1 30\r\n",
                                        "AUTH\r\n"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        int fd = try_connect(BOB);

        write_all(fd, "", 1);
        say(fd, lines[i]);
        expect(fd, "REJECTED EXTERNAL\r\n");
        say(fd, "BEGIN\r\n");
        assert_true(is_closed(fd));
        (void)close(fd);
    }
    for (uid_t false_uid = 0; false_uid < 2; false_uid++) {
        int fd = try_connect(BOB);

        if (real(BOB) == false_uid)
            continue;
        write_all(fd, "", 1);
        say_who(fd, false_uid);
        expect(fd, "REJECTED");
        (void)close(fd);
    }
    assert_int_equal(got.calls, 0);
}

/* At the end of the daemon its other parts have gone before. */
static void nobody_is_told_at_the_end(void **state)
{
    int fd = client_of(ALICE);

    (void)state;
    send_call(fd, "Status", NULL);
    assert_int_equal(answer_of(fd), DBUS_MESSAGE_TYPE_METHOD_RETURN);
    socket_close(server);
    assert_int_equal(got.vanished, 0);
    assert_true(is_closed(fd));
    (void)close(fd);
    assert_int_equal(open_server(), 0);
}

static void an_answer_to_who_has_left_goes_nowhere(void **state)
{
    int fd = client_of(ALICE);
    struct value result = value_body();

    (void)state;
    got.keep = true;
    send_call(fd, "Status", NULL);
    turn();
    assert_non_null(got.kept);
    (void)close(fd);
    turn();
    turn();
    assert_int_equal(got.vanished, 1);
    value_add_text(&result, 's', "well");
    call_reply(pk_steal(got.kept), &result);
    got.keep = false;
    assert_served(BOB);
}

static void descriptors_pass_after_the_first_answer(void **state)
{
    DBusMessage *ping = message_to(DBUS_INTERFACE_PEER, "Ping", NULL);
    char *bytes;
    size_t len = marshal(ping, &bytes);
    int fd = client_of(ALICE);

    (void)state;
    write_all(fd, bytes, len);
    dbus_free(bytes);
    assert_int_equal(answer_of(fd), DBUS_MESSAGE_TYPE_METHOD_RETURN);
    assert_int_equal(got.calls, 0); /* a ping is nobody's business */
    (void)close(fd);
}

/* --- those that mean harm --------------------------------------------------------------------- */

static void garbage_is_cut_off(void **state)
{
    static const char *const lines[] = {"\xff\xff\xff\xff\r\n", "GET / HTTP/1.1\r\n\r\n"};
    char much[20000];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int fd = try_connect(BOB);

        (void)send(fd, lines[i], strlen(lines[i]), MSG_NOSIGNAL);
        assert_true(is_closed(fd));
        (void)close(fd);
    }
    for (int authenticated = 0; authenticated < 2; authenticated++) {
        int fd = authenticated ? client_of(BOB) : try_connect(BOB);

        (void)memset(much, 'x', sizeof(much));
        for (unsigned i = 0; i < 100 && !is_closed(fd); i++)
            (void)send(fd, much, sizeof(much), MSG_NOSIGNAL);
        assert_true(is_closed(fd));
        (void)close(fd);
    }
    assert_served(ALICE);
    assert_int_equal(budget_holds(budget, real(BOB), BUDGET_OPEN_CONNECTIONS), 0);
}

/* Nothing, half of the greeting, the greeting, half of a message, pings alone. */
static void the_silent_are_dropped(void **state)
{
    int fds[5] = {try_connect(BOB), try_connect(BOB), client_of(BOB), client_of(BOB),
                  client_of(BOB)};
    int talks = client_of(BOB);
    char *bytes;
    size_t len = marshal(message_to(PK_BUS_MANAGER, "Status", NULL), &bytes);

    (void)state;
    write_all(fds[1], "", 1);
    say(fds[1], "AUTH EXT");
    write_all(fds[3], bytes, len - 1);
    dbus_free(bytes);
    len = marshal(message_to(DBUS_INTERFACE_PEER, "Ping", NULL), &bytes);
    write_all(fds[4], bytes, len);
    dbus_free(bytes);
    assert_int_equal(answer_of(fds[4]), DBUS_MESSAGE_TYPE_METHOD_RETURN);
    send_call(talks, "Status", NULL);
    assert_int_equal(answer_of(talks), DBUS_MESSAGE_TYPE_METHOD_RETURN);
    leap(4);
    for (size_t i = 0; i < 5; i++)
        assert_false(is_closed(fds[i]));
    leap(2);
    for (size_t i = 0; i < 5; i++) {
        assert_true(is_closed(fds[i]));
        (void)close(fds[i]);
    }
    leap(100);
    assert_false(is_closed(talks));
    assert_int_equal(got.vanished, 0);
    (void)close(talks);
}

/* What was read of it would be kept for as long as the connection. */
static void who_goes_on_with_no_message_to_its_end_is_dropped(void **state)
{
    int bob = client_of(BOB), alice = client_of(ALICE);
    char *bytes;
    size_t len = marshal(message_to(PK_BUS_MANAGER, "Status", NULL), &bytes);

    (void)state;
    send_call(bob, "Status", NULL);
    assert_int_equal(answer_of(bob), DBUS_MESSAGE_TYPE_METHOD_RETURN);
    send_call(alice, "Status", NULL);
    assert_int_equal(answer_of(alice), DBUS_MESSAGE_TYPE_METHOD_RETURN);
    write_all(bob, bytes, len / 2);
    write_all(alice, bytes, len / 2);
    leap(6);
    assert_false(is_closed(bob));
    write_all(alice, bytes + len / 2, len - len / 2);
    assert_int_equal(answer_of(alice), DBUS_MESSAGE_TYPE_METHOD_RETURN);
    /* The next one that she begins has its own time. */
    write_all(alice, bytes, len / 2);
    write_all(bob, bytes + len / 2, 1);
    leap(6);
    assert_true(is_closed(bob));
    assert_false(is_closed(alice));
    write_all(alice, bytes + len / 2, len - len / 2);
    assert_int_equal(answer_of(alice), DBUS_MESSAGE_TYPE_METHOD_RETURN);
    leap(6);
    leap(6);
    assert_false(is_closed(alice));
    dbus_free(bytes);
    (void)close(bob);
    (void)close(alice);
}

static void a_message_has_few_descriptors(void **state)
{
    char control[CMSG_SPACE(sizeof(int) * 64)] = {0}, *bytes;
    DBusMessage *message = message_to(PK_BUS_MANAGER, "Authenticate", NULL);
    int fd = client_of(BOB);
    struct iovec part = {0};
    struct msghdr head = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof(control)};
    struct cmsghdr *descriptors = CMSG_FIRSTHDR(&head);
    int many[64];

    (void)state;
    part.iov_len = marshal(message, &bytes);
    part.iov_base = bytes;
    for (size_t i = 0; i < 64; i++)
        many[i] = fd;
    descriptors->cmsg_level = SOL_SOCKET;
    descriptors->cmsg_type = SCM_RIGHTS;
    descriptors->cmsg_len = CMSG_LEN(sizeof(many));
    (void)memcpy(CMSG_DATA(descriptors), many, sizeof(many));
    for (unsigned i = 0; i < 100 && !is_closed(fd); i++)
        (void)sendmsg(fd, &head, MSG_NOSIGNAL);
    dbus_free(bytes);
    assert_true(is_closed(fd));
    (void)close(fd);
    assert_served(ALICE);
}

static void a_message_has_a_size(void **state)
{
    DBusMessage *message = message_to(PK_BUS_MANAGER, "Authenticate", NULL);
    char *text = calloc(1, 1048577), *bytes;
    size_t len, sent = 0;
    int fd = client_of(BOB);

    (void)state;
    (void)memset(text, 'x', 1048576);
    assert_true(dbus_message_append_args(message, DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID));
    free(text);
    len = marshal(message, &bytes);
    for (unsigned i = 0; i < ROUNDS_MAX && sent < len && !is_closed(fd); i++) {
        ssize_t count = send(fd, bytes + sent, len - sent, MSG_NOSIGNAL);

        sent += count > 0 ? (size_t)count : 0;
    }
    dbus_free(bytes);
    assert_true(is_closed(fd));
    assert_int_equal(got.calls, 0);
    (void)close(fd);
}

static void one_user_has_so_many_connections(void **state)
{
    static int fds[CLIENTS];
    unsigned open = 0;

    (void)state;
    if (getuid() != 0)
        skip();
    for (size_t i = 0; i < CLIENTS; i++)
        fds[i] = try_connect(BOB);
    for (size_t i = 0; i < CLIENTS; i++)
        open += !is_closed(fds[i]);
    assert_in_range(open, 64, 256);
    assert_served(ALICE);
    assert_served(0);
    /* And opens so many in a second. */
    for (size_t i = 0; i < CLIENTS; i++)
        (void)close(fds[i]);
    turn();
    turn();
    fds[0] = try_connect(BOB);
    assert_true(is_closed(fds[0]));
    leap(1);
    assert_served(BOB);
    (void)close(fds[0]);
}

/* bob's setuid programs: root to the kernel, but each says for whom it runs. */
static void programs_for_one_user_have_so_many(void **state)
{
    static int fds[CLIENTS];
    unsigned served = 0;

    (void)state;
    if (getuid() != 0)
        skip();
    got.charge = BOB;
    for (size_t i = 0; i < 300; i++) {
        fds[i] = client_of(0);
        send_call(fds[i], "Authenticate", NULL);
        assert_int_not_equal(answer_of(fds[i]), DBUS_MESSAGE_TYPE_INVALID);
        served += got.charged;
    }
    assert_in_range(served, 64, 256);
    assert_int_equal(budget_holds(budget, BOB, BUDGET_SETUID_CONNECTIONS), served);
    assert_int_equal(budget_holds(budget, BOB, BUDGET_SETUID_CALLS), 0);
    /* His own are counted apart, and so are those of alice. */
    got.charge = 0;
    assert_served(BOB);
    got.charge = ALICE;
    assert_served(0);
    assert_true(got.charged);
    for (size_t i = 0; i < 300; i++)
        (void)close(fds[i]);
    leap(1);
    assert_int_equal(budget_holds(budget, BOB, BUDGET_SETUID_CONNECTIONS), 0);
}

/* Programs of root's that were stopped before they called make room when it is needed. */
static void stopped_programs_make_room(void **state)
{
    static int fds[1100];

    (void)state;
    if (getuid() != 0)
        skip();
    for (size_t i = 0; i < 1100; i++)
        fds[i] = try_connect(0);
    assert_true(is_closed(fds[0]));
    assert_false(is_closed(fds[1099]));
    assert_served(0);
    for (size_t i = 0; i < 1100; i++)
        (void)close(fds[i]);
}

/* What is too much waits, unread; it is neither lost nor in anybody's way. */
static void a_flood_waits(void **state)
{
    int flood = client_of(BOB), kept = fcntl(flood, F_GETFL);
    char *bytes;
    size_t len = marshal(message_to(PK_BUS_MANAGER, "Status", NULL), &bytes);
    unsigned sent = 0, before;

    (void)state;
    assert_int_not_equal(kept, -1);
    /* Whole messages, as long as the socket takes them. */
    for (unsigned i = 0; i < 20000; i++) {
        ssize_t count = send(flood, bytes, len, MSG_NOSIGNAL);
        char sink[65536];

        if (count < 0)
            break;
        assert_int_equal(count, len);
        sent++;
        turn();
        (void)recv(flood, sink, sizeof(sink), 0);
    }
    assert_in_range(got.calls, 100, 4000);
    assert_in_range(sent, got.calls + 100, 100000);
    before = got.calls;
    if (getuid() == 0) {
        assert_served(ALICE);
        before++;
    }
    leap(1);
    for (unsigned i = 0; i < 1000; i++) {
        char sink[65536];

        (void)recv(flood, sink, sizeof(sink), 0);
        turn();
    }
    assert_in_range(got.calls, before + 50, before + 800);
    dbus_free(bytes);
    (void)close(flood);
}

/* Who reads no answers gets a few, and no more. */
static void answers_are_not_kept_for_ever(void **state)
{
    char *bytes;
    size_t len = marshal(message_to(DBUS_INTERFACE_PEER, "Ping", NULL), &bytes);
    int fd = client_of(BOB), small = 4096;
    unsigned sent = 0;

    (void)state;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    for (unsigned i = 0; i < 5000; i++) {
        if (send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
            break;
        sent++;
        if (i % 100 == 0)
            leap(1);
        turn();
    }
    assert_in_range(sent, 1, 4999); /* it is not read any more */
    dbus_free(bytes);
    assert_served(ALICE);
    (void)close(fd);
    turn();
}

/* --- the file --------------------------------------------------------------------------------- */

static void the_socket_is_for_everybody_and_its_folder_is_not(void **state)
{
    struct stat found;
    char *why = NULL;
    struct socket *other = NULL;
    const struct socket_setup setup = {
        .base = base, .budget = budget, .ops = &socket_ops, .data = &got};

    (void)state;
    assert_int_equal(stat(path, &found), 0);
    assert_true(S_ISSOCK(found.st_mode));
    assert_int_equal(found.st_mode & 0777, 0666);
    assert_int_equal(chmod(folder, 0775), 0);
    assert_int_equal(socket_open(&setup, path, &other, &why), PK_UNAVAILABLE);
    assert_non_null(strstr(why, "writable by nobody else"));
    free(why);
    assert_int_equal(chmod(folder, 0755), 0);
}

static void a_killed_daemons_socket_is_replaced(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    socket_close(server);
    assert_int_equal(access(path, F_OK), -1); /* one that ends removes it */
    (void)strcpy(address.sun_path, path);
    assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
    (void)close(dead);
    assert_int_equal(open_server(), 0);
    assert_served(ALICE);
}

static void without_a_path_there_is_none(void **state)
{
    const struct socket_setup setup = {
        .base = base, .budget = budget, .ops = &socket_ops, .data = &got};
    struct socket *none = NULL;
    char *why = NULL;

    (void)state;
    assert_int_equal(socket_open(&setup, NULL, &none, &why), PK_OK);
    socket_close(none);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, socket_set_up, socket_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_kernel_says_who_calls),
        TEST(nobody_is_anonymous_or_somebody_else),
        TEST(nobody_is_told_at_the_end),
        TEST(an_answer_to_who_has_left_goes_nowhere),
        TEST(descriptors_pass_after_the_first_answer),
        TEST(garbage_is_cut_off),
        TEST(the_silent_are_dropped),
        TEST(who_goes_on_with_no_message_to_its_end_is_dropped),
        TEST(a_message_has_few_descriptors),
        TEST(a_message_has_a_size),
        TEST(one_user_has_so_many_connections),
        TEST(programs_for_one_user_have_so_many),
        TEST(stopped_programs_make_room),
        TEST(a_flood_waits),
        TEST(answers_are_not_kept_for_ever),
        TEST(the_socket_is_for_everybody_and_its_folder_is_not),
        TEST(a_killed_daemons_socket_is_replaced),
        TEST(without_a_path_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
