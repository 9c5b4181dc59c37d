/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/fake_bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS_MAX 1024

struct fake_end fake_end;
bool fake_bus_fails;
enum bus_service fake_bus_service;
static struct bus_request *requests[REQUESTS_MAX];
static size_t request_count;

/* --- in place of bus.c ------------------------------------------------------------------------ */

struct bus_request *bus_call(struct bus *bus, const struct bus_target *target,
                             struct value *arguments, unsigned timeout_ms,
                             bus_reply_function *reply, void *data)
{
    struct bus_request *request = calloc(1, sizeof(*request));

    (void)bus;
    if (fake_bus_fails || !request || request_count == REQUESTS_MAX) {
        free(request);
        value_clear(arguments);
        return NULL;
    }
    (void)snprintf(request->destination, sizeof(request->destination), "%s", target->destination);
    (void)snprintf(request->path, sizeof(request->path), "%s", target->path);
    (void)snprintf(request->interface, sizeof(request->interface), "%s", target->interface);
    (void)snprintf(request->member, sizeof(request->member), "%s", target->member);
    request->no_start = target->no_start;
    request->arguments = *arguments;
    *arguments = value_body();
    request->timeout_ms = timeout_ms;
    request->reply = reply;
    request->data = data;
    requests[request_count++] = request;
    return request;
}

bool bus_answers(const struct bus *bus)
{
    (void)bus;
    return true;
}

enum pk_status bus_watch(struct bus *bus, const char *name, char **ret_why)
{
    (void)bus, (void)name, (void)ret_why;
    return PK_OK;
}

enum bus_service bus_service(const struct bus *bus)
{
    (void)bus;
    return fake_bus_service;
}

void bus_request_forget(struct bus_request *request)
{
    size_t at = 0;

    while (at < request_count && requests[at] != request)
        at++;
    if (at == request_count)
        abort(); /* not one of ours, or answered already */
    for (request_count--; at < request_count; at++)
        requests[at] = requests[at + 1];
    value_clear(&request->arguments);
    free(request);
}

/* --- in place of a connection ----------------------------------------------------------------- */

static void end(const char *error, const char *text)
{
    (void)snprintf(fake_end.error, sizeof(fake_end.error), "%s", error);
    (void)snprintf(fake_end.text, sizeof(fake_end.text), "%s", text);
}

static bool record_reply(struct call *call, const struct value *result)
{
    (void)call, (void)result;
    fake_end.replies++;
    end("", "");
    return true;
}

static void record_failure(struct call *call, const char *error, const char *text)
{
    (void)call;
    fake_end.errors++;
    end(error, text);
}

/* --- for the test ----------------------------------------------------------------------------- */

struct call *fake_call(uid_t uid, const char *sender, const char *user)
{
    static const struct call_ops ops = {record_reply, record_failure};
    struct call *call = calloc(1, sizeof(*call));

    if (!call)
        abort();
    *call = (struct call){
        .ops = &ops,
        .sender = strdup(sender),
        .uid = uid,
        .pid = 4711,
        .path = strdup("/org/passkeyd"),
        .interface = strdup("org.passkeyd.Manager1"),
        .member = strdup("Authenticate"),
        .signature = strdup("sa{sv}"),
        .arguments = value_body(),
        .id = "0123456789abcdef",
    };
    value_add_text(&call->arguments, 's', user);
    (void)value_add_array(&call->arguments, "{sv}");
    return call;
}

struct value *fake_options(struct call *call)
{
    return &call->arguments.items[1];
}

struct bus_request *fake_request(size_t index)
{
    return index < request_count ? requests[index] : NULL;
}

void fake_answer(struct bus_request *request, struct value *result, const char *error)
{
    bus_reply_function *reply = request->reply;
    void *data = request->data;

    bus_request_forget(request);
    reply(data, result, error);
    if (result)
        value_clear(result);
}

void fake_bus_reset(void)
{
    fake_end = (struct fake_end){0};
    fake_bus_fails = false;
    fake_bus_service = BUS_SERVICE_STOPPED;
}
