/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/passkeys.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"

#include <string.h>
#include <time.h>
#include <wchar.h>

/* How many characters of a credential id a table shows, and how few a command accepts. */
#define ID_SHOWN 12
#define ID_MIN   4

const char *member_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

enum pk_status passkeys_parse(const char *text, json_t **ret)
{
    json_t *passkeys = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    bool valid = json_is_array(passkeys);
    size_t i;
    json_t *passkey;

    json_array_foreach(passkeys, i, passkey)
    {
        valid = valid && json_is_object(passkey);
    }
    if (!valid) {
        json_decref(passkeys);
        return PK_PROTOCOL;
    }
    *ret = passkeys;
    return PK_OK;
}

enum pk_status passkeys_find(const json_t *passkeys, const char *wanted, const json_t **ret)
{
    const json_t *by_id = NULL;
    size_t i, len = strlen(wanted), fitting = 0;
    json_t *passkey;

    if (len == 0)
        return PK_NOT_FOUND;
    json_array_foreach(passkeys, i, passkey)
    {
        if (strcmp(member_text(passkey, "name"), wanted) == 0) {
            *ret = passkey;
            return PK_OK;
        }
    }
    json_array_foreach(passkeys, i, passkey)
    {
        const char *id = member_text(passkey, "credentialId");

        if (strcmp(id, wanted) == 0) {
            *ret = passkey;
            return PK_OK;
        }
        if (len >= ID_MIN && strncmp(id, wanted, len) == 0) {
            by_id = passkey;
            fitting++;
        }
    }
    if (fitting != 1)
        return fitting ? PK_EXISTS : PK_NOT_FOUND;
    *ret = by_id;
    return PK_OK;
}

/* Terminal columns of UTF-8 text; bytes where the locale cannot tell. */
static int columns(const char *text)
{
    wchar_t wide[PK_BUS_TEXT_MAX];
    size_t count = mbstowcs(wide, text, PK_BUS_TEXT_MAX);
    int width = count < PK_BUS_TEXT_MAX ? wcswidth(wide, count) : -1;

    return width >= 0 ? width : (int)strlen(text);
}

static void print_cell(const char *text, int width)
{
    PK_AUTO_FREE char *shown = pk_text_printable(text, PK_BUS_TEXT_MAX);

    (void)printf("%s%*s", shown ? shown : "", width - columns(shown ? shown : ""), "");
}

char *passkeys_time(json_int_t seconds, const char *never)
{
    time_t when = (time_t)seconds;
    char text[32];
    struct tm local;

    if (seconds <= 0 || !localtime_r(&when, &local) ||
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &local) == 0)
        return strdup(never);
    return strdup(text);
}

json_int_t member_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static int widest(const json_t *passkeys, const char *name, int least)
{
    size_t i;
    json_t *passkey;

    json_array_foreach(passkeys, i, passkey)
    {
        int width = columns(member_text(passkey, name));

        if (width > least)
            least = width;
    }
    return least;
}

void passkeys_print(const json_t *passkeys, bool with_user)
{
    int user_width = widest(passkeys, "user", 4) + 2;
    int name_width = widest(passkeys, "name", 4) + 2;
    size_t i;
    json_t *passkey;

    if (with_user)
        print_cell("USER", user_width);
    print_cell("NAME", name_width);
    (void)printf("%-*s  %-16s  %s\n", ID_SHOWN, "ID", "CREATED", "LAST USED");
    json_array_foreach(passkeys, i, passkey)
    {
        PK_AUTO_FREE char *created = passkeys_time(member_number(passkey, "created"), "-");
        PK_AUTO_FREE char *used = passkeys_time(member_number(passkey, "lastUsed"), "never");

        if (with_user)
            print_cell(member_text(passkey, "user"), user_width);
        print_cell(member_text(passkey, "name"), name_width);
        (void)printf(
            "%-*.*s  %-16s  %s%s\n", ID_SHOWN, ID_SHOWN, member_text(passkey, "credentialId"),
            created ? created : "", used ? used : "",
            json_is_true(json_object_get(passkey, "orphaned")) ? "  orphaned: opens nothing" : "");
    }
}
