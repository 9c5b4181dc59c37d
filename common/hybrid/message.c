/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/hybrid/message.h"

#include "common/base/cbor.h"
#include "common/hybrid/channel.h"

enum greeting_key {
    GREETING_INFO = 1,
    GREETING_FEATURES = 3,
};

enum info_key { /* CTAP 2.1 section 6.4 */
                INFO_VERSIONS = 1,
                INFO_AAGUID = 3,
                INFO_OPTIONS = 4,
};

/* Begins a map whose keys are numbers: how many pairs, or 0 and a failure. */
static size_t begin_map(struct pk_reader *reader, struct pk_view map)
{
    *reader = pk_reader_new(map);
    return pk_cbor_map(reader);
}

/* A key that is no number is passed over, and answered as one that nobody knows. */
static uint64_t read_key(struct pk_reader *reader)
{
    if (pk_cbor_peek(reader) == PK_CBOR_UNSIGNED)
        return pk_cbor_unsigned(reader);
    (void)pk_cbor_item(reader);
    return UINT64_MAX;
}

static bool list_has(struct pk_reader *reader, const char *name)
{
    bool found = false;

    for (size_t left = pk_cbor_array(reader); left > 0 && reader->status == PK_OK; left--)
        if (pk_view_equal(pk_cbor_text(reader), pk_view_string(name)))
            found = true;
    return found;
}

static bool list_has_ctap2(struct pk_reader *reader)
{
    const struct pk_view beginning = pk_view_string("FIDO_2_");
    bool found = false;

    for (size_t left = pk_cbor_array(reader); left > 0 && reader->status == PK_OK; left--) {
        struct pk_view version = pk_cbor_text(reader);

        if (version.len >= beginning.len &&
            pk_view_equal((struct pk_view){version.ptr, beginning.len}, beginning))
            found = true;
    }
    return found;
}

static void read_options(struct pk_reader *reader, struct pk_hybrid_greeting *greeting)
{
    for (size_t left = pk_cbor_map(reader); left > 0 && reader->status == PK_OK; left--) {
        struct pk_view name = pk_cbor_text(reader);

        if (pk_view_equal(name, pk_view_string("rk")))
            greeting->stores = pk_cbor_bool(reader);
        else if (pk_view_equal(name, pk_view_string("uv")))
            greeting->verifies = pk_cbor_bool(reader);
        else
            (void)pk_cbor_item(reader);
    }
}

static enum pk_status read_info(struct pk_hybrid_greeting *greeting)
{
    struct pk_reader reader;
    enum pk_status status = pk_cbor_check(greeting->info);

    if (status != PK_OK)
        return status;
    for (size_t left = begin_map(&reader, greeting->info); left > 0 && reader.status == PK_OK;
         left--) {
        switch (read_key(&reader)) {
        case INFO_VERSIONS:
            greeting->ctap2 = list_has_ctap2(&reader);
            break;
        case INFO_AAGUID:
            greeting->aaguid = pk_cbor_bytes(&reader);
            break;
        case INFO_OPTIONS:
            read_options(&reader, greeting);
            break;
        default:
            (void)pk_cbor_item(&reader);
        }
    }
    if (greeting->aaguid.len != 0 && greeting->aaguid.len != PK_AAGUID_SIZE)
        pk_reader_fail(&reader, PK_PROTOCOL);
    return pk_reader_finish(&reader);
}

enum pk_status pk_hybrid_greeting_parse(struct pk_view message, struct pk_hybrid_greeting *ret)
{
    struct pk_hybrid_greeting greeting = {0};
    struct pk_reader reader;
    bool ctap = true; /* where no features are named */
    enum pk_status status = pk_cbor_check(message);

    /* The first protocol padded its greeting. Its later messages have no type, either. */
    if (status == PK_CBOR_TRAILING_DATA)
        return PK_UNSUPPORTED;
    if (status != PK_OK)
        return status;
    for (size_t left = begin_map(&reader, message); left > 0 && reader.status == PK_OK; left--) {
        switch (read_key(&reader)) {
        case GREETING_INFO:
            greeting.info = pk_cbor_bytes(&reader);
            break;
        case GREETING_FEATURES:
            ctap = list_has(&reader, "ctap");
            break;
        default:
            (void)pk_cbor_item(&reader);
        }
    }
    if (greeting.info.len == 0)
        pk_reader_fail(&reader, PK_PROTOCOL);
    status = pk_reader_finish(&reader);
    if (status == PK_OK)
        status = ctap ? read_info(&greeting) : PK_UNSUPPORTED;
    if (status == PK_OK)
        *ret = greeting;
    return status;
}

enum pk_status pk_hybrid_message_make(enum pk_hybrid_type type, struct pk_view payload,
                                      struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_HYBRID_PAYLOAD_MAX);

    pk_writer_u8(&writer, (uint8_t)type);
    pk_writer_put(&writer, payload);
    return pk_writer_finish(&writer, ret);
}

/* A map, whatever is in it. */
static enum pk_status check_update(struct pk_view update)
{
    struct pk_reader reader = pk_reader_new(update);

    if (pk_cbor_peek(&reader) != PK_CBOR_MAP && update.len > 0)
        return PK_CBOR_TYPE_MISMATCH;
    return pk_cbor_check(update);
}

enum pk_status pk_hybrid_message_parse(struct pk_view message, enum pk_hybrid_type *ret_type,
                                       struct pk_view *ret_payload)
{
    struct pk_view payload;
    enum pk_status status = PK_OK;

    if (message.len == 0)
        return PK_TRUNCATED;
    payload = (struct pk_view){message.ptr + 1, message.len - 1};
    if (message.ptr[0] == PK_HYBRID_UPDATE)
        status = check_update(payload);
    else if (message.ptr[0] != PK_HYBRID_CTAP)
        status = PK_PROTOCOL;
    if (status != PK_OK)
        return status;
    *ret_type = (enum pk_hybrid_type)message.ptr[0];
    *ret_payload = payload;
    return PK_OK;
}

enum pk_status pk_hybrid_order_take(struct pk_hybrid_order *order, enum pk_hybrid_type type)
{
    if (type == PK_HYBRID_UPDATE) {
        if (order->updates >= PK_HYBRID_UPDATES_MAX)
            return PK_LIMIT_EXCEEDED;
        order->updates++;
        return PK_OK;
    }
    if (type != PK_HYBRID_CTAP || !order->asked || order->answered)
        return PK_PROTOCOL;
    order->answered = true;
    return PK_OK;
}
