/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the ceremonies in progress, by id and by when they end. */
#include "daemon/verify/ceremony.h"

#include <string.h>
#include <sys/queue.h>

#define RESERVED_FOR_USERS 256 /* of the total: root's programs cannot use them up */
#define BUCKETS            8192

/* A slot for each second of the longest lifetime that can be configured, and some more. */
#define SECONDS 4096

/*
 * What the allocator and the table add to each piece: for the limit of bytes, which need not be
 * exact.
 */
#define OVERHEAD 32

struct row {
    LIST_ENTRY(row) same_hash;
    LIST_ENTRY(row) same_end;
    LIST_ENTRY(row) users; /* of those that are not a gateway's */
    struct ceremony *ceremony;
    struct share *share; /* of a gateway's: its relying party's */
    TAILQ_ENTRY(row) anonymous;
    size_t bytes;
};

LIST_HEAD(rows, row);

/* What a relying party has of the gateways' ceremonies. */
struct share {
    LIST_ENTRY(share) entry;
    TAILQ_HEAD(, row) anonymous; /* those that nobody in particular began, the oldest first */
    size_t count;
    size_t bytes;
    char rp[];
};

struct ceremonies {
    struct rows by_id[BUCKETS];
    struct rows by_end[SECONDS];
    struct rows users;
    LIST_HEAD(, share) shares;
    int64_t expired;                       /* what ended by then is gone */
    uint64_t ended[CEREMONIES_ENDED_KEPT]; /* gateways', by hash of what claims them; 0: none */
    size_t next_ended;
    size_t user_count, gateway_count, gateway_bytes;
};

struct ceremonies *ceremonies_new(void)
{
    return calloc(1, sizeof(struct ceremonies));
}

/* FNV-1a; ids are random, so that nobody can choose many of one bucket. */
static size_t bucket(const char *id)
{
    uint32_t hash = 2166136261;

    for (; *id; id++)
        hash = (hash ^ (uint8_t)*id) * 16777619;
    return hash % BUCKETS;
}

static struct row *find_row(const struct ceremonies *ceremonies, const char *id)
{
    struct row *row;

    LIST_FOREACH(row, &ceremonies->by_id[bucket(id)], same_hash)
    if (strcmp(row->ceremony->id, id) == 0)
        return row;
    return NULL;
}

static void share_give_back(struct share *share, struct row *row)
{
    if (row->ceremony->anonymous)
        TAILQ_REMOVE(&share->anonymous, row, anonymous);
    share->bytes -= row->bytes;
    share->count--;
    if (share->count > 0)
        return;
    LIST_REMOVE(share, entry);
    free(share);
}

static struct ceremony *take_row(struct ceremonies *ceremonies, struct row *row)
{
    struct ceremony *ceremony = row->ceremony;

    LIST_REMOVE(row, same_hash);
    LIST_REMOVE(row, same_end);
    if (ceremony->gateway) {
        ceremonies->gateway_count--;
        ceremonies->gateway_bytes -= row->bytes;
        share_give_back(row->share, row);
    } else {
        LIST_REMOVE(row, users);
        ceremonies->user_count--;
    }
    free(row);
    return ceremony;
}

void ceremonies_free(struct ceremonies *ceremonies)
{
    struct row *row;

    for (size_t i = 0; i < BUCKETS; i++)
        while ((row = LIST_FIRST(&ceremonies->by_id[i])))
            ceremony_free(take_row(ceremonies, row));
    free(ceremonies);
}

/* --- those whose time has passed ---------------------------------------------------------------
 */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (uint8_t)*text) * 1099511628211U;
    while (*text++);
    return hash;
}

/* FNV-1a. Never 0. Only ceremonies that this process began are remembered, and nothing follows from
 * two of one hash but a word in an error. */
