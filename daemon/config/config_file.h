/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sections and keys of a configuration file: "[KIND NAME]", "[KIND]", "KEY = VALUE", comments
 * that begin with '#' or ';', blank lines, and nothing else. A key stands once in a section.
 */
#ifndef PASSKEYD_CONFIG_FILE_H
#define PASSKEYD_CONFIG_FILE_H

#include "common/base/status.h"

struct config_line {
    const char *kind;  /* of the section */
    const char *name;  /* of the section; empty when it has none */
    const char *key;   /* NULL: the section begins here */
    const char *value; /* never empty; NULL with key */
};

/*
 * Called for every section and key, in order; what it is given lasts for the call only. Anything
 * but PK_OK ends the reading; *ret_what says what is wrong and what is allowed, the caller's to
 * free.
 */
typedef enum pk_status (*config_line_handler)(void *context, const char *where,
                                              const struct config_line *line, char **ret_what);

struct config_reading {
    const char *path;
    config_line_handler handler;
    void *context;
};

/*
 * Reads the file. PK_NOT_FOUND when there is none. PK_CONFIG with *ret_why = "PATH:LINE: what", the
 * caller's to free. where, as handlers see it, is "PATH:LINE"; for a section the line is its first
 * key's, and an empty section has none.
 */
enum pk_status config_file_read(const struct config_reading *reading,
                                char **ret_why) PK_WARN_UNUSED;

#endif
