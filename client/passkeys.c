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

static void format_time(json_int_t seconds, const char *never, char *ret, size_t size)
{
    time_t when = (time_t)seconds;
    struct tm local;

    if (seconds <= 0 || !localtime_r(&when, &local) ||
        strftime(ret, size, "%Y-%m-%d %H:%M", &local) == 0)
        (void)snprintf(ret, size, "%s", never);
}

static json_int_t member_number(const json_t *object, const char *name)
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
        char created[32], used[32];

        format_time(member_number(passkey, "created"), "-", created, sizeof(created));
        format_time(member_number(passkey, "lastUsed"), "never", used, sizeof(used));
        if (with_user)
            print_cell(member_text(passkey, "user"), user_width);
        print_cell(member_text(passkey, "name"), name_width);
        (void)printf(
            "%-*.*s  %-16s  %s%s\n", ID_SHOWN, ID_SHOWN, member_text(passkey, "credentialId"),
            created, used,
            json_is_true(json_object_get(passkey, "orphaned")) ? "  orphaned: opens nothing" : "");
    }
}

static void print_value(const char *name, const json_t *value)
{
    PK_AUTO_FREE char *text = NULL;
    PK_AUTO_FREE char *shown = NULL;
    char when[32];

    if (strcmp(name, "created") == 0 || strcmp(name, "lastUsed") == 0) {
        format_time(json_integer_value(value), "never", when, sizeof(when));
        text = strdup(when);
    } else if (json_is_string(value)) {
        text = strdup(json_string_value(value));
    } else {
        text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    }
    shown = text ? pk_text_printable(text, PK_BUS_TEXT_MAX) : NULL;
    (void)printf("%-24s %s\n", name, shown ? shown : "");
}

void passkey_print(const json_t *passkey)
{
    const char *name;
    json_t *value;
    void *at;

    for (at = json_object_iter((json_t *)(uintptr_t)passkey); at;
         at = json_object_iter_next((json_t *)(uintptr_t)passkey, at)) {
        name = json_object_iter_key(at);
        value = json_object_iter_value(at);
        print_value(name, value);
    }
}
