/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/gateway.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/quote.h"
#include "common/base/text.h"
#include "gateway/authority.h"
#include "gateway/bus_client.h"
#include "gateway/cors.h"
#include "gateway/judged.h"
#include "gateway/metrics.h"
#include "gateway/problem.h"
#include "gateway/rate.h"
#include "gateway/router.h"
#include "gateway/server.h"

#include <event2/event.h>
#include <string.h>

#define FETCH_SECONDS 10 /* for the list of relying parties to come */
#define AGAIN_SECONDS 2  /* until it is fetched once more, where that failed */
#define HEALTH        "healthz"
#define SITE_SHARE    8 /* of what one address may have, for all of a customer's of IPv6 */

/* --- refusals --------------------------------------------------------------------------------- */

void gateway_refuse(struct exchange *exchange, unsigned http_status)
{
    if (http_status == 401)
        exchange_add_header(exchange, "WWW-Authenticate", "Bearer");
    if (exchange->party)
        exchange->party->dialect->refuse(exchange, http_status);
    if (!exchange->answered)
        problem_answer(exchange, http_status, NULL, NULL);
}

static bool refuse(struct exchange *exchange, unsigned http_status)
{
    gateway_refuse(exchange, http_status);
    return false;
}

/* --- who asks whom ---------------------------------------------------------------------------- */

static bool take_from(struct exchange *exchange, const struct address *who, unsigned rate)
{
    return rate_take(exchange->gateway->addresses,
                     (struct pk_view){(const uint8_t *)who, sizeof(*who)}, rate);
}

static bool address_is_within_rate(struct exchange *exchange)
{
    const unsigned rate = exchange->gateway->config->limits.address_rate;
    struct address counted = address_counted(&exchange->client);
    struct address site;

    if (!take_from(exchange, &counted, rate))
        return false;
    return !address_site(&exchange->client, &site) || take_from(exchange, &site, rate * SITE_SHARE);
}

/* A tenant's id is in every page of its: a stranger would use up what all of its users have. */
static bool key_is_within_rate(const struct exchange *exchange)
{
    const char *key = exchange_header(exchange, "authorization");

    if (!key)
        key = exchange_header(exchange, "apikey");
    if (!key)
        key = exchange_header(exchange, "x-api-key");
    return !key || authority_names_tenant(exchange) ||
           rate_take(exchange->gateway->keys, pk_view_string(key),
                     exchange->gateway->config->limits.key_rate);
}

/* The host of "HOST", "HOST:PORT" and "SCHEME://HOST:PORT". */
static struct pk_view host_of(const char *text)
{
    const char *scheme = strstr(text, "://");
    size_t len;

    if (scheme)
        text = scheme + 3;
    len = text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":");
    return (struct pk_view){(const uint8_t *)text, strnlen(text, len)};
}

static bool same_host(struct pk_view a, struct pk_view b)
{
    return a.len > 0 && a.len == b.len &&
           strncasecmp((const char *)a.ptr, (const char *)b.ptr, a.len) == 0;
}

static bool is_of_parties(const struct parties *parties, struct pk_view host)
{
    for (size_t i = 0; parties && i < parties->count; i++) {
        const struct party *party = &parties->items[i];

        if (same_host(host, pk_view_string(party->id)))
            return true;
        for (size_t j = 0; j < party->origins.count; j++)
            if (same_host(host, host_of(party->origins.items[j])))
                return true;
    }
    return false;
}

/*
 * A page that made its own name point here (DNS rebinding) is of one origin with what answers at
 * that name. So the names are those of the relying parties, of this computer, and configured ones.
 */
static bool host_is_ours(const struct exchange *exchange, const char *text)
{
    static const char *const local[] = {"localhost", "127.0.0.1", "[::1]"};
    const struct gateway *gateway = exchange->gateway;
    struct pk_view host = host_of(text);
    const char *port = text + host.len;

    if (host.len == 0 ||
        (*port && (*port != ':' || strspn(port + 1, "0123456789") != strlen(port + 1))))
        return false;
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
        if (same_host(host, pk_view_string(local[i])))
            return true;
    for (size_t i = 0; i < gateway->config->server_names.count; i++)
        if (same_host(host, pk_view_string(gateway->config->server_names.items[i])))
            return true;
    return is_of_parties(gateway->parties, host);
}

