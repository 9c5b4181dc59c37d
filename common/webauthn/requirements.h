/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one ceremony demands. Policy makes it, the ceremony keeps it, options render it
 * (options.h), verification enforces it (verify.h): no rule is written twice. Constant once made.
 */
#ifndef PK_WEBAUTHN_REQUIREMENTS_H
#define PK_WEBAUTHN_REQUIREMENTS_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"
#include "common/base/terms.h"

#include <time.h>

enum pk_ceremony {
    PK_REGISTRATION,
    PK_AUTHENTICATION,
};

/* What a counter that did not grow means (WebAuthn 7.2 step 22). */
enum pk_counter_policy {
    PK_COUNTER_REFUSE, /* the default */
    PK_COUNTER_LOG,    /* accept; the result says that it regressed */
};

struct pk_requirements {
    enum pk_ceremony ceremony;
    struct pk_bytes challenge;

    /* The relying party. */
    char *rp_id;
    char *rp_name;
    char *rp_icon;             /* NULL: none. Not in Level 3, served for Hanko's form */
    struct pk_strings origins; /* compared as whole strings; at least one */
    bool allow_cross_origin;
    struct pk_strings top_origins; /* empty with allow_cross_origin: any top origin */

    /* The account (registration: all; authentication: handle only, empty when discoverable). */
    struct pk_bytes user_handle;
    char *user_name;
    char *user_display_name;
    char *user_icon; /* NULL: none */
    /* Authentication: the account was known before the ceremony began (WebAuthn 7.2 step 6). */
    bool user_identified_before;

    int32_t algorithms[PK_ALGORITHMS_MAX]; /* COSE numbers, most wanted first */
    size_t algorithm_count;
    unsigned timeout_ms;               /* 0: not rendered */
    struct pk_descriptor *credentials; /* exclude (registration) or allow (authentication) list */
    size_t credential_count;

    /* authenticatorSelection; user_verification also holds for authentication. */
    enum pk_attachment attachment;
    enum pk_requirement resident_key;
    bool require_resident_key;
    enum pk_requirement user_verification; /* UNSET counts as PREFERRED (WebAuthn 5.8.6) */
    struct pk_strings hints;               /* WebAuthn 5.8.7 */

    /* Attestation. */
    enum pk_attestation_preference attestation;
    bool require_trusted_attestation;
    struct pk_bytes *trust_anchors; /* DER certificates */
    size_t trust_anchor_count;
    uint8_t (*aaguid_allow)[PK_AAGUID_SIZE]; /* empty: every one */
    size_t aaguid_allow_count;
    uint8_t (*aaguid_deny)[PK_AAGUID_SIZE];
    size_t aaguid_deny_count;
    time_t time; /* when certificates are judged; the caller's clock */

    /* Extensions (WebAuthn 10) asked for. */
    char *appid;         /* NULL: none */
    char *appid_exclude; /* NULL: none */
    bool cred_props;
    bool min_pin_length;
    unsigned cred_protect; /* 0: not asked; 1 to 3 (CTAP 2.1 section 12.1) */
    bool enforce_cred_protect;
    bool refuse_unsolicited_extensions;
    /* Secure Payment Confirmation: extension "payment" and what it forces. */
    bool payment;
    char *instrument_display_name; /* NULL: none; kept with the credential, not rendered */

    bool conditional; /* mediation "conditional": UP may be absent in a registration */
    enum pk_counter_policy counter_policy;
};

/* What is there can be read. */
/*@ predicate demanded(struct pk_requirements *requirements) =
      \valid_read(requirements) && is_string(requirements->rp_id) &&
      (requirements->appid == \null || is_string(requirements->appid)) &&
      held(requirements->challenge) && held(requirements->user_handle) &&
      requirements->challenge.len <= PTRDIFF_MAX &&
      texts(requirements->origins) && texts(requirements->top_origins) &&
      requirements->algorithm_count <= PK_ALGORITHMS_MAX &&
      \valid_read(requirements->credentials + (0 .. requirements->credential_count - 1)) &&
      (\forall integer i; 0 <= i < requirements->credential_count ==>
        held(requirements->credentials[i].id));
    predicate offers(struct pk_requirements *requirements, integer algorithm) =
      \exists integer i; 0 <= i < requirements->algorithm_count &&
        requirements->algorithms[i] == algorithm; */

/* Releases everything and empties. */
void pk_requirements_clear(struct pk_requirements *requirements);
#define PK_AUTO_REQUIREMENTS __attribute__((cleanup(pk_requirements_clear)))

/* Appends a copy to credentials. PK_LIMIT_EXCEEDED over PK_CREDENTIAL_LIST_MAX, PK_NO_MEMORY. */
enum pk_status pk_requirements_add_credential(struct pk_requirements *requirements,
                                              struct pk_view id,
                                              unsigned transports) PK_WARN_UNUSED;

#endif
