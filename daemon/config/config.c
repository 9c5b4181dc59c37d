/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config/config.h"

#include "common/base/cleanup.h"
#include "common/base/config_file.h"
#include "common/base/ownership.h"
#include "common/base/text.h"
#include "daemon/config/certificates.h"
#include "daemon/config/config_keys.h"
#include "daemon/config/config_sections.h"
#include "daemon/config/config_values.h"
#include "daemon/config/old_names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct loader {
    struct config *config;
    struct pk_strings *problems;
};

static enum pk_status refuse(char **ret_what, char *what)
{
    *ret_what = what;
    return what ? PK_CONFIG : PK_NO_MEMORY;
}

/* The struct that the keys of this section write into. NULL: it does not exist yet. */
__attribute__((nonnull)) static void *section_target(struct config *config,
                                                     const struct config_line *line)
{
    if (strcmp(line->kind, "rp") == 0)
        return config_sections_find_rp(config, line->name);
    if (strcmp(line->kind, "service") == 0)
        return config_sections_find_service(config, line->name);
    return config;
}

static enum pk_status begin_section(struct loader *loader, const struct section_kind *kind,
                                    const struct config_line *line, char **ret_what)
{
    if (!kind->named)
        return *line->name ? refuse(ret_what, pk_text_format("[%s] takes no name", kind->name))
                           : PK_OK;
    if (!value_is_service(line->name))
        return refuse(ret_what,
                      pk_text_format("[%s NAME] needs a name of 1 to 64 letters, digits and "
                                     "any of -_.@+",
                                     kind->name));
    if (section_target(loader->config, line))
        return PK_OK;
    return strcmp(kind->name, "rp") == 0 ? config_sections_add_rp(loader->config, line->name)
                                         : config_sections_add_service(loader->config, line->name);
}

static enum pk_status refuse_unknown_key(const struct section_kind *kind,
                                         const struct config_line *line, char **ret_what)
{
    PK_AUTO_FREE char *allowed = strdup("");

    for (size_t i = 0; allowed && i < kind->key_count; i++) {
        char *longer = pk_text_format("%s%s%s", allowed, i > 0 ? ", " : "", kind->keys[i].name);

        free(allowed);
        allowed = longer;
    }
    if (!allowed)
        return PK_NO_MEMORY;
    return refuse(ret_what, pk_text_format("unknown key %s in [%s]; allowed: %s", line->key,
                                           kind->name, allowed));
}

/* Whether an earlier line of the same section in the same file has the key under its other name. */
static bool has_other_name(const struct loader *loader, const char *where,
                           const struct config_line *line)
{
    const char *name = old_name_current(line->kind, line->key);
    size_t path = (size_t)(strrchr(where, ':') - where);

    for (size_t i = 0; i < loader->config->places.count; i++) {
        const struct config_place *other = &loader->config->places.items[i];

        if (strcmp(other->kind, line->kind) == 0 && strcmp(other->name, line->name) == 0 &&
            strcmp(other->key, line->key) != 0 && strncmp(other->where, where, path + 1) == 0 &&
            strcmp(old_name_current(other->kind, other->key), name) == 0)
            return true;
    }
    return false;
}

static enum pk_status set_key(struct loader *loader, const struct section_kind *kind,
                              const char *where, const struct config_line *line, char **ret_what)
{
    const char *name = old_name_current(line->kind, line->key);

    if (has_other_name(loader, where, line))
        return refuse(ret_what, pk_text_format("%s stands here under two names; allowed: %s, once",
                                               name, name));
    for (size_t i = 0; i < kind->key_count; i++) {
        enum pk_status status;

        if (strcmp(kind->keys[i].name, name) != 0)
            continue;
        status = kind->keys[i].parse(line->value, section_target(loader->config, line));
        if (status == PK_OK)
            return old_name_warn(where, line->kind, line->key, &loader->config->warnings);
        if (status != PK_INVALID_INPUT && status != PK_UNSUPPORTED)
            return status;
        return refuse(ret_what,
                      pk_text_format("%s cannot be \"%s\"%s; allowed: %s", line->key, line->value,
                                     status == PK_UNSUPPORTED ? ": not served by this build" : "",
                                     kind->keys[i].allowed));
    }
    return refuse_unknown_key(kind, line, ret_what);
}

