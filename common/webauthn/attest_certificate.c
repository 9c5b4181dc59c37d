/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/attest_certificate.h"

#include "common/base/reader.h"
#include "common/base/text.h"
#include "common/webauthn/attest_x509.h"
#include "common/webauthn/der.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

struct pk_certificate {
    X509 *x509;
};

PK_DEFINE_CLEANUP(ASN1_OBJECT *, ASN1_OBJECT_free);
PK_DEFINE_CLEANUP(X509_STORE_CTX *, X509_STORE_CTX_free);
PK_DEFINE_CLEANUP(GENERAL_NAMES *, GENERAL_NAMES_free);
PK_DEFINE_CLEANUP(EXTENDED_KEY_USAGE *, EXTENDED_KEY_USAGE_free);

/* The stack without its certificates. */
static void free_stack_only(STACK_OF(X509) * stack)
{
    sk_X509_free(stack);
}
PK_DEFINE_CLEANUP(STACK_OF(X509) *, free_stack_only);

static void free_stack(STACK_OF(X509) * *stack)
{
    sk_X509_pop_free(*stack, X509_free);
}

void pk_certificate_free(struct pk_certificate *certificate)
{
    if (!certificate)
        return;
    X509_free(certificate->x509);
    free(certificate);
}

enum pk_status pk_certificate_parse(struct pk_view der, struct pk_certificate **ret)
{
    PK_AUTO_CERTIFICATE struct pk_certificate *certificate = calloc(1, sizeof(*certificate));

    if (!certificate)
        return PK_NO_MEMORY;
    certificate->x509 = pk_x509_parse(der);
    if (!certificate->x509)
        return PK_CERTIFICATE_MALFORMED;
    *ret = pk_steal(certificate);
    return PK_OK;
}

enum pk_status pk_certificate_key(const struct pk_certificate *certificate, EVP_PKEY **ret)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate->x509);

    ERR_clear_error();
    if (!key)
        return PK_CERTIFICATE_KEY;
    *ret = key;
    return PK_OK;
}

bool pk_certificate_has_p256_key(const struct pk_certificate *certificate)
{
    EVP_PKEY *key;
    char group[32];
    size_t len = 0;
    bool p256 = pk_certificate_key(certificate, &key) == PK_OK && EVP_PKEY_is_a(key, "EC") &&
                EVP_PKEY_get_group_name(key, group, sizeof(group), &len) &&
                strcmp(group, "prime256v1") == 0;

    ERR_clear_error();
    return p256;
}

bool pk_certificate_has_key(const struct pk_certificate *certificate,
                            const struct pk_public_key *key)
{
    EVP_PKEY *evp;
    bool same = pk_certificate_key(certificate, &evp) == PK_OK &&
                EVP_PKEY_eq(evp, pk_public_key_evp(key)) == 1;

    ERR_clear_error();
    return same;
}

enum pk_status pk_certificate_verify_signature(const struct pk_certificate *certificate,
                                               int64_t algorithm, struct pk_view message,
                                               struct pk_view signature)
{
    const struct pk_algorithm *row = pk_algorithm_find(algorithm);
    PK_AUTO_PUBLIC_KEY struct pk_public_key *key = NULL;
    EVP_PKEY *evp;
    enum pk_status status = pk_certificate_key(certificate, &evp);

    if (status != PK_OK)
        return status;
    if (!row)
        return PK_ALGORITHM_UNSUPPORTED;
    status = pk_public_key_wrap(row, evp, &key);
    if (status == PK_CERTIFICATE_KEY)
        return PK_ATTESTATION_ALGORITHM_MISMATCH;
    if (status == PK_OK)
        status = pk_signature_verify(key, message, signature);
    if (status == PK_SIGNATURE_INVALID || status == PK_SIGNATURE_MALFORMED)
        return PK_ATTESTATION_SIGNATURE_INVALID;
    return status;
}

enum pk_status pk_certificate_check_leaf(const struct pk_certificate *certificate)
{
    uint32_t flags = X509_get_extension_flags(certificate->x509);

    if (X509_get_version(certificate->x509) != X509_VERSION_3)
        return PK_CERTIFICATE_VERSION;
    if (!(flags & EXFLAG_BCONS) || (flags & EXFLAG_CA))
        return PK_CERTIFICATE_CA;
    return PK_OK;
}

/* The one attribute of that kind as UTF-8; false when it is not there exactly once, or empty. */
static bool subject_attribute(const struct pk_certificate *certificate, int nid, uint8_t **ret_text,
                              size_t *ret_len)
{
    const X509_NAME *name = X509_get_subject_name(certificate->x509);
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    uint8_t *text = NULL;
    int len;

    if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0)
        return false;
    len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (len <= 0 || !pk_utf8_valid((struct pk_view){text, (size_t)len})) {
        OPENSSL_free(text);
        ERR_clear_error();
        return false;
    }
    *ret_text = text;
    *ret_len = (size_t)len;
    return true;
}

