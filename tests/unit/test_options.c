/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/webauthn/options.h"

#include <stdlib.h>
#include <string.h>

static void add_bytes(struct pk_bytes *bytes, const char *text)
{
    assert_int_equal(pk_bytes_copy(pk_view_string(text), bytes), PK_OK);
}

/* The least that a registration needs. */
static struct pk_requirements registration(void)
{
    struct pk_requirements requirements = {
        .ceremony = PK_REGISTRATION,
        .rp_id = strdup("example.org"),
        .rp_name = strdup("Example"),
        .user_name = strdup("jo"),
        .user_display_name = strdup(""),
        .algorithms = {-7},
        .algorithm_count = 1,
    };

    add_bytes(&requirements.challenge, "0123456789abcdef");
    add_bytes(&requirements.user_handle, "\x01\x02");
    return requirements;
}

static struct pk_requirements authentication(void)
{
    struct pk_requirements requirements = {
        .ceremony = PK_AUTHENTICATION,
        .rp_id = strdup("example.org"),
    };

    add_bytes(&requirements.challenge, "0123456789abcdef");
    return requirements;
}

/* Renders, compares, releases. */
static void assert_creation(struct pk_requirements requirements, const char *expected)
{
    PK_AUTO_FREE char *json = NULL;

    assert_int_equal(pk_creation_options_json(&requirements, &json), PK_OK);
    assert_string_equal(json, expected);
    pk_requirements_clear(&requirements);
}

static void assert_request(struct pk_requirements requirements, const char *expected)
{
    PK_AUTO_FREE char *json = NULL;

    assert_int_equal(pk_request_options_json(&requirements, &json), PK_OK);
    assert_string_equal(json, expected);
    pk_requirements_clear(&requirements);
}

static void assert_creation_refused(struct pk_requirements requirements)
{
    char *json = NULL;

    assert_int_equal(pk_creation_options_json(&requirements, &json), PK_INVALID_ARGUMENT);
    assert_null(json);
    pk_requirements_clear(&requirements);
}

static void assert_request_refused(struct pk_requirements requirements)
{
    char *json = NULL;

    assert_int_equal(pk_request_options_json(&requirements, &json), PK_INVALID_ARGUMENT);
    assert_null(json);
    pk_requirements_clear(&requirements);
}

#define LEAST                                                                                      \
    "{\"rp\":{\"name\":\"Example\",\"id\":\"example.org\"},"                                       \
    "\"user\":{\"id\":\"AQI\",\"name\":\"jo\",\"displayName\":\"\"},"                              \
    "\"challenge\":\"MDEyMzQ1Njc4OWFiY2RlZg\","                                                    \
    "\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-7}]"

static void least_registration(void **state)
{
    (void)state;
    assert_creation(registration(), LEAST "}");
}

static void every_member_of_a_registration(void **state)
{
    struct pk_requirements requirements = registration();

    (void)state;
    requirements.timeout_ms = 60000;
    assert_int_equal(pk_requirements_add_credential(&requirements, pk_view_string("\xff"), 0x3f),
                     PK_OK);
    requirements.attachment = PK_ATTACHMENT_PLATFORM;
    requirements.resident_key = PK_REQUIRED;
    requirements.require_resident_key = true;
    requirements.user_verification = PK_REQUIRED;
    assert_int_equal(pk_strings_add(&requirements.hints, "client-device"), PK_OK);
    requirements.attestation = PK_ATTESTATION_ENTERPRISE;
    requirements.appid = strdup("https://example.org/a");
    requirements.appid_exclude = strdup("https://example.org/b");
    requirements.cred_props = true;
    requirements.min_pin_length = true;
    requirements.cred_protect = 2;
    requirements.enforce_cred_protect = true;
    requirements.payment = true;
    assert_creation(
        requirements,
        LEAST ",\"timeout\":60000,\"excludeCredentials\":[{\"type\":\"public-key\",\"id\":\"_w\","
              "\"transports\":[\"usb\",\"nfc\",\"ble\",\"smart-card\",\"hybrid\",\"internal\"]}],"
              "\"authenticatorSelection\":{\"authenticatorAttachment\":\"platform\","
              "\"residentKey\":\"required\",\"requireResidentKey\":true,"
              "\"userVerification\":\"required\"},\"hints\":[\"client-device\"],"
              "\"attestation\":\"enterprise\",\"extensions\":{\"appid\":\"https://example.org/a\","
              "\"appidExclude\":\"https://example.org/b\",\"credProps\":true,"
              "\"minPinLength\":true,\"credentialProtectionPolicy\":"
              "\"userVerificationOptionalWithCredentialIDList\","
              "\"enforceCredentialProtectionPolicy\":true,\"payment\":{\"isPayment\":true}}}");
}

