/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ssh/hook.h"

#include "client/askpass/known_hosts.h"
#include "client/ssh/environment.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

#define DESTINATIONS_MAX 16
#define HOOK_NAME        "/passkey-hostkey"

/* --- command lines of scp and sftp ------------------------------------------------------------ */

/* Options of scp and sftp of OpenSSH 8.5 to 10.2: those without and those with a value. */
static const struct syntax {
    const char *flags;
    const char *valued;
    const char *scheme;
} scp = {"12346ABCTdfOpqRrstv", "DFJMPScilXo", "scp://"},
  sftp = {"1246AafhNpqrvC", "cDiloSsbBFJPRX", "sftp://"};

void ssh_destinations_free(struct pk_strings *lists, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pk_strings_clear(&lists[i]);
    free(lists);
}

/* What ssh must know of an option: it decides which configuration holds for the host. */
static enum pk_status keep_option(char option, const char *value, struct pk_strings *options)
{
    PK_AUTO_FREE char *text = NULL;

    if (!strchr("FJoP", option))
        return PK_OK;
    text = pk_text_format("-%c%s", option == 'P' ? 'p' : option, value);
    return text ? pk_strings_add(options, text) : PK_NO_MEMORY;
}

/*
 * Reads options up to the first operand, *ret_at. PK_NOT_FOUND for one that is not known, and for
 * -S: that program may be no ssh.
 */
static enum pk_status read_options(const struct syntax *syntax, char *const *arguments,
                                   size_t count, struct pk_strings *options, size_t *ret_at)
{
    size_t at = 0;

    for (; at < count && arguments[at][0] == '-' && arguments[at][1]; at++) {
        const char *letters = arguments[at] + 1;

        if (strcmp(letters, "-") == 0) {
            at++;
            break;
        }
        while (*letters && strchr(syntax->flags, *letters))
            letters++;
        if (*letters) {
            const char *value = letters[1] ? letters + 1 : NULL;
            enum pk_status status;

            if (!strchr(syntax->valued, *letters) || *letters == 'S' || (!value && at + 1 == count))
                return PK_NOT_FOUND;
            status = keep_option(*letters, value ? value : arguments[++at], options);
            if (status != PK_OK)
                return status;
        }
    }
    *ret_at = at;
    return PK_OK;
}

/* Where "[user@]host:path" has its colon, as scp looks for it; NULL: it is a local path. */
static const char *find_colon(const char *text)
{
    bool brackets = *text == '[';

    if (*text == ':')
        return NULL;
    for (; *text; text++) {
        if (text[0] == '@' && text[1] == '[')
            brackets = true;
        if (text[0] == ']' && text[1] == ':' && brackets)
            return text + 1;
        if (*text == ':' && !brackets)
            return text;
        if (*text == '/')
            return NULL;
    }
    return NULL;
}

/* "[user@]host", without the brackets of an address. */
static char *without_brackets(const char *text, size_t len)
{
    const char *open = memchr(text, '[', len);
    const char *shut = memrchr(text, ']', len);

    if (!open || !shut || shut < open || (open > text && open[-1] != '@'))
        return strndup(text, len);
    return pk_text_format("%.*s%.*s", (int)(open - text), text, (int)(shut - open - 1), open + 1);
}

/* The destination for ssh in an operand; *ret NULL: it is none. */
static enum pk_status find_destination(const struct syntax *syntax, const char *operand, char **ret)
{
    size_t scheme = strlen(syntax->scheme);
    const char *colon = find_colon(operand);

    *ret = NULL;
    if (strncmp(operand, syntax->scheme, scheme) == 0)
        *ret = pk_text_format("ssh://%.*s", (int)strcspn(operand + scheme, "/"), operand + scheme);
    else if (colon)
        *ret = without_brackets(operand, (size_t)(colon - operand));
    else if (syntax == &sftp)
        *ret = without_brackets(operand, strlen(operand));
    else
        return PK_OK;
    return *ret ? PK_OK : PK_NO_MEMORY;
}

static enum pk_status make_list(const struct pk_strings *options, const char *destination,
                                struct pk_strings *list)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < options->count && status == PK_OK; i++)
        status = pk_strings_add(list, options->items[i]);
    if (status == PK_OK)
        status = pk_strings_add(list, "--");
    return status == PK_OK ? pk_strings_add(list, destination) : status;
}

