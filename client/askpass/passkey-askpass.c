/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ssh starts this as SSH_ASKPASS with the prompt as its only argument and takes the first line of
 * its standard output for the answer; an exit code other than 0 is an empty answer.
 */
#include "client/askpass/ask.h"
#include "client/askpass/parts.h"
#include "client/askpass/paste.h"
#include "client/askpass/prompt.h"
#include "client/askpass/request.h"
#include "client/command_line.h"
#include "client/outcome.h"
#include "common/base/cleanup.h"

#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: SSH_ASKPASS=passkey-askpass SSH_ASKPASS_REQUIRE=force ssh ...\n"
    "       passkey-askpass --host HOST [--port PORT | --ssh PID] <REQUEST\n"
    "Answers a remote host's request for a passkey with a key of this computer, or\n"
    "with a phone that is with you.\n"
    "\n"
    "As SSH_ASKPASS it is given a prompt and prints the answer; passkey-ssh sets that\n"
    "up. A prompt that holds no request is asked on the terminal, or handed to the\n"
    "program that PASSKEY_ASKPASS_FALLBACK names.\n"
    "By hand it reads a request (\"passkey2:...\") that was copied from a terminal and\n"
    "prints what to paste there.\n"
    "\n"
    "  --host HOST          the host that shows the request\n"
    "  --port PORT          its port, where your ssh_config does not say it\n"
    "  --ssh PID            the ssh process that is connected to it\n"
    "  --help, --version    print this text, or the version\n"
    "\n"
    "Exit status: 0 answered, 1 refused or failed, 2 wrong usage, 130 interrupted.\n";

static int refuse(const char *what)
{
    (void)fprintf(stderr, "passkey-askpass: %s\nTry 'passkey-askpass --help'.\n", what);
    return EXIT_USAGE;
}

/* The reason, where there is more to say, was printed where it failed. */
static int fail(enum pk_status status, const struct terminal *terminal)
{
    if (terminal_interrupted(terminal))
        return EXIT_INTERRUPTED;
    (void)fprintf(stderr, "passkey-askpass: no answer is given\n");
    if (status == PK_NO_MEMORY || status == PK_IO || status == PK_INTERNAL)
        (void)fprintf(stderr, "  %s\n", client_outcome(status));
    return EXIT_REFUSED;
}

static int print_lines(const struct pk_strings *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (printf("%s\n", lines->items[i]) < 0)
            return EXIT_REFUSED;
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_REFUSED;
}

/* The next line of an answer that was begun in an earlier round. */
static int answer_more(const struct pk_forward_request *request, const char *host,
                       const struct terminal *terminal)
{
    PK_AUTO_FREE char *origin = askpass_origin(host);
    PK_AUTO_FREE char *line = NULL;
    enum pk_status status =
        origin ? askpass_parts_take(request->nonce, origin, request->part, &line) : PK_NO_MEMORY;

    if (status != PK_OK) {
        (void)fprintf(stderr,
                      "passkey-askpass: %s asks for a part of an answer that is not kept "
                      "for it.\n"
                      "  Begin the sign-in again.\n",
                      host);
        return fail(status, terminal);
    }
    return print_lines(&(struct pk_strings){.items = &line, .count = 1}, 1);
}

static int answer_prefixed(const struct pk_forward_request *request,
                           const struct askpass_asker *asker, const struct terminal *terminal)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings lines = {0};
    PK_AUTO_FREE char *origin = NULL;
    enum pk_status status;

    if (request->kind == PK_FORWARD_MORE)
        return answer_more(request, asker->host, terminal);
    status = askpass_request_answer(request, asker, terminal, &lines);
    if (status != PK_OK)
        return fail(status, terminal);
    origin = askpass_origin(asker->host);
    status = origin ? askpass_parts_keep(request->nonce, origin, &lines) : PK_NO_MEMORY;
    if (status != PK_OK) {
        (void)fprintf(stderr, "passkey-askpass: the answer takes several rounds, and there is no "
                              "safe place to keep it\n"
                              "  ($XDG_RUNTIME_DIR/passkey or ~/.cache/passkey, a folder of yours "
                              "with mode 700)\n");
        return fail(status, terminal);
    }
    return print_lines(&lines, 1);
}

