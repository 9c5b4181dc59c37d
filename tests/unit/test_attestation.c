/* SPDX-License-Identifier: BSD-2-Clause */
/* attestation.c and the formats that the samples cover; the others are in tests/vectors. */
#include "common/webauthn/attestation.h"

#include "common/base/cbor.h"
#include "common/webauthn/crypto.h"
#include "tests/unit/webauthn_ceremony.h"

struct setting {
    struct pk_requirements requirements;
    struct pk_bytes auth_data, signed_data;
    struct pk_auth_data parsed;
    uint8_t hash[PK_HASH_SIZE];
    struct pk_public_key *key;
    struct pk_attestation_subject subject;
};

static void set_up(struct setting *setting)
{
    *setting = (struct setting){.requirements = sample_requirements(PK_REGISTRATION)};
    setting->auth_data = unhex(sample_attested_data);
    assert_status(pk_auth_data_parse(pk_view_of(&setting->auth_data), &setting->parsed), PK_OK);
    assert_status(pk_public_key_parse(setting->parsed.public_key, &setting->key), PK_OK);
    pk_sha256(pk_view_string(sample_client_data_create), setting->hash);
    setting->signed_data.data = malloc(setting->auth_data.len + PK_HASH_SIZE);
    assert_non_null(setting->signed_data.data);
    setting->signed_data.len = setting->auth_data.len + PK_HASH_SIZE;
    memcpy(setting->signed_data.data, setting->auth_data.data, setting->auth_data.len);
    memcpy(setting->signed_data.data + setting->auth_data.len, setting->hash, PK_HASH_SIZE);
    setting->subject = (struct pk_attestation_subject){
        .auth_data = &setting->parsed,
        .client_data_hash = {setting->hash, PK_HASH_SIZE},
        .signed_data = pk_view_of(&setting->signed_data),
        .key = setting->key,
        .time = setting->requirements.time,
    };
}

static void tear_down(struct setting *setting)
{
    pk_requirements_clear(&setting->requirements);
    pk_bytes_clear(&setting->auth_data);
    pk_bytes_clear(&setting->signed_data);
    pk_public_key_free(setting->key);
}
#define AUTO_SETTING __attribute__((cleanup(tear_down)))

static enum pk_status attest(const struct setting *setting, const char *format, const char *hex,
                             struct pk_attestation_result *result)
{
    PK_AUTO_BYTES struct pk_bytes statement = unhex(hex);

    assert_status(pk_cbor_check(pk_view_of(&statement)), PK_OK);
    return pk_attestation_verify(&setting->requirements, &setting->subject, pk_view_string(format),
                                 pk_view_of(&statement), result);
}

#define ALG "63616c67"
#define SIG "63736967"
#define X5C "63783563"

/* "58nn" and a signature */
static void append_bytes(char *hex, const char *bytes)
{
    size_t len = strlen(bytes) / 2;

    (void)sprintf(hex + strlen(hex), len < 256 ? "58%02zx" : "59%04zx", len);
    strcat(hex, bytes);
}

/* A packed statement by the credential's own key, or by the certificate's. */
static void packed(char *hex, bool certified)
{
    strcat(hex, certified ? "a3" ALG "26" SIG : "a2" ALG "26" SIG);
    append_bytes(hex, certified ? sample_packed_signature : sample_self_signature);
    if (!certified)
        return;
    strcat(hex, X5C "81");
    append_bytes(hex, sample_leaf);
}

