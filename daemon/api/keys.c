/* SPDX-License-Identifier: BSD-2-Clause */
/* org.passkeyd.Keys1: API keys and signing keys of relying parties over HTTP, for root. */
#include "daemon/tokens/keys.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/accounts/log_names.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/api/tickets.h"
#include "daemon/auth/decision.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/bus/request.h"
#include "daemon/bus/secret_reader.h"
#include "daemon/config/passkey_name.h"
#include "daemon/tokens/authority.h"
#include "daemon/tokens/signing.h"

#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A call about the keys of a relying party. */
struct keeping {
    struct request request;
    struct token_party party; /* empty: it need not be configured */
    const char *rp;           /* this and the next two: of the call's arguments */
    const char *id;
    const char *name;
    struct key_change change; /* secret is that below */
    struct pk_secret secret;
    struct pk_strings others; /* relying parties over HTTP beside this one */
    const char *taken_by;     /* of these, whose key it is */
    int64_t now;
    struct pk_secret text; /* of a new API key */
    struct api_key api_key;
    struct api_key_list api_keys;
    struct signing_key signing_key;
    struct signing_key_list signing_keys;
};

static void keeping_clear(struct request *request)
{
    struct keeping *keeping = (struct keeping *)request;

    token_party_clear(&keeping->party);
    pk_secret_clear(&keeping->secret);
    pk_strings_clear(&keeping->others);
    pk_secret_clear(&keeping->text);
    api_key_clear(&keeping->api_key);
    api_key_list_clear(&keeping->api_keys);
    signing_key_clear(&keeping->signing_key);
    signing_key_list_clear(&keeping->signing_keys);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void fail(const struct request *request, struct call *call, enum pk_status status)
{
    switch (status) {
    case PK_STORAGE:
        pk_log(LOG_ERR, "[%s] store: %s", call->id, request->store_error);
        call_fail(call, PK_BUS_ERROR_STORAGE_FAILURE,
                  "the credential store failed; the system log of passkeyd says why");
        break;
    case PK_NOT_FOUND:
        call_fail(call, PK_BUS_ERROR_UNKNOWN_KEY,
                  "this relying party has no such key; \"passkeyctl api-key list\" shows them");
        break;
    case PK_LIMIT_EXCEEDED:
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED,
                  "the relying party has as many keys as it may; revoke one, or wait until the "
                  "tokens of earlier ones have expired");
        break;
    case PK_UNSUPPORTED:
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the keys of this relying party %s",
                  ((const struct keeping *)request)->secret.data
                      ? "are made by passkeyd: rotate them"
                      : "are shared with the application: import the one that it has");
        break;
    case PK_EXISTS:
        call_fail(call, PK_BUS_ERROR_EXISTS,
                  "[rp %s] has this key already, and tokens of the one relying party would open "
                  "the other; give each application a key of its own",
                  ((const struct keeping *)request)->taken_by);
        break;
    case PK_INVALID_ARGUMENT:
        if (((const struct keeping *)request)->secret.data)
            call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "a shared key is %d to %d bytes long",
                      PK_SHARED_KEY_MIN, PK_SHARED_KEY_MAX);
        else
            call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                      "the keys of this relying party are not RSA keys: they have one size");
        break;
    default:
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "the key could not be made; the system log of passkeyd may say why");
    }
}

static void log_change(const struct call *call, const struct keeping *keeping, const char *what,
                       const char *id)
{
    PK_AUTO_FREE char *rp = log_name(keeping->rp);
    PK_AUTO_FREE char *key = log_name(id);
    PK_AUTO_FREE char *by = decision_caller(call, NULL);

    pk_log(LOG_NOTICE, "[%s] %s %s of %s, %s", call->id, what, key ? key : "?", rp ? rp : "?",
           by ? by : "?");
}

/* Takes json. */
static void answer_json(struct call *call, json_t *json)
{
    struct value result = value_body();
    PK_AUTO_FREE char *text = json_text(json);

    if (!text) {
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "passkeyd has no memory left; try again in a moment");
        return;
    }
    value_add_text(&result, 's', text);
    call_reply(call, &result);
}

