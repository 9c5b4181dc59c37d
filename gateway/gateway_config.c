/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/gateway_config.h"

#include "common/base/cleanup.h"
#include "common/base/config_file.h"
#include "common/base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NETWORKS_MAX 64
#define NAMES_MAX    64
#define NAME_MAX_    253 /* of a host */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- values ----------------------------------------------------------------------------------- */

typedef enum pk_status item_reader(struct pk_view item, void *target);

/* Comma separated, at least one, none empty. */
static enum pk_status read_list(const char *text, item_reader *reader, void *target)
{
    struct pk_view left = pk_view_string(text);

    while (left.ptr) {
        const uint8_t *comma = memchr(left.ptr, ',', left.len);
        size_t len = comma ? (size_t)(comma - left.ptr) : left.len;
        struct pk_view item = pk_text_trim((struct pk_view){left.ptr, len});
        enum pk_status status = item.len > 0 ? reader(item, target) : PK_INVALID_INPUT;

        if (status != PK_OK)
            return status;
        left = comma ? (struct pk_view){comma + 1, left.len - len - 1} : (struct pk_view){0};
    }
    return PK_OK;
}

static enum pk_status read_endpoint(struct pk_view item, void *target)
{
    struct endpoints *list = target;

    if (list->count == GATEWAY_ENDPOINTS_MAX || !endpoint_parse(item, &list->items[list->count]))
        return PK_INVALID_INPUT;
    list->count++;
    return PK_OK;
}

static enum pk_status read_network(struct pk_view item, void *target)
{
    struct networks *list = target;
    struct network network;
    struct network *items;

    if (list->count == NETWORKS_MAX || !network_parse(item, &network))
        return PK_INVALID_INPUT;
    items = reallocarray(list->items, list->count + 1, sizeof(*items));
    if (!items)
        return PK_NO_MEMORY;
    list->items = items;
    list->items[list->count++] = network;
    return PK_OK;
}

static enum pk_status read_name(struct pk_view item, void *target)
{
    struct pk_strings *names = target;
    PK_AUTO_FREE char *name = NULL;

    if (names->count == NAMES_MAX || item.len > NAME_MAX_)
        return PK_INVALID_INPUT;
    for (size_t i = 0; i < item.len; i++)
        if (!islower(item.ptr[i]) && !isdigit(item.ptr[i]) && !strchr("-._[]:", item.ptr[i]))
            return PK_INVALID_INPUT;
    name = strndup((const char *)item.ptr, item.len);
    return name ? pk_strings_add(names, name) : PK_NO_MEMORY;
}

static enum pk_status read_listen(const char *text, struct endpoints *target)
{
    *target = (struct endpoints){0};
    return read_list(text, read_endpoint, target);
}

/* In the clear to this host's programs only: keys and tokens are in what is sent. */
static enum pk_status read_local(const char *text, struct endpoints *target)
{
    enum pk_status status = read_listen(text, target);

    for (size_t i = 0; status == PK_OK && i < target->count; i++)
        if (!endpoint_is_local(&target->items[i]))
            status = PK_INVALID_INPUT;
    return status;
}

static enum pk_status read_path(const char *text, char **target)
{
    if (text[0] != '/')
        return PK_INVALID_INPUT;
    free(pk_steal(*target));
    return pk_text_copy(text, target);
}

static enum pk_status read_bool(const char *text, bool *target)
{
    bool yes = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;

    if (!yes && strcmp(text, "no") != 0 && strcmp(text, "false") != 0)
        return PK_INVALID_INPUT;
    *target = yes;
    return PK_OK;
}

static enum pk_status read_unsigned(const char *text, unsigned min, unsigned max, unsigned *target)
{
    unsigned long value;

    if (strlen(text) > 7 || strspn(text, "0123456789") != strlen(text))
        return PK_INVALID_INPUT;
    value = strtoul(text, NULL, 10);
    if (value < min || value > max)
        return PK_INVALID_INPUT;
    *target = (unsigned)value;
    return PK_OK;
}

