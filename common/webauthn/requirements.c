/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/requirements.h"

#include <stdlib.h>

void pk_requirements_clear(struct pk_requirements *requirements)
{
    pk_bytes_clear(&requirements->challenge);
    free(requirements->rp_id);
    free(requirements->rp_name);
    free(requirements->rp_icon);
    pk_strings_clear(&requirements->origins);
    pk_strings_clear(&requirements->top_origins);
    pk_bytes_clear(&requirements->user_handle);
    free(requirements->user_name);
    free(requirements->user_display_name);
    free(requirements->user_icon);
    pk_descriptors_free(requirements->credentials, requirements->credential_count);
    pk_strings_clear(&requirements->hints);
    for (size_t i = 0; i < requirements->trust_anchor_count; i++)
        pk_bytes_clear(&requirements->trust_anchors[i]);
    free(requirements->trust_anchors);
    free(requirements->aaguid_allow);
    free(requirements->aaguid_deny);
    free(requirements->appid);
    free(requirements->appid_exclude);
    free(requirements->instrument_display_name);
    *requirements = (struct pk_requirements){0};
}

enum pk_status pk_requirements_add_credential(struct pk_requirements *requirements,
                                              struct pk_view id, unsigned transports)
{
    struct pk_descriptor *credentials;
    enum pk_status status;

    if (requirements->credential_count >= PK_CREDENTIAL_LIST_MAX)
        return PK_LIMIT_EXCEEDED;
    credentials = reallocarray(requirements->credentials, requirements->credential_count + 1,
                               sizeof(*credentials));
    if (!credentials)
        return PK_NO_MEMORY;
    requirements->credentials = credentials;
    credentials += requirements->credential_count;
    status = pk_bytes_copy(id, &credentials->id);
    if (status != PK_OK)
        return status;
    credentials->transports = transports;
    requirements->credential_count++;
    return PK_OK;
}
