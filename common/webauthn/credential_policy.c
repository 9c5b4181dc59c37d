/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/credential_policy.h"

static const uint8_t no_aaguid[PK_AAGUID_SIZE];

static bool is_listed(uint8_t (*aaguids)[PK_AAGUID_SIZE], size_t count, struct pk_view aaguid)
{
    for (size_t i = 0; i < count; i++)
        if (pk_view_equal((struct pk_view){aaguids[i], PK_AAGUID_SIZE}, aaguid))
            return true;
    return false;
}

/*
 * An AAGUID that is not attested is only a claim: it can get a model refused, but not admitted.
 */
static enum pk_status check_aaguid(const struct pk_requirements *requirements,
                                   const struct pk_credential_claims *claims)
{
    struct pk_view aaguid = claims->aaguid;

    if (aaguid.len == 0) {
        if (requirements->aaguid_allow_count > 0)
            return PK_AAGUID_NOT_ALLOWED;
        aaguid = (struct pk_view){no_aaguid, sizeof(no_aaguid)};
    }
    if (is_listed(requirements->aaguid_deny, requirements->aaguid_deny_count, aaguid))
        return PK_AAGUID_DENIED;
    if (requirements->aaguid_allow_count > 0 &&
        (!claims->aaguid_attested ||
         !is_listed(requirements->aaguid_allow, requirements->aaguid_allow_count, aaguid)))
        return PK_AAGUID_NOT_ALLOWED;
    return PK_OK;
}

bool pk_requirements_offer(const struct pk_requirements *requirements, int32_t algorithm)
{
    for (size_t i = 0; i < requirements->algorithm_count; i++)
        if (requirements->algorithms[i] == algorithm)
            return true;
    return false;
}

bool pk_requirements_demand_resident_key(const struct pk_requirements *requirements)
{
    return requirements->resident_key == PK_REQUIRED || requirements->require_resident_key;
}

enum pk_status pk_requirements_check_credential(const struct pk_requirements *requirements,
                                                const struct pk_credential_claims *claims)
{
    enum pk_status status;

    if (requirements->require_trusted_attestation && claims->trust != PK_TRUST_YES)
        return PK_ATTESTATION_UNTRUSTED;
    status = check_aaguid(requirements, claims);
    if (status != PK_OK)
        return status;
    if (claims->never_discoverable && pk_requirements_demand_resident_key(requirements))
        return PK_RESIDENT_KEY_MISSING;
    return pk_requirements_offer(requirements, claims->algorithm) ? PK_OK
                                                                  : PK_ALGORITHM_NOT_OFFERED;
}