/* --- keys ------------------------------------------------------------------------------------- */

struct key {
    const char *name;
    const char *allowed;
    enum pk_status (*read)(const char *text, struct gateway_config *config);
};

#define KEY(function, call)                                                                        \
    static enum pk_status function(const char *text, struct gateway_config *c)                     \
    {                                                                                              \
        return call;                                                                               \
    }

#define ALLOWED_LOCAL                                                                              \
    "at most 16 of 127.0.0.1:PORT, [::1]:PORT, unix:/PATH and systemd, separated by commas; "      \
    "other "                                                                                       \
    "addresses are for tls-listen"

KEY(key_listen, read_local(text, &c->listen))
KEY(key_tls_listen, read_listen(text, &c->tls_listen))
KEY(key_admin_listen, read_local(text, &c->admin_listen))
KEY(key_certificate, read_path(text, &c->tls_certificate))
KEY(key_key, read_path(text, &c->tls_key))
KEY(key_proxies, read_list(text, read_network, &c->trusted_proxies))
KEY(key_names, read_list(text, read_name, &c->server_names))
KEY(key_access_log, read_bool(text, &c->access_log))
KEY(key_debug, read_bool(text, &c->debug))

static const struct key gateway_keys[] = {
    {"listen", ALLOWED_LOCAL, key_listen},
    {"tls-listen", "at most 16 of ADDRESS:PORT, [ADDRESS]:PORT and unix:/PATH, separated by commas",
     key_tls_listen},
    {"admin-listen", ALLOWED_LOCAL, key_admin_listen},
    {"tls-certificate", "the absolute path of a file", key_certificate},
    {"tls-key", "the absolute path of a file", key_key},
    {"trusted-proxies",
     "at most 64 addresses, networks like 10.0.0.0/8 and unix, separated by commas", key_proxies},
    {"server-names", "at most 64 host names in lower case, without ports, separated by commas",
     key_names},
    {"access-log", "yes, no, true, false", key_access_log},
    {"debug", "yes, no, true, false", key_debug},
};

KEY(key_connections, read_unsigned(text, 16, 65536, &c->limits.connections))
KEY(key_address_connections, read_unsigned(text, 1, 65536, &c->limits.address_connections))
KEY(key_address_rate, read_unsigned(text, 1, 1000000, &c->limits.address_rate))
KEY(key_key_rate, read_unsigned(text, 1, 1000000, &c->limits.key_rate))
KEY(key_header_seconds, read_unsigned(text, 1, 600, &c->limits.header_seconds))
KEY(key_body_seconds, read_unsigned(text, 1, 600, &c->limits.body_seconds))
KEY(key_idle_seconds, read_unsigned(text, 1, 3600, &c->limits.idle_seconds))
KEY(key_call_seconds, read_unsigned(text, 1, 600, &c->limits.call_seconds))
KEY(key_stop_seconds, read_unsigned(text, 1, 600, &c->limits.stop_seconds))

static const struct key limit_keys[] = {
    {"connections", "16 to 65536", key_connections},
    {"connections-per-address", "1 to 65536", key_address_connections},
    {"requests-per-second-per-address", "1 to 1000000", key_address_rate},
    {"requests-per-second-per-key", "1 to 1000000", key_key_rate},
    {"header-seconds", "1 to 600 seconds", key_header_seconds},
    {"body-seconds", "1 to 600 seconds", key_body_seconds},
    {"idle-seconds", "1 to 3600 seconds", key_idle_seconds},
    {"call-seconds", "1 to 600 seconds", key_call_seconds},
    {"stop-seconds", "1 to 600 seconds", key_stop_seconds},
};

static const struct section {
    const char *kind;
    const struct key *keys;
    size_t count;
} sections[] = {
    {"gateway", gateway_keys, COUNT(gateway_keys)},
    {"limits", limit_keys, COUNT(limit_keys)},
};

