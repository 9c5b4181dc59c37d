/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's own socket with real sockets, in a folder of the test's own, and clients that write
 * whatever they like. As root the clients are of several users. The clock goes on by leaps alone.
 * Failures end the test.
 */
#ifndef TESTS_UNIT_SOCKET_CLIENTS_H
#define TESTS_UNIT_SOCKET_CLIENTS_H

#include "daemon/bus/socket.h"
#include "tests/unit/scratch.h"

#include <dbus/dbus.h>
#include <stdbool.h>
#include <sys/types.h>

#define ALICE      2001
#define BOB        2002
#define ROUNDS_MAX 20000 /* of the loop; only a defect takes as many */

extern struct event_base *base;
extern struct budget *budget;
extern struct socket *server;
extern char folder[SCRATCH_PATH_MAX], path[SCRATCH_PATH_MAX + 16];

/* What came to the server. */
struct calls_got {
    unsigned calls, vanished;
    char sender[64], gone[64], member[64];
    uid_t uid;
    pid_t pid;
    struct call *kept;
    bool keep;    /* calls are not answered */
    uid_t charge; /* whom the next call is charged to; 0: nobody */
    bool charged;
};
extern struct calls_got got;
extern const struct socket_ops socket_ops; /* their data is got */

/* cmocka's, for each test; the server is open. */
int socket_set_up(void **state);
int socket_tear_down(void **state);
int open_server(void);
/* Lets happen what can happen now; and so many seconds later. */
void turn(void);
void leap(unsigned seconds);

/* A connection of that user's, which is refused without blocking, or has not said yet who it is. */
int try_connect(uid_t uid);
/* One that has said truly who it is. */
int client_of(uid_t uid);
/* What that user is here: this process's own, where it is not root. */
uid_t real(uid_t uid);

void write_all(int fd, const void *data, size_t len);
void say(int fd, const char *line);
/* AUTH EXTERNAL as that uid. */
void say_who(int fd, uid_t uid);
/* Whether the line that is answered begins so. */
void expect(int fd, const char *beginning);
bool is_closed(int fd);

/* A call; sender may be NULL. */
DBusMessage *message_to(const char *interface, const char *member, const char *sender);
/* Its bytes, for dbus_free(); the message is taken. */
size_t marshal(DBusMessage *message, char **ret);
void send_call(int fd, const char *member, const char *sender);
/* The type of the message that is answered. */
int answer_of(int fd);
/* A call of that user's on a connection of its own is served. */
void assert_served(uid_t uid);

#endif
