/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config/domain.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <idn2.h>
#include <libpsl.h>
#include <string.h>

#define LABEL_MAX 63 /* RFC 1035 section 2.3.4 */

bool domain_is_within(const char *name, const char *domain)
{
    size_t len = strlen(name), domain_len = strlen(domain);

    return len >= domain_len && strcmp(name + len - domain_len, domain) == 0 &&
           (len == domain_len || name[len - domain_len - 1] == '.');
}

static bool label_is_valid(const char *label, size_t len)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

    return len > 0 && len <= LABEL_MAX && strspn(label, allowed) >= len && label[0] != '-' &&
           label[len - 1] != '-';
}

static bool is_well_formed(const char *name)
{
    if (strlen(name) > PK_RP_ID_MAX)
        return false;
    for (;;) {
        size_t len = strcspn(name, ".");

        if (!label_is_valid(name, len))
            return false;
        if (!name[len])
            return true;
        name += len + 1;
    }
}

/* The URL standard's "ends in a number": browsers read such a host as an IPv4 address. */
static bool is_address(const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *last = dot ? dot + 1 : name;
    struct in6_addr address;

    if (inet_pton(AF_INET6, name, &address) == 1)
        return true;
    return *last && (strspn(last, "0123456789") == strlen(last) ||
                     (strncmp(last, "0x", 2) == 0 &&
                      strspn(last + 2, "0123456789abcdef") == strlen(last + 2)));
}

/* Without the list's default rule, by which every single label is one: these are bare names. */
static bool is_public_suffix(const char *name)
{
    psl_ctx_t *list = psl_latest(NULL);
    bool found = list && psl_is_public_suffix2(list, name, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE);

    psl_free(list);
    return found;
}

enum domain_kind domain_examine(const char *name)
{
    static const char *const shared[] = {"localhost", "localdomain", "invalid"};
    size_t len = strlen(name), suffix = strlen(DOMAIN_GENERATED_SUFFIX);

    if (is_address(name))
        return DOMAIN_ADDRESS;
    if (!is_well_formed(name))
        return DOMAIN_MALFORMED;
    if (len > suffix && strcmp(name + len - suffix, DOMAIN_GENERATED_SUFFIX) == 0)
        return DOMAIN_GENERATED;
    for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
        if (domain_is_within(name, shared[i]) || strncmp(name, "localhost.", 10) == 0)
            return DOMAIN_SHARED;
    if (is_public_suffix(name))
        return DOMAIN_SUFFIX;
    return strchr(name, '.') ? DOMAIN_USABLE : DOMAIN_BARE;
}

const char *domain_kind_says(enum domain_kind kind)
{
    switch (kind) {
    case DOMAIN_USABLE:
    case DOMAIN_GENERATED:
        return NULL;
    case DOMAIN_ADDRESS:
        return "is an IP address, and no browser accepts one as an id";
    case DOMAIN_BARE:
        return "is a bare name, which other hosts may have as well";
    case DOMAIN_SHARED:
        return "is a name that every host may have";
    case DOMAIN_SUFFIX:
        return "is a public suffix, under which anybody may have a name";
    case DOMAIN_MALFORMED:
        break;
    }
    return "is not a host name in lower case, of letters, digits and hyphens";
}

enum pk_status domain_to_ascii(const char *name, char **ret)
{
    PK_AUTO_FREE char *text = strdup(name);
    uint8_t *ascii = NULL;
    size_t len = text ? strlen(text) : 0;
    int error;

    if (!text)
        return PK_NO_MEMORY;
    if (len > 0 && text[len - 1] == '.')
        text[--len] = 0;
    if (len == 0 || !pk_utf8_valid(pk_view_string(text)))
        return PK_INVALID_INPUT;
    /*
     * UTS 46 as browsers do it. Without its rules for ASCII (STD3), by which libidn2 leaves out
     * what they forbid: that is refused below.
     */
    error = idn2_lookup_u8((const uint8_t *)text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (error == IDN2_MALLOC)
        return PK_NO_MEMORY;
    if (error != IDN2_OK)
        return PK_INVALID_INPUT;
    free(text);
    text = strdup((const char *)ascii);
    idn2_free(ascii);
    if (!text)
        return PK_NO_MEMORY;
    for (char *c = text; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (!is_well_formed(text))
        return PK_INVALID_INPUT;
    *ret = pk_steal(text);
    return PK_OK;
}
