/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyctl api-key and rp-key: the keys of relying parties over HTTP. For root. */
#include "client/ctl/commands.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/bus/calls.h"
#include "common/bus/conversation.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char api_key_usage[] =
    "Usage: passkeyctl api-key COMMAND --rp NAME [OPTION]...\n"
    "As root: the keys by which web applications prove themselves to passkey-gateway.\n"
    "\n"
    "  create [--name NAME]     make one; it is shown once, and never again\n"
    "  list                     which there are\n"
    "  revoke ID                make one void, at once\n"
    "\n"
    "  --rp NAME                of this relying party; a key is good there alone\n"
    "  --name NAME              what to call it, for people\n"
    "  --json                   print JSON, for programs\n"
    "  -h, --help, --version    print this text, or the version\n"
    "\n"
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 passkeyd cannot be\n"
    "reached, 130 interrupted.\n";

static const char rp_key_usage[] =
    "Usage: passkeyctl rp-key COMMAND --rp NAME [OPTION]...\n"
    "As root: the keys that sign the tokens of a relying party over HTTP.\n"
    "\n"
    "  list                     which there are; earlier ones until their tokens\n"
    "                           expire\n"
    "  rotate                   sign with a new one from now on\n"
    "  import FILE              sign with the one that the application has, 32 to\n"
    "                           1024 bytes (-: from standard input)\n"
    "\n"
    "  --rp NAME                of this relying party\n"
    "  --bits NUMBER            of a new RSA key of hanko's, 2048 or 3072 (rotate)\n"
    "  --at-once                make all earlier tokens void (rotate, import)\n"
    "  --json                   print JSON, for programs\n"
    "  -h, --help, --version    print this text, or the version\n"
    "\n"
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 passkeyd cannot be\n"
    "reached, 130 interrupted.\n";

/* --- what is printed -------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static void print_time(const json_t *object, const char *name)
{
    time_t when = (time_t)json_integer_value(json_object_get(object, name));
    char shown[32] = "?";
    struct tm local;

    if (localtime_r(&when, &local))
        (void)strftime(shown, sizeof(shown), "%Y-%m-%d %H:%M", &local);
    (void)printf("  %s", shown);
}

/* {"ok": true, NAME: value}; takes value. */
static int print_ok(const char *name, json_t *value)
{
    print_json(value ? json_pack("{s:b, s:o}", "ok", 1, name, value) : json_pack("{s:b}", "ok", 1));
    return EXIT_DONE;
}

static int malformed(const struct session *session)
{
    return session_fail(session, PK_PROTOCOL, NULL);
}

static void print_api_key(const json_t *key)
{
    PK_AUTO_FREE char *name = pk_text_printable(text_of(key, "name"), 64);

    (void)printf("%s", text_of(key, "id"));
    print_time(key, "created");
    (void)printf("  %s\n", name ? name : "");
}

static void print_signing_key(const json_t *key)
{
    (void)printf("%s  %s", text_of(key, "kid"), text_of(key, "alg"));
    print_time(key, "created");
    (void)printf("  %s", json_is_true(json_object_get(key, "shared")) ? "shared" : "made here");
    if (json_is_true(json_object_get(key, "signs"))) {
        (void)printf(", signs\n");
    } else {
        (void)printf(", its last token expires");
        print_time(key, "expires");
        (void)printf("\n");
    }
}

/* Takes text. */
static int print_list(const struct session *session, char *text, const char *none,
                      void (*print)(const json_t *item))
{
    PK_AUTO_FREE char *owned = text;
    json_t *array = json_loads(owned, 0, NULL);

    if (!json_is_array(array)) {
        json_decref(array);
        return malformed(session);
    }
    if (session->line.json)
        return print_ok("keys", array);
    for (size_t i = 0; i < json_array_size(array); i++)
        print(json_array_get(array, i));
    if (json_array_size(array) == 0)
        (void)printf("%s\n", none);
    json_decref(array);
    return EXIT_DONE;
}

/* --- API keys --------------------------------------------------------------------------------- */

static int create(struct session *session)
{
    PK_AUTO_SECRET struct pk_secret key = {0};
    PK_AUTO_FREE char *text = NULL;
    json_t *about;
    enum pk_status status = session_open(session);

    if (status == PK_OK)
        status = pk_api_key_create(session->bus, session->line.rp, session->line.name, &key, &text);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    about = json_loads(text, 0, NULL);
    if (!json_is_object(about)) {
        json_decref(about);
        return malformed(session);
    }
    if (session->line.json) {
        (void)json_object_set_new(about, "secret", json_string((const char *)key.data));
        return print_ok("key", about);
    }
    (void)printf("%s\n", (const char *)key.data);
    (void)fprintf(stderr,
                  "The key %s of %s. It is not shown again: give it to the application now.\n",
                  text_of(about, "id"), text_of(about, "rp"));
    json_decref(about);
    return EXIT_DONE;
}

static int list_api_keys(struct session *session)
{
    char *text = NULL;
    enum pk_status status = session_open(session);

    if (status == PK_OK)
        status = pk_api_key_list(session->bus, session->line.rp, &text);
    return status == PK_OK ? print_list(session, text, "No API keys.", print_api_key)
                           : session_fail(session, status, NULL);
}

static int make_void(struct session *session)
{
    enum pk_status status = session_open(session);

    if (status == PK_OK)
        status = pk_api_key_revoke(session->bus, session->line.rp, session->line.arguments[0]);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    if (session->line.json)
        return print_ok(NULL, NULL);
    (void)printf("Revoked.\n");
    return EXIT_DONE;
}

