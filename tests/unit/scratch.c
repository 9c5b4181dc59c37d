/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/scratch.h"

#include "common/base/cleanup.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void must(int condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    abort();
}

void scratch_new(char ret_folder[SCRATCH_PATH_MAX])
{
    const char *base = getenv("TMPDIR");

    snprintf(ret_folder, SCRATCH_PATH_MAX, "%s/passkeyd-test-XXXXXX", base ? base : "/tmp");
    must(mkdtemp(ret_folder) != NULL, ret_folder);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *position)
{
    (void)info;
    (void)type;
    (void)position;
    return remove(path);
}

void scratch_remove(const char *folder)
{
    must(nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0, folder);
}

void scratch_write(const char *folder, const char *name, const void *data, size_t len)
{
    char path[SCRATCH_PATH_MAX * 2];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "we");
    must(file != NULL, path);
    must(fwrite(data, 1, len, file) == len, path);
    must(fclose(file) == 0, path);
    must(chmod(path, 0644) == 0, path);
}

char *scratch_read(const char *path, size_t *ret_len)
{
    PK_AUTO_FCLOSE FILE *file = fopen(path, "re");
    size_t allocated = 4096, len = 0, got;
    char *data = malloc(allocated);

    must(file && data, path);
    while ((got = fread(data + len, 1, allocated - len - 1, file)) > 0) {
        len += got;
        if (allocated - len < 2) {
            char *larger = realloc(data, allocated * 2);

            must(larger != NULL, path);
            allocated *= 2;
            data = larger;
        }
    }
    must(!ferror(file), path);
    data[len] = 0;
    if (ret_len)
        *ret_len = len;
    return data;
}
