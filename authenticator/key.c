/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/key.h"

#include <string.h>
#include <unistd.h>

/* libfido2 wants a path, and passes it to our own function, which has no use for it. */
#define NO_PATH "opened before"

static void free_info(fido_cbor_info_t *info)
{
    fido_cbor_info_free(&info);
}
PK_DEFINE_CLEANUP(fido_cbor_info_t *, free_info);

/* ---- what the key can do ---- */

static void read_options(const fido_cbor_info_t *cbor, struct key_info *info)
{
    char **names = fido_cbor_info_options_name_ptr(cbor);
    const bool *values = fido_cbor_info_options_value_ptr(cbor);

    for (size_t i = 0; i < fido_cbor_info_options_len(cbor); i++) {
        if (strcmp(names[i], "clientPin") == 0) {
            info->pin_supported = true;
            info->pin_set = values[i];
        } else if (strcmp(names[i], "uv") == 0) {
            info->uv_supported = true;
            info->uv_set = values[i];
        } else if (strcmp(names[i], "rk") == 0) {
            info->resident_keys = values[i];
        } else if (strcmp(names[i], "alwaysUv") == 0) {
            info->always_uv = values[i];
        } else if (strcmp(names[i], "makeCredUvNotRqd") == 0) {
            info->make_cred_uv_not_required = values[i];
        }
    }
}

static void read_lists(const fido_cbor_info_t *cbor, struct key_info *info)
{
    static const struct {
        const char *name;
        enum pk_transport bit;
    } transports[] = {
        {"usb", PK_TRANSPORT_USB},       {"nfc", PK_TRANSPORT_NFC},
        {"ble", PK_TRANSPORT_BLE},       {"smart-card", PK_TRANSPORT_SMART_CARD},
        {"hybrid", PK_TRANSPORT_HYBRID}, {"internal", PK_TRANSPORT_INTERNAL},
    };
    char **names = fido_cbor_info_transports_ptr(cbor);
    char **extensions = fido_cbor_info_extensions_ptr(cbor);

    for (size_t i = 0; i < fido_cbor_info_transports_len(cbor); i++) {
        for (size_t j = 0; j < sizeof(transports) / sizeof(*transports); j++) {
            if (strcmp(names[i], transports[j].name) == 0)
                info->transports |= transports[j].bit;
        }
    }
    for (size_t i = 0; i < fido_cbor_info_extensions_len(cbor); i++) {
        if (strcmp(extensions[i], "credProtect") == 0)
            info->cred_protect = true;
    }
    for (size_t i = 0; i < fido_cbor_info_algorithm_count(cbor); i++) {
        if (info->algorithm_count < PK_ALGORITHMS_MAX)
            info->algorithms[info->algorithm_count++] = fido_cbor_info_algorithm_cose(cbor, i);
    }
}

static enum pk_status read_info(struct key *key)
{
    PK_CLEANUP(free_info) fido_cbor_info_t *cbor = fido_cbor_info_new();
    int error;

    key->info = (struct key_info){.resident_left = -1};
    key->info.ctap2 = fido_dev_is_fido2(key->device);
    if (!key->info.ctap2)
        return PK_OK;
    if (!cbor)
        return PK_NO_MEMORY;
    error = fido_dev_get_cbor_info(key->device, cbor);
    if (error != FIDO_OK)
        return key_status(key, error);
    read_options(cbor, &key->info);
    read_lists(cbor, &key->info);
    key->info.list_max = fido_cbor_info_maxcredcntlst(cbor);
    key->info.id_max = fido_cbor_info_maxcredidlen(cbor);
    key->info.message_max = fido_cbor_info_maxmsgsiz(cbor);
    key->info.firmware = fido_cbor_info_fwversion(cbor);
    key->info.pin_min = fido_cbor_info_minpinlen(cbor);
    key->info.pin_change = key->info.pin_set && fido_cbor_info_new_pin_required(cbor);
    key->info.resident_left = fido_cbor_info_rk_remaining(cbor);
    return PK_OK;
}

/* ---- opening and closing ---- */

enum pk_status key_open(struct key *key, struct pk_channel *channel, int fd)
{
    enum pk_status status;
    int error;

