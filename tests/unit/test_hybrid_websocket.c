/* SPDX-License-Identifier: BSD-2-Clause */
/* WebSocket frames, whole and byte by byte, against the vectors under tests/vectors/hybrid. */
#include "common/hybrid/websocket.h"

#include "common/base/limits.h"
#include "tests/unit/hybrid_support.h"

static const uint8_t mask[PK_WEBSOCKET_MASK_SIZE] = {0x37, 0xfa, 0x21, 0x3d};

/* ---- writing ---- */

/* RFC 6455 section 5.7: "Hello", masked. */
static void masked_message(void **state)
{
    static const uint8_t wanted[] = {0x82, 0x85, 0x37, 0xfa, 0x21, 0x3d,
                                     0x7f, 0x9f, 0x4d, 0x51, 0x58};
    PK_AUTO_BYTES struct pk_bytes frame = {0};

    (void)state;
    assert_status(pk_websocket_write(PK_WEBSOCKET_BINARY, pk_view_string("Hello"), mask, &frame),
                  PK_OK);
    assert_views_equal(pk_view_of(&frame), (struct pk_view){wanted, sizeof(wanted)});
}

static void lengths(void **state)
{
    static uint8_t payload[PK_HYBRID_MESSAGE_MAX + 1];
    static const struct {
        size_t len;
        uint8_t head[10];
        size_t head_len;
    } cases[] = {
        {0, {0x82, 0x80}, 2},
        {125, {0x82, 0xfd}, 2},
        {126, {0x82, 0xfe, 0, 126}, 4},
        {65535, {0x82, 0xfe, 0xff, 0xff}, 4},
        {65536, {0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0}, 10},
    };
    struct pk_bytes none = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_BYTES struct pk_bytes frame = {0};

        assert_status(pk_websocket_write(PK_WEBSOCKET_BINARY,
                                         (struct pk_view){payload, cases[i].len}, mask, &frame),
                      PK_OK);
        assert_int_equal(frame.len, cases[i].head_len + sizeof(mask) + cases[i].len);
        assert_memory_equal(frame.data, cases[i].head, cases[i].head_len);
        assert_memory_equal(frame.data + cases[i].head_len, mask, sizeof(mask));
    }
    assert_status(pk_websocket_write(PK_WEBSOCKET_BINARY,
                                     (struct pk_view){payload, sizeof(payload)}, mask, &none),
                  PK_TOO_LARGE);
    assert_status(
        pk_websocket_write(PK_WEBSOCKET_PONG, (struct pk_view){payload, 126}, mask, &none),
        PK_INVALID_ARGUMENT);
    assert_null(none.data);
    assert_status(
        pk_websocket_write(PK_WEBSOCKET_PONG, (struct pk_view){payload, 125}, mask, &none), PK_OK);
    assert_int_equal(none.data[0], 0x8a);
    pk_bytes_clear(&none);
}

/* ---- reading ---- */

/* What came of a stream, as text, for comparison: a letter an event, then its payload's length. */
struct seen {
    struct pk_writer text;
    struct pk_bytes last; /* the payload of the last message or ping */
    uint16_t code;
    size_t used;
};

static void clear_seen(struct seen *seen)
{
    pk_writer_clear(&seen->text);
    pk_bytes_clear(&seen->last);
}
#define AUTO_SEEN __attribute__((cleanup(clear_seen)))

static void note(struct seen *seen, const struct pk_websocket_event *event)
{
    static const uint8_t letters[] = {'n', 'm', 'p', 'c'};
    PK_AUTO_FREE char *line = pk_text_format("%c%zu ", letters[event->type], event->payload.len);

    if (event->type == PK_WEBSOCKET_NOTHING)
        return;
    pk_writer_put(&seen->text, pk_view_string(line));
    if (event->type == PK_WEBSOCKET_FINISHED)
        seen->code = event->code;
    if (event->type == PK_WEBSOCKET_MESSAGE) {
        pk_bytes_clear(&seen->last);
        assert_status(pk_bytes_copy(pk_view_of(&event->payload), &seen->last), PK_OK);
    }
}

/* Reads all of what has arrived, as far as it goes. */
static enum pk_status read_some(struct pk_websocket *websocket, struct pk_view arrived,
                                struct seen *seen)
{
    size_t used = 1;

    while (used > 0) {
        PK_AUTO_WEBSOCKET_EVENT struct pk_websocket_event event = {0};
        /* In memory of its own size, so that a sanitizer sees a read behind it. */
        PK_AUTO_BYTES struct pk_bytes exact = {0};
        enum pk_status status;

        if (seen->used == arrived.len)
            return PK_OK;
        assert_status(
            pk_bytes_copy((struct pk_view){arrived.ptr + seen->used, arrived.len - seen->used},
                          &exact),
            PK_OK);
        status = pk_websocket_read(websocket, pk_view_of(&exact), &used, &event);
        if (status != PK_OK)
            return status;
        seen->used += used;
        note(seen, &event);
    }
    return PK_OK;
}

