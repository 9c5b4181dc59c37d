/* SPDX-License-Identifier: BSD-2-Clause */
/* attest_certificate.c; what single certificates can have wrong is in tests/vectors. */
#include "common/webauthn/attest_certificate.h"

#include "tests/unit/webauthn_ceremony.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

enum { IN_2025 = 1735689600, IN_2023 = 1672531200 };
static const time_t in_2035 = 2051222400;

static enum pk_status parse(struct pk_view der)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *certificate = NULL;

    return pk_certificate_parse(der, &certificate);
}

static struct pk_certificate *leaf(void)
{
    PK_AUTO_BYTES struct pk_bytes der = unhex(sample_leaf);
    struct pk_certificate *certificate = NULL;

    assert_status(pk_certificate_parse(pk_view_of(&der), &certificate), PK_OK);
    return certificate;
}

static void parsing(void **state)
{
    (void)state;
    check_prefixes(parse, sample_leaf);
    assert_status(parse((struct pk_view){NULL, 0}), PK_CERTIFICATE_MALFORMED);
    pk_certificate_free(NULL);
}

static void fields(void **state)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *certificate = leaf();
    PK_AUTO_CERTIFICATE struct pk_certificate *root = NULL;
    PK_AUTO_BYTES struct pk_bytes root_der = unhex(sample_root);
    struct pk_view value;
    bool critical;

    (void)state;
    assert_status(pk_certificate_parse(pk_view_of(&root_der), &root), PK_OK);
    assert_status(pk_certificate_check_leaf(certificate), PK_OK);
    assert_status(pk_certificate_check_leaf(root), PK_CERTIFICATE_CA);
    assert_status(pk_certificate_check_packed_subject(certificate), PK_OK);
    assert_status(pk_certificate_check_packed_subject(root), PK_CERTIFICATE_SUBJECT);
    assert_status(pk_certificate_check_aik(certificate), PK_CERTIFICATE_SUBJECT);
    assert_true(pk_certificate_has_p256_key(certificate));
    assert_false(pk_certificate_names_host(certificate, "attest.android.com"));
    assert_status(pk_certificate_check_aaguid(certificate, pk_view_string("no extension says so")),
                  PK_OK);
    assert_status(pk_certificate_extension(certificate, "1.2.3.4", &value, &critical),
                  PK_NOT_FOUND);
    assert_status(pk_certificate_extension(certificate, "2.5.29.19", &value, &critical), PK_OK);
    assert_int_equal(value.len, 2); /* an empty sequence: CA false */
    assert_true(critical);
}

static void fido_extensions(void **state)
{
    static const struct {
        const char *leaf;
        enum pk_status aaguid, model;
    } cases[] = {
        {sample_leaf, PK_OK, PK_OK},
        {sample_leaf_aaguid, PK_OK, PK_OK},
        {sample_leaf_aaguid_critical, PK_CERTIFICATE_AAGUID, PK_OK},
        {sample_leaf_aaguid_bare, PK_CERTIFICATE_AAGUID, PK_OK},
        {sample_leaf_firmware, PK_OK, PK_OK},
        {sample_leaf_firmware_critical, PK_OK, PK_CERTIFICATE_EXTENSION},
        {sample_leaf_firmware_negative, PK_OK, PK_CERTIFICATE_EXTENSION},
        {sample_leaf_firmware_text, PK_OK, PK_CERTIFICATE_EXTENSION},
        {sample_leaf_serial, PK_OK, PK_OK},
        {sample_leaf_serial_critical, PK_OK, PK_CERTIFICATE_EXTENSION},
        {sample_leaf_serial_bare, PK_OK, PK_CERTIFICATE_EXTENSION},
    };
    PK_AUTO_BYTES struct pk_bytes aaguid = unhex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_BYTES struct pk_bytes der = unhex(cases[i].leaf);
        PK_AUTO_CERTIFICATE struct pk_certificate *certificate = NULL;

        assert_status(pk_certificate_parse(pk_view_of(&der), &certificate), PK_OK);
        assert_status(pk_certificate_check_aaguid(certificate, pk_view_of(&aaguid)),
                      cases[i].aaguid);
        assert_status(pk_certificate_check_model_extensions(certificate), cases[i].model);
    }
    aaguid.data[0] ^= 1;
    {
        PK_AUTO_BYTES struct pk_bytes der = unhex(sample_leaf_aaguid);
        PK_AUTO_CERTIFICATE struct pk_certificate *certificate = NULL;

        assert_status(pk_certificate_parse(pk_view_of(&der), &certificate), PK_OK);
        assert_status(pk_certificate_check_aaguid(certificate, pk_view_of(&aaguid)),
                      PK_CERTIFICATE_AAGUID);
    }
}

