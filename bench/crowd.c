/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A crowd for bench/storm.py: so many processes of one user, each with a connection of its own,
 * that call as fast as they are answered, and connect again where they are turned away.
 *
 *     crowd WHO COUNT bus ADDRESS INTERFACE MEMBER USER
 *     crowd WHO COUNT socket ADDRESS INTERFACE MEMBER USER
 *     crowd WHO COUNT http PORT PATH
 *
 * It is started by root and becomes WHO, who need not be able to reach this program. Prints "begun"
 * once each of them has been answered or turned away, and for each line of standard input how many
 * answers there were since the line before. It ends with its standard input.
 */
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/bus/names.h"

#include <arpa/inet.h>
#include <dbus/dbus.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT_MAX   1000
#define PATIENCE_MS 60000
#define ANSWER_MAX  65536

struct crowd {
    const char *way;
    char **arguments; /* behind the way */
    int begun;        /* a pipe's end: each writes a byte to it */
    atomic_ulong *answers;
};

static void __attribute__((noreturn)) give_up(const char *what, const char *detail)
{
    (void)fprintf(stderr, "crowd: %s: %s\n", what, detail);
    exit(1);
}

/* An answer, or a place that was not to be had. */
static void count(struct crowd *crowd, bool answered)
{
    if (answered)
        atomic_fetch_add_explicit(crowd->answers, 1, memory_order_relaxed);
    if (crowd->begun >= 0 && write(crowd->begun, "", 1) == 1) {
        (void)close(crowd->begun);
        crowd->begun = -1;
    }
}

/* --- D-Bus ------------------------------------------------------------------------------------ */

static DBusMessage *call_new(const struct crowd *crowd)
{
    const char *user = crowd->arguments[3];
    DBusMessage *message = dbus_message_new_method_call(PK_BUS_NAME, PK_BUS_PATH,
                                                        crowd->arguments[1], crowd->arguments[2]);
    DBusMessageIter arguments, options;

    if (!message)
        give_up("a call", "no memory");
    dbus_message_iter_init_append(message, &arguments);
    if (!dbus_message_iter_append_basic(&arguments, DBUS_TYPE_STRING, &user) ||
        !dbus_message_iter_open_container(&arguments, DBUS_TYPE_ARRAY, "{sv}", &options) ||
        !dbus_message_iter_close_container(&arguments, &options))
        give_up("a call", "no memory");
    return message;
}

static void call_until_closed(struct crowd *crowd, DBusConnection *connection)
{
    while (dbus_connection_get_is_connected(connection)) {
        DBusMessage *message = call_new(crowd);
        DBusError error = DBUS_ERROR_INIT;
        DBusMessage *reply =
            dbus_connection_send_with_reply_and_block(connection, message, PATIENCE_MS, &error);

        /* A refusal is an answer, too. */
        count(crowd, reply || !dbus_error_has_name(&error, DBUS_ERROR_DISCONNECTED));
        if (reply)
            dbus_message_unref(reply);
        dbus_error_free(&error);
        dbus_message_unref(message);
    }
}

static void bus_call(struct crowd *crowd)
{
    DBusConnection *connection = dbus_connection_open_private(crowd->arguments[0], NULL);

    if (!connection) {
        count(crowd, false);
        return;
    }
    dbus_connection_set_exit_on_disconnect(connection, FALSE);
    if (strcmp(crowd->way, "bus") != 0 || dbus_bus_register(connection, NULL))
        call_until_closed(crowd, connection);
    dbus_connection_close(connection);
    dbus_connection_unref(connection);
}

/* --- HTTP ------------------------------------------------------------------------------------- */

/* Whether an answer came; it says its length or has no body. */
static bool exchange(int fd, const char *request)
{
    char answer[ANSWER_MAX + 1];
    size_t len = 0, whole = 0;

    if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
        return false;
    do {
        ssize_t got = recv(fd, answer + len, ANSWER_MAX - len, 0);
        const char *end, *length;

        if (got <= 0)
            return false;
        len += (size_t)got;
        answer[len] = 0;
        end = strstr(answer, "\r\n\r\n");
        length = strcasestr(answer, "\r\nContent-Length:");
        if (end)
            whole = (size_t)(end + 4 - answer) +
                    (length ? strtoul(length + strlen("\r\nContent-Length:"), NULL, 10) : 0);
    } while (whole == 0 || len < whole);
    return true;
}

static void http_call(struct crowd *crowd)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((unsigned short)strtoul(crowd->arguments[0], NULL, 10)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    PK_AUTO_FREE char *request =
        pk_text_format("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                       "Content-Length: 2\r\n\r\n{}",
                       crowd->arguments[1]);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (!request || fd < 0)
        give_up("a connection", strerror(errno));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        while (exchange(fd, request))
            count(crowd, true);
    count(crowd, false);
    (void)close(fd);
}

/* --- the crowd -------------------------------------------------------------------------------- */

static void __attribute__((noreturn)) join(struct crowd *crowd, pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        exit(0);
    for (;;)
        if (strcmp(crowd->way, "http") == 0)
            http_call(crowd);
        else
            bus_call(crowd);
}

static void become(const char *name)
{
    const struct passwd *who = getpwnam(name);

    if (!who || setgroups(0, NULL) < 0 || setgid(who->pw_gid) < 0 || setuid(who->pw_uid) < 0)
        give_up(name, "cannot become that user");
}

int main(int argc, char **argv)
{
    size_t wanted = argc > 4 ? strtoul(argv[2], NULL, 10) : 0;
    struct crowd crowd = {.way = argc > 4 ? argv[3] : ""};
    bool http = strcmp(crowd.way, "http") == 0;
    unsigned long before = 0;
    char line[16];
    int ends[2];

    if (wanted < 1 || wanted > COUNT_MAX || argc != (http ? 6 : 8))
        give_up("usage", "WHO COUNT bus|socket ADDRESS INTERFACE MEMBER USER, or http PORT PATH");
    become(argv[1]);
    crowd.arguments = argv + 4;
    crowd.answers = mmap(NULL, sizeof(*crowd.answers), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (crowd.answers == MAP_FAILED || pipe(ends) < 0)
        give_up("start", strerror(errno));
    crowd.begun = ends[1];
    for (size_t i = 0; i < wanted; i++) {
        pid_t parent = getpid(), pid = fork();

        if (pid < 0)
            give_up("fork", strerror(errno));
        if (pid == 0)
            join(&crowd, parent);
    }
    for (size_t i = 0; i < wanted; i++)
        if (read(ends[0], line, 1) != 1)
            give_up("the crowd", "it has gone");
    (void)puts("begun");
    (void)fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        unsigned long now = atomic_load(crowd.answers);

        (void)printf("%lu\n", now - before);
        (void)fflush(stdout);
        before = now;
    }
    return 0;
}
