/* SPDX-License-Identifier: BSD-2-Clause */
/* The helper frames against the vectors under tests/vectors/frames (made by make.py there). */
#include "common/wire/frames.h"

#include "common/base/cleanup.h"
#include "common/base/reader.h"
#include "common/base/text.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void read_vector(const char *folder, const char *name, struct pk_bytes *ret)
{
    PK_AUTO_FREE char *path =
        pk_text_format("%s/tests/vectors/frames/%s/%s", getenv("srcdir"), folder, name);
    PK_AUTO_FCLOSE FILE *file = NULL;
    long size;

    assert_non_null(path);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    ret->data = malloc((size_t)size + 1); /* room for the extra byte of one test */
    assert_non_null(ret->data);
    ret->len = (size_t)size;
    assert_int_equal(fread(ret->data, 1, ret->len, file), ret->len);
}

/* Calls check with every vector of a folder; there must be some. */
static void each_vector(const char *folder, void (*check)(const char *, struct pk_bytes *))
{
    PK_AUTO_FREE char *path =
        pk_text_format("%s/tests/vectors/frames/%s", getenv("srcdir"), folder);
    DIR *directory = opendir(path);
    const struct dirent *entry;
    int count = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        PK_AUTO_BYTES struct pk_bytes payload = {0};

        if (entry->d_name[0] == '.')
            continue;
        read_vector(folder, entry->d_name, &payload);
        check(entry->d_name, &payload);
        count++;
    }
    (void)closedir(directory);
    assert_true(count > 20);
}

static void check_round_trip(const char *name, struct pk_bytes *payload)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    PK_AUTO_BYTES struct pk_bytes whole = {0};
    size_t size = 0;

    if (pk_frame_decode(pk_view_of(payload), &frame) != PK_OK)
        fail_msg("%s was refused", name);
    assert_int_equal(pk_frame_encode(&frame, &whole), PK_OK);
    assert_int_equal(pk_frame_size(pk_view_of(&whole), &size), PK_OK);
    assert_int_equal(size, whole.len);
    if (!pk_view_equal((struct pk_view){whole.data + 4, whole.len - 4}, pk_view_of(payload)))
        fail_msg("%s came out otherwise", name);
}

static void test_valid(void **state)
{
    (void)state;
    each_vector("valid", check_round_trip);
}

/* The status an invalid vector must meet is its name up to "--". */
static void check_refused(const char *name, struct pk_bytes *payload)
{
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_WATCH};
    PK_AUTO_FREE char *wanted = strdup(name);
    enum pk_status status = pk_frame_decode(pk_view_of(payload), &frame);
    char *end;

    assert_non_null(wanted);
    end = strstr(wanted, "--");
    assert_non_null(end);
    *end = 0;
    if (strcmp(pk_status_name(status), wanted) != 0)
        fail_msg("%s: %s", name, pk_status_name(status));
    assert_int_equal(frame.type, PK_FRAME_WATCH);
}

static void test_invalid(void **state)
{
    (void)state;
    each_vector("invalid", check_refused);
}

static void check_prefixes(const char *name, struct pk_bytes *payload)
{
    for (size_t len = 0; len < payload->len; len++) {
        PK_AUTO_FRAME struct pk_frame frame = {0};
        enum pk_status status = pk_frame_decode((struct pk_view){payload->data, len}, &frame);

        if (status != PK_TRUNCATED)
            fail_msg("%s cut to %zu bytes: %s", name, len, pk_status_name(status));
    }
}

static void test_every_prefix(void **state)
{
    (void)state;
    each_vector("valid", check_prefixes);
}

static void check_extra_byte(const char *name, struct pk_bytes *payload)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    enum pk_status status;

    payload->data[payload->len] = 0;
    payload->len++;
    status = pk_frame_decode(pk_view_of(payload), &frame);
    if (status != PK_TRAILING_DATA)
        fail_msg("%s with a byte more: %s", name, pk_status_name(status));
}

static void test_extra_byte(void **state)
{
    (void)state;
    each_vector("valid", check_extra_byte);
}

