/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/store_watch.h"

#include "gateway/bus_client.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define SECONDS 5 /* that the daemon has: longer than its store may take */

static int64_t number_of(const json_t *object, const char *name)
{
    const json_t *number = json_object_get(object, name);

    return json_is_integer(number) ? (int64_t)json_integer_value(number) : -1;
}

void store_watch_take(struct store_watch *watch, const char *text)
{
    json_t *object = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const char *kind = json_string_value(json_object_get(object, "kind"));

    if (!kind || strspn(kind, "abcdefghijklmnopqrstuvwxyz") != strlen(kind))
        kind = "";
    watch->known = json_is_object(object);
    watch->answers = json_is_true(json_object_get(object, "answers"));
    (void)snprintf(watch->kind, sizeof(watch->kind), "%s", kind);
    watch->lag = number_of(object, "lagMilliseconds");
    watch->age = number_of(object, "cacheAge");
    watch->refuses = number_of(object, "cacheLeft");
    json_decref(object);
}

static void on_state(void *data, const struct bus_reply *reply)
{
    struct store_watch *watch = data;

    watch->asked = false;
    store_watch_take(watch, reply->error ? NULL : reply->strings[0]);
}

void store_watch_ask(struct store_watch *watch, struct bus_client *bus)
{
    const struct bus_call call = {
        .member = "StoreState", .seconds = SECONDS, .replied = on_state, .data = watch};

    if (watch->asked)
        return;
    watch->asked = bus_client_call(bus, &call) == PK_OK;
    if (!watch->asked)
        watch->known = false;
}

static void write_seconds(FILE *out, const char *name, const char *help, double seconds)
{
    (void)fprintf(out,
                  "# HELP passkey_gateway_store_%s %s\n"
                  "# TYPE passkey_gateway_store_%s gauge\n"
                  "passkey_gateway_store_%s %.3f\n",
                  name, help, name, name, seconds);
}

void store_watch_write(const struct store_watch *watch, FILE *out)
{
    if (!watch->known)
        return;
    (void)fprintf(out,
                  "# HELP passkey_gateway_store_up Whether the daemon's store answered when the "
                  "metrics before these were read.\n"
                  "# TYPE passkey_gateway_store_up gauge\n"
                  "passkey_gateway_store_up{kind=\"%s\"} %d\n",
                  watch->kind, watch->answers);
    if (watch->lag >= 0)
        write_seconds(out, "lag_seconds", "How far its other servers are behind.",
                      (double)watch->lag / 1000);
    if (watch->age >= 0)
        write_seconds(out, "cache_age_seconds", "Since its cache was as the server.",
                      (double)watch->age);
    if (watch->refuses >= 0)
        write_seconds(out, "cache_left_seconds", "Until its cache serves no more.",
                      (double)watch->refuses);
}
