/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the Authsignal dialect share. */
#ifndef TESTS_UNIT_AUTHSIGNAL_EXCHANGES_H
#define TESTS_UNIT_AUTHSIGNAL_EXCHANGES_H

#include "common/base/text.h"
#include "tests/unit/http_samples.h"

#define ERROR_RES "authsignal.error.res"
#define PASSKEYS  "/client/user-authenticators/passkey"

#define DAEMON_PASSKEY                                                                             \
    "{'credentialId':'AAEC','name':'Laptop','aaguid':'01020304-0506-0708-0102-030405060708',"      \
    "'backupEligible':true,'backupState':false,'created':1795838400,'lastUsed':0}"
#define AUTHENTICATOR_WITH(used, is_default, names)                                                \
    "{'userAuthenticatorId':'AAEC','verificationMethod':'PASSKEY',"                                \
    "'createdAt':'2026-11-28T04:00:00.000Z','verifiedAt':'2026-11-28T04:00:00.000Z'," used         \
    "'isDefault':" is_default "," names "'webauthnCredential':{'credentialId':'AAEC',"             \
    "'name':'Laptop','aaguid':'01020304-0506-0708-0102-030405060708','credentialBackedUp':false,"  \
    "'credentialDeviceType':'multiDevice','verifiedAt':'2026-11-28T04:00:00.000Z'}}"

#define NAMED_AUTHENTICATOR                                                                        \
    AUTHENTICATOR_WITH("", "true", "'username':'ann@a.example','displayName':'Ann',")
#define FIRST_AUTHENTICATOR  AUTHENTICATOR_WITH("", "true", "")
#define SECOND_AUTHENTICATOR AUTHENTICATOR_WITH("", "false", "")
#define USED_AUTHENTICATOR                                                                         \
    AUTHENTICATOR_WITH("'lastVerifiedAt':'2026-11-28T04:01:00.000Z',", "false", "")

static inline int authsignal_start(void **state)
{
    (void)state;
    fake_start(&dialect_authsignal);
    return 0;
}

static inline int authsignal_stop(void **state)
{
    (void)state;
    fake_stop();
    return 0;
}

#define AUTHSIGNAL_TEST(name)                                                                      \
    cmocka_unit_test_setup_teardown(name, authsignal_start, authsignal_stop)

static inline void with_token(void)
{
    fake_header("Authorization", "Bearer aa.bb.cc");
}

static inline void with_tenant(void)
{
    fake_header("Authorization", "Basic tenant");
}

static inline void with_secret(void)
{
    fake_header("Authorization", "Basic secret");
}

/* It was answered with that error in all of its three members' words. */
static inline void authsignal_failed(unsigned status, const char *error)
{
    const json_t *answer = fake_answer(status, ERROR_RES);
    const char *said = json_string_value(json_object_get(answer, "error"));

    if (!said || strcmp(said, error) != 0)
        fail_msg("%s instead of %s", said ? said : "no error", error);
    assert_string_equal(json_string_value(json_object_get(answer, "errorCode")), error);
    assert_non_null(json_string_value(json_object_get(answer, "errorDescription")));
    assert_int_equal(json_object_size(answer), 3);
}

static inline void authsignal_refused(const char *line, const char *body, unsigned status,
                                      const char *error)
{
    fake_request(line, body);
    if (fake_is_asked())
        fail_msg("the daemon was asked: %s %s", line, body ? body : "");
    authsignal_failed(status, error);
}

#endif
