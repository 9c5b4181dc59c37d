/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/accounts/recovery_codes.h"

#include "common/base/cleanup.h"
#include "common/base/crockford.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"

#include <string.h>

#define CODE_CHARACTERS 16 /* without the dashes */
#define GROUP           4  /* characters between dashes */
#define TICKET_BYTES    32
#define TICKET_LENGTH   43 /* TICKET_BYTES as base64url */

static enum pk_status make_code(struct pk_secret *ret)
{
    PK_AUTO_SECRET struct pk_secret random = {0};
    enum pk_status status = pk_secret_new(CODE_CHARACTERS, &random);
    size_t at = 0;

    if (status == PK_OK)
        status = pk_secret_new(RECOVERY_CODE_LENGTH, ret);
    if (status != PK_OK)
        return status;
    pk_crockford_random((char *)random.data, CODE_CHARACTERS);
    for (size_t i = 0; i < CODE_CHARACTERS; i++) {
        if (i > 0 && i % GROUP == 0)
            ret->data[at++] = '-';
        ret->data[at++] = random.data[i];
    }
    return PK_OK;
}

/* The form that is hashed: the code's characters in one spelling. */
static enum pk_status canonical(struct pk_view typed, struct pk_secret *ret)
{
    enum pk_status status = pk_secret_new(CODE_CHARACTERS, ret);

    if (status != PK_OK)
        return status;
    return pk_crockford_read(typed, (char *)ret->data, CODE_CHARACTERS) ? PK_RECOVERY_CODE_INVALID
                                                                        : PK_OK;
}

/*
 * Codes are not passwords: each has 80 random bits, so that nobody who has the store finds one by
 * trying, however fast the hash is. A slow hash would protect nothing and let whoever can be asked
 * for a code, which is everybody at an sshd, take the daemon's time. Each code has a random key of
 * its own, so that equal codes of two accounts would not be seen to be equal. Codes that were made
 * before schema 2 have a scrypt hash until they are used or replaced.
 */
static enum pk_status hash_code(enum recovery_scheme scheme, const struct pk_secret *code,
                                const uint8_t salt[PK_HASH_SIZE], uint8_t ret[PK_HASH_SIZE])
{
    struct pk_view key = {salt, PK_HASH_SIZE};

    return scheme == RECOVERY_HMAC ? pk_hmac_sha256(key, pk_secret_view(code), ret)
                                   : pk_scrypt(pk_secret_view(code), key, ret);
}

struct stored_codes {
    struct recovery_code codes[PK_RECOVERY_CODES];
    size_t count;
};

static enum pk_status make_codes(struct pk_secret codes[PK_RECOVERY_CODES],
                                 struct stored_codes *ret)
{
    for (size_t i = 0; i < PK_RECOVERY_CODES; i++) {
        PK_AUTO_SECRET struct pk_secret code = {0};
        struct recovery_code *stored = &ret->codes[i];
        enum pk_status status = make_code(&codes[i]);

        if (status == PK_OK)
            status = canonical(pk_secret_view(&codes[i]), &code);
        stored->scheme = RECOVERY_HMAC;
        pk_random(stored->salt, PK_HASH_SIZE);
        if (status == PK_OK)
            status = hash_code(RECOVERY_HMAC, &code, stored->salt, stored->hash);
        if (status != PK_OK)
            return status;
    }
    ret->count = PK_RECOVERY_CODES;
    return PK_OK;
}

enum pk_status recovery_codes_create(struct store *store, const struct account *account,
                                     struct pk_secret ret_codes[PK_RECOVERY_CODES])
{
    struct pk_secret codes[PK_RECOVERY_CODES] = {0};
    struct stored_codes stored;
    enum pk_status status = make_codes(codes, &stored);

    if (status == PK_OK)
        status = store->verbs->recovery_replace(store, account, stored.codes, stored.count);
    if (status == PK_OK) {
        memcpy(ret_codes, codes, sizeof(codes));
        return PK_OK;
    }
    for (size_t i = 0; i < PK_RECOVERY_CODES; i++)
        pk_secret_clear(&codes[i]);
    return status;
}

static enum pk_status list_codes(struct store *store, const struct account *account,
                                 struct stored_codes *ret)
{
    ret->count = 0;
    if (!account)
        return PK_OK;
    return store->verbs->recovery_list(store, account, ret->codes, &ret->count);
}

/* The codes of one account from before schema 2 have one salt, and cost one scrypt together. */
static bool is_hashed_alike(const struct recovery_code *code, const struct recovery_code *before)
{
    return before && code->scheme == RECOVERY_SCRYPT && before->scheme == RECOVERY_SCRYPT &&
           memcmp(code->salt, before->salt, PK_HASH_SIZE) == 0;
}

