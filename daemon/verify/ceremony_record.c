/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/ceremony_record.h"

#include "common/base/reader.h"
#include "common/base/text.h"
#include "common/base/writer.h"

#include <string.h>

/*
 * The members are gone through in one order for both ways: with the one that is set. So what is
 * written is what is read, and within the same limits. When writing, each member is given the value
 * that it has.
 */
struct walk {
    struct pk_writer *writer;
    struct pk_reader *reader;
};

static bool failed(const struct walk *walk)
{
    return (walk->writer ? walk->writer->status : walk->reader->status) != PK_OK;
}

static void fail(const struct walk *walk, enum pk_status status)
{
    if (walk->reader)
        pk_reader_fail(walk->reader, status);
    else if (walk->writer->status == PK_OK)
        walk->writer->status = status;
}

/* A value that no ceremony has. */
static void refuse(const struct walk *walk)
{
    fail(walk, walk->reader ? PK_PROTOCOL : PK_INVALID_ARGUMENT);
}

/* --- members ---------------------------------------------------------------------------------- */

/* A number of 0 to max. */
static uint64_t number(const struct walk *walk, uint64_t value, uint64_t max)
{
    if (walk->reader)
        value = pk_reader_u64(walk->reader);
    if (value > max) {
        refuse(walk);
        return walk->reader ? 0 : value;
    }
    if (walk->writer)
        pk_writer_u64(walk->writer, value);
    return value;
}

/* The same in a byte: of enumerations. */
static unsigned small(const struct walk *walk, unsigned value, unsigned max)
{
    if (walk->reader)
        value = pk_reader_u8(walk->reader);
    if (value > max) {
        refuse(walk);
        return walk->reader ? 0 : value;
    }
    if (walk->writer)
        pk_writer_u8(walk->writer, (uint8_t)value);
    return value;
}

static bool yes(const struct walk *walk, bool value)
{
    return small(walk, value, 1) != 0;
}

static size_t count(const struct walk *walk, size_t value, unsigned max)
{
    if (walk->reader)
        value = pk_reader_u8(walk->reader);
    if (value > max) {
        fail(walk, PK_TOO_LARGE);
        return 0;
    }
    if (walk->writer)
        pk_writer_u8(walk->writer, (uint8_t)value);
    return failed(walk) ? 0 : value;
}

static void bytes(const struct walk *walk, struct pk_bytes *bytes, size_t max)
{
    if (walk->reader) {
        enum pk_status status = pk_bytes_copy(pk_reader_string(walk->reader, max), bytes);

        if (status)
            fail(walk, status);
    } else if (bytes->len > max) {
        fail(walk, PK_TOO_LARGE);
    } else {
        pk_writer_string(walk->writer, pk_view_of(bytes));
    }
}

/* One that is always there. */
static void text(const struct walk *walk, char **text, size_t max)
{
    if (walk->reader)
        *text = pk_reader_text(walk->reader, max);
    else if (!*text || strlen(*text) > max)
        fail(walk, *text ? PK_TOO_LARGE : PK_INVALID_ARGUMENT);
    else
        pk_writer_text(walk->writer, *text);
}

static void optional_text(const struct walk *walk, char **member, size_t max)
{
    if (yes(walk, *member != NULL) && !failed(walk))
        text(walk, member, max);
}

/* One that is kept in an array of that size. */
static void short_text(const struct walk *walk, char *array, size_t size)
{
    PK_AUTO_FREE char *copy = walk->reader ? NULL : strndup(array, size);

    text(walk, &copy, size - 1);
    if (walk->reader && copy)
        (void)snprintf(array, size, "%s", copy);
}

