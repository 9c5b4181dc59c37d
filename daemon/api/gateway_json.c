/* SPDX-License-Identifier: BSD-2-Clause */
/* What Gateway1 answers, as JSON. */
#include "common/base/text.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/api/begun.h"
#include "daemon/api/gateway.h"

#include <string.h>

bool gateway_set(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

/* Nothing where there is no text. */
static bool set_text(json_t *object, const char *name, const char *text)
{
    return !text || gateway_set(object, name, json_string(text));
}

/* The object when all of its members are there; otherwise NULL. */
static json_t *conclude(json_t *object, bool good)
{
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *strings_json(const struct pk_strings *strings)
{
    json_t *list = json_array();
    bool good = list != NULL;

    for (size_t i = 0; i < strings->count; i++)
        good = good && json_array_append_new(list, json_string(strings->items[i])) == 0;
    return conclude(list, good);
}

/* The pages are called by themselves alone. */
static json_t *origins_json(const struct rp_config *rp)
{
    return rp->browser_prefix ? json_pack("[s]", rp->browser_origin) : strings_json(&rp->origins);
}

json_t *gateway_party_json(const struct rp_config *rp)
{
    const char *shown = rp->display_name && *rp->display_name ? rp->display_name : rp->id;
    const char *http = rp->browser_prefix ? "pages" : config_http_name(rp->http);
    const char *prefix = rp->browser_prefix ? rp->browser_prefix : rp->http_prefix;
    json_t *object = json_object();
    bool good = gateway_set(object, "name", json_string(rp->name)) &&
                gateway_set(object, "id", json_string(rp->id)) &&
                gateway_set(object, "displayName", json_string(shown)) &&
                gateway_set(object, "http", json_string(http)) &&
                gateway_set(object, "prefix", json_string(prefix ? prefix : "")) &&
                gateway_set(object, "tenantId", json_string(rp->tenant_id ? rp->tenant_id : "")) &&
                gateway_set(object, "origins", origins_json(rp)) &&
                gateway_set(object, "timeout", json_integer(gateway_lifetime(rp))) &&
                (!rp->self_service || gateway_set(object, "selfService", json_true()));

    return conclude(object, good);
}

static json_t *add_gateways(json_t *object, const struct credential *credential)
{
    PK_AUTO_FREE char *key = pk_base64url_encode(pk_view_of(&credential->record.public_key));
    bool good = object && key && gateway_set(object, "publicKey", json_string(key)) &&
                gateway_set(object, "mfa", json_boolean(credential->mfa)) &&
                gateway_set(object, "userId", json_string(credential->account.name));

    return conclude(object, good);
}

json_t *gateway_passkey_json(const struct credential *credential)
{
    return add_gateways(passkey_json(credential, false), credential);
}

json_t *gateway_approved_json(const struct approval *approval)
{
    const struct credential *credential = approval_credential(approval);

    if (approval_ceremony(approval) == PK_REGISTRATION)
        return gateway_passkey_json(credential);
    return add_gateways(used_passkey_json(approval), credential);
}

json_t *gateway_user_json(const struct account *user, size_t passkeys)
{
    json_t *object = json_object();
    bool good = set_text(object, "userId", user->name) &&
                set_text(object, "userName", user->user_name) &&
                set_text(object, "displayName", user->display_name) &&
                set_text(object, "icon", user->icon) &&
                gateway_set(object, "passkeys", json_integer((json_int_t)passkeys));

    return conclude(object, object && good);
}

json_t *gateway_tokens_json(const struct tokens *tokens)
{
    json_t *object;
    bool good;

    if (!tokens->token)
        return NULL;
    object = json_object();
    good = gateway_set(object, "token", json_string(tokens->token)) &&
           gateway_set(object, "expires", json_integer((json_int_t)tokens->expires)) &&
           set_text(object, "refresh", tokens->refresh);
    if (good && tokens->refresh)
        good = gateway_set(object, "refreshExpires",
                           json_integer((json_int_t)tokens->refresh_expires));
    return conclude(object, good);
}

json_t *gateway_transactions_json(const struct transaction_list *list)
{
    json_t *array = json_array();
    bool good = array != NULL;

    for (size_t i = 0; good && i < list->count; i++) {
        const struct transaction *each = &list->items[i];
        json_t *object = json_object();

        good = set_text(object, "transactionId", each->id) &&
               set_text(object, "userId", each->user) &&
               set_text(object, "transactionData", each->data) &&
               gateway_set(object, "created", json_integer((json_int_t)each->created));
        good = json_array_append_new(array, conclude(object, object && good)) == 0 && good;
    }
    return conclude(array, good);
}
