/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/phone_words.h"

#include "common/base/text.h"

#include <string.h>
#include <strings.h>

char *pk_phone_offer(const char *purpose, const char *for_another)
{
    return pk_text_format("Use a phone that is with you %s?\n%s%s"
                          "That tells Google or Apple, whose servers connect it, this computer's "
                          "address\n"
                          "and the time.\n"
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
