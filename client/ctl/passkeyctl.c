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
    "  import ssh FILE          let OpenSSH security keys sign in by agent: a .pub\n"
    "                           file, or lines of authorized_keys (-: standard input)\n"
    "  import pam-u2f FILE      as root: credentials of pam_u2f's authorisation file\n"
    "  import sssd FILE         as root: passkey mappings of FreeIPA, AD or LDAP\n"
    "  test                     sign in, without consequences\n"
    "  status                   show what passkeyd knows of itself and your account\n"
    "  check                    find what keeps passkeys from working; how to mend it\n"
    "  recovery-codes           make ten new recovery codes; earlier ones become void\n"
    "  ticket USER              as root: let somebody enrol once without a password;\n"
    "                           --link: by a link for their browser\n"
    "  adopt USER               as root: let orphaned passkeys of USER sign in again\n"
    "  backup FILE              as root: write all passkeys to a file, at any time\n"
    "  restore FILE             as root: put such a file's passkeys in place\n"
    "  key COMMAND              security keys: list, info, set-pin, change-pin, reset\n"
    "  api-key COMMAND          keys of web applications: create, list, revoke\n"
    "  rp-key COMMAND           keys that sign their tokens: list, rotate, import\n"
    "  directory COMMAND        as root: an LDAP directory's passkeys, check and move\n"
    "  verify                   verify responses, JSON Lines on standard input; needs\n"
    "                           no daemon\n"
    "\n"
    "  --user USER              another account's (root only)\n"
    "  --all                    list: every account's (root only)\n"
    "  --rp NAME                of this relying party only\n"
    "  --name NAME              import: what to call it\n"
    "  --rp-id ID               import: what pam-u2f's and sssd's were made for\n"
    "  --dry-run                import, restore: only show what would become of it\n"
    "  --ticket-file FILE       import: an administrator's ticket, not the password\n"
    "  --uv VALUE               test: PIN or finger: required, preferred, discouraged\n"
    "  --timeout SECONDS        test: how long to wait\n"
    "  --lifetime SECONDS       ticket: how long it is good for, 60 to 86400\n"
    "  --phone                  check: what a phone nearby needs, too\n"
    "  --link                   ticket: make a link, which is opened in a browser\n"
    "  --revoke                 ticket: void those of USER that are not used\n"
    "  --wait, --no-wait        ticket: whether to wait for the link's use\n"
    "  --passphrase             backup: seal the file under a passphrase\n"
    "  --passphrase-file FILE   backup, restore: which is in that file\n"
    "  --with-keys              backup: keys of web applications, too, also private\n"
    "  --replace                restore: in the place of passkeys that are here\n"
    "  --yes                    do not ask\n"
    "  --json                   print JSON, for programs\n"
    "  -h, --help, --version    print this text, or the version; after a COMMAND, or\n"
    "                           \"passkeyctl help COMMAND\": what that one takes\n"
    "\n"
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 passkeyd cannot be\n"
    "reached, 130 interrupted.\n";

/* What --help says of each option, for the commands that take it. */
static const struct {
    unsigned bit;
    const char *option, *text;
} option_texts[] = {
    {OPTION_USER, "--user USER", "another account's (root only)"},
    {OPTION_ALL, "--all", "every account's (root only)"},
    {OPTION_RP, "--rp NAME", "of this relying party only"},
    {OPTION_NAME, "--name NAME", "what to call it"},
    {OPTION_RP_ID, "--rp-id ID", "what they were made for: pam://HOST, or sssd's domain"},
    {OPTION_DRY_RUN, "--dry-run", "only show what would become of it"},
    {OPTION_PASSPHRASE, "--passphrase", "seal the file under a passphrase"},
    {OPTION_PASSPHRASE_FILE, "--passphrase-file FILE", "the passphrase is in that file"},
    {OPTION_WITH_KEYS, "--with-keys", "and keys of web applications, private ones too"},
    {OPTION_REPLACE, "--replace", "in the place of passkeys that are here"},
    {OPTION_TICKET_FILE, "--ticket-file FILE", "an administrator's ticket, not the password"},
    {OPTION_UV, "--uv VALUE", "PIN or finger: required, preferred, discouraged"},
    {OPTION_TIMEOUT, "--timeout SECONDS", "how long to wait"},
    {OPTION_LIFETIME, "--lifetime SECONDS", "how long it is good for, 60 to 86400"},
    {OPTION_PHONE, "--phone", "what a phone needs, too; asks Google's, Apple's servers"},
    {OPTION_LINK, "--link", "make a link, which is opened in a browser"},
    {OPTION_REVOKE, "--revoke", "void those of USER that are not used, links too"},
    {OPTION_WAIT, "--wait, --no-wait", "wait for the link's use; on a terminal it does"},
    {OPTION_YES, "--yes", "do not ask"},
};

