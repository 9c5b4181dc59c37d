/* SPDX-License-Identifier: BSD-2-Clause */
/* Configurations in a folder of the test's own. Failures end the test. */
#ifndef TESTS_UNIT_CONFIG_SCENE_H
#define TESTS_UNIT_CONFIG_SCENE_H

#include "daemon/config/config.h"
#include "tests/unit/scratch.h"

struct scene {
    char folder[SCRATCH_PATH_MAX];
    char *path;     /* of passkeyd.conf, which is not there yet */
    char *drop_ins; /* the folder beside it, which is empty */
};

/* cmocka's; *state is a struct scene. */
int scene_set_up(void **state);
int scene_tear_down(void **state);

/* Writes a file. */
void put(const char *folder, const char *name, const char *text);
/* The caller's to free. */
struct config *load(const char *path);
/* The reason must be culprit, a path, followed by what. */
void assert_refused(const char *path, const char *culprit, const char *what);

#endif
