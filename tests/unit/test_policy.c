/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/config/policy.h"

#include <stdio.h>
#include <string.h>

static char *shop_id = (char[]){"shop.example.org"};

/* A relying party with the defaults of the configuration. */
static struct rp_config shop(void)
{
    return (struct rp_config){
        .name = shop_id,
        .id = shop_id,
        .algorithms = {-7, -8},
        .algorithm_count = 2,
        .timeout = 300,
    };
}

static void assert_refused(const struct rp_config *rp, const struct registration_request *request,
                           const char *expected)
{
    struct pk_requirements requirements;
    const char *why = NULL;

    assert_int_equal(policy_registration(rp, request, &requirements, &why), PK_INVALID_ARGUMENT);
    assert_string_equal(why, expected);
}

static struct pk_requirements accept(const struct rp_config *rp,
                                     const struct registration_request *request)
{
    struct pk_requirements requirements;
    const char *why = NULL;

    if (policy_registration(rp, request, &requirements, &why) != PK_OK)
        fail_msg("%s", why);
    return requirements;
}

static struct pk_requirements sign_in(const struct rp_config *rp,
                                      const struct service_config *service,
                                      const struct authentication_request *request)
{
    struct pk_requirements requirements;
    const char *why = NULL;

    if (policy_authentication(rp, service, request, &requirements, &why) != PK_OK)
        fail_msg("%s", why);
    return requirements;
}

#define REFUSED(why, ...)                                                                          \
    assert_refused(&rp, &(struct registration_request){.account_name = "jo", __VA_ARGS__}, why)
#define ACCEPT(...) accept(&rp, &(struct registration_request){.account_name = "jo", __VA_ARGS__})

static void defaults_are_the_relying_partys(void **state)
{
    const struct rp_config rp = shop();
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = ACCEPT(.now = 77);

    (void)state;
    assert_int_equal(requirements.ceremony, PK_REGISTRATION);
    assert_string_equal(requirements.rp_id, "shop.example.org");
    assert_string_equal(requirements.rp_name, "shop.example.org");
    assert_int_equal(requirements.origins.count, 1);
    assert_string_equal(requirements.origins.items[0], "https://shop.example.org");
    assert_string_equal(requirements.user_name, "jo");
    assert_string_equal(requirements.user_display_name, "jo");
    assert_int_equal(requirements.algorithm_count, 2);
    assert_int_equal(requirements.timeout_ms, 300000);
    assert_int_equal(requirements.time, 77);
    assert_int_equal(requirements.user_verification, PK_REQUIREMENT_UNSET);
    assert_int_equal(requirements.resident_key, PK_REQUIREMENT_UNSET);
    assert_false(requirements.require_resident_key);
    assert_int_equal(requirements.attestation, PK_ATTESTATION_UNSET);
    assert_null(requirements.appid);
    assert_null(requirements.appid_exclude);
    assert_false(requirements.conditional);
    assert_int_equal(requirements.counter_policy, PK_COUNTER_REFUSE);
    assert_false(requirements.allow_cross_origin);
    assert_false(requirements.require_trusted_attestation);
}

static void lengths_count_characters(void **state)
{
    const struct rp_config rp = shop();
    char just[128 * 2 + 1], over[129 * 2 + 1], name[65 + 1];
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = {0};

    (void)state;
    for (size_t i = 0; i < 129; i++)
        memcpy(over + 2 * i, "ä", 2);
    over[sizeof(over) - 1] = 0;
    memcpy(just, over, sizeof(just) - 1);
    just[sizeof(just) - 1] = 0;
    memset(name, 'n', sizeof(name));
    name[65] = 0;
    requirements = ACCEPT(.user_name = just, .display_name = just, .user_id = just,
                          .instrument_display_name = just);
    assert_string_equal(requirements.user_name, just);
    REFUSED("userName: 1 to 128 printable characters of UTF-8", .user_name = over);
    REFUSED("displayName: at most 128 printable characters of UTF-8", .display_name = over);
    REFUSED("userId: 1 to 128 printable characters of UTF-8", .user_id = over);
    REFUSED("instrumentDisplayName: 1 to 128 printable characters of UTF-8",
            .instrument_display_name = over);
    REFUSED("name: 1 to 64 bytes of printable UTF-8", .name = name);
    name[64] = 0;
    requirements = ACCEPT(.name = name);
}