static void keys(void **state)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *certificate = leaf();
    PK_AUTO_BYTES struct pk_bytes cose = unhex(sample_es256_key);
    PK_AUTO_PUBLIC_KEY struct pk_public_key *other = NULL, *same = NULL;
    struct evp_pkey_st *evp;

    (void)state;
    assert_status(pk_public_key_parse(pk_view_of(&cose), &other), PK_OK);
    assert_false(pk_certificate_has_key(certificate, other));
    assert_status(pk_certificate_key(certificate, &evp), PK_OK);
    assert_status(pk_public_key_wrap(pk_algorithm_find(-7), evp, &same), PK_OK);
    assert_true(pk_certificate_has_key(certificate, same));
}

static void signatures(void **state)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *certificate = leaf();
    PK_AUTO_BYTES struct pk_bytes signature = unhex(sample_message_es256);
    struct pk_view message = pk_view_string("message"), view = pk_view_of(&signature);

    (void)state;
    assert_status(pk_certificate_verify_signature(certificate, -7, message, view),
                  PK_ATTESTATION_SIGNATURE_INVALID);
    assert_status(pk_certificate_verify_signature(certificate, -7, message, message),
                  PK_ATTESTATION_SIGNATURE_INVALID);
    assert_status(pk_certificate_verify_signature(certificate, -257, message, view),
                  PK_ATTESTATION_ALGORITHM_MISMATCH);
    assert_status(pk_certificate_verify_signature(certificate, 5, message, view),
                  PK_ALGORITHM_UNSUPPORTED);
}

static void paths(void **state)
{
    struct pk_bytes leaf_der = unhex(sample_leaf), root_der = unhex(sample_root);
    struct pk_bytes with_root[] = {leaf_der, root_der};
    bool trusted = false;

    (void)state;
    assert_status(pk_certificate_path_verify(&leaf_der, 1, &root_der, 1, IN_2025, &trusted), PK_OK);
    assert_true(trusted);
    assert_status(pk_certificate_path_verify(with_root, 2, &root_der, 1, IN_2025, &trusted), PK_OK);
    assert_true(trusted);
    /* The attestation certificate itself can be the anchor. */
    assert_status(pk_certificate_path_verify(&leaf_der, 1, &leaf_der, 1, IN_2025, &trusted), PK_OK);
    assert_true(trusted);
    /* A root certificate in the statement is not trusted. */
    assert_status(pk_certificate_path_verify(with_root, 2, NULL, 0, IN_2025, &trusted), PK_OK);
    assert_false(trusted);
    assert_status(pk_certificate_path_verify(&root_der, 1, &leaf_der, 1, IN_2025, &trusted), PK_OK);
    assert_false(trusted);
    assert_status(pk_certificate_path_verify(&leaf_der, 1, &root_der, 1, IN_2023, &trusted), PK_OK);
    assert_false(trusted);
    assert_status(pk_certificate_path_verify(&leaf_der, 1, &root_der, 1, in_2035, &trusted), PK_OK);
    assert_false(trusted);
    root_der.len--;
    assert_status(pk_certificate_path_verify(&leaf_der, 1, &root_der, 1, IN_2025, &trusted),
                  PK_INVALID_ARGUMENT);
    assert_status(pk_certificate_path_verify(&root_der, 1, &leaf_der, 1, IN_2025, &trusted),
                  PK_CERTIFICATE_MALFORMED);
    pk_bytes_clear(&leaf_der);
    pk_bytes_clear(&root_der);
}

static bool trusted_path(const char *const *path, size_t path_count, const char *const *anchors,
                         size_t anchor_count)
{
    struct pk_bytes ders[4], anchor_ders[4];
    bool trusted = false;

    for (size_t i = 0; i < path_count; i++)
        ders[i] = unhex(path[i]);
    for (size_t i = 0; i < anchor_count; i++)
        anchor_ders[i] = unhex(anchors[i]);
    assert_status(
        pk_certificate_path_verify(ders, path_count, anchor_ders, anchor_count, IN_2025, &trusted),
        PK_OK);
    for (size_t i = 0; i < path_count; i++)
        pk_bytes_clear(&ders[i]);
    for (size_t i = 0; i < anchor_count; i++)
        pk_bytes_clear(&anchor_ders[i]);
    return trusted;
}

