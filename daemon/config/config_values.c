/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config/config_values.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/wire/host_key.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* IANA "COSE Algorithms". */
static const struct {
    const char *name;
    int32_t number;
} algorithms[] = {
    {"ES256", -7},    {"ES384", -35},     {"ES512", -36},     {"RS256", -257},    {"RS384", -258},
    {"RS512", -259},  {"PS256", -37},     {"PS384", -38},     {"PS512", -39},     {"EdDSA", -8},
    {"Ed448", -53},   {"ES256K", -47},    {"ESP256", -9},     {"ESP384", -51},    {"ESP512", -52},
    {"Ed25519", -19}, {"ML-DSA-44", -48}, {"ML-DSA-65", -49}, {"ML-DSA-87", -50}, {"RS1", -65535},
};

enum pk_status value_bool(const char *text, bool *target)
{
    bool yes = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;

    if (!yes && strcmp(text, "no") != 0 && strcmp(text, "false") != 0)
        return PK_INVALID_INPUT;
    *target = yes;
    return PK_OK;
}

enum pk_status value_unsigned(const char *text, unsigned min, unsigned max, unsigned *target)
{
    unsigned long value;
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return PK_INVALID_INPUT;
    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno != 0 || *end || value < min || value > max)
        return PK_INVALID_INPUT;
    *target = (unsigned)value;
    return PK_OK;
}

static enum pk_status replace(const char *text, char **target)
{
    char *copy = strdup(text);

    if (!copy)
        return PK_NO_MEMORY;
    free(*target);
    *target = copy;
    return PK_OK;
}

enum pk_status value_text(const char *text, size_t max, char **target)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if (iscntrl((unsigned char)text[i]))
            return PK_INVALID_INPUT;
    return len > 0 && len <= max ? replace(text, target) : PK_INVALID_INPUT;
}

enum pk_status value_path(const char *text, char **target)
{
    return text[0] == '/' ? value_text(text, 4095, target) : PK_INVALID_INPUT;
}

/* "none" is the empty text. */
enum pk_status value_path_or_none(const char *text, char **target)
{
    return strcmp(text, "none") == 0 ? replace("", target) : value_path(text, target);
}

enum pk_status value_background(const char *text, bool *ret_light)
{
    bool light = strcmp(text, "light") == 0;

    if (!light && strcmp(text, "dark") != 0)
        return PK_INVALID_INPUT;
    *ret_light = light;
    return PK_OK;
}

enum pk_status value_rp_id(const char *text, char **target)
{
    size_t len = strlen(text);

    if (len > PK_RP_ID_MAX || strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") != len ||
        text[0] == '.' || text[0] == '-' || text[len - 1] == '.' || strstr(text, ".."))
        return PK_INVALID_INPUT;
    return replace(text, target);
}

/*
 * Calls add for each item of a comma-separated list, without the blanks around it. PK_INVALID_INPUT
 * for an empty item.
 */
static enum pk_status each_item(const char *text, enum pk_status (*add)(const char *, void *),
                                void *context)
{
    PK_AUTO_FREE char *copy = strdup(text);
    enum pk_status status = copy ? PK_OK : PK_NO_MEMORY;
    char *rest = copy;
    char *item;

    while (status == PK_OK && (item = strsep(&rest, ","))) {
        size_t len;

        item += strspn(item, " \t");
        len = strlen(item);
        while (len > 0 && (item[len - 1] == ' ' || item[len - 1] == '\t'))
            item[--len] = 0;
        status = len > 0 ? add(item, context) : PK_INVALID_INPUT;
    }
    return status;
}

/* As browsers write it behind the host: never the scheme's own, and in as few digits as can be. */
static bool port_is_valid(const char *text, bool secure)
{
    char *end = NULL;
    unsigned long port = strtoul(text, &end, 10);

    return text[0] >= '1' && text[0] <= '9' && *end == 0 && port <= UINT16_MAX &&
           port != (secure ? 443 : 80);
}

/* Web origins have no path, user or upper-case letter; others (android:…) are opaque. */
static bool origin_is_valid(const char *origin)
{
    bool secure = strncmp(origin, "https://", 8) == 0;
    const char *host = NULL;
    const char *rest;

    if (strlen(origin) > PK_ORIGIN_MAX || !strchr(origin, ':') || origin[0] == ':')
        return false;
    for (const char *c = origin; *c; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
            return false;
    if (secure)
        host = origin + 8;
    else if (strncmp(origin, "http://", 7) == 0)
        host = origin + 7;
    if (!host)
        return true;
    rest = host + (host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":"));
    return *host && strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-.:[]") == strlen(host) &&
           (!*rest || (*rest == ':' && port_is_valid(rest + 1, secure)));
}