static void texts_are_printable_utf8(void **state)
{
    const struct rp_config rp = shop();

    (void)state;
    REFUSED("userName: 1 to 128 printable characters of UTF-8", .user_name = "");
    REFUSED("userName: 1 to 128 printable characters of UTF-8", .user_name = "a\x1b[31m");
    REFUSED("userName: 1 to 128 printable characters of UTF-8", .user_name = "a\x7f");
    REFUSED("displayName: at most 128 printable characters of UTF-8", .display_name = "\xc3(");
    REFUSED("icon: 1 to 2048 printable characters of UTF-8", .icon = "\xff");
    REFUSED("icon: 1 to 2048 printable characters of UTF-8", .icon = "");
    assert_refused(&rp, &(struct registration_request){0},
                   "userName: needed, there is no account to infer it from");
}

static void display_name_falls_back(void **state)
{
    const struct rp_config rp = shop();
    static const char long_name[] =
        "ääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää";
    PK_AUTO_REQUIREMENTS struct pk_requirements full = ACCEPT(.account_full_name = "Jo Example");
    PK_AUTO_REQUIREMENTS struct pk_requirements unfit = ACCEPT(.account_full_name = "Jo\x01");
    PK_AUTO_REQUIREMENTS struct pk_requirements in_bytes = ACCEPT(.account_full_name = long_name);
    PK_AUTO_REQUIREMENTS struct pk_requirements empty =
        ACCEPT(.display_name = "", .account_full_name = "Jo Example");
    PK_AUTO_REQUIREMENTS struct pk_requirements named = ACCEPT(.user_name = "jo@example.org");

    (void)state;
    assert_string_equal(full.user_display_name, "Jo Example");
    assert_string_equal(unfit.user_display_name, "jo");
    assert_int_equal(strlen(long_name), 132);
    assert_string_equal(in_bytes.user_display_name, "jo");
    assert_string_equal(empty.user_display_name, "Jo Example");
    assert_string_equal(named.user_display_name, "jo@example.org");
}

static void spellings_are_webauthns(void **state)
{
    const struct rp_config rp = shop();
    char *hints[] = {(char[]){"security-key"}, (char[]){"security-key"}};
    char *other[] = {(char[]){"usb"}};
    const struct pk_strings twice = {hints, 2}, once = {hints, 1}, unknown = {other, 1};
    static const char hints_why[] = "hints: security-key, client-device, hybrid, each at most once";
    PK_AUTO_REQUIREMENTS struct pk_requirements hinted = ACCEPT(.hints = &once);
    PK_AUTO_REQUIREMENTS struct pk_requirements conditional = ACCEPT(.mediation = "conditional");
    PK_AUTO_REQUIREMENTS struct pk_requirements protect =
        ACCEPT(.cred_protect = 3, .min_pin_length = true, .mediation = "optional");

    (void)state;
    REFUSED("attestation: none, indirect, direct or enterprise", .attestation = "Direct");
    REFUSED("authenticatorAttachment: platform or cross-platform", .authenticator_attachment = "");
    REFUSED("residentKey: discouraged, preferred or required", .resident_key = "yes");
    REFUSED("userVerification: discouraged, preferred or required", .user_verification = "true");
    REFUSED("mediation: conditional, optional or required", .mediation = "silent");
    REFUSED("credProtect: 1, 2 or 3", .cred_protect = 4);
    REFUSED(hints_why, .hints = &twice);
    REFUSED(hints_why, .hints = &unknown);
    assert_int_equal(hinted.hints.count, 1);
    assert_true(conditional.conditional);
    assert_false(protect.conditional);
    assert_int_equal(protect.cred_protect, 3);
    assert_true(protect.min_pin_length);
}

static void cred_protect_3_forces_user_verification(void **state)
{
    struct rp_config rp = shop();
    PK_AUTO_REQUIREMENTS struct pk_requirements two = ACCEPT(.cred_protect = 2);
    PK_AUTO_REQUIREMENTS struct pk_requirements three = ACCEPT(.cred_protect = 3);
    PK_AUTO_REQUIREMENTS struct pk_requirements raised =
        ACCEPT(.cred_protect = 3, .user_verification = "preferred");

    (void)state;
    assert_int_not_equal(two.user_verification, PK_REQUIRED);
    assert_int_equal(three.user_verification, PK_REQUIRED);
    assert_int_equal(raised.user_verification, PK_REQUIRED);
    REFUSED("credProtect: 3 needs userVerification required", .cred_protect = 3,
            .user_verification = "discouraged");
    rp.user_verification = PK_DISCOURAGED;
    {
        PK_AUTO_REQUIREMENTS struct pk_requirements configured = ACCEPT(.cred_protect = 3);

        assert_int_equal(configured.user_verification, PK_REQUIRED);
    }
}

