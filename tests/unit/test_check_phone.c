/* SPDX-License-Identifier: BSD-2-Clause */
/* What passkeyctl check --phone says of adapters, of bluetoothd's answers, and of names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/ctl/check_phone.h"
#include "client/ctl/findings.h"
#include "tests/unit/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char root[SCRATCH_PATH_MAX];

static int set_up(void **state)
{
    (void)state;
    scratch_new(root);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(root);
    return 0;
}

static void folder(const char *name)
{
    char path[SCRATCH_PATH_MAX + 64];

    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void file(const char *name, const char *text)
{
    char path[SCRATCH_PATH_MAX + 64];
    FILE *stream;

    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

static void make_switch(const char *soft, const char *hard)
{
    folder("sys/class/rfkill");
    folder("sys/class/rfkill/rfkill0");
    file("sys/class/rfkill/rfkill0/type", "wlan\n");
    file("sys/class/rfkill/rfkill0/soft", "1\n");
    folder("sys/class/rfkill/rfkill1");
    file("sys/class/rfkill/rfkill1/type", "bluetooth\n");
    file("sys/class/rfkill/rfkill1/soft", soft);
    file("sys/class/rfkill/rfkill1/hard", hard);
}

static const char *text_of(const json_t *findings, size_t index)
{
    return json_string_value(json_object_get(json_array_get(findings, index), "text"));
}

static const char *mend_of(const json_t *findings, size_t index)
{
    return json_string_value(json_object_get(json_array_get(findings, index), "mend"));
}

static void a_computer_without_bluetooth(void **state)
{
    json_t *findings = json_array();

    (void)state;
    check_phone_adapters(root, findings);
    assert_int_equal(json_array_size(findings), 1);
    assert_int_equal(findings_worst(findings), FINDING_FAIL);
    assert_non_null(strstr(text_of(findings, 0), "no Bluetooth adapter"));
    assert_non_null(mend_of(findings, 0));
    json_decref(findings);
}

static void an_adapter_and_its_switches(void **state)
{
    static const struct {
        const char *soft, *hard, *mend;
    } cases[] = {
        {"0\n", "0\n", NULL}, {"1\n", "0\n", "rfkill unblock"}, {"1\n", "1\n", "rfkill list"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *findings = json_array();

        folder("sys");
        folder("sys/class");
        folder("sys/class/bluetooth");
        folder("sys/class/bluetooth/hci0");
        make_switch(cases[i].soft, cases[i].hard);
        check_phone_adapters(root, findings);
        assert_int_equal(json_array_size(findings), cases[i].mend ? 2 : 1);
        assert_non_null(strstr(text_of(findings, 0), "there is a Bluetooth adapter"));
        if (cases[i].mend)
            assert_non_null(strstr(mend_of(findings, 1), cases[i].mend));
        json_decref(findings);
        (void)tear_down(NULL);
        (void)set_up(NULL);
    }
}

static void what_bluetoothd_answers(void **state)
{
    static const struct {
        const char *output;
        int exit_code;
        enum finding finding;
        const char *mend;
    } cases[] = {
        {"method return time=1", 0, FINDING_OK, NULL},
        {"Error org.bluez.Error.InProgress: already", 1, FINDING_OK, NULL},
        {"Error org.bluez.Error.NotReady: Resource Not Ready", 1, FINDING_FAIL, "power on"},
        {"Error org.bluez.Error.NotAuthorized", 1, FINDING_FAIL, "bluetooth.conf"},
        {"Error org.freedesktop.DBus.Error.AccessDenied: x", 1, FINDING_FAIL, "bluetooth.conf"},
        {"Error org.freedesktop.DBus.Error.ServiceUnknown", 1, FINDING_FAIL, "enable --now"},
        {"Error org.freedesktop.DBus.Error.UnknownObject", 1, FINDING_WARN, "bluetoothctl list"},
        {NULL, 127, FINDING_NOTE, "dbus-bin"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *findings = json_array();

        check_phone_scan(cases[i].output, cases[i].exit_code, findings);
        assert_int_equal(json_array_size(findings), 1);
        assert_int_equal(findings_worst(findings), cases[i].finding);
        if (cases[i].mend)
            assert_non_null(strstr(mend_of(findings, 0), cases[i].mend));
        else
            assert_null(mend_of(findings, 0));
        json_decref(findings);
    }
}

/* Of a name that can never be one (RFC 6761). */
static void a_name_that_is_not_resolved(void **state)
{
    json_t *findings = json_array();

    (void)state;
    check_phone_service("cable.invalid", "nobody's", findings);
    assert_int_equal(findings_worst(findings), FINDING_FAIL);
    assert_non_null(strstr(text_of(findings, 0), "cable.invalid (nobody's) is not resolved"));
    assert_non_null(strstr(mend_of(findings, 0), "getent ahosts cable.invalid"));
    json_decref(findings);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_computer_without_bluetooth),
        TEST(an_adapter_and_its_switches),
        TEST(what_bluetoothd_answers),
        TEST(a_name_that_is_not_resolved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
