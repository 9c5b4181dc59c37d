/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/messages.h"

#include "common/base/cleanup.h"
#include "common/base/status_webauthn.h"
#include "common/base/text.h"

#include <string.h>

#define NAME_SHOWN_MAX    64
#define COMMAND_SHOWN_MAX 160 /* of another person's request */

/* "A", "A or B", "A, B or C". */
static char *list(const struct pk_strings *names)
{
    char *text = strdup(names->items[0]);

    for (size_t i = 1; text && i < names->count; i++) {
        char *longer =
            pk_text_format("%s%s%s", text, i + 1 < names->count ? ", " : " or ", names->items[i]);

        free(text);
        text = longer;
    }
    return text;
}

/* Equal names do not distinguish the keys, and are left out. */
static bool all_equal(const struct pk_strings *names)
{
    for (size_t i = 1; i < names->count; i++)
        if (strcmp(names->items[i], names->items[0]) != 0)
            return false;
    return true;
}

static char *act_on(const char *act, const struct pk_strings *names, const char *why)
{
    PK_AUTO_FREE char *all = NULL;

    if (names->count < 2)
        return pk_text_format("%s your security key %s", act, why);
    if (all_equal(names))
        return pk_text_format("%s one of your security keys %s", act, why);
    all = list(names);
    return all ? pk_text_format("%s one of your security keys (%s) %s", act, all, why) : NULL;
}

char *pk_message_touch(const struct pk_strings *names, const char *why)
{
    return act_on("Touch", names, why);
}

char *pk_message_verify(const struct pk_strings *names, const char *why)
{
    return act_on("Use the fingerprint reader of", names, why);
}

char *pk_message_silent(const char *name)
{
    return pk_text_format(
        "The security key \"%s\" stopped answering: unplug it and plug it in again.", name);
}

char *pk_message_insert(bool strangers, const char *why)
{
    return strangers
               ? pk_text_format("No security key that is plugged in holds a passkey for this. "
                                "If another one does, insert it %s",
                                why)
               : pk_text_format("Insert your security key %s", why);
}

/* Without quotation marks: what follows one would read as if it were ours. */
static char *shown(const char *text, size_t max)
{
    char *copy = pk_text_printable(text, max);

    for (char *at = copy; at && *at; at++)
        if (*at == '"')
            *at = '\'';
    return copy;
}

char *pk_message_requester(const struct pk_requester *requester)
{
    PK_AUTO_FREE char *user = shown(requester->user, NAME_SHOWN_MAX);
    PK_AUTO_FREE char *program = shown(requester->program, NAME_SHOWN_MAX);
    PK_AUTO_FREE char *target = shown(requester->target, NAME_SHOWN_MAX);
    PK_AUTO_FREE char *command = shown(requester->command, COMMAND_SHOWN_MAX);
    PK_AUTO_FREE char *terminal = shown(requester->terminal, NAME_SHOWN_MAX);
    bool other, cut;

    if (!user || !program || !target || !command || !terminal)
        return NULL;
    other = target[0] && (command[0] ? strcmp(target, "root") : strcmp(target, user)) != 0;
    cut = strlen(requester->command) > strlen(command);
    return pk_text_format(
        "%s: %s%s%s%s%s%s%s%s", user[0] ? user : "somebody", program[0] ? program : "a program",
        command[0] ? " \"" : "", command, command[0] ? (cut ? "...\"" : "\"") : "",
        !other       ? ""
        : command[0] ? " as "
                     : " to ",
        other ? target : "", terminal[0] ? " on " : ", without a terminal", terminal);
}

char *pk_message_device_name(const struct pk_device *device)
{
    PK_AUTO_FREE char *product = pk_text_printable(device->product, NAME_SHOWN_MAX);
    PK_AUTO_FREE char *manufacturer = pk_text_printable(device->manufacturer, NAME_SHOWN_MAX);

    if (!product || !manufacturer)
        return NULL;
    if (product[0])
        return pk_steal(product);
    return manufacturer[0] ? pk_steal(manufacturer) : strdup("security key");
}

