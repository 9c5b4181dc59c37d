/* SPDX-License-Identifier: BSD-2-Clause */
/* The phone's greeting and the messages after it, against the vectors under tests/vectors/hybrid.
 */
#include "common/hybrid/message.h"

#include "common/hybrid/channel.h"
#include "tests/unit/hybrid_support.h"

static enum pk_status greet(struct pk_view message)
{
    struct pk_hybrid_greeting greeting;

    return pk_hybrid_greeting_parse(message, &greeting);
}

static void check_greeting(const char *name, struct pk_bytes *content)
{
    struct pk_hybrid_greeting greeting = {0};

    if (pk_hybrid_greeting_parse(pk_view_of(content), &greeting) != PK_OK)
        fail_msg("%s was refused", name);
    assert_true(greeting.ctap2 && greeting.stores && greeting.verifies);
    assert_int_equal(greeting.aaguid.len, PK_AAGUID_SIZE);
    assert_int_equal(greeting.aaguid.ptr[15], 15);
    for (size_t len = 0; len < content->len; len++) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};

        assert_status(pk_bytes_copy((struct pk_view){content->data, len}, &cut), PK_OK);
        assert_status(greet(pk_view_of(&cut)), PK_CBOR_TRUNCATED);
    }
    /* One byte more is a phone of the first protocol. */
    assert_status(greet((struct pk_view){content->data, content->len + 1}), PK_UNSUPPORTED);
}

static void check_bad_greeting(const char *name, struct pk_bytes *content)
{
    struct pk_hybrid_greeting greeting = {0};

    if (!strstr(name, "--greeting-") && !strstr(name, "--greeting."))
        return;
    check_vector_status(name, pk_hybrid_greeting_parse(pk_view_of(content), &greeting));
    assert_null(greeting.info.ptr);
}

static void greetings(void **state)
{
    (void)state;
    each_vector("hybrid/valid", "greeting-", check_greeting);
    each_vector("hybrid/invalid", "", check_bad_greeting);
}

/* What a phone lacks is said, for the caller to judge. */
static void poor_phones(void **state)
{
    static const struct {
        const char *hex;
        bool ctap2, stores, verifies;
    } cases[] = {
        {"a10141a0", false, false, false},
        {"a10153a10182665532465f5632684649444f5f335f30", false, false, false},
        {"a1014aa10181664649444f5f32", false, false, false},
        {"a10153a10182665532465f5632684649444f5f325f33", true, false, false},
        {"a1014ba104a262726bf4627576f5", false, false, true},
        {"a1014ba104a262726bf5627576f4", false, true, false},
        {"a10147a104a1627570f5", false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_BYTES struct pk_bytes message = unhex(cases[i].hex);
        struct pk_hybrid_greeting greeting = {0};

        assert_status(pk_hybrid_greeting_parse(pk_view_of(&message), &greeting), PK_OK);
        assert_int_equal(greeting.ctap2, cases[i].ctap2);
        assert_int_equal(greeting.stores, cases[i].stores);
        assert_int_equal(greeting.verifies, cases[i].verifies);
    }
}

/* ---- messages with a type ---- */

static void check_message(const char *name, struct pk_bytes *content)
{
    enum pk_hybrid_type type;
    struct pk_view payload;
    PK_AUTO_BYTES struct pk_bytes again = {0};

    if (pk_hybrid_message_parse(pk_view_of(content), &type, &payload) != PK_OK)
        fail_msg("%s was refused", name);
    assert_int_equal(type, strstr(name, "ctap") ? PK_HYBRID_CTAP : PK_HYBRID_UPDATE);
    assert_status(pk_hybrid_message_make(type, payload, &again), PK_OK);
    assert_views_equal(pk_view_of(&again), pk_view_of(content));
    for (size_t len = 0; len < content->len && type == PK_HYBRID_UPDATE; len++) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};

        assert_status(pk_bytes_copy((struct pk_view){content->data, len}, &cut), PK_OK);
        assert_status(pk_hybrid_message_parse(pk_view_of(&cut), &type, &payload),
                      len == 0 ? PK_TRUNCATED : PK_CBOR_TRUNCATED);
    }
}

static void check_bad_message(const char *name, struct pk_bytes *content)
{
    enum pk_hybrid_type type = PK_HYBRID_JSON;
    struct pk_view payload = {0};

    if (!strstr(name, "--message-"))
        return;
    check_vector_status(name, pk_hybrid_message_parse(pk_view_of(content), &type, &payload));
    assert_int_equal(type, PK_HYBRID_JSON);
    assert_null(payload.ptr);
}

static void messages(void **state)
{
    static const uint8_t large[PK_HYBRID_PAYLOAD_MAX];
    PK_AUTO_BYTES struct pk_bytes made = {0};

    (void)state;
    each_vector("hybrid/valid", "message-", check_message);
    each_vector("hybrid/invalid", "", check_bad_message);
    assert_status(
        pk_hybrid_message_make(PK_HYBRID_CTAP, (struct pk_view){large, sizeof(large)}, &made),
        PK_TOO_LARGE);
    assert_status(pk_hybrid_message_make(PK_HYBRID_SHUTDOWN, (struct pk_view){NULL, 0}, &made),
                  PK_OK);
    assert_views_equal(pk_view_of(&made), (struct pk_view){large, 1});
}

/* ---- what comes when ---- */

static void one_answer(void **state)
{
    struct pk_hybrid_order order = {0};

    (void)state;
    assert_status(pk_hybrid_order_take(&order, PK_HYBRID_CTAP), PK_PROTOCOL);
    order.asked = true;
    assert_status(pk_hybrid_order_take(&order, PK_HYBRID_SHUTDOWN), PK_PROTOCOL);
    assert_status(pk_hybrid_order_take(&order, PK_HYBRID_JSON), PK_PROTOCOL);
    assert_status(pk_hybrid_order_take(&order, PK_HYBRID_UPDATE), PK_OK);
    assert_status(pk_hybrid_order_take(&order, PK_HYBRID_CTAP), PK_OK);
    assert_true(order.answered);
    assert_status(pk_hybrid_order_take(&order, PK_HYBRID_CTAP), PK_PROTOCOL);
    assert_status(pk_hybrid_order_take(&order, PK_HYBRID_UPDATE), PK_OK);
}

static void updates_end(void **state)
{
    struct pk_hybrid_order order = {.asked = true};

    (void)state;
    for (int i = 0; i < PK_HYBRID_UPDATES_MAX; i++)
        assert_status(pk_hybrid_order_take(&order, PK_HYBRID_UPDATE), PK_OK);
    assert_status(pk_hybrid_order_take(&order, PK_HYBRID_UPDATE), PK_LIMIT_EXCEEDED);
    assert_status(pk_hybrid_order_take(&order, PK_HYBRID_CTAP), PK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greetings),  cmocka_unit_test(poor_phones), cmocka_unit_test(messages),
        cmocka_unit_test(one_answer), cmocka_unit_test(updates_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
