/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/messages.h"

#include "common/base/cleanup.h"
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

char *pk_message_insert(bool strangers, const char *why)
{
    return strangers ? pk_text_format(
                           "This security key is not enrolled. Insert the one that is, %s", why)
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

static const struct {
    enum pk_status status;
    const char *text;
} outcomes[] = {
    {PK_OK, ""},
    {PK_UNKNOWN_USER, "No passkey is enrolled for this account."},
    {PK_NO_CREDENTIALS, "No passkey is enrolled for this account."},
    {PK_ACCOUNT_CHANGED, "The passkeys of this name belong to another account."},
    {PK_NO_DEVICE, "No security key was plugged in."},
    {PK_NO_MATCH, "None of the plugged-in security keys is enrolled for this account."},
    {PK_DEVICE_REMOVED, "The security key was pulled out."},
    {PK_BUSY, "The security key is in use by another program."},
    {PK_DEVICE_ERROR, "The security key did not answer properly."},
    {PK_CREDENTIAL_EXCLUDED, "This security key is enrolled already."},
    {PK_PIN_REQUIRED, "The security key needs its PIN."},
    {PK_PIN_INVALID, "Wrong PIN."},
    {PK_PIN_NOT_SET, "The security key has no PIN yet: set one first."},
    {PK_PIN_AUTH_BLOCKED, "Too many wrong PINs: pull the security key out and plug it in again."},
    {PK_PIN_BLOCKED, "The PIN of the security key is locked: the key must be reset."},
    {PK_UV_INVALID, "The fingerprint was not recognised."},
    {PK_UV_BLOCKED, "The fingerprint reader of the security key is locked."},
    {PK_KEY_STORE_FULL, "The security key has no room for another passkey."},
    {PK_OPERATION_DENIED, "The request was refused on the security key."},
    {PK_TOUCH_TIMEOUT, "The security key was not touched in time."},
    {PK_TIMEOUT, "No answer in time."},
    {PK_CANCELLED, "Cancelled."},
    {PK_CHALLENGE_MISMATCH, "That is the answer to another request."},
    {PK_ORIGIN_MISMATCH,
     "That answer was made for another host: this one does not go by that name.\n"
     "If it should, its administrator lists it under ssh-hosts in passkeyd.conf."},
    {PK_USER_NOT_VERIFIED, "The PIN or fingerprint of the security key is needed here."},
    {PK_COUNTER_REGRESSED,
     "The security key's counter went back: it may have been copied. Refused."},
    {PK_RECOVERY_CODE_INVALID, "This recovery code is not valid."},
    {PK_LIMIT_EXCEEDED, "Too many: a limit is reached."},
    {PK_UNSUPPORTED, "No way to use a passkey here."},
    {PK_CREDENTIAL_NOT_ALLOWED, "The answer was refused: this passkey is not this account's."},
    {PK_DENIED, "No permission to open the security key."},
    {PK_UNAVAILABLE, "Passkeys cannot be used right now."},
    {PK_STORAGE, "The credential store failed."},
    {PK_EXISTS, "This passkey is enrolled already."},
    {PK_NAME_TAKEN, "The account has a passkey of that name already."},
    {PK_CREDENTIAL_REGISTERED, "This passkey is enrolled already."},
};

const char *pk_message_outcome(enum pk_status status)
{
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
        if (outcomes[i].status == status)
            return outcomes[i].text;
    return "The answer was refused.";
}
