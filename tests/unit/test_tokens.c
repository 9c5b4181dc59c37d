/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tokens that are made: what they say, and that only an approval or an application's key brings one
 * about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/tokens/keys.h"
#include "daemon/tokens/private_keys.h"
#include "daemon/tokens/signing.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/token_parties.h"

#include <jansson.h>
#include <string.h>

/* Part n of a token as JSON. */
static json_t *part(const char *token, int n)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};

    for (; n > 0; n--)
        token = strchr(token, '.') + 1;
    assert_int_equal(
        pk_base64url_decode((struct pk_view){(const uint8_t *)token, strcspn(token, ".")}, 4096,
                            &text),
        PK_OK);
    return json_loadb((const char *)text.data, text.len, 0, NULL);
}

/* The same without the id that is another in every token, and there. */
static json_t *without_root(json_t *claims)
{
    assert_int_equal(json_string_length(json_object_get(claims, "root_token_id")), 36);
    (void)json_object_del(claims, "root_token_id");
    return claims;
}

static void assert_json(json_t *taken, const char *expected)
{
    char *text = json_dumps(taken, JSON_COMPACT | JSON_SORT_KEYS);

    assert_string_equal(text, expected);
    free(text);
    json_decref(taken);
}

/* --- what tokens say -------------------------------------------------------------------------- */

