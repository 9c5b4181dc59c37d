/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/creation.h"

enum pk_status creation_from_requirements(const struct pk_requirements *requirements,
                                          struct pk_creation *ret)
{
    /* Borrows its members; pk_creation_copy() copies them all. */
    struct pk_creation creation = {
        .rp_id = requirements->rp_id,
        .rp_name = requirements->rp_name,
        .user_handle = requirements->user_handle,
        .user_name = requirements->user_name,
        .user_display_name = requirements->user_display_name,
        .algorithm_count = requirements->algorithm_count,
        .exclude = requirements->credentials,
        .exclude_count = requirements->credential_count,
        .user_verification = requirements->user_verification,
        .resident_key = requirements->resident_key,
        .attestation = requirements->attestation,
        .cred_protect = requirements->cred_protect,
    };

    for (size_t i = 0; i < requirements->algorithm_count; i++)
        creation.algorithms[i] = requirements->algorithms[i];
    return pk_creation_copy(&creation, ret);
}
