/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/sudo_flags.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/reader.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define CMDLINE_MAX 65536 /* bytes that are looked at: the options come first */

/* The options of sudo 1.9 that take a value. */
static const char short_with_value[] = "aCcDghpRrTtUu";
static const char *const long_with_value[] = {
    "auth-type", "chdir", "chroot",      "close-from", "command-timeout",
    "group",     "host",  "login-class", "other-user", "prompt",
    "role",      "type",  "user",
};
/* Those after which nobody types. */
static const char short_unattended[] = "SAn";
static const char *const long_unattended[] = {"stdin", "askpass", "non-interactive"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum found {
    GO_ON,      /* nothing yet: look at the next argument */
    UNATTENDED, /* nobody types */
    NO_MORE,    /* no option follows */
};

/* getopt takes any beginning of a name. */
static bool begins_one_of(const char *const *names, size_t count, const char *argument, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (len > 0 && strncmp(names[i], argument, len) == 0)
            return true;
    return false;
}

/* "--stdin", "--user=x"; *ret_value: the next argument is the option's value. */
static enum found look_at_name(const char *name, bool *ret_value)
{
    size_t len = strcspn(name, "=");

    *ret_value =
        name[len] == '\0' && begins_one_of(long_with_value, COUNT(long_with_value), name, len);
    return begins_one_of(long_unattended, COUNT(long_unattended), name, len) ? UNATTENDED : GO_ON;
}

/* "-HS", "-uroot": letters, of which the last may have a value, here or in the next argument. */
static enum found look_at_letters(const char *letters, bool *ret_value)
{
    *ret_value = false;
    for (; *letters; letters++) {
        if (strchr(short_unattended, *letters))
            return UNATTENDED;
        if (strchr(short_with_value, *letters)) {
            *ret_value = letters[1] == '\0';
            return GO_ON;
        }
    }
    return GO_ON;
}

/* One argument after sudo's own name. *value: it is the value of the option before it. */
static enum found look_at(const char *argument, bool *value)
{
    if (*value) {
        *value = false;
        return GO_ON;
    }
    if (strcmp(argument, "--") == 0)
        return NO_MORE;
    if (argument[0] == '-')
        return argument[1] == '-' ? look_at_name(argument + 2, value)
                                  : look_at_letters(argument + 1, value);
    /* The command; VAR=value may be followed by options. */
    return !strchr(argument, '=') || argument[0] == '/' ? NO_MORE : GO_ON;
}

/* The next argument; NULL at the end, and at one without its NUL. */
static const char *take(struct pk_reader *arguments)
{
    const char *argument = (const char *)arguments->ptr;

    if (arguments->remaining == 0 || !memchr(arguments->ptr, 0, arguments->remaining))
        return NULL;
    (void)pk_reader_take(arguments, strlen(argument) + 1);
    return argument;
}

bool sudo_flags_unattended(struct pk_view cmdline)
{
    struct pk_reader arguments = pk_reader_new(cmdline);
    const char *argument = take(&arguments); /* the program */
    enum found found = GO_ON;
    bool value = false;

    while (found == GO_ON && (argument = take(&arguments)))
        found = look_at(argument, &value);
    /* Cut off among the options there may be more. */
    return found == UNATTENDED || (found == GO_ON && arguments.remaining > 0);
}

bool sudo_flags_unattended_vector(char *const argv[])
{
    enum found found = GO_ON;
    bool value = false;

    if (!argv || !argv[0])
        return true;
    for (size_t i = 1; found == GO_ON && argv[i]; i++)
        found = look_at(argv[i], &value);
    return found == UNATTENDED;
}

bool sudo_flags_unattended_here(void)
{
    PK_AUTO_CLOSE int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    PK_AUTO_FREE uint8_t *cmdline = malloc(CMDLINE_MAX);
    size_t used = 0;

    if (fd < 0 || !cmdline || pk_read_all(fd, cmdline, CMDLINE_MAX, &used))
        return true;
    return sudo_flags_unattended((struct pk_view){cmdline, used});
}
