/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/protocol/fields.h"

#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>

/* So many items are made room for before the first of them was read. */
#define ITEMS_FIRST 16

static const void *member(const void *object, size_t offset)
{
    return (const uint8_t *)object + offset;
}

static void *own_member(void *object, size_t offset)
{
    return (uint8_t *)object + offset;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void fail(struct pk_writer *writer, enum pk_status status)
{
    if (writer->status == PK_OK)
        writer->status = status;
}

/* What the reader would refuse is not sent: who wrote it can say better what is wrong. */
static void write_view(struct pk_view view, struct pk_writer *writer)
{
    if (view.len > FIELD_STRING_MAX)
        fail(writer, PK_TOO_LARGE);
    pk_writer_string(writer, view);
}

static void write_text(const struct field *field, const char *text, struct pk_writer *writer)
{
    if (field->type == FIELD_OPTIONAL_TEXT)
        pk_writer_u8(writer, text != NULL);
    else if (!text)
        fail(writer, PK_INVALID_ARGUMENT);
    if (!text)
        return;
    if (!pk_utf8_valid(pk_view_string(text)))
        fail(writer, PK_INVALID_INPUT);
    write_view(pk_view_string(text), writer);
}

static void write_enum(const struct field *field, const void *from, struct pk_writer *writer)
{
    unsigned value;

    memcpy(&value, from, sizeof(value));
    if (value > field->max)
        fail(writer, PK_INVALID_ARGUMENT);
    pk_writer_u8(writer, (uint8_t)value);
}

static void write_list(const struct field *field, const void *object, struct pk_writer *writer)
{
    const void *items;
    size_t count;

    memcpy(&items, member(object, field->offset), sizeof(items));
    memcpy(&count, member(object, field->count_offset), sizeof(count));
    if (count > UINT32_MAX)
        fail(writer, PK_TOO_LARGE);
    pk_writer_u32(writer, (uint32_t)count);
    for (size_t i = 0; i < count && writer->status == PK_OK; i++)
        fields_write(field->fields, member(items, i * field->max), writer);
}

static void write_string(enum field_type type, const void *from, struct pk_writer *writer)
{
    struct pk_view view;

    if (type == FIELD_BYTES)
        view = pk_view_of(from);
    else if (type == FIELD_SECRET)
        view = pk_secret_view(from);
    else
        view = *(const struct pk_view *)from;
    write_view(view, writer);
}

static void write_number(enum field_type type, const void *from, struct pk_writer *writer)
{
    uint32_t number;

    switch (type) {
    case FIELD_BOOL:
        pk_writer_u8(writer, *(const bool *)from);
        break;
    case FIELD_U32:
        memcpy(&number, from, sizeof(number));
        pk_writer_u32(writer, number);
        break;
    case FIELD_I64:
        pk_writer_u64(writer, (uint64_t) * (const int64_t *)from);
        break;
    default:
        pk_writer_u64(writer, *(const size_t *)from);
        break;
    }
}

static void write_field(const struct field *field, const void *object, struct pk_writer *writer)
{
    const void *from = member(object, field->offset);

    switch (field->type) {
    case FIELD_END:
        break;
    case FIELD_BOOL:
    case FIELD_U32:
    case FIELD_I64:
    case FIELD_SIZE:
        write_number(field->type, from, writer);
        break;
    case FIELD_ENUM:
        write_enum(field, from, writer);
        break;
    case FIELD_FIXED:
        pk_writer_put(writer, (struct pk_view){from, field->max});
        break;
    case FIELD_TEXT:
    case FIELD_OPTIONAL_TEXT:
        write_text(field, *(const char *const *)from, writer);
        break;
    case FIELD_BYTES:
    case FIELD_VIEW:
    case FIELD_SECRET:
        write_string(field->type, from, writer);
        break;
    case FIELD_STRUCT:
        fields_write(field->fields, from, writer);
        break;
    case FIELD_LIST:
        write_list(field, object, writer);
        break;
    }
}

void fields_write(const struct field *fields, const void *object, struct pk_writer *writer)
{
    for (const struct field *field = fields; field->type != FIELD_END; field++)
        write_field(field, object, writer);
}

/* --- reading ---------------------------------------------------------------------------------- */

static unsigned read_limited(struct pk_reader *reader, size_t max)
{
    unsigned value = pk_reader_u8(reader);

    if (value <= max)
        return value;
    pk_reader_fail(reader, PK_PROTOCOL);
    return 0;
}

static size_t read_size(struct pk_reader *reader)
{
    uint64_t value = pk_reader_u64(reader);

    if (value <= SIZE_MAX)
        return (size_t)value;
    pk_reader_fail(reader, PK_PROTOCOL);
    return 0;
}

static void read_bytes(struct pk_reader *reader, struct pk_bytes *ret)
{
    struct pk_view view = pk_reader_string(reader, FIELD_STRING_MAX);

    if (view.len > 0 && pk_bytes_copy(view, ret))
        pk_reader_fail(reader, PK_NO_MEMORY);
}

static void read_secret(struct pk_reader *reader, struct pk_secret *ret)
{
    struct pk_view view = pk_reader_string(reader, FIELD_STRING_MAX);
    enum pk_status status = reader->status == PK_OK ? pk_secret_copy(view, ret) : PK_OK;

    if (status)
        pk_reader_fail(reader, status);
}

static void read_fixed(struct pk_reader *reader, size_t len, void *ret)
{
    struct pk_view view = pk_reader_take(reader, len);

    if (view.len == len)
        memcpy(ret, view.ptr, len);
}

/*
 * A count says nothing about what follows: room is made as items arrive, and the list has as many
 * as were begun to be read, for fields_clear().
 */
static void read_list(const struct field *field, struct pk_reader *reader, void *object)
{
    uint32_t count = pk_reader_u32(reader);
    uint8_t *items = NULL;
    size_t room = 0, have = 0;

    if (field->most > 0 && count > field->most)
        pk_reader_fail(reader, PK_TOO_LARGE);
    while (have < count && reader->status == PK_OK) {
        if (have == room) {
            size_t more = room ? room * 2 : ITEMS_FIRST;
            uint8_t *moved = reallocarray(items, more, field->max);

            if (!moved) {
                pk_reader_fail(reader, PK_NO_MEMORY);
                break;
            }
            memset(moved + room * field->max, 0, (more - room) * field->max);
            items = moved;
            room = more;
        }
        fields_read(field->fields, reader, items + have++ * field->max);
    }
    memcpy(own_member(object, field->offset), &items, sizeof(items));
    memcpy(own_member(object, field->count_offset), &have, sizeof(have));
}

static void read_number(const struct field *field, struct pk_reader *reader, void *ret)
{
    uint32_t number;

    switch (field->type) {
    case FIELD_BOOL:
        *(bool *)ret = read_limited(reader, 1);
        break;
    case FIELD_ENUM:
        number = read_limited(reader, field->max);
        memcpy(ret, &number, sizeof(number));
        break;
    case FIELD_U32:
        number = pk_reader_u32(reader);
        memcpy(ret, &number, sizeof(number));
        break;
    case FIELD_I64:
        *(int64_t *)ret = (int64_t)pk_reader_u64(reader);
        break;
    default:
        *(size_t *)ret = read_size(reader);
        break;
    }
}

static void read_field(const struct field *field, struct pk_reader *reader, void *object)
{
    void *ret = own_member(object, field->offset);

    switch (field->type) {
    case FIELD_END:
        break;
    case FIELD_BOOL:
    case FIELD_ENUM:
    case FIELD_U32:
    case FIELD_I64:
    case FIELD_SIZE:
        read_number(field, reader, ret);
        break;
    case FIELD_FIXED:
        read_fixed(reader, field->max, ret);
        break;
    case FIELD_OPTIONAL_TEXT:
        if (read_limited(reader, 1) == 0)
            break;
        *(char **)ret = pk_reader_text(reader, FIELD_STRING_MAX);
        break;
    case FIELD_TEXT:
        *(char **)ret = pk_reader_text(reader, FIELD_STRING_MAX);
        break;
    case FIELD_BYTES:
        read_bytes(reader, ret);
        break;
    case FIELD_VIEW:
        *(struct pk_view *)ret = pk_reader_string(reader, FIELD_STRING_MAX);
        break;
    case FIELD_SECRET:
        read_secret(reader, ret);
        break;
    case FIELD_STRUCT:
        fields_read(field->fields, reader, ret);
        break;
    case FIELD_LIST:
        read_list(field, reader, object);
        break;
    }
}

void fields_read(const struct field *fields, struct pk_reader *reader, void *object)
{
    for (const struct field *field = fields; field->type != FIELD_END; field++)
        read_field(field, reader, object);
}

static void clear_list(const struct field *field, void *object)
{
    uint8_t *items;
    size_t count;

    memcpy(&items, member(object, field->offset), sizeof(items));
    memcpy(&count, member(object, field->count_offset), sizeof(count));
    for (size_t i = 0; i < count; i++)
        fields_clear(field->fields, items + i * field->max);
    free(items);
    memset(own_member(object, field->offset), 0, sizeof(items));
    memset(own_member(object, field->count_offset), 0, sizeof(count));
}

void fields_clear(const struct field *fields, void *object)
{
    for (const struct field *field = fields; field->type != FIELD_END; field++) {
        void *own = own_member(object, field->offset);

        if (field->type == FIELD_TEXT || field->type == FIELD_OPTIONAL_TEXT) {
            free(*(char **)own);
            *(char **)own = NULL;
        } else if (field->type == FIELD_BYTES) {
            pk_bytes_clear(own);
        } else if (field->type == FIELD_SECRET) {
            pk_secret_clear(own);
        } else if (field->type == FIELD_STRUCT) {
            fields_clear(field->fields, own);
        } else if (field->type == FIELD_LIST) {
            clear_list(field, object);
        }
    }
}
