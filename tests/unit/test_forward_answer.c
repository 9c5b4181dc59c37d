/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of the keyboard-interactive form, against the vectors under tests/vectors/forward. */
#include "tests/unit/forward_support.h"

static enum pk_forward_kind kind_of(const char *name)
{
    if (strstr(name, "answer-page-create"))
        return PK_FORWARD_PAGE_CREATE;
    if (strstr(name, "answer-page-get"))
        return PK_FORWARD_PAGE_GET;
    return strstr(name, "answer-create") ? PK_FORWARD_CREATE : PK_FORWARD_GET;
}

/* Takes an answer of several lines; the first failure of whichever step. */
static enum pk_status take_answer(enum pk_forward_kind kind, struct pk_view lines,
                                  struct pk_forward_answer *ret)
{
    PK_AUTO_FORWARD_PARTS struct pk_forward_parts parts = {0};

    while (lines.len > 0) {
        const uint8_t *end = memchr(lines.ptr, '\n', lines.len);
        size_t len = end ? (size_t)(end - lines.ptr) : lines.len;
        bool complete = false;
        enum pk_status status =
            pk_forward_parts_add(&parts, (struct pk_view){lines.ptr, len}, &complete);

        if (status != PK_OK)
            return status;
        assert_int_equal(complete, parts.count == parts.total);
        len += end ? 1 : 0;
        lines = (struct pk_view){lines.ptr + len, lines.len - len};
    }
    return pk_forward_answer_decode(kind, &parts, ret);
}

/* All lines of an answer, each with a newline. */
static char *encode_lines(const struct pk_forward_answer *answer, size_t *ret_count)
{
    struct pk_strings lines = {0};
    char *all = strdup("");

    assert_status(pk_forward_answer_encode(answer, &lines), PK_OK);
    for (size_t i = 0; i < lines.count; i++) {
        char *longer = pk_text_format("%s%s\n", all, lines.items[i]);

        assert_true(strlen(lines.items[i]) <= PK_FORWARD_LINE_MAX);
        assert_non_null(longer);
        free(all);
        all = longer;
    }
    *ret_count = lines.count;
    pk_strings_clear(&lines);
    return all;
}

static void check_answer(const char *name, struct pk_bytes *content)
{
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};
    PK_AUTO_FREE char *lines = NULL;
    size_t count = 0;
    enum pk_status status = take_answer(kind_of(name), pk_view_of(content), &answer);

    if (status != PK_OK)
        fail_msg("%s: %s", name, pk_status_name(status));
    lines = encode_lines(&answer, &count);
    assert_int_equal(count > 1, strstr(name, "-parts") != NULL);
    if (!pk_view_equal(pk_view_string(lines), pk_view_of(content)))
        fail_msg("%s came out otherwise", name);
    {
        PK_AUTO_FORWARD_ANSWER struct pk_forward_answer again = {0};

        assert_status(take_answer(kind_of(name), pk_view_string(lines), &again), PK_OK);
        assert_string_equal(again.origin ? again.origin : "", answer.origin ? answer.origin : "");
        assert_true(pk_view_equal(pk_view_of(&again.client_data), pk_view_of(&answer.client_data)));
        assert_true(pk_view_equal(pk_view_of(&again.signature), pk_view_of(&answer.signature)));
        assert_true(pk_view_equal(pk_view_of(&again.attestation_object),
                                  pk_view_of(&answer.attestation_object)));
    }
}

static void check_bad_answer(const char *name, struct pk_bytes *content)
{
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {.credential = 99};
    struct pk_view lines = pk_view_of(content);

    if (!strstr(name, "--answer"))
        return;
    check_vector_status(name, take_answer(kind_of(name), lines, &answer));
    assert_int_equal(answer.credential, 99);
}

static void answers(void **state)
{
    (void)state;
    each_vector("forward/valid", "answer", check_answer);
    each_vector("forward/invalid", "", check_bad_answer);
}

static void check_answer_cut(const char *name, struct pk_bytes *content)
{
    struct pk_view lines = line_of(content);
    PK_AUTO_BYTES struct pk_bytes cbor = {0};
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};

    for (size_t len = 0; len < lines.len; len++) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};

        assert_status(pk_bytes_copy((struct pk_view){lines.ptr, len}, &cut), PK_OK);
        if (take_answer(kind_of(name), pk_view_of(&cut), &answer) == PK_OK)
            fail_msg("%s cut to %zu characters was accepted", name, len);
    }
    content->data[lines.len] = 'A';
    assert_int_not_equal(take_answer(kind_of(name), pk_view_of(content), &answer), PK_OK);
    if (strstr(name, "-parts"))
        return;
    assert_status(
        pk_base64url_decode((struct pk_view){lines.ptr + PREFIX_SIZE, lines.len - PREFIX_SIZE},
                            PK_FORWARD_LINE_MAX, &cbor),
        PK_OK);
    for (size_t len = 1; len < cbor.len; len++) {
        PK_AUTO_FREE char *cut = line_from(PK_FORWARD_PREFIX, (struct pk_view){cbor.data, len});

        assert_status(take_answer(kind_of(name), pk_view_string(cut), &answer), PK_CBOR_TRUNCATED);
    }
}