static enum pk_status handle_line(void *context, const char *where, const struct config_line *line,
                                  char **ret_what)
{
    struct loader *loader = context;
    const struct section_kind *kind = config_section_kind(line->kind);
    enum pk_status status;

    if (!kind)
        return refuse(ret_what,
                      pk_text_format("unknown section [%s]; allowed: [daemon], [authenticator], "
                                     "[limits], [seat], [store], [phone], [gateway], [rp NAME], "
                                     "[service NAME]",
                                     line->kind));
    status = line->key ? set_key(loader, kind, where, line, ret_what)
                       : begin_section(loader, kind, line, ret_what);
    if (status != PK_OK && status != PK_CONFIG)
        return status;
    if (config_places_add(&loader->config->places, where, line, status == PK_OK) != PK_OK)
        return PK_NO_MEMORY;
    return status;
}

static enum pk_status load_anchors(struct rp_config *rp, char **ret_what)
{
    struct certificates certificates = {0};
    enum pk_status status;

    if (!rp->trust_anchors || rp->trust_anchor_count > 0)
        return PK_OK;
    status = certificates_load(rp->trust_anchors, &certificates, ret_what);
    if (status != PK_OK)
        return status;
    if (certificates.count == 0)
        return refuse(ret_what, pk_text_format("trust-anchors: no certificate in %s; allowed: a "
                                               "folder of .pem, .crt, .cer or .der files",
                                               rp->trust_anchors));
    rp->trust_anchor_certificates = certificates.items;
    rp->trust_anchor_count = certificates.count;
    return PK_OK;
}

/* Below which path the gateway serves the relying party; NULL: it does not. */
static const char *served_prefix(const struct rp_config *rp)
{
    if (rp->system_accounts)
        return rp->browser_prefix;
    return rp->http == PK_HTTP_NONE ? NULL : rp->http_prefix;
}

/* The gateway tells relying parties by their prefixes. Said once, of the later one. */
static enum pk_status check_prefix(const struct config *config, const struct rp_config *rp,
                                   char **ret_what)
{
    const char *prefix = served_prefix(rp);

    for (const struct rp_config *other = config->rps; other != rp; other++) {
        const char *taken = served_prefix(other);

        if (taken && prefix && strcmp(taken, prefix) == 0)
            return refuse(
                ret_what,
                pk_text_format("%s \"%s\" is that of [rp %s] too; give each its own",
                               rp->system_accounts ? "browser-url: the path" : "http-prefix",
                               *prefix ? prefix : "/", other->name));
    }
    return PK_OK;
}

static enum pk_status check_browser(const struct config *config, const struct rp_config *rp,
                                    const char *key, char **ret_what)
{
    PK_AUTO_FREE char *problem = NULL;
    bool page = strcmp(key, "browser-page") == 0;

    if (!rp->system_accounts)
        return refuse(ret_what, pk_text_format("%s is for relying parties whose accounts are this "
                                               "host's (system-accounts = yes)",
                                               key));
    if (page && rp->browser_prefix)
        return refuse(ret_what,
                      strdup("browser-page is for where there is no gateway, and browser-url is "
                             "that of one; leave one of the two out"));
    problem = config_browser_problem(rp);
    if (problem)
        return refuse(ret_what, pk_steal(problem));
    return page ? PK_OK : check_prefix(config, rp, ret_what);
}

static enum pk_status check_http(const struct config *config, const struct rp_config *rp,
                                 char **ret_what)
{
    if (rp->system_accounts)
        return refuse(ret_what, strdup("http is for relying parties whose accounts are not this "
                                       "host's (system-accounts = no)"));
    if ((rp->http == PK_HTTP_HANKO || rp->http == PK_HTTP_AUTHSIGNAL) && !rp->tenant_id &&
        !config_places_refused(&config->places, rp->name, "tenant-id"))
        return refuse(ret_what,
                      pk_text_format("http = %s needs tenant-id", config_http_name(rp->http)));
    return check_prefix(config, rp, ret_what);
}