static void user_id_is_for_accounts_of_their_own(void **state)
{
    struct rp_config rp = shop();
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = ACCEPT(.user_id = "17");

    (void)state;
    rp.system_accounts = true;
    REFUSED("userId: only for a relying party whose accounts are not the system's",
            .user_id = "17");
}

static void wishes_do_not_lower_what_is_required(void **state)
{
    struct rp_config rp = shop();
    struct pk_requirements requirements;

    (void)state;
    rp.user_verification = PK_REQUIRED;
    rp.resident_key = PK_REQUIRED;
    rp.attestation = PK_ATTESTATION_DIRECT;
    rp.require_trusted_attestation = true;
    requirements = ACCEPT(.user_verification = "discouraged", .resident_key = "discouraged",
                          .attestation = "none", .timeout_ms = 600000);
    assert_int_equal(requirements.user_verification, PK_REQUIRED);
    assert_int_equal(requirements.resident_key, PK_REQUIRED);
    assert_true(requirements.require_resident_key);
    assert_int_equal(requirements.attestation, PK_ATTESTATION_DIRECT);
    assert_true(requirements.require_trusted_attestation);
    assert_int_equal(requirements.timeout_ms, 300000);
    pk_requirements_clear(&requirements);
    requirements = ACCEPT(.attestation = "enterprise", .timeout_ms = 1000);
    assert_int_equal(requirements.attestation, PK_ATTESTATION_ENTERPRISE);
    assert_int_equal(requirements.timeout_ms, 1000);
    pk_requirements_clear(&requirements);
}

static void wishes_replace_what_is_merely_preferred(void **state)
{
    struct rp_config rp = shop();
    struct pk_requirements requirements;

    (void)state;
    rp.user_verification = PK_PREFERRED;
    rp.resident_key = PK_PREFERRED;
    rp.attestation = PK_ATTESTATION_DIRECT;
    requirements = ACCEPT(.user_verification = "discouraged", .resident_key = "discouraged",
                          .attestation = "none");
    assert_int_equal(requirements.user_verification, PK_DISCOURAGED);
    assert_int_equal(requirements.resident_key, PK_DISCOURAGED);
    assert_int_equal(requirements.attestation, PK_ATTESTATION_NONE);
    pk_requirements_clear(&requirements);
    requirements = ACCEPT(.user_verification = "required");
    assert_int_equal(requirements.user_verification, PK_REQUIRED);
    assert_int_equal(requirements.resident_key, PK_PREFERRED);
    assert_int_equal(requirements.attestation, PK_ATTESTATION_DIRECT);
    pk_requirements_clear(&requirements);
}

static void attachment_of_the_configuration_stays(void **state)
{
    struct rp_config rp = shop();
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = {0};

    (void)state;
    rp.attachment = PK_ATTACHMENT_CROSS_PLATFORM;
    requirements = ACCEPT(.authenticator_attachment = "cross-platform");
    assert_int_equal(requirements.attachment, PK_ATTACHMENT_CROSS_PLATFORM);
    REFUSED("authenticatorAttachment: this relying party is configured for the other one",
            .authenticator_attachment = "platform");
    REFUSED("securePaymentConfirmation: needs authenticatorAttachment platform",
            .secure_payment_confirmation = true);
}

static void resident_key_has_two_spellings(void **state)
{
    const struct rp_config rp = shop();
    PK_AUTO_REQUIREMENTS struct pk_requirements old = ACCEPT(.require_resident_key = true);
    PK_AUTO_REQUIREMENTS struct pk_requirements both =
        ACCEPT(.require_resident_key = true, .resident_key = "required");
    PK_AUTO_REQUIREMENTS struct pk_requirements new = ACCEPT(.resident_key = "required");

    (void)state;
    assert_true(old.require_resident_key);
    assert_int_equal(old.resident_key, PK_REQUIREMENT_UNSET);
    assert_true(both.require_resident_key);
    assert_int_equal(both.resident_key, PK_REQUIRED);
    assert_true(new.require_resident_key);
    REFUSED("requireResidentKey: contradicts residentKey", .require_resident_key = true,
            .resident_key = "preferred");
    REFUSED("requireResidentKey: contradicts residentKey", .require_resident_key = true,
            .resident_key = "discouraged");
}

