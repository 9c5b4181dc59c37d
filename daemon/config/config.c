/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config/config.h"

#include "common/base/cleanup.h"
#include "common/base/config_file.h"
#include "common/base/ownership.h"
#include "common/base/text.h"
#include "common/webauthn/options.h"
#include "daemon/config/certificates.h"
#include "daemon/config/config_sections.h"
#include "daemon/config/config_values.h"
#include "daemon/config/old_names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * A key: its name, what an error shows as allowed, and the parser that writes the section's struct.
 */
struct config_key {
    const char *name;
    const char *allowed;
    enum pk_status (*parse)(const char *text, void *section);
};

/* KEY(struct, function, call): a parser of struct config_key; call sees the section as "s". */
#define KEY(type, function, call)                                                                  \
    static enum pk_status function(const char *text, void *section)                                \
    {                                                                                              \
        struct type *s = section;                                                                  \
        return call;                                                                               \
    }

KEY(config, key_debug, value_bool(text, &s->debug))
static const struct config_key daemon_keys[] = {
    {"debug", "yes, no, true, false", key_debug},
};

KEY(config, key_program, value_path(text, &s->authenticator_program))
KEY(config, key_touch_timeout, value_unsigned(text, 5, 300, &s->touch_timeout))
KEY(config, key_insert_timeout, value_unsigned(text, 0, 300, &s->insert_timeout))
static const struct config_key authenticator_keys[] = {
    {"program", "an absolute path", key_program},
    {"touch-timeout", "5 to 300 seconds", key_touch_timeout},
    {"insert-timeout", "0 to 300 seconds", key_insert_timeout},
};

KEY(config, key_conversations,
    value_unsigned(text, 1, PK_CONVERSATIONS_MAX, &s->conversations_per_user))
KEY(config, key_challenges, value_unsigned(text, 1, PK_CHALLENGES_MAX, &s->challenges_per_user))
KEY(config, key_credentials,
    value_unsigned(text, 1, PK_CREDENTIAL_LIST_MAX, &s->credentials_per_account))
KEY(config, key_ticket_lifetime,
    value_unsigned(text, PK_TICKET_LIFETIME_MIN, PK_TICKET_LIFETIME_MAX, &s->ticket_lifetime))
static const struct config_key limits_keys[] = {
    {"conversations-per-user", "1 to 256", key_conversations},
    {"challenges-per-user", "1 to 1024", key_challenges},
    {"credentials-per-account", "1 to 64", key_credentials},
    {"ticket-lifetime", "60 to 86400 seconds", key_ticket_lifetime},
};

KEY(config, key_user_manager, value_user_manager(text, &s->user_manager))
KEY(config, key_without_logind, value_without_logind(text, &s->without_logind))
KEY(config, key_greeters, value_services(text, &s->greeters))
static const struct config_key seat_keys[] = {
    {"user-manager", "auto, no, yes", key_user_manager},
    {"without-logind", "console, deny, allow", key_without_logind},
    {"greeters", "at most 32 names of PAM services, separated by commas", key_greeters},
};

KEY(config, key_store_kind, value_store_kind(text, &s->store_kind))
KEY(config, key_store_socket, value_path(text, &s->store_socket))
static const struct config_key store_keys[] = {
    {"kind", "sqlite, ldap, postgresql", key_store_kind},
    {"socket", "an absolute path", key_store_socket},
};

KEY(config, key_gateway_user, value_account(text, &s->gateway_user))
static const struct config_key gateway_keys[] = {
    {"user", "the name of an account: 1 to 64 letters, digits and any of -_.@+", key_gateway_user},
};

KEY(config, key_phone_enabled, value_bool(text, &s->phone.enabled))
KEY(config, key_phone_qr, value_background(text, &s->phone.on_light))
KEY(config, key_phone_hashed, value_bool(text, &s->phone.setup.hashed))
KEY(config, key_phone_program, value_path(text, &s->phone.program))
KEY(config, key_phone_dialler, value_path_or_none(text, &s->phone.setup.dialler))
KEY(config, key_phone_bus, value_text(text, PK_PHONE_TEXT_MAX, &s->phone.setup.bus))
KEY(config, key_phone_connect, value_text(text, PK_PHONE_TEXT_MAX, &s->phone.setup.connect))
KEY(config, key_phone_ca_file, value_path(text, &s->phone.setup.ca_file))
static const struct config_key phone_keys[] = {
    {"enabled", "yes, no, true, false", key_phone_enabled},
    {"qr", "dark, light", key_phone_qr},
    {"hashed-tunnels", "yes, no, true, false", key_phone_hashed},
    {"program", "an absolute path", key_phone_program},
    {"dialler", "an absolute path, or none", key_phone_dialler},
    {"test-bus", "a D-Bus address", key_phone_bus},
    {"test-connect", "ADDRESS:PORT", key_phone_connect},
    {"test-ca-file", "an absolute path", key_phone_ca_file},
};

