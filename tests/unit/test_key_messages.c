/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/keys/messages.h"

#include <string.h>

static void touch_names_keys_that_differ(void **state)
{
    char blue[] = "Blue", red[] = "Red", black[] = "Black";
    char *items[] = {blue, red, black};
    struct pk_strings names = {items, 1};
    PK_AUTO_FREE char *one = pk_message_touch(&names, "now");
    PK_AUTO_FREE char *two = NULL, *three = NULL, *alike = NULL;

    (void)state;
    names.count = 2;
    two = pk_message_touch(&names, "now");
    names.count = 3;
    three = pk_message_touch(&names, "now");
    items[1] = items[2] = blue;
    alike = pk_message_touch(&names, "now");
    assert_string_equal(one, "Touch your security key now");
    assert_string_equal(two, "Touch one of your security keys (Blue or Red) now");
    assert_string_equal(three, "Touch one of your security keys (Blue, Red or Black) now");
    assert_string_equal(alike, "Touch one of your security keys now");
}

static void insert_says_what_for(void **state)
{
    PK_AUTO_FREE char *none = pk_message_insert(false, "to sign in");
    PK_AUTO_FREE char *stranger = pk_message_insert(true, "to sign in");

    (void)state;
    assert_string_equal(none, "Insert your security key to sign in");
    assert_string_equal(stranger,
                        "No security key that is plugged in holds a passkey for this. If another "
                        "one does, insert it to sign in");
}

static void device_names(void **state)
{
    char empty[] = "", product[] = "Key\x07 5", maker[] = "Maker";
    struct pk_device device = {.manufacturer = maker, .product = product};
    PK_AUTO_FREE char *by_product = pk_message_device_name(&device);
    PK_AUTO_FREE char *by_maker = NULL, *by_nothing = NULL;

    (void)state;
    device.product = empty;
    by_maker = pk_message_device_name(&device);
    device.manufacturer = empty;
    by_nothing = pk_message_device_name(&device);
    assert_string_equal(by_product, "Key? 5");
    assert_string_equal(by_maker, "Maker");
    assert_string_equal(by_nothing, "security key");
}

static struct pk_requester requester(const char *user, const char *program)
{
    return (struct pk_requester){
        .user = user, .program = program, .target = "", .command = "", .terminal = ""};
}

static void assert_said(const struct pk_requester *who, const char *text)
{
    PK_AUTO_FREE char *said = pk_message_requester(who);

    assert_string_equal(said, text);
}

static void who_wants_what(void **state)
{
    struct pk_requester sudo = requester("alice", "sudo");
    struct pk_requester su = requester("bob", "su");
    struct pk_requester nobody = requester("", "");

    (void)state;
    sudo.command = "apt update";
    sudo.terminal = "/dev/pts/3";
    assert_said(&sudo, "alice: sudo \"apt update\" on /dev/pts/3");
    sudo.target = "root";
    assert_said(&sudo, "alice: sudo \"apt update\" on /dev/pts/3");
    sudo.target = "www";
    assert_said(&sudo, "alice: sudo \"apt update\" as www on /dev/pts/3");
    su.target = "alice";
    assert_said(&su, "bob: su to alice, without a terminal");
    su.target = "root";
    assert_said(&su, "bob: su to root, without a terminal");
    su.target = "bob";
    assert_said(&su, "bob: su, without a terminal");
    assert_said(&nobody, "somebody: a program, without a terminal");
}

/* Whoever chose the words: it is one line, short, and cannot leave its quotation. */
static void a_requester_cannot_speak_for_us(void **state)
{
    struct pk_requester who = requester("alice", "sudo");
    char command[1000];
    PK_AUTO_FREE char *said = NULL;

    (void)state;
    who.command = "\" on /dev/pts/1 (this request)\n\x1b[2J";
    assert_said(&who, "alice: sudo \"' on /dev/pts/1 (this request)??[2J\", without a terminal");
    (void)memset(command, 'x', sizeof(command) - 1);
    command[sizeof(command) - 1] = '\0';
    who = (struct pk_requester){command, command, command, command, command};
    said = pk_message_requester(&who);
    assert_in_range(strlen(said), 1, 480);
    assert_non_null(strstr(said, "xxx...\""));
}

/* Of its own, a sentence, short enough for one message of PAM, and one line as the log's are. */
static void every_outcome_has_a_text(void **state)
{
    (void)state;
    assert_string_equal(pk_message_outcome(PK_OK), "");
    for (int status = PK_OK + 1; status < PK_STATUS_COUNT; status++) {
        const char *text = pk_message_outcome((enum pk_status)status);

        if (!text || strlen(text) < 10 || strlen(text) > 300 || strchr(text, '\n') ||
            !strchr(".?", text[strlen(text) - 1]))
            fail_msg("%s: %s", pk_status_name((enum pk_status)status), text ? text : "nothing");
    }
    assert_string_equal(pk_message_outcome(PK_STATUS_COUNT), pk_message_outcome(PK_INTERNAL));
}

/* Equal texts are of statuses that are one thing to the person. */
static void outcomes_are_told_apart(void **state)
{
    static const enum pk_status alike[][2] = {{PK_UNKNOWN_USER, PK_NO_CREDENTIALS},
                                              {PK_EXISTS, PK_CREDENTIAL_REGISTERED}};

    (void)state;
    for (int one = PK_OK; one < PK_STATUS_COUNT; one++)
        for (int other = one + 1; other < PK_STATUS_COUNT; other++) {
            bool may = false;

            for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++)
                may = may || ((int)alike[i][0] == one && (int)alike[i][1] == other) ||
                      ((int)alike[i][0] == other && (int)alike[i][1] == one);
            if (!may && strcmp(pk_message_outcome((enum pk_status)one),
                               pk_message_outcome((enum pk_status)other)) == 0)
                fail_msg("%s and %s: %s", pk_status_name((enum pk_status)one),
                         pk_status_name((enum pk_status)other),
                         pk_message_outcome((enum pk_status)one));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(touch_names_keys_that_differ),
        cmocka_unit_test(insert_says_what_for),
        cmocka_unit_test(device_names),
        cmocka_unit_test(who_wants_what),
        cmocka_unit_test(a_requester_cannot_speak_for_us),
        cmocka_unit_test(every_outcome_has_a_text),
        cmocka_unit_test(outcomes_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
