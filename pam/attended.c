/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/attended.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/reader.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define CMDLINE_MAX 65536 /* bytes that are looked at: the options come first */
#define READING_MS  300   /* nobody reads a question and answers it in less */
#define REMEMBERED  "pam_passkey_answer"

/* The options of sudo 1.9 that take a value. */
static const char short_with_value[] = "aCcDghpRrTtUu";
static const char *const long_with_value[] = {
    "auth-type", "chdir", "chroot",      "close-from", "command-timeout",
    "group",     "host",  "login-class", "other-user", "prompt",
    "role",      "type",  "user",
};

/* The next argument; NULL at the end, and at one without its NUL. */
static const char *take(struct pk_reader *arguments)
{
    const char *argument = (const char *)arguments->ptr;

    if (arguments->remaining == 0 || !memchr(arguments->ptr, 0, arguments->remaining))
        return NULL;
    (void)pk_reader_take(arguments, strlen(argument) + 1);
    return argument;
}

/* getopt takes any beginning of a name. */
static bool begins(const char *name, const char *argument, size_t len)
{
    return len > 0 && strncmp(name, argument, len) == 0;
}

/* "--stdin", "--askpass"; *ret_value: the next argument is the option's value. */
static bool is_flag(const char *name, bool *ret_value)
{
    size_t len = strcspn(name, "=");

    *ret_value = false;
    for (size_t i = 0; i < sizeof(long_with_value) / sizeof(long_with_value[0]); i++)
        if (name[len] == '\0' && begins(long_with_value[i], name, len))
            *ret_value = true;
    return begins("stdin", name, len) || begins("askpass", name, len);
}

/* "-nS", "-uroot": flags, of which the last may have a value, here or in the next argument. */
static bool has_flag(const char *flags, bool *ret_value)
{
    *ret_value = false;
    for (; *flags; flags++) {
        if (*flags == 'S' || *flags == 'A')
            return true;
        if (strchr(short_with_value, *flags)) {
            *ret_value = flags[1] == '\0';
            return false;
        }
    }
    return false;
}

bool attended_by_sudo_flags(struct pk_view cmdline)
{
    struct pk_reader arguments = pk_reader_new(cmdline);
    const char *argument = take(&arguments); /* the program */

    while ((argument = take(&arguments))) {
        bool value = false, found;

        if (strcmp(argument, "--") == 0)
            return false;
        if (argument[0] != '-') {
            if (!strchr(argument, '=') || argument[0] == '/')
                return false; /* the command; VAR=value may be followed by options */
            continue;
        }
        found = argument[1] == '-' ? is_flag(argument + 2, &value) : has_flag(argument + 1, &value);
        if (found)
            return true;
        if (value)
            (void)take(&arguments);
    }
    return arguments.remaining > 0; /* cut off among the options: there may be more */
}

bool attended_by_program(void)
{
    PK_AUTO_CLOSE int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    PK_AUTO_FREE uint8_t *cmdline = malloc(CMDLINE_MAX);
    size_t used = 0;

    if (fd < 0 || !cmdline || pk_read_all(fd, cmdline, CMDLINE_MAX, &used))
        return true;
    return attended_by_sudo_flags((struct pk_view){cmdline, used});
}

bool attended_too_early(const struct attended_answer *answer)
{
    return answer->answered - answer->asked < READING_MS;
}

static void forget(pam_handle_t *pamh, void *data, int status)
{
    char *text = data;

    (void)pamh, (void)status;
    explicit_bzero(text, strlen(text));
    free(text);
}

bool attended_repeated(pam_handle_t *pamh, const struct attended_answer *answer)
{
    const void *password = NULL, *before = NULL;
    char *copy;
    bool repeated = pam_get_item(pamh, PAM_AUTHTOK, &password) == PAM_SUCCESS && password &&
                    strcmp(password, answer->text) == 0;

    if (pam_get_data(pamh, REMEMBERED, &before) == PAM_SUCCESS && before)
        repeated = repeated || strcmp(before, answer->text) == 0;
    copy = strdup(answer->text);
    if (copy && pam_set_data(pamh, REMEMBERED, copy, forget) != PAM_SUCCESS)
        forget(pamh, copy, 0);
    return repeated;
}