static void texts(const struct walk *walk, struct pk_strings *strings)
{
    const size_t wanted = count(walk, strings->count, PK_ORIGINS_MAX);

    for (size_t i = 0; i < wanted && !failed(walk); i++) {
        PK_AUTO_FREE char *read = NULL;

        text(walk, walk->reader ? &read : &strings->items[i], PK_ORIGIN_MAX);
        if (walk->reader && read && pk_strings_add(strings, read))
            fail(walk, PK_NO_MEMORY);
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

static void walk_credentials(const struct walk *walk, struct pk_requirements *requirements)
{
    const size_t wanted = count(walk, requirements->credential_count, PK_CREDENTIAL_LIST_MAX);

    for (size_t i = 0; i < wanted && !failed(walk); i++) {
        PK_AUTO_BYTES struct pk_bytes read = {0};

        bytes(walk, walk->reader ? &read : &requirements->credentials[i].id, PK_CREDENTIAL_ID_MAX);
        if (walk->reader && !failed(walk) &&
            pk_requirements_add_credential(requirements, pk_view_of(&read), 0))
            fail(walk, PK_NO_MEMORY);
    }
}

static void walk_algorithms(const struct walk *walk, struct pk_requirements *requirements)
{
    const size_t wanted = count(walk, requirements->algorithm_count, PK_ALGORITHMS_MAX);

    for (size_t i = 0; i < wanted; i++)
        requirements->algorithms[i] =
            (int32_t)(uint32_t)number(walk, (uint32_t)requirements->algorithms[i], UINT32_MAX);
    if (walk->reader)
        requirements->algorithm_count = wanted;
}

static void walk_choices(const struct walk *walk, struct pk_requirements *requirements)
{
    requirements->allow_cross_origin = yes(walk, requirements->allow_cross_origin);
    requirements->user_identified_before = yes(walk, requirements->user_identified_before);
    requirements->resident_key =
        (enum pk_requirement)small(walk, requirements->resident_key, PK_REQUIRED);
    requirements->require_resident_key = yes(walk, requirements->require_resident_key);
    requirements->user_verification =
        (enum pk_requirement)small(walk, requirements->user_verification, PK_REQUIRED);
    requirements->time = (time_t)number(walk, (uint64_t)requirements->time, INT64_MAX);
    requirements->cred_props = yes(walk, requirements->cred_props);
    requirements->min_pin_length = yes(walk, requirements->min_pin_length);
    requirements->cred_protect = small(walk, requirements->cred_protect, PK_CRED_PROTECT_MAX);
    requirements->enforce_cred_protect = yes(walk, requirements->enforce_cred_protect);
    requirements->refuse_unsolicited_extensions =
        yes(walk, requirements->refuse_unsolicited_extensions);
    requirements->payment = yes(walk, requirements->payment);
    requirements->conditional = yes(walk, requirements->conditional);
    requirements->counter_policy =
        (enum pk_counter_policy)small(walk, requirements->counter_policy, PK_COUNTER_LOG);
}

static void walk_requirements(const struct walk *walk, struct pk_requirements *requirements)
{
    requirements->ceremony =
        (enum pk_ceremony)small(walk, requirements->ceremony, PK_AUTHENTICATION);
    bytes(walk, &requirements->challenge, PK_CHALLENGE_SIZE + PK_HASH_SIZE);
    text(walk, &requirements->rp_id, PK_RP_ID_MAX);
    texts(walk, &requirements->origins);
    texts(walk, &requirements->top_origins);
    bytes(walk, &requirements->user_handle, PK_USER_HANDLE_MAX);
    walk_algorithms(walk, requirements);
    walk_credentials(walk, requirements);
    walk_choices(walk, requirements);
    optional_text(walk, &requirements->appid, PK_ORIGIN_MAX);
    optional_text(walk, &requirements->appid_exclude, PK_ORIGIN_MAX);
    optional_text(walk, &requirements->instrument_display_name, PK_BUS_TEXT_MAX);
    /* A challenge that is empty or short could be guessed. */
    if (!failed(walk) && requirements->challenge.len < PK_CHALLENGE_SIZE)
        refuse(walk);
}

static void walk_account(const struct walk *walk, struct account *account)
{
    text(walk, &account->rp, PK_BUS_TEXT_MAX);
    optional_text(walk, &account->name, PK_BUS_TEXT_MAX);
    account->uid = (uid_t)number(walk, account->uid, UINT32_MAX);
    bytes(walk, &account->user_handle, PK_USER_HANDLE_MAX);
    optional_text(walk, &account->user_name, PK_BUS_TEXT_MAX);
    optional_text(walk, &account->display_name, PK_BUS_TEXT_MAX);
    optional_text(walk, &account->icon, PK_BUS_TEXT_MAX);
    account->created = (int64_t)number(walk, (uint64_t)account->created, INT64_MAX);
    account->listed = yes(walk, account->listed);
}

static void walk_ceremony(const struct walk *walk, struct ceremony *ceremony, int64_t *expires)
{
    *expires = (int64_t)number(walk, (uint64_t)*expires, INT64_MAX);
    short_text(walk, ceremony->id, sizeof(ceremony->id));
    short_text(walk, ceremony->correlation, sizeof(ceremony->correlation));
    walk_account(walk, &ceremony->account);
    walk_requirements(walk, &ceremony->requirements);
    ceremony->system_account = yes(walk, ceremony->system_account);
    text(walk, &ceremony->context, PK_STORE_CEREMONY_MAX);
    optional_text(walk, &ceremony->credential_name, PK_BUS_TEXT_MAX);
    bytes(walk, &ceremony->ticket, PK_HASH_SIZE);
    ceremony->max_credentials = (unsigned)number(walk, ceremony->max_credentials, UINT32_MAX);
    ceremony->anonymous = yes(walk, ceremony->anonymous);
    ceremony->mfa = yes(walk, ceremony->mfa);
    ceremony->transports = small(walk, ceremony->transports, PK_TRANSPORTS_ALL);
    ceremony->bearer = yes(walk, ceremony->bearer);
    short_text(walk, ceremony->purpose, sizeof(ceremony->purpose));
    optional_text(walk, &ceremony->transaction, PK_TRANSACTION_ID_MAX);
    optional_text(walk, &ceremony->action, PK_BUS_TEXT_MAX);
    optional_text(walk, &ceremony->idempotency_key, PK_BUS_TEXT_MAX);
    ceremony->sole = yes(walk, ceremony->sole);
    /* A ticket's hash, or none. */
    if (!failed(walk) && ceremony->ticket.len != 0 && ceremony->ticket.len != PK_HASH_SIZE)
        refuse(walk);
}

enum pk_status ceremony_record_write(const struct ceremony *ceremony, int64_t expires,
                                     struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_STORE_CEREMONY_MAX);
    const struct walk walk = {.writer = &writer};

    if (!ceremony->gateway || !ceremony->shared)
        return PK_INVALID_ARGUMENT;
    pk_writer_u8(&writer, CEREMONY_RECORD_VERSION);
    walk_ceremony(&walk, (struct ceremony *)(uintptr_t)ceremony, &expires);
    return pk_writer_finish(&writer, ret);
}

enum pk_status ceremony_record_read(struct pk_view record, struct ceremony **ret,
                                    int64_t *ret_expires)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = calloc(1, sizeof(*ceremony));
    struct pk_reader reader = pk_reader_new(record);
    const struct walk walk = {.reader = &reader};
    int64_t expires = 0;
    enum pk_status status;

    if (!ceremony)
        return PK_NO_MEMORY;
    if (record.len > PK_STORE_CEREMONY_MAX)
        return PK_TOO_LARGE;
    ceremony->gateway = ceremony->shared = true;
    ceremony->owner = PK_NO_UID;
    ceremony->account.uid = PK_NO_UID;
    if (pk_reader_u8(&reader) != CEREMONY_RECORD_VERSION)
        pk_reader_fail(&reader, PK_UNSUPPORTED);
    walk_ceremony(&walk, ceremony, &expires);
    status = pk_reader_finish(&reader);
    if (status)
        return status;
    *ret = pk_steal(ceremony);
    *ret_expires = expires;
    return PK_OK;
}