static enum pk_status make_lists(const struct syntax *syntax, char *const *operands, size_t count,
                                 const struct pk_strings *options, struct pk_strings *lists,
                                 size_t *made)
{
    /* sftp has one operand that names a host, the others are local. */
    size_t last = syntax == &sftp && count > 0 ? 1 : count;
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < last && status == PK_OK; i++) {
        PK_AUTO_FREE char *destination = NULL;

        status = find_destination(syntax, operands[i], &destination);
        if (status != PK_OK || !destination)
            continue;
        if (*made == DESTINATIONS_MAX)
            return PK_NOT_FOUND;
        status = make_list(options, destination, &lists[(*made)++]);
    }
    return status;
}

enum pk_status ssh_destinations(enum ssh_program program, char *const *arguments, size_t count,
                                struct pk_strings **ret, size_t *ret_count)
{
    const struct syntax *syntax = program == PROGRAM_SCP ? &scp : &sftp;
    struct pk_strings *lists = calloc(DESTINATIONS_MAX, sizeof(*lists));
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings options = {0};
    size_t made = 0, at = 0;
    enum pk_status status = lists ? PK_OK : PK_NO_MEMORY;

    if (status == PK_OK && program == PROGRAM_SSH) {
        made = 1;
        for (size_t i = 0; i < count && status == PK_OK; i++)
            status = pk_strings_add(&lists[0], arguments[i]);
    } else if (status == PK_OK) {
        status = read_options(syntax, arguments, count, &options, &at);
        if (status == PK_OK)
            status = make_lists(syntax, arguments + at, count - at, &options, lists, &made);
    }
    if (status != PK_OK) {
        if (lists)
            ssh_destinations_free(lists, made);
        if (status != PK_NOT_FOUND)
            return status;
        lists = NULL;
        made = 0;
    }
    *ret = lists;
    *ret_count = made;
    return PK_OK;
}

/* --- the option ------------------------------------------------------------------------------- */

char *ssh_hook_option(const char *hook, const char *theirs)
{
    return theirs ? pk_text_format("-oKnownHostsCommand=%s %%I %%K -- %s", hook, theirs)
                  : pk_text_format("-oKnownHostsCommand=%s %%I %%K", hook);
}

/* The person's own command for one host. PK_NOT_FOUND: ours is there, or it cannot be told. */
static enum pk_status find_theirs(const struct pk_strings *arguments, char **ret)
{
    AUTO_ASKPASS_SSH_CONFIG struct askpass_ssh_config config = {0};
    enum pk_status status = askpass_ssh_config_ask("ssh", arguments, &config);

    if (status != PK_OK)
        return status == PK_NO_MEMORY ? status : PK_NOT_FOUND;
    if (config.command && strstr(config.command, HOOK_NAME))
        return PK_NOT_FOUND;
    *ret = pk_steal(config.command);
    return PK_OK;
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* One option serves every host of the command line: they must agree. */
static enum pk_status find_common(const struct pk_strings *lists, size_t count, char **ret)
{
    PK_AUTO_FREE char *common = NULL;

    for (size_t i = 0; i < count; i++) {
        PK_AUTO_FREE char *theirs = NULL;
        enum pk_status status = find_theirs(&lists[i], &theirs);

        if (status != PK_OK)
            return status;
        if (i == 0)
            common = pk_steal(theirs);
        else if (!is_same(common, theirs))
            return PK_NOT_FOUND;
    }
    *ret = pk_steal(common);
    return count > 0 ? PK_OK : PK_NOT_FOUND;
}

enum pk_status ssh_hook_find(enum ssh_program program, char *const *arguments, size_t count,
                             char **ret)
{
    PK_AUTO_FREE char *hook = NULL, *theirs = NULL;
    struct pk_strings *lists = NULL;
    size_t list_count = 0;
    enum pk_status status = ssh_hook_path(&hook);

    if (status == PK_OK)
        status = ssh_destinations(program, arguments, count, &lists, &list_count);
    if (status != PK_OK)
        return status;
    status = find_common(lists, list_count, &theirs);
    ssh_destinations_free(lists, list_count);
    if (status != PK_OK)
        return status;
    *ret = ssh_hook_option(hook, theirs);
    return *ret ? PK_OK : PK_NO_MEMORY;
}