static uint64_t claim_hash(const struct ceremony_claim *claim)
{
    uint64_t hash = 14695981039346656037U + claim->owner * 2U + (claim->kind == PK_REGISTRATION);

    hash = hash_text(hash_text(hash_text(hash, claim->id), claim->rp), claim->purpose);
    return hash ? hash : 1;
}

static void remember_ended(struct ceremonies *ceremonies, const struct ceremony *ceremony)
{
    const struct ceremony_claim claim = {
        .id = ceremony->id,
        .owner = ceremony->owner,
        .rp = ceremony->account.rp,
        .kind = ceremony->requirements.ceremony,
        .purpose = ceremony->purpose,
    };

    ceremonies->ended[ceremonies->next_ended++ % CEREMONIES_ENDED_KEPT] = claim_hash(&claim);
}

bool ceremonies_had_ended(struct ceremonies *ceremonies, const struct ceremony_claim *claim)
{
    const uint64_t hash = claim_hash(claim);

    for (size_t i = 0; i < CEREMONIES_ENDED_KEPT; i++)
        if (ceremonies->ended[i] == hash) {
            ceremonies->ended[i] = 0;
            return true;
        }
    return false;
}

static void end_row(struct ceremonies *ceremonies, struct row *row)
{
    /* The ids of those that are sole come again. */
    if (row->ceremony->gateway && !row->ceremony->sole)
        remember_ended(ceremonies, row->ceremony);
    ceremony_free(take_row(ceremonies, row));
}

static void expire_slot(struct ceremonies *ceremonies, struct rows *slot, int64_t now)
{
    struct row *row, *next;

    for (row = LIST_FIRST(slot); row; row = next) {
        next = LIST_NEXT(row, same_end);
        if (row->ceremony->ends <= now)
            end_row(ceremonies, row);
    }
}

/* Each second's slot once, however many there are of them. */
static void expire(struct ceremonies *ceremonies, int64_t now)
{
    if (now - ceremonies->expired > SECONDS)
        ceremonies->expired = now - SECONDS;
    while (ceremonies->expired < now) {
        ceremonies->expired++;
        expire_slot(ceremonies, &ceremonies->by_end[ceremonies->expired % SECONDS], now);
    }
}

/* --- limits ----------------------------------------------------------------------------------- */

static size_t text_bytes(const char *text)
{
    return text ? strlen(text) + OVERHEAD : 0;
}

static size_t strings_bytes(const struct pk_strings *strings)
{
    size_t bytes = 0;

    for (size_t i = 0; i < strings->count; i++)
        bytes += text_bytes(strings->items[i]) + sizeof(char *);
    return bytes;
}

static size_t requirements_bytes(const struct pk_requirements *requirements)
{
    size_t bytes = requirements->challenge.len + requirements->user_handle.len +
                   (requirements->aaguid_allow_count + requirements->aaguid_deny_count) *
                       (size_t)PK_AAGUID_SIZE;

    bytes += text_bytes(requirements->rp_id) + text_bytes(requirements->rp_name) +
             text_bytes(requirements->rp_icon) + text_bytes(requirements->user_name) +
             text_bytes(requirements->user_display_name) + text_bytes(requirements->user_icon) +
             text_bytes(requirements->appid) + text_bytes(requirements->appid_exclude) +
             text_bytes(requirements->instrument_display_name);
    bytes += strings_bytes(&requirements->origins) + strings_bytes(&requirements->top_origins) +
             strings_bytes(&requirements->hints);
    for (size_t i = 0; i < requirements->credential_count; i++)
        bytes +=
            requirements->credentials[i].id.len + sizeof(requirements->credentials[i]) + OVERHEAD;
    for (size_t i = 0; i < requirements->trust_anchor_count; i++)
        bytes += requirements->trust_anchors[i].len + OVERHEAD;
    return bytes;
}

