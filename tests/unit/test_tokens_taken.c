/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tokens that are presented: that nothing but a key of the relying party makes one that is taken,
 * what it has to say for it, and how long such a key is one.
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
#include "tests/unit/bare_daemon.h"
#include "tests/unit/token_parties.h"

#include <jansson.h>
#include <pthread.h>
#include <string.h>

#define THREADS 4

static enum pk_status judge(const struct token_party *party, const char *token, int64_t now)
{
    AUTO_TOKEN_CLAIMS struct token_claims claims = {0};
    enum pk_status status = tokens_check(bare_store(), party, pk_view_string(token), now, &claims);

    assert_true((status == PK_OK) == (claims.user != NULL));
    return status;
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
    static const struct token_party *const kinds[] = {&hanko, &authsignal, &standard};

    (void)state;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
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
    const struct token_party another = {.rp = (char *)(uintptr_t) "another", .http = PK_HTTP_HANKO};
    json_t *claims =
        json_pack("{s:s, s:s, s:i, s:i}", "sub", USER, "aud", RP_ID, "iat", NOW, "exp", NOW + 300);
    PK_AUTO_FREE char *named = NULL;
    PK_AUTO_FREE char *unnamed = NULL;
    PK_AUTO_FREE char *foreign = NULL;
    PK_AUTO_FREE char *misnamed = NULL;

    (void)state;
    assert_status(keys_signing(bare_store(), &hanko, NOW, &key), PK_OK);
    assert_status(keys_signing(bare_store(), &another, NOW, &other), PK_OK);
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
    assert_status(
        keys_replace(bare_store(), &standard, &(struct key_change){.bits = 3072}, NOW, &key),
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

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, bare_daemon_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
