/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/gateway_scene.h"

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/webauthn/crypto.h"
#include "daemon/config/config.h"
#include "daemon/tokens/tokens.h"
#include "daemon/verify/ceremony_record.h"
#include "tests/unit/shared_store.h"

#include <string.h>

#define PRESENT     (PK_FLAG_UP | PK_FLAG_UV)
#define SECRETS_MAX 32
#define NOW         pk_clock_now()

static const char config_text[] =
    "[rp default]\nid = " RP_ID "\n"
    "[rp portal]\nid = portal.example.org\nhttp = standard\n"
    "[rp shop]\nid = shop.example.org\nhttp = standard\n"
    "[rp hanko]\nid = hanko.example.org\nhttp = hanko\ntenant-id = 7\n"
    "[rp files]\nid = files.example.org\nhttp = cloudreve\n"
    "[rp signal]\nid = signal.example.org\nhttp = authsignal\ntenant-id = 8\n"
    "[rp bare]\nid = bare.example.org\n"
    "[rp hosts]\nid = hosts.example.org\nsystem-accounts = yes\n";

struct outcome outcome;
static char *secrets[SECRETS_MAX];
static size_t secret_count;
static bool shared;
static struct ceremony *looked_at; /* from begun_ceremony() */
static struct {
    struct daemon *daemon;
    uid_t gateway;
} host;

static void forget(void)
{
    const struct outcome before = outcome;

    json_decref(outcome.json);
    outcome = (struct outcome){.replies = before.replies, .failures = before.failures};
}

void forget_outcomes(void)
{
    forget();
    outcome = (struct outcome){0};
}

void talk_to_host(struct daemon *daemon, uid_t gateway)
{
    host.daemon = daemon ? daemon : bare_daemon();
    host.gateway = daemon ? gateway : GATEWAY;
}

int gateway_set_up(void **state)
{
    int failed = bare_daemon_set_up(state);

    shared = false;
    configure_daemon(config_text);
    talk_to_host(NULL, GATEWAY);
    return failed;
}

int gateway_set_up_shared(void **state)
{
    int failed = gateway_set_up(state);

    shared = true;
    shift_date(0);
    shared_store_open(store_base_verbs());
    return failed;
}

int gateway_tear_down(void **state)
{
    forget_outcomes();
    if (looked_at)
        ceremony_free(pk_steal(looked_at));
    while (secret_count > 0)
        free(secrets[--secret_count]);
    if (shared)
        shared_store_close();
    return bare_daemon_tear_down(state);
}

size_t begun_count(void)
{
    return ceremonies_count(bare_daemon()->ceremonies) + (shared ? shared_store_count() : 0);
}

const struct ceremony *begun_ceremony(const char *rp, const char *id)
{
    int64_t expires;

    if (!shared)
        return ceremonies_peek(bare_daemon()->ceremonies, id);
    if (looked_at)
        ceremony_free(pk_steal(looked_at));
    assert_status(ceremony_record_read(shared_store_record(rp, id), &looked_at, &expires), PK_OK);
    return looked_at;
}

static void fill_the_store(const char *rp, size_t places, unsigned seconds)
{
    const struct store *store = bare_store();
    const struct kept_ceremony other = {
        .rp = (char *)(uintptr_t)rp, .id = (char *)(uintptr_t) "other", .expires = NOW + seconds};

    assert_status(store->verbs->ceremony_add(bare_store(), &other, 1), PK_OK);
    shared_store_limit(shared_store_count() + places);
}

void leave_places(const char *rp, size_t places, unsigned seconds)
{
    if (shared) {
        fill_the_store(rp, places, seconds);
        return;
    }
    for (size_t i = places; i < PK_GATEWAY_CHALLENGES_PER_RP; i++) {
        struct ceremony *ceremony = ceremony_new(CORRELATION, GATEWAY);

        assert_non_null(ceremony);
        ceremony->gateway = true;
        assert_status(pk_text_copy(rp, &ceremony->account.rp), PK_OK);
        assert_status(ceremonies_add(bare_daemon()->ceremonies, ceremony, pk_clock_monotonic(),
                                     seconds, PK_CHALLENGES_PER_UID),
                      PK_OK);
    }
}