static void payment_forces_its_requirements(void **state)
{
    const struct rp_config rp = shop();
    PK_AUTO_REQUIREMENTS struct pk_requirements plain =
        ACCEPT(.secure_payment_confirmation = true, .instrument_display_name = "Visa ••1234",
               .user_verification = "preferred");
    PK_AUTO_REQUIREMENTS struct pk_requirements required =
        ACCEPT(.secure_payment_confirmation = true, .require_resident_key = true);
    PK_AUTO_REQUIREMENTS struct pk_requirements none = ACCEPT(.instrument_display_name = "Visa");

    (void)state;
    assert_true(plain.payment);
    assert_int_equal(plain.attachment, PK_ATTACHMENT_PLATFORM);
    assert_int_equal(plain.user_verification, PK_REQUIRED);
    assert_int_equal(plain.resident_key, PK_PREFERRED);
    assert_string_equal(plain.instrument_display_name, "Visa ••1234");
    assert_int_equal(required.resident_key, PK_REQUIRED);
    assert_false(none.payment);
    assert_null(none.instrument_display_name);
    REFUSED("securePaymentConfirmation: needs authenticatorAttachment platform",
            .secure_payment_confirmation = true, .authenticator_attachment = "cross-platform");
    REFUSED("securePaymentConfirmation: needs userVerification required",
            .secure_payment_confirmation = true, .user_verification = "discouraged");
    REFUSED("securePaymentConfirmation: needs residentKey required or preferred",
            .secure_payment_confirmation = true, .resident_key = "discouraged");
}

