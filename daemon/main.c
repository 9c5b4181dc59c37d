/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyd: arguments, privileges, start and end of the daemon's parts, and signals. */
#include "common/base/clock.h"
#include "common/base/config_file.h"
#include "common/base/log.h"
#include "common/base/main_loop.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/keys.h"
#include "common/keys/messages.h"
#include "daemon/accounts/account_watch.h"
#include "daemon/accounts/decoy_keeper.h"
#include "daemon/api/gateway_own.h"
#include "daemon/api/status.h"
#include "daemon/api/ticket_links.h"
#include "daemon/api/tickets.h"
#include "daemon/arrivals.h"
#include "daemon/auth/decision_keeper.h"
#include "daemon/auth/links.h"
#include "daemon/auth/page_sessions.h"
#include "daemon/bus/descriptors.h"
#include "daemon/bus/gateway_user.h"
#include "daemon/bus/logind.h"
#include "daemon/bus/peers.h"
#include "daemon/bus/polkit.h"
#include "daemon/bus/request.h"
#include "daemon/bus/socket.h"
#include "daemon/config/config_check.h"
#include "daemon/configure.h"
#include "daemon/daemon.h"
#include "daemon/dialogue/conversation.h"
#include "daemon/jobs/jobs.h"
#include "daemon/open_store.h"
#include "daemon/privileges.h"
#include "daemon/tokens/password_checks.h"
#include "daemon/tokens/private_keys.h"
#include "daemon/verify/ceremony.h"
#include "store/store.h"

#include <event2/event.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CONFIG     PK_SYSCONFDIR "/passkeyd.conf"
#define PRIORITIES         3  /* of events; those in the middle are the default */
#define BUDGET_LOG_SECONDS 60 /* after which what was refused is summed up in the log */

/* For what workers have begun when the daemon is to end: a change that is being written, above all.
 */
#define STOP_SECONDS 5
#define LOG_SECONDS  2 /* for the log to take what waits */

struct arguments {
    const char *config;
    const char *state_directory;
    const char *socket; /* NULL: not given */
    bool foreground;
    bool check_config;
};

static const char usage[] =
    "Usage: passkeyd [--config FILE] [--state-directory DIR] [--socket PATH]\n"
    "                [--foreground]\n"
    "       passkeyd --check-config [--config FILE]\n"
    "       passkeyd --help | --version\n";

/* Returns -1 to continue, or the exit code. */
static int parse_arguments(int argc, char **argv, struct arguments *ret)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"state-directory", required_argument, NULL, 's'},
        {"socket", required_argument, NULL, 'o'}, {"foreground", no_argument, NULL, 'f'},
        {"check-config", no_argument, NULL, 'k'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},      {0},
    };
    int option;

    *ret = (struct arguments){.config = DEFAULT_CONFIG, .state_directory = PK_STATEDIR};
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            ret->config = optarg;
            break;
        case 's':
            ret->state_directory = optarg;
            break;
        case 'o':
            ret->socket = optarg;
            break;
        case 'f':
            ret->foreground = true;
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
    if (ret->state_directory[0] != '/' || (ret->socket && ret->socket[0] != '/')) {
        (void)fputs("passkeyd: --state-directory and --socket take absolute paths\n", stderr);
        return 2;
    }
    return -1;
}

static void print_each(const char *kind, const struct pk_strings *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        (void)fprintf(stderr, "%s%s\n", kind, lines->items[i]);
}

