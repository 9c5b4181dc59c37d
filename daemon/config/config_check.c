/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config/config_check.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/config/domain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct check {
    const struct config *config;
    const char *root;
    const struct config_place *place;
    struct config_findings *findings;
};

void config_findings_clear(struct config_findings *findings)
{
    pk_strings_clear(&findings->faults);
    pk_strings_clear(&findings->warnings);
}

/* Adds "FILE:LINE: text"; text is released. */
static enum pk_status add(const struct check *check, struct pk_strings *list, char *text)
{
    PK_AUTO_FREE char *line = text ? pk_text_format("%s: %s", check->place->where, text) : NULL;

    free(text);
    return line ? pk_strings_add(list, line) : PK_NO_MEMORY;
}

static enum pk_status check_id(const struct check *check, const struct rp_config *rp)
{
    enum domain_kind kind = domain_examine(rp->id);
    bool possible = kind == DOMAIN_BARE || kind == DOMAIN_SHARED;

    if (!domain_kind_says(kind))
        return PK_OK;
    return add(check, possible ? &check->findings->warnings : &check->findings->faults,
               pk_text_format("id: \"%s\" %s; set a domain name of this host's own, like "
                              "host.example.org",
                              rp->id, domain_kind_says(kind)));
}

/* The host in "SCHEME://HOST:PORT", the caller's to free; NULL: the scheme is another. */
static char *origin_host(const char *origin, const char *scheme)
{
    size_t len = strlen(scheme);
    const char *host = origin + len;

    if (strncmp(origin, scheme, len) != 0)
        return NULL;
    return strndup(host, host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":"));
}

/* HTML's "is a registrable domain suffix of or is equal to", and Web Authentication 5.11. */
static enum pk_status check_origin(const struct check *check, const struct rp_config *rp,
                                   const char *origin)
{
    PK_AUTO_FREE char *secure = origin_host(origin, "https://");
    PK_AUTO_FREE char *insecure = origin_host(origin, "http://");
    const char *host = secure ? secure : insecure;
    enum domain_kind kind;

    if (!host)
        return PK_OK;
    kind = domain_examine(host);
    if (kind == DOMAIN_ADDRESS || kind == DOMAIN_MALFORMED || strchr(host, '['))
        return add(
            check, &check->findings->faults,
            pk_text_format("%s: \"%s\": browsers use passkeys at domain names only, and this "
                           "is none",
                           check->place->key, origin));
    if (insecure && !domain_is_within(host, "localhost"))
        return add(check, &check->findings->faults,
                   pk_text_format("%s: \"%s\": browsers use passkeys over https only",
                                  check->place->key, origin));
    if (strcmp(check->place->key, "origins") != 0 || !rp->id || domain_is_within(host, rp->id))
        return PK_OK;
    return add(
        check, &check->findings->warnings,
        pk_text_format("origins: \"%s\" is neither the id \"%s\" nor below it: no browser uses "
                       "them together, unless https://%s/.well-known/webauthn lists it",
                       origin, rp->id, rp->id));
}

/* Web Authentication 5.1.3 step 8, and what browsers take for a secure context. */
char *config_browser_problem(const struct rp_config *rp)
{
    PK_AUTO_FREE char *secure = NULL;
    PK_AUTO_FREE char *insecure = NULL;
    const char *key = rp->browser_page ? "browser-page" : "browser-url";
    const char *host;
    enum domain_kind kind;

    if (!rp->browser_origin)
        return NULL;
    secure = origin_host(rp->browser_origin, "https://");
    insecure = origin_host(rp->browser_origin, "http://");
    host = secure ? secure : insecure ? insecure : "";
    kind = domain_examine(host);
    if (kind == DOMAIN_ADDRESS || kind == DOMAIN_MALFORMED || strchr(host, '['))
        return pk_text_format("%s: browsers use passkeys at domain names only, and \"%s\" is none",
                              key, host);
    if (insecure && !domain_is_within(host, "localhost"))
        return pk_text_format("%s: browsers use passkeys over https only, and \"%s\" is not", key,
                              rp->browser_origin);
    if (rp->id && !domain_is_within(host, rp->id))
        return pk_text_format(
            "%s: \"%s\" is neither the id \"%s\" nor below it, so that no browser would use its "
            "passkeys there",
            key, host, rp->id);
    if (rp->id && strcmp(host, rp->id) != 0 && domain_examine(rp->id) == DOMAIN_SUFFIX)
        return pk_text_format(
            "%s: the id \"%s\" is a public suffix, under which anybody may have a name, so that no "
            "browser would use its passkeys at \"%s\"",
            key, rp->id, host);
    return NULL;
}

