/* SPDX-License-Identifier: BSD-2-Clause */
/* What phones are asked, byte by byte, and their answers, against tests/vectors/hybrid. */
#include "common/hybrid/ctap.h"

#include "common/base/cbor.h"
#include "common/hybrid/channel.h"
#include "tests/unit/hybrid_support.h"

#define HASH "c6d10de1fc2d9bcffe91bd86800f1901760338fd70ca09c9e0c5b163a6ef0fdd"

static uint8_t id_bytes[PK_CREDENTIAL_ID_MAX + 1];
static struct pk_descriptor list[PK_CREDENTIAL_LIST_MAX + 1];
static char rp_id[] = "host.example.org", name[] = "alice", empty[] = "";
static char display_name[] = "alice on host", rp_name[] = "host";
static uint8_t handle[PK_USER_HANDLE_MAX + 1] = {1, 2, 3};

static struct pk_credential_request credential_request(void)
{
    struct pk_credential_request request = {.creation = {
                                                .rp_id = rp_id,
                                                .rp_name = rp_name,
                                                .user_handle = {handle, 3},
                                                .user_name = name,
                                                .user_display_name = display_name,
                                                .algorithms = {-7, -257},
                                                .algorithm_count = 2,
                                            }};
    PK_AUTO_BYTES struct pk_bytes hash = unhex(HASH);

    memcpy(request.client_data_hash, hash.data, sizeof(request.client_data_hash));
    return request;
}

static struct pk_assertion_request assertion_request(void)
{
    struct pk_assertion_request request = {.rp_id = rp_id};
    PK_AUTO_BYTES struct pk_bytes hash = unhex(HASH);

    memcpy(request.client_data_hash, hash.data, sizeof(request.client_data_hash));
    return request;
}

static void fill_list(void)
{
    for (size_t i = 0; i < COUNT(list); i++) {
        id_bytes[i] = (uint8_t)i;
        list[i] = (struct pk_descriptor){.id = {id_bytes + i, 1}};
    }
}

/* ---- requests ---- */

static void check_command(const struct pk_bytes *command, const char *hex)
{
    PK_AUTO_BYTES struct pk_bytes wanted = unhex(hex);

    assert_views_equal(pk_view_of(command), pk_view_of(&wanted));
    assert_status(pk_cbor_check((struct pk_view){command->data + 1, command->len - 1}), PK_OK);
}

/* {1: hash, 2: {id, name}, 3: {id, name, displayName}, 4: [...], 5: [...], 7: {rk, uv}} */
#define MAKE_HEAD "015820" HASH
#define MAKE_RP                                                                                    \
    "02a2626964"                                                                                   \
    "70686f73742e6578616d706c652e6f7267"                                                           \
    "646e616d65"                                                                                   \
    "64686f7374"
#define MAKE_USER                                                                                  \
    "03a3626964"                                                                                   \
    "43010203"                                                                                     \
    "646e616d65"                                                                                   \
    "65616c696365"                                                                                 \
    "6b646973706c61794e616d65"                                                                     \
    "6d616c696365206f6e20686f7374"
#define MAKE_ALGORITHMS                                                                            \
    "0482a263616c67266474797065"                                                                   \
    "6a7075626c69632d6b6579"                                                                       \
    "a263616c673901006474797065"                                                                   \
    "6a7075626c69632d6b6579"
#define MAKE_EXCLUDE                                                                               \
    "0581a26269644107"                                                                             \
    "6474797065"                                                                                   \
    "6a7075626c69632d6b6579"
#define MAKE_OPTIONS "07a262726bf5627576f5"

static void make_credential(void **state)
{
    struct pk_credential_request request = credential_request();
    PK_AUTO_BYTES struct pk_bytes command = {0};
    PK_AUTO_BYTES struct pk_bytes excluding = {0};

    (void)state;
    assert_status(pk_hybrid_make_credential(&request, &command), PK_OK);
    check_command(&command, "01a5" MAKE_HEAD MAKE_RP MAKE_USER MAKE_ALGORITHMS MAKE_OPTIONS);
    request.creation.exclude = list + 7;
    request.creation.exclude_count = 1;
    /* Whatever else is demanded: a phone does it, or has no word for it. */
    request.creation.user_verification = PK_DISCOURAGED;
    request.creation.resident_key = PK_DISCOURAGED;
    request.creation.cred_protect = 3;
    assert_status(pk_hybrid_make_credential(&request, &excluding), PK_OK);
    check_command(&excluding,
                  "01a6" MAKE_HEAD MAKE_RP MAKE_USER MAKE_ALGORITHMS MAKE_EXCLUDE MAKE_OPTIONS);
}

