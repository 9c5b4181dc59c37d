/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/choices.h"

#include <string.h>

#define COSE_ALG_ES256 (-7)
#define COSE_ALG_EDDSA (-8)
#define COSE_ALG_ES384 (-35)
#define COSE_ALG_RS256 (-257)

#define U2F_ID_MAX         255  /* its length is one byte */
#define MESSAGE_MAX_UNSAID 1024 /* CTAP 2.1 section 6.4, maxMsgSize */
#define DESCRIPTOR_BYTES   32   /* {"id": ..., "type": "public-key"} in CBOR */
#define BUILT_IN_ATTEMPTS  3
/* No key gives a person less, and nobody takes that long for a no. */
#define OWN_PATIENCE_MS 10000

/* What there is to verify with. PK_PIN_NOT_SET, PK_KEY_CANNOT_VERIFY. */
static enum pk_status best_verification(const struct key_info *info, enum verification *ret)
{
    if (!info->uv_set && !info->pin_set)
        return info->pin_supported || info->uv_supported ? PK_PIN_NOT_SET : PK_KEY_CANNOT_VERIFY;
    *ret = info->uv_set ? VERIFY_BUILT_IN : VERIFY_PIN;
    return PK_OK;
}

enum pk_status choose_for_assertion(const struct key_info *info, enum pk_requirement requirement,
                                    enum verification *ret)
{
    if (requirement == PK_REQUIRED)
        return best_verification(info, ret);
    if (info->always_uv)
        return best_verification(info, ret);
    *ret = requirement != PK_DISCOURAGED && info->uv_set ? VERIFY_BUILT_IN : VERIFY_NOT;
    return PK_OK;
}

enum pk_status choose_for_credential(const struct key_info *info, enum pk_requirement requirement,
                                     bool discoverable, enum verification *ret)
{
    bool protected_key = info->pin_set || info->uv_set;
    bool insists = protected_key && (discoverable || !info->make_cred_uv_not_required);

    if (requirement == PK_REQUIRED || insists)
        return best_verification(info, ret);
    return choose_for_assertion(info, requirement, ret);
}

/* Built-in verification did not work out: the PIN, or nothing where nothing will do. */
static enum pk_status after_built_in(const struct key_info *info, const struct refusal *refusal,
                                     enum verification *ret)
{
    if (refusal->status == PK_UV_INVALID && refusal->attempts < BUILT_IN_ATTEMPTS) {
        *ret = VERIFY_BUILT_IN;
        return PK_OK;
    }
    if (refusal->required && !info->pin_set)
        return refusal->status;
    *ret = refusal->required ? VERIFY_PIN : VERIFY_NOT;
    return PK_OK;
}

static bool verifies(const struct key_info *info)
{
    return info->uv_set || info->pin_set;
}

/* The key refused, and not for a reason that verification would leave as it is. */
static bool unexplained(const struct refusal *refusal)
{
    return refusal->coded &&
           (refusal->status == PK_DEVICE_ERROR || refusal->status == PK_UNSUPPORTED);
}

enum pk_status choose_after(const struct key_info *info, const struct refusal *refusal,
                            enum verification *ret)
{
    switch (refusal->tried) {
    case VERIFY_NOT:
        if (refusal->status == PK_PIN_REQUIRED || (unexplained(refusal) && verifies(info)))
            return best_verification(info, ret);
        break;
    case VERIFY_BUILT_IN:
        if (refusal->status == PK_UV_INVALID || refusal->status == PK_UV_BLOCKED ||
            refusal->status == PK_PIN_REQUIRED || refusal->status == PK_OPERATION_DENIED)
            return after_built_in(info, refusal, ret);
        break;
    case VERIFY_PIN:
        if (refusal->status == PK_PIN_INVALID) {
            *ret = VERIFY_PIN;
            return PK_OK;
        }
        break;
    }
    return refusal->status;
}

enum pk_status choose_denied(int64_t waited_ms)
{
    return waited_ms >= OWN_PATIENCE_MS ? PK_TOUCH_TIMEOUT : PK_OPERATION_DENIED;
}

enum pk_status choose_discoverable(const struct key_info *info, enum pk_requirement requirement,
                                   bool *ret)
{
    bool wanted = requirement == PK_REQUIRED || requirement == PK_PREFERRED;

    if (requirement == PK_REQUIRED && !info->resident_keys)
        return PK_KEY_CANNOT_STORE;
    if (requirement == PK_REQUIRED && info->resident_left == 0)
        return PK_KEY_STORE_FULL;
    *ret = wanted && info->resident_keys && info->resident_left != 0;
    return PK_OK;
}

static bool creatable(const struct key_info *info, int32_t algorithm)
{
    if (!info->ctap2)
        return algorithm == COSE_ALG_ES256;
    if (algorithm != COSE_ALG_ES256 && algorithm != COSE_ALG_ES384 && algorithm != COSE_ALG_EDDSA &&
        algorithm != COSE_ALG_RS256)
        return false;
    for (size_t i = 0; i < info->algorithm_count; i++) {
        if (info->algorithms[i] == algorithm)
            return true;
    }
    return info->algorithm_count == 0;
}

enum pk_status choose_algorithms(const struct key_info *info, const int32_t *wanted, size_t count,
                                 int32_t *ret, size_t *ret_count)
{
    size_t chosen = 0;

    for (size_t i = 0; i < count; i++) {
        if (creatable(info, wanted[i]))
            ret[chosen++] = wanted[i];
    }
    *ret_count = chosen;
    return chosen > 0 ? PK_OK : PK_KEY_ALGORITHM;
}

bool pin_fits(const struct key_info *info, const struct pk_secret *pin)
{
    size_t least = info->pin_min > PK_PIN_MIN ? info->pin_min : PK_PIN_MIN;
    size_t code_points = 0;

    for (size_t i = 0; i < pin->len; i++)
        code_points += (pin->data[i] & 0xc0) != 0x80; /* not the rest of a UTF-8 sequence */
    return code_points >= least && pin->len <= PK_PIN_MAX && memchr(pin->data, 0, pin->len) == NULL;
}

bool id_fits(const struct key_info *info, struct pk_view id)
{
    if (!info->ctap2)
        return id.len <= U2F_ID_MAX;
    return info->id_max == 0 || id.len <= info->id_max;
}

bool list_takes(const struct key_info *info, struct pk_view id, struct list_load *load)
{
    size_t message = info->message_max > 0 ? info->message_max : MESSAGE_MAX_UNSAID;
    size_t bytes = load->bytes + id.len + DESCRIPTOR_BYTES;

    if (load->count > 0) {
        if (!info->ctap2 || info->id_max == 0 || load->count >= info->list_max)
            return false;
        /* The other half is for names, hashes and the proof of the PIN. */
        if (bytes > message / 2)
            return false;
    }
    *load = (struct list_load){load->count + 1, bytes};
    return true;
}