static size_t ceremony_bytes(const struct ceremony *ceremony)
{
    return sizeof(*ceremony) + sizeof(struct row) + requirements_bytes(&ceremony->requirements) +
           text_bytes(ceremony->account.rp) + text_bytes(ceremony->account.name) +
           ceremony->account.user_handle.len + text_bytes(ceremony->context) +
           text_bytes(ceremony->credential_name) + text_bytes(ceremony->transaction) +
           text_bytes(ceremony->action) + text_bytes(ceremony->idempotency_key) +
           ceremony->object.len;
}

static struct share *find_share(const struct ceremonies *ceremonies, const char *rp)
{
    struct share *share;

    LIST_FOREACH(share, &ceremonies->shares, entry)
    if (strcmp(share->rp, rp) == 0)
        return share;
    return NULL;
}

/* The relying party's share, made if there is none. NULL: no memory. */
static struct share *share_of(struct ceremonies *ceremonies, const char *rp)
{
    const size_t size = strlen(rp) + 1;
    struct share *share = find_share(ceremonies, rp);

    if (share)
        return share;
    share = calloc(1, sizeof(*share) + size);
    if (!share)
        return NULL;
    TAILQ_INIT(&share->anonymous);
    (void)memcpy(share->rp, rp, size);
    LIST_INSERT_HEAD(&ceremonies->shares, share, entry);
    return share;
}

/* The share that has most of those that may go. NULL: there are none. */
static struct share *largest_share(const struct ceremonies *ceremonies, bool in_bytes)
{
    struct share *share, *largest = NULL;

    LIST_FOREACH(share, &ceremonies->shares, entry)
    if (!TAILQ_EMPTY(&share->anonymous) &&
        (!largest || (in_bytes ? share->bytes > largest->bytes : share->count > largest->count)))
        largest = share;
    return largest;
}

/*
 * Anybody may begin a sign-in, and need not end it. So of those that nobody in particular began the
 * oldest go when it is too many: others can sign in meanwhile, and one application's strangers take
 * nothing from another.
 */
static enum pk_status make_room(struct ceremonies *ceremonies, const struct row *row)
{
    for (;;) {
        struct share *share = find_share(ceremonies, row->ceremony->account.rp);
        bool in_bytes = ceremonies->gateway_bytes + row->bytes > PK_GATEWAY_CHALLENGES_BYTES;

        if (!share || share->count < PK_GATEWAY_CHALLENGES_PER_RP) {
            if (!in_bytes && ceremonies->gateway_count < PK_GATEWAY_CHALLENGES_MAX)
                return PK_OK;
            share = largest_share(ceremonies, in_bytes);
        }
        if (!share || TAILQ_EMPTY(&share->anonymous))
            return PK_LIMIT_EXCEEDED;
        ceremony_free(take_row(ceremonies, TAILQ_FIRST(&share->anonymous)));
    }
}

static enum pk_status admit_gateways(struct ceremonies *ceremonies, struct row *row)
{
    struct share *share;
    enum pk_status status;

    row->bytes = ceremony_bytes(row->ceremony);
    status = make_room(ceremonies, row);
    if (status)
        return status;
    share = share_of(ceremonies, row->ceremony->account.rp);
    if (!share)
        return PK_NO_MEMORY;
    if (row->ceremony->anonymous)
        TAILQ_INSERT_TAIL(&share->anonymous, row, anonymous);
    share->bytes += row->bytes;
    share->count++;
    row->share = share;
    ceremonies->gateway_count++;
    ceremonies->gateway_bytes += row->bytes;
    return PK_OK;
}

static enum pk_status admit_users(struct ceremonies *ceremonies, struct row *row, unsigned per_uid)
{
    const uid_t owner = row->ceremony->owner;
    const struct row *other;
    size_t own = 0;

