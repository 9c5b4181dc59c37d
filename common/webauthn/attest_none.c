/* SPDX-License-Identifier: BSD-2-Clause */
/* WebAuthn 8.7: the empty map, which attests nothing. */
#include "common/webauthn/attestation.h"

enum pk_status pk_attest_none(const struct pk_attestation_subject *subject,
                              struct pk_view statement, struct pk_attestation_finding *ret_finding)
{
    struct pk_statement parsed;
    enum pk_status status = pk_statement_parse(statement, 0, 0, &parsed);

    (void)subject;
    if (status == PK_OK)
        ret_finding->type = PK_ATTESTATION_TYPE_NONE;
    return status;
}
