/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of the keyboard-interactive form, against the vectors under tests/vectors/forward. */
#include "tests/unit/forward_support.h"

static enum pk_status decode_line(struct pk_view line)
{
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};

    return pk_forward_request_decode(line, &request);
}

static void check_request(const char *name, struct pk_bytes *content)
{
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    PK_AUTO_FREE char *line = NULL;
    enum pk_status status = pk_forward_request_decode(line_of(content), &request);

    if (status != PK_OK)
        fail_msg("%s: %s", name, pk_status_name(status));
    assert_status(pk_forward_request_encode(&request, &line), PK_OK);
    if (!pk_view_equal(pk_view_string(line), line_of(content)))
        fail_msg("%s came out otherwise", name);
}

static void check_bad_request(const char *name, struct pk_bytes *content)
{
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {.part = 99};

    if (!strstr(name, "--request"))
        return;
    check_vector_status(name, pk_forward_request_decode(line_of(content), &request));
    assert_int_equal(request.part, 99);
}

static void requests(void **state)
{
    (void)state;
    each_vector("forward/valid", "request", check_request);
    each_vector("forward/invalid", "", check_bad_request);
}

/* The line itself cut anywhere, its CBOR cut anywhere, and one character or byte more of each. */
static void check_request_cut(const char *name, struct pk_bytes *content)
{
    struct pk_view line = line_of(content);
    PK_AUTO_FREE char *prefix = strndup((const char *)line.ptr, PREFIX_SIZE);
    PK_AUTO_BYTES struct pk_bytes cbor = {0};

    for (size_t len = 0; len < line.len; len++) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};

        assert_status(pk_bytes_copy((struct pk_view){line.ptr, len}, &cut), PK_OK);
        if (decode_line(pk_view_of(&cut)) == PK_OK)
            fail_msg("%s cut to %zu characters was accepted", name, len);
    }
    content->data[line.len] = 'A';
    assert_int_not_equal(decode_line((struct pk_view){line.ptr, line.len + 1}), PK_OK);
    assert_status(
        pk_base64url_decode((struct pk_view){line.ptr + PREFIX_SIZE, line.len - PREFIX_SIZE},
                            PK_FORWARD_REQUEST_MAX, &cbor),
        PK_OK);
    for (size_t len = 0; len < cbor.len; len++) {
        PK_AUTO_FREE char *cut = line_from(prefix, (struct pk_view){cbor.data, len});

        assert_status(decode_line(pk_view_string(cut)), PK_CBOR_TRUNCATED);
    }
    cbor.data = realloc(cbor.data, cbor.len + 1);
    assert_non_null(cbor.data);
    cbor.data[cbor.len++] = 0;
    {
        PK_AUTO_FREE char *more = line_from(prefix, pk_view_of(&cbor));

        assert_status(decode_line(pk_view_string(more)), PK_CBOR_TRAILING_DATA);
    }
}

static void requests_cut(void **state)
{
    (void)state;
    each_vector("forward/valid", "request", check_request_cut);
}

static void read_request(const char *name, struct pk_forward_request *ret)
{
    PK_AUTO_BYTES struct pk_bytes content = read_vector("forward/valid", name);

    assert_status(pk_forward_request_decode(line_of(&content), ret), PK_OK);
}

/* Members are decoded into the right fields, not only written back in the same order. */
static void request_members(void **state)
{
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request get = {0};
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request create = {0};
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request more = {0};
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request keys = {0};

    (void)state;
    read_request("request-get-host-keys.txt", &keys);
    assert_true(keys.names_host_keys);
    assert_non_null(strstr(keys.context, "\"hostkeys\":[\"SHA256:"));
    read_request("request-get.txt", &get);
    assert_false(get.names_host_keys);
    assert_int_equal(get.kind, PK_FORWARD_GET);
    assert_int_equal(get.context[0], '{');
    assert_non_null(strstr(get.context, "\"rhost\":\"192.0.2.7\""));
    assert_string_equal(get.rp_id, "web1.example.org");
    assert_int_equal(get.user_verification, PK_PREFERRED);
    assert_int_equal(get.credential_count, 1);
    assert_int_equal(get.credentials[0].id.len, 64);
    assert_int_equal(get.timeout, 120);
    assert_null(get.creation.rp_name);

    read_request("request-create.txt", &create);
    assert_int_equal(create.kind, PK_FORWARD_CREATE);
    assert_memory_equal(create.nonce, get.nonce, sizeof(get.nonce));
    assert_int_equal(create.creation.exclude_count, 0);
    assert_string_equal(create.creation.rp_name, "Example");
    assert_int_equal(create.creation.user_handle.len, 64);
    assert_string_equal(create.creation.user_name, "alice");
    assert_string_equal(create.creation.user_display_name, "Alice");
    assert_int_equal(create.creation.algorithm_count, 3);
    assert_int_equal(create.creation.algorithms[0], -7);
    assert_int_equal(create.creation.algorithms[2], -257);
    assert_int_equal(create.creation.resident_key, PK_DISCOURAGED);
    assert_int_equal(create.creation.attestation, PK_ATTESTATION_NONE);
    assert_int_equal(create.creation.cred_protect, 0);

    read_request("request-more-last.txt", &more);
    assert_int_equal(more.kind, PK_FORWARD_MORE);
    assert_memory_equal(more.nonce, get.nonce, sizeof(get.nonce));
    assert_int_equal(more.part, PK_FORWARD_PARTS_MAX);
}

