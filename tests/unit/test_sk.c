/* SPDX-License-Identifier: BSD-2-Clause */
/* Security key types against the vectors under tests/vectors/sk (made by make.py). */
#include "common/wire/sk.h"

#include "common/base/writer.h"
#include "tests/unit/wire_support.h"

/* ---- keys ---- */

static enum pk_status parse_key(struct pk_view blob)
{
    struct pk_sk_key key;

    return pk_sk_key_parse(blob, &key);
}

/* The blob once more, out of what was read from it. */
static struct pk_bytes rebuilt_key(const struct pk_sk_key *key)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(4096);
    uint8_t point[65] = {4};
    struct pk_bytes blob = {0};

    memcpy(point + 1, key->point, sizeof(key->point));
    if (key->type == PK_SK_ECDSA) {
        pk_writer_text(&writer, "sk-ecdsa-sha2-nistp256@openssh.com");
        pk_writer_text(&writer, "nistp256");
        pk_writer_string(&writer, (struct pk_view){point, sizeof(point)});
    } else {
        pk_writer_text(&writer, "sk-ssh-ed25519@openssh.com");
        pk_writer_string(&writer, (struct pk_view){key->point, 32});
    }
    pk_writer_text(&writer, key->application);
    assert_status(pk_writer_finish(&writer, &blob), PK_OK);
    return blob;
}

static void check_cut(const char *name, struct pk_bytes *content,
                      enum pk_status (*parse)(struct pk_view))
{
    for (size_t len = 0; len < content->len; len++) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};

        assert_status(pk_bytes_copy((struct pk_view){content->data, len}, &cut), PK_OK);
        if (parse(pk_view_of(&cut)) != PK_TRUNCATED)
            fail_msg("%s cut to %zu bytes: %s", name, len, pk_status_name(parse(pk_view_of(&cut))));
    }
    assert_status(parse((struct pk_view){content->data, content->len + 1}), PK_TRAILING_DATA);
}

static void check_key(const char *name, struct pk_bytes *content)
{
    struct pk_sk_key key;
    PK_AUTO_BYTES struct pk_bytes again = {0};

    if (pk_sk_key_parse(pk_view_of(content), &key) != PK_OK)
        fail_msg("%s was refused", name);
    again = rebuilt_key(&key);
    if (!pk_view_equal(pk_view_of(&again), pk_view_of(content)))
        fail_msg("%s was read otherwise", name);
    check_cut(name, content, parse_key);
}

static void check_bad_key(const char *name, struct pk_bytes *content)
{
    struct pk_sk_key key = {.application = "untouched"};

    if (!strstr(name, "--key"))
        return;
    check_vector_status(name, pk_sk_key_parse(pk_view_of(content), &key));
    assert_string_equal(key.application, "untouched");
}

static void keys(void **state)
{
    PK_AUTO_BYTES struct pk_bytes ed25519 = read_vector("sk/valid", "key-ed25519.bin");
    struct pk_sk_key key;

    (void)state;
    each_vector("sk/valid", "key", check_key);
    each_vector("sk/invalid", "", check_bad_key);
    assert_status(pk_sk_key_parse(pk_view_of(&ed25519), &key), PK_OK);
    assert_int_equal(key.type, PK_SK_ED25519);
    assert_string_equal(key.application, "ssh:");
}

/* ---- lines ---- */

static enum pk_status parse_line(struct pk_view line, struct pk_bytes *ret_blob, char **ret_comment)
{
    struct pk_sk_key key;
    struct pk_sk_key from_blob;
    enum pk_status status = pk_sk_public_line_parse(line, &key, ret_blob, ret_comment);

    if (status == PK_OK) {
        assert_status(pk_sk_key_parse(pk_view_of(ret_blob), &from_blob), PK_OK);
        assert_int_equal(key.type, from_blob.type);
        assert_memory_equal(key.point, from_blob.point, sizeof(key.point));
        assert_string_equal(key.application, from_blob.application);
    }
    return status;
}

static void check_line(const char *name, struct pk_bytes *content)
{
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    PK_AUTO_BYTES struct pk_bytes expected =
        read_vector("sk/valid", strstr(name, "ecdsa") ? "key-ecdsa.bin" : "key-ed25519.bin");
    PK_AUTO_FREE char *comment = NULL;

    assert_status(parse_line(pk_view_of(content), &blob, &comment), PK_OK);
    assert_true(pk_view_equal(pk_view_of(&blob), pk_view_of(&expected)));
}

static void check_bad_line(const char *name, struct pk_bytes *content)
{
    struct pk_bytes blob = {0};
    char *comment = NULL;

    if (!strstr(name, "--line"))
        return;
    check_vector_status(name, parse_line(pk_view_of(content), &blob, &comment));
    assert_null(blob.data);
    assert_null(comment);
}

