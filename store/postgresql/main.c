/* SPDX-License-Identifier: BSD-2-Clause */
/* passkey-store-postgresql: arguments, and what they ask for. */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/config_file.h"
#include "common/base/log.h"
#include "store/postgresql/postgresql.h"
#include "store/postgresql/setup.h"
#include "store/server/server.h"

#include <getopt.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CONFIG PK_SYSCONFDIR "/store-postgresql.conf"
#define FIRST_LOOK_MS  1000 /* for a server that says what it is, while this program starts */

static const char usage[] =
    "Usage: passkey-store-postgresql [--config FILE] [--socket PATH]\n"
    "       passkey-store-postgresql --check-config | --check [--config FILE]\n"
    "       passkey-store-postgresql --migrate [--config FILE]\n"
    "       passkey-store-postgresql --print-schema | --help | --version\n"
    "Keeps the passkeys of passkeyd in PostgreSQL.\n"
    "  --config FILE   instead of " DEFAULT_CONFIG "\n"
    "  --socket PATH   make that socket; without it systemd's is served\n"
    "  --check-config  say what is wrong with the configuration, and end\n"
    "  --check         connect as well, and say what is wrong with server and role\n"
    "  --migrate       make or renew the schema, as its owner, and end\n"
    "  --print-schema  print the statements that --migrate runs, and end\n";

enum task {
    SERVE,
    CHECK_CONFIG,
    CHECK,
    MIGRATE,
    PRINT_SCHEMA,
};

struct arguments {
    const char *config;
    const char *socket; /* NULL: systemd's */
    enum task task;
};

/* Returns -1 to continue, or the exit code. */
static int parse_arguments(int argc, char **argv, struct arguments *ret)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"socket", required_argument, NULL, 's'},
        {"check-config", no_argument, NULL, 'k'},
        {"check", no_argument, NULL, 'K'},
        {"migrate", no_argument, NULL, 'm'},
        {"print-schema", no_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {0},
    };
    static const char tasks[] = {
        [CHECK_CONFIG] = 'k', [CHECK] = 'K', [MIGRATE] = 'm', [PRINT_SCHEMA] = 'p'};
    int option;

    *ret = (struct arguments){.config = DEFAULT_CONFIG};
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h' || option == 'v') {
            (void)puts(option == 'h' ? usage : PACKAGE_STRING);
            return EXIT_SUCCESS;
        }
        if (option == 'c')
            ret->config = optarg;
        else if (option == 's')
            ret->socket = optarg;
        for (size_t i = CHECK_CONFIG; i < sizeof(tasks); i++)
            if (option == tasks[i])
                ret->task = (enum task)i;
        if (option == '?')
            break;
    }
    if (option == '?' || optind != argc) {
        (void)fputs(usage, stderr);
        return 2;
    }
    return -1;
}

/* What libpq would take from the environment is not what the configuration says. */
static void forget_environment(void)
{
    PQconninfoOption *options = PQconndefaults();

    for (PQconninfoOption *each = options; each && each->keyword; each++)
        if (each->envvar)
            (void)unsetenv(each->envvar);
    PQconninfoFree(options);
    /* A resolver that does not answer is asked for no longer than a verb may take. */
    (void)setenv("RES_OPTIONS", "timeout:1 attempts:1", 0);
}

static bool read_setup(const struct arguments *arguments, struct postgresql_setup *setup,
                       void (*say)(const char *text))
{
    struct pk_strings problems = {0};
    PK_AUTO_FREE char *why = NULL;
    enum pk_status status = config_file_expected(arguments->config, "", &why);
    bool good;

    if (!status)
        status = postgresql_setup_read(arguments->config, setup, &problems);
    good = !status && problems.count == 0;
    for (size_t i = 0; i < problems.count; i++)
        say(problems.items[i]);
    if (status && problems.count == 0)
        say(why ? why : pk_status_clause(status));
    pk_strings_clear(&problems);
    return good;
}

static void say_error(const char *text)
{
    (void)fprintf(stderr, "%s\n", text);
}

static void log_error(const char *text)
{
    pk_log(LOG_ERR, "%s", text);
}

static int check(const struct postgresql_setup *setup)
{
    struct pk_strings problems = {0};
    PK_AUTO_FREE char *why = NULL;
    enum pk_status status = store_postgresql_check(setup, &problems, &why);
    bool good = status == PK_OK && problems.count == 0;

    for (size_t i = 0; i < problems.count; i++)
        say_error(problems.items[i]);
    if (status)
        say_error(why ? why : pk_status_clause(status));
    pk_strings_clear(&problems);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int migrate(const struct postgresql_setup *setup)
{
    PK_AUTO_FREE char *why = NULL;
    int64_t from = 0, to = 0;
    enum pk_status status = store_postgresql_migrate(setup, &from, &to, &why);

    if (status) {
        say_error(why ? why : pk_status_clause(status));
        return EXIT_FAILURE;
    }
    if (from == to)
        (void)printf("The schema is version %d already.\n", (int)to);
    else
        (void)printf("The schema was version %d and is version %d.\n", (int)from, (int)to);
    return EXIT_SUCCESS;
}

static int print_schema(void)
{
    for (size_t i = 0; store_postgresql_steps[i]; i++) {
        const char *at = store_postgresql_steps[i];

        /* One statement a line: none has a semicolon inside. */
        for (const char *end; (end = strchr(at, ';')); at = end + 1)
            (void)printf("%.*s\n", (int)(end - at) + 1, at);
    }
    return EXIT_SUCCESS;
}

static int serve(const struct arguments *arguments, const struct postgresql_setup *setup)
{
    const struct passwd *daemon = getpwnam(PASSKEYD_USER);
    const struct store_server_setup server = {.socket = arguments->socket,
                                              .daemon = daemon ? daemon->pw_uid : 0};
    PK_AUTO_FREE char *why = NULL;
    struct store *store = NULL;
    enum pk_status status = store_postgresql_open(setup, &store, &why);

    store_set_deadline(pk_clock_monotonic_ms() + FIRST_LOOK_MS);
    if (status == PK_OK) {
        status = store_server_run(store, &server, &why);
        store->verbs->close(store);
    }
    if (status)
        pk_log(LOG_ERR, "cannot serve: %s", why ? why : pk_status_clause(status));
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(const struct arguments *arguments, const struct postgresql_setup *setup)
{
    switch (arguments->task) {
    case CHECK:
        return check(setup);
    case MIGRATE:
        return migrate(setup);
    case SERVE:
        return serve(arguments, setup);
    case CHECK_CONFIG:
    case PRINT_SCHEMA:
        break;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct postgresql_setup setup = {0};
    struct arguments arguments;
    int code = parse_arguments(argc, argv, &arguments);

    if (code >= 0)
        return code;
    if (arguments.task == PRINT_SCHEMA)
        return print_schema();
    (void)signal(SIGPIPE, SIG_IGN);
    forget_environment();
    pk_log_open("passkey-store-postgresql", true, false);
    code = EXIT_FAILURE;
    if (read_setup(&arguments, &setup, arguments.task == SERVE ? log_error : say_error))
        code = run(&arguments, &setup);
    postgresql_setup_clear(&setup);
    return code;
}
