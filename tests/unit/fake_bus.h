/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bus as the daemon's parts see it, without one: what they ask of other services is kept until
 * the test answers it, in any form, and how a call ended can be looked at. It stands in for bus.c.
 */
#ifndef TESTS_UNIT_FAKE_BUS_H
#define TESTS_UNIT_FAKE_BUS_H

#include "daemon/bus/bus.h"

/* A call that the daemon's part has made and that is not answered yet. */
struct bus_request {
    char destination[64], path[128], interface[64], member[64];
    bool no_start;
    struct value arguments;
    unsigned timeout_ms;
    bus_reply_function *reply;
    void *data;
};

/* How the last call ended that was answered, and how many were. */
struct fake_end {
    unsigned replies, errors;
    char error[128]; /* of the last one; empty: a reply */
    char text[256];
};
extern struct fake_end fake_end;

/* What bus_service() says; set anew by fake_bus_reset(): stopped, so that it is asked for. */
extern enum bus_service fake_bus_service;

/* bus_call() finds no memory as long as this is set. */
extern bool fake_bus_fails;

/* A call with an argument 's', and an empty a{sv}; the test changes what it likes. */
struct call *fake_call(uid_t uid, const char *sender, const char *user);
/* Its a{sv}. */
struct value *fake_options(struct call *call);

/* What is asked and not answered, the oldest first; NULL: nothing more. */
struct bus_request *fake_request(size_t index);
/* Answers it; result is emptied. error: the answer is that one, and result NULL. */
void fake_answer(struct bus_request *request, struct value *result, const char *error);

/* Forgets how calls ended. */
void fake_bus_reset(void);

#endif
