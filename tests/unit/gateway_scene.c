/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/gateway_scene.h"

#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/webauthn/crypto.h"
#include "daemon/config/config.h"
#include "daemon/tokens/tokens.h"

#include <string.h>

#define PRESENT     (PK_FLAG_UP | PK_FLAG_UV)
#define SECRETS_MAX 32
#define NOW         time(NULL)

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

static void forget(void)
{
    json_decref(outcome.json);
    outcome = (struct outcome){0};
}

int gateway_set_up(void **state)
{
    int failed = bare_daemon_set_up(state);

    configure_daemon(config_text);
    return failed;
}

int gateway_tear_down(void **state)
{
    forget();
    while (secret_count > 0)
        free(secrets[--secret_count]);
    return bare_daemon_tear_down(state);
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

void ask(method_handler *handler, const char *const *arguments, const char *const *options)
{
    static const struct call_ops ops = {on_reply, on_fail};
    struct call *call = call_from(GATEWAY, SENDER);
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
    handler(bare_daemon(), call);
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