static void each_kind_says_what_it_is_known_to_say(void **state)
{
    static const struct token_details details = {
        .transaction = "t-1", .action = "pay", .idempotency_key = "i-1", .scope = "a b"};
    AUTO_TOKENS struct tokens hanko_tokens = approved(&hanko, &details);
    AUTO_TOKENS struct tokens standard_tokens = approved(&standard, &details);
    AUTO_TOKENS struct tokens authsignal_tokens = approved(&authsignal, &details);

    (void)state;
    share_secret(&cloudreve);
    share_secret(&autional);
    AUTO_TOKENS struct tokens cloudreve_tokens = approved(&cloudreve, &details);
    AUTO_TOKENS struct tokens autional_tokens = approved(&autional, &details);
    assert_json(part(hanko_tokens.token, 1),
                "{\"aud\":[\"example.org\"],\"cred\":\"aGFua28\",\"exp\":1700000300,"
                "\"iat\":1700000000,\"sub\":\"u-1\",\"trans\":\"t-1\"}");
    assert_int_equal(hanko_tokens.expires, NOW + 300);
    assert_null(hanko_tokens.refresh);
    assert_json(part(standard_tokens.token, 1),
                "{\"action\":\"pay\",\"aud\":\"example.org\",\"cred\":\"c3RhbmRhcmQ\","
                "\"exp\":1700000300,\"iat\":1700000000,\"idempotency_key\":\"i-1\","
                "\"iss\":\"https://example.org/v1\",\"scope\":\"a b\",\"sub\":\"u-1\","
                "\"trans\":\"t-1\"}");
    assert_json(part(authsignal_tokens.token, 1),
                "{\"aud\":\"https://example.org/v1\",\"cred\":\"YXV0aHNpZ25hbA\","
                "\"exp\":1700000600,\"iat\":1700000000,\"other\":{\"actionCode\":\"pay\","
                "\"idempotencyKey\":\"i-1\",\"scope\":\"a b\",\"tenantId\":\"tenant-1\","
                "\"transactionId\":\"t-1\",\"userId\":\"u-1\"},\"sub\":\"u-1\"}");
    assert_json(part(cloudreve_tokens.token, 0), "{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
    assert_json(part(cloudreve_tokens.token, 1), "{\"exp\":1700003600,\"nbf\":1700000000,"
                                                 "\"sub\":\"u-1\",\"token_type\":\"access\"}");
    assert_json(without_root(part(cloudreve_tokens.refresh, 1)),
                "{\"exp\":1701209600,\"nbf\":1700000000,"
                "\"state_hash\":\"0x5fnMylMyLHblDg4lbl3yEcNQFur9iU5RJyN1oPFTs=\","
                "\"sub\":\"u-1\",\"token_type\":\"refresh\"}");
    assert_int_equal(cloudreve_tokens.refresh_expires, NOW + 1209600);
    assert_json(part(autional_tokens.token, 1),
                "{\"exp\":1700001800,\"iat\":1700000000,\"sub\":\"u-1\","
                "\"tenant_id\":\"tenant-1\",\"token_type\":\"access\"}");
    assert_int_equal(autional_tokens.refresh_expires, NOW + 86400);
}

static void the_header_names_the_key(void **state)
{
    AUTO_TOKENS struct tokens tokens = approved(&hanko, NULL);
    AUTO_SIGNING_KEY_LIST struct signing_key_list keys = {0};
    json_t *header = part(tokens.token, 0);

    (void)state;
    assert_int_equal(bare_store()->verbs->signing_key_list(bare_store(), "hanko", NOW, &keys),
                     PK_OK);
    assert_int_equal(keys.count, 1);
    assert_string_equal(json_string_value(json_object_get(header, "kid")), keys.items[0].kid);
    assert_string_equal(json_string_value(json_object_get(header, "alg")), "RS256");
    assert_string_equal(json_string_value(json_object_get(header, "typ")), "JWT");
    assert_int_equal(json_object_size(header), 3);
    json_decref(header);
}

static void claims_come_back(void **state)
{
    static const struct token_details details = {
        .transaction = "t-1", .action = "pay", .idempotency_key = "i-1", .scope = "a b"};
    AUTO_TOKEN_CLAIMS struct token_claims claims = {0};
    AUTO_TOKENS struct tokens tokens = approved(&authsignal, &details);

    (void)state;
    assert_status(
        tokens_check(bare_store(), &authsignal, pk_view_string(tokens.token), NOW, &claims), PK_OK);
    assert_string_equal(claims.user, USER);
    assert_string_equal(claims.credential, "YXV0aHNpZ25hbA");
    assert_string_equal(claims.transaction, "t-1");
    assert_string_equal(claims.action, "pay");
    assert_string_equal(claims.idempotency_key, "i-1");
    assert_string_equal(claims.scope, "a b");
    assert_int_equal(claims.issued, NOW);
    assert_int_equal(claims.expires, NOW + 600);
    assert_true(claims.approved);
    assert_false(claims.refresh);
    assert_int_equal(strlen(claims.kid), 36);
    assert_json(json_loads(claims.json, 0, NULL),
                "{\"aud\":\"https://example.org/v1\",\"cred\":\"YXV0aHNpZ25hbA\","
                "\"exp\":1700000600,\"iat\":1700000000,\"other\":{\"actionCode\":\"pay\","
                "\"idempotencyKey\":\"i-1\",\"scope\":\"a b\",\"tenantId\":\"tenant-1\","
                "\"transactionId\":\"t-1\",\"userId\":\"u-1\"},\"sub\":\"u-1\"}");
}

/* --- who gets them ---------------------------------------------------------------------------- */

static void a_registration_gets_what_its_kind_has(void **state)
{
    static const bool expected[PARTIES] = {true, true, false, true, false};

    (void)state;
    for (size_t i = 0; i < PARTIES; i++) {
        AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, parties[i]->rp);
        PK_CLEANUP(approval_free) struct approval *approval = register_at(&key, parties[i]->rp);
        AUTO_TOKENS struct tokens tokens = {0};

        assert_status(
            tokens_issue_for_approval(bare_store(), parties[i], approval, NULL, NOW, &tokens),
            PK_OK);
        assert_int_equal(tokens.token != NULL, expected[i]);
    }
}

