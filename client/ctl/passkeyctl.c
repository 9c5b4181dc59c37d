/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/commands.h"
#include "client/ctl/verify.h"

#include "common/base/text.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: passkeyctl COMMAND [OPTION]...\n"
    "Looks after passkeys that sign in to this computer.\n"
    "\n"
    "  list                     list passkeys\n"
    "  show NAME|ID             show everything about one\n"
    "  rename NAME|ID NEW-NAME  call it something else\n"
    "  remove NAME|ID           remove it; asks first if it is the last (--yes: no)\n"
    "  import ssh FILE.pub      let an OpenSSH security key sign in, by ssh-agent\n"
    "                           (-: from standard input)\n"
    "  test                     sign in, without consequences\n"
    "  status                   show what passkeyd knows of itself and your account\n"
    "  check                    find what keeps passkeys from working; how to mend it\n"
    "  recovery-codes           make ten new recovery codes; earlier ones become void\n"
    "  ticket --user USER       as root: let somebody enrol once without a password\n"
    "  adopt USER               as root: let orphaned passkeys of USER sign in again\n"
    "  verify                   verify responses, JSON Lines on standard input; needs\n"
    "                           no daemon\n"
    "\n"
    "  --user USER              another account's (root only)\n"
    "  --all                    list: every account's (root only)\n"
    "  --rp NAME                of this relying party only\n"
    "  --name NAME              import: what to call it\n"
    "  --ticket-file FILE       import: an administrator's ticket, not the password\n"
    "  --uv VALUE               test: PIN or finger: required, preferred, discouraged\n"
    "  --timeout SECONDS        test: how long to wait\n"
    "  --lifetime SECONDS       ticket: how long it is good for, 60 to 86400\n"
    "  --yes                    do not ask\n"
    "  --json                   print JSON, for programs\n"
    "  --help, --version        print this text, or the version\n"
    "\n"
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 passkeyd cannot be\n"
    "reached, 130 interrupted.\n";

static const struct {
    const char *name;
    int arguments;
    unsigned options;
    int (*run)(struct session *session);
} commands[] = {
    {"list", 0, OPTION_USER | OPTION_RP | OPTION_ALL, command_list},
    {"show", 1, OPTION_USER | OPTION_RP, command_show},
    {"rename", 2, OPTION_USER | OPTION_RP, command_rename},
    {"remove", 1, OPTION_USER | OPTION_RP | OPTION_YES, command_remove},
    {"import", 2, OPTION_USER | OPTION_RP | OPTION_NAME | OPTION_TICKET_FILE, command_import},
    {"test", 0, OPTION_USER | OPTION_RP | OPTION_UV | OPTION_TIMEOUT, command_test},
    {"status", 0, 0, command_status},
    {"check", 0, 0, command_check},
    {"recovery-codes", 0, OPTION_USER | OPTION_YES, command_recovery_codes},
    {"adopt", 1, OPTION_RP, command_adopt},
    {"ticket", 0, OPTION_USER | OPTION_RP | OPTION_LIFETIME, command_ticket},
};

static int wrong_usage(const char *what, const char *which)
{
    PK_AUTO_FREE char *shown = pk_text_printable(which, 64);

    (void)fprintf(stderr, "passkeyctl: %s%s\nTry 'passkeyctl --help'.\n", what, shown ? shown : "");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    /* Has options of its own, and speaks JSON whatever the locale. */
    if (argc > 1 && strcmp(argv[1], "verify") == 0)
        return verify_main(argc - 1, argv + 1);
    (void)setlocale(LC_ALL, "");
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        AUTO_SESSION struct session session = {.terminal.cancel_fd = -1};

        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        argv[1] = argv[0];
        command_line_parse(argc - 1, argv + 1, commands[i].options, usage, &session.line);
        if (session.line.argument_count != commands[i].arguments)
            return wrong_usage("wrong number of arguments for ", commands[i].name);
        return commands[i].run(&session);
    }
    if (argc > 1 && argv[1][0] == '-') {
        struct command_line line;

        /* --help and --version end here. */
        command_line_parse(argc, argv, 0, usage, &line);
    }
    if (argc > 1 && argv[1][0] != '-')
        return wrong_usage("unknown command: ", argv[1]);
    return wrong_usage("a command is expected", "");
}
