/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks for PINs, with a person who only records the messages and keys that only count the PINs that
 * they were given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/keys/pin_dialogue.h"

#include <stdio.h>
#include <string.h>

#define PIN "123456"

struct pk_key_session {
    unsigned tried;    /* PINs it was given */
    unsigned declined; /* how often it was told that there is no PIN */
    char pin[PK_PIN_MAX + 1];
};

static struct {
    unsigned asked, taken_back, errors;
    bool secret;
    char event[32], text[256], error[256];
    unsigned tries;
} seen;

void pk_key_session_answer_pin(struct pk_key_session *key, const struct pk_secret *pin)
{
    if (pin->len == 0) {
        key->declined++;
        return;
    }
    key->tried++;
    assert_in_range(pin->len, PK_PIN_MIN, PK_PIN_MAX);
    (void)snprintf(key->pin, sizeof(key->pin), "%.*s", (int)pin->len, (const char *)pin->data);
}

static void error(void *data, enum pk_status reason, const char *text)
{
    (void)data, (void)reason;
    seen.errors++;
    (void)snprintf(seen.error, sizeof(seen.error), "%s", text);
}

static void ask(void *data, bool secret, const char *event, const char *text, unsigned tries)
{
    (void)data;
    seen.asked++;
    seen.secret = secret;
    seen.tries = tries;
    (void)snprintf(seen.event, sizeof(seen.event), "%s", event);
    (void)snprintf(seen.text, sizeof(seen.text), "%s", text);
}

static void unask(void *data)
{
    (void)data;
    seen.taken_back++;
}

static struct pk_pin_dialogue begin(void)
{
    static const struct pk_dialogue_ops ops = {.error = error, .ask = ask, .unask = unask};

    memset(&seen, 0, sizeof(seen));
    return (struct pk_pin_dialogue){.person = {.ops = &ops, .id = "test"}};
}

/* Keys stand for themselves in the dialogue. */
static void need(struct pk_pin_dialogue *dialogue, struct pk_key_session *key, const char *name,
                 unsigned tries, bool wrong)
{
    const struct pk_pin_needed needed = {.tries = (uint8_t)tries, .wrong = wrong};

    pk_pin_dialogue_needed(dialogue, key, key, name, &needed);
}

static void type(struct pk_pin_dialogue *dialogue, const char *text)
{
    PK_AUTO_SECRET struct pk_secret answer = {0};

    assert_int_equal(pk_secret_copy(pk_view_string(text), &answer), PK_OK);
    pk_pin_dialogue_answered(dialogue, &answer);
}

static void assert_asked_for_pin(unsigned asked, const char *text)
{
    assert_int_equal(seen.asked, asked);
    assert_true(seen.secret);
    assert_string_equal(seen.event, "pin");
    assert_string_equal(seen.text, text);
}

static void assert_asked_to_confirm(unsigned asked, const char *tries)
{
    assert_int_equal(seen.asked, asked);
    assert_false(seen.secret);
    assert_string_equal(seen.event, "pin-last-tries");
    assert_non_null(strstr(seen.text, tries));
}

static void a_pin_goes_to_its_key(void **state)
{
    struct pk_pin_dialogue dialogue = begin();
    struct pk_key_session key = {0};

    (void)state;
    need(&dialogue, &key, "Blue", 8, false);
    assert_asked_for_pin(1, "PIN of your security key \"Blue\": ");
    assert_int_equal(seen.tries, 8);
    type(&dialogue, PIN);
    assert_int_equal(key.tried, 1);
    assert_string_equal(key.pin, PIN);
    assert_int_equal(seen.asked, 1);
    type(&dialogue, PIN); /* nothing was asked */
    assert_int_equal(key.tried, 1);
}

static void last_tries_need_a_yes(void **state)
{
    static const char *const no[] = {"", "y", "no", PIN, "yes ", "yesyes"};

    (void)state;
    for (unsigned tries = 1; tries <= 2; tries++) {
        for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
            struct pk_pin_dialogue dialogue = begin();
            struct pk_key_session key = {0};

            need(&dialogue, &key, "Blue", tries, false);
            assert_asked_to_confirm(
                1, tries == 1 ? "Only 1 PIN try is left on your security key \"Blue\""
                              : "Only 2 PIN tries are left on your security key \"Blue\"");
            type(&dialogue, no[i]);
            assert_int_equal(key.tried, 0);
            assert_int_equal(key.declined, 1);
            assert_int_equal(seen.asked, 1);
        }
    }
}