void pass_seconds(unsigned seconds)
{
    if (shared)
        shared_store_limit(0);
    shift_date(seconds);
    skip_time(seconds);
}

static const char *keep(char *secret)
{
    assert_non_null(secret);
    assert_in_range(secret_count, 0, SECRETS_MAX - 1);
    return secrets[secret_count++] = secret;
}

const char *key_of(const char *rp)
{
    AUTO_API_KEY struct api_key kept = {0};
    PK_AUTO_SECRET struct pk_secret text = {0};

    assert_status(api_key_create(bare_store(), rp, "", NOW, &text, &kept), PK_OK);
    return keep(strndup((const char *)text.data, text.len));
}

const char *token_of(const char *rp, const char *user)
{
    AUTO_TOKEN_PARTY struct token_party party = {0};
    PK_CLEANUP(authority_free) struct authority *authority = NULL;
    AUTO_TOKENS struct tokens tokens = {0};
    const struct presented presented = {.api_key = pk_view_string(key_of(rp))};

    assert_status(token_party_copy(config_rp(bare_daemon()->config, rp), &party), PK_OK);
    assert_status(authority_check(bare_store(), &party, &presented, NOW, &authority), PK_OK);
    assert_status(tokens_issue_for_user(bare_store(), &party, authority, user,
                                        &(struct token_details){0}, NOW, &tokens),
                  PK_OK);
    return keep(strdup(tokens.token));
}

const char *option(const char *name, const char *text)
{
    return keep(pk_text_format("%s=%s", name, text));
}

/* --- calls ------------------------------------------------------------------------------------ */

static bool on_reply(struct call *call, const struct value *body)
{
    (void)call;
    assert_false(value_is_broken(body));
    forget();
    outcome.replies++;
    if (body->count > 1)
        (void)snprintf(outcome.id, sizeof(outcome.id), "%s", body->items[0].text);
    if (body->count > 2)
        outcome.expires = body->items[2].number;
    if (body->count > 0)
        outcome.json = json_loads(body->items[body->count > 1].text, 0, NULL);
    return true;
}

static void on_fail(struct call *call, const char *error, const char *text)
{
    const size_t prefix = strlen(PK_BUS_ERROR_PREFIX);

    (void)call;
    forget();
    outcome.failures++;
    assert_memory_equal(error, PK_BUS_ERROR_PREFIX, prefix);
    (void)snprintf(outcome.error, sizeof(outcome.error), "%s", error + prefix);
    (void)snprintf(outcome.text, sizeof(outcome.text), "%s", text);
}

static void add_option(struct value *dict, const char *option)
{
    size_t len = strcspn(option, "=:?");
    PK_AUTO_FREE char *name = strndup(option, len);
    const char *content = option + len + 1;

    if (option[len] == '=')
        value_dict_text(dict, name, content);
    else
        value_dict_number(dict, name, option[len] == ':' ? 'u' : 'b', strtoul(content, NULL, 10));
}

void begin_call(method_handler *handler, const char *const *arguments, const char *const *options)
{
    static const struct call_ops ops = {on_reply, on_fail};
    struct call *call = call_from(host.gateway, SENDER);
    struct value *dict;

    call->ops = &ops;
    call->gateway = true;
    for (; *arguments; arguments++)
        value_add_text(&call->arguments, 's', *arguments);
    if (options) {
        dict = value_add_array(&call->arguments, "{sv}");
        for (; *options; options++)
            add_option(dict, *options);
    }
    forget();
    handler(host.daemon, call);
}

