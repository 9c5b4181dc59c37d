/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/gateway_user.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "daemon/bus/budget.h"
#include "daemon/bus/request.h"
#include "daemon/config/config.h"

#include <stdlib.h>
#include <string.h>

struct gateway_user {
    bool known;
    uid_t uid;
    unsigned changes; /* how often it was forgotten: an answer from before that is not kept */
};

struct check {
    struct request request;
    gateway_user_handler *permitted, *denied;
    unsigned changes;
    char *name; /* of the account */
    uid_t uid;
};

struct gateway_user *gateway_user_new(void)
{
    return calloc(1, sizeof(struct gateway_user));
}

void gateway_user_free(struct gateway_user *user)
{
    free(user);
}

void gateway_user_forget(struct daemon *daemon)
{
    daemon->gateway_user->known = false;
    daemon->gateway_user->changes++;
    if (daemon->budget)
        budget_set_gateway(daemon->budget, BUDGET_NOBODY);
}

static void decide(struct daemon *daemon, struct call *call, uid_t uid,
                   gateway_user_handler *permitted, gateway_user_handler *denied)
{
    if (call->uid == uid) {
        call->gateway = true;
        permitted(daemon, call);
    } else {
        denied(daemon, call);
    }
}

static enum pk_status look_up(struct job *job)
{
    struct check *check = (struct check *)job;
    AUTO_SYSTEM_ACCOUNT struct system_account found = {0};
    enum pk_status status = system_account_by_name(check->name, &found);

    if (!status)
        check->uid = found.uid;
    return status;
}

static void looked_up(struct request *request, struct call *call, enum pk_status status)
{
    struct check *check = (struct check *)request;
    struct daemon *daemon = request->daemon;
    struct gateway_user *user = daemon->gateway_user;

    if (status) {
        pk_log(LOG_DEBUG, "[%s] the gateway's account \"%s\": %s", call->id, check->name,
               pk_status_name(status));
        check->denied(daemon, call);
        return;
    }
    if (user->changes == check->changes) {
        user->known = true;
        user->uid = check->uid;
        if (daemon->budget)
            budget_set_gateway(daemon->budget, check->uid);
    }
    decide(daemon, call, check->uid, check->permitted, check->denied);
}

static void check_clear(struct request *request)
{
    free(((struct check *)request)->name);
}

void gateway_user_check(struct daemon *daemon, struct call *call, gateway_user_handler *permitted,
                        gateway_user_handler *denied)
{
    static const struct job_step steps[] = {{JOB_WORKER, look_up}, {0}};
    static const struct request_plan plan = {steps, looked_up, check_clear};
    const struct gateway_user *user = daemon->gateway_user;
    struct check *check;

    if (user->known) {
        decide(daemon, call, user->uid, permitted, denied);
        return;
    }
    check = calloc(1, sizeof(*check));
    if (check) {
        check->permitted = permitted;
        check->denied = denied;
        check->changes = user->changes;
        check->name = strdup(daemon->config->gateway_user);
    }
    if (check && !check->name) {
        free(check);
        check = NULL;
    }
    request_start(daemon, call, (struct request *)check, &plan);
}
