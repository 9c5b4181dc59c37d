/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config/config_sections.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/config/config_values.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In order of preference; the ten that Cloudreve's settings list (WebAuthn 5.4, "alg"). */
static const int32_t default_algorithms[] = {-7, -35, -36, -257, -258, -259, -37, -38, -39, -8};

#define DEFAULT_GATEWAY_USER "passkey-gateway"

/* What PAM calls the display managers and lockers that have no session of their own when they ask.
 */
#define DEFAULT_GREETERS                                                                           \
    "gdm, gdm-password, lightdm, sddm, lxdm, xdm, kdm, greetd, ly, plasmalogin, kde, "             \
    "xscreensaver, "                                                                               \
    "mate-screensaver, cinnamon-screensaver, swaylock, i3lock, physlock, vlock"

static void rp_clear(struct rp_config *rp)
{
    free(rp->name);
    free(rp->id);
    free(rp->display_name);
    free(rp->icon);
    pk_strings_clear(&rp->origins);
    pk_strings_clear(&rp->top_origins);
    pk_strings_clear(&rp->ssh_hosts);
    pk_strings_clear(&rp->ssh_host_keys);
    free(rp->trust_anchors);
    for (size_t i = 0; i < rp->trust_anchor_count; i++)
        pk_bytes_clear(&rp->trust_anchor_certificates[i]);
    free(rp->trust_anchor_certificates);
    free(rp->aaguid_allow);
    free(rp->aaguid_deny);
    free(rp->appid);
    free(rp->http_prefix);
    free(rp->tenant_id);
    free(rp->password_url);
    free(rp->browser_origin);
    free(rp->browser_prefix);
    free(rp->browser_page);
}

static void phone_clear(struct phone_config *phone)
{
    free(phone->program);
    free(phone->setup.bus);
    free(phone->setup.dialler);
    free(phone->setup.connect);
    free(phone->setup.ca_file);
}

void config_free(struct config *config)
{
    if (!config)
        return;
    free(config->authenticator_program);
    for (size_t i = 0; i < config->rp_count; i++)
        rp_clear(&config->rps[i]);
    free(config->rps);
    for (size_t i = 0; i < config->service_count; i++) {
        free(config->services[i].name);
        free(config->services[i].rp);
    }
    free(config->services);
    phone_clear(&config->phone);
    free(config->gateway_user);
    free(config->store_socket);
    pk_strings_clear(&config->greeters);
    pk_strings_clear(&config->warnings);
    config_places_clear(&config->places);
    free(config);
}

struct rp_config *config_sections_find_rp(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->rp_count; i++)
        if (strcmp(config->rps[i].name, name) == 0)
            return &config->rps[i];
    return NULL;
}

struct service_config *config_sections_find_service(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->service_count; i++)
        if (strcmp(config->services[i].name, name) == 0)
            return &config->services[i];
    return NULL;
}

const struct rp_config *config_rp(const struct config *config, const char *name)
{
    return config_sections_find_rp(config, name && *name ? name : "default");
}

const struct service_config *config_service(const struct config *config, const char *name)
{
    return name ? config_sections_find_service(config, name) : NULL;
}

enum pk_status config_sections_add_rp(struct config *config, const char *name)
{
    struct rp_config *rp = reallocarray(config->rps, config->rp_count + 1, sizeof(*rp));

    if (!rp)
        return PK_NO_MEMORY;
    config->rps = rp;
    rp += config->rp_count;
    *rp = (struct rp_config){
        .name = strdup(name),
        .timeout = PK_CHALLENGE_LIFETIME,
        .algorithm_count = COUNT(default_algorithms),
        .system_accounts = strcmp(name, "default") == 0,
    };
    memcpy(rp->algorithms, default_algorithms, sizeof(default_algorithms));
    if (!rp->name)
        return PK_NO_MEMORY;
    config->rp_count++;
    return PK_OK;
}

enum pk_status config_sections_add_service(struct config *config, const char *name)
{
    struct service_config *service =
        reallocarray(config->services, config->service_count + 1, sizeof(*service));

    if (!service)
        return PK_NO_MEMORY;
    config->services = service;
    service += config->service_count;
    *service = (struct service_config){.name = strdup(name)};
    if (!service->name)
        return PK_NO_MEMORY;
    config->service_count++;
    return PK_OK;
}

/* The daemon's unit has no network: by default a unit of its own connects. */
static bool phone_fill(struct phone_config *phone)
{
    phone->program = strdup(PK_LIBEXECDIR "/passkey-phone");
    phone->setup = (struct pk_phone_setup){.bus = strdup(""),
                                           .dialler = strdup(PK_RUNDIR "/phone-dialler.sock"),
                                           .connect = strdup(""),
                                           .ca_file = strdup("")};
    return phone->program && phone->setup.bus && phone->setup.dialler && phone->setup.connect &&
           phone->setup.ca_file;
}

enum pk_status config_sections_new(struct config **ret)
{
    PK_CLEANUP(config_free) struct config *config = calloc(1, sizeof(*config));

    if (!config)
        return PK_NO_MEMORY;
    config->authenticator_program = strdup(PK_LIBEXECDIR "/passkey-authenticator");
    config->gateway_user = strdup(DEFAULT_GATEWAY_USER);
    config->touch_timeout = 30;
    config->insert_timeout = 30;
    config->conversations_per_user = PK_CONVERSATIONS_PER_UID;
    config->challenges_per_user = PK_CHALLENGES_PER_UID;
    config->credentials_per_account = PK_CREDENTIALS_PER_ACCOUNT;
    config->ticket_lifetime = 600;
    if (!phone_fill(&config->phone) || !config->authenticator_program || !config->gateway_user ||
        config_sections_add_rp(config, "default") != PK_OK ||
        value_services(DEFAULT_GREETERS, &config->greeters) != PK_OK)
        return PK_NO_MEMORY;
    *ret = pk_steal(config);
    return PK_OK;
}

enum pk_status config_sections_default_prefix(struct rp_config *rp)
{
    switch (rp->http) {
    case PK_HTTP_STANDARD:
        rp->http_prefix = pk_text_format("/%s", rp->name);
        break;
    case PK_HTTP_HANKO:
        rp->http_prefix = pk_text_format("/%s", rp->tenant_id ? rp->tenant_id : rp->name);
        break;
    case PK_HTTP_CLOUDREVE:
        rp->http_prefix = strdup("/api/v4");
        break;
    case PK_HTTP_AUTHSIGNAL:
        rp->http_prefix = strdup("/v1");
        break;
    case PK_HTTP_AUTIONAL:
        rp->http_prefix = strdup("");
        break;
    case PK_HTTP_NONE:
        return PK_OK;
    }
    return rp->http_prefix ? PK_OK : PK_NO_MEMORY;
}