static enum pk_status add_origin(const char *item, void *context)
{
    struct pk_strings *origins = context;

    if (!origin_is_valid(item) || origins->count >= PK_ORIGINS_MAX)
        return PK_INVALID_INPUT;
    return pk_strings_add(origins, item);
}

static enum pk_status value_strings(const char *text,
                                    enum pk_status (*add)(const char *item, void *context),
                                    struct pk_strings *target)
{
    struct pk_strings strings = {0};
    enum pk_status status = each_item(text, add, &strings);

    if (status != PK_OK) {
        pk_strings_clear(&strings);
        return status;
    }
    pk_strings_clear(target);
    *target = strings;
    return PK_OK;
}

enum pk_status value_origins(const char *text, struct pk_strings *target)
{
    return value_strings(text, add_origin, target);
}

/* A colon stands in an IPv6 address alone: what follows one in "host:22" is a port. */
static bool is_ssh_address(const char *item)
{
    struct in6_addr address;

    return inet_pton(AF_INET6, item, &address) == 1;
}

/* As ssh clients write it: a host name, or an address without brackets, and never a port. */
static enum pk_status add_host(const char *item, void *context)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-._:";
    struct pk_strings *hosts = context;
    size_t len = strlen(item);

    if (len > PK_RP_ID_MAX || strspn(item, allowed) != len || item[len - 1] == '.' ||
        (strchr(item, ':') && !is_ssh_address(item)) || hosts->count >= PK_ORIGINS_MAX)
        return PK_INVALID_INPUT;
    return pk_strings_add(hosts, item);
}

enum pk_status value_hosts(const char *text, struct pk_strings *target)
{
    return value_strings(text, add_host, target);
}

static enum pk_status add_host_key(const char *item, void *context)
{
    struct pk_strings *keys = context;

    if (keys->count >= PK_HOST_KEYS_MAX ||
        (item[0] != '/' && !pk_fingerprint_valid(pk_view_string(item))))
        return PK_INVALID_INPUT;
    return pk_strings_add(keys, item);
}

enum pk_status value_host_keys(const char *text, struct pk_strings *target)
{
    return value_strings(text, add_host_key, target);
}

/* xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, RFC 9562 section 4. */
static bool aaguid_parse(const char *text, uint8_t ret[PK_AAGUID_SIZE])
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    unsigned nibbles = 0;

    if (strlen(text) != strlen(form))
        return false;
    for (size_t i = 0; form[i]; i++) {
        unsigned char c = (unsigned char)text[i];
        uint8_t nibble;

        if (form[i] == '-') {
            if (c != '-')
                return false;
            continue;
        }
        if (!isxdigit(c))
            return false;
        nibble = (uint8_t)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
        ret[nibbles / 2] = (uint8_t)(nibbles % 2 ? ret[nibbles / 2] | nibble : nibble << 4);
        nibbles++;
    }
    return true;
}

struct aaguids {
    uint8_t (*items)[PK_AAGUID_SIZE];
    size_t count;
};

static enum pk_status add_aaguid(const char *item, void *context)
{
    struct aaguids *aaguids = context;
    uint8_t(*items)[PK_AAGUID_SIZE] =
        reallocarray(aaguids->items, aaguids->count + 1, sizeof(*items));

    if (!items)
        return PK_NO_MEMORY;
    aaguids->items = items;
    return aaguid_parse(item, items[aaguids->count++]) ? PK_OK : PK_INVALID_INPUT;
}

enum pk_status value_aaguids(const char *text, uint8_t (**target)[PK_AAGUID_SIZE],
                             size_t *target_count)
{
    struct aaguids aaguids = {0};
    enum pk_status status = each_item(text, add_aaguid, &aaguids);

    if (status != PK_OK) {
        free(aaguids.items);
        return status;
    }
    free(*target);
    *target = aaguids.items;
    *target_count = aaguids.count;
    return PK_OK;
}

struct numbers {
    int32_t items[PK_ALGORITHMS_MAX];
    size_t count;
};

static enum pk_status add_algorithm(const char *item, void *context)
{
    struct numbers *numbers = context;
    char number[16];