static void answers_cut(void **state)
{
    (void)state;
    each_vector("forward/valid", "answer", check_answer_cut);
}

static void read_answer(const char *name, struct pk_forward_answer *ret)
{
    PK_AUTO_BYTES struct pk_bytes content = read_vector("forward/valid", name);

    assert_status(take_answer(kind_of(name), pk_view_of(&content), ret), PK_OK);
}

static void answer_members(void **state)
{
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer get = {0};
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer create = {0};

    (void)state;
    read_answer("answer-get-es256.txt", &get);
    assert_int_equal(get.kind, PK_FORWARD_GET);
    assert_int_equal(get.credential, 1);
    assert_int_equal(get.auth_data.len, 5);
    assert_int_equal(get.auth_data.data[0], 5);
    assert_int_equal(get.signature.data[0], 0x30);
    assert_string_equal(get.origin, "ssh://web1.example.org");

    read_answer("answer-create-rs256-parts.txt", &create);
    assert_int_equal(create.kind, PK_FORWARD_CREATE);
    assert_int_equal(create.attestation_object.data[0], 0xa3);
    assert_int_equal(create.transports, 63);
    assert_true(create.discoverable);
    assert_int_equal(strlen(create.origin), 6 + PK_RP_ID_MAX);
}

static void members_of_a_page(void **state)
{
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer get = {0};
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer create = {0};

    (void)state;
    read_answer("answer-page-get-es256.txt", &get);
    assert_int_equal(get.kind, PK_FORWARD_PAGE_GET);
    assert_int_equal(get.credential, 1);
    assert_int_equal(get.auth_data.len, 5);
    assert_int_equal(get.signature.data[0], 0x30);
    assert_null(get.origin);
    assert_memory_equal(get.client_data.data, "{\"type\":\"webauthn.get\"", 22);

    read_answer("answer-page-create-es256.txt", &create);
    assert_int_equal(create.kind, PK_FORWARD_PAGE_CREATE);
    assert_int_equal(create.attestation_object.data[0], 0xa3);
    assert_int_equal(create.transports, 1);
    assert_false(create.discoverable);
    assert_memory_equal(create.client_data.data, "{\"type\":\"webauthn.create\"", 25);
}

static void client_data_of_a_page(void **state)
{
    struct pk_forward_answer answer = {.kind = PK_FORWARD_PAGE_GET};
    uint8_t bytes[PK_CLIENT_DATA_MAX + 1] = {'{'};
    struct pk_strings lines = {0};

    (void)state;
    answer.auth_data = (struct pk_bytes){bytes, 5};
    answer.signature = (struct pk_bytes){bytes, 72};
    answer.client_data = (struct pk_bytes){bytes, sizeof(bytes) - 1};
    assert_status(pk_forward_answer_encode(&answer, &lines), PK_OK);
    pk_strings_clear(&lines);
    answer.client_data.len++;
    assert_status(pk_forward_answer_encode(&answer, &lines), PK_TOO_LARGE);
    answer.client_data.len = 0;
    assert_status(pk_forward_answer_encode(&answer, &lines), PK_INVALID_ARGUMENT);
}

/* An answer with a signature of that size and the longest host name. */
static struct pk_forward_answer large_answer(size_t signature_size)
{
    struct pk_forward_answer answer = {.kind = PK_FORWARD_GET,
                                       .credential = PK_CREDENTIAL_LIST_MAX - 1};
    uint8_t bytes[PK_SIGNATURE_MAX + 1];

    memset(bytes, 0xa5, sizeof(bytes));
    memset(answer.challenge, 0x5a, sizeof(answer.challenge));
    answer.origin = pk_text_format("ssh://%0253d", 7);
    assert_non_null(answer.origin);
    assert_status(pk_bytes_copy((struct pk_view){bytes, 5}, &answer.auth_data), PK_OK);
    assert_status(pk_bytes_copy((struct pk_view){bytes, signature_size}, &answer.signature), PK_OK);
    return answer;
}

/* The number of lines; the decoded answer must equal the encoded one. */
static size_t lines_taken(size_t signature_size)
{
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = large_answer(signature_size);
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer again = {0};
    PK_AUTO_FREE char *lines = NULL;
    size_t count = 0;

    lines = encode_lines(&answer, &count);
    assert_status(take_answer(PK_FORWARD_GET, pk_view_string(lines), &again), PK_OK);
    assert_int_equal(again.credential, answer.credential);
    assert_string_equal(again.origin, answer.origin);
    assert_memory_equal(again.challenge, answer.challenge, sizeof(answer.challenge));
    assert_true(pk_view_equal(pk_view_of(&again.auth_data), pk_view_of(&answer.auth_data)));
    assert_true(pk_view_equal(pk_view_of(&again.signature), pk_view_of(&answer.signature)));
    return count;
}

