/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/config_scene.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>
#include <sys/stat.h>

int scene_set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    scratch_new(scene->folder);
    scene->path = pk_text_format("%s/passkeyd.conf", scene->folder);
    scene->drop_ins = pk_text_format("%s.d", scene->path);
    assert_int_equal(mkdir(scene->drop_ins, 0755), 0);
    *state = scene;
    return 0;
}

int scene_tear_down(void **state)
{
    struct scene *scene = *state;

    scratch_remove(scene->folder);
    free(scene->path);
    free(scene->drop_ins);
    free(scene);
    return 0;
}

void put(const char *folder, const char *name, const char *text)
{
    scratch_write(folder, name, text, strlen(text));
}

struct config *load(const char *path)
{
    struct config *config = NULL;
    PK_AUTO_FREE char *why = NULL;

    if (config_load(path, &config, &why) != PK_OK)
        fail_msg("%s", why);
    return config;
}

void assert_refused(const char *path, const char *culprit, const char *what)
{
    struct config *config = NULL;
    PK_AUTO_FREE char *why = NULL;
    PK_AUTO_FREE char *expected = pk_text_format("%s%s", culprit, what);

    assert_int_equal(config_load(path, &config, &why), PK_CONFIG);
    assert_null(config);
    assert_string_equal(why, expected);
}
