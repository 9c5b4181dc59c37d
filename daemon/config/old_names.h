/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration keys that had another name once. It is still accepted, with a warning. */
#ifndef PASSKEYD_OLD_NAMES_H
#define PASSKEYD_OLD_NAMES_H

#include "common/base/terms.h"

/* What the key of that kind of section is called now: key itself, or a static text. */
const char *old_name_current(const char *kind, const char *key);

/* Adds a warning that begins with where ("FILE:LINE") if key is an old name. PK_NO_MEMORY. */
enum pk_status old_name_warn(const char *where, const char *kind, const char *key,
                             struct pk_strings *warnings) PK_WARN_UNUSED;

#endif
