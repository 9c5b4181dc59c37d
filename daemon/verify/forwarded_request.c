/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/creation.h"
#include "daemon/verify/forwarded.h"

#include "common/base/text.h"

#include <string.h>

static enum pk_status compose_get(const struct pk_requirements *requirements,
                                  struct pk_forward_request *request)
{
    enum pk_status status = pk_text_copy(requirements->rp_id, &request->rp_id);

    request->kind = PK_FORWARD_GET;
    request->user_verification = requirements->user_verification;
    return status ? status
                  : pk_descriptors_copy(requirements->credentials, requirements->credential_count,
                                        &request->credentials, &request->credential_count);
}

static enum pk_status compose_create(const struct pk_requirements *requirements,
                                     struct pk_forward_request *request)
{
    struct pk_creation *creation = &request->creation;
    enum pk_status status = creation_from_requirements(requirements, creation);

    request->kind = PK_FORWARD_CREATE;
    /* Without a configured preference the client need not distinguish between keys. */
    if (creation->attestation == PK_ATTESTATION_UNSET)
        creation->attestation = PK_ATTESTATION_NONE;
    return status;
}

enum pk_status forwarded_request(const struct ceremony *ceremony, unsigned timeout,
                                 struct pk_forward_request *ret)
{
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {
        .names_host_keys = ceremony->names_host_keys, .timeout = timeout};
    const struct pk_requirements *requirements = &ceremony->requirements;
    enum pk_status status = requirements->ceremony == PK_REGISTRATION
                                ? compose_create(requirements, &request)
                                : compose_get(requirements, &request);

    if (!status)
        status = pk_text_copy(ceremony->context, &request.context);
    if (status)
        return status;
    (void)memcpy(request.nonce, ceremony->nonce, sizeof(request.nonce));
    *ret = request;
    request = (struct pk_forward_request){0};
    return PK_OK;
}
