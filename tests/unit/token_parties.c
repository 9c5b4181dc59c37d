/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/token_parties.h"

#include "common/base/cleanup.h"
#include "daemon/tokens/keys.h"
#include "daemon/verify/verify_and_commit.h"
#include "tests/unit/bare_daemon.h"

#include <string.h>

#define PARTY(http, name)                                                                          \
    {                                                                                              \
        http, (char[]){name}, (char[]){RP_ID}, (char[]){"https://" RP_ID "/v1"}, (char[])          \
        {                                                                                          \
            "tenant-1"                                                                             \
        }                                                                                          \
    }
const struct token_party standard = PARTY(PK_HTTP_STANDARD, "standard");
const struct token_party hanko = PARTY(PK_HTTP_HANKO, "hanko");
const struct token_party cloudreve = PARTY(PK_HTTP_CLOUDREVE, "cloudreve");
const struct token_party authsignal = PARTY(PK_HTTP_AUTHSIGNAL, "authsignal");
const struct token_party autional = PARTY(PK_HTTP_AUTIONAL, "autional");
const struct token_party *const parties[PARTIES] = {&standard, &hanko, &cloudreve, &authsignal,
                                                    &autional};

struct approval *register_at(const struct soft_key *key, const char *rp)
{
    AUTO_ACCOUNT struct account user = {.rp = strdup(rp), .name = strdup(USER), .uid = PK_NO_UID};

    return soft_key_register(key, bare_store(), CORRELATION, RP_ID, &user);
}

/* A sign-in with that key, which has been registered. */
struct approval *sign_in_at(const struct soft_key *key, const char *rp)
{
    static const uint8_t hash[PK_HASH_SIZE] = {1};
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = begin_ceremony(USER, PK_NO_UID);
    PK_AUTO_BYTES struct pk_bytes data = soft_key_data(RP_ID, PK_FLAG_UP, 5);
    PK_AUTO_BYTES struct pk_bytes signature = soft_key_sign(key, pk_view_of(&data), hash);
    struct verdict verdict;

    free(ceremony->account.rp);
    ceremony->account.rp = strdup(rp);
    ceremony->system_account = false;
    verdict =
        verify_and_commit_assertion(bare_store(), ceremony, hash,
                                    &(struct pk_assertion){.credential_id = pk_view_string(key->id),
                                                           .authenticator_data = pk_view_of(&data),
                                                           .signature = pk_view_of(&signature)});
    assert_status(verdict.status, PK_OK);
    return verdict.approval;
}

void share_secret(const struct token_party *party)
{
    AUTO_SIGNING_KEY struct signing_key key = {0};

    assert_status(keys_replace(bare_store(), party,
                               &(struct key_change){.secret = pk_view_string(SECRET)}, NOW, &key),
                  PK_OK);
    assert_true(key.imported);
}

struct tokens approved(const struct token_party *party, const struct token_details *details)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, party->rp);
    struct tokens tokens = {0};

    approval_free(register_at(&key, party->rp));
    PK_CLEANUP(approval_free) struct approval *approval = sign_in_at(&key, party->rp);
    assert_status(tokens_issue_for_approval(bare_store(), party, approval, details, NOW, &tokens),
                  PK_OK);
    return tokens;
}
