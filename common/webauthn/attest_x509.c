/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/attest_x509.h"

#include "common/webauthn/crypto.h"
#include "common/webauthn/der.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

#define KEPT_MAX 64 /* some 10 KB each */

struct kept {
    uint8_t hash[PK_HASH_SIZE]; /* of its DER */
    X509 *x509;                 /* NULL: the place is free */
    uint64_t used;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept kept[KEPT_MAX];
static uint64_t uses;

static X509 *find(const uint8_t hash[PK_HASH_SIZE])
{
    X509 *found = NULL;

    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < KEPT_MAX && !found; i++)
        if (kept[i].x509 && memcmp(kept[i].hash, hash, PK_HASH_SIZE) == 0 &&
            X509_up_ref(kept[i].x509) == 1) {
            kept[i].used = ++uses;
            found = kept[i].x509;
        }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

/* In the place that was used the longest time ago. Another thread may have kept the same. */
static void keep(const uint8_t hash[PK_HASH_SIZE], X509 *x509)
{
    struct kept *place = &kept[0];

    (void)pthread_mutex_lock(&lock);
    for (size_t i = 1; i < KEPT_MAX; i++)
        if (kept[i].used < place->used)
            place = &kept[i];
    if (X509_up_ref(x509) == 1) {
        X509_free(place->x509);
        (void)memcpy(place->hash, hash, PK_HASH_SIZE);
        place->x509 = x509;
        place->used = ++uses;
    }
    (void)pthread_mutex_unlock(&lock);
}

void pk_x509_forget(void)
{
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < KEPT_MAX; i++) {
        X509_free(kept[i].x509);
        kept[i] = (struct kept){0};
    }
    (void)pthread_mutex_unlock(&lock);
}

static X509 *read_x509(struct pk_view der)
{
    const uint8_t *at = der.ptr;
    X509 *x509;

    if (pk_der_check(der) != PK_OK || der.len > LONG_MAX)
        return NULL;
    x509 = d2i_X509(NULL, &at, (long)der.len);
    if (x509 && (at != der.ptr + der.len || (X509_get_extension_flags(x509) & EXFLAG_INVALID))) {
        X509_free(x509);
        x509 = NULL;
    }
    ERR_clear_error();
    return x509;
}

X509 *pk_x509_parse(struct pk_view der)
{
    uint8_t hash[PK_HASH_SIZE];
    X509 *x509;

    pk_sha256(der, hash);
    x509 = find(hash);
    if (x509)
        return x509;
    x509 = read_x509(der);
    if (x509)
        keep(hash, x509);
    return x509;
}