/* The prompt is the server's text, except for the prefix that ssh wrote. */
static int answer_prompt(const char *prompt, struct pk_view line, const struct terminal *terminal)
{
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    AUTO_ASKPASS_PREFIX struct askpass_prefix prefix = {0};
    struct askpass_ssh ssh = {0};
    struct askpass_asker asker;
    enum pk_status status = askpass_prefix_parse(prompt, &prefix);

    /* Any other program may pass on a prefix that the server wrote. */
    if (status == PK_NOT_FOUND || askpass_ssh_find(&ssh) != PK_OK) {
        (void)fprintf(stderr,
                      "passkey-askpass: a passkey was asked for, but ssh does not say by which "
                      "host:\n"
                      "  only an ssh of OpenSSH 8.5 or later that is root's file, called ssh, is "
                      "believed.\n"
                      "  Nothing was signed.\n");
        return EXIT_REFUSED;
    }
    if (status != PK_OK) {
        (void)fprintf(stderr, "passkey-askpass: the host's or the account's name has characters "
                              "that are not expected\n"
                              "  in one. Nothing was signed.\n");
        return fail(status, terminal);
    }
    status = pk_forward_request_decode(line, &request);
    if (status != PK_OK) {
        (void)fprintf(stderr,
                      "passkey-askpass: %s asks for a passkey in a form that this version "
                      "does not understand.\n"
                      "  Nothing was signed. Is its passkeyd newer than this?\n",
                      prefix.host);
        return fail(status, terminal);
    }
    /* A sign-in never enrols: a server that asks for it during one is not to be trusted. */
    if (request.kind == PK_FORWARD_CREATE) {
        (void)fprintf(stderr,
                      "passkey-askpass: REFUSED: %s asks for a new passkey while you sign in\n"
                      "  To enrol one there, run passkey-ssh --enroll %s\n",
                      prefix.host, prefix.host);
        return EXIT_REFUSED;
    }
    asker = (struct askpass_asker){.host = prefix.host, .user = prefix.user, .ssh = &ssh};
    return answer_prefixed(&request, &asker, terminal);
}

/* Where the person says that a pasted request is shown. */
struct place {
    const char *host;
    const char *port;
    const char *ssh; /* a process id */
};

static enum pk_status read_number(const char *text, unsigned max, unsigned *ret)
{
    char *end = NULL;
    unsigned long value = *text >= '1' && *text <= '9' ? strtoul(text, &end, 10) : 0;

    if (value == 0 || value > max || *end)
        return PK_INVALID_INPUT;
    *ret = (unsigned)value;
    return PK_OK;
}

/* asker refers to host and ssh, which are written. */
static enum pk_status read_place(const struct place *place, char **host, struct askpass_ssh *ssh,
                                 struct askpass_asker *asker)
{
    unsigned pid = 0;
    enum pk_status status = askpass_host_parse(pk_view_string(place->host), host);

    if (status == PK_INVALID_INPUT)
        (void)fprintf(stderr, "passkey-askpass: a host's name or address is expected, as you give "
                              "it to ssh\n");
    if (status != PK_OK)
        return status;
    *asker = (struct askpass_asker){.host = *host};
    if (place->port && read_number(place->port, UINT16_MAX, &asker->port) != PK_OK) {
        (void)fprintf(stderr, "passkey-askpass: --port takes a number from 1 to 65535\n");
        return PK_INVALID_INPUT;
    }
    if (!place->ssh)
        return PK_OK;
    asker->ssh = ssh;
    if (read_number(place->ssh, INT_MAX, &pid) != PK_OK ||
        askpass_ssh_check((pid_t)pid, ssh) != PK_OK) {
        (void)fprintf(stderr, "passkey-askpass: --ssh takes the process id of an ssh of yours, of "
                              "OpenSSH 8.5 or later\n");
        return PK_INVALID_INPUT;
    }
    return PK_OK;
}