/* A request with that many credential ids of that many bytes, encoded and, when it fits, decoded.
 */
static enum pk_status encode_list(size_t count, size_t size)
{
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request again = {0};
    PK_AUTO_FREE char *line = NULL;
    enum pk_status status;

    read_request("request-create.txt", &request);
    request.creation.exclude = calloc(count, sizeof(*request.creation.exclude));
    assert_non_null(request.creation.exclude);
    request.creation.exclude_count = count;
    for (size_t i = 0; i < count; i++) {
        request.creation.exclude[i].id = (struct pk_bytes){calloc(1, size), size};
        assert_non_null(request.creation.exclude[i].id.data);
    }
    status = pk_forward_request_encode(&request, &line);
    if (status != PK_OK) {
        assert_null(line);
        return status;
    }
    assert_true(strlen(line) <= PK_FORWARD_REQUEST_MAX);
    assert_status(pk_forward_request_decode(pk_view_string(line), &again), PK_OK);
    assert_int_equal(again.creation.exclude_count, count);
    assert_int_equal(again.creation.exclude[count - 1].id.len, size);
    return PK_OK;
}

static void request_limits(void **state)
{
    (void)state;
    assert_status(encode_list(PK_CREDENTIAL_LIST_MAX, 128), PK_OK);
    assert_status(encode_list(PK_CREDENTIAL_LIST_MAX, 700), PK_OK);
    assert_status(encode_list(PK_CREDENTIAL_LIST_MAX, PK_CREDENTIAL_ID_MAX), PK_TOO_LARGE);
    assert_status(encode_list(40, PK_CREDENTIAL_ID_MAX), PK_OK);
    assert_status(encode_list(PK_CREDENTIAL_LIST_MAX + 1, 1), PK_TOO_LARGE);
    assert_status(encode_list(1, PK_CREDENTIAL_ID_MAX + 1), PK_TOO_LARGE);
}

/* A request that decode would refuse is not encoded. */
static void request_arguments(void **state)
{
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    struct pk_forward_request bare = {.kind = PK_FORWARD_GET, .timeout = 1};
    PK_AUTO_FREE char *line = NULL;

    (void)state;
    assert_status(pk_forward_request_encode(&bare, &line), PK_INVALID_ARGUMENT);
    bare.kind = 0;
    assert_status(pk_forward_request_encode(&bare, &line), PK_INVALID_ARGUMENT);
    bare.kind = PK_FORWARD_MORE;
    assert_status(pk_forward_request_encode(&bare, &line), PK_INVALID_ARGUMENT);
    bare.part = 2;
    bare.names_host_keys = true;
    assert_status(pk_forward_request_encode(&bare, &line), PK_INVALID_ARGUMENT);
    read_request("request-create.txt", &request);
    request.creation.algorithm_count = PK_ALGORITHMS_MAX + 1;
    assert_status(pk_forward_request_encode(&request, &line), PK_TOO_LARGE);
    request.creation.algorithm_count = 1;
    request.creation.rp_id[0] = ' ';
    assert_status(pk_forward_request_encode(&request, &line), PK_INVALID_ARGUMENT);
    request.creation.rp_id[0] = 'w';
    request.creation.user_name[0] = '\xff';
    assert_status(pk_forward_request_encode(&request, &line), PK_INVALID_ARGUMENT);
    assert_null(line);
}

static void found(void **state)
{
    static const struct {
        const char *text;
        const char *line; /* NULL: none */
    } cases[] = {
        {"passkey1:AAAA", "passkey1:AAAA"},
        {"(alice@web1) Touch your key.\npasskey1:AAAA", "passkey1:AAAA"},
        {"(alice@web1) One\r\nTwo\r\n  passkey1:AAAA \t\r\n\r\n \n", "passkey1:AAAA"},
        {"passkey1:AAAA\npasskey1:BBBB\n", "passkey1:BBBB"},
        {"\n\tpasskey1:", "passkey1:"},
        {"passkey1:AAAA\nPassword: ", NULL},
        {"(alice@web1) passkey1:AAAA", NULL},
        {"passkey1/1/2:AAAA", NULL},
        {"(alice@web1) Touch your key.\npasskey2:AAAA\n", "passkey2:AAAA"},
        {"passkey3:AAAA", NULL},
        {"passkey2/1/2:AAAA", NULL},
        {"passkey1", NULL},
        {"Password: ", NULL},
        {" \r\n\t ", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pk_view line = {NULL, 0};
        enum pk_status status = pk_forward_request_find(pk_view_string(cases[i].text), &line);

        assert_status(status, cases[i].line ? PK_OK : PK_NOT_FOUND);
        if (!pk_view_equal(line, pk_view_string(cases[i].line ? cases[i].line : "")))
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),          cmocka_unit_test(requests_cut),
        cmocka_unit_test(request_members),   cmocka_unit_test(request_limits),
        cmocka_unit_test(request_arguments), cmocka_unit_test(found),
    };

    return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
