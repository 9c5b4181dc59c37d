/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ssh/enroll.h"

#include "client/capture.h"
#include "client/outcome.h"
#include "client/ssh/destination.h"
#include "client/ssh/environment.h"
#include "client/ssh/hook.h"
#include "client/ssh/watch.h"
#include "client/terminal.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOT_RUN = 126, EXIT_NO_PROGRAM = 127 };

#define ANSWER_MAX (PK_FORWARD_PARTS_MAX * (PK_FORWARD_LINE_MAX + 1))
#define INPUT_MAX  4096 /* read from the person's terminal at once */

struct relay {
    int master;  /* of ssh's terminal; writing to it does not wait: ssh may not read */
    int signals; /* window size, and those that end this program */
    int hang_up; /* readable with those of the latter that passkey-askpass does not get itself */
    pid_t ssh;
    struct termios before; /* of the person's terminal */
    struct ssh_watch watch;
    bool blank; /* the one behind the question that was answered may be still to come */
    char *host;
    char *askpass;
    bool input_ended; /* of the person's terminal */
    /* On its way to ssh. Nothing more is read from the person until it is gone. */
    uint8_t pending[INPUT_MAX + PK_FORWARD_LINE_MAX + 1];
    size_t pending_len;
};

static void relay_clear(struct relay *relay)
{
    cleanup_close_fd(&relay->master);
    cleanup_close_fd(&relay->signals);
    cleanup_close_fd(&relay->hang_up);
    ssh_watch_clear(&relay->watch);
    free(relay->host);
    free(relay->askpass);
}

/* False when the buffer is full, because ssh does not read. */
static bool append(struct relay *relay, const void *data, size_t len)
{
    if (len > sizeof(relay->pending) - relay->pending_len)
        return false;
    memcpy(relay->pending + relay->pending_len, data, len);
    relay->pending_len += len;
    return true;
}

static bool write_pending(struct relay *relay)
{
    ssize_t written = write(relay->master, relay->pending, relay->pending_len);

    if (written < 0)
        return errno == EINTR || errno == EAGAIN;
    relay->pending_len -= (size_t)written;
    memmove(relay->pending, relay->pending + written, relay->pending_len);
    return true;
}

/* Every byte goes to ssh's terminal as it is, whose line discipline handles it. */
static void set_raw(const struct relay *relay)
{
    struct termios raw = relay->before;

    cfmakeraw(&raw);
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static void set_as_before(const struct relay *relay)
{
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &relay->before);
}

static void pass_window_size(const struct relay *relay)
{
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
        (void)ioctl(relay->master, TIOCSWINSZ, &size);
}

/* False when it is time to end. interrupts: whether those of the keyboard end it too. */
static bool take_signals(const struct relay *relay, bool interrupts)
{
    struct signalfd_siginfo info;
    bool go_on = true;

    while (read(relay->signals, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGWINCH)
            pass_window_size(relay);
        else if (interrupts || (info.ssi_signo != SIGINT && info.ssi_signo != SIGQUIT))
            go_on = false;
    }
    return go_on;
}

/*
 * passkey-askpass has the person's terminal to itself meanwhile: it asks for PINs there. It ends
 * with ssh, whose terminal is closed then: nobody should be looking for a key or a phone for a host
 * that has gone.
 */
static enum pk_status ask_key(struct relay *relay, const struct pk_forward_request *request)
{
    PK_AUTO_BYTES struct pk_bytes output = {0};
    PK_AUTO_FREE char *line = NULL;
    PK_AUTO_FREE char *pid = pk_text_format("%d", (int)relay->ssh);
    char host[] = "--host", ssh[] = "--ssh";
    char *argv[] = {relay->askpass, host, relay->host, ssh, pid, NULL};
    const struct pollfd ends[] = {{.fd = relay->master}, {.fd = relay->hang_up, .events = POLLIN}};
    struct capture capture = {.program = relay->askpass,
                              .argv = argv,
                              .max = ANSWER_MAX,
                              .ends = ends,
                              .end_count = sizeof(ends) / sizeof(ends[0])};
    int code = 0;
    enum pk_status status = pid ? pk_forward_request_encode(request, &line) : PK_NO_MEMORY;

    if (status != PK_OK)
        return status;
    capture.input = pk_view_string(line);
    set_as_before(relay);
    /* The host has written to the terminal, and must not hide from the person what they approve. */
    terminal_reset();
    (void)fputc('\n', stderr);
    status = capture_run(&capture, &output, &code);
    set_raw(relay);
    if (status != PK_OK)
        return status;
    return ssh_watch_answered(&relay->watch, request,
                              code == 0 ? pk_view_of(&output) : (struct pk_view){0});
}

/* An empty line, where there is no answer, ends the enrolment on the other side. */
static bool answer(struct relay *relay, const struct pk_forward_request *request)
{
    bool wants_key = ssh_watch_wants_key(&relay->watch, request);
    const char *line;

    if (wants_key && ask_key(relay, request) != PK_OK)
        relay->watch.answered = true;
    if (wants_key && !take_signals(relay, false))
        return false;
    line = ssh_watch_line(&relay->watch, request);
    if (!line && !wants_key)
        return true;
    return append(relay, line ? line : "", line ? strlen(line) : 0) && append(relay, "\r", 1);
}