/* Of autional alone a call has a password in it. */
static enum pk_status check_password(const struct config *config, const struct rp_config *rp,
                                     const char *key, char **ret_what)
{
    const struct config_places *places = &config->places;
    bool is_url = strcmp(key, "password-url") == 0;

    if (rp->http != PK_HTTP_AUTIONAL && !config_places_refused(places, rp->name, "http"))
        return refuse(ret_what, pk_text_format("%s is for http = autional, where users give their "
                                               "password again",
                                               key));
    if (is_url && !rp->password_check && !config_places_refused(places, rp->name, "password-check"))
        return refuse(ret_what, strdup("password-url needs password-check = application"));
    if (!is_url && rp->password_check && !rp->password_url &&
        !config_places_refused(places, rp->name, "password-url"))
        return refuse(ret_what, strdup("password-check = application needs password-url"));
    return PK_OK;
}

/* A key that was refused is there, with a value that is not known. */
static enum pk_status check_rp(const struct config *config, struct rp_config *rp, const char *key,
                               char **ret_what)
{
    const struct config_places *places = &config->places;
    bool is_default = strcmp(rp->name, "default") == 0;

    if (!*key && !rp->id && !is_default && !config_places_refused(places, rp->name, "id"))
        return refuse(ret_what, pk_text_format("[rp %s] needs an id", rp->name));
    if (strcmp(key, "system-accounts") == 0 && is_default && !rp->system_accounts)
        return refuse(ret_what, strdup("system-accounts cannot be \"no\" in [rp default]"));
    if (strcmp(key, "require-trusted-attestation") == 0 && rp->require_trusted_attestation &&
        !rp->trust_anchors && !config_places_refused(places, rp->name, "trust-anchors"))
        return refuse(ret_what, strdup("require-trusted-attestation needs trust-anchors"));
    if (strcmp(key, "top-origins") == 0 && !rp->allow_cross_origin &&
        !config_places_refused(places, rp->name, "allow-cross-origin"))
        return refuse(ret_what, strdup("top-origins needs allow-cross-origin = yes"));
    if (strcmp(key, "http") == 0)
        return check_http(config, rp, ret_what);
    if (strcmp(key, "password-check") == 0 || strcmp(key, "password-url") == 0)
        return check_password(config, rp, key, ret_what);
    if (strcmp(key, "browser-url") == 0 || strcmp(key, "browser-page") == 0)
        return check_browser(config, rp, key, ret_what);
    if (strcmp(key, "self-service") == 0 && rp->self_service && !rp->browser_prefix &&
        !config_places_refused(places, rp->name, "browser-url"))
        return refuse(ret_what,
                      strdup("self-service = yes needs browser-url, where its pages are"));
    return strcmp(key, "trust-anchors") == 0 ? load_anchors(rp, ret_what) : PK_OK;
}

static enum pk_status check_service(const struct config *config,
                                    const struct service_config *service, const char *key,
                                    char **ret_what)
{
    const struct rp_config *rp = config_rp(config, service->rp);

    if (strcmp(key, "rp") != 0)
        return PK_OK;
    if (!rp)
        return refuse(ret_what, pk_text_format("rp cannot be \"%s\"; allowed: the name of an "
                                               "[rp NAME] section",
                                               service->rp));
    if (!rp->system_accounts)
        return refuse(ret_what, pk_text_format("rp cannot be \"%s\"; allowed: a relying party with "
                                               "system-accounts = yes",
                                               service->rp));
    return PK_OK;
}

/* An id that each host recorded for itself would be another on each of them. */
static enum pk_status check_store(const struct config *config, const char *key, char **ret_what)
{
    if (strcmp(key, "kind") != 0 || config->store_kind == STORE_SQLITE ||
        config_rp(config, NULL)->id || config_places_refused(&config->places, "default", "id"))
        return PK_OK;
    return refuse(ret_what, pk_text_format("kind = %s needs an id in [rp default], the same on all "
                                           "hosts: usually their domain",
                                           config_store_name(config->store_kind)));
}

/* Checks that need the whole configuration. */
static enum pk_status check_places(struct loader *loader)
{
    const struct config_places *places = &loader->config->places;

