/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/prompt.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"

#include <string.h>

#define USER_MAX 255

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* In lower case; 0 for what is in no host. */
static char host_character(uint8_t byte)
{
    static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789.-:%_";
    const char *found = byte != 0 ? strchr(upper, byte) : NULL;

    if (found)
        return plain[found - upper];
    found = byte != 0 ? strchr(plain, byte) : NULL;
    if (!found)
        return 0;
    return *found;
}

/* Whatever a user name may hold that cannot be mistaken for the end of the prefix. */
static bool is_user_character(char c)
{
    return c > ' ' && c < 0x7f && c != '(' && c != ')';
}

void askpass_prefix_clear(struct askpass_prefix *prefix)
{
    free(prefix->user);
    free(prefix->host);
    *prefix = (struct askpass_prefix){0};
}

static bool has_empty_label(const char *host)
{
    size_t len = strlen(host);

    return len == 0 || host[0] == '.' || host[len - 1] == '.' || strstr(host, "..");
}

enum pk_status askpass_host_parse(struct pk_view text, char **ret)
{
    PK_AUTO_FREE char *host = NULL;

    if (text.len >= 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']') {
        text.ptr++;
        text.len -= 2;
        if (!memchr(text.ptr, ':', text.len))
            return PK_INVALID_INPUT;
    }
    if (text.len > 0 && text.ptr[text.len - 1] == '.')
        text.len--;
    if (text.len == 0 || text.len > PK_RP_ID_MAX)
        return PK_INVALID_INPUT;
    host = calloc(1, text.len + 1);
    if (!host)
        return PK_NO_MEMORY;
    for (size_t i = 0; i < text.len; i++) {
        host[i] = host_character(text.ptr[i]);
        if (!host[i])
            return PK_INVALID_INPUT;
    }
    if (has_empty_label(host))
        return PK_INVALID_INPUT;
    *ret = pk_steal(host);
    return PK_OK;
}

/* The ')' that ends a prefix, and the '@' in it. */
static bool find_prefix(const char *prompt, const char **ret_at, const char **ret_end)
{
    const char *end = prompt[0] == '(' ? strchr(prompt, ')') : NULL;
    const char *at = end && end[1] == ' ' ? memrchr(prompt, '@', (size_t)(end - prompt)) : NULL;

    if (!at)
        return false;
    *ret_at = at;
    *ret_end = end;
    return true;
}

const char *askpass_prompt_body(const char *prompt)
{
    const char *at, *end;

    return find_prefix(prompt, &at, &end) ? end + 2 : prompt;
}

enum pk_status askpass_prefix_parse(const char *prompt, struct askpass_prefix *ret)
{
    AUTO_ASKPASS_PREFIX struct askpass_prefix prefix = {0};
    const char *user = prompt + 1, *end, *at;
    enum pk_status status;

    if (!find_prefix(prompt, &at, &end))
        return PK_NOT_FOUND;
    if (at == user || at - user > USER_MAX)
        return PK_INVALID_INPUT;
    for (const char *c = user; c < at; c++)
        if (!is_user_character(*c))
            return PK_INVALID_INPUT;
    status = askpass_host_parse((struct pk_view){(const uint8_t *)at + 1, (size_t)(end - at - 1)},
                                &prefix.host);
    if (status != PK_OK)
        return status;
    prefix.user = strndup(user, (size_t)(at - user));
    if (!prefix.user)
        return PK_NO_MEMORY;
    *ret = prefix;
    prefix = (struct askpass_prefix){0};
    return PK_OK;
}

/* IPv4 (whatever ends in a number, as in the URL standard) or IPv6. */
static bool is_address(const char *host)
{
    const char *dot = strrchr(host, '.');
    const char *last = dot ? dot + 1 : host;

    if (strpbrk(host, ":%"))
        return true;
    return is_digit(*last) && (last[strspn(last, "0123456789")] == 0 || last[1] == 'x');
}

char *askpass_origin(const char *host)
{
    return pk_text_format(strchr(host, ':') ? "ssh://[%s]" : "ssh://%s", host);
}

bool askpass_rp_id_belongs(const char *rp_id, const char *host)
{
    size_t host_len = strlen(host), len = strlen(rp_id);

    if (strcmp(rp_id, host) == 0)
        return true;
    if (is_address(host) || has_empty_label(rp_id) || !strchr(rp_id, '.'))
        return false;
    return host_len > len && host[host_len - len - 1] == '.' &&
           strcmp(host + host_len - len, rp_id) == 0;
}
