/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the sections and keys of a configuration file: "[KIND NAME]", "[KIND]", "KEY = VALUE",
 * comments that begin with '#' or ';', and blank lines. A key may be given once in a section.
 */
#ifndef PK_BASE_CONFIG_FILE_H
#define PK_BASE_CONFIG_FILE_H

#include "common/base/terms.h"

struct config_line {
    const char *kind;  /* of the section */
    const char *name;  /* of the section; empty when it has none */
    const char *key;   /* NULL: the line begins the section */
    const char *value; /* never empty; NULL if key is */
};

/*
 * Called for every section and key, in order; its arguments are valid during the call only.
 * PK_CONFIG is a problem, and *ret_what says what is wrong and what is allowed, the caller's to
 * free; the reading goes on behind it, where a section is one behind all its keys. Any other result
 * but PK_OK ends the reading.
 */
typedef enum pk_status (*config_line_handler)(void *context, const char *where,
                                              const struct config_line *line, char **ret_what);

struct config_reading {
    const char *path;
    config_line_handler handler;
    void *context;
    struct pk_strings *problems; /* "PATH:LINE: what", of all that was found, is added to it */
};

/*
 * Reads the file. PK_NOT_FOUND when it does not exist; PK_NO_MEMORY. What is wrong with it is in
 * the problems. The handler's where is "PATH:LINE"; for a section that is the line of its first
 * key, and an empty section has no line.
 */
enum pk_status config_file_read(const struct config_reading *reading) PK_WARN_UNUSED;

/*
 * Whether it may be read: one that is missing where programs look by themselves (standard) is an
 * empty one, but one that somebody named must exist. PK_CONFIG, *ret_why: the caller's to free.
 */
enum pk_status config_file_expected(const char *path, const char *standard,
                                    char **ret_why) PK_WARN_UNUSED;

#endif