static enum pk_status check_origins(const struct check *check, const struct rp_config *rp,
                                    const struct pk_strings *origins)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < origins->count && status == PK_OK; i++)
        status = check_origin(check, rp, origins->items[i]);
    return status;
}

static enum pk_status check_rp(const struct check *check)
{
    const struct rp_config *rp = config_rp(check->config, check->place->name);
    const char *key = check->place->key;

    if (strcmp(key, "id") == 0)
        return check_id(check, rp);
    if (strcmp(key, "origins") == 0)
        return check_origins(check, rp, &rp->origins);
    return strcmp(key, "top-origins") == 0 ? check_origins(check, rp, &rp->top_origins) : PK_OK;
}

static enum pk_status check_program(const struct check *check)
{
    bool phone = strcmp(check->place->kind, "phone") == 0;
    const char *program =
        phone ? check->config->phone.program : check->config->authenticator_program;
    PK_AUTO_FREE char *path = pk_text_format("%s%s", check->root, program);
    struct stat file;
    int error = 0;

    if (!path)
        return PK_NO_MEMORY;
    if (stat(path, &file) != 0 || access(path, X_OK) != 0)
        error = errno;
    else if (!S_ISREG(file.st_mode))
        error = EACCES;
    if (error == 0)
        return PK_OK;
    return add(check, &check->findings->faults,
               pk_text_format("program: %s cannot be run: %s; leave the key out for " PK_LIBEXECDIR
                              "/passkey-%s",
                              program, strerror(error), phone ? "phone" : "authenticator"));
}

/* Where libpam looks, pam.d(5) and Debian's libpam: the vendor's below the administrator's. */
static bool has_pam_file(const char *root, const char *service)
{
    static const char *const folders[] = {"/etc/pam.d", "/usr/lib/pam.d"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        PK_AUTO_FREE char *path = pk_text_format("%s%s/%s", root, folders[i], service);

        if (!path || access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static enum pk_status check_service(const struct check *check)
{
    const char *service = check->place->name;

    /* passkeyctl test is a service that needs none. */
    if (*check->place->key || strcmp(service, "passkeyctl") == 0 ||
        has_pam_file(check->root, service))
        return PK_OK;
    return add(check, &check->findings->warnings,
               pk_text_format("[service %s]: there is no PAM file %s/etc/pam.d/%s, so that nothing "
                              "asks for it; PAM's name of the service is that of its file",
                              service, check->root, service));
}

enum pk_status config_check(const struct config *config, const char *root,
                            struct config_findings *ret)
{
    struct config_findings findings = {0};
    struct check check = {config, root, NULL, &findings};
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < config->places.count && status == PK_OK; i++) {
        check.place = &config->places.items[i];
        if (!check.place->good || config_places_overruled(&config->places, i))
            continue;
        if (strcmp(check.place->kind, "rp") == 0)
            status = check_rp(&check);
        else if (strcmp(check.place->kind, "service") == 0)
            status = check_service(&check);
        else if (strcmp(check.place->key, "program") == 0)
            status = check_program(&check);
    }
    if (status == PK_OK)
        *ret = findings;
    else
        config_findings_clear(&findings);
    return status;
}
