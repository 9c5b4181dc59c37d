/* SPDX-License-Identifier: BSD-2-Clause */
/* Public host keys, against the vectors tests/vectors/host_keys that begin with key. */
#include "common/wire/host_key.h"

#include "tests/unit/wire_support.h"

#include "common/webauthn/crypto.h"

static void fingerprint_of(const struct pk_bytes *key, char ret[PK_FINGERPRINT_SIZE])
{
    uint8_t hash[PK_HASH_SIZE];

    pk_sha256(pk_view_of(key), hash);
    pk_fingerprint_write(hash, ret);
}

static void check_key(const char *name, struct pk_bytes *content)
{
    struct pk_view rest = pk_view_of(content), line = pk_text_take_line(&rest);
    PK_AUTO_BYTES struct pk_bytes key = {0};
    char fingerprint[PK_FINGERPRINT_SIZE];
    enum pk_status status = pk_host_key_line_parse(line, &key);

    if (status != PK_OK)
        fail_msg("%s: %s", name, pk_status_name(status));
    fingerprint_of(&key, fingerprint);
    if (!pk_view_equal(pk_view_string(fingerprint), pk_text_take_line(&rest)))
        fail_msg("%s: %s", name, fingerprint);
}

static void check_bad_key(const char *name, struct pk_bytes *content)
{
    PK_AUTO_BYTES struct pk_bytes key = {0};
    struct pk_view rest = pk_view_of(content);

    if (!strstr(name, "--key"))
        return;
    check_vector_status(name, pk_host_key_line_parse(pk_text_take_line(&rest), &key));
    assert_null(key.data);
}

static void keys(void **state)
{
    (void)state;
    each_vector("host_keys/valid", "key", check_key);
    each_vector("host_keys/invalid", "", check_bad_key);
}

/* Cut anywhere it is another key or none, never the same; so it is with a byte more. */
static void check_cut(const char *name, struct pk_bytes *content)
{
    struct pk_view rest = pk_view_of(content), line = pk_text_take_line(&rest), type, base64;
    PK_AUTO_BYTES struct pk_bytes blob = {0}, key = {0}, longer = {0};
    PK_AUTO_FREE char *text = NULL;

    type = pk_text_take_word(&line);
    base64 = pk_text_take_word(&line);
    assert_status(pk_base64_decode(base64, PK_HOST_KEY_MAX, &blob), PK_OK);
    assert_status(pk_host_key_parse(type, base64, &key), PK_OK);
    for (size_t len = 0; len < blob.len; len++) {
        PK_AUTO_FREE char *cut = pk_base64_encode((struct pk_view){blob.data, len});
        PK_AUTO_BYTES struct pk_bytes other = {0};
        enum pk_status status = pk_host_key_parse(type, pk_view_string(cut), &other);

        /* The rest of a certificate, behind the key, is the signature's concern. */
        if (status == PK_OK && !strstr(name, "-cert-") &&
            pk_view_equal(pk_view_of(&other), pk_view_of(&key)))
            fail_msg("%s cut to %zu bytes", name, len);
        if (len < 4 + type.len)
            assert_int_not_equal(status, PK_OK);
    }
    blob.data = realloc(blob.data, blob.len + 1);
    blob.data[blob.len++] = 0;
    text = pk_base64_encode(pk_view_of(&blob));
    assert_status(pk_host_key_parse(type, pk_view_string(text), &longer), PK_OK);
    assert_int_equal(pk_view_equal(pk_view_of(&longer), pk_view_of(&key)),
                     strstr(name, "-cert-") != NULL);
}

static void keys_cut(void **state)
{
    (void)state;
    each_vector("host_keys/valid", "key", check_cut);
}

static void fingerprints(void **state)
{
    static const char good[] = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings list = {0};
    const struct pk_bytes nothing = {0};
    char text[PK_FINGERPRINT_SIZE + 1];

    (void)state;
    fingerprint_of(&nothing, text);
    assert_string_equal(text, good);
    assert_true(pk_fingerprint_valid(pk_view_string(good)));
    for (size_t len = 0; len < strlen(good); len++)
        assert_false(pk_fingerprint_valid((struct pk_view){(const uint8_t *)good, len}));
    (void)snprintf(text, sizeof(text), "%s=", good);
    assert_false(pk_fingerprint_valid(pk_view_string(text)));
    text[sizeof(good) - 2] = 'V'; /* bits behind the hash */
    text[sizeof(good) - 1] = 0;
    assert_false(pk_fingerprint_valid(pk_view_string(text)));
    assert_false(
        pk_fingerprint_valid(pk_view_string("SHA256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")));
    assert_false(
        pk_fingerprint_valid(pk_view_string("sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU")));

    assert_status(pk_fingerprints_add(&list, good), PK_OK);
    assert_status(pk_fingerprints_add(&list, good), PK_OK);
    assert_int_equal(list.count, 1);
    assert_true(pk_fingerprints_contain(&list, good));
    assert_false(pk_fingerprints_contain(&list, "SHA256:"));
    for (unsigned i = 1; i < PK_HOST_KEYS_MAX; i++) {
        (void)snprintf(text, sizeof(text), "%u", i);
        assert_status(pk_fingerprints_add(&list, text), PK_OK);
    }
    assert_status(pk_fingerprints_add(&list, "one more"), PK_TOO_LARGE);
    assert_status(pk_fingerprints_add(&list, good), PK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),
        cmocka_unit_test(keys_cut),
        cmocka_unit_test(fingerprints),
    };

    return cmocka_run_group_tests_name("host_key", tests, NULL, NULL);
}
