/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/options.h"

#include "common/base/limits.h"

#include <stddef.h>
#include <string.h>

static const char *const uv_values[] = {"required", "preferred", "discouraged", NULL};
/* The daemon's roads (passkeyd.conf(5), "transports"). */
static const char *const roads[] = {"local", "ssh", "agent", "browser", "recovery", NULL};

/* The index of the len bytes at text among words, or -1. */
static int find(const char *text, size_t len, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strlen(words[i]) == len && memcmp(words[i], text, len) == 0)
            return i;
    return -1;
}

static bool parse_rp(const char *value, struct options *options)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "._-";
    size_t len = strlen(value);

    if (options->rp || len == 0 || len > PK_RP_NAME_MAX || strspn(value, allowed) != len)
        return false;
    options->rp = value;
    return true;
}

static bool parse_timeout(const char *value, struct options *options)
{
    unsigned seconds = 0;

    if (options->timeout || !*value)
        return false;
    for (; *value; value++) {
        if (*value < '0' || *value > '9')
            return false;
        seconds = seconds * 10 + (unsigned)(*value - '0');
        if (seconds > OPTION_TIMEOUT_MAX)
            return false;
    }
    options->timeout = seconds;
    return seconds > 0;
}

static bool parse_uv(const char *value, struct options *options)
{
    if (options->uv || find(value, strlen(value), uv_values) < 0)
        return false;
    options->uv = value;
    return true;
}

static bool parse_transports(const char *value, struct options *options)
{
    const char *at = value;
    unsigned seen = 0;

    if (options->transports)
        return false;
    for (;;) {
        size_t len = strcspn(at, ",");
        int road = find(at, len, roads);

        if (road < 0 || (seen & 1u << road))
            return false;
        seen |= 1u << road;
        if (!at[len])
            break;
        at += len + 1;
    }
    options->transports = value;
    return true;
}

static const struct {
    const char *name; /* with its "=" */
    bool (*parse)(const char *value, struct options *options);
} with_value[] = {
    {"rp=", parse_rp},
    {"timeout=", parse_timeout},
    {"uv=", parse_uv},
    {"transports=", parse_transports},
};

static const struct {
    const char *name;
    size_t offset;
} flags[] = {
    {"nullok", offsetof(struct options, nullok)},
    {"identify", offsetof(struct options, identify)},
    {"debug", offsetof(struct options, debug)},
    {"quiet", offsetof(struct options, quiet)},
};

static bool parse_word(const char *word, struct options *options)
{
    for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++) {
        size_t len = strlen(with_value[i].name);

        if (strncmp(word, with_value[i].name, len) == 0)
            return with_value[i].parse(word + len, options);
    }
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        bool *flag = (bool *)((char *)options + flags[i].offset);

        if (strcmp(word, flags[i].name) != 0)
            continue;
        if (*flag)
            return false;
        *flag = true;
        return true;
    }
    return false;
}

enum pk_status options_parse(int argc, const char **argv, struct options *ret, const char **ret_bad)
{
    struct options options = {0};

    for (int i = 0; i < argc; i++) {
        if (!parse_word(argv[i], &options)) {
            *ret_bad = argv[i];
            return PK_CONFIG;
        }
    }
    *ret = options;
    return PK_OK;
}

bool options_allow_road(const struct options *options, const char *road)
{
    const char *at = options->transports;
    size_t wanted = strlen(road);

    while (at && (strcspn(at, ",") != wanted || strncmp(at, road, wanted) != 0)) {
        at = strchr(at, ',');
        if (!at)
            return false;
        at++;
    }
    return true;
}