    *key = (struct key){.hid = {.channel = channel}, .pin_tries = PK_TRIES_UNKNOWN};
    key->device = fido_dev_new();
    if (!key->device) {
        (void)close(fd);
        return PK_NO_MEMORY;
    }
    status = hid_attach(&key->hid, key->device, fd);
    if (status != PK_OK)
        return status;
    error = fido_dev_open(key->device, NO_PATH);
    if (error != FIDO_OK)
        return key_status(key, error);
    status = read_info(key);
    if (status == PK_OK)
        (void)key_pin_tries(key);
    return status;
}

void key_close(struct key *key)
{
    if (!key->device)
        return;
    (void)fido_dev_close(key->device);
    fido_dev_free(&key->device);
}

/* ---- errors ---- */

static enum pk_status pin_error(int error)
{
    switch (error) {
    case FIDO_ERR_PIN_INVALID:
        return PK_PIN_INVALID;
    case FIDO_ERR_PIN_BLOCKED:
        return PK_PIN_BLOCKED;
    case FIDO_ERR_PIN_AUTH_BLOCKED:
        return PK_PIN_AUTH_BLOCKED;
    case FIDO_ERR_PIN_NOT_SET:
        return PK_PIN_NOT_SET;
    case FIDO_ERR_PIN_REQUIRED:
    case FIDO_ERR_MISSING_PARAMETER: /* FIPS keys: the proof of the PIN is what is missing */
        return PK_PIN_REQUIRED;
    case FIDO_ERR_PIN_POLICY_VIOLATION: /* the right one, which has to be changed first */
        return PK_PIN_CHANGE;
    case FIDO_ERR_UV_BLOCKED:
        return PK_UV_BLOCKED;
    case FIDO_ERR_UV_INVALID:
        return PK_UV_INVALID;
    default:
        return PK_DEVICE_ERROR;
    }
}

static enum pk_status error_status(int error)
{
    switch (error) {
    case FIDO_OK:
        return PK_OK;
    case FIDO_ERR_NO_CREDENTIALS:
    case FIDO_ERR_INVALID_CREDENTIAL:
        return PK_NO_MATCH;
    case FIDO_ERR_CREDENTIAL_EXCLUDED:
        return PK_CREDENTIAL_EXCLUDED;
    case FIDO_ERR_KEY_STORE_FULL:
        return PK_KEY_STORE_FULL;
    case FIDO_ERR_NOT_ALLOWED:
        return PK_OPERATION_DENIED;
    case FIDO_ERR_USER_ACTION_TIMEOUT:
    case FIDO_ERR_ACTION_TIMEOUT:
    case FIDO_ERR_TIMEOUT:
    case FIDO_ERR_KEEPALIVE_CANCEL: /* nobody here has cancelled: hid.trouble would say so */
        return PK_TOUCH_TIMEOUT;
    case FIDO_ERR_CHANNEL_BUSY:
        return PK_BUSY;
    case FIDO_ERR_UNSUPPORTED_ALGORITHM:
        return PK_KEY_ALGORITHM;
    case FIDO_ERR_UNSUPPORTED_OPTION:
    case FIDO_ERR_UNSUPPORTED_EXTENSION:
    case FIDO_ERR_INVALID_OPTION:
        return PK_UNSUPPORTED;
    case FIDO_ERR_INTERNAL:
    case FIDO_ERR_INVALID_ARGUMENT:
        return PK_INTERNAL;
    default:
        return pin_error(error);
    }
}

enum pk_status key_status(struct key *key, int error)
{
    key->error = error;
    if (error != FIDO_OK && key->hid.trouble != PK_OK)
        return key->hid.trouble;
    if (error == FIDO_ERR_OPERATION_DENIED)
        return choose_denied(hid_touch_wait(&key->hid));
    return error_status(error);
}

uint8_t key_pin_tries(struct key *key)
{
    int tries;

    key->pin_tries = PK_TRIES_UNKNOWN;
    if (key->info.pin_set && fido_dev_get_retry_count(key->device, &tries) == FIDO_OK &&
        tries >= 0 && tries < PK_TRIES_UNKNOWN)
        key->pin_tries = (uint8_t)tries;
    return key->pin_tries;
}

/* ---- the silent check ---- */

/* The credentials of one question: their indices in the list. */
struct batch {
    size_t items[PK_CREDENTIAL_LIST_MAX];
    size_t count;
};