static void another_partys_approval_brings_nothing(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_TOKENS struct tokens tokens = {0};

    (void)state;
    approval_free(register_at(&key, "hanko"));
    PK_CLEANUP(approval_free) struct approval *approval = sign_in_at(&key, "hanko");
    assert_status(tokens_issue_for_approval(bare_store(), &standard, approval, NULL, NOW, &tokens),
                  PK_INTERNAL);
    assert_status(tokens_issue_for_approval(bare_store(), &hanko, NULL, NULL, NOW, &tokens),
                  PK_INTERNAL);
    assert_null(tokens.token);
}

/* A sign-in to this host is none to an application that has the same name. */
static void a_system_accounts_approval_brings_nothing(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    const struct account alice = {.rp = (char[]){"hanko"}, .name = (char[]){"alice"}, .uid = ALICE};
    PK_CLEANUP(approval_free) struct approval *approval = NULL;
    AUTO_TOKENS struct tokens tokens = {0};

    (void)state;
    approval = soft_key_register(&key, bare_store(), CORRELATION, RP_ID, &alice);
    assert_status(tokens_issue_for_approval(bare_store(), &hanko, approval, NULL, NOW, &tokens),
                  PK_INTERNAL);
}

static void a_shared_key_has_to_be_there(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_TOKENS struct tokens tokens = {0};

    (void)state;
    approval_free(register_at(&key, "cloudreve"));
    PK_CLEANUP(approval_free) struct approval *approval = sign_in_at(&key, "cloudreve");
    assert_status(tokens_issue_for_approval(bare_store(), &cloudreve, approval, NULL, NOW, &tokens),
                  PK_UNAVAILABLE);
}

static void a_lifetime_can_be_shorter_and_not_longer(void **state)
{
    AUTO_TOKENS struct tokens shorter = approved(&hanko, &(struct token_details){.lifetime = 10});
    AUTO_TOKENS struct tokens longer =
        approved(&authsignal, &(struct token_details){.lifetime = 99999});

    (void)state;
    assert_int_equal(shorter.expires, NOW + 10);
    assert_int_equal(longer.expires, NOW + 600);
}

static void long_texts_are_refused(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_TOKENS struct tokens tokens = {0};
    char text[PK_TOKEN_TEXT_MAX + 2];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    approval_free(register_at(&key, "hanko"));
    PK_CLEANUP(approval_free) struct approval *approval = sign_in_at(&key, "hanko");
    assert_status(tokens_issue_for_approval(bare_store(), &hanko, approval,
                                            &(struct token_details){.transaction = text}, NOW,
                                            &tokens),
                  PK_INVALID_ARGUMENT);
}

/* --- signatures --------------------------------------------------------------------------------
 */

/* RFC 7518 section 3.4: two numbers of 32 bytes, whatever their first bytes are. */
static void a_signature_is_of_its_size(void **state)
{
    AUTO_SIGNING_KEY struct signing_key key = {0};
    json_t *claims = json_object();

    (void)state;
    assert_status(keys_signing(bare_store(), &standard, NOW, &key), PK_OK);
    assert_string_equal(key.algorithm, "ES256");
    /* One number in 256 has a zero in front, one in two needs one in DER. */
    for (int i = 0; i < 300; i++) {
        AUTO_TOKEN_TEXT struct token_text text = {0};
        PK_AUTO_FREE char *token = NULL;

        assert_status(signing_sign(&key, claims, true, &token), PK_OK);
        assert_int_equal(strlen(strrchr(token, '.') + 1), 86);
        if (i % 50 != 0)
            continue;
        assert_status(token_text_parse(pk_view_string(token), &text), PK_OK);
        assert_status(signing_verify(&key, &text), PK_OK);
    }
    json_decref(claims);
}