static void check_comment(const char *name, const char *expected)
{
    PK_AUTO_BYTES struct pk_bytes content = read_vector("sk/valid", name);
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    PK_AUTO_FREE char *comment = NULL;

    assert_status(parse_line(pk_view_of(&content), &blob, &comment), PK_OK);
    if (!expected)
        assert_null(comment);
    else
        assert_string_equal(comment, expected);
}

static void lines(void **state)
{
    (void)state;
    each_vector("sk/valid", "line", check_line);
    each_vector("sk/invalid", "", check_bad_line);
    check_comment("line-ecdsa.txt", "alice@laptop");
    check_comment("line-ed25519.txt", "Alice's key, J\xc3\xb6rg has it too");
    check_comment("line-ed25519-no-comment.txt", NULL);
    check_comment("line-ed25519-control.txt", "a?[2Jb");
    check_comment("line-ed25519-blanks.txt", "alice");
}

/* A line cut within its key is refused; cut behind that, it only loses comment. */
static void lines_cut(void **state)
{
    PK_AUTO_BYTES struct pk_bytes line = read_vector("sk/valid", "line-ed25519-no-comment.txt");

    (void)state;
    for (size_t len = 0; len < line.len; len++) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};
        struct pk_bytes blob = {0};
        char *comment = NULL;

        assert_status(pk_bytes_copy((struct pk_view){line.data, len}, &cut), PK_OK);
        if (parse_line(pk_view_of(&cut), &blob, &comment) == PK_OK)
            fail_msg("cut to %zu characters it was accepted", len);
    }
}

/* ---- signatures ---- */

static enum pk_status parse_signature(struct pk_view blob)
{
    PK_AUTO_SK_SIGNATURE struct pk_sk_signature signature = {0};

    return pk_sk_signature_parse(blob, &signature);
}

static void check_signature(const char *name, struct pk_bytes *content)
{
    check_cut(name, content, parse_signature);
    if (parse_signature(pk_view_of(content)) != PK_OK)
        fail_msg("%s was refused", name);
}

static void check_bad_signature(const char *name, struct pk_bytes *content)
{
    struct pk_sk_signature signature = {.counter = 99};

    if (!strstr(name, "--signature"))
        return;
    check_vector_status(name, pk_sk_signature_parse(pk_view_of(content), &signature));
    assert_int_equal(signature.counter, 99);
}

static void read_signature(const char *name, struct pk_sk_signature *ret)
{
    PK_AUTO_BYTES struct pk_bytes content = read_vector("sk/valid", name);

    assert_status(pk_sk_signature_parse(pk_view_of(&content), ret), PK_OK);
}

static void signatures(void **state)
{
    PK_AUTO_SK_SIGNATURE struct pk_sk_signature ed25519 = {0};
    PK_AUTO_SK_SIGNATURE struct pk_sk_signature wide = {0};
    PK_AUTO_SK_SIGNATURE struct pk_sk_signature small = {0};
    PK_AUTO_BYTES struct pk_bytes wide_der =
        unhex("3046022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"
              "022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550");
    PK_AUTO_BYTES struct pk_bytes small_der =
        unhex("301f020101021a7f00000000000000000000000000000000000000000000000000");

    (void)state;
    each_vector("sk/valid", "signature", check_signature);
    each_vector("sk/invalid", "", check_bad_signature);
    read_signature("signature-ed25519-verified.bin", &ed25519);
    assert_int_equal(ed25519.type, PK_SK_ED25519);
    assert_int_equal(ed25519.flags, 5);
    assert_int_equal(ed25519.counter, UINT32_MAX);
    assert_int_equal(ed25519.signature.len, 64);
    read_signature("signature-ecdsa-wide.bin", &wide);
    assert_int_equal(wide.type, PK_SK_ECDSA);
    assert_int_equal(wide.flags, 255);
    assert_true(pk_view_equal(pk_view_of(&wide.signature), pk_view_of(&wide_der)));
    read_signature("signature-ecdsa-short.bin", &small);
    assert_int_equal(small.counter, 7);
    assert_true(pk_view_equal(pk_view_of(&small.signature), pk_view_of(&small_der)));
}

static void signed_blob(void **state)
{
    PK_AUTO_BYTES struct pk_bytes expected = read_vector("sk/valid", "sshsig.bin");
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    uint8_t hash[PK_HASH_SIZE];

    (void)state;
    assert_true(expected.len > sizeof(hash));
    memcpy(hash, expected.data + expected.len - sizeof(hash), sizeof(hash));
    assert_status(pk_sshsig_compose(hash, &blob), PK_OK);
    assert_true(pk_view_equal(pk_view_of(&blob), pk_view_of(&expected)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),       cmocka_unit_test(lines),       cmocka_unit_test(lines_cut),
        cmocka_unit_test(signatures), cmocka_unit_test(signed_blob),
    };

    return cmocka_run_group_tests_name("sk", tests, NULL, NULL);
}
