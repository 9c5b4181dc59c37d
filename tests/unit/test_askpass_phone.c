/* SPDX-License-Identifier: BSD-2-Clause */
/* When passkey-askpass offers a phone, and what it says of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/askpass/phone.h"
#include "client/outcome.h"
#include "client/terminal.h"
#include "common/base/cleanup.h"
#include "common/keys/phone_messages.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the computer: a terminal, and what the kernel has of Bluetooth ---- */

static bool shows_codes;
static char folder[] = "/tmp/passkey-askpass-test-XXXXXX";
static bool has_bluetooth; /* the folder, that is */
static unsigned looked;

bool terminal_shows_codes(void)
{
    return shows_codes;
}

/* libc's, in its place: phone.c looks at one folder alone. */
__attribute__((visibility("default"))) DIR *opendir(const char *name)
{
    assert_string_equal(name, "/sys/class/bluetooth");
    looked++;
    if (!has_bluetooth) {
        errno = ENOENT;
        return NULL;
    }
    return fdopendir(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static void plug(const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void unplug(const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(rmdir(path), 0);
}

static const char *const variables[] = {"PASSKEY_PHONE", "PASSKEY_PHONE_CONNECT",
                                        "PASSKEY_PHONE_CA_FILE", "PASSKEY_PHONE_BUS"};

static int set_up(void **state)
{
    (void)state;
    shows_codes = has_bluetooth = true;
    looked = 0;
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        (void)unsetenv(variables[i]);
    return 0;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* ---- */

static const struct pk_forward_request sign_in = {.kind = PK_FORWARD_GET};

static void an_adapter_is_what_it_takes(void **state)
{
    (void)state;
    has_bluetooth = false;
    assert_false(askpass_phone_is_possible());
    has_bluetooth = true;
    assert_false(askpass_phone_is_possible()); /* "." and ".." alone */
    plug("hci0");
    assert_true(askpass_phone_is_possible());
    unplug("hci0");
    assert_int_equal(looked, 3);
}

static void not_where_a_code_cannot_be_seen(void **state)
{
    (void)state;
    plug("hci0");
    shows_codes = false;
    assert_false(askpass_phone_is_possible());
    unplug("hci0");
}

static void a_test_needs_no_adapter(void **state)
{
    (void)state;
    has_bluetooth = false;
    assert_int_equal(setenv("PASSKEY_PHONE", "/another/passkey-phone", 1), 0);
    assert_true(askpass_phone_is_possible());
    assert_string_equal(askpass_phone_program(), "/another/passkey-phone");
    assert_int_equal(unsetenv("PASSKEY_PHONE"), 0);
    assert_string_equal(askpass_phone_program(), PK_LIBEXECDIR "/passkey-phone");
}

static void what_the_helper_is_told(void **state)
{
    const struct pk_phone_setup *setup = askpass_phone_setup();

    (void)state;
    assert_string_equal(setup->bus, "");
    assert_string_equal(setup->connect, "");
    assert_string_equal(setup->ca_file, "");
    assert_int_equal(setenv("PASSKEY_PHONE_BUS", "unix:path=/bus", 1), 0);
    assert_int_equal(setenv("PASSKEY_PHONE_CONNECT", "127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("PASSKEY_PHONE_CA_FILE", "/ca.pem", 1), 0);
    setup = askpass_phone_setup();
    assert_string_equal(setup->bus, "unix:path=/bus");
    assert_string_equal(setup->connect, "127.0.0.1:1");
    assert_string_equal(setup->ca_file, "/ca.pem");
    /* It is the person's own program that connects, and to Google's and Apple's services alone. */
    assert_string_equal(setup->dialler, "");
    assert_false(setup->hashed);
}

/* A key that was there and refused, or a person who said no, is not asked about a phone. */
static void a_phone_follows_where_no_key_was(void **state)
{
    static const enum pk_status follows[] = {PK_CANCELLED,      PK_NO_DEVICE,     PK_NO_MATCH,
                                             PK_DEVICE_REMOVED, PK_TOUCH_TIMEOUT, PK_UNAVAILABLE};

    (void)state;
    for (int status = PK_OK; status < PK_STATUS_COUNT; status++) {
        bool may = false;

        for (size_t i = 0; i < sizeof(follows) / sizeof(follows[0]); i++)
            may = may || (int)follows[i] == status;
        if (askpass_phone_may_follow((enum pk_status)status) != may)
            fail_msg("%s", pk_status_name((enum pk_status)status));
    }
}

static void the_offer_names_the_host_first(void **state)
{
    PK_AUTO_FREE char *offer = askpass_phone_offer(&sign_in, "web1.example.org");

    (void)state;
    assert_non_null(offer);
    assert_int_equal(strncmp(offer, "web1.example.org: ", 18), 0);
    assert_non_null(strstr(offer, "Google or Apple"));
    assert_non_null(strstr(offer, "\"phone\""));
}

static void the_word_is_what_counts(void **state)
{
    static const struct {
        const char *typed;
        bool wanted;
    } cases[] = {{"phone", true}, {"PHONE", true},   {"Phone", true},   {"", false},
                 {"y", false},    {"phon", false},   {"phones", false}, {" phone", false},
                 {"yes", false},  {"phone ", false}, {"hello", false}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_SECRET struct pk_secret answer = {0};

        assert_int_equal(pk_secret_copy(pk_view_string(cases[i].typed), &answer), PK_OK);
        assert_int_equal(askpass_phone_is_wanted(&answer), cases[i].wanted);
    }
}

static void its_end_is_said_of_a_phone(void **state)
{
    (void)state;
    assert_string_equal(askpass_phone_outcome(PK_TIMEOUT), pk_message_phone(PK_TIMEOUT));
    assert_string_equal(askpass_phone_outcome(PK_DEVICE_ERROR), pk_message_phone(PK_DEVICE_ERROR));
    assert_string_equal(askpass_phone_outcome(PK_PHONE_ENDED), pk_message_phone(PK_PHONE_ENDED));
    /* Of this program, and not of passkeyd. */
    assert_string_equal(askpass_phone_outcome(PK_INTERNAL), client_outcome(PK_INTERNAL));
    assert_string_equal(askpass_phone_outcome(PK_NO_MEMORY), client_outcome(PK_NO_MEMORY));
    for (int status = PK_OK; status < PK_STATUS_COUNT; status++)
        assert_null(strstr(askpass_phone_outcome((enum pk_status)status), "security key"));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_adapter_is_what_it_takes),      TEST(not_where_a_code_cannot_be_seen),
        TEST(a_test_needs_no_adapter),          TEST(what_the_helper_is_told),
        TEST(a_phone_follows_where_no_key_was), TEST(the_offer_names_the_host_first),
        TEST(the_word_is_what_counts),          TEST(its_end_is_said_of_a_phone),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