static void names_are_filled_in(void **state)
{
    struct pk_credential_request request = credential_request();
    struct pk_credential_request full = credential_request();
    PK_AUTO_BYTES struct pk_bytes made = {0};
    PK_AUTO_BYTES struct pk_bytes wanted = {0};

    (void)state;
    request.creation.rp_name = NULL;
    request.creation.user_display_name = empty;
    full.creation.rp_name = rp_id;
    full.creation.user_display_name = name;
    assert_status(pk_hybrid_make_credential(&request, &made), PK_OK);
    assert_status(pk_hybrid_make_credential(&full, &wanted), PK_OK);
    assert_views_equal(pk_view_of(&made), pk_view_of(&wanted));
    pk_bytes_clear(&made);
    pk_bytes_clear(&wanted);
    request = full = credential_request();
    request.creation.user_name = NULL;
    full.creation.user_name = display_name;
    assert_status(pk_hybrid_make_credential(&request, &made), PK_OK);
    assert_status(pk_hybrid_make_credential(&full, &wanted), PK_OK);
    assert_views_equal(pk_view_of(&made), pk_view_of(&wanted));
}

static void credentials_that_cannot_be_asked_for(void **state)
{
    struct pk_bytes none = {0};

    (void)state;
    for (int fault = 0; fault < 8; fault++) {
        struct pk_credential_request request = credential_request();
        enum pk_status status = PK_INVALID_ARGUMENT;

        request.creation.exclude = list;
        if (fault == 0)
            request.creation.rp_id = empty;
        else if (fault == 1)
            request.creation.user_name = request.creation.user_display_name = empty;
        else if (fault == 2)
            request.creation.user_handle.len = 0;
        else if (fault == 3)
            request.creation.user_handle.len = PK_USER_HANDLE_MAX + 1;
        else if (fault == 4)
            request.creation.algorithm_count = 0;
        else if (fault == 5)
            request.creation.algorithm_count = PK_ALGORITHMS_MAX + 1;
        else if (fault == 6)
            request.creation.exclude_count = PK_CREDENTIAL_LIST_MAX + 1;
        else
            status = PK_OK;
        if (status == PK_OK) {
            request.creation.user_handle.len = PK_USER_HANDLE_MAX;
            request.creation.exclude_count = PK_CREDENTIAL_LIST_MAX;
        }
        assert_status(pk_hybrid_make_credential(&request, &none), status);
        assert_int_equal(none.data != NULL, status == PK_OK);
    }
    pk_bytes_clear(&none);
}

static void get_assertion(void **state)
{
    struct pk_assertion_request request = assertion_request();
    PK_AUTO_BYTES struct pk_bytes command = {0};
    PK_AUTO_BYTES struct pk_bytes listed = {0};
    PK_AUTO_BYTES struct pk_bytes many = {0};
    struct pk_bytes none = {0};

    (void)state;
    assert_status(pk_hybrid_get_assertion(&request, &command), PK_OK);
    check_command(&command, "02a3"
                            "0170686f73742e6578616d706c652e6f7267"
                            "025820" HASH "05a1627576f5");
    request.allow = list;
    request.allow_count = 2;
    assert_status(pk_hybrid_get_assertion(&request, &listed), PK_OK);
    check_command(&listed, "02a4"
                           "0170686f73742e6578616d706c652e6f7267"
                           "025820" HASH "0382"
                           "a26269644100"
                           "6474797065"
                           "6a7075626c69632d6b6579"
                           "a26269644101"
                           "6474797065"
                           "6a7075626c69632d6b6579"
                           "05a1627576f5");
    request.allow_count = PK_CREDENTIAL_LIST_MAX;
    assert_status(pk_hybrid_get_assertion(&request, &many), PK_OK);
    request.allow_count++;
    assert_status(pk_hybrid_get_assertion(&request, &none), PK_INVALID_ARGUMENT);
    request = assertion_request();
    request.rp_id = NULL;
    assert_status(pk_hybrid_get_assertion(&request, &none), PK_INVALID_ARGUMENT);
    assert_null(none.data);
}

/* A list that is too long for one message is not cut: half of it would be a wrong answer. */
static void requests_that_are_too_long(void **state)
{
    static struct pk_descriptor longest[PK_CREDENTIAL_LIST_MAX];
    struct pk_assertion_request request = assertion_request();
    struct pk_bytes none = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(longest); i++)
        longest[i] = (struct pk_descriptor){.id = {id_bytes, PK_CREDENTIAL_ID_MAX + 1}};
    request.allow = longest;
    request.allow_count = COUNT(longest);
    assert_status(pk_hybrid_get_assertion(&request, &none), PK_TOO_LARGE);
    assert_null(none.data);
}

/* ---- answers ---- */

static enum pk_status made(struct pk_view answer, enum pk_attestation_preference attestation,
                           struct pk_credential_answer *ret)
{
    struct pk_credential_request request = credential_request();

    request.creation.attestation = attestation;
    return pk_hybrid_credential_made(&request, answer, ret);
}

