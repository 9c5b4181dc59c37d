/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/metrics.h"

#include "gateway/dialects.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DIALECTS_MAX 8 /* and one for what came to no relying party */
#define STATUSES     600
#define BUCKETS      11

static const int64_t bounds[BUCKETS] = {/* microseconds */
                                        500,   1000,   2500,   5000,    10000,  25000,
                                        50000, 100000, 250000, 1000000, 5000000};

static const char *const ceremonies[][2] = {
    [PARTY_BEGIN_REGISTRATION] = {"registration", "begun"},
    [PARTY_FINISH_REGISTRATION] = {"registration", "finished"},
    [PARTY_BEGIN_AUTHENTICATION] = {"authentication", "begun"},
    [PARTY_FINISH_AUTHENTICATION] = {"authentication", "finished"},
};
#define CEREMONIES (sizeof(ceremonies) / sizeof(ceremonies[0]))

struct metrics {
    uint64_t requests[DIALECTS_MAX + 1][STATUSES];
    uint64_t latency[BUCKETS + 1];
    int64_t latency_sum; /* microseconds */
    uint64_t ceremonies[CEREMONIES];
    uint64_t verdicts[PK_STATUS_COUNT];
    uint64_t closed[2];
};

struct metrics *metrics_new(void)
{
    return calloc(1, sizeof(struct metrics));
}

void metrics_free(struct metrics *metrics)
{
    free(metrics);
}

static size_t number_of(const struct dialect *dialect)
{
    for (size_t i = 0; dialect && i < DIALECTS_MAX && dialect_at(i); i++)
        if (dialect_at(i) == dialect)
            return i;
    return DIALECTS_MAX;
}

void metrics_answered(struct metrics *metrics, const struct dialect *dialect, unsigned http_status,
                      int64_t microseconds)
{
    size_t bucket = 0;

    if (http_status < STATUSES)
        metrics->requests[number_of(dialect)][http_status]++;
    while (bucket < BUCKETS && microseconds > bounds[bucket])
        bucket++;
    metrics->latency[bucket]++;
    metrics->latency_sum += microseconds;
}

void metrics_called(struct metrics *metrics, enum party_call call, enum party_outcome outcome,
                    const char *reason)
{
    if (call >= CEREMONIES)
        return;
    if (outcome == PARTY_DONE)
        metrics->ceremonies[call]++;
    if (call != PARTY_FINISH_REGISTRATION && call != PARTY_FINISH_AUTHENTICATION)
        return;
    if (outcome == PARTY_DONE)
        metrics->verdicts[PK_OK]++;
    else if (outcome == PARTY_UNKNOWN_CHALLENGE)
        metrics->verdicts[PK_CHALLENGE_UNKNOWN]++;
    else if (outcome == PARTY_REFUSED)
        metrics->verdicts[pk_status_from_name(reason ? reason : "")]++;
}

void metrics_closed(struct metrics *metrics, bool slow)
{
    metrics->closed[slow]++;
}

static void write_requests(const struct metrics *metrics, FILE *out)
{
    (void)fputs("# HELP passkey_gateway_requests_total Answers by dialect and status.\n"
                "# TYPE passkey_gateway_requests_total counter\n",
                out);
    for (size_t i = 0; i <= DIALECTS_MAX; i++) {
        const struct dialect *dialect = i < DIALECTS_MAX ? dialect_at(i) : NULL;

        for (unsigned status = 0; status < STATUSES; status++)
            if (metrics->requests[i][status] > 0)
                (void)fprintf(
                    out,
                    "passkey_gateway_requests_total{dialect=\"%s\",status=\"%u\"} %" PRIu64 "\n",
                    dialect ? dialect->name : "none", status, metrics->requests[i][status]);
    }
}

static void write_latency(const struct metrics *metrics, FILE *out)
{
    static const char name[] = "passkey_gateway_request_seconds";
    uint64_t sum = 0;

    (void)fprintf(out,
                  "# HELP %s From a request's first line to its answer.\n"
                  "# TYPE %s histogram\n",
                  name, name);
    for (size_t i = 0; i < BUCKETS; i++) {
        sum += metrics->latency[i];
        (void)fprintf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, (double)bounds[i] / 1e6,
                      sum);
    }
    sum += metrics->latency[BUCKETS];
    (void)fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %.6f\n%s_count %" PRIu64 "\n",
                  name, sum, name, (double)metrics->latency_sum / 1e6, name, sum);
}

static void write_ceremonies(const struct metrics *metrics, FILE *out)
{
    (void)fputs("# HELP passkey_gateway_ceremonies_total Ceremonies begun, and finished with "
                "success.\n"
                "# TYPE passkey_gateway_ceremonies_total counter\n",
                out);
    for (size_t i = 0; i < CEREMONIES; i++)
        if (ceremonies[i][0])
            (void)fprintf(out,
                          "passkey_gateway_ceremonies_total{kind=\"%s\",step=\"%s\"} %" PRIu64 "\n",
                          ceremonies[i][0], ceremonies[i][1], metrics->ceremonies[i]);
    (void)fputs("# HELP passkey_gateway_verdicts_total Answers of authenticators by verdict.\n"
                "# TYPE passkey_gateway_verdicts_total counter\n",
                out);
    for (size_t i = 0; i < PK_STATUS_COUNT; i++)
        if (i == PK_OK || metrics->verdicts[i] > 0)
            (void)fprintf(out, "passkey_gateway_verdicts_total{reason=\"%s\"} %" PRIu64 "\n",
                          pk_status_name((enum pk_status)i), metrics->verdicts[i]);
}

static void write_gauges(const struct metrics *metrics, const struct gauges *gauges, FILE *out)
{
    (void)fprintf(out,
                  "# HELP passkey_gateway_closed_total Connections that were closed to make room, "
                  "or for being slow.\n"
                  "# TYPE passkey_gateway_closed_total counter\n"
                  "passkey_gateway_closed_total{why=\"room\"} %" PRIu64 "\n"
                  "passkey_gateway_closed_total{why=\"slow\"} %" PRIu64 "\n",
                  metrics->closed[false], metrics->closed[true]);
    (void)fprintf(out,
                  "# TYPE passkey_gateway_connections gauge\npasskey_gateway_connections %zu\n"
                  "# TYPE passkey_gateway_calls gauge\npasskey_gateway_calls %zu\n"
                  "# TYPE passkey_gateway_relying_parties gauge\n"
                  "passkey_gateway_relying_parties %zu\n"
                  "# TYPE passkey_gateway_daemon_up gauge\npasskey_gateway_daemon_up %d\n",
                  gauges->connections, gauges->calls, gauges->parties, gauges->daemon);
}

char *metrics_text(const struct metrics *metrics, const struct gauges *gauges)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    write_requests(metrics, out);
    write_latency(metrics, out);
    write_ceremonies(metrics, out);
    write_gauges(metrics, gauges, out);
    store_watch_write(gauges->store, out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
