/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the Hanko dialect share. */
#ifndef TESTS_UNIT_HANKO_EXCHANGES_H
#define TESTS_UNIT_HANKO_EXCHANGES_H

#include "tests/unit/http_samples.h"

#define CREATION_RES "hanko.registration-initialize.res"
#define REQUEST_RES  "hanko.login-initialize.res"
#define TOKEN_RES    "hanko.token.res"
#define ERROR_RES    "hanko.error.res"

#define KEY_ERROR                                                                                  \
    "{'title':'The api key is invalid','details':'api keys needs to be an apiKey Header and 32 "   \
    "byte long','status':401}"
#define INTERNAL_ERROR "{'title':'Internal Server Error','status':500}"

/* Every test sends an API key, unless it takes that off. */
static inline int hanko_start(void **state)
{
    (void)state;
    fake_start(&dialect_hanko);
    fake_header("apiKey", "key");
    return 0;
}

static inline int hanko_stop(void **state)
{
    (void)state;
    fake_stop();
    return 0;
}

#define HANKO_TEST(name) cmocka_unit_test_setup_teardown(name, hanko_start, hanko_stop)

/* Refused without the daemon. */
static inline void hanko_refused(const char *line, const char *body, unsigned status,
                                 const char *title, const char *details)
{
    PK_AUTO_FREE char *answer =
        pk_text_format("{'title':'%s','details':'%s','status':%u}", title, details, status);

    fake_refused(line, body, status, ERROR_RES, answer);
    assert_string_equal(fake_answer_header("X-Request-Id"), FAKE_ID);
}

#endif
