/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/credential_policy.h"

#include "tests/unit/webauthn_support.h"

enum { ES256 = -7, EDDSA = -8 };

static uint8_t listed[1][PK_AAGUID_SIZE] = {{0xa0, 0xa1}};
static uint8_t zeros[1][PK_AAGUID_SIZE];

static struct pk_requirements offering_es256(void)
{
    return (struct pk_requirements){
        .ceremony = PK_REGISTRATION, .algorithms = {ES256}, .algorithm_count = 1};
}

static struct pk_credential_claims attested(void)
{
    return (struct pk_credential_claims){
        .algorithm = ES256,
        .trust = PK_TRUST_YES,
        .aaguid = {listed[0], PK_AAGUID_SIZE},
        .aaguid_attested = true,
    };
}

static void algorithm(void **state)
{
    struct pk_requirements requirements = offering_es256();
    struct pk_credential_claims claims = attested();

    (void)state;
    assert_status(pk_requirements_check_credential(&requirements, &claims), PK_OK);
    claims.algorithm = EDDSA;
    assert_status(pk_requirements_check_credential(&requirements, &claims),
                  PK_ALGORITHM_NOT_OFFERED);
    assert_true(pk_requirements_offer(&requirements, ES256));
    assert_false(pk_requirements_offer(&requirements, EDDSA));
}

static void trust(void **state)
{
    struct pk_requirements requirements = offering_es256();
    struct pk_credential_claims claims = attested();

    (void)state;
    requirements.require_trusted_attestation = true;
    assert_status(pk_requirements_check_credential(&requirements, &claims), PK_OK);
    claims.trust = PK_TRUST_NO;
    assert_status(pk_requirements_check_credential(&requirements, &claims),
                  PK_ATTESTATION_UNTRUSTED);
    claims.trust = PK_TRUST_UNKNOWN;
    assert_status(pk_requirements_check_credential(&requirements, &claims),
                  PK_ATTESTATION_UNTRUSTED);
}

static void allowed_only_when_attested(void **state)
{
    struct pk_requirements requirements = offering_es256();
    struct pk_credential_claims claims = attested();

    (void)state;
    requirements.aaguid_allow = listed;
    requirements.aaguid_allow_count = 1;
    assert_status(pk_requirements_check_credential(&requirements, &claims), PK_OK);
    claims.aaguid_attested = false;
    assert_status(pk_requirements_check_credential(&requirements, &claims), PK_AAGUID_NOT_ALLOWED);
    claims.aaguid_attested = true;
    claims.aaguid.ptr = zeros[0];
    assert_status(pk_requirements_check_credential(&requirements, &claims), PK_AAGUID_NOT_ALLOWED);
}

static void denied_even_when_allowed(void **state)
{
    struct pk_requirements requirements = offering_es256();
    struct pk_credential_claims claims = attested();

    (void)state;
    requirements.aaguid_allow = listed;
    requirements.aaguid_allow_count = 1;
    requirements.aaguid_deny = listed;
    requirements.aaguid_deny_count = 1;
    assert_status(pk_requirements_check_credential(&requirements, &claims), PK_AAGUID_DENIED);
    claims.aaguid_attested = false;
    assert_status(pk_requirements_check_credential(&requirements, &claims), PK_AAGUID_DENIED);
}

/* OpenSSH's keys: no attestation, no AAGUID, and no account in the key. */
static void without_aaguid(void **state)
{
    struct pk_requirements requirements = offering_es256();
    struct pk_credential_claims claims = {.algorithm = ES256, .never_discoverable = true};

    (void)state;
    assert_status(pk_requirements_check_credential(&requirements, &claims), PK_OK);
    requirements.aaguid_deny = listed;
    requirements.aaguid_deny_count = 1;
    assert_status(pk_requirements_check_credential(&requirements, &claims), PK_OK);
    requirements.aaguid_deny = zeros;
    assert_status(pk_requirements_check_credential(&requirements, &claims), PK_AAGUID_DENIED);
    requirements.aaguid_allow = zeros;
    requirements.aaguid_allow_count = 1;
    assert_status(pk_requirements_check_credential(&requirements, &claims), PK_AAGUID_NOT_ALLOWED);
    requirements.require_trusted_attestation = true;
    assert_status(pk_requirements_check_credential(&requirements, &claims),
                  PK_ATTESTATION_UNTRUSTED);
}

static void resident_key(void **state)
{
    struct pk_requirements requirements = offering_es256();
    struct pk_credential_claims claims = {.algorithm = EDDSA, .never_discoverable = true};

    (void)state;
    requirements.resident_key = PK_PREFERRED;
    assert_status(pk_requirements_check_credential(&requirements, &claims),
                  PK_ALGORITHM_NOT_OFFERED);
    requirements.resident_key = PK_REQUIRED;
    assert_status(pk_requirements_check_credential(&requirements, &claims),
                  PK_RESIDENT_KEY_MISSING);
    requirements.resident_key = PK_REQUIREMENT_UNSET;
    requirements.require_resident_key = true;
    assert_status(pk_requirements_check_credential(&requirements, &claims),
                  PK_RESIDENT_KEY_MISSING);
    claims = attested();
    assert_status(pk_requirements_check_credential(&requirements, &claims), PK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(algorithm),
        cmocka_unit_test(trust),
        cmocka_unit_test(allowed_only_when_attested),
        cmocka_unit_test(denied_even_when_allowed),
        cmocka_unit_test(without_aaguid),
        cmocka_unit_test(resident_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