/* What ssh prints goes to the person first: the request is seen before it is answered. */
static bool pass_output(struct relay *relay)
{
    uint8_t buffer[4096];
    ssize_t got = read(relay->master, buffer, sizeof(buffer));
    size_t skipped = relay->blank && got > 0 && buffer[0] == ' ' ? 1 : 0;

    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (got <= 0 || pk_write_all(STDOUT_FILENO, (struct pk_view){buffer + skipped,
                                                                 (size_t)got - skipped}) != PK_OK)
        return false;
    relay->blank = false;
    for (ssize_t i = 0; i < got; i++) {
        PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};

        if (ssh_watch_byte(&relay->watch, buffer[i], &request) != PK_OK)
            continue;
        if (!answer(relay, &request))
            return false;
        relay->blank = i + 1 == got;
    }
    return true;
}

static bool pass_input(struct relay *relay)
{
    uint8_t buffer[INPUT_MAX];
    ssize_t got = read(STDIN_FILENO, buffer, sizeof(buffer));

    if (got < 0 && errno == EINTR)
        return true;
    relay->input_ended = got <= 0;
    return relay->input_ended || append(relay, buffer, (size_t)got);
}

/* Until ssh's terminal is closed: ssh has ended. */
static void pass_through(struct relay *relay)
{
    for (;;) {
        bool full = relay->pending_len > 0;
        struct pollfd events[] = {
            {.fd = relay->master, .events = (short)(full ? POLLIN | POLLOUT : POLLIN)},
            {.fd = relay->signals, .events = POLLIN},
            {.fd = relay->input_ended || full ? -1 : STDIN_FILENO, .events = POLLIN}};

        if (poll(events, 3, -1) < 0 && errno != EINTR)
            return;
        if (events[1].revents && !take_signals(relay, true))
            return;
        if (events[2].revents && !pass_input(relay))
            return;
        if ((events[0].revents & POLLOUT) && !write_pending(relay))
            return;
        if ((events[0].revents & ~POLLOUT) && !pass_output(relay))
            return;
    }
}

static enum pk_status catch_signals(struct relay *relay)
{
    static const int numbers[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGWINCH};
    sigset_t signals;

    (void)sigemptyset(&signals);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        (void)sigaddset(&signals, numbers[i]);
        if (numbers[i] == SIGHUP) /* the keyboard's go to passkey-askpass, too */
            relay->hang_up = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    }
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        return PK_IO;
    relay->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return relay->signals < 0 || relay->hang_up < 0 ? PK_IO : PK_OK;
}

static _Noreturn void run_ssh(char *const *argv)
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execvp(argv[0], argv);
    (void)fprintf(stderr, "passkey-ssh: ssh: %s\n", strerror(errno));
    _exit(EXIT_NO_PROGRAM);
}

/* ssh -t [-oKnownHostsCommand=...] ARGUMENTS... passkey-enroll */
static enum pk_status start(struct relay *relay, char *const *arguments, size_t count)
{
    PK_AUTO_FREE char **argv = calloc(count + 5, sizeof(*argv));
    PK_AUTO_FREE char *hook = NULL;
    char name[] = "ssh", option[] = "-t", command[] = "passkey-enroll";
    struct winsize size;
    size_t at = 0;

    if (!argv || ssh_hook_find(PROGRAM_SSH, arguments, count, &hook) == PK_NO_MEMORY)
        return PK_NO_MEMORY;
    argv[at++] = name;
    argv[at++] = option;
    if (hook)
        argv[at++] = hook;
    memcpy(argv + at, arguments, count * sizeof(*argv));
    argv[at + count] = command;
    relay->ssh = forkpty(&relay->master, NULL, &relay->before,
                         ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 ? &size : NULL);
    if (relay->ssh == 0)
        run_ssh(argv);
    if (relay->ssh < 0)
        return PK_IO;
    (void)fcntl(relay->master, F_SETFL, O_NONBLOCK);
    return PK_OK;
}

/* An ssh that still runs ends when its terminal is closed. */
static int end(struct relay *relay)
{
    int status = 0;

    set_as_before(relay);
    (void)close(pk_steal_fd(&relay->master));
    while (waitpid(relay->ssh, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int fail(enum pk_status status)
{
    if (status == PK_INVALID_ARGUMENT)
        return EXIT_USAGE; /* ssh has said why */
    if (status == PK_INVALID_INPUT)
        (void)fprintf(stderr, "passkey-ssh: the host's name has characters that are not expected "
                              "in one\n");
    else
        (void)fprintf(stderr, "passkey-ssh: %s\n", client_outcome(status));
    return EXIT_FAILED;
}

int ssh_enroll(char *const *arguments, size_t count)
{
    __attribute__((cleanup(relay_clear))) struct relay relay = {
        .master = -1, .signals = -1, .hang_up = -1};
    enum pk_status status;

    if (tcgetattr(STDIN_FILENO, &relay.before) < 0) {
        (void)fprintf(stderr, "passkey-ssh: --enroll needs a terminal\n");
        return EXIT_NOT_RUN;
    }
    status = ssh_destination_ask(arguments, count, &relay.host);
    if (status == PK_OK)
        status = ssh_askpass_path(&relay.askpass);
    if (status == PK_OK)
        status = ssh_watch_new(&relay.watch);
    if (status == PK_OK)
        status = catch_signals(&relay);
    /* The host may have no passkey of this person's yet: its sign-in waits for none. */
    if (status == PK_OK && setenv("PASSKEY_SSH_ENROLLS", "1", 1) < 0)
        status = PK_NO_MEMORY;
    if (status == PK_OK)
        status = start(&relay, arguments, count);
    if (status != PK_OK)
        return fail(status);
    set_raw(&relay);
    pass_through(&relay);
    return end(&relay);
}