static enum pk_status read_all(struct pk_view stream, size_t step, struct seen *seen)
{
    PK_AUTO_WEBSOCKET struct pk_websocket websocket = pk_websocket_new();
    enum pk_status status = PK_OK;

    *seen = (struct seen){.text = pk_writer_new(4096)};
    for (size_t len = 0; len < stream.len && status == PK_OK;) {
        len = len + step < stream.len ? len + step : stream.len;
        status = read_some(&websocket, (struct pk_view){stream.ptr, len}, seen);
    }
    return status;
}

static void check_stream(const char *name, struct pk_bytes *content)
{
    AUTO_SEEN struct seen whole = {0};
    AUTO_SEEN struct seen pieces = {0};
    const bool small = content->len < 1000;

    if (read_all(pk_view_of(content), content->len, &whole) != PK_OK)
        fail_msg("%s was refused", name);
    assert_int_equal(whole.used, content->len);
    assert_status(read_all(pk_view_of(content), small ? 1 : 10000, &pieces), PK_OK);
    assert_views_equal((struct pk_view){pieces.text.data, pieces.text.len},
                       (struct pk_view){whole.text.data, whole.text.len});
    assert_views_equal(pk_view_of(&pieces.last), pk_view_of(&whole.last));
    assert_int_equal(pieces.code, whole.code);
    assert_true(whole.text.len > 0);
}

static void check_bad_stream(const char *name, struct pk_bytes *content)
{
    AUTO_SEEN struct seen whole = {0};
    AUTO_SEEN struct seen pieces = {0};

    if (!strstr(name, "--websocket-"))
        return;
    check_vector_status(name, read_all(pk_view_of(content), content->len, &whole));
    check_vector_status(name,
                        read_all(pk_view_of(content), content->len < 1000 ? 1 : 10000, &pieces));
}

static void streams(void **state)
{
    (void)state;
    each_vector("hybrid/valid", "websocket-", check_stream);
    each_vector("hybrid/invalid", "", check_bad_stream);
}

/* What came, and the payload of the last message. */
static void check_events(const char *name, const char *events, const char *last)
{
    PK_AUTO_BYTES struct pk_bytes content = read_vector("hybrid/valid", name);
    AUTO_SEEN struct seen seen = {0};

    assert_status(read_all(pk_view_of(&content), content.len, &seen), PK_OK);
    assert_views_equal((struct pk_view){seen.text.data, seen.text.len}, pk_view_string(events));
    assert_views_equal(pk_view_of(&seen.last), pk_view_string(last));
}

static void events(void **state)
{
    (void)state;
    check_events("websocket-message.bin", "m7 ", "message");
    check_events("websocket-message-empty.bin", "m0 ", "");
    check_events("websocket-pieces.bin", "m7 ", "message");
    check_events("websocket-ping-between.bin", "p1 m7 ", "message");
    check_events("websocket-two.bin", "m3 m3 ", "two");
    check_events("websocket-close-after-message.bin", "m7 c0 ", "message");
}

static void close_codes(void **state)
{
    static const uint8_t going[] = {0x88, 2, 0x03, 0xe9};
    static const uint8_t silent[] = {0x88, 0};
    AUTO_SEEN struct seen one = {0};
    AUTO_SEEN struct seen two = {0};

    (void)state;
    assert_status(read_all((struct pk_view){going, sizeof(going)}, 4, &one), PK_OK);
    assert_int_equal(one.code, 1001);
    assert_status(read_all((struct pk_view){silent, sizeof(silent)}, 2, &two), PK_OK);
    assert_int_equal(two.code, PK_WEBSOCKET_CLOSE_NO_CODE);
}

/* A frame that will not be taken is refused by its head, before anybody keeps what it announces. */
static void heads_are_enough(void **state)
{
    static const uint8_t large[] = {0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 1};
    static const uint8_t text[] = {0x81, 5};
    AUTO_SEEN struct seen one = {0};
    AUTO_SEEN struct seen two = {0};

    (void)state;
    assert_status(read_all((struct pk_view){large, sizeof(large)}, 1, &one), PK_TOO_LARGE);
    assert_status(read_all((struct pk_view){text, sizeof(text)}, 1, &two), PK_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masked_message), cmocka_unit_test(lengths),
        cmocka_unit_test(streams),        cmocka_unit_test(events),
        cmocka_unit_test(close_codes),    cmocka_unit_test(heads_are_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
