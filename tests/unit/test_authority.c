/* SPDX-License-Identifier: BSD-2-Clause */
/* On whose behalf a call is made: what an API key or a bearer token opens, and what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/tokens/keys.h"
#include "daemon/tokens/signing.h"
#include "daemon/tokens/tokens.h"
#include "tests/unit/store_fixture.h"

#include <string.h>

#define NOW 1700000000

#define assert_status(status, expected)                                                            \
    assert_string_equal(pk_status_name(status), pk_status_name(expected))

static const struct token_party shop = {PK_HTTP_STANDARD, (char[]){"shop"},
                                        (char[]){"shop.example"},
                                        (char[]){"https://shop.example/shop"}, (char[]){""}};
static const struct token_party bank = {PK_HTTP_STANDARD, (char[]){"bank"},
                                        (char[]){"bank.example"},
                                        (char[]){"https://bank.example/bank"}, (char[]){""}};
static const struct token_party tenant = {PK_HTTP_HANKO, (char[]){"tenant"}, (char[]){"t.example"},
                                          (char[]){"https://t.example/1"}, (char[]){"1"}};
static const struct token_party cloud = {PK_HTTP_CLOUDREVE, (char[]){"cloud"},
                                         (char[]){"c.example"},
                                         (char[]){"https://c.example/api/v4"}, (char[]){""}};

static const struct token_party track = {PK_HTTP_AUTHSIGNAL, (char[]){"track"},
                                         (char[]){"a.example"}, (char[]){"https://a.example/v1"},
                                         (char[]){"7"}};

static enum pk_status check(struct store *store, const struct token_party *party,
                            const char *api_key, const char *bearer, struct authority **ret)
{
    const struct presented presented = {pk_view_string(api_key), pk_view_string(bearer)};

    return authority_check(store, party, &presented, NOW, ret);
}

static enum pk_status judge(struct store *store, const struct token_party *party,
                            const char *api_key, const char *bearer)
{
    PK_CLEANUP(authority_free) struct authority *authority = NULL;
    enum pk_status status = check(store, party, api_key, bearer, &authority);

    assert_true((status == PK_OK) == (authority != NULL));
    return status;
}

/* The text of a new key of that relying party; its id in *ret_id. */
static struct pk_secret new_key(struct store *store, const struct token_party *party,
                                struct api_key *ret)
{
    struct pk_secret text = {0};

    assert_status(api_key_create(store, party->rp, "web", NOW, &text, ret), PK_OK);
    return text;
}

static struct tokens token_for(struct store *store, const struct token_party *party,
                               const char *user, const char *scope)
{
    AUTO_API_KEY struct api_key kept = {0};
    PK_AUTO_SECRET struct pk_secret key = new_key(store, party, &kept);
    PK_CLEANUP(authority_free) struct authority *authority = NULL;
    struct tokens tokens = {0};

    assert_status(check(store, party, (const char *)key.data, "", &authority), PK_OK);
    assert_status(tokens_issue_for_user(store, party, authority, user,
                                        &(struct token_details){.scope = scope}, NOW, &tokens),
                  PK_OK);
    return tokens;
}

static void nothing_is_nobody(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    PK_CLEANUP(authority_free) struct authority *authority = NULL;

    assert_status(check(store, &shop, "", "", &authority), PK_OK);
    assert_int_equal(authority_kind(authority), AUTHORITY_NONE);
    assert_null(authority_user(authority));
    assert_false(authority_has_scope(authority, "x"));
    assert_status(authority_for_user(authority, "u"), PK_DENIED);
}

