/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/ceremony.h"

#include "common/base/io.h"
#include "common/base/text.h"

#include <string.h>
#include <sys/queue.h>

#define RESERVED_FOR_USERS 256 /* of the total: root's programs cannot use them up */

struct row {
    LIST_ENTRY(row) entry;
    struct ceremony *ceremony;
};

struct ceremonies {
    LIST_HEAD(, row) rows;
    size_t count;
};

/* RFC 9562 section 5.4: version 4, random. */
static void uuid_new(char ret[UUID_SIZE])
{
    uint8_t b[16];

    pk_random(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    (void)snprintf(ret, UUID_SIZE,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
}

struct ceremony *ceremony_new(const char *correlation, uid_t owner)
{
    struct ceremony *ceremony = calloc(1, sizeof(*ceremony));

    if (!ceremony)
        return NULL;
    ceremony->owner = owner;
    uuid_new(ceremony->id);
    (void)snprintf(ceremony->correlation, sizeof(ceremony->correlation), "%s", correlation);
    return ceremony;
}

void ceremony_free(struct ceremony *ceremony)
{
    pk_requirements_clear(&ceremony->requirements);
    account_clear(&ceremony->account);
    free(ceremony->context);
    free(ceremony->credential_name);
    pk_bytes_clear(&ceremony->ticket);
    free(ceremony);
}

static enum pk_status compute_challenge(struct ceremony *ceremony)
{
    struct pk_view context = pk_view_string(ceremony->context);
    uint8_t challenge[PK_HASH_SIZE];

    pk_random(ceremony->nonce, sizeof(ceremony->nonce));
    if (ceremony->names_host_keys)
        pk_host_key_bound_challenge(ceremony->nonce, context, challenge);
    else
        pk_bound_challenge(ceremony->nonce, context, challenge);
    pk_bytes_clear(&ceremony->requirements.challenge);
    return pk_bytes_copy((struct pk_view){challenge, sizeof(challenge)},
                         &ceremony->requirements.challenge);
}

enum pk_status ceremony_bind(struct ceremony *ceremony, const struct context *context)
{
    free(ceremony->context);
    ceremony->context = context_json(context);
    ceremony->names_host_keys = false;
    return ceremony->context ? compute_challenge(ceremony) : PK_INVALID_INPUT;
}

enum pk_status ceremony_bind_host_keys(struct ceremony *ceremony,
                                       const struct pk_strings *host_keys)
{
    char *context;

    if (!ceremony->context || ceremony->names_host_keys)
        return PK_INVALID_ARGUMENT;
    context = context_json_with_host_keys(ceremony->context, host_keys);
    if (!context)
        return PK_NO_MEMORY;
    free(ceremony->context);
    ceremony->context = context;
    ceremony->names_host_keys = host_keys->count > 0;
    return compute_challenge(ceremony);
}

enum pk_status ceremony_bind_act(struct ceremony *ceremony, const char *act, const char *user)
{
    const struct pk_host_name host = pk_host_name();

    return ceremony_bind(ceremony, &(struct context){.act = act,
                                                     .user = user,
                                                     .service = "",
                                                     .host = host.text,
                                                     .tty = "",
                                                     .rhost = "",
                                                     .command = "",
                                                     .target = ""});
}

/* --- the table -------------------------------------------------------------------------------- */

struct ceremonies *ceremonies_new(void)
{
    return calloc(1, sizeof(struct ceremonies));
}

static struct ceremony *take_row(struct ceremonies *ceremonies, struct row *row)
{
    struct ceremony *ceremony = row->ceremony;

    LIST_REMOVE(row, entry);
    ceremonies->count--;
    free(row);
    return ceremony;
}

void ceremonies_free(struct ceremonies *ceremonies)
{
    struct row *row;

    while ((row = LIST_FIRST(&ceremonies->rows)))
        ceremony_free(take_row(ceremonies, row));
    free(ceremonies);
}

static void expire(struct ceremonies *ceremonies, int64_t now)
{
    struct row *row, *next;

    for (row = LIST_FIRST(&ceremonies->rows); row; row = next) {
        next = LIST_NEXT(row, entry);
        if (row->ceremony->ends <= now)
            ceremony_free(take_row(ceremonies, row));
    }
}

enum pk_status ceremonies_add(struct ceremonies *ceremonies, struct ceremony *ceremony, int64_t now,
                              unsigned lifetime, unsigned per_uid)
{
    struct row *row;
    size_t own = 0;

    expire(ceremonies, now);
    LIST_FOREACH(row, &ceremonies->rows, entry)
    own += row->ceremony->owner == ceremony->owner;
    if (ceremony->owner == 0)
        per_uid = PK_CHALLENGES_MAX - RESERVED_FOR_USERS;
    if (ceremonies->count >= PK_CHALLENGES_MAX || own >= per_uid)
        return PK_LIMIT_EXCEEDED;
    row = calloc(1, sizeof(*row));
    if (!row)
        return PK_NO_MEMORY;
    row->ceremony = ceremony;
    ceremony->ends = now + lifetime;
    LIST_INSERT_HEAD(&ceremonies->rows, row, entry);
    ceremonies->count++;
    return PK_OK;
}

struct ceremony *ceremonies_take(struct ceremonies *ceremonies, const char *id, uid_t owner,
                                 enum pk_ceremony kind, int64_t now)
{
    struct row *row;

    expire(ceremonies, now);
    LIST_FOREACH(row, &ceremonies->rows, entry)
    if (strcmp(row->ceremony->id, id) == 0 && row->ceremony->owner == owner &&
        row->ceremony->requirements.ceremony == kind)
        return take_row(ceremonies, row);
    return NULL;
}

struct ceremony *ceremonies_find(struct ceremonies *ceremonies, const char *id)
{
    struct row *row;

    LIST_FOREACH(row, &ceremonies->rows, entry)
    if (strcmp(row->ceremony->id, id) == 0)
        return row->ceremony;
    return NULL;
}

const struct ceremony *ceremonies_peek(const struct ceremonies *ceremonies, const char *id)
{
    const struct row *row;

    LIST_FOREACH(row, &ceremonies->rows, entry)
    if (strcmp(row->ceremony->id, id) == 0)
        return row->ceremony;
    return NULL;
}

void ceremonies_drop_gone(struct ceremonies *ceremonies,
                          bool (*gone)(const void *data, const struct account *account),
                          const void *data)
{
    struct row *row, *next;

    for (row = LIST_FIRST(&ceremonies->rows); row; row = next) {
        const struct ceremony *ceremony = row->ceremony;

        next = LIST_NEXT(row, entry);
        if (ceremony->requirements.ceremony == PK_REGISTRATION && ceremony->system_account &&
            gone(data, &ceremony->account))
            ceremony_free(take_row(ceremonies, row));
    }
}

size_t ceremonies_count(const struct ceremonies *ceremonies)
{
    return ceremonies->count;
}
