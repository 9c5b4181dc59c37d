/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/accounts/log_names.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>

#define ID_SHOWN 22 /* characters of base64url */

char *log_quoted(const char *text)
{
    char *quoted = malloc(2 * strlen(text) + 3);
    char *at = quoted;

    if (!quoted)
        return NULL;
    *at++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            *at++ = '\\';
        *at++ = *text;
    }
    *at++ = '"';
    *at = '\0';
    return quoted;
}

char *log_name(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._@+$-";

    return name[0] && name[strspn(name, plain)] == '\0' ? strdup(name) : log_quoted(name);
}

char *log_credential_id(struct pk_view id)
{
    PK_AUTO_FREE char *text = pk_base64url_encode(id);

    if (!text)
        return NULL;
    return strlen(text) <= ID_SHOWN ? strdup(text) : pk_text_format("%.*s...", ID_SHOWN, text);
}

char *log_credential(const struct credential *credential)
{
    PK_AUTO_FREE char *name = log_quoted(credential->name);
    PK_AUTO_FREE char *id = log_credential_id(pk_view_of(&credential->record.id));

    return name && id ? pk_text_format("%s [%s]", name, id) : NULL;
}
