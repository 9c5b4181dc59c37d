/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/protocol/frame.h"

#include "common/base/limits.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH_SIZE sizeof(uint32_t)

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_REQUEST = 2,
    FRAME_REPLY = 3,
};

void store_hello_clear(struct store_hello *hello)
{
    free(hello->kind);
    *hello = (struct store_hello){0};
}

void store_request_clear(enum store_call call, struct store_request *request)
{
    const struct call_shape *shape = call_shape(call);

    if (shape)
        fields_clear(shape->request, request);
}

void store_reply_clear(enum store_call call, struct store_reply *reply)
{
    const struct call_shape *shape = call_shape(call);

    if (shape)
        fields_clear(shape->reply, reply);
}

/* --- writing ---------------------------------------------------------------------------------- */

static struct pk_writer begin(enum frame_type type)
{
    struct pk_writer writer = pk_writer_new(PK_STORE_FRAME_MAX);

    pk_writer_u32(&writer, 0); /* the length, which end() knows */
    pk_writer_u8(&writer, type);
    return writer;
}

static enum pk_status end(struct pk_writer *writer, struct pk_bytes *ret)
{
    enum pk_status status = pk_writer_finish(writer, ret);
    size_t len;

    if (status)
        return status;
    len = ret->len - LENGTH_SIZE;
    for (size_t i = 0; i < LENGTH_SIZE; i++)
        ret->data[i] = (uint8_t)(len >> (8 * (LENGTH_SIZE - 1 - i)));
    return PK_OK;
}

enum pk_status frame_hello(const struct store_hello *hello, struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = begin(FRAME_HELLO);

    pk_writer_u16(&writer, hello->version);
    pk_writer_text(&writer, hello->kind);
    pk_writer_u8(&writer, hello->ceremonies);
    return end(&writer, ret);
}

enum pk_status frame_request(const struct request_head *head, const struct store_request *request,
                             struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = begin(FRAME_REQUEST);
    const struct call_shape *shape = call_shape(head->call);

    if (!shape)
        return PK_INVALID_ARGUMENT;
    pk_writer_u32(&writer, head->number);
    pk_writer_u16(&writer, (uint16_t)head->call);
    pk_writer_u32(&writer, head->milliseconds);
    fields_write(shape->request, request, &writer);
    return end(&writer, ret);
}

enum pk_status frame_reply(const struct reply_head *head, enum store_call call,
                           const struct store_reply *reply, struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = begin(FRAME_REPLY);
    const struct call_shape *shape = call_shape(call);

    if (!shape)
        return PK_INVALID_ARGUMENT;
    pk_writer_u32(&writer, head->number);
    pk_writer_text(&writer, pk_status_name(head->status));
    pk_writer_text(&writer, head->why);
    if (head->status == PK_OK)
        fields_write(shape->reply, reply, &writer);
    return end(&writer, ret);
}

/* --- reading ---------------------------------------------------------------------------------- */

static struct pk_reader open_frame(struct pk_view payload, enum frame_type type)
{
    struct pk_reader reader = pk_reader_new(payload);

    if (payload.len > PK_STORE_FRAME_MAX)
        pk_reader_fail(&reader, PK_TOO_LARGE);
    if (pk_reader_u8(&reader) != type)
        pk_reader_fail(&reader, PK_PROTOCOL);
    return reader;
}

/* The names are the closed list that both sides have; no number of it is stable. */
static enum pk_status read_status(struct pk_reader *reader)
{
    char *name = pk_reader_text(reader, PK_STORE_STATUS_NAME_MAX);
    enum pk_status status = name ? pk_status_from_name(name) : PK_INTERNAL;

    if (name && status == PK_INTERNAL && strcmp(name, pk_status_name(PK_INTERNAL)) != 0)
        pk_reader_fail(reader, PK_PROTOCOL);
    free(name);
    return status;
}

enum pk_status frame_hello_read(struct pk_view payload, struct store_hello *ret)
{
    struct pk_reader reader = open_frame(payload, FRAME_HELLO);
    AUTO_STORE_HELLO struct store_hello hello = {.version = pk_reader_u16(&reader)};
    enum pk_status status;
    unsigned ceremonies;

    /* What another version says further is not for this one. */
    if (reader.status == PK_OK && hello.version != PROTOCOL_VERSION)
        return PK_UNSUPPORTED;
    hello.kind = pk_reader_text(&reader, PK_STORE_KIND_MAX);
    ceremonies = pk_reader_u8(&reader);
    if (ceremonies > 1)
        pk_reader_fail(&reader, PK_PROTOCOL);
    hello.ceremonies = ceremonies == 1;
    status = pk_reader_finish(&reader);
    if (status)
        return status;
    *ret = hello;
    hello = (struct store_hello){0}; /* moved */
    return PK_OK;
}

enum pk_status frame_request_read(struct pk_view payload, struct request_head *ret_head,
                                  struct store_request *ret)
{
    struct pk_reader reader = open_frame(payload, FRAME_REQUEST);
    struct request_head head = {.number = pk_reader_u32(&reader)};
    struct store_request request = {0};
    const struct call_shape *shape;
    enum pk_status status;

    head.call = pk_reader_u16(&reader);
    head.milliseconds = pk_reader_u32(&reader);
    shape = call_shape(head.call);
    if (!shape)
        pk_reader_fail(&reader, PK_PROTOCOL);
    else
        fields_read(shape->request, &reader, &request);
    status = pk_reader_finish(&reader);
    if (status) {
        store_request_clear(head.call, &request);
        return status;
    }
    *ret_head = head;
    *ret = request;
    return PK_OK;
}

enum pk_status frame_reply_read(struct pk_view payload, enum store_call call,
                                struct reply_head *ret_head, struct store_reply *ret)
{
    struct pk_reader reader = open_frame(payload, FRAME_REPLY);
    struct reply_head head = {.number = pk_reader_u32(&reader)};
    struct store_reply reply = {0};
    const struct call_shape *shape = call_shape(call);
    enum pk_status status;

    if (!shape)
        return PK_INVALID_ARGUMENT;
    head.status = read_status(&reader);
    head.why = pk_reader_text(&reader, PK_STORE_WHY_MAX);
    if (reader.status == PK_OK && head.status == PK_OK)
        fields_read(shape->reply, &reader, &reply);
    status = pk_reader_finish(&reader);
    if (status) {
        free(head.why);
        store_reply_clear(call, &reply);
        return status;
    }
    *ret_head = head;
    *ret = reply;
    return PK_OK;
}