static void a_key_signs_by_its_own_algorithm_alone(void **state)
{
    AUTO_SIGNING_KEY struct signing_key rsa = {0};
    AUTO_SIGNING_KEY struct signing_key ec = {0};
    json_t *claims = json_object();
    PK_AUTO_FREE char *token = NULL;

    (void)state;
    assert_status(keys_signing(bare_store(), &hanko, NOW, &rsa), PK_OK);
    assert_status(keys_signing(bare_store(), &standard, NOW, &ec), PK_OK);
    (void)memcpy(rsa.algorithm, "ES", 2);
    (void)memcpy(ec.algorithm, "RS", 2);
    assert_status(signing_sign(&rsa, claims, true, &token), PK_INTERNAL);
    assert_status(signing_sign(&ec, claims, true, &token), PK_INTERNAL);
    private_keys_forget();
    assert_status(signing_sign(&ec, claims, true, &token), PK_INTERNAL);
    (void)memcpy(ec.algorithm, "ES", 2);
    assert_status(signing_sign(&ec, claims, true, &token), PK_OK);
    json_decref(claims);
}

/* More than are kept, one after the other and again: each token is of the key that was asked for.
 */
static void many_keys_sign_in_turn(void **state)
{
    enum { KEYS = 40 };
    struct signing_key keys[KEYS] = {0};
    json_t *claims = json_object();

    (void)state;
    for (int i = 0; i < KEYS; i++) {
        char rp[16];
        const struct token_party party = {.rp = rp, .http = PK_HTTP_STANDARD};

        (void)snprintf(rp, sizeof(rp), "many-%d", i);
        assert_status(keys_signing(bare_store(), &party, NOW, &keys[i]), PK_OK);
    }
    for (int i = 0; i < 3 * KEYS; i++) {
        const struct signing_key *key = &keys[i * 7 % KEYS];
        const struct signing_key *other = &keys[(i * 7 + 1) % KEYS];
        AUTO_TOKEN_TEXT struct token_text text = {0};
        PK_AUTO_FREE char *token = NULL;

        assert_status(signing_sign(key, claims, true, &token), PK_OK);
        assert_status(token_text_parse(pk_view_string(token), &text), PK_OK);
        assert_status(signing_verify(key, &text), PK_OK);
        assert_status(signing_verify(other, &text), PK_SIGNATURE_INVALID);
    }
    for (int i = 0; i < KEYS; i++)
        signing_key_clear(&keys[i]);
    json_decref(claims);
}

static void a_party_is_of_its_configuration(void **state)
{
    AUTO_TOKEN_PARTY struct token_party party = {0};
    struct token_party none = {0};

    (void)state;
    configure_daemon("[rp portal]\nid = example.org\nhttp = authsignal\ntenant-id = t-1\n"
                     "origins = https://www.example.org:8443, https://example.org\n"
                     "[rp plain]\nid = example.org\n");
    assert_status(token_party_copy(config_rp(bare_daemon()->config, "portal"), &party), PK_OK);
    assert_int_equal(party.http, PK_HTTP_AUTHSIGNAL);
    assert_string_equal(party.rp, "portal");
    assert_string_equal(party.rp_id, "example.org");
    assert_string_equal(party.url, "https://www.example.org:8443/v1");
    assert_string_equal(party.tenant, "t-1");
    assert_status(token_party_copy(config_rp(bare_daemon()->config, "plain"), &none),
                  PK_INVALID_ARGUMENT);
    assert_status(token_party_copy(config_rp(bare_daemon()->config, "default"), &none),
                  PK_INVALID_ARGUMENT);
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, bare_daemon_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_kind_says_what_it_is_known_to_say),
        TEST(the_header_names_the_key),
        TEST(claims_come_back),
        TEST(a_registration_gets_what_its_kind_has),
        TEST(another_partys_approval_brings_nothing),
        TEST(a_system_accounts_approval_brings_nothing),
        TEST(a_shared_key_has_to_be_there),
        TEST(a_lifetime_can_be_shorter_and_not_longer),
        TEST(long_texts_are_refused),
        TEST(a_signature_is_of_its_size),
        TEST(a_key_signs_by_its_own_algorithm_alone),
        TEST(many_keys_sign_in_turn),
        TEST(a_party_is_of_its_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