static int answer_pasted(const struct place *place, const struct terminal *terminal)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings lines = {0};
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    PK_AUTO_FREE char *host = NULL;
    struct askpass_ssh ssh = {0};
    struct askpass_asker asker;
    enum pk_status status = read_place(place, &host, &ssh, &asker);

    if (status == PK_INVALID_INPUT)
        return EXIT_USAGE;
    if (status != PK_OK)
        return fail(status, terminal);
    status = askpass_paste_read(STDIN_FILENO, terminal, &request);
    if (status != PK_OK && status != PK_CANCELLED)
        (void)fprintf(stderr, status == PK_NOT_FOUND
                                  ? "passkey-askpass: no line begins with \"passkey2:\" or "
                                    "\"passkey1:\"\n"
                                  : "passkey-askpass: that is no whole request, or one of "
                                    "another version\n");
    if (status == PK_OK && request.kind == PK_FORWARD_MORE) {
        (void)fprintf(stderr, "passkey-askpass: this asks for the next line of the answer that "
                              "was printed before\n");
        return EXIT_REFUSED;
    }
    if (status == PK_OK)
        status = askpass_request_answer(&request, &asker, terminal, &lines);
    if (status != PK_OK)
        return fail(status, terminal);
    if (lines.count > 1 && isatty(STDOUT_FILENO))
        (void)fprintf(stderr,
                      "Paste these %zu lines one after the other, each when it is asked "
                      "for:\n",
                      lines.count);
    return print_lines(&lines, lines.count);
}

/* "--host HOST", and perhaps "--port PORT" or "--ssh PID". */
static bool read_options(int argc, char **argv, struct place *ret)
{
    struct place place = {0};

    for (int i = 1; i < argc; i += 2) {
        const char **value = strcmp(argv[i], "--host") == 0   ? &place.host
                             : strcmp(argv[i], "--port") == 0 ? &place.port
                             : strcmp(argv[i], "--ssh") == 0  ? &place.ssh
                                                              : NULL;

        if (!value || *value || i + 1 == argc)
            return false;
        *value = argv[i + 1];
    }
    if (!place.host || (place.port && place.ssh))
        return false;
    *ret = place;
    return true;
}

/* argv[1] is a prompt, unless it is an option; ssh's own never begin with a dash. */
static int run(int argc, char **argv, const struct terminal *terminal)
{
    const char *hint = getenv("SSH_ASKPASS_PROMPT");
    struct place place;
    struct pk_view line;

    /* Not asked for: what is pasted could answer such a question too. */
    if (argc == 1)
        return refuse("say with --host which host shows the request");
    if (read_options(argc, argv, &place))
        return answer_pasted(&place, terminal);
    if (argc > 2 && argv[1][0] != '-')
        return refuse("one prompt is expected");
    if (argv[1][0] == '-')
        return refuse("unknown option, one without its value, or options that do not go together");
    /* A hint means a question of ssh's or an agent's own, never a server's. */
    if (!hint &&
        pk_forward_request_find(pk_view_string(askpass_prompt_body(argv[1])), &line) == PK_OK)
        return answer_prompt(argv[1], line, terminal);
    return askpass_ask(argv, terminal);
}

int main(int argc, char **argv)
{
    struct terminal terminal = {.cancel_fd = -1};

    (void)setlocale(LC_ALL, "");
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0 ? EXIT_REFUSED : EXIT_DONE;
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("%s %s\n", PACKAGE_NAME, PACKAGE_VERSION) < 0 ? EXIT_REFUSED : EXIT_DONE;
    if (terminal_prepare(&terminal) != PK_OK)
        return EXIT_REFUSED;
    return run(argc, argv, &terminal);
}
