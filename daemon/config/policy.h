/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns the configuration and a caller's wishes into the requirements of one ceremony. Everything
 * that a caller may ask for is checked here, and only here: lengths, UTF-8, spellings,
 * combinations.
 *
 * A wish may raise what the configuration demands, but not lower it: user verification that is
 * "required" for the relying party or service stays required, a longer timeout is cut to the
 * configured one, and an attachment other than the configured one is refused.
 */
#ifndef PASSKEYD_POLICY_H
#define PASSKEYD_POLICY_H

#include "daemon/config/config.h"

/*
 * The options of RelyingParty1.BeginRegistration and Manager1.Enroll (doc/protocol.md), borrowed.
 * NULL, 0 and false: not given.
 */
struct registration_request {
    const char *account_name;      /* the account; also the user name unless userName is given */
    const char *account_full_name; /* display name unless displayName is given; may be NULL */
    const char *user_id;           /* userId: refused where accounts are system accounts */
    const char *user_name;         /* userName, displayName: at most 128 characters */
    const char *display_name;      /* empty: as not given */
    const char *icon;              /* icon */
    const char *name;              /* name: of the new credential */
    const char *attestation;       /* attestation */
    const char *authenticator_attachment; /* authenticatorAttachment */
    const char *resident_key;             /* residentKey, Enroll's resident */
    const char *user_verification;        /* userVerification, Enroll's uv */
    const char *appid;                    /* appid: an https URL, or the configured one */
    const char *appid_exclude;            /* appidExclude: likewise; default: the configured one */
    const char *mediation;                /* mediation */
    const char *instrument_display_name;  /* instrumentDisplayName: with payment only */
    const struct pk_strings *hints;       /* hints */
    uint32_t timeout_ms;                  /* timeout */
    uint32_t cred_protect;                /* credProtect: 1 to 3 */
    bool require_resident_key;            /* requireResidentKey */
    bool cred_props;                      /* credProps */
    bool min_pin_length;                  /* minPinLength */
    bool secure_payment_confirmation;     /* securePaymentConfirmation */
    time_t now;                           /* at which attestation certificates must be valid */
};

/*
 * The options of RelyingParty1.BeginAuthentication, and those of Manager1.Authenticate among them;
 * borrowed.
 */
struct authentication_request {
    bool user_given;               /* false: a discoverable credential names the account */
    const char *user_verification; /* userVerification, Authenticate's uv */
    const char *appid;
    const struct pk_strings *hints;
    uint32_t timeout_ms;
    time_t now;
    bool service_claimed; /* the service is the word of a program that is not root's */
};

/*
 * The requirements of a registration, except the challenge, the user handle and the exclude list,
 * which the caller adds. PK_INVALID_ARGUMENT for a request that is malformed or contradicts itself
 * or the configuration; PK_UNAVAILABLE while the relying party has no id; PK_UNSUPPORTED when none
 * of its algorithms is supported. *ret_why then names the option and what is allowed: a static text
 * that may be sent to the caller.
 */
enum pk_status policy_registration(const struct rp_config *rp,
                                   const struct registration_request *request,
                                   struct pk_requirements *ret,
                                   const char **ret_why) PK_WARN_UNUSED;

/*
 * Likewise for an authentication, except the challenge, the user handle and the allow list. service
 * may be NULL.
 */
enum pk_status policy_authentication(const struct rp_config *rp,
                                     const struct service_config *service,
                                     const struct authentication_request *request,
                                     struct pk_requirements *ret,
                                     const char **ret_why) PK_WARN_UNUSED;

/*
 * Adds what the configuration says of attestations, trust anchors and lists of models, to the
 * requirements of a registration that have nothing of it; policy_registration() has. PK_NO_MEMORY.
 */
enum pk_status policy_trust(const struct rp_config *rp, struct pk_requirements *ret) PK_WARN_UNUSED;

/*
 * Appends to *ret the origins from which answers may come over ssh: "ssh://" and each name of this
 * host that ssh clients use. Unless those names are configured, a client that connects over the
 * loopback interface (rhost) may have used the names of that interface. PK_NO_MEMORY.
 */
enum pk_status policy_ssh_origins(const struct rp_config *rp, const char *rhost,
                                  struct pk_strings *ret) PK_WARN_UNUSED;

/* What is wrong with the names of the user in a request, or NULL: static, as *ret_why above. */
const char *policy_user_problem(const struct rp_config *rp,
                                const struct registration_request *request) PK_WARN_UNUSED;

/* An id whose bytes can be a user handle: 1 to PK_USER_HANDLE_MAX of UTF-8, all printable. */
bool policy_user_id_valid(const char *id) PK_WARN_UNUSED;

/* What an application may call a passkey: 1 to PK_APPLICATION_NAME_MAX printable characters. */
bool policy_application_name_valid(const char *name) PK_WARN_UNUSED;

#endif
