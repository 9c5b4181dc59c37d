/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/call.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/bus/budget.h"
#include "daemon/jobs/jobs.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool call_check(struct call *call, const struct value *dict, const struct member *members,
                size_t count)
{
    PK_AUTO_FREE char *why = NULL;

    if (value_check(dict, members, count, &why) == PK_OK)
        return true;
    call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "%s", why ? why : "out of memory");
    return false;
}

bool call_admit(struct call *call, struct budget *budget)
{
    bool service =
        strcmp(call->interface, PK_BUS_GATEWAY) == 0 && budget_is_gateway(budget, call->uid);

    if (!budget_hold(budget, call->uid, service ? BUDGET_GATEWAY_CALLS : BUDGET_OPEN_CALLS))
        return false;
    call->service = service;
    call->budget = budget;
    call->charged = call->uid;
    return true;
}

uid_t call_charged(const struct call *call)
{
    return call->budget || call->setuid ? call->charged : call->uid;
}

bool call_charge(struct call *call, uid_t uid)
{
    if (call_charged(call) == uid)
        return true;
    if (!budget_hold(call->budget, uid, BUDGET_SETUID_CALLS))
        return false;
    if (call->budget)
        budget_release(call->budget, call->charged, BUDGET_OPEN_CALLS);
    call->charged = uid;
    call->setuid = true;
    return !call->charge || call->charge(call, uid);
}

bool call_is_on_bus(const struct call *call)
{
    return call->sender[0] == ':';
}

uid_t call_owner(const struct call *call, bool remote)
{
    if (call->gateway)
        return JOB_GATEWAY;
    if (call->uid != 0)
        return call->uid;
    if (call->caller.reported && caller_user(&call->caller) != 0)
        return caller_user(&call->caller);
    return remote ? JOB_STRANGERS : 0;
}

void call_drop(struct call *call)
{
    if (call->budget)
        budget_release(call->budget, call->charged,
                       call->setuid    ? BUDGET_SETUID_CALLS
                       : call->service ? BUDGET_GATEWAY_CALLS
                                       : BUDGET_OPEN_CALLS);
    if (call->release)
        call->release(call);
    value_clear(&call->arguments);
    system_account_clear(&call->account);
    free(call->destination);
    free(call->sender);
    free(call->path);
    free(call->interface);
    free(call->member);
    free(call->signature);
    free(call);
}

static void fail_va(struct call *call, const char *error, const char *format, va_list arguments)
{
    PK_AUTO_FREE char *text = NULL;
    PK_AUTO_FREE char *whole = NULL;

    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    whole = pk_text_format("%s [%s]", text ? text : "out of memory", call->id);
    if (budget_take(call->budget, call_charged(call),
                    call->setuid ? BUDGET_SETUID_LINES : BUDGET_LINES))
        pk_log(LOG_NOTICE, "[%s] %.64s.%.64s by uid %u (%s): %s: %s", call->id, call->interface,
               call->member, (unsigned)call->uid, call->sender, error,
               text ? text : "out of memory");
    call->ops->fail(call, error, whole ? whole : "out of memory");
    call_drop(call);
}

void call_reply(struct call *call, struct value *result)
{
    bool sent = call->ops->reply(call, result);

    value_clear(result);
    if (sent)
        call_drop(call);
    else
        call_fail(call, PK_BUS_ERROR_INTERNAL, "the answer cannot be put into a message");
}

void call_fail(struct call *call, const char *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fail_va(call, error, format, arguments);
    va_end(arguments);
}

void call_refuse(struct call *call)
{
    call->ops->fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED, "too many calls at once");
    call_drop(call);
}

void call_fail_standard(struct call *call, const char *name, const char *format, ...)
{
    PK_AUTO_FREE char *error = pk_text_format("org.freedesktop.DBus.Error.%s", name);
    va_list arguments;

    va_start(arguments, format);
    fail_va(call, error ? error : "org.freedesktop.DBus.Error.NoMemory", format, arguments);
    va_end(arguments);
}
