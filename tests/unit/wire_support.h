/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of common/wire share: vectors under tests/vectors, and the texts made of them. */
#ifndef PK_TESTS_WIRE_SUPPORT_H
#define PK_TESTS_WIRE_SUPPORT_H

#include "common/base/text.h"
#include "tests/unit/webauthn_support.h"

#include <dirent.h>

/* The file under tests/vectors, with room for one byte more, which is zero. */
static inline struct pk_bytes read_vector(const char *folder, const char *name)
{
    PK_AUTO_FREE char *path =
        pk_text_format("%s/tests/vectors/%s/%s", getenv("srcdir"), folder, name);
    PK_AUTO_FCLOSE FILE *file = NULL;
    struct pk_bytes bytes;
    long size;

    assert_non_null(path);
    file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be read", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    bytes = (struct pk_bytes){malloc((size_t)size + 1), (size_t)size};
    assert_non_null(bytes.data);
    assert_int_equal(fread(bytes.data, 1, bytes.len, file), bytes.len);
    bytes.data[bytes.len] = 0;
    return bytes;
}

/* Calls check with every vector of a folder whose name begins so; there must be some. */
static inline void each_vector(const char *folder, const char *beginning,
                               void (*check)(const char *name, struct pk_bytes *content))
{
    PK_AUTO_FREE char *path = pk_text_format("%s/tests/vectors/%s", getenv("srcdir"), folder);
    DIR *directory = opendir(path);
    const struct dirent *entry;
    int count = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        PK_AUTO_BYTES struct pk_bytes content = {0};

        if (entry->d_name[0] == '.' || strncmp(entry->d_name, beginning, strlen(beginning)) != 0)
            continue;
        content = read_vector(folder, entry->d_name);
        check(entry->d_name, &content);
        count++;
    }
    (void)closedir(directory);
    assert_true(count > 0);
}

/* The status that an invalid vector has to meet is its name up to "--". */
static inline void check_vector_status(const char *name, enum pk_status status)
{
    const char *wanted = pk_status_name(status);
    size_t len = strlen(wanted);

    if (strncmp(name, wanted, len) != 0 || strncmp(name + len, "--", 2) != 0)
        fail_msg("%s: %s", name, wanted);
}

#endif
