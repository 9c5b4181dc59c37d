/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/dialogue/messages.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

#define COMMAND_SHOWN_MAX 512
#define WORD_SHOWN_MAX    64

static char *purpose(const struct context *context, const char *command, const char *target)
{
    const char *on = context->host[0] ? " on " : "";

    if (strcmp(context->act, "enroll") == 0)
        return pk_text_format("to enrol it for %s%s%s", context->user, on, context->host);
    if (command[0] && target[0])
        return pk_text_format("to run \"%s\" as %s%s%s", command, target, on, context->host);
    if (command[0])
        return pk_text_format("to run \"%s\"%s%s", command, on, context->host);
    if (target[0] && strcmp(target, context->user) != 0)
        return pk_text_format("to become %s%s%s (%s)", target, on, context->host, context->service);
    if (context->user[0] == '\0')
        return pk_text_format("to sign in%s%s%s%s%s", on, context->host,
                              context->service[0] ? " (" : "", context->service,
                              context->service[0] ? ")" : "");
    return pk_text_format("to sign in as %s%s%s%s%s%s", context->user, on, context->host,
                          context->service[0] ? " (" : "", context->service,
                          context->service[0] ? ")" : "");
}

char *message_purpose(const struct context *context)
{
    PK_AUTO_FREE char *user = pk_text_printable(context->user, WORD_SHOWN_MAX);
    PK_AUTO_FREE char *service = pk_text_printable(context->service, WORD_SHOWN_MAX);
    PK_AUTO_FREE char *host = pk_text_printable(context->host, WORD_SHOWN_MAX);
    PK_AUTO_FREE char *command = pk_text_printable(context->command, COMMAND_SHOWN_MAX);
    PK_AUTO_FREE char *target = pk_text_printable(context->target, WORD_SHOWN_MAX);
    struct context shown = *context;

    if (!user || !service || !host || !command || !target)
        return NULL;
    shown.user = user;
    shown.service = service;
    shown.host = host;
    return purpose(&shown, command, target);
}

char *message_touch_agent(const char *name, const char *purpose)
{
    return pk_text_format("Touch your security key %s%s%s%s (through your ssh-agent)",
                          name ? "\"" : "", name ? name : "", name ? "\" " : "", purpose);
}

char *message_forward(const char *purpose, unsigned part, const char *line)
{
    if (part > 0)
        return pk_text_format("Part %u of the answer:\n%s\n", part, line);
    return pk_text_format(
        "Use the security key of your own computer\n%s.\n"
        "At a login passkey-ssh answers the next line by itself. Elsewhere, paste it\n"
        "there into \"passkey-askpass --host HOST\", HOST being what you gave to ssh,\n"
        "and its answer here. Enter alone goes on without a passkey.\n"
        "%s\n",
        purpose, line);
}

char *message_forward_create(const char *purpose, const char *line)
{
    return pk_text_format(
        "Make a passkey on a security key of the computer that you sit at,\n%s.\n"
        "Run this there, HOST being what you gave to ssh:\n"
        "    passkey-askpass --host HOST\n"
        "Paste the last of these lines into it, and its answer here, all lines of it.\n"
        "(\"passkey-ssh --enroll HOST\" does that by itself.) An empty line gives up.\n"
        "%s\n",
        purpose, line);
}
