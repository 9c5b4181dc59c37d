/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any payload between the daemon and a store: refused, or read to what is written to exactly these
 * bytes again. The first byte says what it is read as: 0 HELLO, 1 a REQUEST, 2 and what follows the
 * REPLY of the call 1 and what follows.
 */
#include "store/protocol/frame.h"

#include <stdlib.h>

#define LENGTH_SIZE 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_same(enum pk_status status, struct pk_bytes *whole, struct pk_view payload)
{
    if (status != PK_OK || whole->len != payload.len + LENGTH_SIZE ||
        !pk_view_equal((struct pk_view){whole->data + LENGTH_SIZE, payload.len}, payload))
        abort();
    pk_bytes_clear(whole);
}

static void try_hello(struct pk_view payload)
{
    AUTO_STORE_HELLO struct store_hello hello = {0};
    struct pk_bytes whole = {0};

    if (frame_hello_read(payload, &hello) == PK_OK)
        assert_same(frame_hello(&hello, &whole), &whole, payload);
}

static void try_request(struct pk_view payload)
{
    struct store_request request;
    struct request_head head;
    struct pk_bytes whole = {0};

    if (frame_request_read(payload, &head, &request) != PK_OK)
        return;
    assert_same(frame_request(&head, &request, &whole), &whole, payload);
    store_request_clear(head.call, &request);
}

static void try_reply(struct pk_view payload, enum store_call call)
{
    struct store_reply reply;
    struct reply_head head;
    struct pk_bytes whole = {0};

    if (frame_reply_read(payload, call, &head, &reply) != PK_OK)
        return;
    assert_same(frame_reply(&head, call, &reply, &whole), &whole, payload);
    if (head.status == PK_OK)
        store_reply_clear(call, &reply);
    free(head.why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_view payload = {data + 1, size - 1};

    if (size == 0)
        return 0;
    if (data[0] == 0)
        try_hello(payload);
    else if (data[0] == 1)
        try_request(payload);
    else
        try_reply(payload, 1 + (data[0] - 2U) % (CALL_END - 1));
    return 0;
}
