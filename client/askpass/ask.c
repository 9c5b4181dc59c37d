/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/ask.h"

#include "client/askpass/prompt.h"
#include "client/command_line.h"
#include "client/outcome.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/limits.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>

#define FALLBACK "PASSKEY_ASKPASS_FALLBACK"

/* Whatever punctuation follows. */
static bool ends_with(const char *prompt, const char *ending)
{
    size_t len = strlen(prompt), ending_len = strlen(ending);

    while (len > 0 && strchr(" ?:\n", prompt[len - 1]))
        len--;
    return len >= ending_len && strncmp(prompt + len - ending_len, ending, ending_len) == 0;
}

static bool is_host_key_question(const char *prompt)
{
    static const char again[] = "Please type 'yes'";

    return strncmp(prompt, again, strlen(again)) == 0 || ends_with(prompt, "(yes/no)") ||
           ends_with(prompt, "(yes/no/[fingerprint])");
}

/*
 * "Username for 'https://forge.example.org': " (git), "Username for \"https://forge.example.org\""
 * (git-lfs), "Username: " (git-svn, Subversion), and nothing before, behind or on another line: in
 * "Username for 'x'@web1's password: " the same words are somebody's strange name.
 */
static bool is_user_name_question(const char *prompt)
{
    static const char *const names[] = {"username", "user name", "login"};
    static const char purpose[] = " for ";
    size_t len = strlen(prompt);

    while (len > 0 && strchr(" :\n", prompt[len - 1]))
        len--;
    if (memchr(prompt, '\n', len))
        return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t name = strlen(names[i]), quoted = name + strlen(purpose);

        if (len < name || strncasecmp(prompt, names[i], name) != 0)
            continue;
        if (len == name)
            return true;
        if (len > quoted + 1 && strncmp(prompt + name, purpose, strlen(purpose)) == 0 &&
            (prompt[quoted] == '\'' || prompt[quoted] == '"') && prompt[len - 1] == prompt[quoted])
            return true;
    }
    return false;
}

bool askpass_may_be_seen(const char *prompt)
{
    AUTO_ASKPASS_PREFIX struct askpass_prefix prefix = {0};

    if (askpass_prefix_parse(prompt, &prefix) != PK_NOT_FOUND)
        return false;
    return is_host_key_question(prompt) || is_user_name_question(prompt);
}

/* The variable is unset, so that a fallback that runs this program again does not loop. */
static int run_fallback(const char *fallback, char **argv)
{
    PK_AUTO_FREE char *program = strdup(fallback);

    if (!program || unsetenv(FALLBACK) < 0)
        return EXIT_REFUSED;
    argv[0] = program;
    (void)execvp(program, argv);
    (void)fprintf(stderr, "passkey-askpass: %s (" FALLBACK "): %s\n", program, strerror(errno));
    return EXIT_REFUSED;
}

/* ssh's prompts end in a blank; the terminal's questions get theirs when they are asked. */
static char *question_of(const char *prompt)
{
    size_t len = strlen(prompt);

    while (len > 0 && (prompt[len - 1] == ' ' || prompt[len - 1] == '\n'))
        len--;
    return strndup(prompt, len);
}

static enum pk_status ask_and_print(const char *question, bool echo,
                                    const struct terminal *terminal)
{
    PK_AUTO_SECRET struct pk_secret answer = {0};
    enum pk_status status;

    if (echo) {
        PK_AUTO_FREE char *seen = NULL;

        status = terminal_ask(terminal, question, &seen);
        if (status == PK_OK)
            status = pk_secret_copy(pk_view_string(seen), &answer);
    } else {
        status = terminal_ask_secret(terminal, question, &answer);
    }
    if (status == PK_OK)
        status = pk_write_all(STDOUT_FILENO, pk_secret_view(&answer));
    return status == PK_OK ? pk_write_all(STDOUT_FILENO, pk_view_string("\n")) : status;
}

static enum pk_status confirm(const char *question, const struct terminal *terminal)
{
    PK_AUTO_FREE char *answer = NULL;
    enum pk_status status = terminal_ask(terminal, question, &answer);

    if (status != PK_OK)
        return status;
    return strcasecmp(answer, "yes") == 0 ? PK_OK : PK_DENIED;
}

/* ssh ends this with SIGTERM once it is over; should ssh itself end first, the kernel does. */
static enum pk_status show_until_signal(const char *text, const struct terminal *terminal)
{
    struct pollfd ended = {.fd = terminal->cancel_fd, .events = POLLIN};
    pid_t parent = getppid();

    (void)fprintf(stderr, "%s\n", text);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
        return PK_IO;
    while (getppid() == parent && poll(&ended, 1, -1) < 0)
        if (errno != EINTR)
            return PK_IO;
    return PK_OK;
}

static int fail(enum pk_status status, const struct terminal *terminal)
{
    if (status == PK_OK)
        return EXIT_DONE;
    if (terminal_interrupted(terminal))
        return EXIT_INTERRUPTED;
    if (status == PK_UNAVAILABLE)
        (void)fprintf(stderr, "passkey-askpass: there is no terminal to ask on; " FALLBACK
                              " can name a program with a window\n");
    else if (status == PK_TOO_LARGE)
        (void)fprintf(stderr, "passkey-askpass: an answer has %d characters at most\n",
                      PK_SECRET_MAX);
    else if (status != PK_DENIED && status != PK_CANCELLED)
        (void)fprintf(stderr, "passkey-askpass: %s\n", client_outcome(status));
    return EXIT_REFUSED;
}

int askpass_ask(char **argv, const struct terminal *terminal)
{
    PK_AUTO_FREE char *question = question_of(argv[1]);
    const char *fallback = getenv(FALLBACK), *hint = getenv("SSH_ASKPASS_PROMPT");

    if (fallback && *fallback)
        return run_fallback(fallback, argv);
    if (!question)
        return fail(PK_NO_MEMORY, terminal);
    if (hint && strcmp(hint, "none") == 0)
        return fail(show_until_signal(question, terminal), terminal);
    if (hint && strcmp(hint, "confirm") == 0)
        return fail(confirm(question, terminal), terminal);
    return fail(ask_and_print(question, askpass_may_be_seen(argv[1]), terminal), terminal);
}