/* Everything that is wrong, each on a line of its own. */
static int check_config(const char *path)
{
    PK_AUTO_FREE char *why = NULL;
    struct pk_strings problems = {0};
    struct config_findings findings = {0};
    struct config *config = NULL;
    enum pk_status status = PK_OK;
    bool good;

    if (config_file_expected(path, DEFAULT_CONFIG, &why)) {
        (void)fprintf(stderr, "%s\n", why ? why : pk_message_outcome(PK_NO_MEMORY));
        return EXIT_FAILURE;
    }
    status = config_read(path, &config, &problems);
    if (!status)
        status = config_check(config, "", &findings);
    print_each("", &problems);
    print_each("", &findings.faults);
    print_each("warning: ", &findings.warnings);
    if (config)
        print_each("warning: ", &config->warnings);
    if (status)
        (void)fprintf(stderr, "%s\n", pk_message_outcome(status));
    good = !status && problems.count == 0 && findings.faults.count == 0;
    pk_strings_clear(&problems);
    config_findings_clear(&findings);
    config_free(config);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- events ----------------------------------------------------------------------------------- */

static void on_identified_call(void *data, struct call *call)
{
    arrivals_receive(data, call);
}

static void on_look(void *data, uint64_t look)
{
    arrivals_reached(data, look);
}

static bool is_gone(const void *data, const struct account *account)
{
    return presence_is_gone(data, account);
}

static void on_accounts(void *data, const struct presence *presence)
{
    struct daemon *daemon = data;

    ceremonies_drop_gone(daemon->ceremonies, is_gone, presence);
    ticket_links_drop_gone(is_gone, presence);
    page_sessions_drop_gone(daemon->page_sessions, is_gone, presence);
    gateway_user_forget(daemon);
}

static enum bus_admission on_bus_admit(void *data, const char *name, enum budget_rate rate)
{
    struct daemon *daemon = data;

    return peers_admit(daemon->peers, name, rate);
}

static void on_bus_call(void *data, struct call *call)
{
    struct daemon *daemon = data;

    peers_receive(daemon->peers, call);
}

static void on_vanished(void *data, const char *name)
{
    struct daemon *daemon = data;

    polkit_vanished(name);
    logind_vanished(name);
    tickets_vanished(name);
    ticket_links_vanished(name);
    arrivals_vanished(name);
    requests_vanished(name);
    conversations_vanished(daemon->conversations, name);
    links_vanished(daemon->links, name);
}

static void on_bus_vanished(void *data, const char *name)
{
    struct daemon *daemon = data;

    if (peers_vanished(daemon->peers, name))
        on_vanished(daemon, name);
}

static void on_lost(void *data)
{
    struct daemon *daemon = data;

    pk_log(LOG_ERR, "the system bus is gone");
    daemon->exit_code = EXIT_FAILURE;
    (void)event_base_loopbreak(daemon->base);
}

static void on_terminate(void *data, int number)
{
    struct daemon *daemon = data;

    pk_log(LOG_INFO, "signal %d: ending", number);
    (void)event_base_loopbreak(daemon->base);
}

static void on_hangup(void *data, int number)
{
    (void)number;
    daemon_reload(data);
}

static void on_child(void *data, int number)
{
    struct daemon *daemon = data;

    (void)number;
    pk_keys_reap(daemon->keys);
}

/* --- start and end ---------------------------------------------------------------------------- */

static const struct bus_ops bus_ops = {on_bus_admit, on_bus_call, on_bus_vanished, on_lost};
static const struct socket_ops socket_ops = {on_identified_call, on_vanished};

static enum pk_status watch_accounts(struct daemon *daemon)
{
    return account_watch_new(&(struct account_watch_setup){.base = daemon->base,
                                                           .jobs = daemon->jobs,
                                                           .store = daemon->store,
                                                           .password_file = PASSWORD_FILE,
                                                           .removed_list = PK_REMOVED_ACCOUNTS,
                                                           .looked = on_accounts,
                                                           .reached = on_look,
                                                           .data = daemon},
                             &daemon->account_watch);
}

static bool is_shown(void *data, const char *rp)
{
    const struct daemon *daemon = data;

    return own_rp(daemon->config, rp) != NULL;
}

static enum pk_status keep_decisions(struct daemon *daemon, char **ret_why)
{
    enum pk_status status = decision_keeper_new(
        &(struct decision_keeper_setup){.base = daemon->base,
                                        .jobs = daemon->jobs,
                                        .store = daemon->store,
                                        .shared = is_shared_store(daemon->config),
                                        .is_shown = is_shown,
                                        .data = daemon},
        &daemon->decision_keeper);

    if (status == PK_STORAGE)
        *ret_why = strdup(store_error());
    decision_keep_by(daemon->decision_keeper);
    return status;
}

static enum pk_status open_all(struct daemon *daemon, const char *state_directory, char **ret_why)
{
    enum pk_status status;

    status = config_file_expected(daemon->config_path, DEFAULT_CONFIG, ret_why);
    if (status)
        return status;
    status = daemon_configure(daemon, state_directory, ret_why);
    if (status)
        return status;
    /* Precisely, because conversation_hold() would otherwise show how long the work before took. */
    daemon->base = pk_main_loop_new(true);
    /* What users call comes after everything else that has happened (connection.c). */
    if (!daemon->base)
        return PK_NO_MEMORY;
    (void)event_base_priority_init(daemon->base, PRIORITIES);
    daemon->keys_setup->base = daemon->base;
    daemon->keys = pk_keys_new(daemon->keys_setup);
    if (!daemon->keys)
        return PK_NO_MEMORY;
    /* Somebody calls, or it would not be started: to start helpers takes longer than the rest. */
    pk_keys_prepare(daemon->keys);
    daemon->budget = budget_new(pk_clock_monotonic_ms);
    if (!daemon->budget)
        return PK_NO_MEMORY;
    daemon->peers = peers_new(daemon->budget, on_identified_call, daemon);
    daemon->conversations = conversations_new(daemon);
    daemon->ceremonies = ceremonies_new();
    daemon->password_checks = password_checks_new();
    daemon->links = links_new(daemon->base);
    daemon->page_sessions = page_sessions_new();
    daemon->gateway_user = gateway_user_new();
    if (!daemon->gateway_user || !daemon->base || !daemon->peers || !daemon->conversations ||
        !daemon->ceremonies || !daemon->password_checks || !daemon->links || !daemon->page_sessions)
        return PK_NO_MEMORY;
    daemon->jobs = jobs_new(daemon->base);
    if (!daemon->jobs)
        return PK_NO_MEMORY;
    if (is_shared_store(daemon->config))
        jobs_begin_with(daemon->jobs, limit_store_calls);
    status = decoy_keeper_new(daemon->store, daemon->jobs, daemon->base, &daemon->decoy_keeper);
    if (status)
        return status;
    daemon->decoy_key = decoy_keeper_key(daemon->decoy_keeper);
    status = keep_decisions(daemon, ret_why);
    if (status)
        return status;
    /* Which accounts of many hosts are gone, none of them knows. */
    status = is_shared_store(daemon->config) ? PK_OK : watch_accounts(daemon);
    if (status)
        return status;
    /* From here on there may be descriptors that somebody has passed. */
    descriptors_guard();
    return bus_open(daemon->base, &bus_ops, daemon, &daemon->bus, ret_why);
}

/*
 * Jobs end after everything that has some in progress, and before what they use. false: a worker is
 * stuck, in the name service perhaps, and what it uses has not been released.
 */
static bool close_all(struct daemon *daemon)
{
    if (daemon->conversations)
        conversations_free(daemon->conversations);
    if (daemon->links)
        links_free(daemon->links);
    status_end();
    if (daemon->keys)
        pk_keys_free(daemon->keys);
    if (daemon->ceremonies)
        ceremonies_free(daemon->ceremonies);
    password_checks_free(daemon->password_checks);
    polkit_vanished(NULL);
    logind_vanished(NULL);
    tickets_vanished(NULL);
    ticket_links_vanished(NULL);
    arrivals_vanished(NULL);
    requests_vanished(NULL);
    if (daemon->account_watch)
        account_watch_free(daemon->account_watch);
    if (daemon->jobs && !jobs_free(daemon->jobs, STOP_SECONDS))
        return false;
    if (daemon->page_sessions)
        page_sessions_free(daemon->page_sessions);
    decision_keep_by(NULL);
    if (daemon->decision_keeper)
        decision_keeper_free(daemon->decision_keeper);
    if (daemon->decoy_keeper)
        decoy_keeper_free(daemon->decoy_keeper);
    if (daemon->socket)
        socket_close(daemon->socket);
    if (daemon->gateway_user)
        gateway_user_free(daemon->gateway_user);
    if (daemon->peers)
        peers_free(daemon->peers);
    if (daemon->bus)
        bus_close(daemon->bus);
    if (daemon->budget)
        budget_free(daemon->budget);
    if (daemon->store)
        daemon->store->verbs->close(daemon->store);
    private_keys_forget();
    if (daemon->config)
        config_free(daemon->config);
    if (daemon->base)
        event_base_free(daemon->base);
    free(daemon->rp_id);
    return true;
}

/* Nothing wakes the daemon up where nothing was refused. */
static void on_refused(void *data)
{
    static const struct timeval later = {BUDGET_LOG_SECONDS, 0};
    struct daemon *daemon = data;

    if (!evtimer_pending(daemon->summary, NULL))
        (void)evtimer_add(daemon->summary, &later);
}

static void on_summary(evutil_socket_t fd, short what, void *data)
{
    struct daemon *daemon = data;

    (void)fd, (void)what;
    if (budget_log(daemon->budget))
        on_refused(daemon);
}

/*
 * Beside the system's bus; a private instance, which has a bus of its own, has a socket where one
 * is named. Without it everybody is served on the bus, if less quickly.
 */
static void open_socket(struct daemon *daemon, const char *path)
{
    const struct socket_setup setup = {.base = daemon->base,
                                       .bus = daemon->bus,
                                       .budget = daemon->budget,
                                       .ops = &socket_ops,
                                       .data = daemon};
    PK_AUTO_FREE char *why = NULL;

    if (!path)
        path = secure_getenv(PK_SOCKET_VARIABLE);
    if (!path && !secure_getenv("DBUS_SYSTEM_BUS_ADDRESS"))
        path = PK_SOCKET_PATH;
    if (socket_open(&setup, path, &daemon->socket, &why))
        pk_log(LOG_WARNING, "no socket of its own, the system bus alone is served: %s",
               why ? why : pk_message_outcome(PK_NO_MEMORY));
}

/* Runs until the daemon ends; a failure means that it could not start. */
static enum pk_status serve(struct daemon *daemon, const char *socket_path, char **ret_why)
{
    static const struct pk_signal_row rows[] = {{SIGTERM, on_terminate},
                                                {SIGINT, on_terminate},
                                                {SIGHUP, on_hangup},
                                                {SIGCHLD, on_child},
                                                {0}};
    struct pk_signals *signals = pk_signals_new(daemon->base, rows, daemon);
    enum pk_status status = signals ? PK_OK : PK_NO_MEMORY;

    if (!status)
        logind_watch(daemon);
    /*
     * After the signal handlers: a program that sees the name may send SIGHUP, which would
     * otherwise end the daemon.
     */
    if (!status)
        status = bus_own_name(daemon->bus, PK_BUS_NAME, ret_why);
    if (!status) {
        daemon->summary = evtimer_new(daemon->base, on_summary, daemon);
        if (daemon->summary)
            budget_watch(daemon->budget, on_refused, daemon);
        /* After the name, of which there is one: nobody else's socket is replaced. */
        open_socket(daemon, socket_path);
        pk_log(LOG_INFO, "%s serves %s", PACKAGE_STRING, config_rp(daemon->config, NULL)->id);
        /* What only the start needed is a sixth of all that the daemon holds at rest. */
        (void)malloc_trim(0);
        (void)event_base_dispatch(daemon->base);
        budget_watch(daemon->budget, NULL, NULL);
        if (daemon->summary)
            event_free(daemon->summary);
    }
    pk_signals_free(signals);
    return status;
}

int main(int argc, char **argv)
{
    struct pk_keys_setup keys_setup = {
        .log = pk_log, .keep_ready = true, .close_own = descriptors_close_own};
    struct daemon daemon = {.keys_setup = &keys_setup, .exit_code = EXIT_SUCCESS};
    struct arguments arguments;
    PK_AUTO_FREE char *why = NULL;
    enum pk_status status;
    int code = parse_arguments(argc, argv, &arguments);

    if (code >= 0)
        return code;
    (void)socket_inherit();
    pk_log_open("passkeyd", arguments.foreground || arguments.check_config, false);
    status = privileges_drop();
    if (status) {
        pk_log(LOG_ERR, "cannot become user \"%s\": %s", PASSKEYD_USER, pk_status_name(status));
        return EXIT_FAILURE;
    }
    if (arguments.check_config)
        return check_config(arguments.config);
    status = privileges_harden();
    pk_log_start_thread();
    if (!status) {
        (void)signal(SIGPIPE, SIG_IGN);
        daemon.config_path = arguments.config;
        status = open_all(&daemon, arguments.state_directory, &why);
    }
    if (!status)
        status = serve(&daemon, arguments.socket, &why);
    if (status) {
        pk_log(LOG_ERR, "cannot start: %s", why ? why : pk_status_name(status));
        if (!arguments.foreground && isatty(STDERR_FILENO))
            (void)fprintf(stderr, "passkeyd: cannot start: %s\n",
                          why ? why : pk_message_outcome(status));
        daemon.exit_code = EXIT_FAILURE;
    }
    if (!close_all(&daemon)) {
        pk_log(LOG_NOTICE, "ending although a worker has not returned");
        (void)pk_log_end_thread(LOG_SECONDS);
        _exit(daemon.exit_code);
    }
    if (!pk_log_end_thread(LOG_SECONDS))
        _exit(daemon.exit_code);
    return daemon.exit_code;
}