    for (size_t i = 0; i < COUNT(algorithms); i++) {
        snprintf(number, sizeof(number), "%d", (int)algorithms[i].number);
        if (strcmp(item, algorithms[i].name) != 0 && strcmp(item, number) != 0)
            continue;
        for (size_t j = 0; j < numbers->count; j++)
            if (numbers->items[j] == algorithms[i].number)
                return PK_INVALID_INPUT;
        /* Repeated items are refused, and the table is not longer than PK_ALGORITHMS_MAX. */
        numbers->items[numbers->count++] = algorithms[i].number;
        return PK_OK;
    }
    return PK_INVALID_INPUT;
}

_Static_assert(COUNT(algorithms) <= PK_ALGORITHMS_MAX, "every algorithm fits into the list");

enum pk_status value_algorithms(const char *text, int32_t target[PK_ALGORITHMS_MAX],
                                size_t *target_count)
{
    struct numbers numbers = {0};
    enum pk_status status = each_item(text, add_algorithm, &numbers);

    if (status != PK_OK)
        return status;
    memcpy(target, numbers.items, sizeof(numbers.items));
    *target_count = numbers.count;
    return PK_OK;
}

enum pk_status value_counter(const char *text, enum pk_counter_policy *target)
{
    if (strcmp(text, "refuse") == 0)
        *target = PK_COUNTER_REFUSE;
    else if (strcmp(text, "log") == 0)
        *target = PK_COUNTER_LOG;
    else
        return PK_INVALID_INPUT;
    return PK_OK;
}

bool value_is_service(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@+";
    size_t len = strlen(name);

    return len > 0 && len <= 64 && strspn(name, allowed) == len;
}

enum pk_status value_account(const char *text, char **target)
{
    return value_is_service(text) ? value_text(text, PK_USER_NAME_MAX, target) : PK_INVALID_INPUT;
}

static enum pk_status add_service(const char *item, void *context)
{
    struct pk_strings *services = context;

    if (!value_is_service(item) || services->count >= PK_ORIGINS_MAX)
        return PK_INVALID_INPUT;
    return pk_strings_add(services, item);
}

enum pk_status value_services(const char *text, struct pk_strings *target)
{
    return value_strings(text, add_service, target);
}

enum pk_status value_user_manager(const char *text, enum user_manager *target)
{
    if (strcmp(text, "auto") == 0)
        *target = USER_MANAGER_AUTO;
    else if (strcmp(text, "no") == 0)
        *target = USER_MANAGER_NO;
    else if (strcmp(text, "yes") == 0)
        *target = USER_MANAGER_YES;
    else
        return PK_INVALID_INPUT;
    return PK_OK;
}

static const char *const store_names[] = {
    [STORE_SQLITE] = "sqlite", [STORE_LDAP] = "ldap", [STORE_POSTGRESQL] = "postgresql"};

const char *config_store_name(enum store_kind kind)
{
    return store_names[kind];
}

enum pk_status value_store_kind(const char *text, enum store_kind *target)
{
    for (enum store_kind kind = STORE_SQLITE; kind <= STORE_POSTGRESQL; kind++) {
        if (strcmp(text, store_names[kind]) != 0)
            continue;
        *target = kind;
        return PK_OK;
    }
    return PK_INVALID_INPUT;
}

enum pk_status value_without_logind(const char *text, enum without_logind *target)
{
    if (strcmp(text, "console") == 0)
        *target = WITHOUT_LOGIND_CONSOLE;
    else if (strcmp(text, "deny") == 0)
        *target = WITHOUT_LOGIND_DENY;
    else if (strcmp(text, "allow") == 0)
        *target = WITHOUT_LOGIND_ALLOW;
    else
        return PK_INVALID_INPUT;
    return PK_OK;
}

static const char *const http_names[PK_HTTP_COUNT] = {
    [PK_HTTP_NONE] = "none",
    [PK_HTTP_STANDARD] = "standard",
    [PK_HTTP_HANKO] = "hanko",
    [PK_HTTP_CLOUDREVE] = "cloudreve",
    [PK_HTTP_AUTHSIGNAL] = "authsignal",
    [PK_HTTP_AUTIONAL] = "autional",
};

const char *config_http_name(enum pk_http http)
{
    return (size_t)http < PK_HTTP_COUNT ? http_names[http] : http_names[PK_HTTP_NONE];
}

enum pk_status value_http(const char *text, enum pk_http *target)
{
    for (size_t i = PK_HTTP_NONE + 1; i < PK_HTTP_COUNT; i++) {
        if (strcmp(http_names[i], text) != 0)
            continue;
        *target = (enum pk_http)i;
        return PK_OK;
    }
    return PK_INVALID_INPUT;
}

#define PATH_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~"

