/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/command_line.h"

#include "client/outcome.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/bus/conversation.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Seconds for one command, including the time to answer questions. */
#define DEADLINE 600

/* Values of getopt_long() beyond the bits of enum option_bit. */
enum {
    CODE_JSON = 1 << 24,
    CODE_HELP,
    CODE_VERSION,
    CODE_NO_RESIDENT,
    CODE_NO_WAIT,
};

static const struct option options[] = {
    {"json", no_argument, NULL, CODE_JSON},
    {"help", no_argument, NULL, CODE_HELP},
    {"version", no_argument, NULL, CODE_VERSION},
    {"user", required_argument, NULL, OPTION_USER},
    {"rp", required_argument, NULL, OPTION_RP},
    {"name", required_argument, NULL, OPTION_NAME},
    {"uv", required_argument, NULL, OPTION_UV},
    {"resident", no_argument, NULL, OPTION_RESIDENT},
    {"no-resident", no_argument, NULL, CODE_NO_RESIDENT},
    {"ticket-file", required_argument, NULL, OPTION_TICKET_FILE},
    {"lifetime", required_argument, NULL, OPTION_LIFETIME},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"yes", no_argument, NULL, OPTION_YES},
    {"all", no_argument, NULL, OPTION_ALL},
    {"agent", no_argument, NULL, OPTION_AGENT},
    {"browser", no_argument, NULL, OPTION_BROWSER},
    {"phone", no_argument, NULL, OPTION_PHONE},
    {"bits", required_argument, NULL, OPTION_BITS},
    {"at-once", no_argument, NULL, OPTION_AT_ONCE},
    {"link", no_argument, NULL, OPTION_LINK},
    {"revoke", no_argument, NULL, OPTION_REVOKE},
    {"wait", no_argument, NULL, OPTION_WAIT},
    {"no-wait", no_argument, NULL, CODE_NO_WAIT},
    {"rp-id", required_argument, NULL, OPTION_RP_ID},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"passphrase", no_argument, NULL, OPTION_PASSPHRASE},
    {"passphrase-file", required_argument, NULL, OPTION_PASSPHRASE_FILE},
    {"with-keys", no_argument, NULL, OPTION_WITH_KEYS},
    {"replace", no_argument, NULL, OPTION_REPLACE},
    {0},
};

int command_line_fail(const char *program, bool json, const char *what)
{
    const char *folder = strrchr(program, '/');

    if (folder)
        program = folder + 1;
    if (json)
        print_json(json_pack("{s:b, s:s, s:s}", "ok", 0, "reason", "wrong-usage", "message", what));
    else
        (void)fprintf(stderr, "%s: %s\nTry '%s --help'.\n", program, what, program);
    return EXIT_USAGE;
}

bool command_line_wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

/* Known before the options are read: what is wrong with them may stand in front of --json. */
static bool refusals_are_json;

/* Frees what; without it (no memory) rather says otherwise. */
static _Noreturn void refuse(const char *program, char *what, const char *otherwise)
{
    int code = command_line_fail(program, refusals_are_json, what ? what : otherwise);

    free(what);
    exit(code);
}

/* What getopt_long() stopped at. missing: the value of an option, otherwise the option is none. */
static _Noreturn void refuse_option(const char *program, char **argv, bool missing)
{
    char *word = pk_text_printable(argv[optind - 1], 64);
    char *what =
        pk_text_format(missing ? "%s needs a value" : "there is no option %s, or it takes no value",
                       word ? word : "");

    free(word);
    refuse(program, what, "a wrong option");
}

/* The value of an option and the rule that it breaks: "--uv takes …, not …". */
static _Noreturn void refuse_value(const char *program, const char *rule, const char *value)
{
    char *shown = pk_text_printable(value, 64);
    char *what = pk_text_format("%s, not \"%s\"", rule, shown ? shown : "");

    free(shown);
    refuse(program, what, rule);
}

static uint32_t read_seconds(const char *program, const char *value, uint32_t least, uint32_t most,
                             const char *rule)
{
    char *end;
    unsigned long seconds;

    errno = 0;
    seconds = strtoul(value, &end, 10);
    if (errno || *value < '0' || *value > '9' || *end || seconds < least || seconds > most)
        refuse_value(program, rule, value);
    return (uint32_t)seconds;
}

static uint32_t read_lifetime(const char *program, const char *value)
{
    return read_seconds(program, value, PK_TICKET_LIFETIME_MIN, PK_TICKET_LIFETIME_MAX,
                        "--lifetime takes 60 to 86400 seconds");
}

/* What the daemon would cut short, or the module refuse in a PAM file, is refused here too. */
static uint32_t read_timeout(const char *program, const char *value)
{
    return read_seconds(program, value, 1, PK_ATTEMPT_TIMEOUT_MAX,
                        "--timeout takes 1 to 600 seconds");
}