/* Fields are decoded into the right members, not only written back in the same order. */
static void test_fields(void **state)
{
    PK_AUTO_BYTES struct pk_bytes assert_payload = {0};
    PK_AUTO_BYTES struct pk_bytes create_payload = {0};
    PK_AUTO_FRAME struct pk_frame assertion = {0};
    PK_AUTO_FRAME struct pk_frame create = {0};

    (void)state;
    read_vector("valid", "get-assertion.bin", &assert_payload);
    assert_int_equal(pk_frame_decode(pk_view_of(&assert_payload), &assertion), PK_OK);
    assert_int_equal(assertion.type, PK_FRAME_GET_ASSERTION);
    assert_string_equal(assertion.get_assertion.path, "/dev/hidraw0");
    assert_string_equal(assertion.get_assertion.rp_id, "example.org");
    assert_int_equal(assertion.get_assertion.client_data_hash[31], 31);
    assert_int_equal(assertion.get_assertion.user_verification, PK_REQUIRED);
    assert_int_equal(assertion.get_assertion.allow_count, 1);
    assert_int_equal(assertion.get_assertion.allow[0].id.len, 64);
    assert_int_equal(assertion.get_assertion.allow[0].transports, PK_TRANSPORT_USB);
    assert_null(assertion.get_assertion.appid);

    read_vector("valid", "make-credential.bin", &create_payload);
    assert_int_equal(pk_frame_decode(pk_view_of(&create_payload), &create), PK_OK);
    assert_string_equal(create.make_credential.creation.rp_name, "Example");
    assert_string_equal(create.make_credential.creation.user_name, "alice");
    assert_string_equal(create.make_credential.creation.user_display_name, "Alice");
    assert_memory_equal(create.make_credential.creation.user_handle.data, "handle", 6);
    assert_int_equal(create.make_credential.creation.algorithm_count, 3);
    assert_int_equal(create.make_credential.creation.algorithms[2], -257);
    assert_int_equal(create.make_credential.creation.exclude_count, 1);
    assert_int_equal(create.make_credential.creation.resident_key, PK_DISCOURAGED);
    assert_int_equal(create.make_credential.creation.attestation, PK_ATTESTATION_DIRECT);
}

static void test_pin(void **state)
{
    static const uint8_t payload[] = {PK_FRAME_PIN, 0, 0, 0, 4, '1', '2', '3', '4'};
    PK_AUTO_FRAME struct pk_frame frame = {0};

    (void)state;
    assert_int_equal(pk_frame_decode((struct pk_view){payload, sizeof(payload)}, &frame), PK_OK);
    assert_string_equal((const char *)frame.pin.data, "1234");
    assert_int_equal(frame.pin.len, 4);
}

static void test_phone(void **state)
{
    PK_AUTO_BYTES struct pk_bytes setup_payload = {0};
    PK_AUTO_BYTES struct pk_bytes step_payload = {0};
    PK_AUTO_FRAME struct pk_frame setup = {0};
    PK_AUTO_FRAME struct pk_frame step = {0};

    (void)state;
    read_vector("valid", "phone-setup-all.bin", &setup_payload);
    assert_int_equal(pk_frame_decode(pk_view_of(&setup_payload), &setup), PK_OK);
    assert_true(setup.phone_setup.hashed);
    assert_string_equal(setup.phone_setup.bus, "unix:path=/run/bus");
    assert_string_equal(setup.phone_setup.dialler, "/run/passkeyd/dialler.sock");
    assert_string_equal(setup.phone_setup.connect, "127.0.0.1:4443");
    assert_string_equal(setup.phone_setup.ca_file, "/etc/ssl/ca.pem");

    read_vector("valid", "phone-step-asked.bin", &step_payload);
    assert_int_equal(pk_frame_decode(pk_view_of(&step_payload), &step), PK_OK);
    assert_int_equal(step.phone_step.step, PK_PHONE_STEP_ASKED);
    assert_int_equal(step.phone_step.service, 300);
}

static void test_size(void **state)
{
    static const uint8_t one[] = {0, 0, 0, 1, PK_FRAME_WATCH, 0xff};
    static const uint8_t empty[] = {0, 0, 0, 0};
    static const uint8_t most[] = {0, 2, 0, 0};
    static const uint8_t over[] = {0, 2, 0, 1};
    size_t size = 99;

    (void)state;
    for (size_t len = 0; len < 4; len++) {
        assert_int_equal(pk_frame_size((struct pk_view){one, len}, &size), PK_OK);
        assert_int_equal(size, 0);
    }
    assert_int_equal(pk_frame_size((struct pk_view){one, 4}, &size), PK_OK);
    assert_int_equal(size, 5);
    assert_int_equal(pk_frame_size((struct pk_view){most, 4}, &size), PK_OK);
    assert_int_equal(size, 4 + PK_FRAME_MAX);
    assert_int_equal(pk_frame_size((struct pk_view){empty, 4}, &size), PK_PROTOCOL);
    assert_int_equal(pk_frame_size((struct pk_view){over, 4}, &size), PK_TOO_LARGE);
}

static void test_encode_refuses(void **state)
{
    struct pk_frame unknown = {.type = 99};
    struct pk_frame many = {.type = PK_FRAME_DEVICES, .devices = {NULL, PK_DEVICES_MAX + 1}};
    struct pk_bytes whole = {0};

    (void)state;
    assert_int_equal(pk_frame_encode(&unknown, &whole), PK_INVALID_ARGUMENT);
    assert_int_equal(pk_frame_encode(&many, &whole), PK_TOO_LARGE);
    assert_null(whole.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_every_prefix), cmocka_unit_test(test_extra_byte),
        cmocka_unit_test(test_fields),       cmocka_unit_test(test_pin),
        cmocka_unit_test(test_size),         cmocka_unit_test(test_encode_refuses),
        cmocka_unit_test(test_phone),
    };

    return cmocka_run_group_tests_name("frames", tests, NULL, NULL);
}
