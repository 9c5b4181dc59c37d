/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/ctl/check_files.h"
#include "client/ctl/findings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* CTAP 2.1 section 11.2.8.1, the beginning of it; and a keyboard's. */
static const uint8_t fido[] = {0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01};
static const uint8_t keyboard[] = {0x05, 0x01, 0x09, 0x06, 0xa1, 0x01};
/* The same bytes as data of a longer item are no usage page; nor is an item that ends too early. */
static const uint8_t inside[] = {0x27, 0x06, 0xd0, 0xf1, 0x00};
static const uint8_t cut[] = {0x06, 0xd0};

static char root[64];

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0755) < 0)
            assert_int_equal(errno, EEXIST);
        *slash = '/';
    }
}

static void put(const char *name, const void *content, size_t len)
{
    char path[PATH_MAX];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    make_folders(path);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static int make_root(void **state)
{
    (void)state;
    (void)strcpy(root, "/tmp/passkey-check-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    char command[PATH_MAX];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -r %s", root);
    return system(command);
}

static size_t count(const json_t *findings, const char *check, const char *state)
{
    size_t i, found = 0;
    json_t *finding;

    json_array_foreach(findings, i, finding)
    {
        found += strcmp(json_string_value(json_object_get(finding, "check")), check) == 0 &&
                 strcmp(json_string_value(json_object_get(finding, "state")), state) == 0;
    }
    return found;
}

static void nothing_there(void **state)
{
    json_t *findings = json_array();

    (void)state;
    check_devices(root, findings);
    assert_int_equal(json_array_size(findings), 1);
    assert_int_equal(count(findings, "device", "note"), 1);
    assert_int_equal(findings_worst(findings), FINDING_NOTE);
    json_decref(findings);
}

static void security_keys_are_told_from_other_devices(void **state)
{
    json_t *findings = json_array();

    (void)state;
    put("sys/class/hidraw/hidraw0/device/report_descriptor", keyboard, sizeof(keyboard));
    put("sys/class/hidraw/hidraw1/device/report_descriptor", inside, sizeof(inside));
    put("sys/class/hidraw/hidraw2/device/report_descriptor", cut, sizeof(cut));
    put("sys/class/hidraw/hidraw3/device/report_descriptor", "", 0);
    check_devices(root, findings);
    assert_int_equal(json_array_size(findings), 1);
    assert_int_equal(count(findings, "device", "note"), 1);
    json_array_clear(findings);

    put("sys/class/hidraw/hidraw4/device/report_descriptor", fido, sizeof(fido));
    check_devices(root, findings);
    /* No node of that name in dev, or no group to open it. */
    assert_int_equal(json_array_size(findings), 1);
    assert_int_equal(count(findings, "device", "fail"), 1);
    json_decref(findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_there, make_root, remove_root),
        cmocka_unit_test_setup_teardown(security_keys_are_told_from_other_devices, make_root,
                                        remove_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
