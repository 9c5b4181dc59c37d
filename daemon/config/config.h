/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration: /etc/passkey/passkeyd.conf and the .conf files in passkeyd.conf.d. Every key
 * is optional; unknown or malformed keys are errors that name file and line. doc/passkeyd.conf.5
 * explains each key. The structs own everything that they point to.
 */
#ifndef PASSKEYD_CONFIG_H
#define PASSKEYD_CONFIG_H

#include "common/base/methods.h"
#include "common/webauthn/requirements.h"
#include "common/wire/frame_contents.h"
#include "daemon/config/config_places.h"

/* What a relying party speaks over HTTP, in passkey-gateway. */
enum pk_http {
    PK_HTTP_NONE,
    PK_HTTP_STANDARD,
    PK_HTTP_HANKO,
    PK_HTTP_CLOUDREVE,
    PK_HTTP_AUTHSIGNAL,
    PK_HTTP_AUTIONAL,
};
#define PK_HTTP_COUNT (PK_HTTP_AUTIONAL + 1)

struct rp_config { /* [rp NAME]; "default" always exists */
    char *name;
    char *id;               /* default RP: NULL until the daemon has recorded one for the host */
    bool id_recorded;       /* the id is that one, and not from the configuration */
    bool id_generated;      /* it was made for this host, whose name cannot be one */
    const char *id_problem; /* static: "is a bare name, …", of either; NULL: none */
    char *display_name;     /* key "name" */
    char *icon;
    struct pk_strings origins; /* default: https://ID */
    bool allow_cross_origin;
    struct pk_strings top_origins;
    struct pk_strings ssh_hosts;     /* names that ssh clients use; default: those of this host */
    struct pk_strings ssh_host_keys; /* files (patterns) and fingerprints; empty: sshd's own */
    bool ssh_loopback; /* the default: also those of the loopback interface, over it */
    int32_t algorithms[PK_ALGORITHMS_MAX];
    size_t algorithm_count;
    unsigned timeout; /* seconds, default PK_CHALLENGE_LIFETIME */
    enum pk_attestation_preference attestation;
    bool require_trusted_attestation;
    char *trust_anchors;                        /* folder of PEM or DER certificates; NULL: none */
    struct pk_bytes *trust_anchor_certificates; /* DER, read from that folder */
    size_t trust_anchor_count;
    uint8_t (*aaguid_allow)[PK_AAGUID_SIZE];
    size_t aaguid_allow_count;
    uint8_t (*aaguid_deny)[PK_AAGUID_SIZE];
    size_t aaguid_deny_count;
    enum pk_counter_policy counter;
    enum pk_requirement user_verification;
    enum pk_requirement resident_key;
    enum pk_attachment attachment;
    char *appid;
    bool system_accounts; /* accounts are those of the host (NSS); always set for "default" */
    bool refuse_unsolicited_extensions;
    enum pk_http http; /* never beside system_accounts */
    char *http_prefix; /* of all its paths: "" or "/…" without a '/' at its end; NULL: no http */
    char *tenant_id;   /* NULL: none */
    bool password_check; /* password-check = application: it is asked at password_url */
    char *password_url;  /* NULL: none */
    /*
     * Where the gateway's pages for people are, key browser-url: "https://HOST:PORT", and the path
     * below which they are, as http_prefix; both NULL: nowhere.
     */
    char *browser_origin, *browser_prefix;
    /*
     * The page that is a file of some web server, key browser-page: its URL. browser_origin is its
     * origin then, and browser_prefix NULL. NULL: there is none.
     */
    char *browser_page;
    bool self_service; /* on those pages people look after their own passkeys */
};

struct service_config { /* [service NAME]; NAME is PAM's service */
    char *name;
    struct pk_methods methods;             /* count 0: the default */
    enum pk_requirement user_verification; /* UNSET: the RP's */
    char *rp;                              /* NULL: "default" */
    unsigned timeout;                      /* seconds; 0: the default */
};

/* [seat]: what is decided about keys in this computer where logind cannot (daemon/bus/seat.h) */
enum user_manager { USER_MANAGER_AUTO, USER_MANAGER_NO, USER_MANAGER_YES };
enum without_logind { WITHOUT_LOGIND_CONSOLE, WITHOUT_LOGIND_DENY, WITHOUT_LOGIND_ALLOW };

/* [store]: where passkeys are kept */
enum store_kind { STORE_SQLITE, STORE_LDAP, STORE_POSTGRESQL };

/* [phone]: phones nearby as keys */
struct phone_config {
    bool enabled;
    bool on_light;               /* qr = light */
    char *program;               /* passkey-phone */
    struct pk_phone_setup setup; /* no member is NULL */
};

struct config {
    bool debug;                      /* [daemon] debug: log more, internals in error messages */
    char *authenticator_program;     /* [authenticator] program */
    unsigned touch_timeout;          /* [authenticator] touch-timeout, seconds, default 30 */
    unsigned insert_timeout;         /* [authenticator] insert-timeout, seconds, default 30 */
    unsigned conversations_per_user; /* [limits] … */
    unsigned challenges_per_user;
    unsigned credentials_per_account;
    unsigned ticket_lifetime;           /* seconds, default 600 */
    enum user_manager user_manager;     /* [seat] user-manager */
    enum without_logind without_logind; /* [seat] without-logind */
    enum store_kind store_kind;         /* [store] kind */
    char *store_socket;                 /* [store] socket; NULL: the one of its kind */
    struct phone_config phone;
    char *gateway_user;         /* [gateway] user: the account that may call Gateway1 */
    struct pk_strings greeters; /* [seat] greeters: PAM services of display managers and lockers */
    struct rp_config *rps;
    size_t rp_count;
    struct service_config *services;
    size_t service_count;
    struct pk_strings warnings;  /* "FILE:LINE: what", of settings that should be changed */
    struct config_places places; /* where all of it stands */
};

/*
 * Reads path and the *.conf files of path.d, sorted by name. A missing file counts as empty.
 * PK_CONFIG with *ret_why = "FILE:LINE: what is wrong, what is allowed", the caller's to free, of
 * the first problem and with the number of the others.
 */
enum pk_status config_load(const char *path, struct config **ret_config,
                           char **ret_why) PK_WARN_UNUSED;
/*
 * The same, but every problem is added to the list, and there is a configuration nevertheless, to
 * be examined by config_check() and not to be used. PK_NO_MEMORY.
 */
enum pk_status config_read(const char *path, struct config **ret_config,
                           struct pk_strings *problems) PK_WARN_UNUSED;
void config_free(struct config *config);

/*
 * "browser-url: …" or "browser-page: …", why no browser could use the relying party's passkeys
 * there, the caller's to free; NULL: it can, as far as is known (an id may not have been recorded
 * yet).
 */
char *config_browser_problem(const struct rp_config *rp) PK_WARN_UNUSED;

/* The word of the key kind: "ldap". Static. */
const char *config_store_name(enum store_kind kind);
/* NULL when there is no such section; a NULL or empty name means "default". */
const struct rp_config *config_rp(const struct config *config, const char *name);
/* The word of the key http: "hanko". Static; "none" for PK_HTTP_NONE. */
const char *config_http_name(enum pk_http http);
/* NULL when the service has no section. */
const struct service_config *config_service(const struct config *config, const char *name);

#endif