struct command {
    const char *name;
    const char *operands; /* as --help writes them */
    int operand_count;
    unsigned options;
    int (*run)(struct session *session);
    const char *about;
};

static const struct command commands[] = {
    {"list", "", 0, OPTION_USER | OPTION_RP | OPTION_ALL, command_list, "Lists passkeys."},
    {"show", " NAME|ID", 1, OPTION_USER | OPTION_RP, command_show, "Shows everything about one."},
    {"rename", " NAME|ID NEW-NAME", 2, OPTION_USER | OPTION_RP, command_rename,
     "Calls a passkey something else."},
    {"remove", " NAME|ID", 1, OPTION_USER | OPTION_RP | OPTION_YES, command_remove,
     "Removes a passkey; asks first if it is the last."},
    {"import", " ssh|pam-u2f|sssd FILE|-", 2,
     OPTION_USER | OPTION_RP | OPTION_NAME | OPTION_TICKET_FILE | OPTION_RP_ID | OPTION_DRY_RUN |
         OPTION_YES,
     command_import,
     "Makes passkeys of OpenSSH security keys, or as root of what pam_u2f and sssd use;\n- is "
     "standard input."},
    {"backup", " FILE", 1, OPTION_PASSPHRASE | OPTION_PASSPHRASE_FILE | OPTION_WITH_KEYS,
     command_backup, "As root: writes all passkeys to a file, while passkeyd runs."},
    {"restore", " FILE", 1, OPTION_PASSPHRASE_FILE | OPTION_REPLACE | OPTION_DRY_RUN | OPTION_YES,
     command_restore, "As root: puts the passkeys of such a file in place."},
    {"test", "", 0, OPTION_USER | OPTION_RP | OPTION_UV | OPTION_TIMEOUT, command_test,
     "Signs in, without consequences."},
    {"status", "", 0, 0, command_status, "Shows what passkeyd knows of itself and your account."},
    {"check", "", 0, OPTION_PHONE, command_check,
     "Finds what keeps passkeys from working; how to mend it."},
    {"recovery-codes", "", 0, OPTION_USER | OPTION_YES, command_recovery_codes,
     "Makes ten new recovery codes; earlier ones become void."},
    {"adopt", " USER", 1, OPTION_RP, command_adopt,
     "As root: lets orphaned passkeys of USER sign in again."},
    {"ticket", " USER", 1,
     OPTION_USER | OPTION_RP | OPTION_LIFETIME | OPTION_LINK | OPTION_WAIT | OPTION_REVOKE,
     command_ticket,
     "As root: lets somebody enrol once without a password; --link: in their browser."},
};

