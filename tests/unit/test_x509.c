/* SPDX-License-Identifier: BSD-2-Clause */
/* attest_x509.c: what is read, and what is kept of it. */
#include "common/webauthn/attest_x509.h"

#include "tests/unit/webauthn_ceremony.h"

#include <openssl/x509.h>
#include <pthread.h>

PK_DEFINE_CLEANUP(X509 *, X509_free);
#define AUTO_X509 PK_CLEANUP(X509_free)

static X509 *parse(const char *hex)
{
    PK_AUTO_BYTES struct pk_bytes der = unhex(hex);

    return pk_x509_parse(pk_view_of(&der));
}

/* The same bytes are read once, and others are not taken for them. */
static void kept(void **state)
{
    AUTO_X509 X509 *first = parse(sample_leaf), *again = parse(sample_leaf),
                   *other = parse(sample_root);
    X509 *after;

    (void)state;
    assert_non_null(first);
    assert_non_null(other);
    assert_ptr_equal(first, again);
    assert_ptr_not_equal(first, other);
    pk_x509_forget();
    after = parse(sample_leaf);
    assert_non_null(after);
    assert_ptr_not_equal(first, after);
    assert_int_equal(X509_cmp(first, after), 0);
    X509_free(after);
    pk_x509_forget();
}

/* A certificate of its own: that one with another serial number, whose signature nobody looks at.
 */
static X509 *numbered(uint8_t number)
{
    PK_AUTO_BYTES struct pk_bytes der = unhex(sample_leaf);
    AUTO_X509 X509 *x509 = parse(sample_leaf);
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);

    for (size_t i = 0; i + (size_t)serial->length < der.len; i++)
        if (memcmp(der.data + i, serial->data, (size_t)serial->length) == 0) {
            der.data[i + (size_t)serial->length - 1] = number;
            break;
        }
    return pk_x509_parse(pk_view_of(&der));
}

/* However many there are, some are kept and the last one is among them. */
static void many(void **state)
{
    AUTO_X509 X509 *root = parse(sample_root);

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        AUTO_X509 X509 *one = numbered((uint8_t)i), *same = numbered((uint8_t)i);

        assert_non_null(one);
        assert_ptr_equal(one, same);
        assert_int_equal(ASN1_INTEGER_get(X509_get0_serialNumber(one)) & 0xff, i);
    }
    {
        AUTO_X509 X509 *again = parse(sample_root);

        assert_ptr_not_equal(root, again);
        assert_int_equal(X509_cmp(root, again), 0);
    }
    pk_x509_forget();
}

/* What is none is refused the second time as well, also behind bytes that are one. */
static void refused(void **state)
{
    PK_AUTO_BYTES struct pk_bytes der = unhex(sample_leaf);
    PK_AUTO_BYTES struct pk_bytes longer = {calloc(1, der.len + 1), der.len + 1};

    (void)state;
    assert_non_null(longer.data);
    memcpy(longer.data, der.data, der.len);
    for (unsigned round = 0; round < 2; round++) {
        AUTO_X509 X509 *good = pk_x509_parse(pk_view_of(&der));

        assert_non_null(good);
        assert_null(pk_x509_parse(pk_view_of(&longer)));
        assert_null(pk_x509_parse((struct pk_view){der.data, der.len - 1}));
        assert_null(pk_x509_parse((struct pk_view){NULL, 0}));
    }
    pk_x509_forget();
}

static void *parse_often(void *failed)
{
    for (unsigned i = 0; i < 300; i++) {
        AUTO_X509 X509 *leaf = parse(sample_leaf), *one = numbered((uint8_t)i);

        if (!leaf || !one || !X509_get0_pubkey(leaf))
            return failed;
        if (i % 50 == 0)
            pk_x509_forget();
    }
    return NULL;
}

static void several_threads(void **state)
{
    pthread_t threads[4];
    char what[] = "failed";

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, parse_often, what), 0);
    for (unsigned i = 0; i < 4; i++) {
        void *failed = NULL;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    pk_x509_forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept),
        cmocka_unit_test(many),
        cmocka_unit_test(refused),
        cmocka_unit_test(several_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