static void answer_sizes(void **state)
{
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer over = large_answer(PK_SIGNATURE_MAX + 1);
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer object = large_answer(1);
    struct pk_strings lines = {0};

    (void)state;
    assert_int_equal(lines_taken(64), 1); /* Ed25519 */
    assert_int_equal(lines_taken(72), 1); /* ES256, the longest DER */
    assert_int_equal(lines_taken(79), 1); /* and no more */
    assert_int_equal(lines_taken(80), 2);
    assert_int_equal(lines_taken(256), 2);   /* RS256, 2048 bits */
    assert_int_equal(lines_taken(512), 3);   /* RS256, 4096 bits */
    assert_int_equal(lines_taken(4627), 14); /* ML-DSA-87 */
    assert_int_equal(lines_taken(PK_SIGNATURE_MAX), 23);
    assert_status(pk_forward_answer_encode(&over, &lines), PK_TOO_LARGE);

    object.kind = PK_FORWARD_CREATE;
    object.attestation_object = (struct pk_bytes){calloc(1, 23000), 23000};
    assert_status(pk_forward_answer_encode(&object, &lines), PK_OK);
    assert_int_equal(lines.count, 63);
    pk_strings_clear(&lines);
    pk_bytes_clear(&object.attestation_object);
    object.attestation_object = (struct pk_bytes){calloc(1, 24000), 24000};
    assert_status(pk_forward_answer_encode(&object, &lines), PK_TOO_LARGE);
    assert_null(lines.items);
}

static void answer_arguments(void **state)
{
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = large_answer(72);
    struct pk_forward_parts none = {0};
    struct pk_strings lines = {0};

    (void)state;
    answer.origin[6] = '"';
    assert_status(pk_forward_answer_encode(&answer, &lines), PK_INVALID_ARGUMENT);
    answer.origin[6] = 'h';
    answer.kind = PK_FORWARD_MORE;
    assert_status(pk_forward_answer_encode(&answer, &lines), PK_INVALID_ARGUMENT);
    answer.kind = PK_FORWARD_GET;
    answer.credential = PK_CREDENTIAL_LIST_MAX;
    assert_status(pk_forward_answer_encode(&answer, &lines), PK_INVALID_ARGUMENT);
    assert_null(lines.items);
    assert_status(pk_forward_answer_decode(PK_FORWARD_MORE, &none, &answer), PK_INVALID_ARGUMENT);
    assert_status(pk_forward_answer_decode(PK_FORWARD_GET, &none, &answer), PK_TRUNCATED);
}

static enum pk_status add_part(struct pk_forward_parts *parts, unsigned number, unsigned total,
                               unsigned len)
{
    PK_AUTO_FREE char *line =
        pk_text_format(" passkey1/%u/%u:%0*u\r\n", number, total, (int)len, number);
    bool complete = true;
    enum pk_status status = pk_forward_parts_add(parts, pk_view_string(line), &complete);

    if (status == PK_OK)
        assert_int_equal(complete, number == total);
    return status;
}

/* Blanks around a line do not matter; a refused line changes nothing. */
static void parts(void **state)
{
    PK_AUTO_FORWARD_PARTS struct pk_forward_parts parts = {0};
    bool complete = false;

    (void)state;
    assert_status(add_part(&parts, 1, 3, 495), PK_PROTOCOL);
    assert_status(add_part(&parts, 1, 3, 496), PK_OK);
    assert_status(add_part(&parts, 3, 3, 496), PK_PROTOCOL);
    assert_status(add_part(&parts, 2, 4, 496), PK_PROTOCOL);
    assert_status(add_part(&parts, 2, 3, 497), PK_PROTOCOL);
    assert_status(pk_forward_parts_add(&parts, pk_view_string(""), &complete), PK_INVALID_INPUT);
    assert_int_equal(parts.count, 1);
    assert_int_equal(parts.total, 3);
    assert_status(add_part(&parts, 2, 3, 496), PK_OK);
    assert_status(add_part(&parts, 3, 3, 497), PK_PROTOCOL);
    assert_status(add_part(&parts, 3, 3, 1), PK_OK);
    assert_int_equal(parts.text.len, 2 * 496 + 1);
    assert_int_equal(parts.text.data[495], '1');
    assert_int_equal(parts.text.data[496], '0');
    assert_int_equal(parts.text.data[992], '3');
    pk_forward_parts_clear(&parts);
    for (unsigned i = 1; i <= PK_FORWARD_PARTS_MAX; i++)
        assert_status(add_part(&parts, i, PK_FORWARD_PARTS_MAX, 496), PK_OK);
    assert_status(add_part(&parts, PK_FORWARD_PARTS_MAX + 1, PK_FORWARD_PARTS_MAX, 496),
                  PK_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(answers_cut),
        cmocka_unit_test(answer_members),
        cmocka_unit_test(members_of_a_page),
        cmocka_unit_test(client_data_of_a_page),
        cmocka_unit_test(answer_sizes),
        cmocka_unit_test(answer_arguments),
        cmocka_unit_test(parts),
    };

    return cmocka_run_group_tests_name("forward answer", tests, NULL, NULL);
}
