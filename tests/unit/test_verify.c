/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/verify.h"

#include "common/base/writer.h"
#include "common/webauthn/crypto.h"
#include "common/webauthn/signature.h"
#include "tests/unit/webauthn_ceremony.h"

/* {"fmt": "none", "attStmt": {}, "authData": …} around authenticator data */
static struct pk_bytes attestation_object(struct pk_view auth_data)
{
    PK_AUTO_BYTES struct pk_bytes start =
        unhex("a363666d74646e6f6e656761747453746d74a06861757468446174615900");
    struct pk_writer writer = pk_writer_new(PK_ATTESTATION_OBJECT_MAX);
    struct pk_bytes object = {0};

    start.data[start.len - 2] = auth_data.len < 256 ? 0x58 : 0x59;
    pk_writer_put(&writer, (struct pk_view){start.data, start.len - 1});
    if (auth_data.len >= 256)
        pk_writer_u8(&writer, (uint8_t)(auth_data.len >> 8));
    pk_writer_u8(&writer, (uint8_t)auth_data.len);
    pk_writer_put(&writer, auth_data);
    assert_status(pk_writer_finish(&writer, &object), PK_OK);
    return object;
}

/* Registers the attested sample, its flags replaced. */
static enum pk_status registers(const struct pk_requirements *requirements, uint8_t flags)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result result = {
        0};
    PK_AUTO_BYTES struct pk_bytes data = unhex(sample_attested_data);
    PK_AUTO_BYTES struct pk_bytes object = {0};
    uint8_t hash[PK_HASH_SIZE] = {0};
    enum pk_status status;

    data.data[32] = flags;
    object = attestation_object(pk_view_of(&data));
    status = pk_registration_verify(requirements, hash, pk_view_of(&object), &result);
    if (status != PK_OK)
        assert_null(result.credential_id.data);
    return status;
}

static void registration_result(void **state)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result result = {
        0};
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = sample_requirements(PK_REGISTRATION);
    PK_AUTO_BYTES struct pk_bytes data = unhex(sample_attested_data);
    PK_AUTO_BYTES struct pk_bytes id = unhex(sample_credential_id);
    PK_AUTO_BYTES struct pk_bytes key = unhex(sample_es256_key);
    PK_AUTO_BYTES struct pk_bytes object = attestation_object(pk_view_of(&data));
    uint8_t hash[PK_HASH_SIZE] = {0};

    (void)state;
    assert_status(pk_registration_verify(&requirements, hash, pk_view_of(&object), &result), PK_OK);
    assert_true(pk_view_equal(pk_view_of(&result.credential_id), pk_view_of(&id)));
    assert_true(pk_view_equal(pk_view_of(&result.public_key), pk_view_of(&key)));
    assert_int_equal(result.algorithm, -7);
    assert_int_equal(result.aaguid[0], 0xa0);
    assert_int_equal(result.flags, 0x45);
    assert_int_equal(result.sign_count, 0);
    assert_string_equal(result.format, "none");
    assert_int_equal(result.attestation_type, PK_ATTESTATION_TYPE_NONE);
    assert_int_equal(result.trust, PK_TRUST_NO);
}

static void registration_flags(void **state)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = sample_requirements(PK_REGISTRATION);

    (void)state;
    assert_status(registers(&requirements, 0x45), PK_OK);
    assert_status(registers(&requirements, 0x4d), PK_OK);
    assert_status(registers(&requirements, 0x5d), PK_OK);
    assert_status(registers(&requirements, 0x67), PK_OK); /* reserved bits */
    assert_status(registers(&requirements, 0x55), PK_BACKUP_STATE_INVALID);
    assert_status(registers(&requirements, 0x44), PK_USER_NOT_PRESENT);
    assert_status(registers(&requirements, 0x41), PK_USER_NOT_VERIFIED);
    assert_status(registers(&requirements, 0x05), PK_AUTH_DATA_TRAILING_DATA);
    requirements.user_verification = PK_PREFERRED;
    assert_status(registers(&requirements, 0x41), PK_OK);
    requirements.user_verification = PK_REQUIREMENT_UNSET;
    assert_status(registers(&requirements, 0x41), PK_OK);
    requirements.conditional = true;
    assert_status(registers(&requirements, 0x40), PK_OK);
    requirements.user_verification = PK_REQUIRED;
    assert_status(registers(&requirements, 0x40), PK_USER_NOT_VERIFIED);
}

