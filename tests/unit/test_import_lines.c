/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole files of other programs: what each line comes to, against tests/vectors/import/files; cut
 * anywhere, and with any byte behind them, nothing is a credential that is none.
 */
#include "client/ctl/import_lines.h"

#include "common/webauthn/foreign_key.h"
#include "common/wire/sk.h"
#include "tests/unit/wire_support.h"

static enum import_format format_of(const char *name)
{
    const char *ending = strrchr(name, '.');

    assert_non_null(ending);
    return strcmp(ending, ".ssh") == 0    ? IMPORT_SSH
           : strcmp(ending, ".sssd") == 0 ? IMPORT_SSSD
                                          : IMPORT_PAM_U2F;
}

static void check_credential(enum import_format format, const struct import_item *item)
{
    PK_AUTO_FOREIGN_KEY struct pk_foreign_key foreign = {0};
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    PK_AUTO_FREE char *comment = NULL;
    const struct pk_view data = pk_view_string(item->data);
    struct pk_sk_key key;
    const char *why;

    assert_non_null(item->data);
    if (format == IMPORT_SSH)
        assert_status(pk_sk_public_line_parse(data, &key, &blob, &comment), PK_OK);
    else if (format == IMPORT_SSSD)
        assert_status(pk_passkey_mapping_parse(data, &foreign, &why), PK_OK);
    else
        assert_status(pk_u2f_key_parse(data, &foreign, &why), PK_OK);
}

static void check_items(enum import_format format, const struct import_items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        const struct import_item *item = &items->items[i];

        assert_true(item->line > 0);
        if (item->kind == IMPORT_CREDENTIAL)
            check_credential(format, item);
        else
            assert_true(item->why && *item->why);
    }
}

static char *describe(const struct import_items *items)
{
    static const char *const kinds[] = {"credential", "skipped", "broken"};
    char *text = strdup("");

    for (size_t i = 0; i < items->count && text; i++) {
        const struct import_item *item = &items->items[i];
        char *longer = pk_text_format("%s%zu %s %s%s%s%s\n", text, item->line, kinds[item->kind],
                                      item->user ? item->user : "-", item->rp_id ? " " : "",
                                      item->rp_id ? item->rp_id : "",
                                      item->verification ? " verification" : "");

        free(text);
        text = longer;
    }
    assert_non_null(text);
    return text;
}

static void read_exactly(enum import_format format, struct pk_view text)
{
    PK_AUTO_BYTES struct pk_bytes copy = {0};
    AUTO_IMPORT_ITEMS struct import_items items = {0};

    assert_status(pk_bytes_copy(text, &copy), PK_OK);
    assert_status(import_lines_read(format, pk_view_of(&copy), &items), PK_OK);
    check_items(format, &items);
}

static void check_file(const char *name, struct pk_bytes *content)
{
    PK_AUTO_FREE char *items_name = pk_text_format("%s.items", name);
    PK_AUTO_BYTES struct pk_bytes wanted = {0};
    AUTO_IMPORT_ITEMS struct import_items items = {0};
    PK_AUTO_FREE char *found = NULL;

    if (strstr(name, ".items"))
        return;
    wanted = read_vector("import/files", items_name);
    assert_status(import_lines_read(format_of(name), pk_view_of(content), &items), PK_OK);
    check_items(format_of(name), &items);
    found = describe(&items);
    if (strcmp(found, (const char *)wanted.data) != 0)
        fail_msg("%s comes to\n%s", name, found);
}

static void check_parts(const char *name, struct pk_bytes *content)
{
    if (strstr(name, ".items"))
        return;
    for (size_t len = 0; len < content->len; len++)
        read_exactly(format_of(name), (struct pk_view){content->data, len});
    for (unsigned c = 0; c < 256; c++) {
        content->data[content->len] = (uint8_t)c;
        read_exactly(format_of(name), (struct pk_view){content->data, content->len + 1});
    }
}

static void files(void **state)
{
    (void)state;
    each_vector("import/files", "", check_file);
}

static void parts_of_files(void **state)
{
    (void)state;
    each_vector("import/files", "", check_parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),
        cmocka_unit_test(parts_of_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