/* The client and the host, as the proxies say that are believed. 0, or the status of a refusal. */
static unsigned read_peer(struct exchange *exchange)
{
    const struct networks *trusted = &exchange->gateway->config->trusted_proxies;
    const char *host = exchange_header(exchange, "host");

    if (networks_include(trusted, &exchange->client)) {
        const char *forwarded = exchange_header(exchange, "x-forwarded-host");

        exchange->client = address_forwarded(&exchange->client,
                                             exchange_header(exchange, "x-forwarded-for"), trusted);
        host = forwarded ? forwarded : host;
    }
    address_text(&exchange->client, exchange->client_text);
    if (!host)
        return 400;
    return host_is_ours(exchange, host) ? 0 : 421;
}

/* --- what is served without a relying party --------------------------------------------------- */

static bool is_path(const struct exchange *exchange, const char *name)
{
    return exchange->target.segment_count == 1 && strcmp(exchange->target.segments[0], name) == 0;
}

static bool is_read(const struct exchange *exchange)
{
    return strcmp(exchange->method, "GET") == 0 || strcmp(exchange->method, "HEAD") == 0;
}

static void answer_health(struct exchange *exchange)
{
    const struct gateway *gateway = exchange->gateway;
    bool good = gateway->parties && bus_client_is_up(gateway->bus) && !gateway->stopping;

    exchange_answer_text(exchange, good ? 200 : 503, "text/plain; charset=utf-8",
                         good ? "ok\n" : "passkeyd cannot be reached\n");
}

static void answer_metrics(struct exchange *exchange)
{
    struct gateway *gateway = exchange->gateway;
    /* Not the question that these metrics themselves have asked. */
    const struct gauges gauges = {
        server_connections(gateway->server), bus_client_calls(gateway->bus) - gateway->store.asked,
        gateway->parties ? gateway->parties->count : 0,
        gateway->parties && bus_client_is_up(gateway->bus), &gateway->store};
    PK_AUTO_FREE char *text = metrics_text(gateway->metrics, &gauges);

    store_watch_ask(&gateway->store, gateway->bus);
    exchange_answer_text(exchange, text ? 200 : 500, "text/plain; version=0.0.4; charset=utf-8",
                         text ? text : "out of memory\n");
}

/* false: it has been answered, or it is for a relying party. */
static bool is_own(struct exchange *exchange)
{
    bool health = is_path(exchange, HEALTH);
    bool metrics = exchange->admin && is_path(exchange, "metrics");

    if (!health && !metrics)
        return false;
    if (!is_read(exchange)) {
        exchange_add_header(exchange, "Allow", "GET, HEAD");
        gateway_refuse(exchange, 405);
    } else if (health) {
        answer_health(exchange);
    } else {
        answer_metrics(exchange);
    }
    return true;
}

/* --- routing ---------------------------------------------------------------------------------- */

/* Whether it has been refused because it is of a tenant that there is not. */
static bool refuse_tenant(struct exchange *exchange)
{
    const struct party *party = router_find_tenantless(exchange->parties, &exchange->target);

    if (!party)
        return false;
    exchange->party = party;
    party->dialect->refuse_tenant(exchange, exchange->target.segments[0]);
    return true;
}

static bool route(struct exchange *exchange)
{
    struct router_match match;
    enum router_outcome outcome;

    if (exchange->admin)
        return refuse(exchange, 404);
    if (!exchange->gateway->parties)
        return refuse(exchange, 503);
    exchange->parties = parties_ref(exchange->gateway->parties);
    outcome = router_find(exchange->parties, exchange->method, &exchange->target, &match);
    if (outcome == ROUTER_NO_PATH && refuse_tenant(exchange))
        return false;
    exchange->party = match.party;
    if (match.party) {
        if (strcmp(exchange->method, "OPTIONS") == 0 && outcome == ROUTER_NO_METHOD)
            return cors_preflight(exchange, match.methods), false;
        if (!cors_admit(exchange))
            return refuse(exchange, 403);
    }
    if (outcome == ROUTER_NO_PATH)
        return refuse(exchange, 404);
    if (outcome == ROUTER_NO_METHOD) {
        exchange_add_header(exchange, "Allow", match.methods);
        return refuse(exchange, 405);
    }
    exchange->route = match.route;
    (void)memcpy(exchange->captures, match.captures, sizeof(exchange->captures));
    return true;
}

/* In whose words it is refused, before it is routed. */
static void find_party(struct exchange *exchange)
{
    struct router_match match;

    if (exchange->admin || !exchange->gateway->parties)
        return;
    exchange->parties = parties_ref(exchange->gateway->parties);
    (void)router_find(exchange->parties, exchange->method, &exchange->target, &match);
    exchange->party = match.party;
    exchange->route = match.route; /* for the log, which has nothing of what is in the path */
}