static void registration_policy(void **state)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = sample_requirements(PK_REGISTRATION);
    PK_AUTO_BYTES struct pk_bytes id = unhex(sample_credential_id);

    (void)state;
    requirements.algorithm_count = 1;
    assert_status(registers(&requirements, 0x45), PK_ALGORITHM_NOT_OFFERED);
    requirements.algorithm_count = 2;
    requirements.require_trusted_attestation = true;
    assert_status(registers(&requirements, 0x45), PK_ATTESTATION_UNTRUSTED);
    requirements.require_trusted_attestation = false;
    requirements.aaguid_deny = calloc(1, PK_AAGUID_SIZE);
    assert_non_null(requirements.aaguid_deny);
    requirements.aaguid_deny_count = 1;
    assert_status(registers(&requirements, 0x45), PK_OK);
    for (uint8_t i = 0; i < PK_AAGUID_SIZE; i++)
        requirements.aaguid_deny[0][i] = 0xa0 + i;
    assert_status(registers(&requirements, 0x45), PK_AAGUID_DENIED);
    /* Without a trusted attestation the AAGUID is unproven, so being listed does not allow it. */
    requirements.aaguid_allow = requirements.aaguid_deny;
    requirements.aaguid_deny = NULL;
    requirements.aaguid_deny_count = 0;
    requirements.aaguid_allow_count = 1;
    assert_status(registers(&requirements, 0x45), PK_AAGUID_NOT_ALLOWED);
    requirements.aaguid_allow_count = 0;
    assert_status(pk_requirements_add_credential(&requirements, pk_view_string("other"), 0), PK_OK);
    assert_status(registers(&requirements, 0x45), PK_OK);
    assert_status(pk_requirements_add_credential(&requirements, pk_view_of(&id), 0), PK_OK);
    assert_status(registers(&requirements, 0x45), PK_CREDENTIAL_REGISTERED);
    free(requirements.rp_id);
    requirements.rp_id = strdup("example.com");
    assert_status(registers(&requirements, 0x45), PK_RP_ID_MISMATCH);
    requirements.ceremony = PK_AUTHENTICATION;
    assert_status(registers(&requirements, 0x45), PK_INVALID_ARGUMENT);
}

static enum pk_status register_object(struct pk_view object)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result result = {
        0};
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = sample_requirements(PK_REGISTRATION);
    uint8_t hash[PK_HASH_SIZE] = {0};

    return pk_registration_verify(&requirements, hash, object, &result);
}

static enum pk_status register_hex(const char *hex)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex(hex);

    return register_object(pk_view_of(&bytes));
}

#define FMT       "63666d74"
#define STATEMENT "6761747453746d74"
#define AUTH_DATA "686175746844617461"
#define NONE      "646e6f6e65"

