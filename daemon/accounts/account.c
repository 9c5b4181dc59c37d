/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/accounts/account.h"

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>

#define NAME_MAX_BYTES 255     /* LOGIN_NAME_MAX less its NUL */
#define BUFFER_START   1024    /* bytes; doubled until the entry fits */
#define BUFFER_MAX     1048576 /* bytes; a larger entry means a broken name service */

void system_account_clear(struct system_account *account)
{
    free(account->name);
    free(account->full_name);
    *account = (struct system_account){.uid = (uid_t)-1};
}

enum pk_status system_account_copy(const struct system_account *from, struct system_account *ret)
{
    AUTO_SYSTEM_ACCOUNT struct system_account copy = {.uid = from->uid};
    enum pk_status status = pk_text_copy(from->name, &copy.name);

    if (!status)
        status = pk_text_copy(from->full_name, &copy.full_name);
    if (status)
        return status;
    *ret = copy;
    copy = (struct system_account){0};
    return PK_OK;
}

/* getpwnam_r() if name is set, otherwise getpwuid_r(); returns their error. */
static int look_up(const char *name, uid_t uid, struct passwd *entry, char *buffer, size_t len,
                   struct passwd **ret)
{
    return name ? getpwnam_r(name, entry, buffer, len, ret)
                : getpwuid_r(uid, entry, buffer, len, ret);
}

/* passwd(5): the full name ends at the first comma. NULL when it is empty or not UTF-8. */
static enum pk_status copy_full_name(const char *gecos, char **ret)
{
    size_t len = gecos ? strcspn(gecos, ",") : 0;

    *ret = NULL;
    if (len == 0 || !pk_utf8_valid((struct pk_view){(const uint8_t *)gecos, len}))
        return PK_OK;
    *ret = strndup(gecos, len);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

static enum pk_status copy_entry(const struct passwd *entry, struct system_account *ret)
{
    AUTO_SYSTEM_ACCOUNT struct system_account account = {.uid = entry->pw_uid};
    enum pk_status status = copy_full_name(entry->pw_gecos, &account.full_name);

    if (status != PK_OK)
        return status;
    account.name = strdup(entry->pw_name);
    if (!account.name)
        return PK_NO_MEMORY;
    *ret = account;
    account = (struct system_account){0};
    return PK_OK;
}

/*
 * POSIX allows a name service to report "no such entry" as 0 without an entry, or as one of these.
 */
static bool means_unknown(int error)
{
    return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

/*
 * PK_UNKNOWN_USER with the lookup's error in *ret_error, which is 0 only where every service was
 * there to say so.
 */
static enum pk_status find_entry_or_error(const char *name, uid_t uid, struct system_account *ret,
                                          int *ret_error)
{
    for (size_t len = BUFFER_START; len <= BUFFER_MAX; len *= 2) {
        PK_AUTO_FREE char *buffer = malloc(len);
        struct passwd *found = NULL;
        struct passwd entry;
        int error;

        if (!buffer)
            return PK_NO_MEMORY;
        do {
            error = look_up(name, uid, &entry, buffer, len, &found);
        } while (error == EINTR);
        if (found)
            return copy_entry(found, ret);
        *ret_error = error;
        if (error != ERANGE)
            return means_unknown(error) ? PK_UNKNOWN_USER : PK_UNAVAILABLE;
    }
    return PK_UNAVAILABLE;
}

static enum pk_status find_entry(const char *name, uid_t uid, struct system_account *ret)
{
    int ignored = 0;

    return find_entry_or_error(name, uid, ret, &ignored);
}

enum pk_status system_account_by_name(const char *name, struct system_account *ret)
{
    size_t len = strlen(name);

    /* ':' and newline separate fields and lines of passwd(5), so no account name has them. */
    if (len == 0 || len > NAME_MAX_BYTES || strpbrk(name, ":\n") ||
        !pk_utf8_valid(pk_view_string(name)))
        return PK_UNKNOWN_USER;
    return find_entry(name, 0, ret);
}

enum pk_status system_account_by_uid(uid_t uid, struct system_account *ret)
{
    return uid == (uid_t)-1 ? PK_UNKNOWN_USER : find_entry(NULL, uid, ret);
}

enum pk_status system_account_check(const char *name, uid_t uid)
{
    AUTO_SYSTEM_ACCOUNT struct system_account account = {0};
    enum pk_status status = system_account_by_name(name, &account);

    if (status != PK_OK)
        return status;
    return account.uid == uid ? PK_OK : PK_ACCOUNT_CHANGED;
}

void account_answer_clear(struct account_answer *answer)
{
    free(answer->name);
    *answer = (struct account_answer){0};
}

enum pk_status system_account_check_once(struct account_answer *answer, const char *name, uid_t uid)
{
    enum pk_status status;

    if (answer->name && answer->uid == uid && strcmp(answer->name, name) == 0)
        return answer->status;
    status = system_account_check(name, uid);
    account_answer_clear(answer);
    *answer = (struct account_answer){.name = strdup(name), .uid = uid, .status = status};
    return status;
}

enum name_answer system_account_ask(const char *name, uid_t uid)
{
    AUTO_SYSTEM_ACCOUNT struct system_account account = {0};
    int error = 0;
    enum pk_status status = find_entry_or_error(name, 0, &account, &error);

    if (status == PK_OK)
        return account.uid == uid ? NAME_FOUND : NAME_NOT_FOUND;
    return status == PK_UNKNOWN_USER && error == 0 ? NAME_NOT_FOUND : NAME_UNKNOWN;
}
