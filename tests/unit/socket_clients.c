/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/socket_clients.h"

#include "common/base/clock.h"
#include "common/bus/names.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct event_base *base;
struct budget *budget;
struct socket *server;
char folder[SCRATCH_PATH_MAX], path[SCRATCH_PATH_MAX + 16];
struct calls_got got;
static int64_t ahead_ms;

/* In place of libc's, for libevent as well: time goes on by leaps alone. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
    (void)clock;
    *ret = (struct timespec){1000 + ahead_ms / 1000, 0};
    return 0;
}

static void on_call(void *data, struct call *call)
{
    struct value result = value_body();

    assert_ptr_equal(data, &got);
    got.calls++;
    (void)snprintf(got.sender, sizeof(got.sender), "%s", call->sender);
    (void)snprintf(got.member, sizeof(got.member), "%s", call->member);
    got.uid = call->uid;
    got.pid = call->pid;
    if (got.charge) {
        got.charged = call_charge(call, got.charge);
        if (!got.charged) {
            call_refuse(call);
            return;
        }
    }
    if (got.keep) {
        got.kept = call;
        return;
    }
    value_add_text(&result, 's', "well");
    call_reply(call, &result);
}

static void on_vanished(void *data, const char *name)
{
    assert_ptr_equal(data, &got);
    got.vanished++;
    (void)snprintf(got.gone, sizeof(got.gone), "%s", name);
}

const struct socket_ops socket_ops = {on_call, on_vanished};

int open_server(void)
{
    char *why = NULL;
    const struct socket_setup setup = {
        .base = base, .budget = budget, .ops = &socket_ops, .data = &got};
    enum pk_status status = socket_open(&setup, path, &server, &why);

    if (status)
        print_message("%s\n", why);
    free(why);
    return status == PK_OK ? 0 : -1;
}

int socket_set_up(void **state)
{
    (void)state;
    memset(&got, 0, sizeof(got));
    scratch_new(folder);
    assert_int_equal(chmod(folder, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/socket", folder);
    base = event_base_new();
    budget = budget_new(pk_clock_monotonic_ms);
    return base && budget ? open_server() : -1;
}

int socket_tear_down(void **state)
{
    (void)state;
    if (got.kept)
        call_drop(got.kept);
    socket_close(server);
    budget_free(budget);
    event_base_free(base);
    (void)unlink(path);
    scratch_remove(folder);
    return 0;
}

void turn(void)
{
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
}

void leap(unsigned seconds)
{
    ahead_ms += (int64_t)seconds * 1000;
    turn();
    turn();
}

/* --- clients ---------------------------------------------------------------------------------- */

int try_connect(uid_t uid)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result;

    (void)strcpy(address.sun_path, path);
    if (geteuid() == 0)
        assert_int_equal(syscall(SYS_setresuid, -1, uid, -1), 0);
    result = connect(fd, (struct sockaddr *)&address, sizeof(address));
    if (getuid() == 0)
        assert_int_equal(syscall(SYS_setresuid, -1, 0, -1), 0);
    assert_int_equal(result, 0);
    turn();
    turn();
    return fd;
}

/* Until there is something to read, or the end; the number of bytes, 0 at the end. */
static size_t read_some(int fd, void *buffer, size_t size)
{
    for (unsigned i = 0; i < ROUNDS_MAX; i++) {
        ssize_t count = recv(fd, buffer, size, 0);

        if (count >= 0 || errno == ECONNRESET)
            return count > 0 ? (size_t)count : 0;
        assert_int_equal(errno, EAGAIN);
        turn();
    }
    fail_msg("nothing is answered");
    return 0;
}

bool is_closed(int fd)
{
    char byte;
    ssize_t count;

    turn();
    turn();
    count = recv(fd, &byte, 1, MSG_PEEK);
    return count == 0 || (count < 0 && errno != EAGAIN);
}

void write_all(int fd, const void *data, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t count = send(fd, (const char *)data + done, len - done, MSG_NOSIGNAL);

        assert_true(count >= 0 || errno == EAGAIN);
        done += count > 0 ? (size_t)count : 0;
        turn();
    }
}

void say(int fd, const char *line)
{
    write_all(fd, line, strlen(line));
}

void expect(int fd, const char *beginning)
{
    char line[512] = "";

    (void)read_some(fd, line, sizeof(line) - 1);
    assert_memory_equal(line, beginning, strlen(beginning));
}

void say_who(int fd, uid_t uid)
{
    char text[16], line[64] = "AUTH EXTERNAL ";

    (void)snprintf(text, sizeof(text), "%u", (unsigned)uid);
    for (const char *digit = text; *digit; digit++)
        (void)sprintf(line + strlen(line), "%02x", (unsigned)*digit);
    (void)strcat(line, "\r\n");
    say(fd, line);
}

uid_t real(uid_t uid)
{
    return getuid() == 0 ? uid : getuid();
}

int client_of(uid_t uid)
{
    int fd = try_connect(uid);

    write_all(fd, "", 1);
    say_who(fd, real(uid));
    expect(fd, "OK ");
    say(fd, "NEGOTIATE_UNIX_FD\r\n");
    expect(fd, "AGREE_UNIX_FD");
    say(fd, "BEGIN\r\n");
    return fd;
}

DBusMessage *message_to(const char *interface, const char *member, const char *sender)
{
    DBusMessage *message = dbus_message_new_method_call(NULL, PK_BUS_PATH, interface, member);

    assert_non_null(message);
    dbus_message_set_serial(message, 7);
    assert_true(!sender || dbus_message_set_sender(message, sender));
    return message;
}

size_t marshal(DBusMessage *message, char **ret)
{
    int len = 0;

    assert_true(dbus_message_marshal(message, ret, &len));
    dbus_message_unref(message);
    return (size_t)len;
}

void send_call(int fd, const char *member, const char *sender)
{
    char *bytes;
    size_t len = marshal(message_to(PK_BUS_MANAGER, member, sender), &bytes);

    write_all(fd, bytes, len);
    dbus_free(bytes);
}

int answer_of(int fd)
{
    char buffer[4096];
    size_t len = read_some(fd, buffer, sizeof(buffer));
    DBusMessage *message = len ? dbus_message_demarshal(buffer, (int)len, NULL) : NULL;
    int type = message ? dbus_message_get_type(message) : DBUS_MESSAGE_TYPE_INVALID;

    if (message)
        dbus_message_unref(message);
    return type;
}

void assert_served(uid_t uid)
{
    int fd = client_of(uid);
    unsigned calls = got.calls;

    send_call(fd, "Status", NULL);
    assert_int_equal(answer_of(fd), DBUS_MESSAGE_TYPE_METHOD_RETURN);
    assert_int_equal(got.calls, calls + 1);
    assert_int_equal(got.uid, real(uid));
    (void)close(fd);
    turn();
}