static void statements(void **state)
{
    static const struct {
        const char *hex;
        unsigned required, optional;
        bool right;
    } cases[] = {
        {"a0", 0, 0, true},
        {"a1" ALG "26", PK_STATEMENT_ALG, 0, true},
        {"a1" ALG "26", 0, PK_STATEMENT_ALG, true},
        {"a0", 0, PK_STATEMENT_ALG, true},
        {"a1" X5C "8140", PK_STATEMENT_X5C, 0, true},
        {"a1" X5C "884040404040404040", PK_STATEMENT_X5C, 0, true},
        {"a163766572626f6b", PK_STATEMENT_VER, 0, true},
        {"a16863657274496e666f40", PK_STATEMENT_CERT_INFO, 0, true},
        {"a1677075624172656140", PK_STATEMENT_PUB_AREA, 0, true},
        {"a168726573706f6e736540", PK_STATEMENT_RESPONSE, 0, true},
        {"80", 0, 0, false},
        {"a0", PK_STATEMENT_ALG, 0, false},
        {"a1" ALG "26", 0, 0, false},
        {"a1" ALG "26", PK_STATEMENT_SIG, PK_STATEMENT_ALG, false},
        {"a1" ALG "6126", PK_STATEMENT_ALG, 0, false},
        {"a1" SIG "6126", PK_STATEMENT_SIG, 0, false},
        {"a1" X5C "40", PK_STATEMENT_X5C, 0, false},
        {"a1" X5C "80", PK_STATEMENT_X5C, 0, false},
        {"a1" X5C "8160", PK_STATEMENT_X5C, 0, false},
        {"a1" X5C "89404040404040404040", PK_STATEMENT_X5C, 0, false},
        {"a1617801", 0, ~0U, false},
        {"a10101", 0, ~0U, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_BYTES struct pk_bytes bytes = unhex(cases[i].hex);
        struct pk_statement statement;
        enum pk_status status = pk_statement_parse(pk_view_of(&bytes), cases[i].required,
                                                   cases[i].optional, &statement);

        if (status != (cases[i].right ? PK_OK : PK_ATTESTATION_STATEMENT_MALFORMED))
            fail_msg("%s: %s", cases[i].hex, pk_status_name(status));
    }
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(pk_attestation_type_name(PK_ATTESTATION_TYPE_NONE), "None");
    assert_string_equal(pk_attestation_type_name(PK_ATTESTATION_TYPE_SELF), "Self");
    assert_string_equal(pk_attestation_type_name(PK_ATTESTATION_TYPE_BASIC), "Basic");
    assert_string_equal(pk_attestation_type_name(PK_ATTESTATION_TYPE_ATTCA), "AttCA");
    assert_string_equal(pk_attestation_type_name(PK_ATTESTATION_TYPE_ANONCA), "AnonCA");
    assert_string_equal(pk_trust_name(PK_TRUST_UNKNOWN), "unknown");
    assert_string_equal(pk_trust_name(PK_TRUST_NO), "no");
    assert_string_equal(pk_trust_name(PK_TRUST_YES), "yes");
}

static void formats(void **state)
{
    AUTO_SETTING struct setting setting;
    struct pk_attestation_result result;

    (void)state;
    set_up(&setting);
    assert_status(attest(&setting, "none", "a0", &result), PK_OK);
    assert_int_equal(result.type, PK_ATTESTATION_TYPE_NONE);
    assert_status(attest(&setting, "none", "a1617801", &result),
                  PK_ATTESTATION_STATEMENT_MALFORMED);
    assert_status(attest(&setting, "", "a0", &result), PK_ATTESTATION_FORMAT_UNKNOWN);
    assert_status(attest(&setting, "None", "a0", &result), PK_ATTESTATION_FORMAT_UNKNOWN);
    assert_status(attest(&setting, "none ", "a0", &result), PK_ATTESTATION_FORMAT_UNKNOWN);
    assert_status(attest(&setting, "packed", "a0", &result), PK_ATTESTATION_STATEMENT_MALFORMED);
    assert_status(attest(&setting, "tpm", "a0", &result), PK_ATTESTATION_STATEMENT_MALFORMED);
    assert_status(attest(&setting, "apple", "a0", &result), PK_ATTESTATION_STATEMENT_MALFORMED);
    assert_status(attest(&setting, "fido-u2f", "a0", &result), PK_ATTESTATION_STATEMENT_MALFORMED);
    assert_status(attest(&setting, "android-key", "a0", &result),
                  PK_ATTESTATION_STATEMENT_MALFORMED);
    assert_status(attest(&setting, "android-safetynet", "a0", &result),
                  PK_ATTESTATION_STATEMENT_MALFORMED);
}

static void self_attestation(void **state)
{
    AUTO_SETTING struct setting setting;
    struct pk_attestation_result result;
    char hex[4000] = "";

    (void)state;
    set_up(&setting);
    packed(hex, false);
    assert_status(attest(&setting, "packed", hex, &result), PK_OK);
    assert_int_equal(result.type, PK_ATTESTATION_TYPE_SELF);
    assert_int_equal(result.trust, PK_TRUST_NO);
    hex[11] = '8'; /* alg -9 */
    assert_status(attest(&setting, "packed", hex, &result), PK_ATTESTATION_ALGORITHM_MISMATCH);
    hex[11] = '6';
    setting.signed_data.data[0] ^= 1;
    assert_status(attest(&setting, "packed", hex, &result), PK_ATTESTATION_SIGNATURE_INVALID);
}

static void trust(void **state)
{
    AUTO_SETTING struct setting setting;
    struct pk_attestation_result result;
    char hex[4000] = "";

    (void)state;
    set_up(&setting);
    packed(hex, true);
    assert_status(attest(&setting, "packed", hex, &result), PK_OK);
    assert_int_equal(result.type, PK_ATTESTATION_TYPE_BASIC);
    assert_int_equal(result.trust, PK_TRUST_UNKNOWN);
    setting.requirements.trust_anchors = calloc(1, sizeof(struct pk_bytes));
    assert_non_null(setting.requirements.trust_anchors);
    setting.requirements.trust_anchors[0] = unhex(sample_root);
    setting.requirements.trust_anchor_count = 1;
    assert_status(attest(&setting, "packed", hex, &result), PK_OK);
    assert_int_equal(result.trust, PK_TRUST_YES);
    setting.subject.time = 0;
    assert_status(attest(&setting, "packed", hex, &result), PK_OK);
    assert_int_equal(result.trust, PK_TRUST_NO);
    /* Anchors make nothing trusted that has no path. */
    assert_status(attest(&setting, "none", "a0", &result), PK_OK);
    assert_int_equal(result.trust, PK_TRUST_NO);
}

#define FMT       "a263666d74"
#define STATEMENT "6761747453746d74"
#define NONE      FMT "646e6f6e65" STATEMENT "a0"

static void compound(void **state)
{
    AUTO_SETTING struct setting setting;
    struct pk_attestation_result result;
    char hex[8000] = "83" NONE FMT "667061636b6564" STATEMENT;

    (void)state;
    set_up(&setting);
    assert_status(attest(&setting, "compound", "82" NONE NONE, &result), PK_OK);
    assert_int_equal(result.type, PK_ATTESTATION_TYPE_NONE);
    packed(hex, false);
    strcat(hex, FMT "667061636b6564" STATEMENT);
    packed(hex, true);
    assert_status(attest(&setting, "compound", hex, &result), PK_OK);
    assert_int_equal(result.type, PK_ATTESTATION_TYPE_BASIC);
    /* The best, wherever it stands. */
    (void)strcpy(hex, "82" FMT "667061636b6564" STATEMENT);
    packed(hex, true);
    strcat(hex, NONE);
    assert_status(attest(&setting, "compound", hex, &result), PK_OK);
    assert_int_equal(result.type, PK_ATTESTATION_TYPE_BASIC);
    assert_status(attest(&setting, "compound", "80", &result), PK_COMPOUND_MALFORMED);
    assert_status(attest(&setting, "compound", "81" NONE, &result), PK_COMPOUND_MALFORMED);
    assert_status(attest(&setting, "compound", "a0", &result), PK_COMPOUND_MALFORMED);
    assert_status(attest(&setting, "compound", "82" NONE "f6", &result), PK_COMPOUND_MALFORMED);
    assert_status(attest(&setting, "compound", "82" NONE "a0", &result), PK_COMPOUND_MALFORMED);
    assert_status(attest(&setting, "compound", "82" NONE "a26178f66179f6", &result),
                  PK_COMPOUND_MALFORMED);
    assert_status(attest(&setting, "compound",
                         "82" NONE FMT "68636f6d706f756e64" STATEMENT "82" NONE NONE, &result),
                  PK_COMPOUND_MALFORMED);
    assert_status(attest(&setting, "compound", "82" NONE FMT "6178" STATEMENT "a0", &result),
                  PK_ATTESTATION_FORMAT_UNKNOWN);
    assert_status(
        attest(&setting, "compound", "89" NONE NONE NONE NONE NONE NONE NONE NONE NONE, &result),
        PK_COMPOUND_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements),       cmocka_unit_test(names), cmocka_unit_test(formats),
        cmocka_unit_test(self_attestation), cmocka_unit_test(trust), cmocka_unit_test(compound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
