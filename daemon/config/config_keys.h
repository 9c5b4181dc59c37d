/* SPDX-License-Identifier: BSD-2-Clause */
/* The sections of passkeyd.conf and the keys of each: one row a key. */
#ifndef DAEMON_CONFIG_CONFIG_KEYS_H
#define DAEMON_CONFIG_CONFIG_KEYS_H

#include "common/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A key: its name, what an error shows as allowed, and the parser that writes the section's struct.
 */
struct config_key {
    const char *name;
    const char *allowed;
    enum pk_status (*parse)(const char *text, void *section);
};

struct section_kind {
    const char *name;
    bool named; /* [KIND NAME] */
    const struct config_key *keys;
    size_t key_count;
};

/* NULL: there is no section of that name. */
const struct section_kind *config_section_kind(const char *name);

#endif
