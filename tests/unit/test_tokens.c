/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tokens: what they say, that only an approval or an application's key brings one about, and that
 * nothing but a key of the relying party makes one that is taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "daemon/tokens/keys.h"
#include "daemon/tokens/signing.h"
#include "daemon/tokens/tokens.h"
#include "daemon/verify/verify_and_commit.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/soft_key.h"

#include <jansson.h>
#include <pthread.h>
#include <string.h>

#define NOW     1700000000
#define SECRET  "a secret that two programs share, and nobody else"
#define USER    "u-1"
#define THREADS 4

#define PARTY(http, name)                                                                          \
    {                                                                                              \
        http, (char[]){name}, (char[]){RP_ID}, (char[]){"https://" RP_ID "/v1"}, (char[])          \
        {                                                                                          \
            "tenant-1"                                                                             \
        }                                                                                          \
    }
static const struct token_party standard = PARTY(PK_HTTP_STANDARD, "standard");
static const struct token_party hanko = PARTY(PK_HTTP_HANKO, "hanko");
static const struct token_party cloudreve = PARTY(PK_HTTP_CLOUDREVE, "cloudreve");
static const struct token_party authsignal = PARTY(PK_HTTP_AUTHSIGNAL, "authsignal");
static const struct token_party autional = PARTY(PK_HTTP_AUTIONAL, "autional");
static const struct token_party *const parties[] = {&standard, &hanko, &cloudreve, &authsignal,
                                                    &autional};
#define PARTIES (sizeof(parties) / sizeof(parties[0]))

/* --- approvals, keys and claims --------------------------------------------------------------- */

static struct approval *register_at(const struct soft_key *key, const char *rp)
{
    AUTO_ACCOUNT struct account user = {.rp = strdup(rp), .name = strdup(USER), .uid = PK_NO_UID};

    return soft_key_register(key, bare_store(), CORRELATION, RP_ID, &user);
}

/* A sign-in with that key, which has been registered. */
static struct approval *sign_in_at(const struct soft_key *key, const char *rp)
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

static void share_secret(const struct token_party *party)
{
    AUTO_SIGNING_KEY struct signing_key key = {0};

    assert_status(keys_replace(bare_store(), party,
                               &(struct key_change){.secret = pk_view_string(SECRET)}, NOW, &key),
                  PK_OK);
    assert_true(key.imported);
}

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

static void assert_json(json_t *taken, const char *expected)
{
    char *text = json_dumps(taken, JSON_COMPACT | JSON_SORT_KEYS);

    assert_string_equal(text, expected);
    free(text);
    json_decref(taken);
}

static struct tokens approved(const struct token_party *party, const struct token_details *details)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, party->rp);
    struct tokens tokens = {0};

    approval_free(register_at(&key, party->rp));
    PK_CLEANUP(approval_free) struct approval *approval = sign_in_at(&key, party->rp);
    assert_status(tokens_issue_for_approval(bare_store(), party, approval, details, NOW, &tokens),
                  PK_OK);
    return tokens;
}

static enum pk_status judge(const struct token_party *party, const char *token, int64_t now)
{
    AUTO_TOKEN_CLAIMS struct token_claims claims = {0};
    enum pk_status status = tokens_check(bare_store(), party, pk_view_string(token), now, &claims);