/* What each answer is as an attestation object, with and without its statement. */
static void check_object(const char *vector, const struct pk_bytes *object, bool with_statement)
{
    struct pk_reader reader = pk_reader_new(pk_view_of(object));
    struct pk_view format;

    assert_status(pk_cbor_check(pk_view_of(object)), PK_OK);
    assert_int_equal(pk_cbor_map(&reader), 3);
    assert_views_equal(pk_cbor_text(&reader), pk_view_string("fmt"));
    format = pk_cbor_text(&reader);
    assert_views_equal(
        format, pk_view_string(with_statement && strstr(vector, "packed") ? "packed" : "none"));
    assert_views_equal(pk_cbor_text(&reader), pk_view_string("attStmt"));
    assert_int_equal(pk_cbor_map(&reader), format.len == 6 ? 2 : 0);
    if (format.len == 6)
        for (int i = 0; i < 4; i++)
            (void)pk_cbor_item(&reader);
    assert_views_equal(pk_cbor_text(&reader), pk_view_string("authData"));
    assert_int_equal(pk_cbor_bytes(&reader).len, 37 + 16 + 2 + 20 + 77);
    assert_status(pk_reader_finish(&reader), PK_OK);
}

static void check_credential(const char *vector, struct pk_bytes *content)
{
    static const enum pk_attestation_preference preferences[] = {
        PK_ATTESTATION_UNSET, PK_ATTESTATION_NONE, PK_ATTESTATION_INDIRECT, PK_ATTESTATION_DIRECT};

    for (size_t i = 0; i < COUNT(preferences); i++) {
        PK_AUTO_BYTES struct pk_bytes object = {0};
        struct pk_credential_answer answer = {0};

        if (made(pk_view_of(content), preferences[i], &answer) != PK_OK)
            fail_msg("%s was refused", vector);
        object = answer.attestation_object;
        check_object(vector, &object, i >= 2);
        assert_int_equal(answer.transports, PK_TRANSPORT_HYBRID | PK_TRANSPORT_INTERNAL);
        assert_true(answer.discoverable);
        assert_false(answer.hidden);
    }
    for (size_t len = 0; len <= content->len + 1; len++) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};
        struct pk_credential_answer none = {0};

        if (len == content->len)
            continue;
        assert_status(pk_bytes_copy((struct pk_view){content->data, len}, &cut), PK_OK);
        assert_status(made(pk_view_of(&cut), PK_ATTESTATION_NONE, &none), PK_DEVICE_ERROR);
    }
}

static void check_bad_credential(const char *vector, struct pk_bytes *content)
{
    struct pk_credential_answer answer = {0};

    if (!strstr(vector, "--credential-"))
        return;
    check_vector_status(vector, made(pk_view_of(content), PK_ATTESTATION_DIRECT, &answer));
    assert_null(answer.attestation_object.data);
}

static void credentials(void **state)
{
    (void)state;
    each_vector("hybrid/valid", "credential-", check_credential);
    each_vector("hybrid/invalid", "", check_bad_credential);
}

static enum pk_status asserted(struct pk_view answer, size_t listed,
                               struct pk_assertion_answer *ret)
{
    struct pk_assertion_request request = assertion_request();

    request.allow = list + 7;
    request.allow_count = listed;
    return pk_hybrid_assertion_made(&request, answer, ret);
}

static void check_assertion(const char *vector, struct pk_bytes *content)
{
    const bool alone = strstr(vector, "no-credential") != NULL;
    struct pk_assertion_answer answer = {0};

    if (asserted(pk_view_of(content), 1, &answer) != PK_OK)
        fail_msg("%s was refused", vector);
    assert_views_equal(pk_view_of(&answer.credential_id),
                       alone ? pk_view_of(&list[7].id) : pk_view_string("credential 1"));
    assert_int_equal(answer.authenticator_data.len, 37);
    assert_int_equal(answer.signature.len, 8);
    assert_views_equal(pk_view_of(&answer.user_handle),
                       pk_view_string(strstr(vector, "user") ? "handle" : ""));
    pk_assertion_answer_clear(&answer);
    /* It may be left out where one was asked for, and nowhere else. */
    for (size_t listed = 0; listed <= 2; listed += 2) {
        assert_status(asserted(pk_view_of(content), listed, &answer),
                      alone ? PK_DEVICE_ERROR : PK_OK);
        pk_assertion_answer_clear(&answer);
    }
    for (size_t len = 0; len <= content->len + 1; len++) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};

        if (len == content->len)
            continue;
        assert_status(pk_bytes_copy((struct pk_view){content->data, len}, &cut), PK_OK);
        assert_status(asserted(pk_view_of(&cut), 1, &answer), PK_DEVICE_ERROR);
    }
}

static void check_bad_assertion(const char *vector, struct pk_bytes *content)
{
    struct pk_assertion_answer answer = {0};

    if (!strstr(vector, "--assertion-"))
        return;
    check_vector_status(vector, asserted(pk_view_of(content), 1, &answer));
    assert_null(answer.credential_id.data);
    assert_null(answer.signature.data);
}

static void assertions(void **state)
{
    (void)state;
    each_vector("hybrid/valid", "assertion-", check_assertion);
    each_vector("hybrid/invalid", "", check_bad_assertion);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(make_credential),
        cmocka_unit_test(names_are_filled_in),
        cmocka_unit_test(credentials_that_cannot_be_asked_for),
        cmocka_unit_test(get_assertion),
        cmocka_unit_test(requests_that_are_too_long),
        cmocka_unit_test(credentials),
        cmocka_unit_test(assertions),
    };

    fill_list();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
