/* SPDX-License-Identifier: BSD-2-Clause */
/* What passkeyctl check finds in PAM files, each kind of mistake in a stack of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/ctl/check_pam.h"
#include "client/ctl/findings.h"
#include "client/passkeys.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "tests/unit/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PASSKEY "auth sufficient pam_passkey.so\n"
#define UNIX    "auth required pam_unix.so\n"
#define COMMON                                                                                     \
    "auth [success=2 default=ignore] pam_passkey.so\n"                                             \
    "auth [success=1 default=ignore] pam_unix.so try_first_pass\n"                                 \
    "auth requisite pam_deny.so\nauth required pam_permit.so\nauth optional pam_cap.so\n"
#define FAILLOCK                                                                                   \
    "auth [success=1 default=ignore] pam_unix.so\nauth [default=die] pam_faillock.so authfail\n"   \
    "auth sufficient pam_faillock.so authsucc\nauth requisite pam_deny.so\n"

struct scene {
    char folder[SCRATCH_PATH_MAX];
    json_t *relying_parties;
    json_t *findings;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    static const char *const folders[] = {"etc", "etc/pam.d", "usr", "usr/lib", "usr/lib/pam.d"};

    scratch_new(scene->folder);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        PK_AUTO_FREE char *path = pk_text_format("%s/%s", scene->folder, folders[i]);

        assert_int_equal(mkdir(path, 0755), 0);
    }
    scene->relying_parties = json_pack("[{s:s}, {s:s}]", "name", "default", "name", "shop");
    scene->findings = json_array();
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    json_decref(scene->findings);
    json_decref(scene->relying_parties);
    scratch_remove(scene->folder);
    free(scene);
    return 0;
}

static void put(const struct scene *scene, const char *name, const char *text)
{
    PK_AUTO_FREE char *path = pk_text_format("etc/pam.d/%s", name);

    scratch_write(scene->folder, path, text, strlen(text));
}

/* The findings about PAM files, but not whether the module is installed. */
static void check(struct scene *scene)
{
    size_t i = 0;

    json_array_clear(scene->findings);
    check_pam(scene->folder, scene->relying_parties, scene->findings);
    while (i < json_array_size(scene->findings))
        if (strcmp(member_text(json_array_get(scene->findings, i), "check"), "pam") == 0)
            i++;
        else
            (void)json_array_remove(scene->findings, i);
}

static void assert_finding(const struct scene *scene, const char *name, const char *state,
                           const char *text)
{
    size_t i;
    json_t *finding;

    json_array_foreach(scene->findings, i, finding)
    {
        const char *mend = member_text(finding, "mend");

        if (strcmp(member_text(finding, "state"), state) != 0 ||
            !strstr(member_text(finding, "text"), text))
            continue;
        assert_int_equal(*mend != 0, strcmp(state, "ok") != 0);
        return;
    }
    (void)json_dumpf(scene->findings, stderr, JSON_INDENT(1));
    fail_msg("%s: not found: %s %s", name, state, text);
}