static bool subject_has(const struct pk_certificate *certificate, int nid, const char *wanted)
{
    uint8_t *text;
    size_t len;
    bool same;

    if (!subject_attribute(certificate, nid, &text, &len))
        return false;
    same = !wanted || pk_view_equal((struct pk_view){text, len}, pk_view_string(wanted));
    OPENSSL_free(text);
    return same;
}

/* ISO 3166-1 alpha-2: two capital letters. */
static bool subject_has_country(const struct pk_certificate *certificate)
{
    uint8_t *text;
    size_t len;
    bool letters;

    if (!subject_attribute(certificate, NID_countryName, &text, &len))
        return false;
    letters = len == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z';
    OPENSSL_free(text);
    return letters;
}

enum pk_status pk_certificate_check_packed_subject(const struct pk_certificate *certificate)
{
    if (subject_has_country(certificate) && subject_has(certificate, NID_organizationName, NULL) &&
        subject_has(certificate, NID_organizationalUnitName, "Authenticator Attestation") &&
        subject_has(certificate, NID_commonName, NULL))
        return PK_OK;
    return PK_CERTIFICATE_SUBJECT;
}

enum pk_status pk_certificate_extension(const struct pk_certificate *certificate, const char *oid,
                                        struct pk_view *ret_value, bool *ret_critical)
{
    PK_CLEANUP(ASN1_OBJECT_free) ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    X509_EXTENSION *extension;
    const ASN1_OCTET_STRING *value;
    int at;

    if (!object)
        return PK_NO_MEMORY;
    at = X509_get_ext_by_OBJ(certificate->x509, object, -1);
    if (at < 0)
        return PK_NOT_FOUND;
    if (X509_get_ext_by_OBJ(certificate->x509, object, at) >= 0)
        return PK_CERTIFICATE_MALFORMED;
    extension = X509_get_ext(certificate->x509, at);
    value = X509_EXTENSION_get_data(extension);
    *ret_value = (struct pk_view){ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
    *ret_critical = X509_EXTENSION_get_critical(extension);
    return PK_OK;
}

enum pk_status pk_certificate_check_aaguid(const struct pk_certificate *certificate,
                                           struct pk_view aaguid)
{
    struct pk_view value;
    struct pk_reader reader;
    bool critical;
    enum pk_status status =
        pk_certificate_extension(certificate, "1.3.6.1.4.1.45724.1.1.4", &value, &critical);

    if (status == PK_NOT_FOUND)
        return PK_OK;
    if (status != PK_OK)
        return status;
    /* An OCTET STRING within the extension's own. */
    reader = pk_reader_new(value);
    value = pk_der_expect(&reader, PK_DER_OCTET_STRING);
    if (pk_reader_finish(&reader) != PK_OK || critical || !pk_view_equal(value, aaguid))
        return PK_CERTIFICATE_AAGUID;
    return PK_OK;
}

/* An extension that may be absent: not critical, and one element of that tag. */
static enum pk_status check_extension(const struct pk_certificate *certificate, const char *oid,
                                      uint32_t tag, struct pk_view *ret_value)
{
    struct pk_reader reader;
    struct pk_view value;
    bool critical;
    enum pk_status status = pk_certificate_extension(certificate, oid, &value, &critical);

    if (status == PK_NOT_FOUND) {
        *ret_value = (struct pk_view){NULL, 0};
        return PK_OK;
    }
    if (status != PK_OK)
        return status;
    reader = pk_reader_new(value);
    *ret_value = pk_der_expect(&reader, tag);
    if (pk_reader_finish(&reader) != PK_OK || critical || ret_value->len == 0)
        return PK_CERTIFICATE_EXTENSION;
    return PK_OK;
}

enum pk_status pk_certificate_check_model_extensions(const struct pk_certificate *certificate)
{
    struct pk_view version, serial;
    enum pk_status status =
        check_extension(certificate, "1.3.6.1.4.1.45724.1.1.5", PK_DER_INTEGER, &version);

    if (status == PK_OK)
        status =
            check_extension(certificate, "1.3.6.1.4.1.45724.1.1.2", PK_DER_OCTET_STRING, &serial);
    if (status == PK_OK && version.len > 0 && (version.ptr[0] & 0x80))
        status = PK_CERTIFICATE_EXTENSION;
    return status;
}

/* "id:" and a vendor of the TCG's registry, four bytes in hex; new vendors need no new release. */
static bool is_manufacturer(struct pk_view text)
{
    if (text.len != 11 || memcmp(text.ptr, "id:", 3) != 0)
        return false;
    for (size_t i = 3; i < text.len; i++)
        if (!memchr("0123456789abcdefABCDEF", text.ptr[i], 22))
            return false;
    return true;
}

enum { AIK_ATTRIBUTES = 3 };

/* TCG EK credential profile section 3.2.9: which of the three attributes a directory name has. */
static unsigned aik_attributes(const X509_NAME *name)
{
    /* manufacturer, model, version */
    static const char *const oids[AIK_ATTRIBUTES] = {"2.23.133.2.1", "2.23.133.2.2",
                                                     "2.23.133.2.3"};
    unsigned found = 0;

    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        const ASN1_STRING *string = X509_NAME_ENTRY_get_data(entry);
        struct pk_view text = {ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)};
        char oid[32];

