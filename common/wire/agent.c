/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/wire/agent.h"

#include "common/base/cleanup.h"
#include "common/base/reader.h"
#include "common/base/writer.h"

#include <stdlib.h>

#define LENGTH_SIZE 4

enum { /* draft-miller-ssh-agent section 6.1 */
       AGENT_FAILURE = 5,
       AGENT_REQUEST_IDENTITIES = 11,
       AGENT_IDENTITIES_ANSWER = 12,
       AGENT_SIGN_REQUEST = 13,
       AGENT_SIGN_RESPONSE = 14,
};

enum pk_status pk_agent_request_identities(struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(LENGTH_SIZE + 1);

    pk_writer_u32(&writer, 1);
    pk_writer_u8(&writer, AGENT_REQUEST_IDENTITIES);
    return pk_writer_finish(&writer, ret);
}

enum pk_status pk_agent_sign_request(struct pk_view key_blob, struct pk_view data,
                                     struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer payload = pk_writer_new(PK_AGENT_MESSAGE_MAX);
    PK_AUTO_WRITER struct pk_writer message = pk_writer_new(LENGTH_SIZE + PK_AGENT_MESSAGE_MAX);

    pk_writer_u8(&payload, AGENT_SIGN_REQUEST);
    pk_writer_string(&payload, key_blob);
    pk_writer_string(&payload, data);
    pk_writer_u32(&payload, 0); /* flags: they choose among RSA's hashes */
    if (payload.status != PK_OK)
        return payload.status;
    pk_writer_string(&message, (struct pk_view){payload.data, payload.len});
    return pk_writer_finish(&message, ret);
}

enum pk_status pk_agent_message_size(struct pk_view stream, size_t *ret_size)
{
    return pk_message_size(stream, PK_AGENT_MESSAGE_MAX, ret_size);
}

/* The type of the answer; SSH_AGENT_FAILURE, when it is nothing but that, becomes a status. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static void read_type(struct pk_reader *reader, uint8_t wanted, enum pk_status failure)
{
    uint8_t type = pk_reader_u8(reader);

    if (type == AGENT_FAILURE)
        pk_reader_fail(reader, reader->remaining == 0 ? failure : PK_TRAILING_DATA);
    if (type != wanted)
        pk_reader_fail(reader, PK_PROTOCOL);
}

/* Knows of no more memory than the items: to the prover, allocated bytes are more of them. */
/*@ requires sound(reader) && \separated(reader, &heap);
    requires \valid(items + (0 .. count - 1)) && on_heap(items);
    assigns *reader, items[0 .. count - 1];
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static void read_items(struct pk_reader *reader, struct pk_agent_identity *items, size_t count)
{
    /*@ loop invariant 0 <= i <= count && sound(reader) && went_on{Pre, Here}(reader);
        loop assigns i, *reader, items[0 .. count - 1];
        loop variant count - i; */
    for (size_t i = 0; i < count; i++) {
        items[i].blob = pk_reader_string(reader, PK_AGENT_MESSAGE_MAX);
        items[i].comment = pk_reader_string(reader, PK_AGENT_MESSAGE_MAX);
    }
}

/*@ requires sound(reader) && \separated(reader, &heap);
    requires reader->status == PK_OK ==> count <= PK_AGENT_IDENTITIES_MAX;
    assigns *reader, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK && count > 0 ==> on_heap(\result); */
static struct pk_agent_identity *read_identities(struct pk_reader *reader, size_t count)
{
    PK_AUTO_FREE struct pk_agent_identity *items = NULL;

    if (reader->status != PK_OK || count == 0)
        return NULL;
    items = calloc(count, sizeof(*items));
    if (!items) {
        pk_reader_fail(reader, PK_NO_MEMORY);
        return NULL;
    }
    read_items(reader, items, count);
    return pk_steal(items);
}

enum pk_status pk_agent_identities_parse(struct pk_view payload,
                                         struct pk_agent_identity **ret_items, size_t *ret_count)
{
    struct pk_reader reader = pk_reader_new(payload);
    PK_AUTO_FREE struct pk_agent_identity *items = NULL;
    size_t count;
    enum pk_status status;

    read_type(&reader, AGENT_IDENTITIES_ANSWER, PK_UNAVAILABLE);
    count = pk_reader_u32(&reader);
    if (count > PK_AGENT_IDENTITIES_MAX)
        pk_reader_fail(&reader, PK_PROTOCOL);
    items = read_identities(&reader, count);
    status = pk_reader_finish(&reader);
    if (status != PK_OK)
        return status;
    *ret_items = pk_steal(items);
    *ret_count = count;
    return PK_OK;
}

enum pk_status pk_agent_signature_parse(struct pk_view payload, struct pk_view *ret_signature)
{
    struct pk_reader reader = pk_reader_new(payload);
    struct pk_view signature;
    enum pk_status status;

    read_type(&reader, AGENT_SIGN_RESPONSE, PK_OPERATION_DENIED);
    signature = pk_reader_string(&reader, PK_AGENT_MESSAGE_MAX);
    status = pk_reader_finish(&reader);
    if (status == PK_OK)
        *ret_signature = signature;
    return status;
}