static void a_key_opens_its_relying_party(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_API_KEY struct api_key kept = {0};
    PK_AUTO_SECRET struct pk_secret key = new_key(store, &shop, &kept);
    PK_CLEANUP(authority_free) struct authority *authority = NULL;
    AUTO_API_KEY_LIST struct api_key_list list = {0};
    const char *text = (const char *)key.data;

    assert_int_equal(key.len, 88);
    assert_string_equal(text + 86, "==");
    assert_int_equal(
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 86);
    assert_status(check(store, &shop, text, "", &authority), PK_OK);
    assert_int_equal(authority_kind(authority), AUTHORITY_API_KEY);
    assert_string_equal(authority_rp(authority), "shop");
    assert_string_equal(authority_key(authority), kept.id);
    assert_null(authority_user(authority));
    assert_null(authority_claims(authority));
    assert_status(authority_for_user(authority, "anybody"), PK_OK);
    assert_true(authority_has_scope(authority, "anything"));
    /* Another relying party's it is not; nor is any other text. */
    assert_status(judge(store, &bank, text, ""), PK_NOT_SIGNED_IN);
    /* The store knows no more than its hash. */
    assert_int_equal(store->verbs->api_key_list(store, "shop", &list), PK_OK);
    assert_int_equal(list.count, 1);
    assert_memory_not_equal(list.items[0].hash, key.data, PK_HASH_SIZE);
}

static void anything_else_opens_nothing(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_API_KEY struct api_key kept = {0};
    PK_AUTO_SECRET struct pk_secret key = new_key(store, &shop, &kept);
    char text[API_KEY_TEXT_SIZE + 1];

    (void)memcpy(text, key.data, API_KEY_TEXT_SIZE);
    for (size_t i = 0; i < PK_API_KEY_TEXT; i++) { /* every prefix, every other letter */
        char letter = text[i];

        if (i > 0) {
            text[i] = '\0';
            assert_status(judge(store, &shop, text, ""), PK_NOT_SIGNED_IN);
        }
        text[i] = letter == 'A' ? 'B' : 'A';
        assert_status(judge(store, &shop, text, ""), PK_NOT_SIGNED_IN);
        text[i] = letter;
    }
    assert_status(judge(store, &shop, text, ""), PK_OK);
    (void)strcpy(text + PK_API_KEY_TEXT, "=");
    assert_status(judge(store, &shop, text, ""), PK_NOT_SIGNED_IN);
    assert_status(judge(store, &shop, kept.id, ""), PK_NOT_SIGNED_IN);
}

static void a_revoked_key_opens_nothing(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_API_KEY struct api_key kept = {0}, kept_too = {0};
    PK_AUTO_SECRET struct pk_secret key = new_key(store, &shop, &kept);
    PK_AUTO_SECRET struct pk_secret other = new_key(store, &shop, &kept_too);

    assert_status(judge(store, &shop, (const char *)key.data, ""), PK_OK);
    assert_status(store->verbs->api_key_revoke(store, "shop", kept.id), PK_OK);
    assert_status(judge(store, &shop, (const char *)key.data, ""), PK_NOT_SIGNED_IN);
    assert_status(judge(store, &shop, (const char *)other.data, ""), PK_OK);
    api_key_clear(&kept_too);
}

static void a_bearer_is_its_user(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_TOKENS struct tokens tokens = token_for(store, &shop, "zoe", "add:x remove:y");
    PK_CLEANUP(authority_free) struct authority *authority = NULL;

    assert_status(check(store, &shop, "", tokens.token, &authority), PK_OK);
    assert_int_equal(authority_kind(authority), AUTHORITY_BEARER);
    assert_string_equal(authority_user(authority), "zoe");
    assert_string_equal(authority_key(authority), authority_claims(authority)->kid);
    assert_status(authority_for_user(authority, "zoe"), PK_OK);
    assert_status(authority_for_user(authority, "zoe2"), PK_DENIED);
    assert_status(authority_for_user(authority, "zo"), PK_DENIED);
    assert_true(authority_has_scope(authority, "add:x"));
    assert_true(authority_has_scope(authority, "remove:y"));
    assert_false(authority_has_scope(authority, "add:"));
    assert_false(authority_has_scope(authority, "add:x remove:y"));
    assert_false(authority_has_scope(authority, ""));
    /* A token is no API key, nor the other way round, and both at once are neither. */
    assert_status(judge(store, &shop, tokens.token, ""), PK_NOT_SIGNED_IN);
    assert_status(judge(store, &shop, "x", tokens.token), PK_INVALID_ARGUMENT);
    assert_status(judge(store, &bank, "", tokens.token), PK_NOT_SIGNED_IN);
}