    LIST_FOREACH(other, &ceremonies->users, users)
    own += other->ceremony->owner == owner;
    if (owner == 0)
        per_uid = PK_CHALLENGES_MAX - RESERVED_FOR_USERS;
    if (ceremonies->user_count >= PK_CHALLENGES_MAX || own >= per_uid)
        return PK_LIMIT_EXCEEDED;
    LIST_INSERT_HEAD(&ceremonies->users, row, users);
    ceremonies->user_count++;
    return PK_OK;
}

enum pk_status ceremonies_add(struct ceremonies *ceremonies, struct ceremony *ceremony, int64_t now,
                              unsigned lifetime, unsigned per_uid)
{
    struct row *row, *before;
    enum pk_status status;

    expire(ceremonies, now);
    before = find_row(ceremonies, ceremony->id);
    if (before && !(ceremony->sole && before->ceremony->sole))
        return PK_EXISTS;
    row = calloc(1, sizeof(*row));
    if (!row)
        return PK_NO_MEMORY;
    row->ceremony = ceremony;
    status =
        ceremony->gateway ? admit_gateways(ceremonies, row) : admit_users(ceremonies, row, per_uid);
    if (status) {
        free(row);
        return status;
    }
    if (before)
        ceremony_free(take_row(ceremonies, before));
    ceremony->ends = now + lifetime;
    LIST_INSERT_HEAD(&ceremonies->by_id[bucket(ceremony->id)], row, same_hash);
    LIST_INSERT_HEAD(&ceremonies->by_end[ceremony->ends % SECONDS], row, same_end);
    return PK_OK;
}

/* --- finding ---------------------------------------------------------------------------------- */

struct ceremony *ceremonies_take(struct ceremonies *ceremonies, const char *id, uid_t owner,
                                 enum pk_ceremony kind, int64_t now)
{
    struct row *row;

    expire(ceremonies, now);
    row = find_row(ceremonies, id);
    if (!row || row->ceremony->gateway || row->ceremony->owner != owner ||
        row->ceremony->requirements.ceremony != kind)
        return NULL;
    return take_row(ceremonies, row);
}

struct ceremony *ceremonies_take_gateways(struct ceremonies *ceremonies,
                                          const struct ceremony_claim *claim, int64_t now)
{
    struct ceremony *ceremony;
    struct row *row;

    expire(ceremonies, now);
    row = find_row(ceremonies, claim->id);
    if (!row || !row->ceremony->gateway || row->ceremony->owner != claim->owner ||
        row->ceremony->sole != claim->sole || strcmp(row->ceremony->account.rp, claim->rp) != 0)
        return NULL;
    ceremony = take_row(ceremonies, row);
    if (ceremony->requirements.ceremony == claim->kind &&
        strcmp(ceremony->purpose, claim->purpose) == 0)
        return ceremony;
    ceremony_free(ceremony);
    return NULL;
}

struct ceremony *ceremonies_find(struct ceremonies *ceremonies, const char *id)
{
    struct row *row = find_row(ceremonies, id);

    return row ? row->ceremony : NULL;
}

const struct ceremony *ceremonies_peek(const struct ceremonies *ceremonies, const char *id)
{
    const struct row *row = find_row(ceremonies, id);

    return row ? row->ceremony : NULL;
}

void ceremonies_drop_gone(struct ceremonies *ceremonies,
                          bool (*gone)(const void *data, const struct account *account),
                          const void *data)
{
    struct row *row, *next;

    for (row = LIST_FIRST(&ceremonies->users); row; row = next) {
        const struct ceremony *ceremony = row->ceremony;

        next = LIST_NEXT(row, users);
        if (ceremony->requirements.ceremony == PK_REGISTRATION && ceremony->system_account &&
            gone(data, &ceremony->account))
            ceremony_free(take_row(ceremonies, row));
    }
}

size_t ceremonies_count(const struct ceremonies *ceremonies)
{
    return ceremonies->user_count + ceremonies->gateway_count;
}

size_t ceremonies_gateway_bytes(const struct ceremonies *ceremonies)
{
    return ceremonies->gateway_bytes;
}