static void attestation_objects(void **state)
{
    static const struct {
        const char *hex;
        enum pk_status status;
    } cases[] = {
        {"", PK_CBOR_TRUNCATED},
        {"80", PK_ATTESTATION_OBJECT_MALFORMED},
        {"a0", PK_ATTESTATION_OBJECT_MALFORMED},
        {"a2" FMT NONE STATEMENT "a0", PK_ATTESTATION_OBJECT_MALFORMED},
        {"a3" FMT NONE STATEMENT "a0617840", PK_ATTESTATION_OBJECT_MALFORMED},
        {"a4" FMT NONE STATEMENT "a0" AUTH_DATA "40617800", PK_ATTESTATION_OBJECT_MALFORMED},
        {"a3" FMT "01" STATEMENT "a0" AUTH_DATA "40", PK_ATTESTATION_OBJECT_MALFORMED},
        {"a3" FMT NONE STATEMENT "a0" AUTH_DATA "60", PK_ATTESTATION_OBJECT_MALFORMED},
        {"a301" NONE STATEMENT "a0" AUTH_DATA "40", PK_ATTESTATION_OBJECT_MALFORMED},
        {"a3" FMT NONE STATEMENT "a0" AUTH_DATA "40", PK_AUTH_DATA_TRUNCATED},
        {"a3" AUTH_DATA "40" STATEMENT "a0" FMT NONE, PK_AUTH_DATA_TRUNCATED},
        {"a3" FMT NONE STATEMENT "a0" AUTH_DATA "4000", PK_CBOR_TRAILING_DATA},
        {"a3" FMT NONE FMT NONE AUTH_DATA "40", PK_CBOR_DUPLICATE_KEY},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (register_hex(cases[i].hex) != cases[i].status)
            fail_msg("%s: %s", cases[i].hex, pk_status_name(register_hex(cases[i].hex)));
}

static void attestation_object_prefixes(void **state)
{
    PK_AUTO_BYTES struct pk_bytes data = unhex(sample_attested_data);
    PK_AUTO_BYTES struct pk_bytes object = attestation_object(pk_view_of(&data));
    char hex[1000] = "";

    (void)state;
    for (size_t i = 0; i < object.len; i++)
        (void)sprintf(hex + 2 * i, "%02x", object.data[i]);
    check_prefixes(register_object, hex);
}

/* An assertion without attested data is no registration. */
static void attested_data_missing(void **state)
{
    PK_AUTO_BYTES struct pk_bytes data = unhex(sample_assertion_data);
    PK_AUTO_BYTES struct pk_bytes object = attestation_object(pk_view_of(&data));

    (void)state;
    assert_status(register_object(pk_view_of(&object)), PK_ATTESTED_DATA_MISSING);
}

struct assertion {
    const char *data, *signature;
    const char *user_handle;
    bool appid;
    uint8_t flags; /* 0: as signed */
};

static enum pk_status asserts(const struct pk_requirements *requirements,
                              const struct pk_credential_record *record,
                              const struct assertion *assertion,
                              struct pk_authentication_result *result)
{
    PK_AUTO_BYTES struct pk_bytes id = unhex(sample_credential_id);
    PK_AUTO_BYTES struct pk_bytes data = unhex(assertion->data);
    PK_AUTO_BYTES struct pk_bytes signature = unhex(assertion->signature);
    PK_AUTO_BYTES struct pk_bytes handle =
        unhex(assertion->user_handle ? assertion->user_handle : "");
    struct pk_assertion parts = {pk_view_of(&id), pk_view_of(&data), pk_view_of(&signature),
                                 pk_view_of(&handle), assertion->appid};
    uint8_t hash[PK_HASH_SIZE];

    if (assertion->flags)
        data.data[32] = assertion->flags;
    pk_sha256(pk_view_string(sample_client_data_get), hash);
    return pk_authentication_verify(requirements, record, hash, &parts, result);
}

/* The same, the result dropped. */
static enum pk_status verdict(const struct pk_requirements *requirements,
                              const struct pk_credential_record *record,
                              const struct assertion *assertion)
{
    __attribute__((
        cleanup(pk_authentication_result_clear))) struct pk_authentication_result result = {0};

    return asserts(requirements, record, assertion, &result);
}

static const struct assertion plain = {sample_assertion_data, sample_assertion_signature, NULL,
                                       false, 0};

static void authentication_result(void **state)
{
    __attribute__((
        cleanup(pk_authentication_result_clear))) struct pk_authentication_result result = {0};
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    AUTO_RECORD struct pk_credential_record record = sample_record();
    struct assertion assertion = plain;

    (void)state;
    assertion.user_handle = "0102";
    assert_status(asserts(&requirements, &record, &assertion, &result), PK_OK);
    assert_true(pk_view_equal(pk_view_of(&result.credential_id), pk_view_of(&record.id)));
    assert_true(pk_view_equal(pk_view_of(&result.user_handle), pk_view_of(&record.user_handle)));
    assert_int_equal(result.sign_count, 5);
    assert_int_equal(result.flags, 0x05);
    assert_false(result.counter_regressed);
    assert_false(result.extensions.appid);
}

static void key_made_ready(void **state)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    AUTO_RECORD struct pk_credential_record record = sample_record();
    PK_AUTO_PUBLIC_KEY struct pk_public_key *key = NULL;

    (void)state;
    assert_status(pk_public_key_parse(pk_view_of(&record.public_key), &key), PK_OK);
    pk_bytes_clear(&record.public_key);
    assert_status(verdict(&requirements, &record, &plain), PK_CBOR_TRUNCATED);
    record.key = key;
    assert_status(verdict(&requirements, &record, &plain), PK_OK);
}

static void user_handles(void **state)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    AUTO_RECORD struct pk_credential_record record = sample_record();
    struct assertion with = plain, wrong = plain;

    (void)state;
    with.user_handle = "0102";
    wrong.user_handle = "0103";
    assert_status(verdict(&requirements, &record, &plain), PK_OK);
    assert_status(verdict(&requirements, &record, &wrong), PK_USER_HANDLE_MISMATCH);
    requirements.user_identified_before = false;
    assert_status(verdict(&requirements, &record, &plain), PK_USER_HANDLE_MISSING);
    assert_status(verdict(&requirements, &record, &with), PK_OK);
    assert_status(verdict(&requirements, &record, &wrong), PK_USER_HANDLE_MISMATCH);
    /* A challenge for one account is not accepted with another's credential. */
    requirements.user_handle = unhex("0102");
    assert_status(verdict(&requirements, &record, &with), PK_OK);
    requirements.user_handle.data[0] = 9;
    assert_status(verdict(&requirements, &record, &with), PK_USER_HANDLE_MISMATCH);
}

