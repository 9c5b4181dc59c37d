/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/forwarded.h"

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/webauthn/client.h"
#include "common/webauthn/crypto.h"

#include <string.h>

#define ORIGIN_SHOWN_MAX 300 /* bytes; enough for "ssh://" and any host */

enum pk_status forwarded_client_data_hash(const struct ceremony *ceremony,
                                          const struct pk_forward_answer *answer,
                                          uint8_t ret[PK_HASH_SIZE])
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    PK_AUTO_FREE char *client_data = NULL;
    PK_AUTO_FREE char *shown = NULL;
    enum pk_status status;

    if (requirements->challenge.len != PK_CHALLENGE_SIZE ||
        memcmp(requirements->challenge.data, answer->challenge, sizeof(answer->challenge)) != 0)
        return PK_CHALLENGE_MISMATCH;
    status = pk_client_data_compose(requirements->ceremony, pk_view_of(&requirements->challenge),
                                    answer->origin, &client_data);
    if (status == PK_OK)
        status = pk_client_data_verify(requirements, NULL, pk_view_string(client_data), ret);
    else if (status == PK_INVALID_ARGUMENT)
        status = PK_ORIGIN_MISMATCH; /* an origin that would need escapes */
    if (status != PK_ORIGIN_MISMATCH)
        return status;
    shown = pk_text_printable(answer->origin, ORIGIN_SHOWN_MAX);
    pk_log(LOG_WARNING, "[%s] the answer was signed for %s, which is not this host (ssh-hosts)",
           ceremony->correlation, shown ? shown : "another host");
    return status;
}

void forwarded_clear(struct forwarded *forwarded)
{
    pk_bytes_clear(&forwarded->auth_data);
}

/* The RP id hash, followed by the answer's part of the authenticator data (WebAuthn 6.1). */
static enum pk_status compose_auth_data(const struct ceremony *ceremony,
                                        const struct pk_forward_answer *answer,
                                        struct pk_bytes *ret)
{
    struct pk_bytes data = {malloc(PK_HASH_SIZE + answer->auth_data.len),
                            PK_HASH_SIZE + answer->auth_data.len};

    if (!data.data)
        return PK_NO_MEMORY;
    pk_sha256(pk_view_string(ceremony->requirements.rp_id), data.data);
    if (answer->auth_data.len > 0)
        (void)memcpy(data.data + PK_HASH_SIZE, answer->auth_data.data, answer->auth_data.len);
    *ret = data;
    return PK_OK;
}

enum pk_status forwarded_assertion(const struct ceremony *ceremony,
                                   const struct pk_forward_answer *answer, struct forwarded *ret)
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    AUTO_FORWARDED struct forwarded forwarded = {0};
    enum pk_status status;

    if (answer->credential >= requirements->credential_count)
        return PK_CREDENTIAL_NOT_ALLOWED;
    status = forwarded_client_data_hash(ceremony, answer, forwarded.client_data_hash);
    if (!status)
        status = compose_auth_data(ceremony, answer, &forwarded.auth_data);
    if (status)
        return status;
    forwarded.assertion = (struct pk_assertion){
        .credential_id = pk_view_of(&requirements->credentials[answer->credential].id),
        .authenticator_data = pk_view_of(&forwarded.auth_data),
        .signature = pk_view_of(&answer->signature),
    };
    *ret = forwarded;
    forwarded = (struct forwarded){0};
    return PK_OK;
}