/* *ret_match: PK_RECOVERY_CODES if none is that code. All are compared, whichever it is. */
static enum pk_status find_code(const struct stored_codes *stored, const struct pk_secret *code,
                                size_t *ret_match)
{
    uint8_t hash[PK_HASH_SIZE];
    size_t match = PK_RECOVERY_CODES;

    for (size_t i = 0; i < stored->count; i++) {
        const struct recovery_code *tried = &stored->codes[i];
        enum pk_status status = PK_OK;

        if (!is_hashed_alike(tried, i > 0 ? tried - 1 : NULL))
            status = hash_code(tried->scheme, code, tried->salt, hash);
        if (status != PK_OK)
            return status;
        if (pk_view_equal_secret((struct pk_view){tried->hash, PK_HASH_SIZE},
                                 (struct pk_view){hash, PK_HASH_SIZE}))
            match = i;
    }
    *ret_match = match;
    return PK_OK;
}

enum pk_status recovery_code_use(struct store *store, const struct account *account,
                                 const struct pk_secret *typed)
{
    PK_AUTO_SECRET struct pk_secret code = {0};
    struct stored_codes stored = {.count = 0};
    size_t match;
    enum pk_status status = canonical(pk_secret_view(typed), &code);

    if (status == PK_OK)
        status = list_codes(store, account, &stored);
    if (status == PK_OK)
        status = find_code(&stored, &code, &match);
    if (status != PK_OK)
        return status;
    if (match == PK_RECOVERY_CODES)
        return PK_RECOVERY_CODE_INVALID;
    status = store->verbs->recovery_use(store, account, stored.codes[match].hash);
    return status == PK_NOT_FOUND ? PK_RECOVERY_CODE_INVALID : status;
}

enum pk_status recovery_codes_left(struct store *store, const struct account *account,
                                   size_t *ret_count)
{
    struct stored_codes stored;
    enum pk_status status = list_codes(store, account, &stored);

    if (status == PK_OK)
        *ret_count = stored.count;
    return status;
}

/* What stands before a ticket of that kind, in its text and in what is hashed. */
enum kind { KIND_LOCAL = 0, KIND_LINK = 'l' };

static enum pk_status hash_of(enum kind kind, struct pk_view text, uint8_t ret[PK_HASH_SIZE])
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    uint8_t hashed[1 + TICKET_BYTES] = {kind};
    const size_t mark = kind == KIND_LOCAL ? 0 : 1;
    enum pk_status status;

    if (text.len != mark + TICKET_LENGTH || (mark > 0 && text.ptr[0] != (uint8_t)kind))
        return PK_TICKET_INVALID;
    status =
        pk_base64url_decode((struct pk_view){text.ptr + mark, TICKET_LENGTH}, TICKET_BYTES, &bytes);
    if (status != PK_OK)
        return status == PK_NO_MEMORY ? status : PK_TICKET_INVALID;
    (void)memcpy(hashed + mark, bytes.data, TICKET_BYTES);
    pk_sha256((struct pk_view){hashed, mark + TICKET_BYTES}, ret);
    explicit_bzero(hashed, sizeof(hashed));
    explicit_bzero(bytes.data, bytes.len);
    return PK_OK;
}

enum pk_status ticket_hash(const struct pk_secret *ticket, uint8_t ret[PK_HASH_SIZE])
{
    return hash_of(KIND_LOCAL, pk_secret_view(ticket), ret);
}

enum pk_status link_ticket_hash(struct pk_view ticket, uint8_t ret[PK_HASH_SIZE])
{
    return hash_of(KIND_LINK, ticket, ret);
}

static enum pk_status make_ticket(enum kind kind, struct pk_secret *ret)
{
    PK_AUTO_SECRET struct pk_secret random = {0};
    const size_t mark = kind == KIND_LOCAL ? 0 : 1;
    char *text;
    enum pk_status status = pk_secret_new(TICKET_BYTES, &random);

    if (status != PK_OK)
        return status;
    pk_random(random.data, random.len);
    text = pk_base64url_encode(pk_secret_view(&random));
    if (!text)
        return PK_NO_MEMORY;
    status = pk_secret_new(mark + TICKET_LENGTH, ret);
    if (status == PK_OK) {
        if (mark > 0)
            ret->data[0] = (uint8_t)kind;
        (void)memcpy(ret->data + mark, text, TICKET_LENGTH);
    }
    explicit_bzero(text, strlen(text));
    free(text);
    return status;
}

static enum pk_status create(enum kind kind, struct store *store, const struct account *account,
                             int64_t expires, struct pk_secret *ret_ticket)
{
    PK_AUTO_SECRET struct pk_secret ticket = {0};
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status = make_ticket(kind, &ticket);

    if (status == PK_OK)
        status = hash_of(kind, pk_secret_view(&ticket), hash);
    if (status == PK_OK)
        status = store->verbs->ticket_add(store, (struct pk_view){hash, sizeof(hash)}, account->rp,
                                          account->name, account->uid, expires);
    if (status != PK_OK)
        return status;
    *ret_ticket = ticket;
    ticket = (struct pk_secret){0};
    return PK_OK;
}

enum pk_status ticket_create(struct store *store, const struct account *account, int64_t expires,
                             struct pk_secret *ret_ticket)
{
    return create(KIND_LOCAL, store, account, expires, ret_ticket);
}

enum pk_status link_ticket_create(struct store *store, const struct account *account,
                                  int64_t expires, struct pk_secret *ret_ticket)
{
    return create(KIND_LINK, store, account, expires, ret_ticket);
}
