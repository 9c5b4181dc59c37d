/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenSSH's security keys as credentials, with the vectors that ssh-keygen agrees with. */
#include "daemon/verify/sk_credential.h"

#include "common/webauthn/cose.h"
#include "common/webauthn/crypto.h"
#include "tests/unit/wire_support.h"

#include <unistd.h>

static struct pk_registration_result registered(const char *vector)
{
    struct pk_registration_result result = {0};
    PK_AUTO_BYTES struct pk_bytes blob = read_vector("sk/valid", vector);
    struct pk_sk_key key;

    assert_status(pk_sk_key_parse(pk_view_of(&blob), &key), PK_OK);
    assert_status(sk_registration(&key, &result), PK_OK);
    assert_int_equal(result.credential_id.len, SK_CREDENTIAL_ID_SIZE);
    return result;
}

static void a_key_attests_nothing(void **state)
{
    static const struct {
        const char *vector;
        int32_t algorithm;
    } cases[] = {{"key-ecdsa.bin", -7}, {"key-ed25519.bin", -8}};
    static const uint8_t zeros[PK_AAGUID_SIZE];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pk_registration_result result = registered(cases[i].vector);
        struct pk_cose_key cose;

        assert_int_equal(result.algorithm, cases[i].algorithm);
        assert_status(pk_cose_key_parse(pk_view_of(&result.public_key), &cose), PK_OK);
        assert_string_equal(result.format, "none");
        assert_memory_equal(result.aaguid, zeros, sizeof(zeros));
        assert_int_equal(result.flags, 0);
        assert_int_equal(result.sign_count, 0);
        assert_int_equal(result.transports, 0);
        assert_int_equal(result.attestation_type, PK_ATTESTATION_TYPE_NONE);
        assert_true(result.extensions.has_cred_props && !result.extensions.resident_key);
        pk_registration_result_clear(&result);
    }
}

static void the_id_is_another_each_time(void **state)
{
    struct pk_registration_result one = registered("key-ecdsa.bin");
    struct pk_registration_result two = registered("key-ecdsa.bin");

    (void)state;
    assert_true(pk_view_equal(pk_view_of(&one.public_key), pk_view_of(&two.public_key)));
    assert_false(pk_view_equal(pk_view_of(&one.credential_id), pk_view_of(&two.credential_id)));
    pk_registration_result_clear(&one);
    pk_registration_result_clear(&two);
}

/* The application and the public key, both; and nothing else of a row. */
static void which_key_a_credential_is(void **state)
{
    struct pk_registration_result mine = registered("key-ecdsa.bin");
    struct pk_registration_result other = registered("key-ed25519.bin");
    const struct pk_view public_key = pk_view_of(&mine.public_key);
    struct credential rows[] = {
        {.rp_id = (char[]){"ssh:"},
         .record = {.id = mine.credential_id, .public_key = other.public_key}},
        {.rp_id = (char[]){"ssh:"},
         .record = {.id = other.credential_id, .public_key = mine.public_key}},
    };
    const struct credential_list both = {rows, 2}, first = {rows, 1}, none = {0};
    struct pk_view shorter = public_key;
    PK_AUTO_BYTES struct pk_bytes changed = {0};

    (void)state;
    shorter.len--;
    assert_status(pk_bytes_copy(public_key, &changed), PK_OK);
    changed.data[changed.len - 1] ^= 1;
    assert_false(sk_is_credential("ssh:", pk_view_of(&changed), &rows[1]));
    assert_false(sk_is_credential("ssh:", public_key, &rows[0]));
    assert_true(sk_is_credential("ssh:", public_key, &rows[1]));
    assert_false(sk_is_credential("ssh:work", public_key, &rows[1]));
    assert_false(sk_is_credential("ssh", public_key, &rows[1]));
    assert_false(sk_is_credential("ssh:", shorter, &rows[1]));
    assert_ptr_equal(sk_find("ssh:", public_key, &both), &rows[1]);
    assert_null(sk_find("ssh:work", public_key, &both));
    assert_null(sk_find("ssh:", public_key, &first));
    assert_null(sk_find("ssh:", public_key, &none));
    pk_registration_result_clear(&mine);
    pk_registration_result_clear(&other);
}

static void keys_that_are_not_taken(void **state)
{
    PK_AUTO_BYTES struct pk_bytes blob = read_vector("sk/valid", "key-ecdsa.bin");
    struct pk_registration_result result = {0};
    struct pk_sk_key key;

    (void)state;
    assert_status(pk_sk_key_parse(pk_view_of(&blob), &key), PK_OK);
    key.point[63] ^= 1;
    assert_status(sk_registration(&key, &result), PK_KEY_POINT_INVALID);
    key.point[63] ^= 1;
    (void)strcpy(key.application, "ssh");
    assert_status(sk_registration(&key, &result), PK_RP_ID_MISMATCH);
    (void)strcpy(key.application, "Ssh:");
    assert_status(sk_registration(&key, &result), PK_RP_ID_MISMATCH);
    (void)strcpy(key.application, "web1.example.org");
    assert_status(sk_registration(&key, &result), PK_RP_ID_MISMATCH);
    key.type = PK_SK_ED25519;
    (void)strcpy(key.application, "ssh:x");
    memset(key.point, 0, sizeof(key.point)); /* of small order */
    assert_status(sk_registration(&key, &result), PK_KEY_POINT_INVALID);
}