enum pk_status value_http_prefix(const char *text, char **target)
{
    size_t parts = 0;

    if (strcmp(text, "/") == 0)
        return replace("", target);
    if (strlen(text) > PK_HTTP_PREFIX_MAX || text[0] != '/')
        return PK_INVALID_INPUT;
    for (const char *part = text; *part; parts++) {
        size_t len = strspn(++part, PATH_CHARACTERS);

        /* Clients take "." and ".." out of a path, and proxies merge "//". */
        if (strspn(part, ".") == len)
            return PK_INVALID_INPUT;
        part += len;
        if (*part && *part != '/')
            return PK_INVALID_INPUT;
    }
    return parts <= PK_HTTP_PREFIX_PARTS ? replace(text, target) : PK_INVALID_INPUT;
}

/* ret_path: "" or "/…", within text. */
static enum pk_status take_url(const char *text, char **ret_origin, const char **ret_path)
{
    const char *host = strstr(text, "://");
    size_t len = host ? (size_t)(host + 3 - text) + strcspn(host + 3, "/") : 0;
    PK_AUTO_FREE char *start = strndup(text, len);

    if (!start)
        return PK_NO_MEMORY;
    if (strncmp(start, "https://", 8) != 0 && strncmp(start, "http://", 7) != 0)
        return PK_INVALID_INPUT;
    if (strlen(text) > PK_BROWSER_URL_MAX || !origin_is_valid(start))
        return PK_INVALID_INPUT;
    *ret_origin = pk_steal(start);
    *ret_path = text + len;
    return PK_OK;
}

enum pk_status value_browser_url(const char *text, char **origin, char **prefix)
{
    PK_AUTO_FREE char *start = NULL;
    const char *path = NULL;
    enum pk_status status = take_url(text, &start, &path);

    if (!status)
        status = *path ? value_http_prefix(path, prefix) : replace("", prefix);
    return status ? status : replace(start, origin);
}

enum pk_status value_browser_page(const char *text, char **origin, char **page)
{
    PK_AUTO_FREE char *start = NULL;
    PK_AUTO_FREE char *form = NULL;
    const char *path = NULL;
    enum pk_status status = take_url(text, &start, &path);

    if (!status)
        status = value_http_prefix(path, &form); /* a path without it would be no file's */
    if (!status)
        status = *form ? replace(text, page) : PK_INVALID_INPUT;
    return status ? status : replace(start, origin);
}

enum pk_status value_tenant_id(const char *text, char **target)
{
    size_t len = strlen(text);

    if (len == 0 || len > PK_TENANT_ID_MAX || strspn(text, PATH_CHARACTERS) != len ||
        strspn(text, ".") == len)
        return PK_INVALID_INPUT;
    return replace(text, target);
}

enum pk_status value_password_check(const char *text, bool *target)
{
    bool application = strcmp(text, "application") == 0;

    if (!application && strcmp(text, "refuse") != 0)
        return PK_INVALID_INPUT;
    *target = application;
    return PK_OK;
}

/* What stands behind the scheme, up to the path: "host:8443". *ret_len: of the host without the
 * port. */
static bool split_authority(const char *text, size_t *ret_host, size_t *ret_len)
{
    size_t len = strcspn(text, "/?");
    size_t host = text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":/?");
    const char *port = text + host;

    if (host == 0 || host > len || (text[0] == '[' && host < 3))
        return false;
    if (host < len && (*port != ':' || len - host < 2 || len - host > 6 ||
                       strspn(port + 1, "0123456789") != len - host - 1))
        return false;
    *ret_host = host;
    *ret_len = len;
    return true;
}

static bool is_loopback(const char *host, size_t len)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i]) == len && strncmp(host, names[i], len) == 0)
            return true;
    return false;
}

enum pk_status value_password_url(const char *text, char **target)
{
    bool secure = strncmp(text, "https://", 8) == 0;
    const char *authority = text + (secure ? 8 : 7);
    size_t host;
    size_t len;

    if (strlen(text) > PK_PASSWORD_URL_MAX || (!secure && strncmp(text, "http://", 7) != 0) ||
        !split_authority(authority, &host, &len))
        return PK_INVALID_INPUT;
    /* Printable ASCII without what ends a URL or stands for somebody else's authority. */
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~' || strchr("\"#<>\\^`{|}", *c))
            return PK_INVALID_INPUT;
    if (memchr(authority, '@', len) || (!secure && !is_loopback(authority, host)))
        return PK_INVALID_INPUT;
    return replace(text, target);
}