static void icons_are_rendered(void **state)
{
    struct pk_requirements requirements = registration();
    PK_AUTO_FREE char *json = NULL;

    (void)state;
    requirements.rp_icon = strdup("https://example.org/rp.png");
    requirements.user_icon = strdup("https://example.org/jo.png");
    assert_int_equal(pk_creation_options_json(&requirements, &json), PK_OK);
    assert_non_null(strstr(json, "\"id\":\"example.org\",\"icon\":\"https://example.org/rp.png\""));
    assert_non_null(strstr(json, "\"displayName\":\"\",\"icon\":\"https://example.org/jo.png\""));
    pk_requirements_clear(&requirements);
}

static void authentications(void **state)
{
    struct pk_requirements full = authentication();

    (void)state;
    assert_request(authentication(),
                   "{\"challenge\":\"MDEyMzQ1Njc4OWFiY2RlZg\",\"rpId\":\"example.org\"}");
    full.timeout_ms = 300000;
    assert_int_equal(pk_requirements_add_credential(&full, pk_view_string("a"), 0), PK_OK);
    assert_int_equal(
        pk_requirements_add_credential(&full, pk_view_string("b"), PK_TRANSPORT_HYBRID), PK_OK);
    full.user_verification = PK_DISCOURAGED;
    full.appid = strdup("https://example.org/a");
    /* Registration's own members have no place here. */
    full.cred_props = true;
    full.min_pin_length = true;
    full.cred_protect = 1;
    full.attestation = PK_ATTESTATION_DIRECT;
    assert_int_equal(pk_strings_add(&full.hints, "hybrid"), PK_OK);
    assert_request(full, "{\"challenge\":\"MDEyMzQ1Njc4OWFiY2RlZg\",\"timeout\":300000,"
                         "\"rpId\":\"example.org\",\"allowCredentials\":[{\"type\":\"public-key\","
                         "\"id\":\"YQ\"},{\"type\":\"public-key\",\"id\":\"Yg\",\"transports\":"
                         "[\"hybrid\"]}],\"userVerification\":\"discouraged\","
                         "\"hints\":[\"hybrid\"],"
                         "\"extensions\":{\"appid\":\"https://example.org/a\"}}");
}

#define REFUSE(member, value)                                                                      \
    do {                                                                                           \
        struct pk_requirements broken = registration();                                            \
        broken.member = value;                                                                     \
        assert_creation_refused(broken);                                                           \
    } while (0)
/* For members that own memory. */
#define REFUSE_TEXT(member, value)                                                                 \
    do {                                                                                           \
        struct pk_requirements broken = registration();                                            \
        free(broken.member);                                                                       \
        broken.member = value;                                                                     \
        assert_creation_refused(broken);                                                           \
    } while (0)

static void incomplete_registrations_are_refused(void **state)
{
    (void)state;
    REFUSE(ceremony, PK_AUTHENTICATION);
    REFUSE_TEXT(rp_id, NULL);
    REFUSE_TEXT(rp_id, strdup(""));
    REFUSE_TEXT(rp_name, NULL);
    REFUSE_TEXT(user_name, NULL);
    REFUSE_TEXT(user_name, strdup(""));
    REFUSE_TEXT(user_display_name, NULL);
    REFUSE(challenge.len, 15);
    REFUSE(user_handle.len, 0);
    REFUSE(algorithm_count, 0);
    REFUSE(algorithm_count, PK_ALGORITHMS_MAX + 1);
    REFUSE(cred_protect, 4);
    REFUSE(enforce_cred_protect, true);
}

static void text_must_be_utf8(void **state)
{
    (void)state;
    REFUSE_TEXT(rp_id, strdup("\xff"));
    REFUSE_TEXT(rp_name, strdup("\xff"));
    REFUSE_TEXT(rp_icon, strdup("\xff"));
    REFUSE_TEXT(user_name, strdup("\xff"));
    REFUSE_TEXT(user_display_name, strdup("\xff"));
    REFUSE_TEXT(user_icon, strdup("\xff"));
    REFUSE_TEXT(appid, strdup("\xff"));
    REFUSE_TEXT(appid_exclude, strdup("\xff"));
}