/* clang-format off */
/* NOLINTBEGIN(bugprone-suspicious-missing-comma): each text has its place by name. */
static const char *const outcomes[PK_STATUS_COUNT] = {
    [PK_OK] = "",

    [PK_NO_MEMORY] = "passkeyd has no memory left. Try again in a moment.",
    [PK_INVALID_ARGUMENT] = "The request has a value that is not allowed. Are all parts of one version?",
    [PK_INVALID_INPUT] = "What was given is not what was asked for. Try again.",
    [PK_TRUNCATED] = "What was given ends too early: a part is missing. Try again with all of it.",
    [PK_TRAILING_DATA] =
        "What was given goes on behind its end. Try again with nothing before or after it.",
    [PK_TOO_LARGE] = "What was given is too long.",
    [PK_IO] = "Something could not be read or written; the system log of passkeyd says what.",
    [PK_NOT_FOUND] = "What was asked for is not there any more. Begin again.",
    [PK_EXISTS] = "This passkey is enrolled already. \"passkeyctl list\" shows them.",
    [PK_LIMIT_EXCEEDED] =
        "passkeyd has too many requests of this user at once. Try again in a minute.",
    [PK_DENIED] =
        "No permission to open the security key. Sit at this computer, or ask its administrator.",
    [PK_BUSY] = "The security key is in use by another program. Try again when it has ended.",
    [PK_TIMEOUT] = "No answer in time.",
    [PK_CANCELLED] = "Cancelled.",
    [PK_UNAVAILABLE] = "Passkeys cannot be used right now. \"passkeyctl check\" says why.",
    [PK_UNSUPPORTED] = "This security key cannot do what is asked of it here. Use another one.",
    [PK_STORAGE] = "The credential store failed. The system log of passkeyd says why.",
    [PK_CONFIG] = "passkeyd.conf has an error. \"passkeyd --check-config\" shows it.",
    [PK_PROTOCOL] = "The other side did not keep to the protocol. Are all parts of one version?",
    [PK_INTERNAL] = "passkeyd failed. Its system log says more; please report it.",

    [PK_UNKNOWN_USER] = "No passkey is enrolled for this account.",
    [PK_NO_CREDENTIALS] = "No passkey is enrolled for this account.",
    [PK_ACCOUNT_CHANGED] =
        "The passkeys of this name belong to another account. \"passkeyctl adopt\" is for that.",
    [PK_NAME_TAKEN] = "The account has a passkey of that name already. Choose another name.",
    [PK_TICKET_INVALID] =
        "The enrolment ticket is unknown, used or expired. The administrator can make another.",
    [PK_RECOVERY_CODE_INVALID] = "This recovery code is not valid: mistyped, or used before.",
    [PK_BROWSER_CODE_INVALID] = "This is not the code that the page shows. Start again, and open "
                                "the new link.",
    [PK_ANSWER_REFUSED] = "The answer was refused. The system log of passkeyd says why.",
    [PK_NOT_SIGNED_IN] =
        "The API key or token is missing or not valid for this relying party. \"passkeyctl api-key "
        "create\" makes a key.",
    [PK_TOKEN_EXPIRED] = "The token has expired. Sign in again.",
    [PK_WRONG_TOKEN] = "The token is for another relying party or another purpose. Sign in again.",
    [PK_PASSWORD_REFUSED] = "The directory did not take the password. Nothing was enrolled.",

    [PK_NO_DEVICE] = "No security key was plugged in.",
    [PK_DEVICE_REMOVED] = "The security key was pulled out.",
    [PK_DEVICE_SILENT] =
        "The security key stopped answering. Pull it out, plug it in and try again.",
    [PK_DEVICE_ERROR] =
        "The security key did not answer properly. Pull it out, plug it in and try again.",
    [PK_NO_MATCH] = "None of the plugged-in security keys is enrolled for this account.",
    [PK_CREDENTIAL_EXCLUDED] = "This security key is enrolled already.",
    [PK_PIN_REQUIRED] = "The security key needs its PIN.",
    [PK_PIN_INVALID] = "Wrong PIN.",
    [PK_PIN_NOT_SET] =
        "The security key has no PIN yet. \"passkeyctl key set-pin\" sets one; then try again.",
    [PK_PIN_CHANGE] = ("The security key wants its PIN to be changed before it goes on. "
                       "\"passkeyctl key change-pin\" sets a new one (or \"fido2-token -C\")."),
    [PK_PIN_AUTH_BLOCKED] =
        "Too many wrong PINs: pull the security key out and plug it in again.",
    [PK_PIN_BLOCKED] = "The PIN of the security key is locked: the key must be reset. "
                       "\"passkeyctl key reset\" does that, and its passkeys are lost.",
    [PK_UV_INVALID] = "The fingerprint was not recognised.",
    [PK_UV_BLOCKED] = "The fingerprint reader of the security key is locked. Use its PIN.",
    [PK_KEY_STORE_FULL] =
        "The security key has no room for another passkey. --no-resident makes one without room.",
    [PK_OPERATION_DENIED] = "The request was refused on the security key.",
    [PK_TOUCH_TIMEOUT] = "The security key was not touched in time.",
    [PK_KEY_CANNOT_VERIFY] =
        "This security key has neither a PIN nor a fingerprint reader, and one of them is needed "
        "here. Use another security key.",
    [PK_KEY_CANNOT_STORE] =
        "This security key cannot keep passkeys that name their account, and such a one is wanted "
        "here. Use another security key, or --no-resident where that is allowed.",
    [PK_KEY_ALGORITHM] =
        "This security key knows none of the algorithms that are allowed here. Use another one.",

    [PK_PHONE_NO_ADAPTER] =
        "This computer has no Bluetooth adapter that works, and a phone is found by that. Use "
        "another way to sign in.",
    [PK_PHONE_ADAPTER_OFF] =
        "Bluetooth is off on this computer, and a phone is found by that. Switch it on and try "
        "again.",
    [PK_PHONE_NO_RIGHT] =
        "This computer's Bluetooth service does not let passkeyd look for a phone. Ask its "
        "administrator.",
    [PK_PHONE_NOT_HEARD] =
        "No phone was heard that scanned the code. Switch Bluetooth on on the phone, keep it near "
        "this computer and try again.",
    [PK_PHONE_NO_NETWORK] =
        "The phone was heard, but the service that connects it cannot be reached from here. Is "
        "this computer on the Internet?",
    [PK_PHONE_TUNNEL] = "The connection to the phone failed. Try again with a new code.",
    [PK_PHONE_ENDED] =
        "The phone ended the request without an answer. Perhaps it has no passkey for this "
        "computer.",
    [PK_PHONE_NO_PASSKEY] =
        "The phone has no passkey for this account. Use the phone that was enrolled.",
    [PK_PHONE_DECLINED] = "The request was declined on the phone.",
    [PK_PHONE_HAS_ONE] =
        "The phone has a passkey for this account already. \"passkeyctl list\" shows them.",
    [PK_PHONE_TOO_OLD] =
        "The phone's software is too old for this. Update it, or use another phone.",

    [PK_CHALLENGE_MISMATCH] = "That is the answer to another request.",
    [PK_ORIGIN_MISMATCH] =
        "That answer was made for another host: this one does not go by that name. "
        "If it should, its administrator lists it under ssh-hosts in passkeyd.conf.",
    [PK_USER_NOT_VERIFIED] = "The PIN or fingerprint of the security key is needed here.",
    [PK_USER_NOT_PRESENT] =
        "The security key signed without a touch, and one is needed here. A key of ssh-keygen must "
        "be made without \"-O no-touch-required\".",
    [PK_COUNTER_REGRESSED] =
        "The security key's counter went back: it may have been copied. Refused. \"passkeyctl "
        "remove\" removes its passkey; enrol the key again if you are sure of it.",
    [PK_CREDENTIAL_NOT_ALLOWED] = "The answer was refused: this passkey is not this account's.",
    [PK_CREDENTIAL_REGISTERED] = "This passkey is enrolled already. \"passkeyctl list\" shows them.",
    [PK_AAGUID_DENIED] =
        "Security keys of this model are not allowed here (aaguid-deny). Use another.",
    [PK_AAGUID_NOT_ALLOWED] =
        "Only security keys of certain models are allowed here, and this is none of them. The "
        "administrator knows which (aaguid-allow).",
    [PK_ATTESTATION_UNTRUSTED] =
        "Only security keys whose maker is trusted here are allowed, and this one did not prove "
        "its own. Use another, or ask the administrator to add its maker (trust-anchors).",
    [PK_ALGORITHM_NOT_OFFERED] = "The passkey's algorithm is not allowed here. Use another key.",
    [PK_RESIDENT_KEY_MISSING] =
        "The security key made no passkey that names its account, and such a one is wanted here.",
};
/* NOLINTEND(bugprone-suspicious-missing-comma) */
/* clang-format on */

/* What else the relying party finds wrong is for the log; who answered can only try again. */
static const char *const checks[PK_STATUS_COUNT] = {
#define NOT_ACCEPTED(symbol, name, clause)                                                         \
    [PK_##symbol] = "The answer was not accepted (" name "). Try again; if it happens again, "     \
                    "tell the administrator that word.",
    PK_STATUS_WEBAUTHN_ROWS(NOT_ACCEPTED)
#undef NOT_ACCEPTED
};

const char *pk_message_outcome(enum pk_status status)
{
    if ((size_t)status >= PK_STATUS_COUNT)
        status = PK_INTERNAL;
    return outcomes[status] ? outcomes[status] : checks[status];
}