KEY(rp_config, key_id, value_rp_id(text, &s->id))
KEY(rp_config, key_name, value_text(text, PK_RP_NAME_MAX, &s->display_name))
KEY(rp_config, key_icon, value_text(text, PK_ICON_MAX, &s->icon))
KEY(rp_config, key_origins, value_origins(text, &s->origins))
KEY(rp_config, key_allow_cross_origin, value_bool(text, &s->allow_cross_origin))
KEY(rp_config, key_top_origins, value_origins(text, &s->top_origins))
KEY(rp_config, key_ssh_hosts, value_hosts(text, &s->ssh_hosts))
KEY(rp_config, key_ssh_host_keys, value_host_keys(text, &s->ssh_host_keys))
KEY(rp_config, key_algorithms, value_algorithms(text, s->algorithms, &s->algorithm_count))
KEY(rp_config, key_timeout, value_unsigned(text, 10, 3600, &s->timeout))
KEY(rp_config, key_attestation, pk_attestation_preference_parse(text, &s->attestation))
KEY(rp_config, key_require_trusted, value_bool(text, &s->require_trusted_attestation))
KEY(rp_config, key_trust_anchors, value_path(text, &s->trust_anchors))
KEY(rp_config, key_aaguid_allow, value_aaguids(text, &s->aaguid_allow, &s->aaguid_allow_count))
KEY(rp_config, key_aaguid_deny, value_aaguids(text, &s->aaguid_deny, &s->aaguid_deny_count))
KEY(rp_config, key_counter, value_counter(text, &s->counter))
KEY(rp_config, key_user_verification, pk_requirement_parse(text, &s->user_verification))
KEY(rp_config, key_resident_key, pk_requirement_parse(text, &s->resident_key))
KEY(rp_config, key_attachment, pk_attachment_parse(text, &s->attachment))
KEY(rp_config, key_appid, value_text(text, PK_ORIGIN_MAX, &s->appid))
KEY(rp_config, key_system_accounts, value_bool(text, &s->system_accounts))
KEY(rp_config, key_http, value_http(text, &s->http))
KEY(rp_config, key_http_prefix, value_http_prefix(text, &s->http_prefix))
KEY(rp_config, key_tenant_id, value_tenant_id(text, &s->tenant_id))
KEY(rp_config, key_password_check, value_password_check(text, &s->password_check))
KEY(rp_config, key_password_url, value_password_url(text, &s->password_url))
KEY(rp_config, key_browser_url, value_browser_url(text, &s->browser_origin, &s->browser_prefix))
KEY(rp_config, key_browser_page, value_browser_page(text, &s->browser_origin, &s->browser_page))
KEY(rp_config, key_self_service, value_bool(text, &s->self_service))
KEY(rp_config, key_refuse_unsolicited, value_bool(text, &s->refuse_unsolicited_extensions))

#define ALLOWED_BOOL        "yes, no, true, false"
#define ALLOWED_REQUIREMENT "discouraged, preferred, required"
#define ALLOWED_ORIGINS                                                                            \
    "at most 32 origins like https://www.example.org:8443, lower case, without a path, separated " \
    "by commas"
#define ALLOWED_AAGUIDS "AAGUIDs like cb69481e-8ff7-4039-93ec-0a2729a154a8, separated by commas"

