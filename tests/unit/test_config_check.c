/* SPDX-License-Identifier: BSD-2-Clause */
/* Configurations that are well-formed and cannot work: each is told with its line and its key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/config/config_check.h"
#include "tests/unit/scratch.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

PK_DEFINE_CLEANUP(struct config *, config_free);

struct scene {
    char folder[SCRATCH_PATH_MAX];
    struct config_findings findings;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    scratch_new(scene->folder);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    config_findings_clear(&scene->findings);
    scratch_remove(scene->folder);
    free(scene);
    return 0;
}

static void check(struct scene *scene, const char *text)
{
    PK_CLEANUP(config_free) struct config *config = NULL;
    PK_AUTO_FREE char *path = pk_text_format("%s/passkeyd.conf", scene->folder);
    struct pk_strings problems = {0};

    config_findings_clear(&scene->findings);
    scratch_write(scene->folder, "passkeyd.conf", text, strlen(text));
    assert_int_equal(config_read(path, &config, &problems), PK_OK);
    for (size_t i = 0; i < problems.count; i++)
        print_message("%s\n", problems.items[i]);
    assert_int_equal(problems.count, 0);
    assert_int_equal(config_check(config, scene->folder, &scene->findings), PK_OK);
}

/*
 * The one finding, of one of the two kinds, begins with the file and what is expected: ":", or that
 * of a file beside it with ".d/NAME:", then the line.
 */
static void assert_one(const struct scene *scene, bool fault, const char *expected)
{
    const struct pk_strings *list = fault ? &scene->findings.faults : &scene->findings.warnings;
    PK_AUTO_FREE char *start = pk_text_format("%s/passkeyd.conf%s", scene->folder, expected);

    assert_int_equal(scene->findings.faults.count + scene->findings.warnings.count, 1);
    assert_int_equal(list->count, 1);
    if (strncmp(list->items[0], start, strlen(start)) != 0)
        fail_msg("%s", list->items[0]);
}

static void ids_and_origins(void **state)
{
    static const struct {
        const char *lines; /* of [rp default] */
        bool fault;
        const char *expected; /* NULL: nothing to say */
    } rows[] = {
        {"id = host.example.org", false, NULL},
        {"id = com", true, ":2: id: \"com\" is a public suffix"},
        {"id = co.uk", true, ":2: id: \"co.uk\" is a public suffix"},
        {"id = 10.0.0.5", true, ":2: id: \"10.0.0.5\" is an IP address"},
        {"id = a-.example.org", true, ":2: id: \"a-.example.org\" is not a host name"},
        {"id = deb12box", false, ":2: id: \"deb12box\" is a bare name"},
        {"id = localhost", false, ":2: id: \"localhost\" is a name that every host"},
        {"id = example.org\norigins = https://example.org:8443,https://a.example.org, android:x",
         false, NULL},
        {"id = example.org\norigins = https://www.example.com", false,
         ":3: origins: \"https://www.example.com\" is neither"},
        {"id = a.example.org\norigins = https://example.org", false, ":3: origins: \"https"},
        {"id = example.org\norigins = https://aexample.org", false, ":3: origins: \"https"},
        {"id = example.org\norigins = http://example.org", true,
         ":3: origins: \"http://example.org\": browsers use passkeys over https"},
        {"id = example.org\norigins = https://10.0.0.5", true,
         ":3: origins: \"https://10.0.0.5\": browsers use passkeys at domain"},
        {"id = example.org\norigins = https://[::1]:8443", true, ":3: origins: \"https://[::1]"},
        {"id = example.org\nallow-cross-origin = yes\ntop-origins = https://shop.example.com",
         false, NULL},
        {"id = example.org\nallow-cross-origin = yes\ntop-origins = http://shop.example.com", true,
         ":4: top-origins: "},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene *scene = *state;
        PK_AUTO_FREE char *text = pk_text_format("[rp default]\n%s\n", rows[i].lines);

        check(scene, text);
        if (rows[i].expected)
            assert_one(scene, rows[i].fault, rows[i].expected);
        else
            assert_int_equal(scene->findings.faults.count + scene->findings.warnings.count, 0);
    }
}

static void make_folder(const struct scene *scene, const char *name)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/%s", scene->folder, name);

    assert_int_equal(mkdir(path, 0755), 0);
}

static void a_program_must_run(void **state)
{
    struct scene *scene = *state;
    static const char text[] = "[authenticator]\nprogram = /opt/helper\n";
    PK_AUTO_FREE char *path = pk_text_format("%s/opt/helper", scene->folder);

    check(scene, text);
    assert_one(scene, true, ":2: program: /opt/helper cannot be run: No such file");
    make_folder(scene, "opt");
    scratch_write(scene->folder, "opt/helper", "", 0);
    check(scene, text);
    assert_one(scene, true, ":2: program: /opt/helper cannot be run: Permission denied");
    assert_int_equal(chmod(path, 0755), 0);
    check(scene, text);
    assert_int_equal(scene->findings.faults.count, 0);
    check(scene, "[authenticator]\nprogram = /opt\n");
    assert_one(scene, true, ":2: program: /opt cannot be run: Permission denied");
}

static void a_service_has_a_pam_file(void **state)
{
    struct scene *scene = *state;

    make_folder(scene, "etc");
    make_folder(scene, "etc/pam.d");
    make_folder(scene, "usr");
    make_folder(scene, "usr/lib");
    make_folder(scene, "usr/lib/pam.d");
    scratch_write(scene->folder, "etc/pam.d/sudo", "", 0);
    scratch_write(scene->folder, "usr/lib/pam.d/polkit-1", "", 0);
    check(scene, "[service sudo]\ntimeout = 20\n[service polkit-1]\ntimeout = 20\n"
                 "[service passkeyctl]\ntimeout = 20\n");
    assert_int_equal(scene->findings.warnings.count, 0);
    check(scene, "[service sudo]\ntimeout = 20\n[service ssh]\ntimeout = 20\n");
    assert_one(scene, false, ":4: [service ssh]: there is no PAM file");
}

/* What a later line sets again is no longer what counts. */
static void only_the_last_line_counts(void **state)
{
    static const char text[] = "[rp default]\nid = a.example.org\n";
    static const char bad[] = "\n[rp default]\nid = com\n";
    struct scene *scene = *state;

    make_folder(scene, "passkeyd.conf.d");
    scratch_write(scene->folder, "passkeyd.conf.d/a.conf", text, strlen(text));
    check(scene, "[rp default]\nid = com\n");
    assert_int_equal(scene->findings.faults.count, 0);
    scratch_write(scene->folder, "passkeyd.conf.d/a.conf", bad, strlen(bad));
    check(scene, "[rp default]\nid = a.example.org\n");
    assert_one(scene, true, ".d/a.conf:3: id: \"com\" is a public suffix");
}

int main(void)
{
#define SCENE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(ids_and_origins),
        SCENE(a_program_must_run),
        SCENE(a_service_has_a_pam_file),
        SCENE(only_the_last_line_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
