/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a security key's key, signature and .pub line; what is read is held to its rules. */
#include "common/base/cleanup.h"
#include "common/wire/sk.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_key(const struct pk_sk_key *key)
{
    size_t len = strlen(key->application);

    check(len > 0 && len <= PK_RP_ID_MAX && !strchr(key->application, ' '));
}

/* Ecdsa-Sig-Value: two numbers above zero, not a byte more. */
static void check_signature(const struct pk_sk_signature *signature)
{
    const uint8_t *der = signature->signature.data;
    size_t len = signature->signature.len;

    if (signature->type == PK_SK_ED25519) {
        check(len == 64);
        return;
    }
    check(len >= 8 && len <= 72 && der[0] == 0x30 && der[1] == len - 2);
    check(der[2] == 2 && der[3] > 0 && (size_t)der[3] + 6 < len);
    check(der[4 + der[3]] == 2 && (size_t)der[3] + der[5 + der[3]] + 6 == len);
    check(!(der[4] & 0x80) && !(der[6 + der[3]] & 0x80));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_view input = {data, size};
    struct pk_sk_key key;
    struct pk_sk_key again;
    PK_AUTO_SK_SIGNATURE struct pk_sk_signature signature = {0};
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    PK_AUTO_FREE char *comment = NULL;

    if (pk_sk_key_parse(input, &key) == PK_OK)
        check_key(&key);
    if (pk_sk_signature_parse(input, &signature) == PK_OK)
        check_signature(&signature);
    if (pk_sk_public_line_parse(input, &key, &blob, &comment) == PK_OK) {
        check_key(&key);
        check(pk_sk_key_parse(pk_view_of(&blob), &again) == PK_OK);
        check(!comment || *comment);
    }
    return 0;
}
