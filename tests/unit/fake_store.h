/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store process that does what a test has it do, in threads of the test: one for each connection.
 * They make no assertion: cmocka's are for the first thread alone.
 */
#ifndef TESTS_UNIT_FAKE_STORE_H
#define TESTS_UNIT_FAKE_STORE_H

#include "store/protocol/frame.h"
#include "tests/unit/scratch.h"

#include <pthread.h>
#include <stdatomic.h>

#define FAKE_CONNECTIONS 64

struct fake_store;

struct fake_request {
    struct fake_store *fake;
    int fd;
    struct request_head head;
    struct store_request request;
};

/* Whether the connection goes on. */
typedef bool fake_answer(struct fake_request *request);

struct fake_connection {
    struct fake_store *fake;
    pthread_t thread;
    int fd;
};

/* Members up to answer are the test's to set, between fake_store_new() and the first call. */
struct fake_store {
    struct store_hello hello;
    bool (*greet)(struct fake_store *fake, int fd); /* NULL: by hello; whether it goes on */
    _Atomic(fake_answer *) answer;
    void *data;                        /* of answer */
    atomic_uint connections, requests; /* so far */

    char path[SCRATCH_PATH_MAX + 8];
    int listener;
    pthread_t thread;
    struct fake_connection served[FAKE_CONNECTIONS];
    size_t count;
};

/* At FOLDER/socket, where it takes the place of whatever is there. */
struct fake_store *fake_store_new(const char *folder);
/* Ends all connections. */
void fake_store_end(struct fake_store *fake);

void fake_send(int fd, const void *bytes, size_t len);
/* For an answer: this reply, with the request's number. */
bool fake_reply(const struct fake_request *request, const struct store_reply *reply);
bool fake_refuse(const struct fake_request *request, enum pk_status status, const char *why);

#endif