/* Of an imported credential nobody knows the handle, and it may ask for verification itself. */
static void imported_credentials(void **state)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    AUTO_RECORD struct pk_credential_record record = sample_record();
    struct assertion other = plain, unverified = plain;

    (void)state;
    requirements.user_verification = PK_DISCOURAGED;
    other.user_handle = "0103";
    record.foreign_handle = true;
    assert_status(verdict(&requirements, &record, &other), PK_OK);
    record.verification = true;
    assert_status(verdict(&requirements, &record, &other), PK_OK);
    unverified.flags = PK_FLAG_UP;
    assert_status(verdict(&requirements, &record, &unverified), PK_USER_NOT_VERIFIED);
    record.verification = false;
    assert_status(verdict(&requirements, &record, &unverified), PK_SIGNATURE_INVALID);
}

static void credential_ids(void **state)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    AUTO_RECORD struct pk_credential_record record = sample_record();

    (void)state;
    assert_status(pk_requirements_add_credential(&requirements, pk_view_string("other"), 0), PK_OK);
    assert_status(verdict(&requirements, &record, &plain), PK_CREDENTIAL_NOT_ALLOWED);
    assert_status(pk_requirements_add_credential(&requirements, pk_view_of(&record.id), 0), PK_OK);
    assert_status(verdict(&requirements, &record, &plain), PK_OK);
    record.id.data[0] ^= 1;
    assert_status(verdict(&requirements, &record, &plain), PK_CREDENTIAL_ID_MISMATCH);
}

static void assertion_flags(void **state)
{
    static const struct {
        uint8_t flags;
        enum pk_status status;
    } cases[] = {
        {0x04, PK_USER_NOT_PRESENT},     {0x01, PK_USER_NOT_VERIFIED},
        {0x15, PK_BACKUP_STATE_INVALID}, {0x0d, PK_BACKUP_ELIGIBILITY_CHANGED},
        {0x45, PK_AUTH_DATA_TRUNCATED},  {0x85, PK_CBOR_TRUNCATED},
        {0x07, PK_SIGNATURE_INVALID},
    };
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    AUTO_RECORD struct pk_credential_record record = sample_record();
    struct assertion assertion = plain;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assertion.flags = cases[i].flags;
        assert_status(verdict(&requirements, &record, &assertion), cases[i].status);
    }
    /* Not even conditional mediation excuses a missing UP here. */
    requirements.conditional = true;
    assertion.flags = 0x04;
    assert_status(verdict(&requirements, &record, &assertion), PK_USER_NOT_PRESENT);
    record.backup_eligible = true;
    assert_status(verdict(&requirements, &record, &plain), PK_BACKUP_ELIGIBILITY_CHANGED);
    record.backup_eligible = false;
    /* That attested data is there is no reason to refuse; it was not signed by this signature. */
    assertion = (struct assertion){sample_attested_data, sample_assertion_signature, NULL, 0, 0};
    assert_status(verdict(&requirements, &record, &assertion), PK_SIGNATURE_INVALID);
}

static void signatures(void **state)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    AUTO_RECORD struct pk_credential_record record = sample_record();
    struct assertion assertion = plain;

    (void)state;
    assertion.signature = sample_extended_signature;
    assert_status(verdict(&requirements, &record, &assertion), PK_SIGNATURE_INVALID);
    assertion.signature = "";
    assert_status(verdict(&requirements, &record, &assertion), PK_SIGNATURE_MALFORMED);
    pk_bytes_clear(&record.public_key);
    record.public_key = unhex(sample_key_8);
    assert_status(verdict(&requirements, &record, &plain), PK_SIGNATURE_MALFORMED);
    requirements.ceremony = PK_REGISTRATION;
    assert_status(verdict(&requirements, &record, &plain), PK_INVALID_ARGUMENT);
}

/* SHA-1 stays in TPMs unless it was asked for. */
static void rs1(void **state)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    AUTO_RECORD struct pk_credential_record record = sample_record();

    (void)state;
    pk_bytes_clear(&record.public_key);
    record.public_key = unhex(sample_key_257);
    /* {1: 3, 3: -257, …} becomes {1: 3, 3: -65535, …} by the two bytes of the number */
    record.public_key.data[5] = 0xff;
    record.public_key.data[6] = 0xfe;
    assert_status(verdict(&requirements, &record, &plain), PK_ALGORITHM_NOT_OFFERED);
    requirements.algorithms[0] = -65535;
    assert_status(verdict(&requirements, &record, &plain), PK_SIGNATURE_MALFORMED);
}

