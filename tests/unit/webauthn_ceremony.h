/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements and records that the samples fulfil. */
#ifndef PK_TESTS_WEBAUTHN_CEREMONY_H
#define PK_TESTS_WEBAUTHN_CEREMONY_H

#include "common/webauthn/verify.h"
#include "tests/unit/webauthn_samples.h"
#include "tests/unit/webauthn_support.h"

static inline struct pk_requirements sample_requirements(enum pk_ceremony ceremony)
{
    struct pk_requirements requirements = {.ceremony = ceremony};

    requirements.challenge = (struct pk_bytes){malloc(PK_CHALLENGE_SIZE), PK_CHALLENGE_SIZE};
    assert_non_null(requirements.challenge.data);
    for (uint8_t i = 0; i < PK_CHALLENGE_SIZE; i++)
        requirements.challenge.data[i] = i;
    requirements.rp_id = strdup("example.org");
    assert_non_null(requirements.rp_id);
    assert_status(pk_strings_add(&requirements.origins, "https://example.org"), PK_OK);
    requirements.algorithms[0] = -257;
    requirements.algorithms[1] = -7;
    requirements.algorithm_count = 2;
    requirements.user_verification = PK_REQUIRED;
    requirements.user_identified_before = true;
    requirements.time = 1735689600; /* 2025-01-01 */
    return requirements;
}

static inline struct pk_credential_record sample_record(void)
{
    struct pk_credential_record record = {.sign_count = 4};

    record.id = unhex(sample_credential_id);
    record.public_key = unhex(sample_es256_key);
    record.user_handle = unhex("0102");
    return record;
}

#define AUTO_RECORD __attribute__((cleanup(pk_credential_record_clear)))

#endif