static void a_yes_leads_to_the_pin(void **state)
{
    struct pk_pin_dialogue dialogue = begin();
    struct pk_key_session key = {0};

    (void)state;
    need(&dialogue, &key, "Blue", 2, false);
    type(&dialogue, "YES");
    assert_asked_for_pin(2, "PIN of your security key \"Blue\": ");
    assert_int_equal(key.tried, 0);
    type(&dialogue, PIN);
    assert_int_equal(key.tried, 1);
}

static void every_last_try_is_confirmed_anew(void **state)
{
    struct pk_pin_dialogue dialogue = begin();
    struct pk_key_session key = {0};

    (void)state;
    need(&dialogue, &key, "Blue", 3, false);
    assert_asked_for_pin(1, "PIN of your security key \"Blue\": ");
    type(&dialogue, PIN);
    need(&dialogue, &key, "Blue", 2, true);
    assert_string_equal(seen.error, "Wrong PIN: 2 tries left.");
    assert_asked_to_confirm(2, "Only 2 PIN tries are left");
    type(&dialogue, "yes");
    type(&dialogue, PIN);
    assert_int_equal(key.tried, 2);
    need(&dialogue, &key, "Blue", 1, true);
    assert_string_equal(seen.error, "Wrong PIN: 1 try left.");
    assert_asked_to_confirm(4, "Only 1 PIN try is left");
    type(&dialogue, "");
    assert_int_equal(key.tried, 2);
    assert_int_equal(key.declined, 1);
    assert_true(pk_pin_dialogue_was_wrong(&dialogue, &key));
}

static void unknown_tries_are_not_told(void **state)
{
    struct pk_pin_dialogue dialogue = begin();
    struct pk_key_session key = {0};

    (void)state;
    need(&dialogue, &key, "Blue", 0xff, false);
    assert_asked_for_pin(1, "PIN of your security key \"Blue\": ");
    assert_false(pk_pin_dialogue_was_wrong(&dialogue, &key));
    type(&dialogue, PIN);
    need(&dialogue, &key, "Blue", 0xff, true);
    assert_string_equal(seen.error, "Wrong PIN.");
    assert_asked_for_pin(2, "PIN of your security key \"Blue\": ");
}

static void what_is_no_pin_spends_no_try(void **state)
{
    char longest[PK_PIN_MAX + 2] = {0};
    struct pk_pin_dialogue dialogue = begin();
    struct pk_key_session key = {0};

    (void)state;
    (void)memset(longest, '1', PK_PIN_MAX + 1);
    need(&dialogue, &key, "Blue", 8, false);
    type(&dialogue, "123");
    assert_string_equal(seen.error, "A PIN has at least 4 and at most 63 characters.");
    assert_asked_for_pin(2, "PIN of your security key \"Blue\": ");
    type(&dialogue, longest);
    assert_non_null(strstr(seen.error, "at most 63 bytes"));
    assert_asked_for_pin(3, "PIN of your security key \"Blue\": ");
    type(&dialogue, "123");
    assert_int_equal(seen.asked, 3);
    assert_int_equal(key.tried, 0);
    assert_int_equal(key.declined, 1);

    /* The limits themselves are PINs. */
    dialogue = begin();
    key = (struct pk_key_session){0};
    longest[PK_PIN_MAX] = 0;
    need(&dialogue, &key, "Blue", 8, false);
    type(&dialogue, longest);
    need(&dialogue, &key, "Blue", 7, true);
    type(&dialogue, "1234");
    assert_int_equal(key.tried, 2);
}

static void a_key_s_own_least_is_held_to(void **state)
{
    const struct pk_pin_needed needed = {.tries = 8, .min = 6};
    struct pk_pin_dialogue dialogue = begin();
    struct pk_key_session key = {0};

    (void)state;
    pk_pin_dialogue_needed(&dialogue, &key, &key, "Blue", &needed);
    type(&dialogue, "12345");
    assert_string_equal(seen.error, "A PIN has at least 6 and at most 63 characters.");
    type(&dialogue, "\xff\xfe\xfd\xfc\xfb\xfa");
    assert_string_equal(seen.error, "That is no text in UTF-8.");
    assert_int_equal(key.tried, 0);
    type(&dialogue, "123456");
    assert_int_equal(key.tried, 1);
}

