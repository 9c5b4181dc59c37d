/* SPDX-License-Identifier: BSD-2-Clause */
/* What a request presents: API keys and tokens, which the daemon judges. */
#include "gateway/authority.h"

#include "common/base/text.h"

#include <string.h>
#include <strings.h>

#define PRESENTED_MAX 4096 /* bytes of a key or a token */

/* What stands behind the scheme in Authorization; NULL: another scheme, or nothing. */
static const char *authorization(const struct exchange *exchange, const char *scheme)
{
    const char *header = exchange_header(exchange, "authorization");
    size_t len = strlen(scheme);

    if (!header || strncasecmp(header, scheme, len) != 0 || header[len] != ' ')
        return NULL;
    header += len;
    header += strspn(header, " ");
    return *header && strlen(header) <= PRESENTED_MAX ? header : NULL;
}

/* Base64 in either alphabet, with padding or without it. The caller's to clear. */
static enum pk_status decode(const char *text, struct pk_bytes *ret)
{
    PK_AUTO_FREE char *copy = strdup(text);
    size_t len = strlen(text);

    if (!copy)
        return PK_NO_MEMORY;
    while (len > 0 && copy[len - 1] == '=')
        len--;
    for (size_t i = 0; i < len; i++) {
        if (copy[i] == '+')
            copy[i] = '-';
        else if (copy[i] == '/')
            copy[i] = '_';
    }
    return pk_base64url_decode((struct pk_view){(const uint8_t *)copy, len}, PRESENTED_MAX, ret);
}

/*
 * The name in Basic (RFC 7617), with an empty password, or, as one client writes it, without the
 * colon. The caller's to free; NULL: there is none.
 */
static char *basic_name(const struct exchange *exchange)
{
    const char *given = authorization(exchange, "Basic");
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    size_t len;

    if (!given || decode(given, &bytes) != PK_OK)
        return NULL;
    len = bytes.len;
    if (len > 0 && bytes.data[len - 1] == ':')
        len--;
    if (len == 0 || memchr(bytes.data, ':', len) || memchr(bytes.data, 0, len) ||
        !pk_utf8_valid((struct pk_view){bytes.data, len}))
        return NULL;
    return strndup((const char *)bytes.data, len);
}

bool authority_names_tenant(const struct exchange *exchange)
{
    PK_AUTO_FREE char *name = basic_name(exchange);
    const struct party *party = exchange_party(exchange);

    return name && party && *party->tenant && strcmp(name, party->tenant) == 0;
}

/* Without blanks around it, which are none of a field's value (RFC 9110 section 5.5). */
static char *copy_of(const char *text)
{
    size_t len;

    if (!text)
        return NULL;
    text += strspn(text, " \t");
    len = strlen(text);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    return len > 0 && len <= PRESENTED_MAX ? strndup(text, len) : NULL;
}

static char *api_key(const struct exchange *exchange)
{
    const char *key = exchange_header(exchange, "apikey");

    return copy_of(key ? key : exchange_header(exchange, "x-api-key"));
}

char *authority_presented(const struct exchange *exchange, enum access access,
                          const char **ret_name)
{
    char *presented = NULL;

    switch (access) {
    case ACCESS_API_KEY:
        *ret_name = "apiKey";
        return api_key(exchange);
    case ACCESS_SECRET:
        *ret_name = "apiKey";
        return basic_name(exchange);
    case ACCESS_BEARER_OR_API_KEY:
        *ret_name = "apiKey";
        presented = api_key(exchange);
        if (presented)
            return presented;
        break;
    case ACCESS_BEARER:
    case ACCESS_BEARER_OR_TENANT:
        break;
    case ACCESS_PUBLIC:
    case ACCESS_TENANT:
        return NULL;
    }
    *ret_name = "bearer";
    return copy_of(authorization(exchange, "Bearer"));
}

bool authority_suffices(const struct exchange *exchange, enum access access)
{
    const char *name = NULL;
    char *presented;

    if (access == ACCESS_PUBLIC)
        return true;
    if ((access == ACCESS_TENANT || access == ACCESS_BEARER_OR_TENANT) &&
        authority_names_tenant(exchange))
        return true;
    presented = authority_presented(exchange, access, &name);
    authority_forget(presented);
    return presented;
}

void authority_forget(char *presented)
{
    if (presented)
        explicit_bzero(presented, strlen(presented));
    free(presented);
}

bool dialect_add_authority(const struct exchange *exchange, enum access access, json_t *options)
{
    const char *name = NULL;
    char *presented = authority_presented(exchange, access, &name);
    bool added = presented && json_object_set_new(options, name, json_string(presented)) == 0;

    authority_forget(presented);
    return added;
}
