/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/wire/creation.h"

#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>

/* IANA "COSE Algorithms" */
#define ES256 (-7)
#define RS256 (-257)

void pk_creation_clear(struct pk_creation *creation)
{
    free(creation->rp_id);
    free(creation->rp_name);
    pk_bytes_clear(&creation->user_handle);
    free(creation->user_name);
    free(creation->user_display_name);
    pk_descriptors_free(creation->exclude, creation->exclude_count);
    *creation = (struct pk_creation){0};
}

enum pk_status pk_creation_copy(const struct pk_creation *from, struct pk_creation *ret)
{
    PK_AUTO_CREATION struct pk_creation copy = {
        .algorithm_count = from->algorithm_count,
        .user_verification = from->user_verification,
        .resident_key = from->resident_key,
        .attestation = from->attestation,
        .cred_protect = from->cred_protect,
    };
    enum pk_status status = pk_text_copy(from->rp_id, &copy.rp_id);

    memcpy(copy.algorithms, from->algorithms, sizeof(copy.algorithms));
    if (status == PK_OK)
        status = pk_text_copy(from->rp_name, &copy.rp_name);
    if (status == PK_OK)
        status = pk_bytes_copy(pk_view_of(&from->user_handle), &copy.user_handle);
    if (status == PK_OK)
        status = pk_text_copy(from->user_name, &copy.user_name);
    if (status == PK_OK)
        status = pk_text_copy(from->user_display_name, &copy.user_display_name);
    if (status == PK_OK)
        status = pk_descriptors_copy(from->exclude, from->exclude_count, &copy.exclude,
                                     &copy.exclude_count);
    if (status != PK_OK)
        return status;
    *ret = copy;
    copy = (struct pk_creation){0};
    return PK_OK;
}

enum pk_status pk_creation_for_phone(struct pk_creation *creation)
{
    size_t kept = 0;

    for (size_t i = 0; i < creation->algorithm_count; i++)
        if (creation->algorithms[i] == ES256 || creation->algorithms[i] == RS256)
            creation->algorithms[kept++] = creation->algorithms[i];
    creation->algorithm_count = kept;
    return kept > 0 ? PK_OK : PK_KEY_ALGORITHM;
}
