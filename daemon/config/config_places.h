/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the sections and keys of a configuration stand. */
#ifndef PASSKEYD_CONFIG_PLACES_H
#define PASSKEYD_CONFIG_PLACES_H

#include "common/base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct config_line;

struct config_place { /* owned strings */
    char *where;      /* "FILE:LINE" */
    char *kind;       /* of the section */
    char *name;       /* of the section; empty: none */
    char *key;        /* empty: the section itself */
    bool good;        /* it was taken; false: refused */
};

struct config_places {
    struct config_place *items; /* in the order of reading */
    size_t count;
};

/* Appends copies. PK_NO_MEMORY. */
enum pk_status config_places_add(struct config_places *places, const char *where,
                                 const struct config_line *line, bool good) PK_WARN_UNUSED;
void config_places_clear(struct config_places *places);

/* Whether that key of [rp NAME] was refused somewhere. */
bool config_places_refused(const struct config_places *places, const char *rp, const char *key);

/* Whether a later line sets the same key of the same section again. */
bool config_places_overruled(const struct config_places *places, size_t index);

#endif