        (void)OBJ_obj2txt(oid, sizeof(oid), X509_NAME_ENTRY_get_object(entry), 1);
        for (unsigned k = 0; k < AIK_ATTRIBUTES; k++)
            if (strcmp(oid, oids[k]) == 0 && text.len > 0 && (k > 0 || is_manufacturer(text)))
                found |= 1U << k;
    }
    return found;
}

static bool has_aik_alternative_name(X509 *x509)
{
    int critical = 0;
    PK_CLEANUP(GENERAL_NAMES_free)
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, &critical, NULL);
    unsigned found = 0;

    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_DIRNAME)
            found |= aik_attributes(name->d.directoryName);
    }
    ERR_clear_error();
    /* Critical, for it stands in for the subject (RFC 5280 section 4.2.1.6). */
    return critical == 1 && found == (1U << AIK_ATTRIBUTES) - 1;
}

/* tcg-kp-AIKCertificate */
static bool has_aik_usage(X509 *x509)
{
    PK_CLEANUP(EXTENDED_KEY_USAGE_free)
    EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
    bool found = false;

    for (int i = 0; usage && i < sk_ASN1_OBJECT_num(usage); i++) {
        char oid[32];

        (void)OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usage, i), 1);
        found = found || strcmp(oid, "2.23.133.8.3") == 0;
    }
    ERR_clear_error();
    return found;
}

enum pk_status pk_certificate_check_aik(const struct pk_certificate *certificate)
{
    if (X509_NAME_entry_count(X509_get_subject_name(certificate->x509)) != 0)
        return PK_CERTIFICATE_SUBJECT;
    if (!has_aik_alternative_name(certificate->x509))
        return PK_CERTIFICATE_ALT_NAME;
    return has_aik_usage(certificate->x509) ? PK_OK : PK_CERTIFICATE_KEY_USAGE;
}

bool pk_certificate_names_host(const struct pk_certificate *certificate, const char *host)
{
    return X509_check_host(certificate->x509, host, 0, X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1;
}

static STACK_OF(X509) * parse_stack(const struct pk_bytes *certificates, size_t count)
{
    STACK_OF(X509) *stack = sk_X509_new_null();

    for (size_t i = 0; stack && i < count; i++) {
        X509 *x509 = pk_x509_parse(pk_view_of(&certificates[i]));

        if (!x509 || sk_X509_push(stack, x509) <= 0) {
            X509_free(x509);
            sk_X509_pop_free(stack, X509_free);
            return NULL;
        }
    }
    return stack;
}

/*
 * RFC 5280 section 6.1.4 (k): between the attestation certificate and the anchor stand CAs by their
 * basic constraints. OpenSSL alone would accept less.
 */
static bool intermediates_are_cas(STACK_OF(X509) * chain)
{
    for (int i = 1; i < sk_X509_num(chain) - 1; i++)
        if (X509_check_ca(sk_X509_value(chain, i)) != 1)
            return false;
    return true;
}

/*
 * An anchor may be any certificate of the path, the first included (WebAuthn 7.1 step 24), so a
 * partial chain is enough. The purposes of TLS are not asked for.
 */
static bool leads_to(STACK_OF(X509) * path, X509 *anchor, time_t time)
{
    PK_CLEANUP(X509_STORE_CTX_free) X509_STORE_CTX *context = X509_STORE_CTX_new();
    PK_CLEANUP(free_stack_only) STACK_OF(X509) *trusted = sk_X509_new_null();
    X509_VERIFY_PARAM *parameters;

    if (!context || !trusted || sk_X509_push(trusted, anchor) <= 0 ||
        !X509_STORE_CTX_init(context, NULL, sk_X509_value(path, 0), path))
        return false;
    X509_STORE_CTX_set0_trusted_stack(context, trusted);
    parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(parameters, time);
    X509_VERIFY_PARAM_set_depth(parameters, PK_X5C_MAX);
    if (!X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN) ||
        !X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY))
        return false;
    return X509_verify_cert(context) == 1 &&
           intermediates_are_cas(X509_STORE_CTX_get0_chain(context));
}

/* One anchor at a time: of several with one name, OpenSSL would try the first only. */
enum pk_status pk_certificate_path_verify(const struct pk_bytes *path, size_t path_count,
                                          const struct pk_bytes *anchors, size_t anchor_count,
                                          time_t time, bool *ret_trusted)
{
    __attribute__((cleanup(free_stack))) STACK_OF(X509) *chain = parse_stack(path, path_count);
    __attribute__((cleanup(free_stack))) STACK_OF(X509) *trusted =
        parse_stack(anchors, anchor_count);
    bool leads = false;

    if (!chain)
        return PK_CERTIFICATE_MALFORMED;
    if (!trusted)
        return PK_INVALID_ARGUMENT;
    for (int i = 0; i < sk_X509_num(trusted) && !leads; i++)
        leads = leads_to(chain, sk_X509_value(trusted, i), time);
    ERR_clear_error();
    *ret_trusted = leads;
    return PK_OK;
}
