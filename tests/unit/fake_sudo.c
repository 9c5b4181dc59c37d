/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_sudo.h"

#include "tests/unit/private_bus.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct private_bus private_bus;
static void *library;
const struct approval_plugin *plugin;

/* Also for the plugin. */
uid_t real_uid = CALLER;

__attribute__((visibility("default"))) uid_t getuid(void)
{
    return real_uid;
}

/* Likewise: everybody's uid is the caller's, so that the name decides; but one has another. */
__attribute__((visibility("default"))) int
getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t len, struct passwd **result)
{
    *result = NULL;
    if (strcmp(name, "gone") == 0)
        return 0;
    (void)snprintf(buffer, len, "%s", strcmp(name, "Alice") == 0 ? "alice" : name);
    *entry = (struct passwd){.pw_name = buffer,
                             .pw_uid = strcmp(name, "other-uid") == 0 ? CALLER + 1 : CALLER};
    *result = entry;
    return 0;
}

/* --- what sudo is ----------------------------------------------------------------------------- */

char shown[8192];
unsigned questions;
static const struct sudo *current;

static void note(const char *text)
{
    size_t used = strlen(shown);

    (void)snprintf(shown + used, sizeof(shown) - used, "%s", text);
}

int sudo_print(int type, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    assert_true(type == SUDO_CONV_ERROR_MSG || type == SUDO_CONV_INFO_MSG);
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    note(text);
    return 0;
}

int sudo_converse(int count, const struct sudo_conv_message messages[],
                  struct sudo_conv_reply replies[], struct sudo_conv_callback *callback)
{
    int type = messages[0].msg_type & 0xff;

    assert_int_equal(count, 1);
    assert_null(callback);
    if (current->fails) {
        errno = EINTR;
        return -1;
    }
    note(messages[0].msg);
    if (type == SUDO_CONV_PROMPT_ECHO_OFF || type == SUDO_CONV_PROMPT_ECHO_ON) {
        questions++;
        replies[0].reply = current->answer ? strdup(current->answer) : NULL;
    }
    return 0;
}

struct sudo sudo_of(const char *user)
{
    static char entry[128];

    (void)snprintf(entry, sizeof(entry), "user=%s", user);
    return (struct sudo){
        .version = SUDO_API_VERSION,
        .user_info = {entry, "uid=5000", "tty=/dev/pts/7", "cwd=/root"},
        .argv = {"sudo", "id"},
        .command_info = {"command=/usr/bin/id", "runas_uid=0", "runas_gid=0"},
        .run_argv = {"id"},
    };
}

char *const *vector(const char *const *strings)
{
    return (char *const *)(uintptr_t)strings;
}

int sudo_open(struct sudo *sudo)
{
    const char *options[2] = {sudo->words, NULL};
    const char *why = NULL;

    current = sudo;
    shown[0] = '\0';
    questions = 0;
    return plugin->open(sudo->version, sudo->mute ? NULL : sudo_converse,
                        sudo->silent ? NULL : sudo_print, vector(sudo->settings),
                        sudo->no_user_info ? NULL : vector(sudo->user_info), 1,
                        sudo->no_argv ? NULL : vector(sudo->argv), NULL,
                        sudo->words ? vector(options) : NULL, &why);
}

bool sudo_check(struct sudo *sudo)
{
    char *environment[] = {NULL};
    const char *why = NULL;
    int answer =
        plugin->check(vector(sudo->command_info), vector(sudo->run_argv), environment, &why);

    assert_true(answer == 0 || answer == 1);
    assert_true(answer == 1 || (why && strcmp(why, "not approved by a passkey") == 0));
    return answer == 1;
}

bool runs(struct sudo *sudo)
{
    bool answer;

    assert_int_equal(sudo_open(sudo), 1);
    answer = sudo_check(sudo);
    plugin->close();
    return answer;
}

void refused(struct sudo *sudo, const char *words)
{
    assert_false(runs(sudo));
    if (!strstr(shown, words))
        fail_msg("\"%s\" is not in \"%s\"", words, shown);
}

int sudo_set_up(void **state)
{
    char path[PATH_MAX];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/pam/.libs/passkey_approval.so", getenv("top_builddir"));
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    plugin = library ? dlsym(library, "passkey_approval") : NULL;
    return plugin && private_bus_start(&private_bus, true) && private_bus_wake() ? 0 : -1;
}

int sudo_tear_down(void **state)
{
    (void)state;
    private_bus_stop(&private_bus);
    return dlclose(library);
}