static void a_pin_is_handed_over_composed(void **state)
{
    struct pk_pin_dialogue dialogue = begin();
    struct pk_key_session key = {0};

    (void)state;
    need(&dialogue, &key, "Blue", 8, false);
    type(&dialogue, "a\u0308o\u0308u\u0308s\u0323\u0307");
    assert_int_equal(key.tried, 1);
    assert_string_equal(key.pin, "\u00e4\u00f6\u00fc\u1e69");
}

static void keys_are_asked_one_after_the_other(void **state)
{
    struct pk_pin_dialogue dialogue = begin();
    struct pk_key_session blue = {0}, red = {0};

    (void)state;
    need(&dialogue, &blue, "Blue", 8, false);
    need(&dialogue, &red, "Red", 8, false);
    assert_asked_for_pin(1, "PIN of your security key \"Blue\": ");
    type(&dialogue, PIN);
    assert_int_equal(seen.asked, 1); /* Blue may still say that it was wrong */
    need(&dialogue, &blue, "Blue", 7, true);
    assert_asked_for_pin(2, "PIN of your security key \"Blue\": ");
    assert_true(pk_pin_dialogue_was_wrong(&dialogue, &blue));
    assert_false(pk_pin_dialogue_was_wrong(&dialogue, &red));
    type(&dialogue, "");
    assert_int_equal(blue.declined, 1);
    assert_asked_for_pin(3, "PIN of your security key \"Red\": ");
    type(&dialogue, PIN);
    assert_int_equal(red.tried, 1);
    assert_int_equal(blue.tried, 1);
}

static void a_key_that_is_pulled_out_is_asked_no_more(void **state)
{
    struct pk_pin_dialogue dialogue = begin();
    struct pk_key_session blue = {0}, red = {0};

    (void)state;
    need(&dialogue, &blue, "Blue", 8, false);
    need(&dialogue, &red, "Red", 2, false);
    pk_pin_dialogue_withdraw(&dialogue, &blue);
    assert_int_equal(seen.taken_back, 1);
    assert_asked_to_confirm(2, "on your security key \"Red\"");
    pk_pin_dialogue_withdraw(&dialogue, &red);
    assert_int_equal(seen.taken_back, 2);
    type(&dialogue, "yes");
    assert_int_equal(seen.asked, 2);

    /* While it tries its PIN the others wait, and go on without it. */
    need(&dialogue, &blue, "Blue", 8, false);
    type(&dialogue, PIN);
    need(&dialogue, &red, "Red", 8, false);
    assert_asked_for_pin(3, "PIN of your security key \"Blue\": ");
    pk_pin_dialogue_withdraw(&dialogue, &blue);
    assert_asked_for_pin(4, "PIN of your security key \"Red\": ");
    assert_int_equal(seen.taken_back, 2);
}

static void an_answer_that_comes_too_late_reaches_nobody(void **state)
{
    struct pk_pin_dialogue dialogue = begin();
    struct pk_key_session key = {0};

    (void)state;
    need(&dialogue, &key, "Blue", 8, false);
    pk_pin_dialogue_stop(&dialogue);
    assert_int_equal(seen.taken_back, 1);
    type(&dialogue, PIN);
    assert_int_equal(key.tried + key.declined, 0);
    pk_pin_dialogue_stop(&dialogue);
    assert_int_equal(seen.taken_back, 1);
}

static void more_keys_than_there_is_room_for(void **state)
{
    static struct pk_key_session keys[PK_PIN_WAITING_MAX + 2];
    struct pk_pin_dialogue dialogue = begin();

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        need(&dialogue, &keys[i], "One", 8, false);
    assert_int_equal(dialogue.count, PK_PIN_WAITING_MAX);
    assert_int_equal(seen.asked, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pin_goes_to_its_key),
        cmocka_unit_test(last_tries_need_a_yes),
        cmocka_unit_test(a_yes_leads_to_the_pin),
        cmocka_unit_test(every_last_try_is_confirmed_anew),
        cmocka_unit_test(unknown_tries_are_not_told),
        cmocka_unit_test(what_is_no_pin_spends_no_try),
        cmocka_unit_test(a_key_s_own_least_is_held_to),
        cmocka_unit_test(a_pin_is_handed_over_composed),
        cmocka_unit_test(keys_are_asked_one_after_the_other),
        cmocka_unit_test(a_key_that_is_pulled_out_is_asked_no_more),
        cmocka_unit_test(an_answer_that_comes_too_late_reaches_nobody),
        cmocka_unit_test(more_keys_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