static void counters(void **state)
{
    static const struct {
        uint32_t recorded;
        bool regressed;
    } cases[] = {{0, false}, {4, false}, {5, true}, {6, true}, {UINT32_MAX, true}};
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    AUTO_RECORD struct pk_credential_record record = sample_record();

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        __attribute__((
            cleanup(pk_authentication_result_clear))) struct pk_authentication_result result = {0};

        record.sign_count = cases[i].recorded;
        requirements.counter_policy = PK_COUNTER_REFUSE;
        assert_status(verdict(&requirements, &record, &plain),
                      cases[i].regressed ? PK_COUNTER_REGRESSED : PK_OK);
        requirements.counter_policy = PK_COUNTER_LOG;
        assert_status(asserts(&requirements, &record, &plain, &result), PK_OK);
        assert_int_equal(result.counter_regressed, cases[i].regressed);
    }
}

static void appid(void **state)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    AUTO_RECORD struct pk_credential_record record = sample_record();
    struct assertion assertion = {sample_appid_data, sample_appid_signature, NULL, true, 0};

    (void)state;
    /* Sent by the client, but not requested. */
    assert_status(verdict(&requirements, &record, &assertion), PK_RP_ID_MISMATCH);
    requirements.appid = strdup("https://u2f.example.org");
    assert_status(verdict(&requirements, &record, &assertion), PK_OK);
    assertion.appid = false;
    assert_status(verdict(&requirements, &record, &assertion), PK_RP_ID_MISMATCH);
    assertion = plain;
    assert_status(verdict(&requirements, &record, &assertion), PK_OK);
    assertion.appid = true;
    assert_status(verdict(&requirements, &record, &assertion), PK_RP_ID_MISMATCH);
}

static void extension_outputs(void **state)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    AUTO_RECORD struct pk_credential_record record = sample_record();
    struct assertion assertion = {sample_extended_data, sample_extended_signature, NULL, false, 0};

    (void)state;
    assert_status(verdict(&requirements, &record, &assertion), PK_OK);
    requirements.refuse_unsolicited_extensions = true;
    assert_status(verdict(&requirements, &record, &assertion), PK_EXTENSION_UNSOLICITED);
}

/* An attestation object of the format "none", its authenticator data with these flags and more. */
static struct pk_bytes unattested(const char *flags, const char *more)
{
    char data[1024], object[2048];
    size_t len;

    (void)snprintf(data, sizeof(data), "%s%s", sample_attested_data, more);
    (void)memcpy(data + 64, flags, 2);
    len = strlen(data) / 2;
    (void)snprintf(object, sizeof(object),
                   "a363666d74646e6f6e656761747453746d74a0686175746844617461"
                   "58%02zx%s",
                   len, data);
    return unhex(object);
}

static void what_a_key_may_hide_is_read(void **state)
{
    static const struct {
        const char *flags, *more;
        bool hidden;
    } cases[] = {
        {"45", "", true},                              /* UV, and not a word about credProtect */
        {"41", "", false},                             /* no UV */
        {"c1", "a16b6372656450726f7465637403", true},  /* credProtect 3 */
        {"c5", "a16b6372656450726f7465637402", false}, /* UV, and credProtect 2 */
    };
    PK_AUTO_BYTES struct pk_bytes wanted = unhex(sample_credential_id);
    struct pk_view id;
    bool hidden;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_BYTES struct pk_bytes object = unattested(cases[i].flags, cases[i].more);

        assert_status(pk_registration_read(pk_view_of(&object), &id, &hidden), PK_OK);
        assert_true(pk_view_equal(id, pk_view_of(&wanted)));
        assert_int_equal(hidden, cases[i].hidden);
        object.len--;
        assert_true(pk_registration_read(pk_view_of(&object), &id, &hidden) != PK_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registration_result),
        cmocka_unit_test(registration_flags),
        cmocka_unit_test(registration_policy),
        cmocka_unit_test(attestation_objects),
        cmocka_unit_test(attestation_object_prefixes),
        cmocka_unit_test(attested_data_missing),
        cmocka_unit_test(authentication_result),
        cmocka_unit_test(key_made_ready),
        cmocka_unit_test(user_handles),
        cmocka_unit_test(imported_credentials),
        cmocka_unit_test(credential_ids),
        cmocka_unit_test(assertion_flags),
        cmocka_unit_test(signatures),
        cmocka_unit_test(rs1),
        cmocka_unit_test(counters),
        cmocka_unit_test(appid),
        cmocka_unit_test(extension_outputs),
        cmocka_unit_test(what_a_key_may_hide_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
