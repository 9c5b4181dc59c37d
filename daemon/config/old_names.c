/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config/old_names.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

static const struct {
    const char *kind, *name, *new_name;
} old_names[] = {
    /* In WebAuthn transports are usb, nfc, ble, internal and hybrid. */
    {"service", "transports", "methods"},
};

const char *old_name_current(const char *kind, const char *key)
{
    for (size_t i = 0; i < sizeof(old_names) / sizeof(old_names[0]); i++)
        if (strcmp(old_names[i].kind, kind) == 0 && strcmp(old_names[i].name, key) == 0)
            return old_names[i].new_name;
    return key;
}

enum pk_status old_name_warn(const char *where, const char *kind, const char *key,
                             struct pk_strings *warnings)
{
    const char *name = old_name_current(kind, key);
    PK_AUTO_FREE char *text = NULL;

    if (name == key)
        return PK_OK;
    text = pk_text_format("%s: %s is called %s now", where, key, name);
    return text ? pk_strings_add(warnings, text) : PK_NO_MEMORY;
}
