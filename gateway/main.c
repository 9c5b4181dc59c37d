/* SPDX-License-Identifier: BSD-2-Clause */
/* passkey-gateway: arguments, start and end of the program's parts, and signals. */
#include "common/base/clock.h"
#include "common/base/config_file.h"
#include "common/base/log.h"
#include "common/base/main_loop.h"
#include "common/base/text.h"
#include "common/keys/messages.h"
#include "gateway/bus_client.h"
#include "gateway/gateway.h"
#include "gateway/http_client.h"
#include "gateway/metrics.h"
#include "gateway/rate.h"
#include "gateway/server.h"

#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#define DEFAULT_CONFIG PK_SYSCONFDIR "/gateway.conf"
#define GRACE_SECONDS  2  /* for clients to take the last answers */
#define LOG_SECONDS    2  /* for the log to take what waits */
#define OTHER_FILES    64 /* descriptors that are no clients' */

static const char usage[] = "Usage: passkey-gateway [--config FILE]\n"
                            "       passkey-gateway --check-config [--config FILE]\n"
                            "       passkey-gateway --help | --version\n";

struct program {
    struct gateway gateway;
    struct listeners *listeners;
    struct pk_signals *signals;
    const char *config_path;
    struct event *limit; /* of a graceful stop */
    bool failed_calls;   /* the calls that were under way at its end */
    bool done;
};

struct arguments {
    const char *config;
    bool check_config;
};

/* Returns -1 to continue, or the exit code. */
static int parse_arguments(int argc, char **argv, struct arguments *ret)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check-config", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {0},
    };
    int option;

    *ret = (struct arguments){.config = DEFAULT_CONFIG};
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            ret->config = optarg;
            break;
        case 'k':
            ret->check_config = true;
            break;
        case 'h':
            (void)fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'v':
            (void)puts(PACKAGE_STRING);
            return EXIT_SUCCESS;
        default:
            (void)fputs(usage, stderr);
            return 2;
        }
    }
    if (optind != argc) {
        (void)fputs(usage, stderr);
        return 2;
    }
    return -1;
}

static enum pk_status read_config(const char *path, struct gateway_config **ret,
                                  struct pk_strings *problems)
{
    PK_AUTO_FREE char *why = NULL;
    enum pk_status status = config_file_expected(path, DEFAULT_CONFIG, &why);

    if (!status)
        return gateway_config_read(path, ret, problems);
    return why && pk_strings_add(problems, why) == PK_OK ? status : PK_NO_MEMORY;
}