static json_t *api_key_json(const struct api_key *key)
{
    return json_pack("{s:s, s:s, s:s, s:I}", "id", key->id, "rp", key->rp, "name", key->name,
                     "created", (json_int_t)key->created);
}

static json_t *signing_key_json(const struct signing_key *key)
{
    json_t *json = json_pack("{s:s, s:s, s:s, s:b, s:b, s:I}", "kid", key->kid, "rp", key->rp,
                             "alg", key->algorithm, "shared", key->imported, "signs",
                             key->retired == 0, "created", (json_int_t)key->created);

    if (json && key->retired != 0 &&
        (json_object_set_new(json, "retired", json_integer(key->retired)) ||
         json_object_set_new(json, "expires", json_integer(key->expires)))) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* --- beginning -------------------------------------------------------------------------------- */

/* Fills keeping->party. false: the call has been answered, and keeping is released. */
static bool set_party(const struct daemon *daemon, struct call *call, struct keeping *keeping)
{
    const struct rp_config *rp = config_rp(daemon->config, keeping->rp);
    enum pk_status status = rp ? token_party_copy(rp, &keeping->party) : PK_NOT_FOUND;

    if (status == PK_OK)
        return true;
    if (status == PK_NOT_FOUND)
        reply_unknown_rp_error(call, keeping->rp);
    else if (status == PK_INVALID_ARGUMENT)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "this relying party is not served over HTTP; http in passkeyd.conf says how it "
                  "is to be");
    else
        reply_subject_error(call, status);
    free(keeping);
    return false;
}

static bool is_name(const char *text, size_t max)
{
    size_t len = strlen(text);

    return len > 0 && len <= max;
}

/* NULL: the call has been answered. */
static struct keeping *begin(struct call *call)
{
    const char *rp = call->arguments.items[0].text;
    struct keeping *keeping;

    if (!is_name(rp, PK_RP_NAME_MAX)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the relying party has to be named");
        return NULL;
    }
    keeping = calloc(1, sizeof(*keeping));
    if (!keeping) {
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "passkeyd has no memory left; try again in a moment");
        return NULL;
    }
    keeping->rp = rp;
    keeping->now = pk_clock_now();
    return keeping;
}

/* --- API keys --------------------------------------------------------------------------------- */

static void log_api_key(struct request *request, const struct call *call)
{
    const struct keeping *keeping = (struct keeping *)request;

    log_change(call, keeping, "API key given out:", keeping->api_key.id);
}

static enum pk_status create_api_key(struct job *job)
{
    struct keeping *keeping = (struct keeping *)job;

    return request_committed(&keeping->request,
                             api_key_create(keeping->request.daemon->store, keeping->party.rp,
                                            keeping->name, keeping->now, &keeping->text,
                                            &keeping->api_key),
                             log_api_key);
}

static void answer_api_key(struct request *request, struct call *call, enum pk_status status)
{
    const struct keeping *keeping = (struct keeping *)request;
    PK_AUTO_FREE char *text = NULL;
    struct value result = value_body();
    int fd;

    if (status != PK_OK) {
        fail(request, call, status);
        return;
    }
    fd = secret_pipe(&keeping->text);
    text = json_text(api_key_json(&keeping->api_key));
    if (fd < 0 || !text) {
        if (fd >= 0)
            (void)close(fd);
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "out of memory or descriptors; revoke this API key and make another");
        return;
    }
    value_add_fd(&result, fd);
    value_add_text(&result, 's', text);
    call_reply(call, &result);
}

void keys_create_api_key(struct daemon *daemon, struct call *call)
{
    static const struct member members[] = {{"name", "s", 0}};
    static const struct job_step steps[] = {{JOB_WORKER, create_api_key}, {0}};
    static const struct request_plan plan = {steps, answer_api_key, keeping_clear};
    const struct value *options = &call->arguments.items[1];
    const char *name = value_find_text(options, "name", NULL);
    struct keeping *keeping;

    if (!call_check(call, options, members, COUNT(members)))
        return;
    if (name && !passkey_name_valid(name)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "the name of an API key is 1 to %d bytes of printable text",
                  PK_CREDENTIAL_NAME_MAX);
        return;
    }
    keeping = begin(call);
    if (!keeping || !set_party(daemon, call, keeping))
        return;
    keeping->name = name;
    request_start(daemon, call, (struct request *)keeping, &plan);
}