/* The text of "passkeyctl NAME --help". NULL: no memory. */
static char *usage_of(const struct command *command)
{
    char *text = pk_text_format("Usage: passkeyctl %s%s [OPTION]...\n%s\n\n", command->name,
                                command->operands, command->about);

    for (size_t i = 0; text && i < sizeof(option_texts) / sizeof(option_texts[0]); i++) {
        PK_AUTO_FREE char *before = text;

        if (command->options & option_texts[i].bit)
            text = pk_text_format("%s  %-22s %s\n", before, option_texts[i].option,
                                  option_texts[i].text);
        else
            before = NULL;
    }
    if (text) {
        PK_AUTO_FREE char *before = text;

        text = pk_text_format("%s  %-22s %s\n  %-22s %s\n", before, "--json",
                              "print JSON, for programs", "-h, --help", "print this text");
    }
    return text;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int wrong_usage(int argc, char **argv, const char *what, const char *which)
{
    PK_AUTO_FREE char *shown = pk_text_printable(which, 64);
    PK_AUTO_FREE char *text = pk_text_format("%s%s", what, shown ? shown : "");

    return command_line_fail("passkeyctl", command_line_wants_json(argc, argv), text ? text : what);
}

static int wrong_count(const struct command_line *line, const struct command *command)
{
    PK_AUTO_FREE char *text =
        pk_text_format("%s takes %d argument%s, not %d: passkeyctl %s%s", command->name,
                       command->operand_count, command->operand_count == 1 ? "" : "s",
                       line->argument_count, command->name, command->operands);

    return command_line_fail("passkeyctl", line->json, text ? text : command->name);
}

/* argv[0] is the command's name. */
static int run(const struct command *command, int argc, char **argv)
{
    AUTO_SESSION struct session session = {.terminal.cancel_fd = -1};
    PK_AUTO_FREE char *text = usage_of(command);

    argv[0] = (char[]){"passkeyctl"};
    command_line_parse(argc, argv, command->options, text ? text : usage, &session.line);
    /* --user may say whom a ticket is for. */
    if (session.line.argument_count != command->operand_count &&
        !(command->run == command_ticket && session.line.argument_count == 0))
        return wrong_count(&session.line, command);
    /* The name of a file may be any bytes. */
    if (command->run != command_import && command->run != command_backup &&
        command->run != command_restore)
        command_line_check_operands(argv[0], &session.line);
    return command->run(&session);
}

static bool is_about_rp_keys(const char *word)
{
    return strcmp(word, "api-key") == 0 || strcmp(word, "rp-key") == 0;
}

/* "passkeyctl help [NAME]" */
static int help(int argc, char **argv)
{
    const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
    PK_AUTO_FREE char *text = command ? usage_of(command) : NULL;

    if (argc > 1 && strcmp(argv[1], "verify") == 0)
        return verify_main(2, (char *[]){argv[1], (char[]){"--help"}, NULL});
    if (argc > 1 && strcmp(argv[1], "key") == 0)
        return command_key(3, (char *[]){argv[0], argv[1], (char[]){"--help"}, NULL});
    if (argc > 1 && strcmp(argv[1], "directory") == 0)
        return command_directory(3, (char *[]){argv[0], argv[1], (char[]){"--help"}, NULL});
    if (argc > 1 && is_about_rp_keys(argv[1]))
        return command_rp_keys(3, (char *[]){argv[0], argv[1], (char[]){"--help"}, NULL});
    if (argc > 1 && !command)
        return wrong_usage(argc, argv, "unknown command: ", argv[1]);
    (void)fputs(text ? text : usage, stdout);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;

    /* Has options of its own, and speaks JSON whatever the locale. */
    if (argc > 1 && strcmp(argv[1], "verify") == 0)
        return verify_main(argc - 1, argv + 1);
    (void)setlocale(LC_ALL, "");
    if (argc > 1 && strcmp(argv[1], "key") == 0)
        return command_key(argc, argv);
    if (argc > 1 && strcmp(argv[1], "directory") == 0)
        return command_directory(argc, argv);
    if (argc > 1 && is_about_rp_keys(argv[1]))
        return command_rp_keys(argc, argv);
    if (command)
        return run(command, argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "help") == 0)
        return help(argc - 1, argv + 1);
    if (argc > 1 && argv[1][0] == '-') {
        struct command_line line;

        /* --help and --version end here. */
        command_line_parse(argc, argv, 0, usage, &line);
    }
    if (argc > 1 && argv[1][0] != '-')
        return wrong_usage(argc, argv, "unknown command: ", argv[1]);
    return wrong_usage(argc, argv, "a command is expected", "");
}
