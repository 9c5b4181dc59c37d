/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/caller.h"

#include "common/base/process.h"
#include "daemon/bus/value.h"
#include "daemon/verify/context.h"

static uint32_t number(const struct value *options, const char *name, uint32_t otherwise)
{
    return value_find(options, name) ? value_find_number(options, name) : otherwise;
}

static struct caller_peer peer(const struct value *options)
{
    uint32_t pid = number(options, "peer-pid", 0);

    if (pid == 0 || pid > INT32_MAX || !value_find(options, "peer-uid"))
        return (struct caller_peer){.pid = 0};
    return (struct caller_peer){
        .pid = (pid_t)pid,
        .uid = value_find_number(options, "peer-uid"),
        .login_uid = number(options, "peer-login-uid", CALLER_UNSET),
        .audit_session = number(options, "peer-audit-session", CALLER_UNSET),
        .terminal = number(options, "peer-terminal", 0),
        .reported = value_find(options, "peer-terminal") != NULL,
    };
}

struct caller caller_read(const struct value *options, uid_t uid)
{
    const struct caller_peer nobody = {.pid = 0};
    const struct context claimed = {.rhost = value_find_text(options, "rhost", "")};
    struct caller caller = {.real_uid = uid,
                            .login_uid = CALLER_UNSET,
                            .audit_session = CALLER_UNSET,
                            .claims_rhost = uid != 0 && context_is_remote(&claimed)};

    if (uid != 0 || !value_find(options, "real-uid"))
        return caller;
    return (struct caller){
        .real_uid = number(options, "real-uid", uid),
        .login_uid = number(options, "login-uid", CALLER_UNSET),
        .audit_session = number(options, "audit-session", CALLER_UNSET),
        .terminal = number(options, "terminal", 0),
        .peer = context_is_remote(&claimed) ? nobody : peer(options),
        .reported = true,
    };
}

struct caller caller_of_process(pid_t pid, uid_t uid)
{
    struct pk_process process = {.login_uid = CALLER_UNSET, .audit_session = CALLER_UNSET};
    bool seen = pk_process_of_pid(pid, (uint32_t)uid, &process);
    bool for_another = uid == 0 && process.login_uid != CALLER_UNSET;

    return (struct caller){
        .real_uid = for_another ? process.login_uid : uid,
        .login_uid = process.login_uid,
        .audit_session = process.audit_session,
        .terminal = process.terminal,
        .reported = seen,
    };
}

uid_t caller_user(const struct caller *caller)
{
    return caller->real_uid == 0 && caller->peer.pid != 0 ? caller->peer.uid : caller->real_uid;
}
