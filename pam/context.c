/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/context.h"

#include "common/base/cleanup.h"
#include "common/base/ssh_connection.h"
#include "common/base/text.h"
#include "pam/agent.h"
#include "pam/asker.h"
#include "pam/command.h"
#include "pam/picture.h"
#include "pam/sudo_flags.h"

#include <limits.h>
#include <security/pam_ext.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define ITEM_MAX 256 /* bytes of a PAM item that are passed on */

void context_clear(struct context *context)
{
    free(context->service);
    free(context->tty);
    free(context->rhost);
    free(context->ruser);
    free(context->target);
    free(context->dialog);
    if (context->typed >= 0)
        (void)close(context->typed);
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

/* sudoers may give sudo another service (pam_service), so its executable counts as well. */
static bool is_sudo(const char *service)
{
    static const char *const services[] = {"sudo", "sudo-i", NULL};
    static const char name[] = "/sudo";
    char path[PATH_MAX];
    ssize_t len;

    if (is_one_of(service, services))
        return true;
    len = readlink("/proc/self/exe", path, sizeof(path));
    return len >= (ssize_t)strlen(name) &&
           memcmp(path + len - strlen(name), name, strlen(name)) == 0;
}

/* Without a terminal sudo has SUDO_ASKPASS answer, as with -A. */
static bool is_unattended(const struct context *context)
{
    return is_sudo(context->service) &&
           (context->caller.process.terminal == 0 || sudo_flags_unattended_here());
}

bool context_is_guarded(const struct context *context)
{
    return !context->rhost && !is_sudo(context->service) &&
           (context->caller.process.terminal == 0 || !isatty(STDIN_FILENO));
}

bool context_has_terminal(const struct context *context)
{
    PK_AUTO_FREE char *path = NULL;
    struct stat node;

    if (context->caller.process.terminal == 0 || context->unattended || !context->tty)
        return false;
    if (!is_sudo(context->service) && !isatty(STDIN_FILENO)) /* sudo reads from the terminal */
        return false;
    path = pk_text_format("%s%s", context->tty[0] == '/' ? "" : "/dev/", context->tty);
    return path && stat(path, &node) == 0 && S_ISCHR(node.st_mode) &&
           (uint32_t)node.st_rdev == context->caller.process.terminal;
}

bool context_keeps_questions(const struct context *context)
{
    return context->tty && strcmp(context->tty, "ssh") == 0;
}

static const char *variable(const char *name)
{
    return getenv(name);
}

bool context_shows_pictures(const struct context *context, struct winsize *ret_room)
{
    *ret_room = (struct winsize){0};
    if (context_keeps_questions(context))
        return true;
    if (!context_has_terminal(context) || !picture_locale_is_utf8(variable))
        return false;
    *ret_room = picture_room();
    return true;
}

static bool fits_code(const struct context *context)
{
    struct winsize room;

    return context_shows_pictures(context, &room) && picture_room_has_code(&room);
}

/* Who asks polkit's helper; that one knows neither the action nor for which program. */
static enum pk_status find_asker(struct context *context)
{
    AUTO_ASKER struct asker asker = ASKER_EMPTY;
    enum pk_status status = asker_find(&asker);

    if (status != PK_OK)
        return status;
    if (asker.user) {
        free(context->ruser);
        context->ruser = pk_steal(asker.user);
    }
    context->dialog = pk_steal(asker.program);
    context->typed = pk_steal_fd(&asker.typed);
    return PK_OK;
}

/* What sudo was given on its command line; for su, whom the caller wants to become. */
static enum pk_status find_purpose(const char *user, struct context *context)
{
    static const char *const su[] = {"su", "su-l", NULL};
    static const char *const polkit[] = {"polkit-1", NULL};

    if (is_sudo(context->service)) {
        /* Without /proc the sign-in goes on, and says that. */
        context->unread = command_line_seal("/proc/self/cmdline", &context->typed) != PK_OK;
        return PK_OK;
    }
    if (is_one_of(context->service, polkit))
        return find_asker(context);
    if (!user || !is_one_of(context->service, su))
        return PK_OK;
    context->target = pk_text_printable(user, ITEM_MAX);
    return context->target ? PK_OK : PK_NO_MEMORY;
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

static void add_members(struct context *context, const struct options *options)
{
    struct members *members = &context->members;

    members_add_string(members, "service", context->service);
    members_add_string(members, "tty", context->tty);
    members_add_string(members, "rhost", context->rhost);
    members_add_string(members, "ruser", context->ruser);
    if (context->unread)
        members_add_string(members, "command", "sudo (its command line could not be read)");
    members_add_string(members, "target", context->target);
    members_add_string(members, "dialog", context->dialog);
    members_add_options(members, options);
    members_add_caller(members, &context->caller);
    members_add_flag(members, "unattended", context->unattended);
    members_add_flag(members, "pictures", !options->quiet && fits_code(context));
    members_add_descriptor(members, "typed", context->typed);
    members_add_descriptor(members, "agent", context->agent);
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
        status = find_purpose(user, context);
    if (status == PK_OK)
        status = find_agent(pamh, options, &context->agent);
    context->caller = members_find_caller(getuid());
    context->unattended = is_unattended(context);
    if (status == PK_OK)
        add_members(context, options);
    return status;
}
