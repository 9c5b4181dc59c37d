/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/phone_messages.h"

#include "common/keys/messages.h"

/*
 * Those of a security key that a phone has no words for: they come of an answer that does not fit.
 */
static const char improper[] = "The phone did not answer properly. Try again with a new code.";

/* clang-format off */
/* NOLINTBEGIN(bugprone-suspicious-missing-comma): each text has its place by name. */
static const char *const outcomes[PK_STATUS_COUNT] = {
    [PK_DENIED] = "Phones may not be used here. \"passkeyctl check --phone\" says why.",
    [PK_BUSY] =
        "You have another QR code for a phone on a screen. End that request, or wait for it to "
        "end.",
    [PK_TIMEOUT] = "Nobody approved on the phone in time.",
    [PK_UNAVAILABLE] =
        "Phones cannot be used right now. \"passkeyctl check --phone\" says why.",
    [PK_UNSUPPORTED] = "This phone cannot do what is asked of it here. Use another one.",

    [PK_NO_DEVICE] = improper,
    [PK_DEVICE_REMOVED] = improper,
    [PK_DEVICE_SILENT] = improper,
    [PK_DEVICE_ERROR] = improper,
    [PK_NO_MATCH] = improper,
    [PK_CREDENTIAL_EXCLUDED] = improper,
    [PK_PIN_REQUIRED] = improper,
    [PK_PIN_INVALID] = improper,
    [PK_PIN_NOT_SET] = improper,
    [PK_PIN_CHANGE] = improper,
    [PK_PIN_AUTH_BLOCKED] = improper,
    [PK_PIN_BLOCKED] = improper,
    [PK_UV_INVALID] = "The phone did not recognise its user. Unlock it and try again.",
    [PK_UV_BLOCKED] = "The phone did not recognise its user. Unlock it and try again.",
    [PK_KEY_STORE_FULL] = "The phone has no room for another passkey.",
    [PK_OPERATION_DENIED] = improper,
    [PK_TOUCH_TIMEOUT] = improper,
    [PK_KEY_CANNOT_VERIFY] =
        "This phone has no screen lock, by which it would know its user. Set one and try again, "
        "or use another phone.",
    [PK_KEY_CANNOT_STORE] =
        "This phone keeps no passkeys. Choose an app in its settings that does, or use another "
        "phone.",
    [PK_KEY_ALGORITHM] =
        "This phone knows none of the algorithms that are allowed here. Use another one.",

    [PK_USER_NOT_VERIFIED] = "The answer was refused: the phone did not check whose it is.",
    [PK_USER_NOT_PRESENT] = "The answer was refused: nobody approved on the phone.",
    [PK_BACKUP_STATE_INVALID] =
        "The answer was refused: what the phone says of the passkey's copies cannot be.",
    [PK_BACKUP_ELIGIBILITY_CHANGED] =
        "The answer was refused: what the phone says of the passkey's copies cannot be.",
    [PK_RP_ID_MISMATCH] = "The answer was refused: it is for another computer.",
    [PK_COUNTER_REGRESSED] =
        "The counter of the phone's passkey went back: it may have been copied. Refused. "
        "\"passkeyctl remove\" removes it; enrol the phone again if you are sure of it.",
    [PK_AAGUID_DENIED] =
        "Passkeys of whoever keeps this one are not allowed here. The administrator knows which "
        "are (aaguid-allow, aaguid-deny).",
    [PK_AAGUID_NOT_ALLOWED] =
        "Passkeys of whoever keeps this one are not allowed here. The administrator knows which "
        "are (aaguid-allow, aaguid-deny).",
    [PK_ATTESTATION_UNTRUSTED] =
        "A passkey has to prove its maker here, and a phone's does not. The administrator decides "
        "that (require-trusted-attestation).",
    [PK_ALGORITHM_NOT_OFFERED] =
        "The algorithm of the phone's passkey is not allowed here. Use another phone.",
    [PK_RESIDENT_KEY_MISSING] =
        "The phone made no passkey that names its account, and such a one is wanted here.",
};
/* NOLINTEND(bugprone-suspicious-missing-comma) */
/* clang-format on */

const char *pk_message_phone(enum pk_status status)
{
    const char *text = (size_t)status < PK_STATUS_COUNT ? outcomes[status] : NULL;

    return text ? text : pk_message_outcome(status);
}