static int check_config(const char *path)
{
    struct pk_strings problems = {0};
    struct gateway_config *config = NULL;
    enum pk_status status = read_config(path, &config, &problems);
    bool good = !status && problems.count == 0;

    for (size_t i = 0; i < problems.count; i++)
        (void)fprintf(stderr, "%s\n", problems.items[i]);
    if (status && problems.count == 0)
        (void)fprintf(stderr, "%s\n", pk_message_outcome(status));
    pk_strings_clear(&problems);
    gateway_config_free(config);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* NULL: the problems are in the log. */
static struct gateway_config *load_config(const char *path)
{
    struct pk_strings problems = {0};
    struct gateway_config *config = NULL;
    enum pk_status status = read_config(path, &config, &problems);

    for (size_t i = 0; i < problems.count; i++)
        pk_log(LOG_ERR, "%s", problems.items[i]);
    if (status && problems.count == 0)
        pk_log(LOG_ERR, "%s", pk_message_outcome(status));
    if (problems.count > 0) {
        gateway_config_free(config);
        config = NULL;
    }
    pk_strings_clear(&problems);
    return config;
}

/* --- events ----------------------------------------------------------------------------------- */

static void on_up(void *data)
{
    struct program *program = data;

    gateway_fetch(&program->gateway);
}

static void on_again(evutil_socket_t fd, short what, void *data)
{
    struct program *program = data;

    (void)fd, (void)what;
    if (bus_client_is_up(program->gateway.bus))
        gateway_fetch(&program->gateway);
}

static void on_hangup(void *data, int number)
{
    struct program *program = data;
    struct gateway *gateway = &program->gateway;
    struct gateway_config *config = load_config(program->config_path);
    PK_AUTO_FREE char *why = NULL;

    (void)number;
    if (!config) {
        pk_log(LOG_ERR, "the configuration was not read anew: what it was before remains");
    } else {
        gateway_config_free(gateway->config);
        gateway->config = config;
        pk_log_set_debug(config->debug);
        if (server_load_tls(gateway->server, &why))
            pk_log(LOG_ERR, "the certificate remains what it was: %s", why ? why : "out of memory");
        pk_log(LOG_INFO, "the configuration was read anew");
    }
    gateway_fetch(gateway);
}

static void on_served(void *data)
{
    struct program *program = data;

    program->done = true;
    (void)event_base_loopbreak(program->gateway.base);
}

/* First the daemon's time is over, then the clients'. */
static void on_limit(evutil_socket_t fd, short what, void *data)
{
    static const struct timeval grace = {GRACE_SECONDS, 0};
    struct program *program = data;

    (void)fd, (void)what;
    if (program->failed_calls) {
        (void)event_base_loopbreak(program->gateway.base);
        return;
    }
    program->failed_calls = true;
    pk_log(LOG_WARNING, "requests that take too long are not waited for");
    http_client_fail_all(program->gateway.http);
    bus_client_fail_all(program->gateway.bus);
    (void)evtimer_add(program->limit, &grace);
}

static void on_terminate(void *data, int number)
{
    struct program *program = data;
    struct gateway *gateway = &program->gateway;
    const struct timeval limit = {gateway->config->limits.stop_seconds, 0};

    if (gateway->stopping) {
        (void)event_base_loopbreak(gateway->base);
        return;
    }
    pk_log(LOG_INFO, "signal %d: ending", number);
    gateway->stopping = true;
    listeners_close(pk_steal(program->listeners));
    (void)evtimer_add(program->limit, &limit);
    server_stop(gateway->server, on_served, program);
}

/* --- start and end ---------------------------------------------------------------------------- */

/* As many descriptors as there may be connections, if the system allows it. */
static void raise_file_limit(const struct gateway_limits *limits)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)limits->connections + OTHER_FILES;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    if (limit.rlim_max < wanted)
        pk_log(LOG_WARNING, "only %lu files may be open, which is less than connections = %u needs",
               (unsigned long)limit.rlim_max, limits->connections);
    if (limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static enum pk_status open_all(struct program *program, char **ret_why)
{
    static const struct pk_signal_row signals[] = {
        {SIGTERM, on_terminate}, {SIGINT, on_terminate}, {SIGHUP, on_hangup}, {0}};
    struct gateway *gateway = &program->gateway;
    struct listener_setup setup = {.accepted = server_accept};
    enum pk_status status;

    gateway->base = pk_main_loop_new(false);
    gateway->addresses = rate_new(pk_clock_monotonic_us);
    gateway->keys = rate_new(pk_clock_monotonic_us);
    gateway->metrics = metrics_new();
    if (!gateway->base || !gateway->addresses || !gateway->keys || !gateway->metrics)
        return PK_NO_MEMORY;
    program->signals = pk_signals_new(gateway->base, signals, program);
    program->limit = evtimer_new(gateway->base, on_limit, program);
    gateway->again = evtimer_new(gateway->base, on_again, program);
    gateway->bus = bus_client_new(gateway->base, on_up, program);
    gateway->http = http_client_new(gateway->base);
    gateway->server = server_new(gateway);
    if (!program->signals || !program->limit || !gateway->again || !gateway->bus ||
        !gateway->http || !gateway->server)
        return PK_NO_MEMORY;
    status = server_load_tls(gateway->server, ret_why);
    if (status)
        return status;
    setup.base = gateway->base;
    setup.data = gateway->server;
    return listeners_open(&setup, gateway->config, &program->listeners, ret_why);
}

static void close_all(struct program *program)
{
    struct gateway *gateway = &program->gateway;

    listeners_close(program->listeners);
    if (gateway->bus)
        bus_client_free(gateway->bus);
    if (gateway->http)
        http_client_free(gateway->http);
    if (gateway->server)
        server_free(gateway->server);
    if (gateway->again)
        event_free(gateway->again);
    if (program->limit)
        event_free(program->limit);
    pk_signals_free(program->signals);
    parties_unref(gateway->parties);
    metrics_free(gateway->metrics);
    rate_free(gateway->addresses);
    rate_free(gateway->keys);
    gateway_config_free(gateway->config);
    if (gateway->base)
        event_base_free(gateway->base);
}

/* false: a request is still under way, and what it uses cannot be released. */
static bool serve(struct program *program)
{
    pk_log(LOG_INFO, "%s is ready", PACKAGE_STRING);
    (void)event_base_dispatch(program->gateway.base);
    return program->done;
}

int main(int argc, char **argv)
{
    struct program program = {0};
    struct arguments arguments;
    PK_AUTO_FREE char *why = NULL;
    enum pk_status status;
    int code = parse_arguments(argc, argv, &arguments);

    if (code >= 0)
        return code;
    if (arguments.check_config)
        return check_config(arguments.config);
    (void)signal(SIGPIPE, SIG_IGN);
    pk_log_open("passkey-gateway", true, false);
    program.config_path = arguments.config;
    program.gateway.config = load_config(arguments.config);
    if (!program.gateway.config)
        return EXIT_FAILURE;
    pk_log_set_debug(program.gateway.config->debug);
    pk_log_start_thread();
    raise_file_limit(&program.gateway.config->limits);
    status = open_all(&program, &why);
    if (status) {
        pk_log(LOG_ERR, "cannot start: %s", why ? why : pk_message_outcome(status));
        close_all(&program);
        (void)pk_log_end_thread(LOG_SECONDS);
        return EXIT_FAILURE;
    }
    if (serve(&program))
        close_all(&program);
    else
        pk_log(LOG_WARNING, "ended with requests under way");
    (void)pk_log_end_thread(LOG_SECONDS);
    return EXIT_SUCCESS;
}