void ask(method_handler *handler, const char *const *arguments, const char *const *options)
{
    begin_call(handler, arguments, options);
    settle();
}

const char *text_of(const char *object, const char *member)
{
    const json_t *from = object ? json_object_get(outcome.json, object) : outcome.json;
    const char *text = json_string_value(json_object_get(from, member));

    if (!text)
        fail_msg("no %s in the answer, but %s", member, outcome.error);
    return text ? text : "";
}

/* --- browsers --------------------------------------------------------------------------------- */

static char *encoded(struct pk_view bytes)
{
    char *text = pk_base64url_encode(bytes);

    assert_non_null(text);
    return text;
}

static char *client_data(const char *type, const char *rp_id)
{
    return pk_text_format("{\"type\":\"webauthn.%s\",\"challenge\":\"%s\","
                          "\"origin\":\"https://%s\",\"crossOrigin\":false}",
                          type, text_of(NULL, "challenge"), rp_id);
}

char *registered_by(const struct soft_key *key)
{
    const char *rp_id = text_of("rp", "id");
    PK_AUTO_FREE char *data = client_data("create", rp_id);
    PK_AUTO_BYTES struct pk_bytes object = soft_key_attestation(key, rp_id, PRESENT, 1);
    PK_AUTO_FREE char *id = encoded(pk_view_string(key->id));
    PK_AUTO_FREE char *data_text = encoded(pk_view_string(data));
    PK_AUTO_FREE char *object_text = encoded(pk_view_of(&object));

    return pk_text_format("{\"id\":\"%s\",\"rawId\":\"%s\",\"type\":\"public-key\","
                          "\"clientExtensionResults\":{},\"response\":{\"clientDataJSON\":\"%s\","
                          "\"attestationObject\":\"%s\"}}",
                          id, id, data_text, object_text);
}

char *signed_by(const struct soft_key *key, uint32_t counter, const char *user)
{
    const char *rp_id = text_of(NULL, "rpId");
    PK_AUTO_FREE char *data = client_data("get", rp_id);
    PK_AUTO_BYTES struct pk_bytes authenticator = soft_key_data(rp_id, PRESENT, counter);
    PK_AUTO_BYTES struct pk_bytes signature = {0};
    PK_AUTO_FREE char *id = encoded(pk_view_string(key->id));
    PK_AUTO_FREE char *data_text = encoded(pk_view_string(data));
    PK_AUTO_FREE char *authenticator_text = encoded(pk_view_of(&authenticator));
    PK_AUTO_FREE char *signature_text = NULL;
    PK_AUTO_FREE char *user_text = encoded(pk_view_string(user));
    uint8_t digest[PK_HASH_SIZE];

    pk_sha256(pk_view_string(data), digest);
    signature = soft_key_sign(key, pk_view_of(&authenticator), digest);
    signature_text = encoded(pk_view_of(&signature));
    return pk_text_format("{\"id\":\"%s\",\"rawId\":\"%s\",\"type\":\"public-key\","
                          "\"clientExtensionResults\":{},\"response\":{\"clientDataJSON\":\"%s\","
                          "\"authenticatorData\":\"%s\",\"signature\":\"%s\","
                          "\"userHandle\":\"%s\"}}",
                          id, id, data_text, authenticator_text, signature_text, user_text);
}

void register_key(const char *rp, const char *user, const struct soft_key *key)
{
    PK_AUTO_FREE char *api_key = pk_text_format("apiKey=%s", key_of(rp));
    PK_AUTO_FREE char *user_id = pk_text_format("userId=%s", user);
    PK_AUTO_FREE char *response = NULL;
    PK_AUTO_FREE char *id = NULL;

    ASK(gateway_begin_registration, rp, api_key, user_id);
    assert_outcome("");
    response = registered_by(key);
    id = strdup(outcome.id);
    ask(gateway_finish_registration, ARGUMENTS(rp, id, response), NONE);
    assert_outcome("");
}
