/* SPDX-License-Identifier: BSD-2-Clause */
/* The ssh-agent's protocol against the vectors under tests/vectors/agent (made by make.py). */
#include "common/wire/agent.h"

#include "tests/unit/wire_support.h"

static enum pk_status parse_identities(struct pk_view payload)
{
    PK_AUTO_FREE struct pk_agent_identity *items = NULL;
    size_t count = 0;

    return pk_agent_identities_parse(payload, &items, &count);
}

static enum pk_status parse_signature(struct pk_view payload)
{
    struct pk_view signature;

    return pk_agent_signature_parse(payload, &signature);
}

static enum pk_status parse(const char *name, struct pk_view payload)
{
    return strncmp(name, "sign", 4) == 0 ? parse_signature(payload) : parse_identities(payload);
}

static void check_valid(const char *name, struct pk_bytes *content)
{
    /* Trying every prefix of the longest list takes long and covers nothing new. */
    size_t step = content->len > 4096 ? 97 : 1;

    if (parse(name, pk_view_of(content)) != PK_OK)
        fail_msg("%s was refused", name);
    for (size_t len = 0; len < content->len; len += step) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};

        assert_status(pk_bytes_copy((struct pk_view){content->data, len}, &cut), PK_OK);
        if (parse(name, pk_view_of(&cut)) != PK_TRUNCATED)
            fail_msg("%s cut to %zu bytes", name, len);
    }
    assert_status(parse(name, (struct pk_view){content->data, content->len + 1}), PK_TRAILING_DATA);
}

static void check_invalid(const char *name, struct pk_bytes *content)
{
    check_vector_status(name, parse(strstr(name, "--") + 2, pk_view_of(content)));
}

static void vectors(void **state)
{
    (void)state;
    each_vector("agent/valid", "", check_valid);
    each_vector("agent/invalid", "", check_invalid);
}

static void identities(void **state)
{
    PK_AUTO_BYTES struct pk_bytes content = read_vector("agent/valid", "identities.bin");
    PK_AUTO_BYTES struct pk_bytes none = read_vector("agent/valid", "identities-none.bin");
    PK_AUTO_BYTES struct pk_bytes ed25519 = read_vector("sk/valid", "key-ed25519.bin");
    PK_AUTO_BYTES struct pk_bytes ecdsa = read_vector("sk/valid", "key-ecdsa.bin");
    PK_AUTO_FREE struct pk_agent_identity *items = NULL;
    struct pk_agent_identity *nothing = NULL;
    size_t count = 99;

    (void)state;
    assert_status(pk_agent_identities_parse(pk_view_of(&content), &items, &count), PK_OK);
    assert_int_equal(count, 2);
    assert_true(pk_view_equal(items[0].blob, pk_view_of(&ed25519)));
    assert_true(pk_view_equal(items[0].comment, pk_view_string("alice@laptop")));
    assert_true(pk_view_equal(items[1].blob, pk_view_of(&ecdsa)));
    assert_true(pk_view_equal(items[1].comment, pk_view_string("a blue key")));
    assert_status(pk_agent_identities_parse(pk_view_of(&none), &nothing, &count), PK_OK);
    assert_int_equal(count, 0);
    assert_null(nothing);
}

static void signature(void **state)
{
    PK_AUTO_BYTES struct pk_bytes content = read_vector("agent/valid", "sign.bin");
    PK_AUTO_BYTES struct pk_bytes expected = read_vector("sk/valid", "signature-ed25519.bin");
    struct pk_view blob;

    (void)state;
    assert_status(pk_agent_signature_parse(pk_view_of(&content), &blob), PK_OK);
    assert_true(pk_view_equal(blob, pk_view_of(&expected)));
}

static void questions(void **state)
{
    static const uint8_t list[] = {0, 0, 0, 1, 11};
    PK_AUTO_BYTES struct pk_bytes expected = unhex("00000014"
                                                   "0d"
                                                   "000000036b6579"
                                                   "0000000464617461"
                                                   "00000000");
    PK_AUTO_BYTES struct pk_bytes identities_request = {0};
    PK_AUTO_BYTES struct pk_bytes sign_request = {0};
    PK_AUTO_FREE uint8_t *large = calloc(1, PK_AGENT_MESSAGE_MAX);
    struct pk_bytes none = {0};

    (void)state;
    assert_non_null(large);
    assert_status(pk_agent_request_identities(&identities_request), PK_OK);
    assert_true(
        pk_view_equal(pk_view_of(&identities_request), (struct pk_view){list, sizeof(list)}));
    assert_status(
        pk_agent_sign_request(pk_view_string("key"), pk_view_string("data"), &sign_request), PK_OK);
    assert_true(pk_view_equal(pk_view_of(&sign_request), pk_view_of(&expected)));
    assert_status(pk_agent_sign_request(pk_view_string("key"),
                                        (struct pk_view){large, PK_AGENT_MESSAGE_MAX}, &none),
                  PK_TOO_LARGE);
    assert_null(none.data);
}

static void sizes(void **state)
{
    static const uint8_t five[] = {0, 0, 0, 1, 5, 0xff};
    static const uint8_t empty[] = {0, 0, 0, 0};
    static const uint8_t most[] = {0, 4, 0, 0};
    static const uint8_t over[] = {0, 4, 0, 1};
    size_t size = 99;

    (void)state;
    for (size_t len = 0; len < 4; len++) {
        assert_status(pk_agent_message_size((struct pk_view){five, len}, &size), PK_OK);
        assert_int_equal(size, 0);
    }
    assert_status(pk_agent_message_size((struct pk_view){five, sizeof(five)}, &size), PK_OK);
    assert_int_equal(size, 5);
    assert_status(pk_agent_message_size((struct pk_view){most, 4}, &size), PK_OK);
    assert_int_equal(size, 4 + PK_AGENT_MESSAGE_MAX);
    assert_status(pk_agent_message_size((struct pk_view){empty, 4}, &size), PK_PROTOCOL);
    assert_status(pk_agent_message_size((struct pk_view){over, 4}, &size), PK_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),   cmocka_unit_test(identities), cmocka_unit_test(signature),
        cmocka_unit_test(questions), cmocka_unit_test(sizes),
    };

    return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