    assert_true((status == PK_OK) == (claims.user != NULL));
    return status;
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
    assert_json(part(cloudreve_tokens.refresh, 1), "{\"exp\":1701209600,\"nbf\":1700000000,"
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

/* --- what is taken ---------------------------------------------------------------------------- */

static void a_token_is_good_until_it_expires(void **state)
{
    (void)state;
    share_secret(&cloudreve);
    share_secret(&autional);
    for (size_t i = 0; i < PARTIES; i++) {
        AUTO_TOKENS struct tokens tokens = approved(parties[i], NULL);

        assert_status(judge(parties[i], tokens.token, NOW), PK_OK);
        assert_status(judge(parties[i], tokens.token, tokens.expires - 1), PK_OK);
        assert_status(judge(parties[i], tokens.token, tokens.expires), PK_TOKEN_EXPIRED);
    }
}

static void another_relying_party_takes_none(void **state)
{
    const struct key_change other = {.secret = pk_view_string("another secret that others share")};
    AUTO_SIGNING_KEY struct signing_key key = {0};

    (void)state;
    share_secret(&cloudreve);
    assert_status(keys_replace(bare_store(), &autional, &other, NOW, &key), PK_OK);
    for (size_t i = 0; i < PARTIES; i++) {
        AUTO_TOKENS struct tokens tokens = approved(parties[i], NULL);

        for (size_t j = 0; j < PARTIES; j++) {
            if (j != i)
                assert_status(judge(parties[j], tokens.token, NOW), PK_NOT_SIGNED_IN);
        }
    }
}

/* A token of that text, by the shared secret, which is how anything but this program makes one. */
static char *forge(const char *header, const char *claims, const char *secret)
{
    PK_AUTO_FREE char *first = pk_base64url_encode(pk_view_string(header));
    PK_AUTO_FREE char *second = pk_base64url_encode(pk_view_string(claims));
    PK_AUTO_FREE char *input = pk_text_format("%s.%s", first, second);
    PK_AUTO_FREE char *signature = NULL;
    uint8_t mac[PK_HASH_SIZE];

    assert_int_equal(pk_hmac_sha256(pk_view_string(secret), pk_view_string(input), mac), PK_OK);
    signature = pk_base64url_encode((struct pk_view){mac, sizeof(mac)});
    return pk_text_format("%s.%s", input, signature);
}

#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define GOOD  "{\"token_type\":\"access\",\"sub\":\"u-1\",\"nbf\":1700000000,\"exp\":1700003600}"

static void what_the_application_signs_is_judged_by_its_claims(void **state)
{
    static const struct {
        const char *header, *claims, *secret;
        enum pk_status status;
    } cases[] = {
        {HS256, GOOD, SECRET, PK_OK},
        {"{\"alg\":\"HS256\"}", GOOD, SECRET, PK_OK},
        {"{\"alg\":\"HS256\",\"kid\":\"x\"}", GOOD, SECRET, PK_OK},
        {HS256, GOOD, "another secret that two programs have", PK_NOT_SIGNED_IN},
        {"{\"alg\":\"none\"}", GOOD, SECRET, PK_NOT_SIGNED_IN},
        {"{\"alg\":\"None\"}", GOOD, SECRET, PK_NOT_SIGNED_IN},
        {"{\"alg\":\"hs256\"}", GOOD, SECRET, PK_NOT_SIGNED_IN},
        {"{\"alg\":\"HS512\"}", GOOD, SECRET, PK_NOT_SIGNED_IN},
        {"{\"alg\":\"RS256\"}", GOOD, SECRET, PK_NOT_SIGNED_IN},
        {"{\"alg\":[\"HS256\"]}", GOOD, SECRET, PK_NOT_SIGNED_IN},
        {"{\"typ\":\"JWT\"}", GOOD, SECRET, PK_NOT_SIGNED_IN},
        {"{\"alg\":\"HS256\",\"alg\":\"HS256\"}", GOOD, SECRET, PK_NOT_SIGNED_IN},
        {"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", GOOD, SECRET, PK_NOT_SIGNED_IN},
        {"{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", GOOD, SECRET, PK_NOT_SIGNED_IN},
        {HS256, "{\"token_type\":\"access\",\"sub\":\"u-1\",\"nbf\":1700000000}", SECRET,
         PK_NOT_SIGNED_IN},
        {HS256, "{\"token_type\":\"access\",\"sub\":\"u-1\",\"exp\":\"1700003600\"}", SECRET,
         PK_NOT_SIGNED_IN},
        {HS256, "{\"token_type\":\"access\",\"sub\":\"u-1\",\"exp\":null}", SECRET,
         PK_NOT_SIGNED_IN},
        {HS256, "{\"token_type\":\"access\",\"sub\":\"u-1\",\"exp\":1e12}", SECRET,
         PK_NOT_SIGNED_IN},
        {HS256, "{\"token_type\":\"access\",\"sub\":\"u-1\",\"exp\":99999999999999999999}", SECRET,
         PK_NOT_SIGNED_IN},
        {HS256, "{\"token_type\":\"access\",\"exp\":1700003600}", SECRET, PK_NOT_SIGNED_IN},
        {HS256, "{\"token_type\":\"access\",\"sub\":\"\",\"exp\":1700003600}", SECRET,
         PK_NOT_SIGNED_IN},
        {HS256, "{\"token_type\":\"access\",\"sub\":7,\"exp\":1700003600}", SECRET,
         PK_NOT_SIGNED_IN},
        {HS256, "{\"token_type\":\"access\",\"sub\":\"u\\u0000x\",\"exp\":1700003600}", SECRET,
         PK_NOT_SIGNED_IN},
        {HS256, "{\"token_type\":\"access\",\"sub\":\"u-1\",\"sub\":\"u-2\",\"exp\":1700003600}",
         SECRET, PK_NOT_SIGNED_IN},
        {HS256, "{\"token_type\":\"access\",\"sub\":\"u-1\",\"exp\":1700000000}", SECRET,
         PK_TOKEN_EXPIRED},
        {HS256, "{\"token_type\":\"access\",\"sub\":\"u-1\",\"nbf\":1700000010,\"exp\":1700003600}",
         SECRET, PK_OK},
        {HS256, "{\"token_type\":\"access\",\"sub\":\"u-1\",\"nbf\":1700000011,\"exp\":1700003600}",
         SECRET, PK_WRONG_TOKEN},
        {HS256, "{\"sub\":\"u-1\",\"exp\":1700003600}", SECRET, PK_WRONG_TOKEN},
        {HS256, "{\"token_type\":\"id\",\"sub\":\"u-1\",\"exp\":1700003600}", SECRET,
         PK_WRONG_TOKEN},
        {HS256, "{\"token_type\":\"access\",\"sub\":\"u-1\",\"exp\":1700003600,\"scopes\":\"x\"}",
         SECRET, PK_WRONG_TOKEN},
        {HS256, "[]", SECRET, PK_NOT_SIGNED_IN},
        {HS256, GOOD " x", SECRET, PK_NOT_SIGNED_IN},
    };

    (void)state;
    share_secret(&cloudreve);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_FREE char *token = forge(cases[i].header, cases[i].claims, cases[i].secret);
        enum pk_status status = judge(&cloudreve, token, NOW);

        if (status != cases[i].status)
            fail_msg("%s %s: %s", cases[i].header, cases[i].claims, pk_status_name(status));
    }
}

static void scopes_are_one_text(void **state)
{
    AUTO_TOKEN_CLAIMS struct token_claims claims = {0};
    PK_AUTO_FREE char *token =
        forge(HS256,
              "{\"token_type\":\"access\",\"sub\":\"u-1\",\"exp\":1700003600,"
              "\"scopes\":[\"a\",\"b.Write\"],\"client_id\":\"x\"}",
              SECRET);

    (void)state;
    share_secret(&cloudreve);
    assert_status(tokens_check(bare_store(), &cloudreve, pk_view_string(token), NOW, &claims),
                  PK_OK);
    assert_string_equal(claims.scope, "a b.Write");
    assert_string_equal(claims.kid, "");
}

static void a_tenant_takes_its_own_tokens_alone(void **state)
{
    PK_AUTO_FREE char *foreign = forge(
        HS256,
        "{\"token_type\":\"access\",\"sub\":\"u-1\",\"exp\":1700001800,\"tenant_id\":\"tenant-2\"}",
        SECRET);
    AUTO_TOKENS struct tokens tokens = approved(&authsignal, NULL);
    struct token_party other = authsignal;

    (void)state;
    share_secret(&autional);
    assert_status(judge(&autional, foreign, NOW), PK_WRONG_TOKEN);
    other.tenant = (char[]){"tenant-2"};
    assert_status(judge(&other, tokens.token, NOW), PK_WRONG_TOKEN);
    other = authsignal;
    other.url = (char[]){"https://example.org/v2"};
    assert_status(judge(&other, tokens.token, NOW), PK_WRONG_TOKEN);
    other = hanko;
    AUTO_TOKENS struct tokens tenants = approved(&hanko, NULL);
    other.rp_id = (char[]){"example.net"};
    assert_status(judge(&other, tenants.token, NOW), PK_WRONG_TOKEN);
    other = standard;
    AUTO_TOKENS struct tokens own = approved(&standard, NULL);
    other.rp_id = (char[]){"example.net"};
    assert_status(judge(&other, own.token, NOW), PK_WRONG_TOKEN);
    other = standard;
    other.url = (char[]){"https://example.net/v1"};
    assert_status(judge(&other, own.token, NOW), PK_WRONG_TOKEN);
}

/* Every prefix, one byte more, and every byte another. */
static void a_changed_token_is_none(void **state)
{
    static const struct token_party *const kinds[] = {&hanko, &authsignal};

    (void)state;
    for (size_t kind = 0; kind < 2; kind++) {
        AUTO_TOKENS struct tokens tokens = approved(kinds[kind], NULL);
        PK_AUTO_FREE char *longer = pk_text_format("%sA", tokens.token);
        PK_AUTO_FREE char *dotted = pk_text_format("%s.", tokens.token);
        size_t len = strlen(tokens.token);
        /* RSA takes longer: some of the bytes do. */
        size_t step = kind == 0 ? 7 : 1;

        assert_status(judge(kinds[kind], longer, NOW), PK_NOT_SIGNED_IN);
        assert_status(judge(kinds[kind], dotted, NOW), PK_NOT_SIGNED_IN);
        for (size_t i = 0; i < len; i += step) {
            char letter = tokens.token[i];

            tokens.token[i] = '\0';
            assert_status(judge(kinds[kind], tokens.token, NOW), PK_NOT_SIGNED_IN);
            tokens.token[i] = letter == 'A' ? 'Q' : 'A';
            assert_status(judge(kinds[kind], tokens.token, NOW), PK_NOT_SIGNED_IN);
            tokens.token[i] = letter;
        }
        assert_status(judge(kinds[kind], tokens.token, NOW), PK_OK);
    }
}

static void the_key_must_be_named(void **state)
{
    AUTO_SIGNING_KEY struct signing_key key = {0};
    AUTO_SIGNING_KEY struct signing_key other = {0};
    json_t *claims =
        json_pack("{s:s, s:s, s:i, s:i}", "sub", USER, "aud", RP_ID, "iat", NOW, "exp", NOW + 300);
    PK_AUTO_FREE char *named = NULL;
    PK_AUTO_FREE char *unnamed = NULL;
    PK_AUTO_FREE char *foreign = NULL;
    PK_AUTO_FREE char *misnamed = NULL;

    (void)state;
    assert_status(keys_signing(bare_store(), &hanko, NOW, &key), PK_OK);
    assert_status(keys_signing(bare_store(), &standard, NOW, &other), PK_OK);
    assert_status(signing_sign(&key, claims, true, &named), PK_OK);
    assert_status(signing_sign(&key, claims, false, &unnamed), PK_OK);
    assert_status(signing_sign(&other, claims, true, &foreign), PK_OK);
    free(other.kid);
    other.kid = strdup(key.kid);
    assert_status(signing_sign(&other, claims, true, &misnamed), PK_OK);
    json_decref(claims);
    assert_status(judge(&hanko, named, NOW), PK_OK);
    assert_status(judge(&hanko, unnamed, NOW), PK_NOT_SIGNED_IN);
    assert_status(judge(&hanko, foreign, NOW), PK_NOT_SIGNED_IN);
    assert_status(judge(&hanko, misnamed, NOW), PK_NOT_SIGNED_IN);
}

/* Whoever knows the public key must not be able to use it as a secret (RFC 8725 section 2.1). */
static void a_public_key_is_no_secret(void **state)
{
    AUTO_SIGNING_KEY struct signing_key key = {0};
    PK_AUTO_FREE char *header = NULL;
    PK_AUTO_FREE char *token = NULL;
    json_t *public;
    const char *modulus;

    (void)state;
    assert_status(keys_signing(bare_store(), &hanko, NOW, &key), PK_OK);
    public = signing_public(&key);
    modulus = json_string_value(json_object_get(public, "n"));
    header = pk_text_format("{\"alg\":\"HS256\",\"kid\":\"%s\"}", key.kid);
    token = forge(header, "{\"sub\":\"u-1\",\"aud\":\"example.org\",\"exp\":1700000300}", modulus);
    assert_status(judge(&hanko, token, NOW), PK_NOT_SIGNED_IN);
    json_decref(public);
}

/* Nor one for a user whom the application vouched for a sign-in's. */
static void only_a_passkeys_token_is_for_the_rp_id(void **state)
{
    static const struct {
        const char *credential, *audience;
        enum pk_status status;
    } cases[] = {
        {"aWQ", RP_ID, PK_OK},
        {"aWQ", "https://" RP_ID "/v1", PK_WRONG_TOKEN},
        {NULL, RP_ID, PK_WRONG_TOKEN},
        {NULL, "https://" RP_ID "/v1", PK_OK},
    };
    AUTO_SIGNING_KEY struct signing_key key = {0};

    (void)state;
    assert_status(keys_signing(bare_store(), &standard, NOW, &key), PK_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *claims =
            json_pack("{s:s, s:s, s:s*, s:s, s:i}", "iss", standard.url, "sub", USER, "cred",
                      cases[i].credential, "aud", cases[i].audience, "exp", NOW + 300);
        PK_AUTO_FREE char *token = NULL;

        assert_status(signing_sign(&key, claims, true, &token), PK_OK);
        json_decref(claims);
        assert_status(judge(&standard, token, NOW), cases[i].status);
    }
}

/* --- keys ------------------------------------------------------------------------------------- */

static size_t keys_in(const struct token_party *party, int64_t now, char **ret_text)
{
    PK_AUTO_FREE char *text = NULL;
    json_t *set;
    size_t count;

    assert_status(tokens_jwks(bare_store(), party, now, &text), PK_OK);
    set = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    count = json_array_size(json_object_get(set, "keys"));
    for (size_t i = 0; i < count; i++) {
        const json_t *key = json_array_get(json_object_get(set, "keys"), i);

        assert_int_equal(json_object_size(key), 6);
        assert_string_equal(json_string_value(json_object_get(key, "use")), "sig");
        assert_null(json_object_get(key, "d"));
        assert_null(json_object_get(key, "k"));
    }
    json_decref(set);
    if (ret_text)
        *ret_text = pk_steal(text);
    return count;
}

static void a_key_that_was_replaced_is_known_until_its_tokens_expired(void **state)
{
    AUTO_TOKENS struct tokens before = approved(&hanko, NULL);
    AUTO_SIGNING_KEY struct signing_key second = {0};
    AUTO_SIGNING_KEY struct signing_key third = {0};

    (void)state;
    assert_int_equal(keys_in(&hanko, NOW, NULL), 1);
    assert_status(
        keys_replace(bare_store(), &hanko, &(struct key_change){.bits = 3072}, NOW + 1, &second),
        PK_OK);
    assert_int_equal(keys_in(&hanko, NOW + 1, NULL), 2);
    assert_status(judge(&hanko, before.token, NOW + 299), PK_OK);
    assert_int_equal(keys_in(&hanko, NOW + 300, NULL), 2);
    assert_int_equal(keys_in(&hanko, NOW + 900, NULL), 1);
    /* When a key was lost to somebody, its tokens must not live on. */
    assert_status(
        keys_replace(bare_store(), &hanko, &(struct key_change){.at_once = true}, NOW + 2, &third),
        PK_OK);
    assert_int_equal(keys_in(&hanko, NOW + 2, NULL), 1);
    assert_status(judge(&hanko, before.token, NOW + 2), PK_NOT_SIGNED_IN);
}

static void shared_keys_are_imported_and_others_made(void **state)
{
    AUTO_SIGNING_KEY struct signing_key key = {0};
    PK_AUTO_FREE char *text = NULL;
    const struct key_change give = {.secret = pk_view_string(SECRET)};
    const struct key_change give_short = {.secret =
                                              pk_view_string("31 bytes are not enough for it")};

    (void)state;
    assert_status(keys_replace(bare_store(), &hanko, &give, NOW, &key), PK_UNSUPPORTED);
    assert_status(keys_replace(bare_store(), &cloudreve, &(struct key_change){0}, NOW, &key),
                  PK_UNSUPPORTED);
    assert_status(keys_replace(bare_store(), &cloudreve, &give_short, NOW, &key),
                  PK_INVALID_ARGUMENT);
    assert_status(keys_replace(bare_store(), &cloudreve, &give, NOW, &key), PK_OK);
    assert_int_equal(keys_in(&cloudreve, NOW, &text), 0);
    assert_string_equal(text, "{\"keys\":[]}");
}

static void a_replaced_secret_is_good_for_a_while(void **state)
{
    AUTO_SIGNING_KEY struct signing_key key = {0};
    PK_AUTO_FREE char *token = forge(HS256, GOOD, SECRET);
    struct key_change change = {.secret = pk_view_string("another secret that two programs have")};

    (void)state;
    share_secret(&cloudreve);
    assert_status(keys_replace(bare_store(), &cloudreve, &change, NOW, &key), PK_OK);
    assert_status(judge(&cloudreve, token, NOW), PK_OK);
    signing_key_clear(&key);
    change.at_once = true;
    assert_status(keys_replace(bare_store(), &cloudreve, &change, NOW, &key), PK_OK);
    assert_status(judge(&cloudreve, token, NOW), PK_NOT_SIGNED_IN);
}

static void *first_use(void *data)
{
    AUTO_SIGNING_KEY struct signing_key key = {0};
    char **kid = data;

    if (keys_signing(bare_store(), &hanko, NOW, &key) == PK_OK)
        *kid = pk_steal(key.kid);
    return NULL;
}

static void one_key_is_made_on_first_use(void **state)
{
    pthread_t threads[THREADS];
    char *kids[THREADS] = {NULL};

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, first_use, &kids[i]), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_non_null(kids[i]);
        assert_string_equal(kids[i], kids[0]);
    }
    for (int i = 0; i < THREADS; i++)
        free(kids[i]);
    assert_int_equal(keys_in(&hanko, NOW, NULL), 1);
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
        TEST(a_token_is_good_until_it_expires),
        TEST(another_relying_party_takes_none),
        TEST(what_the_application_signs_is_judged_by_its_claims),
        TEST(scopes_are_one_text),
        TEST(a_tenant_takes_its_own_tokens_alone),
        TEST(a_changed_token_is_none),
        TEST(the_key_must_be_named),
        TEST(a_public_key_is_no_secret),
        TEST(only_a_passkeys_token_is_for_the_rp_id),
        TEST(a_key_that_was_replaced_is_known_until_its_tokens_expired),
        TEST(shared_keys_are_imported_and_others_made),
        TEST(a_replaced_secret_is_good_for_a_while),
        TEST(one_key_is_made_on_first_use),
        TEST(a_party_is_of_its_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
