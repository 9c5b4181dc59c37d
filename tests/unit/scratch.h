/* SPDX-License-Identifier: BSD-2-Clause */
/* A folder of a test's own, and files in it. Failures end the test. */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <stddef.h>

#define SCRATCH_PATH_MAX 512

/* Makes a new folder under TMPDIR. */
void scratch_new(char ret_folder[SCRATCH_PATH_MAX]);
/* Removes it with everything in it. */
void scratch_remove(const char *folder);

/* Writes FOLDER/NAME with mode 0644. */
void scratch_write(const char *folder, const char *name, const void *data, size_t len);
/* The whole file, NUL-terminated, the caller's to free. ret_len may be NULL. */
char *scratch_read(const char *path, size_t *ret_len);

#endif
