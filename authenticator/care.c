/* SPDX-License-Identifier: BSD-2-Clause */
/* KEY_INFO, SET_PIN, RESET and SELECT: the key for its own sake, without a relying party. */
#include "authenticator/care.h"

#define TOUCHED_WITHOUT_LIMIT (-1)

static void describe(const struct key *key, struct pk_key_state *ret)
{
    const struct key_info *info = &key->info;

    *ret = (struct pk_key_state){
        .ctap2 = info->ctap2,
        .pin_supported = info->pin_supported,
        .pin_set = info->pin_set,
        .pin_change = info->pin_change,
        .pin_tries = key->pin_tries,
        .pin_min = info->pin_min <= PK_PIN_MAX ? (uint8_t)info->pin_min : 0,
        .uv_supported = info->uv_supported,
        .uv_set = info->uv_set,
        .always_uv = info->always_uv,
        .resident_keys = info->resident_keys,
        .resident_left = info->resident_left < 0 || info->resident_left > INT32_MAX
                             ? -1
                             : (int32_t)info->resident_left,
        .firmware = info->firmware > UINT32_MAX ? 0 : (uint32_t)info->firmware,
        .version = {fido_dev_major(key->device), fido_dev_minor(key->device),
                    fido_dev_build(key->device)},
    };
}

/* CTAP 2.1 section 6.5.5.5 and 6.5.5.6. What the key would refuse is not worth a try. */
static enum pk_status set_pin(struct key *key, const struct pk_key_request *request)
{
    enum pk_status status = PK_OK;

    if (!key->info.pin_supported)
        return PK_UNSUPPORTED;
    if (key->info.pin_set && request->pin.len == 0)
        return PK_PIN_REQUIRED;
    if (!key->info.pin_set && request->pin.len > 0)
        return PK_PIN_NOT_SET;
    if (!pin_fits(&key->info, &request->new_pin))
        return PK_INVALID_INPUT;
    if (key->pin_tries == 0)
        return PK_PIN_BLOCKED;
    status = key_status(
        key, fido_dev_set_pin(key->device, (const char *)request->new_pin.data,
                              request->pin.len > 0 ? (const char *)request->pin.data : NULL));
    /* Here that error is about the new one (section 6.5.5.6). */
    if (status == PK_PIN_CHANGE)
        status = PK_INVALID_INPUT;
    if (status != PK_OK && key->hid.trouble == PK_OK)
        (void)key_pin_tries(key);
    return status;
}

/* CTAP 2.1 section 6.6: within ten seconds of power-up, and with a touch. */
static enum pk_status reset(struct key *key)
{
    if (!key->info.ctap2)
        return PK_UNSUPPORTED;
    return key_status(key, fido_dev_reset(key->device));
}

/* CTAP 2.1 section 6.9, or what libfido2 has in its place for older keys. */
static enum pk_status wait_for_touch(struct key *key)
{
    int touched = 0;
    int error = fido_dev_get_touch_begin(key->device);

    while (error == FIDO_OK && !touched)
        error = fido_dev_get_touch_status(key->device, &touched, TOUCHED_WITHOUT_LIMIT);
    return key_status(key, error);
}

enum pk_status care_for(struct key *key, const struct pk_frame *request, struct pk_frame *ret)
{
    enum pk_status status = PK_OK;

    *ret = (struct pk_frame){.type = PK_FRAME_DONE};
    switch (request->type) {
    case PK_FRAME_KEY_INFO:
        ret->type = PK_FRAME_KEY_STATE;
        describe(key, &ret->key_state);
        break;
    case PK_FRAME_SET_PIN:
        status = set_pin(key, &request->key);
        break;
    case PK_FRAME_RESET:
        key->hid.person = true;
        status = reset(key);
        break;
    case PK_FRAME_SELECT:
        key->hid.person = true;
        status = wait_for_touch(key);
        break;
    default:
        status = PK_PROTOCOL;
        break;
    }
    return status;
}
