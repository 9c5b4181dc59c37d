/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/ceremony.h"

#include "common/base/io.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"

#include <string.h>

/* RFC 9562 section 5.4: version 4, random. */
static void uuid_new(char ret[static UUID_SIZE])
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
    free(ceremony->transaction);
    free(ceremony->action);
    free(ceremony->idempotency_key);
    free(ceremony->directory);
    pk_secret_clear(&ceremony->password);
    pk_bytes_clear(&ceremony->ticket);
    pk_bytes_clear(&ceremony->object);
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

enum pk_status ceremony_bind_transaction(struct ceremony *ceremony, const char *id,
                                         const char *data)
{
    struct pk_bytes *challenge = &ceremony->requirements.challenge;
    PK_AUTO_FREE char *both = pk_text_format("%s%s", id, data);
    uint8_t longer[PK_CHALLENGE_SIZE + PK_HASH_SIZE];

    if (challenge->len != PK_CHALLENGE_SIZE)
        return PK_INVALID_ARGUMENT;
    if (!both)
        return PK_NO_MEMORY;
    (void)memcpy(longer, challenge->data, PK_CHALLENGE_SIZE);
    pk_sha256(pk_view_string(both), longer + PK_CHALLENGE_SIZE);
    pk_bytes_clear(challenge);
    return pk_bytes_copy((struct pk_view){longer, sizeof(longer)}, challenge);
}

enum pk_status ceremony_name_by_challenge(struct ceremony *ceremony)
{
    const struct pk_bytes *challenge = &ceremony->requirements.challenge;
    PK_AUTO_FREE char *text = NULL;

    if (challenge->len < PK_CHALLENGE_SIZE || challenge->len > PK_CHALLENGE_SIZE + PK_HASH_SIZE)
        return PK_INVALID_ARGUMENT;
    text = pk_base64url_encode(pk_view_of(challenge));
    if (!text)
        return PK_NO_MEMORY;
    (void)snprintf(ceremony->id, sizeof(ceremony->id), "%s", text);
    return PK_OK;
}

enum pk_status ceremony_sole_id(const char *rp, const char *user, const char *purpose,
                                char ret[static CEREMONY_ID_SIZE])
{
    /* Neither of the first two has a new line. */
    PK_AUTO_FREE char *text = pk_text_format("%s\n%s\n%s", rp, purpose, user);
    PK_AUTO_FREE char *hex = NULL;
    uint8_t hash[PK_HASH_SIZE];

    if (!text)
        return PK_NO_MEMORY;
    pk_sha256(pk_view_string(text), hash);
    hex = pk_hex_encode((struct pk_view){hash, sizeof(hash)});
    if (!hex)
        return PK_NO_MEMORY;
    (void)snprintf(ret, CEREMONY_ID_SIZE, "%s", hex);
    return PK_OK;
}
