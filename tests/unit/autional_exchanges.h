/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the Autional dialect share. */
#ifndef TESTS_UNIT_AUTIONAL_EXCHANGES_H
#define TESTS_UNIT_AUTIONAL_EXCHANGES_H

#include "common/base/text.h"
#include "gateway/members.h"
#include "tests/unit/http_samples.h"

#define ERROR_RES  "autional.error.res"
#define SIMPLE_RES "autional.simple.res"
#define AUTH       "/bff/identity-service/api/v1/auth"
#define FACTORS    "/bff/mfa-service/api/v1/mfa/webauthn/credentials"

#define SNAKE_ATTESTATION                                                                          \
    "{\"id\":\"AAEC\",\"raw_id\":\"AAEC\",\"type\":\"public-key\",\"response\":{"                  \
    "\"client_data_json\":\"" HTTP_CLIENT_DATA "\",\"attestation_object\":\"o2Nm\","               \
    "\"transports\":[\"internal\"]},\"client_extension_results\":{}}"
#define SNAKE_ASSERTION                                                                            \
    "{\"id\":\"AAEC\",\"raw_id\":\"AAEC\",\"type\":\"public-key\",\"user_id\":\"u\","              \
    "\"response\":{\"client_data_json\":\"" HTTP_CLIENT_DATA "\",\"authenticator_data\":\"SZYN\"," \
    "\"signature\":\"MEUC\",\"user_handle\":\"dS0x\"}}"

static inline int autional_start(void **state)
{
    (void)state;
    fake_start(&dialect_autional);
    fake_header("Authorization", "Bearer aa.bb.cc");
    return 0;
}

static inline int autional_stop(void **state)
{
    (void)state;
    fake_stop();
    return 0;
}

#define AUTIONAL_TEST(name) cmocka_unit_test_setup_teardown(name, autional_start, autional_stop)

/* It was answered with that body, but for its last member, the time. */
static inline void autional_answered(unsigned status, const char *schema, const char *body)
{
    AUTO_JSON json_t *expected = fake_json(body);
    const json_t *answer = fake_answer(status, schema);
    PK_AUTO_FREE char *got = NULL;
    PK_AUTO_FREE char *wanted = NULL;

    (void)json_object_set(expected, "timestamp", json_object_get(answer, "timestamp"));
    got = json_dumps(answer, JSON_COMPACT);
    wanted = json_dumps(expected, JSON_COMPACT);
    assert_string_equal(got, wanted);
    assert_int_equal(strlen(members_find_text(answer, "timestamp", NULL)),
                     strlen("2026-11-28T04:00:00Z"));
}

static inline void autional_failed(unsigned status, int code, const char *message)
{
    PK_AUTO_FREE char *body = pk_text_format("{'code':%d,'message':'%s'}", code, message);

    autional_answered(status, ERROR_RES, body);
}

static inline void autional_refused(const char *line, const char *body, unsigned status, int code,
                                    const char *message)
{
    fake_request(line, body);
    if (fake_is_asked())
        fail_msg("the daemon was asked: %s %s", line, body ? body : "");
    autional_failed(status, code, message);
}

#define INVALID 400, 40000001, "invalid request parameters"

#endif