/* Only who has an API key of the relying party gets tokens for its users. */
static void others_get_no_tokens(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_API_KEY struct api_key kept = {0};
    PK_AUTO_SECRET struct pk_secret key = new_key(store, &shop, &kept);
    AUTO_TOKENS struct tokens zoe = token_for(store, &shop, "zoe", NULL);
    AUTO_TOKENS struct tokens none = {0};
    PK_CLEANUP(authority_free) struct authority *nobody = NULL;
    PK_CLEANUP(authority_free) struct authority *bearer = NULL;
    PK_CLEANUP(authority_free) struct authority *application = NULL;
    char long_id[PK_USER_HANDLE_MAX + 2];

    assert_status(check(store, &shop, "", "", &nobody), PK_OK);
    assert_status(check(store, &shop, "", zoe.token, &bearer), PK_OK);
    assert_status(check(store, &shop, (const char *)key.data, "", &application), PK_OK);
    assert_status(tokens_issue_for_user(store, &shop, NULL, "zoe", NULL, NOW, &none), PK_DENIED);
    assert_status(tokens_issue_for_user(store, &shop, nobody, "zoe", NULL, NOW, &none), PK_DENIED);
    assert_status(tokens_issue_for_user(store, &shop, bearer, "zoe", NULL, NOW, &none), PK_DENIED);
    assert_status(tokens_issue_for_user(store, &bank, application, "zoe", NULL, NOW, &none),
                  PK_DENIED);
    memset(long_id, 'x', sizeof(long_id) - 1);
    long_id[sizeof(long_id) - 1] = '\0';
    assert_status(tokens_issue_for_user(store, &shop, application, long_id, NULL, NOW, &none),
                  PK_INVALID_ARGUMENT);
    assert_status(tokens_issue_for_user(store, &shop, application, "", NULL, NOW, &none),
                  PK_INVALID_ARGUMENT);
    assert_null(none.token);
}

/* What applications take for a sign-in is not to be had without a passkey. */
static void hanko_has_tokens_of_passkeys_alone(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_API_KEY struct api_key kept = {0};
    PK_AUTO_SECRET struct pk_secret key = new_key(store, &tenant, &kept);
    PK_CLEANUP(authority_free) struct authority *application = NULL;
    AUTO_TOKENS struct tokens none = {0};

    assert_status(check(store, &tenant, (const char *)key.data, "", &application), PK_OK);
    assert_status(tokens_issue_for_user(store, &tenant, application, "zoe", NULL, NOW, &none),
                  PK_UNSUPPORTED);
}

static void a_refresh_token_is_no_authority(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    static const char secret[] = "a secret that is shared by two programs";
    AUTO_SIGNING_KEY struct signing_key imported = {0};
    AUTO_TOKEN_CLAIMS struct token_claims claims = {0};

    assert_status(keys_replace(store, &cloud,
                               &(struct key_change){.secret = pk_view_string(secret)}, NOW,
                               &imported),
                  PK_OK);
    AUTO_TOKENS struct tokens tokens = token_for(store, &cloud, "zoe", NULL);
    assert_status(judge(store, &cloud, "", tokens.token), PK_OK);
    assert_status(judge(store, &cloud, "", tokens.refresh), PK_WRONG_TOKEN);
    assert_status(tokens_check(store, &cloud, pk_view_string(tokens.refresh), NOW, &claims), PK_OK);
    assert_true(claims.refresh);
}

