/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a file to be imported, and as one credential of pam_u2f's or sssd's; the first byte
 * says as what. What is taken for a credential is one to whoever reads it next.
 */
#include "client/ctl/import_lines.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/foreign_key.h"
#include "common/wire/sk.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_item(enum import_format format, const struct import_item *item)
{
    PK_AUTO_FOREIGN_KEY struct pk_foreign_key foreign = {0};
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    PK_AUTO_FREE char *comment = NULL;
    struct pk_sk_key key;
    const char *why;

    if (item->kind != IMPORT_CREDENTIAL) {
        check(item->why && *item->why);
        return;
    }
    check(item->data && pk_utf8_valid(pk_view_string(item->data)));
    if (format == IMPORT_SSH)
        check(pk_sk_public_line_parse(pk_view_string(item->data), &key, &blob, &comment) == PK_OK);
    else if (format == IMPORT_SSSD)
        check(pk_passkey_mapping_parse(pk_view_string(item->data), &foreign, &why) == PK_OK);
    else
        check(pk_u2f_key_parse(pk_view_string(item->data), &foreign, &why) == PK_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PK_AUTO_FOREIGN_KEY struct pk_foreign_key key = {0};
    AUTO_IMPORT_ITEMS struct import_items items = {0};
    struct pk_view rest;
    const char *why;

    if (size == 0)
        return 0;
    rest = (struct pk_view){data + 1, size - 1};
    if (data[0] == 'u') {
        check(pk_u2f_key_parse(rest, &key, &why) != PK_OK || key.public_key.len > 0);
    } else if (data[0] == 'm') {
        check(pk_passkey_mapping_parse(rest, &key, &why) != PK_OK || key.id.len > 0);
    } else {
        enum import_format format = (enum import_format)(data[0] % 3);

        check(import_lines_read(format, rest, &items) == PK_OK);
        for (size_t i = 0; i < items.count; i++)
            check_item(format, &items.items[i]);
    }
    return 0;
}
