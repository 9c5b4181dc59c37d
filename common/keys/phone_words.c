/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/phone_words.h"

#include "common/base/text.h"
#include "common/keys/messages.h"

#include <string.h>
#include <strings.h>

char *pk_phone_offer(const char *purpose, const char *for_another)
{
    return pk_text_format("Use a phone that is with you %s?\n%s%s"
                          "That tells Google or Apple, whose servers connect it, this computer's "
                          "address and the\n"
                          "time.\n"
                          "\"phone\" shows a QR code, Enter alone goes on without: ",
                          purpose, for_another ? for_another : "", for_another ? "\n" : "");
}

bool pk_phone_is_wanted(const char *typed)
{
    return strcasecmp(typed, "phone") == 0;
}

bool pk_phone_is_yes(const char *typed)
{
    return strcasecmp(typed, "y") == 0 || strcasecmp(typed, "yes") == 0;
}

const char *pk_phone_outcome(enum pk_status status)
{
    switch (status) {
    case PK_BUSY:
        return "You have another QR code for a phone on a screen. End that request, or wait for it "
               "to end.";
    case PK_TIMEOUT:
        return "Nobody approved on the phone in time.";
    case PK_UNAVAILABLE:
        return "Phones cannot be used right now. \"passkeyctl check --phone\" says why.";
    case PK_UNSUPPORTED:
    case PK_KEY_ALGORITHM:
        return "This phone cannot do what is asked of it here. Use another one.";
    case PK_UV_INVALID:
    case PK_UV_BLOCKED:
        return "The phone did not recognise its user. Unlock it and try again.";
    case PK_KEY_STORE_FULL:
        return "The phone has no room for another passkey.";
    case PK_USER_NOT_VERIFIED:
        return "The answer was refused: the phone did not check whose it is.";
    case PK_USER_NOT_PRESENT:
        return "The answer was refused: nobody approved on the phone.";
    case PK_BACKUP_STATE_INVALID:
    case PK_BACKUP_ELIGIBILITY_CHANGED:
        return "The answer was refused: what the phone says of the passkey's copies cannot be.";
    case PK_RP_ID_MISMATCH:
        return "The answer was refused: it is for another computer.";
    case PK_AAGUID_DENIED:
    case PK_AAGUID_NOT_ALLOWED:
        return "Passkeys of whoever keeps this one are not allowed here. The administrator knows "
               "which are (aaguid-allow, aaguid-deny).";
    default:
        return pk_message_outcome(status);
    }
}

char *pk_phone_whose(const char *provider, const char *user, const char *host)
{
    return pk_text_format("A phone has made a passkey. It is kept by %s.\n"
                          "Did your phone just save a passkey for %s on %s? [y/N] ",
                          provider ? provider : "an app that is not known here", user, host);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), wanted = strlen(end);

    return len >= wanted && strcmp(text + len - wanted, end) == 0;
}

const char *pk_phone_dislikes(const char *rp_id)
{
    if (strchr(rp_id, ':'))
        return "is no name of a host";
    if (rp_id[strspn(rp_id, "0123456789.")] == '\0')
        return "is an address and no name";
    if (!strchr(rp_id, '.'))
        return "has no dot";
    if (ends_with(rp_id, ".local") || ends_with(rp_id, ".localdomain") ||
        ends_with(rp_id, ".internal") || ends_with(rp_id, ".lan"))
        return "is a name of a local network";
    return NULL;
}