static void appids_belong_to_the_relying_party(void **state)
{
    struct rp_config rp = shop();
    static const char why[] =
        "appid: the configured one, or an https URL in the relying party's domain";
    static const char *const good[] = {
        "https://shop.example.org",
        "https://shop.example.org/app-id.json",
        "https://www.shop.example.org:8443/app-id.json",
        "https://example.org/app-id.json",
    };
    static const char *const bad[] = {
        "",
        "https://",
        "http://shop.example.org/",
        "https://org/",
        "https://badshop.example.org/",
        "https://shop.example.org.evil.org/",
        "https://shop.example.org@evil.org/",
        "https://evil.org@www.shop.example.org/",
        "https://hop.example.org/",
        "https://shop.example.com/",
        "pam://shop.example.org",
    };
    PK_AUTO_REQUIREMENTS struct pk_requirements configured = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
            ACCEPT(.appid = good[i], .appid_exclude = good[i]);

        assert_string_equal(requirements.appid, good[i]);
        assert_string_equal(requirements.appid_exclude, good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        REFUSED(why, .appid = bad[i]);
    REFUSED("appidExclude: the configured one, or an https URL in the relying party's domain",
            .appid_exclude = "https://evil.org/");
    rp.appid = (char[]){"pam://shop.example.org"};
    configured = ACCEPT(.appid = "pam://shop.example.org");
    assert_string_equal(configured.appid, "pam://shop.example.org");
    assert_string_equal(configured.appid_exclude, "pam://shop.example.org");
}

static void unsupported_algorithms_are_left_out(void **state)
{
    struct rp_config rp = shop();
    struct pk_requirements requirements;
    const char *why = NULL;

    (void)state;
    rp.algorithms[0] = -123456;
    requirements = ACCEPT(0);
    assert_int_equal(requirements.algorithm_count, 1);
    assert_int_equal(requirements.algorithms[0], -8);
    pk_requirements_clear(&requirements);
    rp.algorithm_count = 1;
    assert_int_equal(policy_registration(&rp, &(struct registration_request){.account_name = "jo"},
                                         &requirements, &why),
                     PK_UNSUPPORTED);
    assert_non_null(why);
}

static void no_new_credential_has_a_pam_id(void **state)
{
    struct rp_config rp = shop();
    struct pk_requirements requirements;
    const char *why = NULL;

    (void)state;
    rp.id = (char[]){"pam://web1"};
    assert_int_equal(policy_registration(&rp, &(struct registration_request){.account_name = "jo"},
                                         &requirements, &why),
                     PK_INVALID_ARGUMENT);
    assert_non_null(strstr(why, "imported only"));
}

static void relying_party_without_id_is_unavailable(void **state)
{
    struct rp_config rp = shop();
    struct pk_requirements requirements;
    const char *why = NULL;

    (void)state;
    rp.id = NULL;
    assert_int_equal(policy_registration(&rp, &(struct registration_request){.account_name = "jo"},
                                         &requirements, &why),
                     PK_UNAVAILABLE);
    assert_int_equal(
        policy_authentication(&rp, NULL, &(struct authentication_request){0}, &requirements, &why),
        PK_UNAVAILABLE);
}

static void relying_party_is_copied_whole(void **state)
{
    struct rp_config rp = shop();
    uint8_t aaguids[2][PK_AAGUID_SIZE] = {{1}, {2}};
    uint8_t der[] = {0x30, 0x00};
    struct pk_bytes anchors[] = {{der, sizeof(der)}, {der, 1}};
    char *origins[] = {(char[]){"https://a.example.org"}, (char[]){"https://b.example.org"}};
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = {0};

    (void)state;
    rp.display_name = (char[]){"Shop"};
    rp.icon = (char[]){"https://shop.example.org/icon.png"};
    rp.origins = (struct pk_strings){origins, 2};
    rp.top_origins = (struct pk_strings){origins, 1};
    rp.allow_cross_origin = true;
    rp.aaguid_allow = aaguids;
    rp.aaguid_allow_count = 2;
    rp.aaguid_deny = &aaguids[1];
    rp.aaguid_deny_count = 1;
    rp.trust_anchor_certificates = anchors;
    rp.trust_anchor_count = 2;
    rp.counter = PK_COUNTER_LOG;
    rp.refuse_unsolicited_extensions = true;
    requirements = ACCEPT(.cred_props = true);
    assert_string_equal(requirements.rp_name, "Shop");
    assert_string_equal(requirements.rp_icon, "https://shop.example.org/icon.png");
    assert_int_equal(requirements.origins.count, 2);
    assert_int_equal(requirements.top_origins.count, 1);
    assert_true(requirements.allow_cross_origin);
    assert_memory_equal(requirements.aaguid_allow, aaguids, sizeof(aaguids));
    assert_memory_equal(requirements.aaguid_deny, aaguids[1], PK_AAGUID_SIZE);
    assert_int_equal(requirements.trust_anchor_count, 2);
    assert_int_equal(requirements.trust_anchors[1].len, 1);
    assert_int_equal(requirements.counter_policy, PK_COUNTER_LOG);
    assert_true(requirements.refuse_unsolicited_extensions);
    assert_true(requirements.cred_props);
}

static enum pk_requirement verification_of(const struct rp_config *rp,
                                           const struct service_config *service,
                                           const struct authentication_request *request)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = sign_in(rp, service, request);

    return requirements.user_verification;
}

/* Any program may say that it is a service, and gets its section; never less than without it. */
static void a_claimed_service_only_adds(void **state)
{
    const struct service_config strict = {.user_verification = PK_REQUIRED};
    const struct service_config easy = {.user_verification = PK_DISCOURAGED};
    struct rp_config rp = shop();
    const struct authentication_request claimed = {.user_given = true, .service_claimed = true};
    const struct authentication_request believed = {.user_given = true};

    (void)state;
    rp.user_verification = PK_REQUIRED;
    assert_int_equal(verification_of(&rp, &easy, &believed), PK_DISCOURAGED);
    assert_int_equal(verification_of(&rp, &easy, &claimed), PK_REQUIRED);
    rp.user_verification = PK_PREFERRED;
    assert_int_equal(verification_of(&rp, &strict, &claimed), PK_REQUIRED);
}

static void service_speaks_for_its_sign_ins(void **state)
{
    struct rp_config rp = shop();
    const struct service_config strict = {.user_verification = PK_REQUIRED, .timeout = 60};
    const struct service_config silent = {0};
    const struct authentication_request wish = {.user_verification = "discouraged",
                                                .user_given = true};
    struct pk_requirements requirements = sign_in(&rp, &strict, &wish);

    (void)state;
    assert_int_equal(requirements.ceremony, PK_AUTHENTICATION);
    assert_int_equal(requirements.user_verification, PK_REQUIRED);
    assert_int_equal(requirements.timeout_ms, 60000);
    assert_true(requirements.user_identified_before);
    pk_requirements_clear(&requirements);
    requirements = sign_in(&rp, &silent, &wish);
    assert_int_equal(requirements.user_verification, PK_DISCOURAGED);
    assert_int_equal(requirements.timeout_ms, 300000);
    pk_requirements_clear(&requirements);
    rp.user_verification = PK_REQUIRED;
    rp.appid = (char[]){"https://shop.example.org/u2f"};
    requirements = sign_in(&rp, &silent, &(struct authentication_request){.timeout_ms = 5});
    assert_int_equal(requirements.user_verification, PK_REQUIRED);
    assert_int_equal(requirements.timeout_ms, 5);
    assert_string_equal(requirements.appid, "https://shop.example.org/u2f");
    assert_false(requirements.user_identified_before);
    pk_requirements_clear(&requirements);
}

