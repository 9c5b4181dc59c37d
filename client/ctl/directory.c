/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyctl directory: passkey-store-ldap does the work, which has the directory's library. */
#include "client/ctl/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM        PK_LIBEXECDIR "/passkey-store-ldap"
#define PROGRAM_FAILED 1
#define ARGUMENTS_MAX  6

static const char usage[] =
    "Usage: passkeyctl directory COMMAND [FOLDER] [--config FILE]\n"
    "As root: looks after passkeys that are in an LDAP directory.\n"
    "\n"
    "  check                    what is wrong with servers, TLS, rights, schema,\n"
    "                           clocks and entries, and how to mend it\n"
    "  migrate [FOLDER]         move this host's passkeys there; stop passkeyd before\n"
    "  push [FOLDER]            add the passkeys of FOLDER's passkeyd.db to it\n"
    "  pull [FOLDER]            add its passkeys to FOLDER's passkeyd.db\n"
    "\n"
    "FOLDER is " PK_STATEDIR " where none is named. Counters stay in it:\n"
    "push and pull do not take them. Where AppArmor is on, another FOLDER needs\n"
    "lines in the profile of passkey-store-ldap: passkeyctl(1) has them.\n"
    "\n"
    "  --config FILE            not " PK_SYSCONFDIR "/store-ldap.conf\n"
    "  --help, --version        print this text, or the version\n"
    "\n"
    "Exit status: 0 done, and nothing is wrong; 1 refused or failed, or something is\n"
    "wrong; 2 wrong usage.\n";

static const struct {
    const char *word, *option;
    bool folder;
} commands[] = {
    {"check", "--check", false},
    {"migrate", "--migrate", true},
    {"push", "--push", true},
    {"pull", "--pull", true},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int wrong(const char *what, const char *word)
{
    (void)fprintf(stderr, "passkeyctl directory: %s%s\n", what, word);
    (void)fputs("Try \"passkeyctl directory --help\".\n", stderr);
    return 2;
}

/* Does not return where it can be run. */
static int run(char **arguments)
{
    (void)fflush(stdout);
    (void)execv(PROGRAM, arguments);
    (void)fprintf(stderr, "%s cannot be run: %s%s\n", PROGRAM, strerror(errno),
                  errno == ENOENT ? "; it is not installed" : "");
    return PROGRAM_FAILED;
}

static int run_command(size_t row, const char *folder, const char *config)
{
    /* execv() changes nothing of them. */
    char *arguments[ARGUMENTS_MAX] = {(char *)(uintptr_t) "passkey-store-ldap",
                                      (char *)(uintptr_t)commands[row].option};
    size_t count = 2;

    if (commands[row].folder)
        arguments[count++] = (char *)(uintptr_t)(folder ? folder : PK_STATEDIR);
    if (config) {
        arguments[count++] = (char *)(uintptr_t) "--config";
        arguments[count++] = (char *)(uintptr_t)config;
    }
    if (geteuid() != 0) {
        (void)fputs("Only root may use the directory with this host's name.\n", stderr);
        return PROGRAM_FAILED;
    }
    return run(arguments);
}

int command_directory(int argc, char **argv)
{
    const char *words[2] = {NULL, NULL}, *config = NULL;
    size_t count = 0;

    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            (void)fputs(usage, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--version") == 0) {
            (void)puts(PACKAGE_STRING);
            return 0;
        }
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            config = argv[++i];
        else if (argv[i][0] == '-' || count == 2)
            return wrong(argv[i][0] == '-' ? "unknown option: " : "too much: ", argv[i]);
        else
            words[count++] = argv[i];
    }
    if (count == 0)
        return wrong("what to do is missing", "");
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(words[0], commands[i].word) == 0)
            return words[1] && !commands[i].folder ? wrong("too much: ", words[1])
                                                   : run_command(i, words[1], config);
    return wrong("unknown command: ", words[0]);
}
