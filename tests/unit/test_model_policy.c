/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The models that an administrator allows, by AAGUID: who vouches for one. The registrations are
 * those of tests/vectors, which have no AAGUID lists of their own.
 */
#include "common/base/text.h"
#include "common/webauthn/json.h"
#include "tests/unit/webauthn_ceremony.h"

#define VECTOR_MAX 65536

/* A registration as it was made, and requirements that it fulfils. */
struct vector {
    struct pk_bytes file;
    struct pk_json *json;
    struct pk_requirements requirements;
};

static const struct pk_json_value *input_of(const struct vector *vector, const char *member)
{
    return pk_json_get(pk_json_get(pk_json_root(vector->json), "input"), member);
}

static void read_file(const char *name, struct pk_bytes *ret)
{
    PK_AUTO_FREE char *path =
        pk_text_format("%s/tests/vectors/valid/%s.json", getenv("srcdir"), name);
    PK_AUTO_FCLOSE FILE *file = fopen(path, "re");

    assert_non_null(file);
    ret->data = malloc(VECTOR_MAX);
    assert_non_null(ret->data);
    ret->len = fread(ret->data, 1, VECTOR_MAX, file);
    assert_true(ret->len > 0 && ret->len < VECTOR_MAX);
}

static void read_anchors(struct vector *vector)
{
    const struct pk_json_value *anchors = input_of(vector, "trustAnchors");
    struct pk_view text;

    if (!anchors)
        return;
    assert_int_equal(anchors->count, 1);
    vector->requirements.trust_anchors = calloc(1, sizeof(struct pk_bytes));
    assert_non_null(vector->requirements.trust_anchors);
    assert_true(pk_json_string(anchors->first, &text));
    assert_status(pk_base64_decode(text, VECTOR_MAX, &vector->requirements.trust_anchors[0]),
                  PK_OK);
    vector->requirements.trust_anchor_count = 1;
}

static void vector_load(const char *name, struct vector *ret)
{
    ret->requirements = sample_requirements(PK_REGISTRATION);
    ret->requirements.time = 1767225600; /* 2026-01-01 */
    read_file(name, &ret->file);
    assert_status(pk_json_parse(pk_view_of(&ret->file), &ret->json), PK_OK);
    pk_bytes_clear(&ret->requirements.challenge);
    assert_status(
        pk_json_bytes(input_of(ret, "challenge"), PK_CHALLENGE_SIZE, &ret->requirements.challenge),
        PK_OK);
    ret->requirements.aaguid_allow = calloc(1, PK_AAGUID_SIZE);
    assert_non_null(ret->requirements.aaguid_allow);
    read_anchors(ret);
}

static void vector_clear(struct vector *vector)
{
    pk_requirements_clear(&vector->requirements);
    pk_json_free(vector->json);
    pk_bytes_clear(&vector->file);
}

/* Registers; on success the model it has, or says it has, becomes the one that is allowed. */
static enum pk_status registers(struct vector *vector)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result result = {
        0};
    enum pk_status status = pk_registration_response_verify(
        &vector->requirements, input_of(vector, "credential")->raw, &result);

    if (status == PK_OK)
        memcpy(vector->requirements.aaguid_allow[0], result.aaguid, PK_AAGUID_SIZE);
    return status;
}

static void a_model_needs_somebody_who_vouches(void **state)
{
    static const struct {
        const char *name;
        enum pk_status status;
    } cases[] = {
        {"packed-es256", PK_OK},
        {"packed-intermediate", PK_OK},
        {"packed-no-aaguid-extension", PK_OK}, /* no anchors: a certificate is all that is asked */
        /* The maker's key signs no AAGUID, or nobody's key but the credential's own does. */
        {"fido-u2f", PK_AAGUID_NOT_ALLOWED},
        {"fido-u2f-aaguid", PK_AAGUID_NOT_ALLOWED},
        {"android-key", PK_AAGUID_NOT_ALLOWED},
        {"es256-self", PK_AAGUID_NOT_ALLOWED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        __attribute__((cleanup(vector_clear))) struct vector vector = {0};
        enum pk_status status;

        vector_load(cases[i].name, &vector);
        assert_status(registers(&vector), PK_OK);
        vector.requirements.aaguid_allow_count = 1;
        status = registers(&vector);
        if (status != cases[i].status)
            fail_msg("%s: %s", cases[i].name, pk_status_name(status));
        vector.requirements.aaguid_allow[0][0] ^= 1;
        assert_status(registers(&vector), PK_AAGUID_NOT_ALLOWED);
    }
}

static void a_certificate_that_leads_nowhere_vouches_for_nothing(void **state)
{
    __attribute__((cleanup(vector_clear))) struct vector vector = {0};

    (void)state;
    vector_load("packed-es256", &vector);
    assert_status(registers(&vector), PK_OK);
    vector.requirements.aaguid_allow_count = 1;
    vector.requirements.time = 0; /* before the certificates' */
    assert_status(registers(&vector), PK_AAGUID_NOT_ALLOWED);
    vector.requirements.aaguid_allow_count = 0;
    assert_status(registers(&vector), PK_OK);
    vector.requirements.require_trusted_attestation = true;
    assert_status(registers(&vector), PK_ATTESTATION_UNTRUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_needs_somebody_who_vouches),
        cmocka_unit_test(a_certificate_that_leads_nowhere_vouches_for_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
