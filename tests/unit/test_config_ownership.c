/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose the configuration has to be. Where this runs as root other owners are tried as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "tests/unit/config_scene.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char one_certificate[] = "some text\n-----BEGIN CERTIFICATE-----\n"
                                      "MAMC\nAQE=\n-----END CERTIFICATE-----\n";

/* A configuration that loads, and does not once path is somebody else's to write. */
static void assert_private(const struct scene *scene, const char *path, mode_t good)
{
    static const struct {
        mode_t bit;
        const char *who;
        const char *mend;
    } bits[] = {
        {S_IWGRP, "its group", "g-w"},
        {S_IWOTH, "everybody", "go-w"},
        {S_IWGRP | S_IWOTH, "everybody", "go-w"},
    };
    PK_AUTO_FREE char *belongs = pk_text_format(
        ": belongs to uid 4242, who could change what passkeyd does; run chown root %s", path);

    config_free(load(scene->path));
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        PK_AUTO_FREE char *what =
            pk_text_format(": %s may write to it (mode %04o); run chmod %s %s", bits[i].who,
                           (unsigned)(good | bits[i].bit), bits[i].mend, path);

        assert_int_equal(chmod(path, good | bits[i].bit), 0);
        assert_refused(scene->path, path, what);
    }
    assert_int_equal(chmod(path, good), 0);
    if (geteuid() == 0) {
        assert_int_equal(lchown(path, 4242, (gid_t)-1), 0);
        assert_refused(scene->path, path, belongs);
        assert_int_equal(lchown(path, 0, (gid_t)-1), 0);
    }
    config_free(load(scene->path));
}

/* Whoever may write to any of these decides who is let in. */
static void files_that_others_may_write_are_refused(void **state)
{
    const struct scene *scene = *state;
    PK_AUTO_FREE char *drop_in = pk_text_format("%s/a.conf", scene->drop_ins);

    put(scene->folder, "passkeyd.conf", "[daemon]\n");
    assert_private(scene, scene->drop_ins, 0755); /* before anybody has put something there */
    put(scene->drop_ins, "a.conf", "[daemon]\n");
    assert_private(scene, scene->path, 0644);
    assert_private(scene, scene->folder, 0700);
    assert_private(scene, drop_in, 0600);
    assert_private(scene, scene->drop_ins, 0755);
}

/* The reason names the key as well. */
static void trust_anchors_that_others_may_write_are_refused(void **state)
{
    const struct scene *scene = *state;
    PK_AUTO_FREE char *anchors = pk_text_format("%s/anchors", scene->folder);
    PK_AUTO_FREE char *anchor = pk_text_format("%s/a.pem", anchors);
    PK_AUTO_FREE char *text = pk_text_format("[rp default]\ntrust-anchors = %s\n", anchors);
    const char *const paths[] = {anchors, anchor};

    assert_int_equal(mkdir(anchors, 0755), 0);
    put(anchors, "a.pem", one_certificate);
    put(scene->folder, "passkeyd.conf", text);
    config_free(load(scene->path));
    for (size_t i = 0; i < 2; i++) {
        struct config *config = NULL;
        PK_AUTO_FREE char *why = NULL;

        assert_int_equal(chmod(paths[i], 0775), 0);
        assert_int_equal(config_load(scene->path, &config, &why), PK_CONFIG);
        assert_non_null(strstr(why, "its group may write to it (mode 0775); run chmod g-w "));
        assert_non_null(strstr(why, paths[i]));
        assert_int_equal(chmod(paths[i], 0755), 0);
    }
    config_free(load(scene->path));
}

/* What is looked at is the way that is really gone. */
static void links_are_followed_with_care(void **state)
{
    const struct scene *scene = *state;
    PK_AUTO_FREE char *real = pk_text_format("%s/real", scene->folder);
    PK_AUTO_FREE char *open_folder = pk_text_format("%s/open", scene->folder);
    PK_AUTO_FREE char *far = pk_text_format("%s/open/../real/./passkeyd.conf", scene->folder);
    PK_AUTO_FREE char *within = pk_text_format("%s/open/link.conf", scene->folder);
    PK_AUTO_FREE char *circle = pk_text_format("%s/circle", scene->folder);
    PK_AUTO_FREE char *what =
        pk_text_format(": everybody may write to it (mode 0777); run chmod go-w %s", open_folder);
    struct config *config = NULL;
    PK_AUTO_FREE char *why = NULL;

    assert_int_equal(mkdir(real, 0755), 0);
    assert_int_equal(mkdir(open_folder, 0755), 0);
    put(real, "passkeyd.conf", "[rp default]\nname = linked\n");
    assert_int_equal(symlink("real/passkeyd.conf", scene->path), 0);
    config = load(scene->path);
    assert_string_equal(config_rp(config, NULL)->display_name, "linked");
    config_free(config);
    assert_int_equal(remove(scene->path), 0);
    /* Through a folder in which anybody could exchange the link. */
    assert_int_equal(symlink(far, scene->path), 0);
    config_free(load(scene->path));
    assert_int_equal(chmod(open_folder, 0777), 0);
    assert_refused(scene->path, open_folder, what);
    assert_int_equal(remove(scene->path), 0);
    assert_int_equal(symlink(far, within), 0);
    assert_refused(within, open_folder, what);
    /* In a folder like /tmp nobody can exchange what is not theirs. */
    assert_int_equal(chmod(open_folder, 01777), 0);
    config_free(load(within));
    if (geteuid() == 0) {
        assert_int_equal(lchown(within, 4242, (gid_t)-1), 0);
        assert_int_equal(config_load(within, &config, &why), PK_CONFIG);
        assert_non_null(strstr(why, "belongs to uid 4242"));
    }
    assert_int_equal(symlink(circle, circle), 0);
    free(why);
    assert_int_equal(config_load(circle, &config, &why), PK_CONFIG);
    assert_non_null(strstr(why, "circle"));
}

int main(void)
{
#define SCENE(function) cmocka_unit_test_setup_teardown(function, scene_set_up, scene_tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(files_that_others_may_write_are_refused),
        SCENE(trust_anchors_that_others_may_write_are_refused),
        SCENE(links_are_followed_with_care),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
