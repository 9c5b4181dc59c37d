/* SPDX-License-Identifier: BSD-2-Clause */
/* Manager1.Status: the state of the daemon, for administrators and for passkeyctl check. */
#include "common/bus/names.h"
#include "common/keys/keys.h"
#include "daemon/accounts/account.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/methods.h"

#include <string.h>
#include <unistd.h>

#define PENDING_MAX       64 /* Status calls that wait for the bus */
#define DRIVER_TIMEOUT_MS 5000
#define POLKIT_NAME       "org.freedesktop.PolicyKit1"

struct status_call {
    struct daemon *daemon;
    struct call *call;
};

static unsigned pending;

static bool same_account(const struct account *a, const struct account *b)
{
    return a->uid == b->uid && a->orphaned == b->orphaned && strcmp(a->name, b->name) == 0 &&
           strcmp(a->rp, b->rp) == 0;
}

static json_t *account_json(struct daemon *daemon, const struct account *account, size_t passkeys)
{
    const struct rp_config *rp = config_rp(daemon->config, account->rp);
    bool system = account->uid != PK_NO_UID && (!rp || rp->system_accounts);
    size_t codes = 0;
    json_t *object;

    /* Those of an orphan open nothing, and the store tells of the living account's only. */
    if (account->orphaned || recovery_codes_left(daemon->store, account, &codes))
        codes = 0;
    object =
        json_pack("{s:s, s:s, s:I, s:I, s:b}", "user", account->name, "rp", account->rp, "passkeys",
                  (json_int_t)passkeys, "recoveryCodes", (json_int_t)codes, "orphaned",
                  account->orphaned ||
                      (system && system_account_check(account->name, account->uid) != PK_OK));
    if (object && account->uid != PK_NO_UID)
        (void)json_object_set_new(object, "uid", json_integer((json_int_t)account->uid));
    return object;
}

static json_t *accounts_json(struct daemon *daemon, uid_t caller)
{
    const struct credential_filter filter = {.uid = caller == 0 ? NULL : &caller,
                                             .living = caller != 0};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    json_t *accounts = json_array();

    if (daemon->store->verbs->list(daemon->store, &filter, &list))
        return accounts;
    for (size_t i = 0; i < list.count; i++) {
        size_t passkeys = 0;
        bool seen = false;

        for (size_t j = 0; j < list.count; j++) {
            bool same = same_account(&list.items[i].account, &list.items[j].account);

            seen |= same && j < i;
            passkeys += same;
        }
        if (!seen)
            (void)json_array_append_new(accounts,
                                        account_json(daemon, &list.items[i].account, passkeys));
    }
    return accounts;
}

static json_t *relying_parties_json(const struct config *config)
{
    json_t *list = json_array();

    for (size_t i = 0; i < config->rp_count; i++)
        (void)json_array_append_new(list, json_pack("{s:s, s:s*, s:s*}", "name",
                                                    config->rps[i].name, "id", config->rps[i].id,
                                                    "displayName", config->rps[i].display_name));
    return list;
}

static void add_feature(void *data, const char *name)
{
    (void)json_array_append_new(data, json_string(name));
}

static json_t *features_json(void)
{
    json_t *list = json_array();

    manager_list_features(add_feature, list);
    return list;
}

static void answer_status(struct status_call *waiting, bool polkit)
{
    struct daemon *daemon = waiting->daemon;
    const char *program = daemon->config->authenticator_program;
    json_t *object = json_pack(
        "{s:s, s:o, s:o, s:b, s:{s:s, s:b}, s:o}", "version", PACKAGE_VERSION, "features",
        features_json(), "relyingParties", relying_parties_json(daemon->config), "polkit", polkit,
        "authenticator", "program", program, "present", access(program, X_OK) == 0, "accounts",
        accounts_json(daemon, waiting->call->uid));
    struct value result = value_body();
    PK_AUTO_FREE char *text = NULL;
    size_t devices;

    if (object && pk_keys_count(daemon->keys, &devices))
        (void)json_object_set_new(object, "devices", json_integer((json_int_t)devices));
    text = json_text(object);
    if (text) {
        value_add_text(&result, 's', text);
        call_reply(waiting->call, &result);
    } else {
        call_fail(waiting->call, PK_BUS_ERROR_INTERNAL, "out of memory");
    }
    pending--;
    free(waiting);
}

static bool holds_polkit(const struct value *result)
{
    const struct value *names = result && result->count == 1 ? &result->items[0] : NULL;

    for (size_t i = 0; names && names->type == 'a' && i < names->count; i++)
        if (names->items[i].type == 's' && strcmp(names->items[i].text, POLKIT_NAME) == 0)
            return true;
    return false;
}

static struct bus_request *ask_bus(struct status_call *waiting, const char *member,
                                   const char *argument, bus_reply_function *reply)
{
    const struct bus_target target = {.destination = "org.freedesktop.DBus",
                                      .path = "/org/freedesktop/DBus",
                                      .interface = "org.freedesktop.DBus",
                                      .member = member};
    struct value arguments = value_body();

    if (argument)
        value_add_text(&arguments, 's', argument);
    return bus_call(waiting->call->bus, &target, &arguments, DRIVER_TIMEOUT_MS, reply, waiting);
}

static void on_activatable(void *data, const struct value *result, const char *error)
{
    (void)error;
    answer_status(data, holds_polkit(result));
}

static void on_owned(void *data, const struct value *result, const char *error)
{
    bool owned = result && result->count == 1 && result->items[0].number != 0;

    (void)error;
    if (owned || !ask_bus(data, "ListActivatableNames", NULL, on_activatable))
        answer_status(data, owned);
}

void manager_status(struct daemon *daemon, struct call *call)
{
    struct status_call *waiting = pending < PENDING_MAX ? calloc(1, sizeof(*waiting)) : NULL;

    if (!waiting) {
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED, "too many calls at once");
        return;
    }
    *waiting = (struct status_call){daemon, call};
    pending++;
    if (!ask_bus(waiting, "NameHasOwner", POLKIT_NAME, on_owned))
        answer_status(waiting, false);
}