/* Only UTF-8 of that length goes over the bus. operand: "--name", "NEW-NAME". */
static void check_text(const char *program, const char *operand, const char *value)
{
    struct pk_view text = pk_view_string(value);
    char *shown, *what;

    if (text.len > PK_BUS_TEXT_MAX)
        refuse(program,
               pk_text_format("%s has %zu bytes, and at most %d are allowed", operand, text.len,
                              PK_BUS_TEXT_MAX),
               operand);
    if (pk_utf8_valid(text))
        return;
    shown = pk_text_printable(value, 64);
    what =
        pk_text_format("%s \"%s\" is not UTF-8 text; type it in a terminal whose locale is UTF-8",
                       operand, shown ? shown : "");
    free(shown);
    refuse(program, what, operand);
}

void command_line_check_operands(const char *program, const struct command_line *line)
{
    for (int i = 0; i < line->argument_count; i++)
        check_text(program, "the argument", line->arguments[i]);
}

static void read_uv(const char *program, const char *value)
{
    if (strcmp(value, "required") != 0 && strcmp(value, "preferred") != 0 &&
        strcmp(value, "discouraged") != 0)
        refuse_value(program, "--uv takes required, preferred or discouraged", value);
}

static uint32_t read_bits(const char *program, const char *value)
{
    if (strcmp(value, "2048") == 0)
        return 2048;
    if (strcmp(value, "3072") != 0)
        refuse_value(program, "--bits takes 2048 or 3072", value);
    return 3072;
}

static void read_option(const char *program, int code, struct command_line *line)
{
    switch (code) {
    case CODE_JSON:
        line->json = true;
        break;
    case OPTION_USER:
        check_text(program, "--user", optarg);
        line->user = optarg;
        line->user_given = true;
        break;
    case OPTION_RP:
        check_text(program, "--rp", optarg);
        line->rp = optarg;
        break;
    case OPTION_NAME:
        check_text(program, "--name", optarg);
        line->name = optarg;
        break;
    case OPTION_UV:
        read_uv(program, optarg);
        line->uv = optarg;
        break;
    case OPTION_RESIDENT:
        line->resident = "required";
        break;
    case CODE_NO_RESIDENT:
        line->resident = "discouraged";
        break;
    case OPTION_TICKET_FILE:
        line->ticket_file = optarg;
        break;
    case OPTION_LIFETIME:
        line->lifetime = read_lifetime(program, optarg);
        break;
    case OPTION_TIMEOUT:
        line->timeout = read_timeout(program, optarg);
        break;
    case OPTION_YES:
        line->yes = true;
        break;
    case OPTION_ALL:
        line->all = true;
        break;
    case OPTION_AGENT:
        line->agent = true;
        break;
    case OPTION_PHONE:
        line->phone = true;
        break;
    case OPTION_BROWSER:
        line->browser = true;
        break;
    case OPTION_LINK:
        line->link = true;
        break;
    case OPTION_REVOKE:
        line->revoke = true;
        break;
    case OPTION_WAIT:
        line->wait = WAIT_YES;
        break;
    case CODE_NO_WAIT:
        line->wait = WAIT_NO;
        break;
    case OPTION_BITS:
        line->bits = read_bits(program, optarg);
        break;
    case OPTION_RP_ID:
        check_text(program, "--rp-id", optarg);
        line->rp_id = optarg;
        break;
    case OPTION_PASSPHRASE:
        line->passphrase = true;
        break;
    case OPTION_PASSPHRASE_FILE:
        line->passphrase_file = optarg;
        break;
    case OPTION_WITH_KEYS:
        line->with_keys = true;
        break;
    case OPTION_REPLACE:
        line->replace = true;
        break;
    case OPTION_DRY_RUN:
        line->dry_run = true;
        break;
    case OPTION_AT_ONCE:
        line->at_once = true;
        break;
    default:
        break;
    }
}

/* code: of getopt_long(). */
static _Noreturn void refuse_for_command(const char *program, int code)
{
    const struct option *option = options;
    char *what = NULL;

    while (option->name && option->val != code)
        option++;
    if (option->name)
        what = pk_text_format("this command does not take the option --%s", option->name);
    refuse(program, what, "this command does not take that option");
}

static bool allowed_here(int code, unsigned allowed)
{
    if (code == CODE_NO_RESIDENT)
        return allowed & OPTION_RESIDENT;
    if (code == CODE_NO_WAIT)
        return allowed & OPTION_WAIT;
    return code >= CODE_JSON || ((unsigned)code & allowed);
}

static _Noreturn void fail_without_account(void)
{
    PK_AUTO_FREE char *text =
        pk_text_format("You have the uid %u, and no account has it: say with --user whom you mean.",
                       (unsigned)getuid());

    if (refusals_are_json)
        print_json(json_pack("{s:b, s:s, s:s}", "ok", 0, "reason", pk_status_name(PK_UNKNOWN_USER),
                             "message", text ? text : ""));
    else
        (void)fprintf(stderr, "%s\n", text ? text : "");
    exit(EXIT_REFUSED);
}

