/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/choices.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What keys there are, as far as verification goes. */
static const struct key_info u2f = {.resident_left = -1};
static const struct key_info plain = {.ctap2 = true, .pin_supported = true, .resident_left = -1};
static const struct key_info with_pin = {
    .ctap2 = true, .pin_supported = true, .pin_set = true, .resident_left = -1};
static const struct key_info with_finger = {
    .ctap2 = true, .uv_supported = true, .uv_set = true, .resident_left = -1};
static const struct key_info with_both = {.ctap2 = true,
                                          .pin_supported = true,
                                          .pin_set = true,
                                          .uv_supported = true,
                                          .uv_set = true,
                                          .resident_left = -1};

static void test_for_assertion(void **state)
{
    static const struct {
        const struct key_info *info;
        enum pk_requirement requirement;
        enum pk_status status;
        enum verification verification;
    } rows[] = {
        {&u2f, PK_REQUIRED, PK_KEY_CANNOT_VERIFY, VERIFY_NOT},
        {&u2f, PK_PREFERRED, PK_OK, VERIFY_NOT},
        {&plain, PK_REQUIRED, PK_PIN_NOT_SET, VERIFY_NOT},
        {&plain, PK_PREFERRED, PK_OK, VERIFY_NOT},
        {&plain, PK_REQUIREMENT_UNSET, PK_OK, VERIFY_NOT},
        {&with_pin, PK_REQUIRED, PK_OK, VERIFY_PIN},
        {&with_pin, PK_PREFERRED, PK_OK, VERIFY_NOT},
        {&with_pin, PK_DISCOURAGED, PK_OK, VERIFY_NOT},
        {&with_finger, PK_REQUIRED, PK_OK, VERIFY_BUILT_IN},
        {&with_finger, PK_PREFERRED, PK_OK, VERIFY_BUILT_IN},
        {&with_finger, PK_DISCOURAGED, PK_OK, VERIFY_NOT},
        {&with_both, PK_REQUIRED, PK_OK, VERIFY_BUILT_IN},
        {&with_both, PK_REQUIREMENT_UNSET, PK_OK, VERIFY_BUILT_IN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        enum verification verification = VERIFY_NOT;

        assert_int_equal(choose_for_assertion(rows[i].info, rows[i].requirement, &verification),
                         rows[i].status);
        assert_int_equal(verification, rows[i].verification);
    }
}

/* Said at once it is a person's word; after a wait it is the key's own patience. */
static void test_denied(void **state)
{
    (void)state;
    assert_int_equal(choose_denied(0), PK_OPERATION_DENIED);
    assert_int_equal(choose_denied(9999), PK_OPERATION_DENIED);
    assert_int_equal(choose_denied(10000), PK_TOUCH_TIMEOUT);
    assert_int_equal(choose_denied(30000), PK_TOUCH_TIMEOUT);
}

static void test_always_uv(void **state)
{
    struct key_info always = with_pin;
    enum verification verification = VERIFY_NOT;

    (void)state;
    always.always_uv = true;
    assert_int_equal(choose_for_assertion(&always, PK_DISCOURAGED, &verification), PK_OK);
    assert_int_equal(verification, VERIFY_PIN);
    always.pin_set = false;
    assert_int_equal(choose_for_assertion(&always, PK_DISCOURAGED, &verification), PK_PIN_NOT_SET);
}

static void test_for_credential(void **state)
{
    struct key_info lenient = with_pin;
    enum verification verification;

    (void)state;
    lenient.make_cred_uv_not_required = true;
    verification = VERIFY_NOT;
    assert_int_equal(choose_for_credential(&with_pin, PK_DISCOURAGED, false, &verification), PK_OK);
    assert_int_equal(verification, VERIFY_PIN);
    assert_int_equal(choose_for_credential(&lenient, PK_PREFERRED, false, &verification), PK_OK);
    assert_int_equal(verification, VERIFY_NOT);
    assert_int_equal(choose_for_credential(&lenient, PK_PREFERRED, true, &verification), PK_OK);
    assert_int_equal(verification, VERIFY_PIN);
    assert_int_equal(choose_for_credential(&plain, PK_PREFERRED, true, &verification), PK_OK);
    assert_int_equal(verification, VERIFY_NOT);
    assert_int_equal(choose_for_credential(&plain, PK_REQUIRED, false, &verification),
                     PK_PIN_NOT_SET);
    assert_int_equal(choose_for_credential(&u2f, PK_REQUIRED, false, &verification),
                     PK_KEY_CANNOT_VERIFY);
}

static void test_after(void **state)
{
    static const struct {
        const struct key_info *info;
        struct refusal refusal;
        enum pk_status status;
        enum verification next;
    } rows[] = {
        /* the key insists */
        {&with_pin, {VERIFY_NOT, PK_PIN_REQUIRED, 0, true, false}, PK_OK, VERIFY_PIN},
        {&with_both, {VERIFY_NOT, PK_PIN_REQUIRED, 0, true, false}, PK_OK, VERIFY_BUILT_IN},
        {&plain, {VERIFY_NOT, PK_PIN_REQUIRED, 0, true, false}, PK_PIN_NOT_SET, VERIFY_NOT},
        /* an error that is not known may mean that it insists; nonsense, or a no, does not */
        {&with_pin, {VERIFY_NOT, PK_DEVICE_ERROR, 0, true, true}, PK_OK, VERIFY_PIN},
        {&with_both, {VERIFY_NOT, PK_UNSUPPORTED, 0, true, true}, PK_OK, VERIFY_BUILT_IN},
        {&plain, {VERIFY_NOT, PK_DEVICE_ERROR, 0, true, true}, PK_DEVICE_ERROR, VERIFY_NOT},
        {&with_pin, {VERIFY_NOT, PK_DEVICE_ERROR, 0, true, false}, PK_DEVICE_ERROR, VERIFY_NOT},
        {&with_pin, {VERIFY_NOT, PK_NO_MATCH, 0, true, true}, PK_NO_MATCH, VERIFY_NOT},
        {&with_pin, {VERIFY_PIN, PK_PIN_CHANGE, 0, true, true}, PK_PIN_CHANGE, VERIFY_NOT},
        {&with_pin, {VERIFY_PIN, PK_DEVICE_ERROR, 0, true, true}, PK_DEVICE_ERROR, VERIFY_NOT},
        {&plain, {VERIFY_NOT, PK_TOUCH_TIMEOUT, 0, false, false}, PK_TOUCH_TIMEOUT, VERIFY_NOT},
        /* a finger not recognised: again, and at last the PIN */
        {&with_both, {VERIFY_BUILT_IN, PK_UV_INVALID, 1, true, false}, PK_OK, VERIFY_BUILT_IN},
        {&with_both, {VERIFY_BUILT_IN, PK_UV_INVALID, 3, true, false}, PK_OK, VERIFY_PIN},
        {&with_both, {VERIFY_BUILT_IN, PK_UV_INVALID, 3, false, false}, PK_OK, VERIFY_NOT},
        {&with_both, {VERIFY_BUILT_IN, PK_UV_BLOCKED, 1, true, false}, PK_OK, VERIFY_PIN},
        {&with_both, {VERIFY_BUILT_IN, PK_OPERATION_DENIED, 1, true, false}, PK_OK, VERIFY_PIN},
        {&with_finger, {VERIFY_BUILT_IN, PK_UV_BLOCKED, 1, true, false}, PK_UV_BLOCKED, VERIFY_NOT},
        {&with_finger, {VERIFY_BUILT_IN, PK_UV_INVALID, 3, true, false}, PK_UV_INVALID, VERIFY_NOT},
        {&with_both, {VERIFY_BUILT_IN, PK_NO_MATCH, 1, true, false}, PK_NO_MATCH, VERIFY_NOT},
        {&with_both,
         {VERIFY_BUILT_IN, PK_TOUCH_TIMEOUT, 1, false, false},
         PK_TOUCH_TIMEOUT,
         VERIFY_NOT},
        /* PIN */
        {&with_pin, {VERIFY_PIN, PK_PIN_INVALID, 0, true, false}, PK_OK, VERIFY_PIN},
        {&with_pin,
         {VERIFY_PIN, PK_PIN_AUTH_BLOCKED, 0, true, false},
         PK_PIN_AUTH_BLOCKED,
         VERIFY_NOT},
        {&with_pin, {VERIFY_PIN, PK_PIN_BLOCKED, 0, true, false}, PK_PIN_BLOCKED, VERIFY_NOT},
        {&with_both, {VERIFY_PIN, PK_PIN_BLOCKED, 3, false, false}, PK_PIN_BLOCKED, VERIFY_NOT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        enum verification next = VERIFY_NOT;
        enum pk_status status = choose_after(rows[i].info, &rows[i].refusal, &next);

        if (status != rows[i].status || next != rows[i].next)
            fail_msg("row %zu: %s, %d", i, pk_status_name(status), (int)next);
    }
}

static void test_discoverable(void **state)
{
    struct key_info resident = plain;
    bool discoverable = true;

    (void)state;
    assert_int_equal(choose_discoverable(&plain, PK_REQUIRED, &discoverable), PK_KEY_CANNOT_STORE);
    assert_int_equal(choose_discoverable(&plain, PK_PREFERRED, &discoverable), PK_OK);
    assert_false(discoverable);
    resident.resident_keys = true;
    assert_int_equal(choose_discoverable(&resident, PK_PREFERRED, &discoverable), PK_OK);
    assert_true(discoverable);
    assert_int_equal(choose_discoverable(&resident, PK_DISCOURAGED, &discoverable), PK_OK);
    assert_false(discoverable);
    assert_int_equal(choose_discoverable(&resident, PK_REQUIREMENT_UNSET, &discoverable), PK_OK);
    assert_false(discoverable);
    resident.resident_left = 0;
    assert_int_equal(choose_discoverable(&resident, PK_PREFERRED, &discoverable), PK_OK);
    assert_false(discoverable);
    assert_int_equal(choose_discoverable(&resident, PK_REQUIRED, &discoverable), PK_KEY_STORE_FULL);
}

static void test_algorithms(void **state)
{
    static const int32_t wanted[] = {-7, -35, -36, -257, -258, -8, -48};
    struct key_info lists = plain;
    int32_t chosen[7];
    size_t count = 99;

    (void)state;
    assert_int_equal(choose_algorithms(&plain, wanted, 7, chosen, &count), PK_OK);
    assert_int_equal(count, 4);
    assert_int_equal(chosen[0], -7);
    assert_int_equal(chosen[1], -35);
    assert_int_equal(chosen[2], -257);
    assert_int_equal(chosen[3], -8);
    lists.algorithms[0] = -8;
    lists.algorithms[1] = -48; /* the key could, libfido2 cannot */
    lists.algorithm_count = 2;
    assert_int_equal(choose_algorithms(&lists, wanted, 7, chosen, &count), PK_OK);
    assert_int_equal(count, 1);
    assert_int_equal(chosen[0], -8);
    assert_int_equal(choose_algorithms(&lists, wanted, 5, chosen, &count), PK_KEY_ALGORITHM);
    assert_int_equal(choose_algorithms(&u2f, wanted, 7, chosen, &count), PK_OK);
    assert_int_equal(count, 1);
    assert_int_equal(choose_algorithms(&u2f, wanted + 1, 6, chosen, &count), PK_KEY_ALGORITHM);
}

/* How many credentials with ids of that length go into one list. */
static size_t fill(const struct key_info *info, size_t id_len)
{
    static const uint8_t bytes[1023];
    struct list_load load = {0};
    size_t count = 0;

    while (count < 100 && list_takes(info, (struct pk_view){bytes, id_len}, &load))
        count++;
    return count;
}

static void test_lists(void **state)
{
    static const uint8_t bytes[1023];
    struct key_info says = plain;

    (void)state;
    assert_int_equal(fill(&plain, 64), 1);
    assert_int_equal(fill(&u2f, 64), 1);
    assert_true(id_fits(&plain, (struct pk_view){bytes, 1023}));
    assert_true(id_fits(&u2f, (struct pk_view){bytes, 255}));
    assert_false(id_fits(&u2f, (struct pk_view){bytes, 256}));
    says.list_max = 8;
    assert_int_equal(fill(&says, 64), 1); /* its message size may not hold eight long ones */
    says.id_max = 128;
    assert_true(id_fits(&says, (struct pk_view){bytes, 128}));
    assert_false(id_fits(&says, (struct pk_view){bytes, 129}));
}

/* Half of the message at the most, but one always. */
static void test_lists_fit_messages(void **state)
{
    struct key_info says = plain;

    (void)state;
    says.list_max = 20;
    says.id_max = 1023;
    assert_int_equal(fill(&says, 64), 5);
    says.message_max = 1200;
    assert_int_equal(fill(&says, 64), 6);
    assert_int_equal(fill(&says, 255), 2);
    assert_int_equal(fill(&says, 1023), 1);
    says.message_max = 7609;
    assert_int_equal(fill(&says, 16), 20);
    assert_int_equal(fill(&says, 255), 13);
}

static void test_pins(void **state)
{
    static const struct {
        size_t least; /* as the key says */
        const char *pin;
        bool fits;
    } rows[] = {
        {0, "123", false},
        {0, "1234", true},
        {4, "\u00e4\u00f6", false},
        {6, "12345", false},
        {6, "\u00e4\u00f6\u00fc\u00df12", true},
        {6, "", false},
        {63, "123456789 123456789 123456789 123456789 123456789 123456789 123", true},
        {4, "123456789 123456789 123456789 123456789 123456789 123456789 1234", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct key_info info = {.ctap2 = true, .pin_min = rows[i].least};
        PK_AUTO_SECRET struct pk_secret pin = {0};

        assert_int_equal(pk_secret_copy(pk_view_string(rows[i].pin), &pin), PK_OK);
        if (pin_fits(&info, &pin) != rows[i].fits)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_for_assertion),
        cmocka_unit_test(test_denied),
        cmocka_unit_test(test_always_uv),
        cmocka_unit_test(test_for_credential),
        cmocka_unit_test(test_after),
        cmocka_unit_test(test_discoverable),
        cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_lists_fit_messages),
        cmocka_unit_test(test_pins),
    };

    return cmocka_run_group_tests_name("choices", tests, NULL, NULL);
}