/* The signature over the vector's SSHSIG blob, by the one verifier. */
static enum pk_status verify(const char *key, const char *signature, uint8_t flip_hash,
                             enum pk_requirement verification)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result made =
        registered(key);
    PK_AUTO_BYTES struct pk_bytes sshsig = read_vector("sk/valid", "sshsig.bin");
    PK_AUTO_BYTES struct pk_bytes blob = read_vector("sk/valid", signature);
    PK_AUTO_SK_SIGNATURE struct pk_sk_signature parsed = {0};
    PK_AUTO_BYTES struct pk_bytes data = {0};
    struct pk_authentication_result result = {0};
    const struct pk_requirements demand = {
        .ceremony = PK_AUTHENTICATION,
        .rp_id = (char[]){"ssh:"},
        .user_identified_before = true,
        .user_verification = verification,
    };
    const struct pk_credential_record record = {made.credential_id, made.public_key,
                                                .sign_count = 6};
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status;

    pk_sha256(pk_view_of(&sshsig), hash);
    hash[0] ^= flip_hash;
    assert_status(pk_sk_signature_parse(pk_view_of(&blob), &parsed), PK_OK);
    assert_status(sk_authenticator_data("ssh:", &parsed, &data), PK_OK);
    status = pk_authentication_verify(&demand, &record, hash,
                                      &(struct pk_assertion){
                                          .credential_id = pk_view_of(&record.id),
                                          .authenticator_data = pk_view_of(&data),
                                          .signature = pk_view_of(&parsed.signature),
                                      },
                                      &result);
    if (status == PK_OK)
        assert_int_equal(result.sign_count, parsed.counter);
    pk_authentication_result_clear(&result);
    return status;
}

static void what_ssh_keygen_verifies(void **state)
{
    (void)state;
    assert_status(verify("key-ecdsa.bin", "signature-ecdsa.bin", 0, PK_PREFERRED), PK_OK);
    assert_status(verify("key-ed25519.bin", "signature-ed25519.bin", 0, PK_PREFERRED), PK_OK);
    assert_status(verify("key-ed25519.bin", "signature-ed25519-verified.bin", 0, PK_REQUIRED),
                  PK_OK);
    assert_status(verify("key-ed25519.bin", "signature-ed25519.bin", 0, PK_REQUIRED),
                  PK_USER_NOT_VERIFIED);
    assert_status(verify("key-ed25519.bin", "signature-ed25519.bin", 1, PK_PREFERRED),
                  PK_SIGNATURE_INVALID);
    assert_status(verify("key-ecdsa.bin", "signature-ecdsa.bin", 1, PK_PREFERRED),
                  PK_SIGNATURE_INVALID);
    assert_status(verify("key-ecdsa.bin", "signature-ed25519.bin", 0, PK_PREFERRED),
                  PK_SIGNATURE_MALFORMED);
    assert_status(verify("key-ed25519.bin", "signature-ecdsa.bin", 0, PK_PREFERRED),
                  PK_SIGNATURE_MALFORMED);
}

static void authenticator_data_and_flags(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 256; flags++) {
        const struct pk_sk_signature signature = {.flags = (uint8_t)flags, .counter = 0x01020304};
        PK_AUTO_BYTES struct pk_bytes data = {0};
        enum pk_status wanted = flags & PK_FLAG_AT   ? PK_ATTESTED_DATA_UNEXPECTED
                                : flags & PK_FLAG_ED ? PK_EXTENSION_UNSOLICITED
                                : flags & ~(1U | 4U) ? PK_PROTOCOL
                                                     : PK_OK;
        uint8_t hash[PK_HASH_SIZE];

        assert_status(sk_authenticator_data("ssh:work", &signature, &data), wanted);
        if (wanted != PK_OK)
            continue;
        pk_sha256(pk_view_string("ssh:work"), hash);
        assert_int_equal(data.len, 37);
        assert_memory_equal(data.data, hash, sizeof(hash));
        assert_int_equal(data.data[32], flags);
        assert_memory_equal(data.data + 33, "\1\2\3\4", 4);
    }
}

/* The message and the blob as doc/protocol.md puts them, for each ceremony. */
static void questions(void **state)
{
    const uint8_t challenge[PK_CHALLENGE_SIZE] = {1, 2, 3};
    const struct pk_view view = {challenge, sizeof(challenge)};
    char host[PK_RP_ID_MAX + 1] = "";

    (void)state;
    assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
    for (int i = 0; i < 2; i++) {
        enum pk_ceremony ceremony = i ? PK_AUTHENTICATION : PK_REGISTRATION;
        PK_AUTO_FREE char *origin = pk_text_format("ssh-agent://%s", host);
        PK_AUTO_FREE char *text = NULL;
        PK_AUTO_BYTES struct pk_bytes blob = {0};
        uint8_t message[PK_HASH_SIZE], hash[PK_HASH_SIZE];
        struct sk_question question;

        assert_status(sk_question_make(ceremony, view, &question), PK_OK);
        assert_status(pk_client_data_compose(ceremony, view, origin, &text), PK_OK);
        pk_sha256(pk_view_string(text), message);
        assert_memory_equal(question.message, message, sizeof(message));
        assert_status(pk_sshsig_compose(message, &blob), PK_OK);
        pk_sha256(pk_view_of(&blob), hash);
        assert_memory_equal(question.hash, hash, sizeof(hash));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_attests_nothing),
        cmocka_unit_test(the_id_is_another_each_time),
        cmocka_unit_test(which_key_a_credential_is),
        cmocka_unit_test(keys_that_are_not_taken),
        cmocka_unit_test(what_ssh_keygen_verifies),
        cmocka_unit_test(authenticator_data_and_flags),
        cmocka_unit_test(questions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
