/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/pam_options.h"

#include "common/base/limits.h"

#include <stddef.h>
#include <string.h>

static enum pk_status valid_if(bool valid)
{
    return valid ? PK_OK : PK_CONFIG;
}

static enum pk_status parse_rp(const char *value, struct options *options)
{
    /* What [rp NAME] may be called in passkeyd.conf. */
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "._-@+";
    size_t len = strlen(value);

    if (options->rp || len == 0 || len > PK_RP_NAME_MAX || strspn(value, allowed) != len)
        return PK_CONFIG;
    options->rp = value;
    return PK_OK;
}

static enum pk_status parse_timeout(const char *value, struct options *options)
{
    unsigned seconds = 0;

    if (options->timeout || !*value)
        return PK_CONFIG;
    for (; *value; value++) {
        if (*value < '0' || *value > '9')
            return PK_CONFIG;
        seconds = seconds * 10 + (unsigned)(*value - '0');
        if (seconds > OPTION_TIMEOUT_MAX)
            return PK_CONFIG;
    }
    options->timeout = seconds;
    return valid_if(seconds > 0);
}

static enum pk_status parse_uv(const char *value, struct options *options)
{
    static const char *const values[] = {"required", "preferred", "discouraged"};

    for (size_t i = 0; !options->uv && i < sizeof(values) / sizeof(values[0]); i++) {
        if (strcmp(value, values[i]) == 0) {
            options->uv = value;
            return PK_OK;
        }
    }
    return PK_CONFIG;
}

static enum pk_status parse_methods(const char *value, struct options *options)
{
    const char *unserved;
    enum pk_status status;

    if (options->methods)
        return PK_CONFIG;
    status = pk_methods_parse(value, &options->allowed, &unserved);
    options->methods = value;
    return status == PK_UNSUPPORTED ? status : valid_if(status == PK_OK);
}

static enum pk_status parse_transports(const char *value, struct options *options)
{
    options->old_name = true;
    return parse_methods(value, options);
}

static const struct {
    const char *name;
    enum pk_status (*parse)(const char *value, struct options *options);
} with_value[] = {
    {"rp=", parse_rp},           {"timeout=", parse_timeout},       {"uv=", parse_uv},
    {"methods=", parse_methods}, {"transports=", parse_transports},
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

static enum pk_status parse_word(const char *word, struct options *options)
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
            return PK_CONFIG;
        *flag = true;
        return PK_OK;
    }
    return PK_CONFIG;
}

enum pk_status options_parse(int argc, const char **argv, struct options *ret, const char **ret_bad)
{
    struct options options = {0};

    for (int i = 0; i < argc; i++) {
        enum pk_status status = parse_word(argv[i], &options);

        if (status != PK_OK) {
            *ret_bad = argv[i];
            return status;
        }
    }
    *ret = options;
    return PK_OK;
}

bool options_allow(const struct options *options, enum pk_method method)
{
    return !options->methods || pk_methods_include(&options->allowed, method);
}

bool options_needs_act(const char *event)
{
    static const char *const acts[] = {"touch",      "insert",  "verify", "remove", "busy",
                                       "contention", "confirm", "skip",   "phone"};

    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        if (strcmp(acts[i], event) == 0)
            return true;
    return false;
}
