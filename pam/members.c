/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/members.h"

#include <unistd.h>

static void add(struct members *members, struct pk_bus_member member)
{
    members->items[members->count++] = member;
}

void members_add_string(struct members *members, const char *name, const char *value)
{
    if (value && *value)
        add(members, (struct pk_bus_member){.name = name, .type = 's', .string = value});
}

void members_add_number(struct members *members, const char *name, uint32_t number)
{
    add(members, (struct pk_bus_member){.name = name, .type = 'u', .number = number});
}

void members_add_flag(struct members *members, const char *name, bool holds)
{
    if (holds)
        add(members, (struct pk_bus_member){.name = name, .type = 'b', .number = 1});
}

void members_add_descriptor(struct members *members, const char *name, int fd)
{
    if (fd >= 0)
        add(members, (struct pk_bus_member){.name = name, .type = 'h', .fd = fd});
}

void members_add_options(struct members *members, const struct options *options)
{
    members_add_string(members, "rp", options->rp);
    members_add_string(members, "methods", options->methods);
    members_add_string(members, "uv", options->uv);
    if (options->timeout)
        members_add_number(members, "timeout", options->timeout);
    members_add_flag(members, "identify", options->identify);
}

struct members_caller members_find_caller(uid_t real)
{
    struct members_caller caller = {.process = pk_process_of_this()};

    caller.process.real_uid = (uint32_t)real;
    if (real == 0 && caller.process.terminal == 0)
        caller.peer_pid = pk_process_of_peer(STDIN_FILENO, &caller.peer, &caller.peer_read);
    return caller;
}

void members_add_caller(struct members *members, const struct members_caller *caller)
{
    members_add_number(members, "real-uid", caller->process.real_uid);
    members_add_number(members, "login-uid", caller->process.login_uid);
    members_add_number(members, "audit-session", caller->process.audit_session);
    members_add_number(members, "terminal", caller->process.terminal);
    members_add_string(members, "executable", caller->process.executable);
    if (caller->peer_pid == 0)
        return;
    members_add_number(members, "peer-pid", (uint32_t)caller->peer_pid);
    members_add_number(members, "peer-uid", caller->peer.real_uid);
    if (!caller->peer_read)
        return;
    members_add_number(members, "peer-login-uid", caller->peer.login_uid);
    members_add_number(members, "peer-audit-session", caller->peer.audit_session);
    members_add_number(members, "peer-terminal", caller->peer.terminal);
}
