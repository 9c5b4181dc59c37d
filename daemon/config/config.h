/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /etc/passkey/passkeyd.conf and passkeyd.conf.d (its .conf files): every key optional, unknown or
 * malformed ones refused with file and line. doc/passkeyd.conf.5 explains each key.
 */
#ifndef PASSKEYD_CONFIG_H
#define PASSKEYD_CONFIG_H

#include "common/webauthn/requirements.h"

/* Roads to an authenticator, in the order a service tries them. */
enum road {
    ROAD_LOCAL,    /* a security key in this machine */
    ROAD_SSH,      /* keyboard-interactive: one in the laptop at the far end (issue 4) */
    ROAD_AGENT,    /* a forwarded ssh-agent (issue 4) */
    ROAD_BROWSER,  /* a phone or browser */
    ROAD_RECOVERY, /* a recovery code */
    ROAD_COUNT,
};

/* Transports of a service: which roads, in which order. */
struct roads {
    enum road items[ROAD_COUNT];
    size_t count;
};

/* "local,recovery" → roads. PK_INVALID_INPUT for an unknown or repeated name. */
enum pk_status roads_parse(const char *text, struct roads *ret) PK_WARN_UNUSED;

struct rp_config { /* [rp NAME]; "default" is always there */
    char *name;
    char *id;           /* default RP: NULL until the daemon has recorded the host's FQDN */
    char *display_name; /* key "name" */
    char *icon;
    struct pk_strings origins; /* default: https://ID */
    bool allow_cross_origin;
    struct pk_strings top_origins;
    struct pk_strings ssh_hosts; /* by which people reach this host over ssh; default: its names */
    bool
        ssh_loopback; /* the default: over the loopback interface, that interface's names as well */
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
    bool system_accounts; /* accounts are NSS accounts; always so for "default" */
    bool refuse_unsolicited_extensions;
};

struct service_config { /* [service NAME]; NAME is PAM's service */
    char *name;
    struct roads roads;                    /* count 0: the default */
    enum pk_requirement user_verification; /* UNSET: the RP's */
    char *rp;                              /* NULL: "default" */
    unsigned timeout;                      /* seconds; 0: the default */
};

struct config {
    bool debug;                      /* [daemon] debug: log more, internals in error messages */
    char *authenticator_program;     /* [authenticator] program */
    unsigned touch_timeout;          /* [authenticator] touch-timeout, seconds, default 30 */
    unsigned insert_timeout;         /* [authenticator] insert-timeout, seconds, default 30 */
    unsigned conversations_per_user; /* [limits] … */
    unsigned challenges_per_user;
    unsigned credentials_per_account;
    unsigned ticket_lifetime; /* seconds, default 600 */
    struct rp_config *rps;
    size_t rp_count;
    struct service_config *services;
    size_t service_count;
};

/*
 * Reads path and the *.conf files of path.d, sorted by name. A missing file is an empty one.
 * PK_CONFIG with *ret_why = "FILE:LINE: what is wrong, what is allowed", the caller's to free.
 */
enum pk_status config_load(const char *path, struct config **ret_config,
                           char **ret_why) PK_WARN_UNUSED;
void config_free(struct config *config);

/* NULL when there is no such section; a NULL or empty name means "default". */
const struct rp_config *config_rp(const struct config *config, const char *name);
/* NULL when the service has no section. */
const struct service_config *config_service(const struct config *config, const char *name);

#endif
