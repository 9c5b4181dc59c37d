/* SPDX-License-Identifier: BSD-2-Clause */
/* The request for a WebSocket and its answers, against the vectors under tests/vectors/hybrid. */
#include "common/hybrid/upgrade.h"

#include "tests/unit/hybrid_support.h"

/* What make.py's answers are to. */
static struct pk_upgrade sample(void)
{
    struct pk_upgrade upgrade = {.host = "cable.ua5v.com", .routing_id = {1, 2, 0xab}};

    for (size_t i = 0; i < 16; i++)
        upgrade.key[i] = upgrade.tunnel_id[i] = (uint8_t)i;
    return upgrade;
}

static void request(void **state)
{
    const struct pk_upgrade upgrade = sample();
    PK_AUTO_FREE char *text = NULL;

    (void)state;
    assert_status(pk_upgrade_request(&upgrade, &text), PK_OK);
    assert_string_equal(text,
                        "GET /cable/connect/0102ab/000102030405060708090a0b0c0d0e0f HTTP/1.1\r\n"
                        "Host: cable.ua5v.com\r\n"
                        "Upgrade: websocket\r\n"
                        "Connection: Upgrade\r\n"
                        "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
                        "Sec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Protocol: fido.cable\r\n"
                        "Origin: wss://cable.ua5v.com\r\n"
                        "\r\n");
}

static void hosts(void **state)
{
    static const char *const bad[] = {"",
                                      "cable.example\r\nX: y",
                                      "cable example",
                                      "CABLE.example",
                                      "cable.example:443",
                                      "user@cable.example",
                                      "cable.example/",
                                      "cable-of-more-than-31-letters.com"};
    struct pk_upgrade upgrade = sample();
    char *text = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        upgrade.host = bad[i];
        assert_status(pk_upgrade_request(&upgrade, &text), PK_INVALID_ARGUMENT);
    }
    assert_null(text);
}

static enum pk_status read_answer(struct pk_view arrived, struct pk_upgrade_answer *ret)
{
    const struct pk_upgrade upgrade = sample();

    return pk_upgrade_answer_read(&upgrade, arrived, ret);
}

static size_t head_of(const struct pk_bytes *content)
{
    const char *end = strstr((const char *)content->data, "\r\n\r\n");

    assert_non_null(end);
    return (size_t)(end - (const char *)content->data) + 4;
}

static void check_answer(const char *name, struct pk_bytes *content)
{
    struct pk_upgrade_answer answer = {0};
    const size_t head = head_of(content);

    if (read_answer(pk_view_of(content), &answer) != PK_OK)
        fail_msg("%s was refused", name);
    assert_int_equal(answer.used, head);
    assert_int_equal(answer.number, 101);
    for (size_t len = 0; len < head; len++) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};

        if (len > 500 && len < head - 10)
            continue;
        assert_status(pk_bytes_copy((struct pk_view){content->data, len}, &cut), PK_OK);
        assert_status(read_answer(pk_view_of(&cut), &answer), PK_OK);
        assert_int_equal(answer.used, 0);
    }
}

static void check_bad_answer(const char *name, struct pk_bytes *content)
{
    struct pk_upgrade_answer answer = {.number = 7};
    enum pk_status status;

    if (!strstr(name, "--http-"))
        return;
    status = read_answer(pk_view_of(content), &answer);
    check_vector_status(name, status);
    if (status == PK_NOT_FOUND || status == PK_UNAVAILABLE)
        assert_int_equal(answer.number, strtoul(strstr(name, "status-") + 7, NULL, 10));
    else
        assert_int_equal(answer.number, 7);
}

static void answers(void **state)
{
    (void)state;
    each_vector("hybrid/valid", "http-", check_answer);
    each_vector("hybrid/invalid", "", check_bad_answer);
}

/* RFC 6455 section 1.3: the example of a key and what answers it. */
static void example_of_the_standard(void **state)
{
    const char *text =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        "Sec-WebSocket-Protocol: fido.cable\r\n\r\n";
    struct pk_upgrade upgrade = sample();
    struct pk_upgrade_answer answer;

    (void)state;
    memcpy(upgrade.key, "the sample nonce", sizeof(upgrade.key));
    assert_status(pk_upgrade_answer_read(&upgrade, pk_view_string(text), &answer), PK_OK);
    assert_int_equal(answer.used, strlen(text));
    upgrade.key[0] ^= 1;
    assert_status(pk_upgrade_answer_read(&upgrade, pk_view_string(text), &answer), PK_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request),
        cmocka_unit_test(hosts),
        cmocka_unit_test(answers),
        cmocka_unit_test(example_of_the_standard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