static void mistakes_are_found(void **state)
{
    static const struct {
        const char *name, *text, *state, *expected;
    } rows[] = {
        {"good", PASSKEY UNIX, "ok", "sudo asks for passkeys"},
        {"Debian's", COMMON, "ok", "sudo asks for passkeys"},
        {"two factors", "auth required pam_passkey.so\n" UNIX, "ok", "sudo asks for passkeys"},
        {"password first", UNIX "auth required pam_passkey.so\n", "ok", "sudo asks for passkeys"},
        {"passkeys alone, in order", "auth sufficient pam_rootok.so\n" PASSKEY UNIX, "ok",
         "sudo asks for passkeys"},
        {"misspelt", "auth sufficient pam_passkey.so nulok\n" UNIX, "fail",
         "/etc/pam.d/sudo:1: \"nulok\""},
        {"value", "auth sufficient pam_passkey.so timeout=0\n" UNIX, "fail", "\"timeout=0\""},
        {"twice", "auth sufficient pam_passkey.so quiet quiet\n" UNIX, "fail", "\"quiet\""},
        {"method", "auth sufficient pam_passkey.so methods=usb\n" UNIX, "fail", "\"methods=usb\""},
        {"no such rp", "auth sufficient pam_passkey.so rp=lab\n" UNIX, "fail", "sudo:1: rp=lab"},
        {"an rp", "auth sufficient pam_passkey.so rp=shop\n" UNIX, "ok", "sudo asks"},
        {"control", "auth sufficent pam_passkey.so\n" UNIX, "fail", "sudo:1: its control"},
        {"type elsewhere", PASSKEY UNIX "acount required pam_unix.so\n", "fail",
         "sudo:3: it begins"},
        {"jump", "auth [success=3 default=ignore] pam_passkey.so\n" UNIX, "fail",
         "sudo:1: it jumps over 3 modules, and in sudo only 1 follow"},
        {"jump to the end", "auth [success=2 default=ignore] pam_passkey.so\n" UNIX, "fail",
         "sudo:1: it jumps over 2 modules"},
        {"jump into nothing", "auth [success=1 default=ignore] pam_passkey.so\n" UNIX, "warn",
         "sudo:1: a good passkey does not let anybody in"},
        {"required alone", "auth required pam_passkey.so\n", "warn", "sudo:1: sudo asks for a"},
        {"requisite alone", "auth requisite pam_passkey.so\nauth required pam_permit.so\n", "warn",
         "sudo:1: sudo asks for a passkey alone"},
        {"open", PASSKEY "auth required pam_permit.so\n", "fail", "sudo lets in whoever gives"},
        {"open to those without",
         "auth required pam_passkey.so nullok\nauth required pam_permit.so\n", "fail",
         "gives nothing and has no passkey"},
        {"open by a short jump",
         "auth [success=1 default=1] pam_passkey.so\n"
         "auth requisite pam_deny.so\nauth required pam_permit.so\n",
         "fail", "sudo lets in whoever gives nothing"},
        {"behind the password",
         "auth sufficient pam_unix.so\n" PASSKEY "auth requisite pam_deny.so\n", "warn",
         "sudo:2: a passkey is asked for only after pam_unix.so (/etc/pam.d/sudo:1)"},
        {"behind die", "auth [success=done default=die] pam_unix.so\n" PASSKEY, "fail",
         "sudo:2: pam_passkey.so is never asked"},
        {"behind deny", "auth requisite pam_deny.so\n" PASSKEY, "fail", "is never asked"},
        {"closed", "auth requisite pam_passkey.so\n" UNIX "auth required pam_deny.so\n", "fail",
         "sudo: nobody gets in"},
        {"faillock", PASSKEY "auth required pam_faillock.so preauth\n" FAILLOCK, "warn",
         "sudo:2: pam_faillock.so stands behind"},
        {"faillock before", "auth required pam_faillock.so preauth\n" PASSKEY FAILLOCK, "ok",
         "sudo asks"},
        {"first pass", PASSKEY "auth required pam_unix.so use_first_pass\n", "warn",
         "sudo:2: pam_unix.so has use_first_pass"},
        {"first pass behind a password",
         PASSKEY "auth required pam_unix.so\nauth optional pam_krb5.so use_first_pass\n", "ok",
         "sudo asks"},
        {"missing include", PASSKEY UNIX "auth include nothing-there\n", "fail",
         "sudo:3: it includes \"nothing-there\""},
        {"itself", PASSKEY UNIX "@include sudo\n@include sudo\n", "warn", "too large"},
        {"another's", UNIX, "warn", "no PAM file names the module"},
        {"a comment", UNIX "# " PASSKEY, "warn", "no PAM file names the module"},
        {"another type", UNIX "account sufficient pam_passkey.so\n", "warn", "no PAM file names"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene *scene = *state;

        put(scene, "sudo", rows[i].text);
        check(scene);
        assert_finding(scene, rows[i].name, rows[i].state, rows[i].expected);
        if (strcmp(rows[i].state, "ok") == 0)
            assert_int_equal(json_array_size(scene->findings), 1);
    }
}

/* A mistake in a file that many services include is told once, a service's own at the service. */
static void included_files(void **state)
{
    struct scene *scene = *state;

    put(scene, "common-auth", COMMON);
    put(scene, "sudo", "@include common-auth\n");
    put(scene, "su", "auth sufficient pam_rootok.so\n@include common-auth\n");
    put(scene, "login.dpkg-old", "auth sufficient pam_passkey.so nulok\n");
    put(scene, ".hidden", "auth sufficient pam_passkey.so nulok\n");
    check(scene);
    assert_int_equal(json_array_size(scene->findings), 2);
    assert_finding(scene, "su", "ok", "su asks for passkeys");
    assert_finding(scene, "sudo", "ok", "sudo asks for passkeys");
    put(scene, "common-auth", "auth sufficient pam_passkey.so nulok\n" UNIX);
    check(scene);
    assert_int_equal(json_array_size(scene->findings), 1);
    assert_finding(scene, "common", "fail", "/etc/pam.d/common-auth:1: \"nulok\"");
    /* A jump is counted with what stands behind the include. */
    put(scene, "common-auth", "auth [success=1 default=ignore] pam_passkey.so\n");
    put(scene, "sudo",
        "@include common-auth\nauth required pam_unix.so\n"
        "auth optional pam_cap.so\n");
    put(scene, "su", "@include common-auth\n");
    check(scene);
    assert_finding(scene, "jump", "fail", "it jumps over 1 modules, and in su only 0 follow");
}

/* Each time counts that a file is read, also where it has nothing of this type. */
static void files_that_multiply(void **state)
{
    struct scene *scene = *state;

    for (unsigned i = 0; i < 10; i++) {
        PK_AUTO_FREE char *name = pk_text_format("part-%u", i);
        PK_AUTO_FREE char *text =
            pk_text_format("@include part-%u\n@include part-%u\n", i + 1, i + 1);

        put(scene, name, text);
    }
    put(scene, "part-10", "# nothing\n");
    put(scene, "sudo", PASSKEY UNIX "@include part-0\n");
    check(scene);
    assert_finding(scene, "multiply", "warn", "/etc/pam.d/sudo is too large");
    put(scene, "sudo", PASSKEY UNIX "@include part-6\n");
    check(scene);
    assert_finding(scene, "few", "ok", "sudo asks for passkeys");
}

static void substacks(void **state)
{
    struct scene *scene = *state;

    put(scene, "system-auth", COMMON);
    put(scene, "sudo", "auth substack system-auth\nauth optional pam_env.so\n");
    check(scene);
    assert_finding(scene, "substack", "ok", "sudo asks for passkeys");
    /* A jump does not leave its substack, and passes over another as over one module. */
    put(scene, "system-auth", UNIX);
    put(scene, "inner", "auth [success=1 default=ignore] pam_passkey.so\n");
    put(scene, "sudo", "auth substack inner\n" UNIX UNIX);
    check(scene);
    assert_finding(scene, "leaves", "fail", "it jumps over 1 modules, and in sudo only 0");
    put(scene, "inner", "auth optional pam_env.so\nauth optional pam_env.so\n");
    put(scene, "sudo",
        "auth [success=2 default=ignore] pam_passkey.so\nauth substack inner\n" UNIX
        "auth required pam_permit.so\n");
    check(scene);
    assert_int_equal(json_array_size(scene->findings), 1);
    assert_finding(scene, "over", "ok", "sudo asks");
    /* What is done in a substack does not end what includes it. */
    put(scene, "inner", PASSKEY "auth requisite pam_deny.so\n");
    put(scene, "sudo", "auth substack inner\n" UNIX);
    check(scene);
    assert_finding(scene, "done", "warn", "a good passkey does not let anybody in");
}

/* A vendor's file counts where the administrator has none. */
static void vendor_files(void **state)
{
    struct scene *scene = *state;
    static const char text[] = PASSKEY UNIX;

    scratch_write(scene->folder, "usr/lib/pam.d/common", text, strlen(text));
    put(scene, "sudo", "auth include common\n");
    assert_true(check_pam_service_asks(scene->folder, "sudo"));
    put(scene, "common", UNIX);
    assert_false(check_pam_service_asks(scene->folder, "sudo"));
    assert_false(check_pam_service_asks(scene->folder, "other"));
}

int main(void)
{
#define SCENE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(mistakes_are_found), SCENE(included_files), SCENE(files_that_multiply),
        SCENE(substacks),          SCENE(vendor_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
