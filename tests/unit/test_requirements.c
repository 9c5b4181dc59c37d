/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/webauthn/requirements.h"

#include <stdlib.h>
#include <string.h>

static void credentials_are_copied_in_order(void **state)
{
    struct pk_requirements requirements = {0};
    uint8_t id[] = {1, 2, 3};

    (void)state;
    assert_int_equal(pk_requirements_add_credential(&requirements, (struct pk_view){id, sizeof(id)},
                                                    PK_TRANSPORT_USB),
                     PK_OK);
    id[0] = 9;
    assert_int_equal(
        pk_requirements_add_credential(&requirements, (struct pk_view){id, sizeof(id)}, 0), PK_OK);
    assert_int_equal(requirements.credential_count, 2);
    assert_int_equal(requirements.credentials[0].id.data[0], 1);
    assert_int_equal(requirements.credentials[0].transports, PK_TRANSPORT_USB);
    assert_int_equal(requirements.credentials[1].id.data[0], 9);
    assert_int_equal(requirements.credentials[1].transports, 0);
    pk_requirements_clear(&requirements);
}

static void credentials_are_limited(void **state)
{
    struct pk_requirements requirements = {0};
    struct pk_view id = pk_view_string("id");

    (void)state;
    for (size_t i = 0; i < PK_CREDENTIAL_LIST_MAX; i++)
        assert_int_equal(pk_requirements_add_credential(&requirements, id, 0), PK_OK);
    assert_int_equal(pk_requirements_add_credential(&requirements, id, 0), PK_LIMIT_EXCEEDED);
    assert_int_equal(requirements.credential_count, PK_CREDENTIAL_LIST_MAX);
    pk_requirements_clear(&requirements);
}

/* The sanitizers report what is not freed here. */
static void clear_releases_every_member(void **state)
{
    struct pk_requirements requirements = {
        .rp_id = strdup("a"),
        .rp_name = strdup("a"),
        .rp_icon = strdup("a"),
        .user_name = strdup("a"),
        .user_display_name = strdup("a"),
        .user_icon = strdup("a"),
        .appid = strdup("a"),
        .appid_exclude = strdup("a"),
        .instrument_display_name = strdup("a"),
        .trust_anchors = calloc(1, sizeof(struct pk_bytes)),
        .trust_anchor_count = 1,
        .aaguid_allow = malloc(PK_AAGUID_SIZE),
        .aaguid_deny = malloc(PK_AAGUID_SIZE),
    };
    struct pk_view bytes = pk_view_string("bytes");

    (void)state;
    assert_int_equal(pk_bytes_copy(bytes, &requirements.challenge), PK_OK);
    assert_int_equal(pk_bytes_copy(bytes, &requirements.user_handle), PK_OK);
    assert_int_equal(pk_bytes_copy(bytes, &requirements.trust_anchors[0]), PK_OK);
    assert_int_equal(pk_strings_add(&requirements.origins, "a"), PK_OK);
    assert_int_equal(pk_strings_add(&requirements.top_origins, "a"), PK_OK);
    assert_int_equal(pk_strings_add(&requirements.hints, "a"), PK_OK);
    assert_int_equal(pk_requirements_add_credential(&requirements, bytes, 0), PK_OK);
    pk_requirements_clear(&requirements);
    assert_null(requirements.rp_id);
    assert_null(requirements.credentials);
    assert_int_equal(requirements.credential_count, 0);
    assert_int_equal(requirements.trust_anchor_count, 0);
    pk_requirements_clear(&requirements);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credentials_are_copied_in_order),
        cmocka_unit_test(credentials_are_limited),
        cmocka_unit_test(clear_releases_every_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