static const char *own_name(void)
{
    static char name[LOGIN_NAME_MAX];
    const struct passwd *self = getpwuid(getuid());
    size_t len = self ? strlen(self->pw_name) : sizeof(name);

    if (len >= sizeof(name))
        fail_without_account();
    return memcpy(name, self->pw_name, len + 1);
}

void command_line_parse(int argc, char **argv, unsigned allowed, const char *usage,
                        struct command_line *ret)
{
    struct command_line line = {0};
    const char *program = argv[0];
    int code;

    optind = 0; /* from the start again: passkeyctl has looked for its command already */
    opterr = 0;
    refusals_are_json = command_line_wants_json(argc, argv);
    while ((code = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (code == '?' || code == ':')
            refuse_option(program, argv, code == ':');
        if (code == CODE_HELP || code == 'h') {
            (void)fputs(usage, stdout);
            exit(EXIT_DONE);
        }
        if (code == CODE_VERSION) {
            (void)printf("%s %s\n", PACKAGE_NAME, PACKAGE_VERSION);
            exit(EXIT_DONE);
        }
        if (!allowed_here(code, allowed))
            refuse_for_command(program, code);
        read_option(program, code, &line);
    }
    if (!line.user)
        line.user = own_name();
    line.arguments = argv + optind;
    line.argument_count = argc - optind;
    *ret = line;
}

void session_close(struct session *session)
{
    polkit_agent_stop(&session->polkit_agent);
    pk_bus_close(session->bus);
    session->bus = NULL;
}

enum pk_status session_prepare(struct session *session)
{
    return terminal_prepare(&session->terminal);
}

enum pk_status session_connect(struct session *session)
{
    enum pk_status status = pk_bus_open(DEADLINE, session->terminal.cancel_fd, &session->bus);

    return status == PK_OK ? pk_bus_find_daemon(session->bus) : status;
}

enum pk_status session_open(struct session *session)
{
    enum pk_status status = session_prepare(session);

    return status == PK_OK ? session_connect(session) : status;
}

void session_allow_questions(struct session *session)
{
    polkit_agent_start(session->terminal.cancel_fd, &session->polkit_agent);
    pk_bus_set_interactive(session->bus, true);
}

enum pk_status session_open_ticket(const struct session *session, int *ret_fd)
{
    const char *path = session->line.ticket_file;
    PK_AUTO_SECRET struct pk_secret ticket = {0};
    PK_AUTO_CLOSE int file = -1;
    enum pk_status status;

    if (!path)
        return PK_OK;
    file = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                  : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return PK_IO;
    status = pk_secret_read_fd(file, &ticket);
    if (status == PK_OK)
        status = pk_bus_secret_pipe(&ticket, ret_fd);
    return status;
}

const char *session_explain(enum pk_status status)
{
    switch (status) {
    case PK_UNAVAILABLE:
        return "passkeyd cannot be reached; \"passkeyctl check\" says why";
    case PK_TIMEOUT:
        return "passkeyd did not answer in time; \"passkeyctl check\" says what may be wrong";
    case PK_CANCELLED:
        return "given up";
    case PK_PROTOCOL:
        return "passkeyd gave an answer that makes no sense; are both of the same version?";
    default:
        return client_outcome(status);
    }
}

int session_fail(const struct session *session, enum pk_status status, const char *text)
{
    if (!text && session->bus && *pk_bus_error_text(session->bus))
        text = pk_bus_error_text(session->bus);
    if (!text)
        text = session_explain(status);
    if (session->line.json)
        print_json(json_pack("{s:b, s:s, s:s}", "ok", 0, "reason", pk_status_name(status),
                             "message", text));
    else
        (void)fprintf(stderr, "%s\n", text);
    if (terminal_interrupted(&session->terminal))
        return EXIT_INTERRUPTED;
    return status == PK_UNAVAILABLE ? EXIT_UNAVAILABLE : EXIT_REFUSED;
}

int session_fail_to_read(const struct session *session, enum pk_status status, const char *what,
                         const char *path)
{
    const char *why = status == PK_IO ? strerror(errno) : "it is longer than one can be";
    PK_AUTO_FREE char *from = pk_text_printable(path, PATH_MAX);
    PK_AUTO_FREE char *text =
        pk_text_format("The %s cannot be read from %s: %s.", what, from ? from : "there", why);

    return session_fail(session, status, text);
}

void print_json(json_t *object)
{
    if (object)
        (void)json_dumpf(object, stdout, JSON_COMPACT);
    (void)fputc('\n', stdout);
    json_decref(object);
}
