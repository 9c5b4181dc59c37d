/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/tokens/password_checks.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"

#include <stdlib.h>
#include <string.h>

#define NONCE_BYTES 32

/*
 * Of the users who have tried. Where all rows count, the one that would be empty first is taken,
 * and its user's tries are forgotten: for that so many users have to try within minutes.
 */
#define USERS_KEPT 4096

struct user_tries {
    uint8_t key[PK_HASH_SIZE];
    int64_t empty_at; /* monotonic seconds; a try is gone in each PASSWORD_TRY_SECONDS */
};

struct asked {
    uint8_t key[PK_HASH_SIZE]; /* of all that the check is about */
    char nonce[PASSWORD_NONCE_SIZE];
    int64_t ends; /* monotonic seconds; 0: the place is free */
};

struct password_checks {
    struct user_tries tries[USERS_KEPT];
    struct asked asked[PK_PASSWORD_CHECKS_MAX];
};

struct password_checks *password_checks_new(void)
{
    return calloc(1, sizeof(struct password_checks));
}

void password_checks_free(struct password_checks *checks)
{
    free(checks);
}

/* Each text with its NUL, so that no two checks have the same bytes. */
static enum pk_status hash(const struct password_check *check, bool with_purpose,
                           uint8_t ret[PK_HASH_SIZE])
{
    const char *purpose = with_purpose ? check->purpose : "";
    const size_t sizes[] = {strlen(check->rp) + 1, strlen(check->user) + 1, strlen(purpose) + 1};
    PK_AUTO_FREE char *bytes = malloc(sizes[0] + sizes[1] + sizes[2]);

    if (!bytes)
        return PK_NO_MEMORY;
    memcpy(bytes, check->rp, sizes[0]);
    memcpy(bytes + sizes[0], check->user, sizes[1]);
    memcpy(bytes + sizes[0] + sizes[1], purpose, sizes[2]);
    pk_sha256((struct pk_view){(uint8_t *)bytes, sizes[0] + sizes[1] + sizes[2]}, ret);
    return PK_OK;
}

static struct user_tries *find_tries(struct password_checks *checks,
                                     const uint8_t key[PK_HASH_SIZE])
{
    struct user_tries *oldest = &checks->tries[0];

    for (size_t i = 0; i < USERS_KEPT; i++) {
        if (memcmp(checks->tries[i].key, key, PK_HASH_SIZE) == 0)
            return &checks->tries[i];
        if (checks->tries[i].empty_at < oldest->empty_at)
            oldest = &checks->tries[i];
    }
    return oldest;
}

/* NULL: all are taken. */
static struct asked *find_place(struct password_checks *checks, int64_t now)
{
    for (size_t i = 0; i < PK_PASSWORD_CHECKS_MAX; i++)
        if (checks->asked[i].ends <= now)
            return &checks->asked[i];
    return NULL;
}

/* false: the user had too many. */
static bool count_try(struct password_checks *checks, const uint8_t key[PK_HASH_SIZE], int64_t now)
{
    struct user_tries *tries = find_tries(checks, key);

    if (memcmp(tries->key, key, PK_HASH_SIZE) != 0) {
        *tries = (struct user_tries){0};
        memcpy(tries->key, key, PK_HASH_SIZE);
    }
    if (tries->empty_at - now > (PASSWORD_TRIES - 1) * PASSWORD_TRY_SECONDS)
        return false;
    tries->empty_at = (tries->empty_at > now ? tries->empty_at : now) + PASSWORD_TRY_SECONDS;
    return true;
}

enum pk_status password_checks_begin(struct password_checks *checks,
                                     const struct password_check *check, int64_t now,
                                     char ret_nonce[PASSWORD_NONCE_SIZE])
{
    struct asked *asked = find_place(checks, now);
    uint8_t random[NONCE_BYTES];
    uint8_t user[PK_HASH_SIZE];
    PK_AUTO_FREE char *nonce = NULL;
    enum pk_status status = asked ? hash(check, false, user) : PK_LIMIT_EXCEEDED;

    if (status == PK_OK)
        status = hash(check, true, asked->key);
    if (status != PK_OK)
        return status;
    pk_random(random, sizeof(random));
    nonce = pk_base64url_encode((struct pk_view){random, sizeof(random)});
    if (!nonce)
        return PK_NO_MEMORY;
    if (!count_try(checks, user, now))
        return PK_LIMIT_EXCEEDED;
    memcpy(asked->nonce, nonce, PASSWORD_NONCE_SIZE);
    memcpy(ret_nonce, nonce, PASSWORD_NONCE_SIZE);
    asked->ends = now + PK_PASSWORD_SECONDS;
    return PK_OK;
}

enum pk_status password_checks_take(struct password_checks *checks,
                                    const struct password_check *check, const char *nonce,
                                    int64_t now)
{
    uint8_t key[PK_HASH_SIZE];
    enum pk_status status = hash(check, true, key);

    if (status != PK_OK)
        return status;
    for (size_t i = 0; i < PK_PASSWORD_CHECKS_MAX; i++) {
        struct asked *asked = &checks->asked[i];

        if (asked->ends <= now || strcmp(asked->nonce, nonce) != 0)
            continue;
        asked->ends = 0;
        return memcmp(asked->key, key, PK_HASH_SIZE) == 0 ? PK_OK : PK_CHALLENGE_UNKNOWN;
    }
    return PK_CHALLENGE_UNKNOWN;
}

void password_checks_succeeded(struct password_checks *checks, const struct password_check *check)
{
    uint8_t key[PK_HASH_SIZE];
    struct user_tries *tries;

    if (hash(check, false, key) != PK_OK)
        return;
    tries = find_tries(checks, key);
    if (memcmp(tries->key, key, PK_HASH_SIZE) == 0)
        tries->empty_at -= PASSWORD_TRY_SECONDS;
}