static void intermediates(void **state)
{
    const char *const whole[] = {sample_leaf_below, sample_middle};
    const char *const unconstrained[] = {sample_leaf_below, sample_middle_unconstrained};
    const char *const root[] = {sample_root};
    const char *const middle[] = {sample_middle_unconstrained};

    (void)state;
    assert_true(trusted_path(whole, 2, root, 1));
    assert_false(trusted_path(whole, 1, root, 1));
    assert_false(trusted_path(unconstrained, 2, root, 1));
    /* An anchor is trusted for what it is. */
    assert_true(trusted_path(whole, 1, middle, 1));
}

/* For key, signed by issuer. extension: basic constraints, or the usage keyCertSign. */
static X509 *issue(const char *name, EVP_PKEY *key, const char *issuer, EVP_PKEY *issuer_key,
                   const char *extension)
{
    X509 *x509 = X509_new();
    X509_EXTENSION *made =
        X509V3_EXT_conf(NULL, NULL, extension[0] == 'k' ? "keyUsage" : "basicConstraints",
                        extension[0] == 'k' ? "keyCertSign" : extension);

    assert_true(x509 && made && X509_set_version(x509, X509_VERSION_3) &&
                X509_set_pubkey(x509, key) && ASN1_INTEGER_set(X509_get_serialNumber(x509), 7) &&
                ASN1_TIME_set(X509_getm_notBefore(x509), IN_2023) &&
                ASN1_TIME_set(X509_getm_notAfter(x509), in_2035));
    assert_true(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                                           (const uint8_t *)name, -1, -1, 0) &&
                X509_NAME_add_entry_by_txt(X509_get_issuer_name(x509), "CN", MBSTRING_ASC,
                                           (const uint8_t *)issuer, -1, -1, 0) &&
                X509_add_ext(x509, made, -1) && X509_sign(x509, issuer_key, EVP_sha256()));
    X509_EXTENSION_free(made);
    return x509;
}

static struct pk_bytes to_der(X509 *x509)
{
    struct pk_bytes der = {0};
    int len = i2d_X509(x509, &der.data);

    assert_true(len > 0);
    der.len = (size_t)len;
    X509_free(x509);
    return der;
}

/* A certificate is no CA's for its key alone being allowed to sign others. */
static void constraints_make_a_ca(void **state)
{
    static const struct {
        const char *middle;
        bool trusted;
    } cases[] = {{"critical,CA:TRUE", true}, {"keyCertSign", false}, {"CA:FALSE", false}};
    EVP_PKEY *key = EVP_EC_gen("P-256");

    (void)state;
    assert_non_null(key);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pk_bytes root = to_der(issue("root", key, "root", key, "critical,CA:TRUE"));
        struct pk_bytes path[] = {to_der(issue("leaf", key, "middle", key, "CA:FALSE")),
                                  to_der(issue("middle", key, "root", key, cases[i].middle))};
        bool trusted = !cases[i].trusted;

        assert_status(pk_certificate_path_verify(path, 2, &root, 1, IN_2025, &trusted), PK_OK);
        assert_int_equal(trusted, cases[i].trusted);
        pk_bytes_clear(&path[0]);
        pk_bytes_clear(&path[1]);
        pk_bytes_clear(&root);
    }
    EVP_PKEY_free(key);
}

/* Two anchors of one name, one of which signed nothing here. */
static void anchors_of_one_name(void **state)
{
    const char *const path[] = {sample_leaf};
    const char *const one_order[] = {sample_impostor, sample_root};
    const char *const other_order[] = {sample_root, sample_impostor};

    (void)state;
    assert_true(trusted_path(path, 1, one_order, 2));
    assert_true(trusted_path(path, 1, other_order, 2));
    assert_false(trusted_path(path, 1, one_order, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parsing),
        cmocka_unit_test(fields),
        cmocka_unit_test(fido_extensions),
        cmocka_unit_test(keys),
        cmocka_unit_test(signatures),
        cmocka_unit_test(paths),
        cmocka_unit_test(intermediates),
        cmocka_unit_test(constraints_make_a_ca),
        cmocka_unit_test(anchors_of_one_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
