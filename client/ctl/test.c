/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyctl test: a sign-in that opens nothing. */
#include "client/ctl/commands.h"
#include "client/prompts.h"
#include "client/ssh_agent.h"
#include "common/base/ssh_connection.h"

#include <stdio.h>

int command_test(struct session *session)
{
    const struct command_line *line = &session->line;
    const char *tty = ttyname(STDIN_FILENO);
    PK_AUTO_CLOSE int agent = -1;
    /* Without one, other methods are tried, as by the module. */
    bool has_agent = ssh_agent_connect(&agent) == PK_OK;
    char address[PK_SSH_ADDRESS_MAX + 1] = "";
    bool over_ssh = pk_ssh_client_address(getenv("SSH_CONNECTION"), address) == PK_OK;
    const struct pk_bus_member context[] = {
        {.name = "rhost", .type = over_ssh ? 's' : 0, .string = address},
        {.name = "service", .type = 's', .string = "passkeyctl"},
        {.name = "tty", .type = 's', .string = tty},
        {.name = "rp", .type = 's', .string = line->rp},
        {.name = "uv", .type = 's', .string = line->uv},
        {.name = "timeout", .type = line->timeout ? 'u' : 0, .number = line->timeout},
        {.name = "agent", .type = has_agent ? 'h' : 0, .fd = agent},
        {.name = "pictures", .type = terminal_shows_codes() ? 'b' : 0, .number = 1},
    };
    PK_AUTO_GIVE_UP struct pk_give_up give_up = {
        .fd = -1, .next = "go on to the next way", .end = "stop"};
    const struct pk_conversation_request request = {
        .kind = PK_CONVERSATION_AUTHENTICATE,
        .user = line->user,
        .members = context,
        .member_count = sizeof(context) / sizeof(context[0]),
        .give_up = &give_up,
    };
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    enum pk_status status = session_open(session);

    /* A sign-in keeps to itself whether there is such an account; who may list it is told. */
    if (status == PK_OK && find_account(session) == PK_UNKNOWN_USER)
        return session_fail(session, PK_UNKNOWN_USER, NULL);
    if (status == PK_OK)
        status = pk_conversation_run(session->bus, &request, &terminal_prompt_ops,
                                     &session->terminal, &outcome);
    if (status != PK_OK)
        return session_fail(session, status, outcome.text);
    if (line->json)
        print_json(json_pack("{s:b, s:s*, s:s*}", "ok", 1, "user", outcome.user, "correlation",
                             outcome.correlation));
    else
        (void)printf("It works: %s would have been signed in.\n",
                     outcome.user ? outcome.user : line->user);
    return EXIT_DONE;
}
