/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/api/options.h"

enum pk_status options_strings(const struct value *dict, const char *key, struct pk_strings *ret)
{
    const struct value *found = value_find(dict, key);
    enum pk_status status = PK_OK;

    for (size_t i = 0; found && i < found->count && !status; i++)
        status = pk_strings_add(ret, found->items[i].text);
    return status;
}

struct registration_request options_registration(const struct value *options)
{
    return (struct registration_request){
        .user_id = value_find_text(options, "userId", NULL),
        .user_name = value_find_text(options, "userName", NULL),
        .display_name = value_find_text(options, "displayName", NULL),
        .icon = value_find_text(options, "icon", NULL),
        .name = value_find_text(options, "name", NULL),
        .attestation = value_find_text(options, "attestation", NULL),
        .authenticator_attachment = value_find_text(options, "authenticatorAttachment", NULL),
        .resident_key = value_find_text(options, "residentKey", NULL),
        .user_verification = value_find_text(options, "userVerification", NULL),
        .appid = value_find_text(options, "appid", NULL),
        .appid_exclude = value_find_text(options, "appidExclude", NULL),
        .mediation = value_find_text(options, "mediation", NULL),
        .instrument_display_name = value_find_text(options, "instrumentDisplayName", NULL),
        .timeout_ms = value_find_number(options, "timeout"),
        .cred_protect = value_find_number(options, "credProtect"),
        .require_resident_key = value_find_number(options, "requireResidentKey") != 0,
        .cred_props = value_find_number(options, "credProps") != 0,
        .min_pin_length = value_find_number(options, "minPinLength") != 0,
        .secure_payment_confirmation = value_find_number(options, "securePaymentConfirmation") != 0,
    };
}
