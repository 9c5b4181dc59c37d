/* SPDX-License-Identifier: BSD-2-Clause */
/* passkey-store-ldap: arguments, and the store of the configuration's directory behind a socket. */
#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "store/ldap/ldap_store.h"
#include "store/ldap/tool.h"
#include "store/server/server.h"

#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>

#define DEFAULT_CONFIG PK_SYSCONFDIR "/store-ldap.conf"
#define DEFAULT_STATE  "/var/lib/passkey-store-ldap"
#define LOG_SECONDS    2 /* for the log to take what waits */

static const char usage[] =
    "Usage: passkey-store-ldap [OPTION]...\n"
    "Serves passkeyd with the passkeys of an LDAP directory.\n"
    "\n"
    "  --config FILE    read FILE, not " DEFAULT_CONFIG "\n"
    "  --state FOLDER   keep the cache there, not in the unit's StateDirectory\n"
    "  --socket PATH    make this socket; without it systemd passes one\n"
    "  --check-config   say what is wrong with the configuration\n"
    "  --check          ask every server, and say what is wrong\n"
    "  --push FOLDER    add the passkeys of FOLDER/passkeyd.db to the directory\n"
    "  --pull FOLDER    add the directory's passkeys to FOLDER/passkeyd.db\n"
    "  --migrate FOLDER as --push, and take what stays on this host into the cache\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 after a signal to end or where nothing is wrong, 1 it could not\n"
    "start, a check found something or a passkey was not copied, 2 wrong usage.\n";

struct arguments {
    const char *config, *state, *socket;
    int job;            /* of an option's letter; 0: to serve */
    const char *folder; /* of a store that is copied */
};

/* Returns -1 to continue, or the exit code. */
static int parse_arguments(int argc, char **argv, struct arguments *ret)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"state", required_argument, NULL, 'd'},
        {"socket", required_argument, NULL, 's'},
        {"check-config", no_argument, NULL, 'k'},
        {"check", no_argument, NULL, 'C'},
        {"push", required_argument, NULL, 'p'},
        {"pull", required_argument, NULL, 'l'},
        {"migrate", required_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {0},
    };
    const char *state = getenv("STATE_DIRECTORY");
    int option;

    *ret = (struct arguments){.config = DEFAULT_CONFIG, .state = state ? state : DEFAULT_STATE};
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            ret->config = optarg;
            break;
        case 'd':
            ret->state = optarg;
            break;
        case 's':
            ret->socket = optarg;
            break;
        case 'k':
        case 'C':
        case 'p':
        case 'l':
        case 'm':
            ret->job = option;
            ret->folder = optarg;
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

/* NULL: what is wrong has been said. */
static struct ldap_config *load_config(const char *path, bool to_terminal)
{
    struct pk_strings problems = {0};
    struct ldap_config *config = NULL;
    enum pk_status status = ldap_config_read(path, &config, &problems);

    for (size_t i = 0; i < problems.count; i++) {
        if (to_terminal)
            (void)fprintf(stderr, "%s\n", problems.items[i]);
        else
            pk_log(LOG_ERR, "%s", problems.items[i]);
    }
    if (status && problems.count == 0)
        pk_log(LOG_ERR, "%s: %s", path, pk_status_clause(status));
    if (problems.count > 0) {
        ldap_config_free(config);
        config = NULL;
    }
    pk_strings_clear(&problems);
    return config;
}

static int serve(struct store *store, const char *socket)
{
    const struct passwd *daemon = getpwnam(PASSKEYD_USER);
    const struct store_server_setup setup = {.socket = socket,
                                             .daemon = daemon ? daemon->pw_uid : 0};
    PK_AUTO_FREE char *why = NULL;
    enum pk_status status;

    pk_log(LOG_INFO, "%s is ready", PACKAGE_STRING);
    status = store_server_run(store, &setup, &why);
    if (status)
        pk_log(LOG_ERR, "cannot serve: %s", why ? why : pk_status_clause(status));
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(const struct ldap_config *config, const struct arguments *arguments)
{
    struct store *store = NULL;
    PK_AUTO_FREE char *why = NULL;
    enum pk_status status;
    int code;

    /* The store has threads, any of which could be ended by what is meant for the server. */
    store_server_hold_signals();
    status = ldap_store_open(config, arguments->state, &store, &why);
    if (status) {
        pk_log(LOG_ERR, "cannot start: %s", why ? why : pk_status_clause(status));
        return EXIT_FAILURE;
    }
    code = serve(store, arguments->socket);
    store->verbs->close(store);
    return code;
}

/* What is not serving. */
static int do_job(const struct ldap_config *config, const struct arguments *arguments)
{
    switch (arguments->job) {
    case 'C':
        return ldap_tool_check(config, arguments->state);
    case 'p':
        return ldap_tool_push(config, arguments->folder);
    case 'l':
        return ldap_tool_pull(config, arguments->folder);
    case 'm':
        return ldap_tool_migrate(config, arguments->folder, arguments->state);
    default: /* the configuration was read, and is good */
        return EXIT_SUCCESS;
    }
}

int main(int argc, char **argv)
{
    struct ldap_config *config;
    struct arguments arguments;
    int code = parse_arguments(argc, argv, &arguments);

    if (code >= 0)
        return code;
    (void)signal(SIGPIPE, SIG_IGN);
    pk_log_open("passkey-store-ldap", true, false);
    config = load_config(arguments.config, arguments.job != 0);
    if (!config)
        return EXIT_FAILURE;
    /* A name server that is away must not take more of a call's time than the servers behind it. */
    (void)setenv("RES_OPTIONS", "timeout:1 attempts:1", 0);
    if (arguments.job) {
        code = do_job(config, &arguments);
        ldap_config_free(config);
        return code;
    }
    pk_log_set_debug(config->debug);
    pk_log_start_thread();
    code = run(config, &arguments);
    ldap_config_free(config);
    (void)pk_log_end_thread(LOG_SECONDS);
    return code;
}