static enum pk_status may(const struct token_party *party, const struct authority *authority,
                          enum authority_change change, bool enrolled)
{
    return authority_may_change(authority, party->http, change, enrolled);
}

/* Who has a token that says who is to confirm, and no more, does not choose with what. */
static void passkeys_are_changed_by_scope(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_TOKENS struct tokens bare = token_for(store, &track, "zoe", NULL);
    AUTO_TOKENS struct tokens adding = token_for(store, &track, "zoe", "add:authenticators");
    PK_CLEANUP(authority_free) struct authority *nobody = NULL;
    PK_CLEANUP(authority_free) struct authority *plain = NULL;
    PK_CLEANUP(authority_free) struct authority *adds = NULL;

    assert_status(check(store, &track, "", "", &nobody), PK_OK);
    assert_status(check(store, &track, "", bare.token, &plain), PK_OK);
    assert_status(check(store, &track, "", adding.token, &adds), PK_OK);
    assert_status(may(&track, nobody, AUTHORITY_ADD, false), PK_DENIED);
    assert_status(may(&track, plain, AUTHORITY_ADD, false), PK_OK);
    assert_status(may(&track, plain, AUTHORITY_ADD, true), PK_DENIED);
    assert_status(may(&track, plain, AUTHORITY_RENAME, true), PK_DENIED);
    assert_status(may(&track, plain, AUTHORITY_REMOVE, true), PK_DENIED);
    assert_status(may(&track, plain, AUTHORITY_REMOVE, false), PK_DENIED);
    assert_status(may(&track, adds, AUTHORITY_ADD, true), PK_OK);
    assert_status(may(&track, adds, AUTHORITY_REMOVE, true), PK_DENIED);
}

/* What the application gave to another program does what that one was given it for. */
static void scopes_limit_the_applications_tokens(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    static const char secret[] = "a secret that is shared by two programs";
    static const struct {
        const char *scopes;
        enum pk_status expected;
    } rows[] = {
        {NULL, PK_OK},
        {"[]", PK_DENIED},
        {"[\"Files.Read\"]", PK_DENIED},
        {"[\"UserSecurityInfo.Read\"]", PK_DENIED},
        {"[\"Files.Read\", \"UserSecurityInfo.Write\"]", PK_OK},
    };
    AUTO_SIGNING_KEY struct signing_key imported = {0};

    assert_status(keys_replace(store, &cloud,
                               &(struct key_change){.secret = pk_view_string(secret)}, NOW,
                               &imported),
                  PK_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        PK_CLEANUP(authority_free) struct authority *authority = NULL;
        json_t *claims = json_pack("{s:s, s:s, s:I, s:o*}", "token_type", "access", "sub", "zoe",
                                   "exp", (json_int_t)NOW + 60, "scopes",
                                   rows[i].scopes ? json_loads(rows[i].scopes, 0, NULL) : NULL);
        PK_AUTO_FREE char *token = NULL;

        assert_status(signing_sign(&imported, claims, false, &token), PK_OK);
        json_decref(claims);
        assert_status(check(store, &cloud, "", token, &authority), PK_OK);
        assert_status(may(&cloud, authority, AUTHORITY_ADD, false), rows[i].expected);
        assert_status(may(&cloud, authority, AUTHORITY_ADD, true), rows[i].expected);
        assert_status(may(&cloud, authority, AUTHORITY_REMOVE, true), rows[i].expected);
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_nobody),
        TEST(a_key_opens_its_relying_party),
        TEST(anything_else_opens_nothing),
        TEST(a_revoked_key_opens_nothing),
        TEST(a_bearer_is_its_user),
        TEST(others_get_no_tokens),
        TEST(hanko_has_tokens_of_passkeys_alone),
        TEST(a_refresh_token_is_no_authority),
        TEST(passkeys_are_changed_by_scope),
        TEST(scopes_limit_the_applications_tokens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
