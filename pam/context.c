/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/context.h"

#include "common/base/ssh_connection.h"
#include "common/base/text.h"
#include "pam/agent.h"

#include <security/pam_ext.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define ITEM_MAX 256 /* bytes of a PAM item that are passed on */

void context_clear(struct context *context)
{
    free(context->service);
    free(context->tty);
    free(context->rhost);
    free(context->ruser);
    command_clear(&context->command);
    if (context->agent >= 0)
        (void)close(context->agent);
    *context = (struct context)CONTEXT_EMPTY;
}

/* A printable copy of the item, or NULL in *ret where it is not set. */
static enum pk_status copy_item(const pam_handle_t *pamh, int item, char **ret)
{
    const void *value = NULL;

    if (pam_get_item(pamh, item, &value) != PAM_SUCCESS || !value || !*(const char *)value)
        return PK_OK;
    *ret = pk_text_printable(value, ITEM_MAX);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

/*
 * The remote host: the application's word, or in a sudo or su inside of an ssh login the address in
 * sshd's own variable. Not secure_getenv(), which gives nothing in a setuid program. Whoever calls
 * sudo may have changed the variable; all that can come of it is that a key in this computer is not
 * asked, or that logind is asked instead.
 */
static enum pk_status find_rhost(const pam_handle_t *pamh, char **ret)
{
    char address[PK_SSH_ADDRESS_MAX + 1];
    enum pk_status status = copy_item(pamh, PAM_RHOST, ret);

    if (status != PK_OK || *ret || pk_ssh_client_address(getenv("SSH_CONNECTION"), address))
        return status;
    return pk_text_copy(address, ret);
}

static bool is_one_of(const char *service, const char *const *names)
{
    for (; service && *names; names++)
        if (strcmp(service, *names) == 0)
            return true;
    return false;
}

/* What sudo was asked to run, and as whom; for su, whom the caller wants to become. */
static enum pk_status collect_command(const char *service, const char *user,
                                      struct command *command)
{
    static const char *const sudo[] = {"sudo", "sudo-i", NULL};
    static const char *const su[] = {"su", "su-l", NULL};
    enum pk_status status;

    if (is_one_of(service, sudo)) {
        status = command_of_this_sudo(command);
        /* Without /proc the message names no command; the sign-in goes on. */
        if (status != PK_OK)
            return status == PK_NO_MEMORY ? status : PK_OK;
        if (!command->target)
            command->target = strdup("root");
        return command->target ? PK_OK : PK_NO_MEMORY;
    }
    if (!is_one_of(service, su))
        return PK_OK;
    command->target = user ? pk_text_printable(user, ITEM_MAX) : NULL;
    return command->target || !user ? PK_OK : PK_NO_MEMORY;
}

/* Without an agent that can be used the sign-in goes on with the other methods. */
static enum pk_status find_agent(pam_handle_t *pamh, const struct options *options, int *ret_fd)
{
    enum pk_status status;

    if (!options_allow(options, PK_METHOD_AGENT))
        return PK_OK;
    status = agent_connect(ret_fd);
    if (status == PK_INTERNAL) {
        pam_syslog(pamh, LOG_CRIT, "the file system user and group could not be put back");
        return status;
    }
    if (status != PK_OK && status != PK_NOT_FOUND && options->debug)
        pam_syslog(pamh, LOG_DEBUG, "the ssh-agent of SSH_AUTH_SOCK is not used: %s",
                   pk_status_name(status));
    return PK_OK;
}

static void add_string(struct context *context, const char *name, const char *value)
{
    if (value)
        context->members[context->count++] =
            (struct pk_bus_member){.name = name, .type = 's', .string = value};
}

static void add_number(struct context *context, const char *name, uint32_t number)
{
    context->members[context->count++] =
        (struct pk_bus_member){.name = name, .type = 'u', .number = number};
}

static void add_process(struct context *context)
{
    add_number(context, "real-uid", context->process.real_uid);
    add_number(context, "login-uid", context->process.login_uid);
    add_number(context, "audit-session", context->process.audit_session);
    add_number(context, "terminal", context->process.terminal);
    if (context->process.executable[0])
        add_string(context, "executable", context->process.executable);
}

static void add_members(struct context *context, const struct options *options)
{
    add_string(context, "service", context->service);
    add_string(context, "tty", context->tty);
    add_string(context, "rhost", context->rhost);
    add_string(context, "ruser", context->ruser);
    add_string(context, "command", context->command.text);
    add_string(context, "target", context->command.target);
    add_string(context, "rp", options->rp);
    add_string(context, "methods", options->methods);
    add_string(context, "uv", options->uv);
    add_process(context);
    if (options->timeout)
        add_number(context, "timeout", options->timeout);
    if (options->identify)
        context->members[context->count++] =
            (struct pk_bus_member){.name = "identify", .type = 'b', .number = 1};
    if (context->agent >= 0)
        context->members[context->count++] =
            (struct pk_bus_member){.name = "agent", .type = 'h', .fd = context->agent};
}

enum pk_status context_collect(pam_handle_t *pamh, const struct options *options, const char *user,
                               struct context *context)
{
    enum pk_status status = copy_item(pamh, PAM_SERVICE, &context->service);

    if (status == PK_OK)
        status = copy_item(pamh, PAM_TTY, &context->tty);
    if (status == PK_OK)
        status = find_rhost(pamh, &context->rhost);
    if (status == PK_OK)
        status = copy_item(pamh, PAM_RUSER, &context->ruser);
    if (status == PK_OK)
        status = collect_command(context->service, user, &context->command);
    if (status == PK_OK)
        status = find_agent(pamh, options, &context->agent);
    context->process = process_of_this();
    if (status == PK_OK)
        add_members(context, options);
    return status;
}