static enum pk_status list_api_keys(struct job *job)
{
    struct keeping *keeping = (struct keeping *)job;
    struct store *store = keeping->request.daemon->store;

    return request_stored(&keeping->request,
                          store->verbs->api_key_list(store, keeping->rp, &keeping->api_keys));
}

static void answer_api_keys(struct request *request, struct call *call, enum pk_status status)
{
    const struct keeping *keeping = (struct keeping *)request;
    json_t *array;

    if (status != PK_OK) {
        fail(request, call, status);
        return;
    }
    /* Keys of a relying party that is configured no more can be listed, and revoked. */
    if (keeping->api_keys.count == 0 && !config_rp(request->daemon->config, keeping->rp)) {
        reply_unknown_rp_error(call, keeping->rp);
        return;
    }
    array = json_array();
    for (size_t i = 0; i < keeping->api_keys.count && array; i++) {
        if (json_array_append_new(array, api_key_json(&keeping->api_keys.items[i])) == 0)
            continue;
        json_decref(array);
        array = NULL;
    }
    answer_json(call, array);
}

void keys_list_api_keys(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, list_api_keys}, {0}};
    static const struct request_plan plan = {steps, answer_api_keys, keeping_clear};
    struct keeping *keeping = begin(call);

    if (keeping)
        request_start(daemon, call, (struct request *)keeping, &plan);
}

static void log_revoked(struct request *request, const struct call *call)
{
    const struct keeping *keeping = (struct keeping *)request;

    log_change(call, keeping, "API key revoked:", keeping->id);
}

static enum pk_status revoke_api_key(struct job *job)
{
    struct keeping *keeping = (struct keeping *)job;
    struct store *store = keeping->request.daemon->store;

    return request_committed(&keeping->request,
                             store->verbs->api_key_revoke(store, keeping->rp, keeping->id),
                             log_revoked);
}

static void answer_revoked(struct request *request, struct call *call, enum pk_status status)
{
    struct value result = value_body();

    if (status != PK_OK) {
        fail(request, call, status);
        return;
    }
    call_reply(call, &result);
}

void keys_revoke_api_key(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, revoke_api_key}, {0}};
    static const struct request_plan plan = {steps, answer_revoked, keeping_clear};
    struct keeping *keeping = begin(call);

    if (!keeping)
        return;
    keeping->id = call->arguments.items[1].text;
    request_start(daemon, call, (struct request *)keeping, &plan);
}

/* --- signing keys ----------------------------------------------------------------------------- */

static enum pk_status list_signing_keys(struct job *job)
{
    struct keeping *keeping = (struct keeping *)job;
    struct store *store = keeping->request.daemon->store;

    return request_stored(
        &keeping->request,
        store->verbs->signing_key_list(store, keeping->rp, keeping->now, &keeping->signing_keys));
}

static void answer_signing_keys(struct request *request, struct call *call, enum pk_status status)
{
    const struct keeping *keeping = (struct keeping *)request;
    json_t *array;

    if (status != PK_OK) {
        fail(request, call, status);
        return;
    }
    if (keeping->signing_keys.count == 0 && !config_rp(request->daemon->config, keeping->rp)) {
        reply_unknown_rp_error(call, keeping->rp);
        return;
    }
    array = json_array();
    for (size_t i = 0; i < keeping->signing_keys.count && array; i++) {
        if (json_array_append_new(array, signing_key_json(&keeping->signing_keys.items[i])) == 0)
            continue;
        json_decref(array);
        array = NULL;
    }
    answer_json(call, array);
}

void keys_list_keys(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, list_signing_keys}, {0}};
    static const struct request_plan plan = {steps, answer_signing_keys, keeping_clear};
    struct keeping *keeping = begin(call);

    if (keeping)
        request_start(daemon, call, (struct request *)keeping, &plan);
}