    for (size_t i = 0; i < places->count; i++) {
        const struct config_place *place = &places->items[i];
        const struct config_line line = {.kind = place->kind, .name = place->name};
        void *target = section_target(loader->config, &line);
        PK_AUTO_FREE char *what = NULL;
        PK_AUTO_FREE char *why = NULL;
        enum pk_status status = PK_OK;

        if (!place->good)
            continue;
        if (strcmp(place->kind, "rp") == 0)
            status = check_rp(loader->config, target, place->key, &what);
        else if (strcmp(place->kind, "service") == 0)
            status = check_service(loader->config, target, place->key, &what);
        else if (strcmp(place->kind, "store") == 0)
            status = check_store(loader->config, place->key, &what);
        if (status == PK_CONFIG) {
            why = pk_text_format("%s: %s", place->where, what);
            status = why ? pk_strings_add(loader->problems, why) : PK_NO_MEMORY;
        }
        if (status != PK_OK)
            return status;
    }
    return PK_OK;
}

static enum pk_status add_default_prefixes(struct config *config)
{
    for (size_t i = 0; i < config->rp_count; i++)
        if (!config->rps[i].http_prefix && config_sections_default_prefix(&config->rps[i]) != PK_OK)
            return PK_NO_MEMORY;
    return PK_OK;
}

static enum pk_status add_default_origins(struct config *config)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < config->rp_count && status == PK_OK; i++) {
        struct rp_config *rp = &config->rps[i];
        PK_AUTO_FREE char *origin = NULL;

        if (!rp->id || rp->origins.count > 0)
            continue;
        origin = pk_text_format("https://%s", rp->id);
        status = origin ? pk_strings_add(&rp->origins, origin) : PK_NO_MEMORY;
    }
    return status;
}

static enum pk_status read_file(struct loader *loader, const char *path)
{
    const struct config_reading reading = {path, handle_line, loader, loader->problems};
    enum pk_status status = config_file_read(&reading);

    return status == PK_NOT_FOUND ? PK_OK : status;
}

static int is_config_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum pk_status read_folder(struct loader *loader, const char *folder)
{
    PK_AUTO_CLOSE int fd = -1;
    PK_AUTO_FREE char *why = NULL;
    struct dirent **entries = NULL;
    enum pk_status status = ownership_open(folder, O_DIRECTORY, &fd, &why);
    int count = 0;

    if (status == PK_OK)
        count = scandirat(fd, ".", &entries, is_config_file, compare_names);
    if (count < 0)
        status = refuse(&why, pk_text_format("%s: %s", folder, strerror(errno)));
    /* A folder above may be what is wrong with the file as well. */
    if (status == PK_CONFIG)
        return pk_strings_include(loader->problems, why) ? PK_OK
                                                         : pk_strings_add(loader->problems, why);
    if (status != PK_OK)
        return status == PK_NOT_FOUND ? PK_OK : status;
    for (int i = 0; i < count; i++) {
        PK_AUTO_FREE char *path = pk_text_format("%s/%s", folder, entries[i]->d_name);

        if (status == PK_OK)
            status = path ? read_file(loader, path) : PK_NO_MEMORY;
        free(entries[i]);
    }
    free(entries);
    return status;
}

enum pk_status config_read(const char *path, struct config **ret_config,
                           struct pk_strings *problems)
{
    PK_CLEANUP(config_free) struct config *config = NULL;
    PK_AUTO_FREE char *folder = pk_text_format("%s.d", path);
    enum pk_status status = folder ? config_sections_new(&config) : PK_NO_MEMORY;
    struct loader loader = {config, problems};

    if (status == PK_OK)
        status = read_file(&loader, path);
    if (status == PK_OK)
        status = read_folder(&loader, folder);
    if (status == PK_OK)
        status = add_default_prefixes(config);
    if (status == PK_OK)
        status = check_places(&loader);
    if (status == PK_OK)
        status = add_default_origins(config);
    if (status == PK_OK)
        *ret_config = pk_steal(config);
    return status;
}

enum pk_status config_load(const char *path, struct config **ret_config, char **ret_why)
{
    PK_CLEANUP(config_free) struct config *config = NULL;
    struct pk_strings problems = {0};
    enum pk_status status = config_read(path, &config, &problems);

    if (status == PK_OK && problems.count > 0)
        status = PK_CONFIG;
    if (status == PK_CONFIG && problems.count > 0)
        *ret_why = problems.count > 1 ? pk_text_format("%s (and %zu more: passkeyd --check-config)",
                                                       problems.items[0], problems.count - 1)
                                      : strdup(problems.items[0]);
    else if (status != PK_OK)
        *ret_why = strdup(pk_status_clause(status));
    else
        *ret_config = pk_steal(config);
    pk_strings_clear(&problems);
    return status;
}
