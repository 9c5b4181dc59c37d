/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/shared_ceremonies.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "daemon/verify/ceremony_record.h"

#include <string.h>

/* No caller's id has a colon. */
#define SOLE_PREFIX "sole:"

bool shared_ceremonies(const struct store *store)
{
    return store->verbs->ceremony_add != NULL;
}

/* NULL: no memory. */
static char *stored_id(const char *id, bool sole)
{
    return pk_text_format("%s%s", sole ? SOLE_PREFIX : "", id);
}

/* A UUID, a challenge in base64url or what is computed of a user: others are not looked for. */
static bool is_id(const char *id)
{
    const size_t len = strlen(id);

    return len > 0 && len < CEREMONY_ID_SIZE &&
           strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

enum pk_status shared_ceremony_make(const struct ceremony *ceremony, int64_t expires,
                                    struct kept_ceremony *ret)
{
    AUTO_KEPT_CEREMONY struct kept_ceremony kept = {
        .id = stored_id(ceremony->id, ceremony->sole),
        .expires = expires,
        .anonymous = ceremony->anonymous,
        .replaces = ceremony->sole,
    };
    enum pk_status status = pk_text_copy(ceremony->account.rp, &kept.rp);

    if (!kept.id)
        status = PK_NO_MEMORY;
    if (!status)
        status = ceremony_record_write(ceremony, expires, &kept.data);
    if (status)
        return status;
    *ret = kept;
    kept = (struct kept_ceremony){0};
    return PK_OK;
}

enum pk_status shared_ceremony_add(struct store *store, const struct kept_ceremony *kept)
{
    enum pk_status status = store->verbs->ceremony_add(store, kept, PK_GATEWAY_CHALLENGES_PER_RP);

    /* Ids are random: as in the table, there is no place for it. */
    return status == PK_EXISTS ? PK_LIMIT_EXCEEDED : status;
}

void shared_ceremony_drop(struct store *store, const struct kept_ceremony *kept)
{
    PK_AUTO_BYTES struct pk_bytes data = {0};

    (void)!store->verbs->ceremony_take(store, kept->rp, kept->id, 0, &data);
}

static enum pk_status take_record(struct store *store, const struct ceremony_claim *claim,
                                  int64_t now, struct pk_bytes *ret)
{
    PK_AUTO_FREE char *id = is_id(claim->id) ? stored_id(claim->id, claim->sole) : NULL;
    enum pk_status status;

    if (!id)
        return is_id(claim->id) ? PK_NO_MEMORY : PK_CHALLENGE_UNKNOWN;
    /* Of one whose time has just passed the caller is told so. */
    status = store->verbs->ceremony_take(store, claim->rp, id, now - SHARED_CEREMONY_ENDED, ret);
    return status == PK_NOT_FOUND ? PK_CHALLENGE_UNKNOWN : status;
}

/* Whatever is not what was claimed is gone with that. */
static bool answers(const struct ceremony *ceremony, const struct ceremony_claim *claim)
{
    return strcmp(ceremony->id, claim->id) == 0 && strcmp(ceremony->account.rp, claim->rp) == 0 &&
           ceremony->sole == claim->sole && ceremony->requirements.ceremony == claim->kind &&
           strcmp(ceremony->purpose, claim->purpose) == 0;
}

/* One that another version has written is as good as none, which people see as their time is up. */
static enum pk_status read_record(const struct ceremony_claim *claim, struct pk_view record,
                                  struct ceremony **ret, int64_t *ret_expires)
{
    enum pk_status status = ceremony_record_read(record, ret, ret_expires);

    if (status == PK_OK || status == PK_NO_MEMORY)
        return status;
    pk_log(LOG_WARNING,
           "a ceremony of %s that another host has begun cannot be read (%s); run the same version "
           "of passkeyd on all hosts of the store",
           claim->rp, pk_status_name(status));
    return PK_CHALLENGE_UNKNOWN;
}

enum pk_status shared_ceremony_take(struct store *store, const struct ceremony_claim *claim,
                                    int64_t now, struct ceremony **ret, bool *ret_expired)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = NULL;
    PK_AUTO_BYTES struct pk_bytes record = {0};
    int64_t expires = 0;
    enum pk_status status = take_record(store, claim, now, &record);

    if (!status)
        status = read_record(claim, pk_view_of(&record), &ceremony, &expires);
    if (!status && !answers(ceremony, claim))
        status = PK_CHALLENGE_UNKNOWN;
    if (status)
        return status;
    if (expires <= now) {
        /* The ids of those that are sole come again. */
        *ret_expired = !claim->sole;
        return PK_CHALLENGE_UNKNOWN;
    }
    ceremony->owner = claim->owner;
    *ret = pk_steal(ceremony);
    return PK_OK;
}