/* --- signing keys ----------------------------------------------------------------------------- */

static int list_signing_keys(struct session *session)
{
    char *text = NULL;
    enum pk_status status = session_open(session);

    if (status == PK_OK)
        status = pk_rp_key_list(session->bus, session->line.rp, &text);
    return status == PK_OK
               ? print_list(session, text, "No keys yet: the first is made when it is needed.",
                            print_signing_key)
               : session_fail(session, status, NULL);
}

static int replace(struct session *session, int secret)
{
    const struct pk_rp_key_change change = {session->line.bits, session->line.at_once, secret};
    PK_AUTO_FREE char *text = NULL;
    json_t *key;
    enum pk_status status = session_open(session);

    if (status == PK_OK)
        status = pk_rp_key_replace(session->bus, session->line.rp, &change, &text);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    key = json_loads(text, 0, NULL);
    if (!json_is_object(key)) {
        json_decref(key);
        return malformed(session);
    }
    if (session->line.json)
        return print_ok("key", key);
    (void)printf("The key %s signs from now on. %s\n", text_of(key, "kid"),
                 session->line.at_once ? "Tokens of earlier ones are void."
                                       : "Tokens of earlier ones are good until they expire.");
    json_decref(key);
    return EXIT_DONE;
}

static int rotate(struct session *session)
{
    return replace(session, -1);
}

static int import(struct session *session)
{
    const char *path = session->line.arguments[0];
    PK_AUTO_SECRET struct pk_secret secret = {0};
    PK_AUTO_CLOSE int file = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                                    : open(path, O_RDONLY | O_CLOEXEC);
    PK_AUTO_CLOSE int pipe = -1;
    enum pk_status status =
        file < 0 ? PK_IO : pk_secret_read_long(file, PK_SHARED_KEY_MAX, &secret);

    if (status == PK_IO)
        return session_fail_to_read(session, status, "key", path);
    if (status == PK_TOO_LARGE || (status == PK_OK && secret.len < PK_SHARED_KEY_MIN))
        return session_fail(session, PK_INVALID_INPUT,
                            "A shared key is 32 to 1024 bytes long, and this one is not.");
    if (status == PK_OK)
        status = pk_bus_secret_pipe(&secret, &pipe);
    return status == PK_OK ? replace(session, pipe) : session_fail(session, status, NULL);
}

/* --- the command line ------------------------------------------------------------------------- */

static const struct {
    const char *group, *name, *operand; /* operand NULL: none */
    unsigned options;
    int (*run)(struct session *session);
} commands[] = {
    {"api-key", "create", NULL, OPTION_RP | OPTION_NAME, create},
    {"api-key", "list", NULL, OPTION_RP, list_api_keys},
    {"api-key", "revoke", "ID", OPTION_RP, make_void},
    {"rp-key", "list", NULL, OPTION_RP, list_signing_keys},
    {"rp-key", "rotate", NULL, OPTION_RP | OPTION_BITS | OPTION_AT_ONCE, rotate},
    {"rp-key", "import", "FILE", OPTION_RP | OPTION_AT_ONCE, import},
};

/* Takes text. */
static int wrong_usage(bool json, char *text)
{
    PK_AUTO_FREE char *owned = text;

    return command_line_fail("passkeyctl", json, owned ? owned : "wrong usage");
}

/* argv[0] is the program's name, what follows the command's. */
static int run(size_t which, int argc, char **argv, const char *usage)
{
    AUTO_SESSION struct session session = {.terminal.cancel_fd = -1};
    const char *group = commands[which].group, *name = commands[which].name;
    int wanted = commands[which].operand ? 1 : 0;

    command_line_parse(argc, argv, commands[which].options, usage, &session.line);
    if (session.line.argument_count != wanted)
        return wrong_usage(session.line.json,
                           pk_text_format("%s %s takes %s; --help shows what it takes", group, name,
                                          wanted ? "one argument" : "no argument"));
    if (!session.line.rp)
        return wrong_usage(
            session.line.json,
            pk_text_format("%s %s needs --rp NAME, the relying party whose key it is", group,
                           name));
    /* The name of a file may be any bytes. */
    if (commands[which].run != import)
        command_line_check_operands(argv[0], &session.line);
    return commands[which].run(&session);
}

int command_rp_keys(int argc, char **argv)
{
    const char *group = argv[1];
    const char *usage = strcmp(group, "api-key") == 0 ? api_key_usage : rp_key_usage;

    for (size_t i = 0; argc > 2 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(group, commands[i].group) != 0 || strcmp(argv[2], commands[i].name) != 0)
            continue;
        argv[2] = argv[0];
        return run(i, argc - 2, argv + 2, usage);
    }
    if (argc > 2 && argv[2][0] == '-') {
        struct command_line line;

        argv[1] = argv[0];
        command_line_parse(argc - 1, argv + 1, 0, usage, &line); /* --help ends here */
    }
    if (argc > 2 && argv[2][0] != '-') {
        PK_AUTO_FREE char *shown = pk_text_printable(argv[2], 64);

        return wrong_usage(command_line_wants_json(argc, argv),
                           pk_text_format("unknown command: %s %s", group, shown ? shown : ""));
    }
    return wrong_usage(command_line_wants_json(argc, argv),
                       pk_text_format("a command is expected behind %s", group));
}