static void sign_in_requests_are_checked(void **state)
{
    const struct rp_config rp = shop();
    char *other[] = {(char[]){"usb"}};
    const struct pk_strings unknown = {other, 1};
    const struct authentication_request bad[] = {
        {.user_verification = "maybe"}, {.appid = "https://evil.org/"}, {.hints = &unknown}};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pk_requirements requirements;
        const char *why = NULL;

        assert_int_equal(policy_authentication(&rp, NULL, &bad[i], &requirements, &why),
                         PK_INVALID_ARGUMENT);
        assert_non_null(why);
    }
}

static bool has(const struct pk_strings *strings, const char *item)
{
    for (size_t i = 0; i < strings->count; i++)
        if (strcmp(strings->items[i], item) == 0)
            return true;
    return false;
}

static void ssh_origins_are_this_hosts_names(void **state)
{
    static const struct {
        const char *rhost;
        bool loopback;
    } cases[] = {{"192.0.2.9", false}, {"127.0.0.1", true},  {"127.8.9.1", true},
                 {"::1", true},        {"localhost", true},  {"127.0.0.1.evil.org", false},
                 {"", false},          {"128.0.0.1", false}, {"localhost.evil.org", false},
                 {"::10", false}};
    char *hosts[] = {(char[]){"web1.example.org"}, (char[]){"2001:db8::7"}};
    struct rp_config rp = shop();

    (void)state;
    rp.ssh_hosts = (struct pk_strings){hosts, 2};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pk_strings origins = {0};

        rp.ssh_loopback = false;
        assert_int_equal(policy_ssh_origins(&rp, cases[i].rhost, &origins), PK_OK);
        assert_int_equal(origins.count, 2);
        pk_strings_clear(&origins);
        rp.ssh_loopback = true;
        assert_int_equal(policy_ssh_origins(&rp, cases[i].rhost, &origins), PK_OK);
        assert_true(has(&origins, "ssh://web1.example.org"));
        assert_true(has(&origins, "ssh://[2001:db8::7]"));
        assert_int_equal(has(&origins, "ssh://127.0.0.1"), cases[i].loopback);
        assert_int_equal(has(&origins, "ssh://[::1]"), cases[i].loopback);
        assert_int_equal(origins.count, cases[i].loopback ? 5 : 2);
        pk_strings_clear(&origins);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_relying_partys),
        cmocka_unit_test(lengths_count_characters),
        cmocka_unit_test(texts_are_printable_utf8),
        cmocka_unit_test(display_name_falls_back),
        cmocka_unit_test(spellings_are_webauthns),
        cmocka_unit_test(cred_protect_3_forces_user_verification),
        cmocka_unit_test(user_id_is_for_accounts_of_their_own),
        cmocka_unit_test(wishes_do_not_lower_what_is_required),
        cmocka_unit_test(wishes_replace_what_is_merely_preferred),
        cmocka_unit_test(attachment_of_the_configuration_stays),
        cmocka_unit_test(resident_key_has_two_spellings),
        cmocka_unit_test(payment_forces_its_requirements),
        cmocka_unit_test(appids_belong_to_the_relying_party),
        cmocka_unit_test(unsupported_algorithms_are_left_out),
        cmocka_unit_test(no_new_credential_has_a_pam_id),
        cmocka_unit_test(relying_party_without_id_is_unavailable),
        cmocka_unit_test(relying_party_is_copied_whole),
        cmocka_unit_test(a_claimed_service_only_adds),
        cmocka_unit_test(service_speaks_for_its_sign_ins),
        cmocka_unit_test(sign_in_requests_are_checked),
        cmocka_unit_test(ssh_origins_are_this_hosts_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
