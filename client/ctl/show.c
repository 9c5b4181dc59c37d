/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyctl show: one passkey in words. The raw values are for --json. */
#include "client/ctl/show.h"

#include "client/passkeys.h"
#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"

#include <string.h>

/* A value of the passkey in words; NULL: it is as good as not there. The caller's to free. */
typedef char *in_words(const json_t *passkey, const char *member);

static char *as_text(const json_t *passkey, const char *member)
{
    const char *text = member_text(passkey, member);

    return text[0] ? strdup(text) : NULL;
}

static char *as_yes_or_no(const json_t *passkey, const char *member)
{
    const json_t *value = json_object_get(passkey, member);

    return value ? strdup(json_is_true(value) ? "yes" : "no") : NULL;
}

static char *as_number(const json_t *passkey, const char *member)
{
    return json_object_get(passkey, member)
               ? pk_text_format("%lld", (long long)member_number(passkey, member))
               : NULL;
}

/* CTAP 2.1 section 12.1 */
static char *as_protection(const json_t *passkey, const char *member)
{
    static const char *const words[] = {"anybody", "whoever names it, or is verified",
                                        "nobody before the PIN or fingerprint"};
    long long level = json_object_get(passkey, member) ? member_number(passkey, member) : 0;

    return level >= 1 && level <= 3 ? strdup(words[level - 1]) : NULL;
}

static char *as_time(const json_t *passkey, const char *member)
{
    return passkeys_time(member_number(passkey, member), "never");
}

/* What opens nothing is said; what is as it should be is not. */
static char *as_orphan(const json_t *passkey, const char *member)
{
    return json_is_true(json_object_get(passkey, member))
               ? strdup("yes: it opens nothing until \"passkeyctl adopt\"")
               : NULL;
}

static char *as_account(const json_t *passkey, const char *member)
{
    if (!json_object_get(passkey, "uid"))
        return as_text(passkey, member);
    return pk_text_format("%s (uid %lld)", member_text(passkey, member),
                          (long long)member_number(passkey, "uid"));
}

static char *as_relying_party(const json_t *passkey, const char *member)
{
    return pk_text_format("%s (%s)", member_text(passkey, member), member_text(passkey, "rp"));
}

/* IANA's registry "COSE Algorithms". */
static char *as_algorithm(const json_t *passkey, const char *member)
{
    static const struct {
        json_int_t number;
        const char *name;
    } rows[] = {
        {-7, "ES256"},      {-8, "EdDSA"},   {-9, "ESP256"},     {-19, "Ed25519"},
        {-35, "ES384"},     {-36, "ES512"},  {-37, "PS256"},     {-38, "PS384"},
        {-39, "PS512"},     {-47, "ES256K"}, {-48, "ML-DSA-44"}, {-49, "ML-DSA-65"},
        {-50, "ML-DSA-87"}, {-51, "ESP384"}, {-52, "ESP512"},    {-53, "Ed448"},
        {-257, "RS256"},    {-258, "RS384"}, {-259, "RS512"},    {-65535, "RS1"},
    };
    json_int_t number = member_number(passkey, member);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].number == number)
            return strdup(rows[i].name);
    return pk_text_format("number %lld of COSE", (long long)number);
}

static char *as_transports(const json_t *passkey, const char *member)
{
    static const struct {
        const char *name, *words;
    } rows[] = {{"usb", "USB"},       {"nfc", "NFC"},
                {"ble", "Bluetooth"}, {"smart-card", "smart card"},
                {"hybrid", "phone"},  {"internal", "this computer"}};
    char *text = NULL;
    size_t at;
    json_t *value;

    json_array_foreach(json_object_get(passkey, member), at, value)
    {
        const char *words = json_string_value(value);
        char *longer;

        for (size_t i = 0; words && i < sizeof(rows) / sizeof(rows[0]); i++)
            if (strcmp(words, rows[i].name) == 0)
                words = rows[i].words;
        longer = pk_text_format("%s%s%s", text ? text : "", text ? ", " : "", words ? words : "?");
        free(text);
        text = longer;
    }
    return text ? text : strdup("not known");
}

/* WebAuthn 6.5.3: who says what the authenticator is, and whether that was checked. */
static char *as_attestation(const json_t *passkey, const char *member)
{
    const char *type = member_text(passkey, member), *trusted = member_text(passkey, "trusted");
    const char *checked = strcmp(trusted, "yes") == 0  ? "checked, and trusted here"
                          : strcmp(trusted, "no") == 0 ? "checked, and not trusted here"
                                                       : "not checked";

    if (!type[0] || strcmp(type, "None") == 0)
        return strdup("none");
    if (strcmp(type, "Self") == 0)
        return pk_text_format("by itself, %s", checked);
    if (strcmp(type, "Basic") == 0)
        return pk_text_format("by its maker, %s", checked);
    return pk_text_format("%s, %s", type, checked);
}

static char *as_model(const json_t *passkey, const char *member)
{
    const char *aaguid = member_text(passkey, member);

    return strspn(aaguid, "0-") == strlen(aaguid) ? strdup("not told") : strdup(aaguid);
}

static const struct {
    const char *label;
    const char *member;
    in_words *words;
} rows[] = {
    {"name", "name", as_text},
    {"id", "credentialId", as_text},
    {"account", "user", as_account},
    {"orphaned", "orphaned", as_orphan},
    {"relying party", "rpId", as_relying_party},
    {"created", "created", as_time},
    {"last used", "lastUsed", as_time},
    {"model (AAGUID)", "aaguid", as_model},
    {"attested", "attestationType", as_attestation},
    {"algorithm", "alg", as_algorithm},
    {"reached by", "transports", as_transports},
    {"names its account", "discoverable", as_yes_or_no},
    {"PIN or fingerprint used", "userVerified", as_yes_or_no},
    {"its key shows it to", "credProtect", as_protection},
    {"can be backed up", "backupEligible", as_yes_or_no},
    {"is backed up", "backupState", as_yes_or_no},
    {"signature counter", "signCount", as_number},
    {"instrument", "instrumentDisplayName", as_text},
};

void show_passkey(const json_t *passkey)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        PK_AUTO_FREE char *words = rows[i].words(passkey, rows[i].member);
        PK_AUTO_FREE char *shown = words ? pk_text_printable(words, PK_BUS_TEXT_MAX) : NULL;

        if (shown)
            (void)printf("%-24s %s\n", rows[i].label, shown);
    }
}