static void contradictions_are_refused(void **state)
{
    struct pk_requirements requirements = registration();
    struct pk_requirements handle = registration();
    struct pk_requirements id = registration();
    char long_handle[PK_USER_HANDLE_MAX + 2];
    char long_id[PK_CREDENTIAL_ID_MAX + 2];

    (void)state;
    requirements.require_resident_key = true;
    requirements.resident_key = PK_PREFERRED;
    assert_creation_refused(requirements);
    REFUSE(payment, true);
    memset(long_handle, 'x', sizeof(long_handle));
    long_handle[sizeof(long_handle) - 1] = 0;
    pk_bytes_clear(&handle.user_handle);
    add_bytes(&handle.user_handle, long_handle);
    assert_creation_refused(handle);
    memset(long_id, 'x', sizeof(long_id));
    long_id[sizeof(long_id) - 1] = 0;
    assert_int_equal(pk_requirements_add_credential(&id, pk_view_string(long_id), 0), PK_OK);
    assert_creation_refused(id);
    id = registration();
    assert_int_equal(pk_requirements_add_credential(&id, (struct pk_view){0}, 0), PK_OK);
    assert_creation_refused(id);
}

static void payment_needs_all_of_its_three(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        struct pk_requirements requirements = registration();
        char *json = NULL;

        requirements.payment = true;
        requirements.attachment = i & 1 ? PK_ATTACHMENT_PLATFORM : PK_ATTACHMENT_ANY;
        requirements.user_verification = i & 2 ? PK_REQUIRED : PK_PREFERRED;
        requirements.resident_key = i & 4 ? PK_PREFERRED : PK_DISCOURAGED;
        assert_int_equal(pk_creation_options_json(&requirements, &json),
                         i == 7 ? PK_OK : PK_INVALID_ARGUMENT);
        free(json);
        pk_requirements_clear(&requirements);
    }
}

static void incomplete_authentications_are_refused(void **state)
{
    struct pk_requirements wrong = authentication();
    struct pk_requirements anonymous = authentication();
    struct pk_requirements short_challenge = authentication();
    struct pk_requirements bad_appid = authentication();
    struct pk_requirements bad_hint = authentication();

    (void)state;
    wrong.ceremony = PK_REGISTRATION;
    assert_request_refused(wrong);
    free(anonymous.rp_id);
    anonymous.rp_id = NULL;
    assert_request_refused(anonymous);
    short_challenge.challenge.len = 15;
    assert_request_refused(short_challenge);
    bad_appid.appid = strdup("\xff");
    assert_request_refused(bad_appid);
    assert_int_equal(pk_strings_add(&bad_hint.hints, ""), PK_OK);
    assert_request_refused(bad_hint);
}

static void spellings_are_read(void **state)
{
    enum pk_requirement requirement = PK_REQUIREMENT_UNSET;
    enum pk_attachment attachment = PK_ATTACHMENT_ANY;
    enum pk_attestation_preference attestation = PK_ATTESTATION_UNSET;
    enum pk_transport transport;

    (void)state;
    assert_int_equal(pk_requirement_parse("discouraged", &requirement), PK_OK);
    assert_int_equal(requirement, PK_DISCOURAGED);
    assert_int_equal(pk_requirement_parse("required", &requirement), PK_OK);
    assert_int_equal(requirement, PK_REQUIRED);
    assert_int_equal(pk_requirement_parse("Preferred", &requirement), PK_INVALID_INPUT);
    assert_int_equal(pk_requirement_parse("", &requirement), PK_INVALID_INPUT);
    assert_int_equal(requirement, PK_REQUIRED);
    assert_int_equal(pk_attachment_parse("cross-platform", &attachment), PK_OK);
    assert_int_equal(attachment, PK_ATTACHMENT_CROSS_PLATFORM);
    assert_int_equal(pk_attachment_parse("crossplatform", &attachment), PK_INVALID_INPUT);
    assert_int_equal(pk_attestation_preference_parse("indirect", &attestation), PK_OK);
    assert_int_equal(attestation, PK_ATTESTATION_INDIRECT);
    assert_int_equal(pk_attestation_preference_parse("all", &attestation), PK_INVALID_INPUT);
    assert_int_equal(pk_transport_parse("cable", &transport), PK_INVALID_INPUT);
    for (unsigned bit = 1; bit <= PK_TRANSPORT_INTERNAL; bit <<= 1) {
        const char *name = pk_transport_name((enum pk_transport)bit);

        assert_non_null(name);
        assert_int_equal(pk_transport_parse(name, &transport), PK_OK);
        assert_int_equal(transport, bit);
    }
    assert_null(pk_transport_name((enum pk_transport)0));
    assert_null(pk_transport_name((enum pk_transport)0x40));
    assert_null(pk_transport_name((enum pk_transport)3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_registration),
        cmocka_unit_test(every_member_of_a_registration),
        cmocka_unit_test(icons_are_rendered),
        cmocka_unit_test(authentications),
        cmocka_unit_test(incomplete_registrations_are_refused),
        cmocka_unit_test(text_must_be_utf8),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(payment_needs_all_of_its_three),
        cmocka_unit_test(incomplete_authentications_are_refused),
        cmocka_unit_test(spellings_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