static unsigned status_of_target(enum pk_status status)
{
    return status == PK_TOO_LARGE ? 414 : status == PK_INVALID_INPUT ? 400 : 500;
}

bool gateway_admit(struct exchange *exchange)
{
    enum pk_status status = target_read(exchange->raw_target, &exchange->target);
    unsigned refused = read_peer(exchange);

    if (!exchange->admin && !address_is_within_rate(exchange)) {
        if (status == PK_OK)
            find_party(exchange);
        return refuse(exchange, 429);
    }
    if (refused)
        return refuse(exchange, refused);
    if (status != PK_OK)
        return refuse(exchange, status_of_target(status));
    if (is_own(exchange))
        return false;
    if (!route(exchange))
        return false;
    if (!key_is_within_rate(exchange))
        return refuse(exchange, 429);
    if (!authority_suffices(exchange, exchange->route->access))
        return refuse(exchange, 401);
    return true;
}

void gateway_serve(struct exchange *exchange)
{
    const size_t headers = exchange->line_count;

    if (exchange->body.len > 0 && !exchange_says_json(exchange))
        gateway_refuse(exchange, 415);
    else
        exchange->route->handler(exchange);
    judged_refusal(exchange, headers);
}

/* --- the log ---------------------------------------------------------------------------------- */

/*
 * The row's own words, so that nothing of what was in the path gets there: where no row fits, it
 * may be a link that is mistyped, and still good.
 */
static char *path_of(const struct exchange *exchange)
{
    if (exchange->party)
        return pk_text_format("%s%s", exchange->party->prefix,
                              exchange->route ? exchange->route->pattern : "/...");
    return strdup(is_path(exchange, HEALTH) ? "/" HEALTH : "-");
}

void gateway_log(const struct exchange *exchange)
{
    int64_t took = pk_clock_monotonic_us() - exchange->began;
    PK_AUTO_FREE char *path = NULL;

    metrics_answered(exchange->gateway->metrics, exchange->party ? exchange->party->dialect : NULL,
                     exchange->status, took);
    if (!exchange->gateway->config->access_log || exchange->admin)
        return;
    path = path_of(exchange);
    pk_log(LOG_INFO, "%s %s %s %u %zu %lld.%03lldms %s %s", exchange->client_text,
           exchange->method[0] ? exchange->method : "-", path ? path : "-", exchange->status,
           exchange->text ? strlen(exchange->text) : 0, (long long)(took / 1000),
           (long long)(took % 1000), exchange->party ? exchange->party->name : "-", exchange->id);
}

/* --- the relying parties ---------------------------------------------------------------------- */

static void fetch_again(struct gateway *gateway)
{
    static const struct timeval later = {AGAIN_SECONDS, 0};

    (void)evtimer_add(gateway->again, &later);
}

static void on_parties(void *data, const struct bus_reply *reply)
{
    struct gateway *gateway = data;
    struct parties *parties = NULL;
    PK_AUTO_FREE char *left_out = NULL;
    const char *text = reply->strings[0] ? reply->strings[0] : "";
    enum pk_status status = reply->error ? PK_UNAVAILABLE : parties_read(text, &parties, &left_out);

    gateway->fetching = false;
    if (status) {
        /* What was known before is not served on: it may be served no longer. */
        parties_unref(pk_steal(gateway->parties));
        pk_log(LOG_ERR, "the relying parties are not known: %s",
               reply->error ? reply->text : pk_status_clause(status));
        if (bus_client_is_up(gateway->bus))
            fetch_again(gateway);
        return;
    }
    bus_client_working(gateway->bus);
    parties_unref(gateway->parties);
    gateway->parties = parties;
    for (size_t i = 0; i < parties->count; i++)
        pk_log(LOG_INFO, "serves %s (%s) at %s/", parties->items[i].name,
               parties->items[i].dialect->name, parties->items[i].prefix);
    if (parties->count == 0)
        pk_log(LOG_WARNING, "no relying party has http set in passkeyd.conf: nothing is served");
    if (left_out)
        pk_log(LOG_ERR, "not served, for its kind, its prefix or another's of the same: %s",
               left_out);
}

void gateway_fetch(struct gateway *gateway)
{
    const struct bus_call call = {.member = "RelyingParties",
                                  .seconds = FETCH_SECONDS,
                                  .replied = on_parties,
                                  .data = gateway};

    if (gateway->fetching)
        return;
    if (bus_client_call(gateway->bus, &call) == PK_OK)
        gateway->fetching = true;
    else
        fetch_again(gateway);
}
