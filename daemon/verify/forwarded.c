/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/forwarded.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/webauthn/client.h"
#include "common/webauthn/verify.h"

#include <string.h>

#define ORIGIN_SHOWN_MAX 300 /* "ssh://" and any host fit */

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
        status = PK_ORIGIN_MISMATCH; /* one that would need escapes */
    if (status != PK_ORIGIN_MISMATCH)
        return status;
    shown = pk_text_printable(answer->origin, ORIGIN_SHOWN_MAX);
    pk_log(LOG_WARNING, "[%s] the answer was signed for %s, which is not this host (ssh-hosts)",
           ceremony->correlation, shown ? shown : "another host");
    return status;
}
