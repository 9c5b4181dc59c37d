/* SPDX-License-Identifier: BSD-2-Clause */
/* What verification is given and returns: the stored record, and the two results. */
#ifndef PK_WEBAUTHN_RESULTS_H
#define PK_WEBAUTHN_RESULTS_H

#include "common/base/bytes.h"
#include "common/base/limits.h"

struct pk_public_key;

/* WebAuthn 6.5.4 */
enum pk_attestation_type {
    PK_ATTESTATION_TYPE_NONE,
    PK_ATTESTATION_TYPE_SELF,
    PK_ATTESTATION_TYPE_BASIC,
    PK_ATTESTATION_TYPE_ATTCA,
    PK_ATTESTATION_TYPE_ANONCA,
};

enum pk_trust {
    PK_TRUST_UNKNOWN, /* no anchors to judge by */
    PK_TRUST_NO,
    PK_TRUST_YES,
};

/* "None", "Self", "Basic", "AttCA", "AnonCA"; "unknown", "no", "yes". Static. */
const char *pk_attestation_type_name(enum pk_attestation_type type);
const char *pk_trust_name(enum pk_trust trust);

/* Bits of the authenticator data's flags, WebAuthn 6.1 */
enum pk_flag {
    PK_FLAG_UP = 0x01,
    PK_FLAG_UV = 0x04,
    PK_FLAG_BE = 0x08,
    PK_FLAG_BS = 0x10,
    PK_FLAG_AT = 0x40,
    PK_FLAG_ED = 0x80,
};

/*
 * A registered credential as the store keeps it and verification needs it (WebAuthn 4, "credential
 * record").
 */
struct pk_credential_record {
    struct pk_bytes id;
    struct pk_bytes public_key; /* COSE_Key as it was attested */
    uint32_t sign_count;
    bool backup_eligible;
    bool backup_state;
    /* Of its owner. Empty: not known, and whom a response names is for the caller to compare. */
    struct pk_bytes user_handle;
    bool payment; /* payment-capable */
    /* Imported: the handle that the key has for it is not known, and none is compared. */
    bool foreign_handle;
    bool verification; /* imported: its answers count with the user verified only */
    /* public_key made ready by pk_public_key_parse() (signature.h), borrowed; NULL: parse it. */
    struct pk_public_key *key;
};

/*@ predicate recorded(struct pk_credential_record *record) =
      \valid_read(record) && held(record->id) && held(record->public_key) &&
      held(record->user_handle); */

/*@ requires \valid(record);
    assigns *record; */
void pk_credential_record_clear(struct pk_credential_record *record);

/* Client extension results and authenticator extension outputs, as far as they were there. */
struct pk_extension_results {
    bool has_cred_props, resident_key; /* credProps.rk */
    bool appid;                        /* the assertion was made for the appid */
    bool appid_exclude;
    unsigned cred_protect;   /* 0: absent */
    unsigned min_pin_length; /* 0: absent */
    bool payment;
};

struct pk_registration_result {
    struct pk_bytes credential_id;
    struct pk_bytes public_key; /* COSE_Key, exact bytes */
    int32_t algorithm;
    uint8_t aaguid[PK_AAGUID_SIZE];
    uint32_t sign_count;
    uint8_t flags;
    unsigned transports;
    char format[33]; /* attestation statement format identifier */
    enum pk_attestation_type attestation_type;
    enum pk_trust trust;
    struct pk_extension_results extensions;
};

struct pk_authentication_result {
    struct pk_bytes credential_id;
    struct pk_bytes user_handle; /* as the response gave it; empty if it did not */
    uint32_t sign_count;
    uint8_t flags;
    bool counter_regressed; /* only with PK_COUNTER_LOG */
    struct pk_extension_results extensions;
};

/*@ requires \valid(result);
    assigns *result; */
void pk_registration_result_clear(struct pk_registration_result *result);
/*@ requires \valid(result);
    assigns *result; */
void pk_authentication_result_clear(struct pk_authentication_result *result);

#endif