static void log_replaced(struct request *request, const struct call *call)
{
    const struct keeping *keeping = (struct keeping *)request;

    log_change(call, keeping,
               keeping->change.at_once ? "new signing key, earlier ones void at once:"
                                       : "new signing key:",
               keeping->signing_key.kid);
}

static enum pk_status replace_key(struct job *job)
{
    struct keeping *keeping = (struct keeping *)job;
    struct store *store = keeping->request.daemon->store;
    enum pk_status status = PK_NOT_FOUND;

    keeping->change.secret = pk_secret_view(&keeping->secret);
    if (keeping->change.secret.len > 0)
        status = request_stored(&keeping->request,
                                keys_find_shared(store, &keeping->others, keeping->change.secret,
                                                 keeping->now, &keeping->taken_by));
    if (status != PK_NOT_FOUND)
        return status == PK_OK ? PK_EXISTS : status;
    return request_committed(
        &keeping->request,
        keys_replace(store, &keeping->party, &keeping->change, keeping->now, &keeping->signing_key),
        log_replaced);
}

static void answer_replaced(struct request *request, struct call *call, enum pk_status status)
{
    const struct keeping *keeping = (struct keeping *)request;

    if (status != PK_OK) {
        fail(request, call, status);
        return;
    }
    answer_json(call, signing_key_json(&keeping->signing_key));
}

static const struct job_step replace_steps[] = {{JOB_WORKER, replace_key}, {0}};
static const struct request_plan replace_plan = {replace_steps, answer_replaced, keeping_clear};

void keys_rotate_key(struct daemon *daemon, struct call *call)
{
    static const struct member members[] = {{"bits", "u", 0}, {"atOnce", "b", 0}};
    const struct value *options = &call->arguments.items[1];
    struct keeping *keeping;
    uint32_t bits;

    if (!call_check(call, options, members, COUNT(members)))
        return;
    bits = value_find_number(options, "bits");
    if (value_find(options, "bits") && bits != SIGNING_RSA_BITS && bits != SIGNING_RSA_BITS_MAX) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "an RSA key has %d or %d bits",
                  SIGNING_RSA_BITS, SIGNING_RSA_BITS_MAX);
        return;
    }
    keeping = begin(call);
    if (!keeping || !set_party(daemon, call, keeping))
        return;
    keeping->change.bits = bits;
    keeping->change.at_once = value_find_number(options, "atOnce");
    request_start(daemon, call, (struct request *)keeping, &replace_plan);
}

static enum pk_status list_others(const struct config *config, const char *rp,
                                  struct pk_strings *ret)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < config->rp_count && status == PK_OK; i++)
        if (config->rps[i].http != PK_HTTP_NONE && strcmp(config->rps[i].name, rp) != 0)
            status = pk_strings_add(ret, config->rps[i].name);
    return status;
}

static void import_key(struct daemon *daemon, struct call *call, enum pk_status status,
                       struct pk_secret *secret)
{
    const struct value *options = &call->arguments.items[1];
    struct keeping *keeping;

    if (status != PK_OK || secret->len < PK_SHARED_KEY_MIN) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "a shared key is %d to %d bytes long",
                  PK_SHARED_KEY_MIN, PK_SHARED_KEY_MAX);
        return;
    }
    keeping = begin(call);
    if (!keeping || !set_party(daemon, call, keeping))
        return;
    if (list_others(daemon->config, keeping->rp, &keeping->others)) {
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "passkeyd has no memory left; try again in a moment");
        keeping_clear((struct request *)keeping);
        free(keeping);
        return;
    }
    keeping->secret = *secret;
    *secret = (struct pk_secret){0};
    keeping->change.at_once = value_find_number(options, "atOnce");
    request_start(daemon, call, (struct request *)keeping, &replace_plan);
}

void keys_import_key(struct daemon *daemon, struct call *call)
{
    static const struct member members[] = {{"secret", "h", 0}, {"atOnce", "b", 0}};
    struct value *options = &call->arguments.items[1];

    if (!call_check(call, options, members, COUNT(members)))
        return;
    if (value_find(options, "secret"))
        secret_read(daemon, call, value_find(options, "secret"), import_key);
    else
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the key itself is missing: \"secret\"");
}