static const struct config_key rp_keys[] = {
    {"id", "a host name in lower case; pam:// ids are those of imported passkeys only", key_id},
    {"name", "text of 1 to 128 bytes", key_name},
    {"icon", "a URL of 1 to 2048 bytes", key_icon},
    {"origins", ALLOWED_ORIGINS, key_origins},
    {"allow-cross-origin", ALLOWED_BOOL, key_allow_cross_origin},
    {"top-origins", ALLOWED_ORIGINS, key_top_origins},
    {"ssh-hosts",
     "at most 32 host names and addresses in lower case, without ports, separated by commas",
     key_ssh_hosts},
    {"ssh-host-keys",
     "at most 64 absolute paths, in which * may stand, and fingerprints like SHA256:…, separated "
     "by "
     "commas",
     key_ssh_host_keys},
    {"algorithms",
     "ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512, EdDSA, Ed448, ES256K, ESP256, "
     "ESP384, ESP512, Ed25519, ML-DSA-44, ML-DSA-65, ML-DSA-87, RS1 or their COSE numbers, each "
     "at most once",
     key_algorithms},
    {"timeout", "10 to 3600 seconds", key_timeout},
    {"attestation", "none, indirect, direct, enterprise", key_attestation},
    {"require-trusted-attestation", ALLOWED_BOOL, key_require_trusted},
    {"trust-anchors", "the absolute path of a folder", key_trust_anchors},
    {"aaguid-allow", ALLOWED_AAGUIDS, key_aaguid_allow},
    {"aaguid-deny", ALLOWED_AAGUIDS, key_aaguid_deny},
    {"counter", "refuse, log", key_counter},
    {"user-verification", ALLOWED_REQUIREMENT, key_user_verification},
    {"resident-key", ALLOWED_REQUIREMENT, key_resident_key},
    {"authenticator-attachment", "platform, cross-platform", key_attachment},
    {"appid", "text of 1 to 1024 bytes", key_appid},
    {"system-accounts", ALLOWED_BOOL, key_system_accounts},
    {"refuse-unsolicited-extensions", ALLOWED_BOOL, key_refuse_unsolicited},
    {"http", "standard, hanko, cloudreve, authsignal, autional", key_http},
    {"http-prefix",
     "/ or a path like /passkeys, of letters, digits and any of -_.~, without a / at its end",
     key_http_prefix},
    {"tenant-id", "1 to 64 letters, digits and any of -_.~", key_tenant_id},
    {"password-check", "refuse, application", key_password_check},
    {"password-url",
     "a URL of at most 1024 bytes, https://… or, of this host, http://localhost…, "
     "http://127.0.0.1… or http://[::1]…",
     key_password_url},
    {"browser-url",
     "a URL like https://login.example.org/passkey, its host in lower case, without a / at its end",
     key_browser_url},
    {"browser-page",
     "the URL of a file like https://www.example.org/passkey.html, its host in lower case",
     key_browser_page},
    {"self-service", ALLOWED_BOOL, key_self_service},
};

static enum pk_status key_methods(const char *text, void *section)
{
    struct service_config *service = section;
    const char *unserved;

    return pk_methods_parse(text, &service->methods, &unserved);
}

KEY(service_config, key_service_uv, pk_requirement_parse(text, &s->user_verification))
KEY(service_config, key_service_rp, value_text(text, PK_RP_NAME_MAX, &s->rp))
KEY(service_config, key_service_timeout, value_unsigned(text, 10, 3600, &s->timeout))
#define ALLOWED_METHODS PK_METHODS_SERVED "each at most once, separated by commas"

static const struct config_key service_keys[] = {
    {"methods", ALLOWED_METHODS, key_methods},
    {"user-verification", ALLOWED_REQUIREMENT, key_service_uv},
    {"rp", "the name of an [rp NAME] section", key_service_rp},
    {"timeout", "10 to 3600 seconds", key_service_timeout},
};

static const struct section_kind {
    const char *name;
    bool named;
    const struct config_key *keys;
    size_t key_count;
} section_kinds[] = {
    {"daemon", false, daemon_keys, COUNT(daemon_keys)},
    {"authenticator", false, authenticator_keys, COUNT(authenticator_keys)},
    {"limits", false, limits_keys, COUNT(limits_keys)},
    {"seat", false, seat_keys, COUNT(seat_keys)},
    {"store", false, store_keys, COUNT(store_keys)},
    {"phone", false, phone_keys, COUNT(phone_keys)},
    {"gateway", false, gateway_keys, COUNT(gateway_keys)},
    {"rp", true, rp_keys, COUNT(rp_keys)},
    {"service", true, service_keys, COUNT(service_keys)},
};

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
    const struct section_kind *kind = NULL;
    enum pk_status status;

    for (size_t i = 0; i < COUNT(section_kinds); i++)
        if (strcmp(section_kinds[i].name, line->kind) == 0)
            kind = &section_kinds[i];
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
