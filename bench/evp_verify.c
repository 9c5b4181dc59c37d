/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bare EVP_DigestVerify that bench/verify.py compares with. Standard input: DER
 * SubjectPublicKeyInfo, then messages and signatures in turn, each behind a u32 length. Arguments:
 * digest name ("" for none), how often to go through all, "reuse" to keep one context.
 * Prints the verifications and the processor seconds they took.
 */
#include "common/base/cleanup.h"
#include "common/base/reader.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/resource.h>

#define INPUT_MAX (64 << 20)
#define PAIRS_MAX 65536

struct pair {
    struct pk_view message, signature;
};

static double processor_seconds(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static size_t read_pairs(struct pk_view input, EVP_PKEY **ret_key, struct pair *pairs)
{
    struct pk_reader reader = pk_reader_new(input);
    struct pk_view spki = pk_reader_string(&reader, 65536);
    const uint8_t *at = spki.ptr;
    size_t count = 0;

    *ret_key = d2i_PUBKEY(NULL, &at, (long)spki.len);
    while (*ret_key && reader.remaining > 0 && count < PAIRS_MAX) {
        pairs[count].message = pk_reader_string(&reader, 65536);
        pairs[count++].signature = pk_reader_string(&reader, 65536);
    }
    return pk_reader_finish(&reader) == PK_OK ? count : 0;
}

static bool verify(EVP_MD_CTX *context, const EVP_MD *digest, EVP_PKEY *key,
                   const struct pair *pair)
{
    return EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1 &&
           EVP_DigestVerify(context, pair->signature.ptr, pair->signature.len, pair->message.ptr,
                            pair->message.len) == 1;
}

static bool verify_alone(const EVP_MD *digest, EVP_PKEY *key, const struct pair *pair)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool valid = context && verify(context, digest, key, pair);

    EVP_MD_CTX_free(context);
    return valid;
}

static bool run(EVP_PKEY *key, const EVP_MD *digest, bool reuse, const struct pair *pair)
{
    static EVP_MD_CTX *context;

    if (!reuse)
        return verify_alone(digest, key, pair);
    if (!context)
        context = EVP_MD_CTX_new();
    return context && verify(context, digest, key, pair) && EVP_MD_CTX_reset(context) == 1;
}

int main(int argc, char **argv)
{
    PK_AUTO_FREE uint8_t *buffer = malloc(INPUT_MAX);
    PK_AUTO_FREE struct pair *pairs = calloc(PAIRS_MAX, sizeof(*pairs));
    EVP_PKEY *key;
    const EVP_MD *digest;
    size_t count;
    long rounds;
    double before;

    if (argc != 4 || !buffer || !pairs)
        return 2;
    count = fread(buffer, 1, INPUT_MAX, stdin);
    count = read_pairs((struct pk_view){buffer, count}, &key, pairs);
    digest = *argv[1] ? EVP_get_digestbyname(argv[1]) : NULL;
    rounds = strtol(argv[2], NULL, 10);
    before = processor_seconds();
    for (long round = 0; round < rounds; round++)
        for (size_t i = 0; i < count; i++)
            if (!run(key, digest, strcmp(argv[3], "reuse") == 0, &pairs[i]))
                return 1;
    (void)printf("%zu %f\n", count * (size_t)rounds, processor_seconds() - before);
    EVP_PKEY_free(key);
    return count > 0 ? 0 : 2;
}
