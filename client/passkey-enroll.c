/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/command_line.h"
#include "client/passkeys.h"
#include "client/prompts.h"
#include "client/ssh_agent.h"
#include "common/base/ssh_connection.h"
#include "common/base/text.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: passkey-enroll [OPTION]...\n"
    "Makes a passkey on a security key, for signing in to this computer. Over ssh the\n"
    "key of the computer that you sit at is meant; \"passkey-ssh --enroll HOST\", run\n"
    "there, is the short way. Where a directory has the account, its password there\n"
    "may be asked for.\n"
    "\n"
    "  --name NAME         what to call it, such as \"blue key\"\n"
    "  --uv VALUE          PIN or fingerprint: required, preferred or discouraged\n"
    "  --resident          keep it on the key, so that it can name the account\n"
    "  --no-resident       do not use up room on the key\n"
    "  --rp NAME           for another relying party of passkeyd.conf\n"
    "  --user USER         for another account (root only)\n"
    "  --ticket-file FILE  an administrator's ticket instead of the password\n"
    "                      (-: from standard input)\n"
    "  --agent             a key in your ssh-agent, made by ssh-keygen -t ed25519-sk\n"
    "  --browser           one that a browser makes, by a link\n"
    "  --phone             one on a phone that is with you, by a QR code\n"
    "  --timeout SECONDS   how long to wait for the key\n"
    "  --json              print the result as JSON, for programs\n"
    "  --help, --version   print this text, or the version\n"
    "\n"
    "Exit status: 0 enrolled, 1 refused or failed, 2 wrong usage, 3 passkeyd cannot\n"
    "be reached, 130 interrupted.\n";

static const char next_steps[] =
    "\n"
    "What to do next:\n"
    "  passkeyctl test                        try it, before anything depends on it\n"
    "  sudo pam-auth-update --enable passkey  let sudo, su and login accept it\n"
    "Keep a root shell open until you have seen sudo work in another terminal. Enrol a second\n"
    "key, or run \"passkeyctl recovery-codes\", for the day when this one is lost.\n";

/* Descriptors: -1 for none. */
static enum pk_status enroll(struct session *session, int ticket, int agent,
                             struct pk_outcome *outcome)
{
    const struct command_line *line = &session->line;
    const char *method = line->browser ? "browser" : line->phone ? "phone" : NULL;
    char address[PK_SSH_ADDRESS_MAX + 1] = "";
    bool over_ssh = pk_ssh_client_address(getenv("SSH_CONNECTION"), address) == PK_OK;
    const struct pk_bus_member options[] = {
        {.name = "rhost", .type = over_ssh ? 's' : 0, .string = address},
        {.name = "name", .type = 's', .string = line->name},
        {.name = "rp", .type = 's', .string = line->rp},
        {.name = "uv", .type = 's', .string = line->uv},
        {.name = "resident", .type = 's', .string = line->resident},
        {.name = "ticket", .type = ticket >= 0 ? 'h' : 0, .fd = ticket},
        {.name = "timeout", .type = line->timeout ? 'u' : 0, .number = line->timeout},
        {.name = "agent", .type = agent >= 0 ? 'h' : 0, .fd = agent},
        {.name = "methods", .type = method ? 's' : 0, .string = method},
        {.name = "pictures", .type = terminal_shows_codes() ? 'b' : 0, .number = 1},
    };
    PK_AUTO_GIVE_UP struct pk_give_up give_up = {
        .fd = -1, .next = "go on to the next way", .end = "stop"};
    const struct pk_conversation_request request = {
        .kind = PK_CONVERSATION_ENROLL,
        .user = line->user,
        .members = options,
        .member_count = sizeof(options) / sizeof(options[0]),
        .give_up = &give_up,
    };

    /* A ticket stands for the password. */
    if (ticket < 0)
        session_allow_questions(session);
    return pk_conversation_run(session->bus, &request, &terminal_prompt_ops, &session->terminal,
                               outcome);
}

static void report(const struct session *session, const struct pk_outcome *outcome)
{
    json_t *credential =
        outcome->credential ? json_loads(outcome->credential, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if (session->line.json) {
        print_json(json_pack("{s:b, s:o*, s:s*}", "ok", 1, "credential", credential, "correlation",
                             outcome->correlation));
        return;
    }
    (void)printf("Enrolled \"%s\" for %s.\n", member_text(credential, "name"), session->line.user);
    (void)fputs(next_steps, stdout);
    json_decref(credential);
}

int main(int argc, char **argv)
{
    AUTO_SESSION struct session session = {.terminal.cancel_fd = -1};
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    PK_AUTO_CLOSE int ticket = -1;
    PK_AUTO_CLOSE int agent = -1;
    enum pk_status status;

    (void)setlocale(LC_ALL, "");
    command_line_parse(argc, argv,
                       OPTION_NAME | OPTION_UV | OPTION_RESIDENT | OPTION_RP | OPTION_USER |
                           OPTION_TICKET_FILE | OPTION_TIMEOUT | OPTION_AGENT | OPTION_BROWSER |
                           OPTION_PHONE,
                       usage, &session.line);
    if (session.line.argument_count > 0) {
        PK_AUTO_FREE char *word = pk_text_printable(session.line.arguments[0], 64);
        PK_AUTO_FREE char *what =
            pk_text_format("only options are taken, not \"%s\"", word ? word : "");

        return command_line_fail("passkey-enroll", session.line.json,
                                 what ? what : "only options are taken");
    }
    if (session.line.agent + session.line.browser + session.line.phone > 1)
        return command_line_fail("passkey-enroll", session.line.json,
                                 "--agent, --browser and --phone are ways: give one of them");
    status = session_open_ticket(&session, &ticket);
    if (status != PK_OK)
        return session_fail_to_read(&session, status, "ticket", session.line.ticket_file);
    if (session.line.agent && ssh_agent_connect(&agent) != PK_OK)
        return session_fail(&session, PK_NOT_FOUND,
                            "There is no ssh-agent: SSH_AUTH_SOCK must name its socket. Over ssh, "
                            "\"ssh -A\" brings yours along.");
    status = session_open(&session);
    if (status == PK_OK)
        status = enroll(&session, ticket, agent, &outcome);
    if (status != PK_OK)
        return session_fail(&session, status, outcome.text);
    report(&session, &outcome);
    return EXIT_DONE;
}
