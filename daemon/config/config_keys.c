/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config/config_keys.h"

#include "common/webauthn/options.h"
#include "daemon/config/config.h"
#include "daemon/config/config_values.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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

static const struct section_kind section_kinds[] = {
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

const struct section_kind *config_section_kind(const char *name)
{
    for (size_t i = 0; i < COUNT(section_kinds); i++)
        if (strcmp(name, section_kinds[i].name) == 0)
            return &section_kinds[i];
    return NULL;
}