static const struct section *find_section(const struct config_line *line)
{
    for (size_t i = 0; i < COUNT(sections); i++)
        if (strcmp(sections[i].kind, line->kind) == 0 && !*line->name)
            return &sections[i];
    return NULL;
}

static enum pk_status refuse(char *what, char **ret_what)
{
    *ret_what = what;
    return what ? PK_CONFIG : PK_NO_MEMORY;
}

static enum pk_status take_line(void *context, const char *where, const struct config_line *line,
                                char **ret_what)
{
    const struct section *section = find_section(line);

    (void)where;
    if (!section)
        return refuse(pk_text_format("[%s%s%s] is not known; the sections are [gateway] and "
                                     "[limits]",
                                     line->kind, *line->name ? " " : "", line->name),
                      ret_what);
    for (size_t i = 0; line->key && i < section->count; i++) {
        const struct key *key = &section->keys[i];
        enum pk_status status;

        if (strcmp(key->name, line->key) != 0)
            continue;
        status = key->read(line->value, context);
        return status == PK_INVALID_INPUT
                   ? refuse(pk_text_format("%s: allowed are %s", line->key, key->allowed), ret_what)
                   : status;
    }
    return line->key ? refuse(pk_text_format("[%s] has no key %s", line->kind, line->key), ret_what)
                     : PK_OK;
}

/* What keys have to do with each other. */
static enum pk_status check(const char *path, const struct gateway_config *config,
                            struct pk_strings *problems)
{
    const char *what = NULL;
    PK_AUTO_FREE char *problem = NULL;

    if (config->tls_listen.count > 0 && (!config->tls_certificate || !config->tls_key))
        what = "tls-listen needs tls-certificate and tls-key";
    else if (!config->tls_certificate != !config->tls_key)
        what = "tls-certificate and tls-key need each other";
    else if (config->tls_certificate && config->tls_listen.count == 0)
        what = "tls-certificate without tls-listen: nobody is served with it";
    for (size_t i = 0; i < config->tls_listen.count; i++)
        if (config->tls_listen.items[i].kind == ENDPOINT_SYSTEMD)
            what = "tls-listen: systemd's sockets are for listen";
    for (size_t i = 0; i < config->admin_listen.count; i++)
        if (config->admin_listen.items[i].kind == ENDPOINT_SYSTEMD)
            what = "admin-listen: systemd's sockets are for listen";
    if (!what)
        return PK_OK;
    problem = pk_text_format("%s: [gateway] %s", path, what);
    return problem ? pk_strings_add(problems, problem) : PK_NO_MEMORY;
}

PK_DEFINE_CLEANUP(struct gateway_config *, gateway_config_free);

enum pk_status gateway_config_read(const char *path, struct gateway_config **ret,
                                   struct pk_strings *problems)
{
    PK_CLEANUP(gateway_config_free) struct gateway_config *config = calloc(1, sizeof(*config));
    struct config_reading reading = {path, take_line, config, problems};
    enum pk_status status;

    if (!config)
        return PK_NO_MEMORY;
    config->access_log = true;
    config->limits = (struct gateway_limits){.connections = 2048,
                                             .address_connections = 256,
                                             .address_rate = 200,
                                             .key_rate = 1000,
                                             .header_seconds = 10,
                                             .body_seconds = 10,
                                             .idle_seconds = 60,
                                             .call_seconds = 20,
                                             .stop_seconds = 10};
    status = config_file_read(&reading);
    if (status == PK_NOT_FOUND)
        status = PK_OK;
    if (status == PK_OK)
        status = check(path, config, problems);
    if (status == PK_OK)
        *ret = pk_steal(config);
    return status;
}

void gateway_config_free(struct gateway_config *config)
{
    if (!config)
        return;
    free(config->tls_certificate);
    free(config->tls_key);
    free(config->trusted_proxies.items);
    pk_strings_clear(&config->server_names);
    free(config);
}