/* The next credentials from *at on that the key could have made, at most a list of them. */
static void next_batch(const struct key *key, const struct credential_list *list, size_t *at,
                       struct batch *batch)
{
    struct list_load load = {0};

    batch->count = 0;
    for (; *at < list->count; (*at)++) {
        struct pk_view id = pk_view_of(&list->items[*at].id);

        if (!id_fits(&key->info, id))
            continue;
        if (!list_takes(&key->info, id, &load))
            return;
        batch->items[batch->count++] = *at;
    }
}

/* Which of the batch answered; the key may leave the id out when it was asked for one only. */
static size_t answered(const fido_assert_t *assertion, const struct credential_list *list,
                       const struct batch *batch)
{
    struct pk_view id = {fido_assert_id_ptr(assertion, 0), fido_assert_id_len(assertion, 0)};

    for (size_t i = 0; i < batch->count; i++) {
        if (pk_view_equal(id, pk_view_of(&list->items[batch->items[i]].id)))
            return batch->items[i];
    }
    return batch->items[0];
}

static int ask_silently(struct key *key, fido_assert_t *assertion, const char *rp_id)
{
    /* The hash is random: this signature is discarded, and its UP flag is not set. */
    uint8_t hash[PK_HASH_SIZE];
    int error;

    pk_random(hash, sizeof(hash));
    error = fido_assert_set_rp(assertion, rp_id);
    if (error == FIDO_OK)
        error = fido_assert_set_clientdata_hash(assertion, hash, sizeof(hash));
    if (error == FIDO_OK)
        error = fido_assert_set_up(assertion, FIDO_OPT_FALSE);
    if (error != FIDO_OK)
        return error;
    key->hid.silent = true;
    key->hid.wanted_touch = false;
    error = fido_dev_get_assert(key->device, assertion, NULL);
    key->hid.silent = false;
    return error;
}

/*
 * What an error means in the silent check. Which one a key gives that says nothing without a person
 * is nowhere written down, and makers have chosen many: each that means nothing else says that.
 */
static enum pk_status silent_status(struct key *key, int error)
{
    enum pk_status status = key_status(key, error);

    if (key->hid.trouble != PK_OK || error < 0)
        return status;
    if (key->hid.wanted_touch)
        return PK_PIN_REQUIRED;
    switch (status) {
    case PK_NO_MATCH:
    case PK_BUSY:
    case PK_INTERNAL:
    case PK_PIN_BLOCKED:
    case PK_PIN_AUTH_BLOCKED:
        return status;
    default:
        return key->info.ctap2 ? PK_PIN_REQUIRED : PK_NO_MATCH;
    }
}

static enum pk_status find_in(struct key *key, const char *rp_id,
                              const struct credential_list *list, const struct batch *batch,
                              size_t *ret_found)
{
    PK_CLEANUP(free_assert) fido_assert_t *assertion = fido_assert_new();
    int error;

    if (!assertion)
        return PK_NO_MEMORY;
    for (size_t i = 0; i < batch->count; i++) {
        const struct pk_bytes *id = &list->items[batch->items[i]].id;

        if (fido_assert_allow_cred(assertion, id->data, id->len) != FIDO_OK)
            return PK_NO_MEMORY;
    }
    error = ask_silently(key, assertion, rp_id);
    switch (error) {
    case FIDO_OK:
        *ret_found = answered(assertion, list, batch);
        return PK_OK;
    case FIDO_ERR_USER_PRESENCE_REQUIRED: /* how libfido2 reports a U2F key that made the handle */
        *ret_found = batch->items[0];
        return PK_OK;
    default:
        return silent_status(key, error);
    }
}

enum pk_status key_find(struct key *key, const char *rp_id, const struct credential_list *list,
                        size_t *ret_found)
{
    struct batch batch = {0};
    enum pk_status status = PK_NO_MATCH;
    size_t at = 0;

    if (list->count == 0)
        return find_in(key, rp_id, list, &batch, ret_found);
    while (status == PK_NO_MATCH) {
        next_batch(key, list, &at, &batch);
        if (batch.count == 0)
            return PK_NO_MATCH;
        status = find_in(key, rp_id, list, &batch, ret_found);
    }
    return status;
}
