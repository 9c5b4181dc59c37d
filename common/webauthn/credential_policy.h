/* SPDX-License-Identifier: BSD-2-Clause */
/* What a relying party demands of a new credential, however it is registered. */
#ifndef PK_WEBAUTHN_CREDENTIAL_POLICY_H
#define PK_WEBAUTHN_CREDENTIAL_POLICY_H

#include "common/webauthn/requirements.h"
#include "common/webauthn/results.h"

/* Borrowed. */
struct pk_credential_claims {
    int32_t algorithm; /* COSE number */
    enum pk_trust trust;
    /* Empty: this kind of key has none, which a deny list names with zeros (WebAuthn 6.5.1). */
    struct pk_view aaguid;
    bool aaguid_attested;    /* a trusted certificate covers it */
    bool never_discoverable; /* this kind of key cannot name an account by itself */
};

/* Whether that COSE algorithm is among those that the requirements list. */
/*@ requires demanded(requirements);
    assigns \nothing;
    ensures \result ==> offers(requirements, algorithm); */
bool pk_requirements_offer(const struct pk_requirements *requirements, int32_t algorithm);

/* Whether only a discoverable credential will do, in either spelling (WebAuthn 5.4.4). */
bool pk_requirements_demand_resident_key(const struct pk_requirements *requirements);

/*
 * The policy part of WebAuthn 7.1 steps 20 and 24. PK_ATTESTATION_UNTRUSTED, PK_AAGUID_DENIED,
 * PK_AAGUID_NOT_ALLOWED, PK_RESIDENT_KEY_MISSING, PK_ALGORITHM_NOT_OFFERED; of several the first in
 * this order, except that a key without an AAGUID is not allowed before it is denied.
 */
/*@ axiomatic Policies {
      predicate permitted{L}(struct pk_requirements *requirements, integer algorithm,
                             integer trust, struct pk_view aaguid, integer aaguid_attested)
        reads *requirements;
    } */
/*@ requires demanded(requirements) && \valid_read(claims) && readable(claims->aaguid);
    assigns \nothing;
    ensures \result == PK_OK ==> permitted(requirements, claims->algorithm, claims->trust,
                                           claims->aaguid, claims->aaguid_attested);
    ensures \result == PK_OK ==> requirements->require_trusted_attestation ==>
      claims->trust == PK_TRUST_YES; */
enum pk_status
pk_requirements_check_credential(const struct pk_requirements *requirements,
                                 const struct pk_credential_claims *claims) PK_WARN_UNUSED;

#endif
