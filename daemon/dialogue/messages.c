/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/dialogue/messages.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

#define WORD_SHOWN_MAX    64
#define COMMAND_SHOWN_MAX 512 /* of a command in a sentence about who asks */

/* Of a context, safe on a terminal; those of a command are so already. */
struct shown {
    char *user, *asker, *service, *host, *on;
};

static void shown_clear(struct shown *shown)
{
    free(shown->user);
    free(shown->asker);
    free(shown->service);
    free(shown->host);
    free(shown->on);
}

static bool shown_fill(const struct context *context, struct shown *shown)
{
    shown->user = pk_text_printable(context->user, WORD_SHOWN_MAX);
    shown->asker =
        pk_text_printable(context->ruser ? context->ruser : context->user, WORD_SHOWN_MAX);
    shown->service = pk_text_printable(context->service, WORD_SHOWN_MAX);
    shown->host = pk_text_printable(context->host, WORD_SHOWN_MAX);
    if (shown->host)
        shown->on = shown->host[0] ? pk_text_format(" on %s", shown->host) : strdup("");
    return shown->user && shown->asker && shown->service && shown->on;
}

/* What does not fit into words comes last, behind a colon: no argument can pass for the rest. */
static char *approval(const struct context *context, const struct shown *shown)
{
    const char *environment = context->environment, *root = context->root;

    return pk_text_format(
        "to %s%s as %s (group %s) in %s%s%s%s%s: %s", context->files ? "edit" : "run", shown->on,
        context->target, context->group, context->folder, root ? ", under the root " : "",
        root ? root : "", environment ? ", with " : "", environment ? environment : "",
        context->files ? context->files : context->command);
}

static char *purpose(const struct context *context, const struct shown *shown)
{
    const char *service = shown->service, *on = shown->on, *target = context->target;
    const char *before = service[0] ? " (" : "", *after = service[0] ? ")" : "";

    if (strcmp(context->act, "enroll") == 0)
        return pk_text_format("to enrol it for %s%s", shown->user, on);
    if (strcmp(context->act, "approve") == 0)
        return approval(context, shown);
    if (context->dialog)
        return pk_text_format("as %s for what the dialog of %s asks%s (%s)", shown->user,
                              context->dialog, on, service);
    if (context->command[0] && target[0])
        return pk_text_format("to run as %s%s: %s", target, on, context->command);
    if (context->command[0])
        return pk_text_format("for what %s typed%s: %s", shown->asker, on, context->command);
    if (target[0] && strcmp(target, context->user) != 0)
        return pk_text_format("to become %s%s (%s)", target, on, service);
    if (context->user[0] == '\0')
        return pk_text_format("to sign in%s%s%s%s", on, before, service, after);
    return pk_text_format("to sign in as %s%s%s%s%s", shown->user, on, before, service, after);
}

char *message_purpose(const struct context *context)
{
    __attribute__((cleanup(shown_clear))) struct shown shown = {0};

    return shown_fill(context, &shown) ? purpose(context, &shown) : NULL;
}

char *message_for_another(const struct context *context, const char *person)
{
    PK_AUTO_FREE char *who = pk_text_printable(person, WORD_SHOWN_MAX);
    PK_AUTO_FREE char *user = pk_text_printable(context->user, WORD_SHOWN_MAX);
    PK_AUTO_FREE char *service = pk_text_printable(context->service, WORD_SHOWN_MAX);
    PK_AUTO_FREE char *host = pk_text_printable(context->host, WORD_SHOWN_MAX);
    PK_AUTO_FREE char *command = pk_text_printable(context->command, COMMAND_SHOWN_MAX);
    bool runs = context->command[0] != '\0';

    if (!who || !user || !service || !host || !command)
        return NULL;
    return pk_text_format("%s asks to %s %s%s%s (%s%s%s%s).", who, runs ? "act as" : "become", user,
                          host[0] ? " on " : "", host, service, runs ? " \"" : "", command,
                          runs ? "\"" : "");
}

char *message_touch_agent(const char *name, const char *purpose)
{
    return pk_text_format("Touch your security key %s%s%s(through your ssh-agent) %s",
                          name ? "\"" : "", name ? name : "", name ? "\" " : "", purpose);
}

char *message_enrolled_already(const char *name)
{
    return pk_text_format("This passkey is enrolled already, as \"%s\".", name);
}

char *message_forward(const char *purpose, unsigned part, const char *line)
{
    if (part > 0)
        return pk_text_format("Part %u of the answer:\n%s\n", part, line);
    return pk_text_format(
        "Use the security key of your own computer\n%s\n"
        "At a login passkey-ssh answers the next line by itself. Elsewhere, paste it\n"
        "there into \"passkey-askpass --host HOST\", HOST being what you gave to ssh,\n"
        "and its answer here. Enter alone goes on without a passkey.\n"
        "%s\n",
        purpose, line);
}

char *message_forward_create(const char *purpose, const char *line)
{
    return pk_text_format(
        "Make a passkey on a security key of the computer that you sit at\n%s\n"
        "Run this there, HOST being what you gave to ssh:\n"
        "    passkey-askpass --host HOST\n"
        "Paste the last of these lines into it, and its answer here, all lines of it.\n"
        "(\"passkey-ssh --enroll HOST\" does that by itself.) An empty line gives up.\n"
        "%s\n",
        purpose, line);
}

char *message_page(const char *purpose, bool create, const char *url, const char *line)
{
    return pk_text_format(
        "%s\n%s\n"
        "Copy the answer that the page gives, and paste it here. It belongs only into this\n"
        "terminal. Enter alone %s.\n"
        "%s#%s\n",
        create ? "Open this link in the browser that is to keep the passkey"
               : "Open this link in a browser that has your passkey",
        purpose, create ? "gives up" : "goes on without it", url, line);
}

char *message_page_more(unsigned part)
{
    return pk_text_format("Line %u of the answer: ", part);
}

char *message_link(const char *purpose, const char *url)
{
    return pk_text_format(
        "Open this link in a browser that has your passkey\n%s\n"
        "    %s\n"
        "It is for this terminal only, once, within two minutes. Then type the code\n"
        "that the page shows. Enter alone goes on without it.\n"
        "Code from the page: ",
        purpose, url);
}

char *message_link_create(const char *purpose, const char *url)
{
    return pk_text_format(
        "Open this link in the browser that is to keep the passkey\n%s\n"
        "    %s\n"
        "It is good once, within two minutes. Then type the code that the page shows.\n"
        "Enter alone gives up.\n"
        "Code from the page: ",
        purpose, url);
}
