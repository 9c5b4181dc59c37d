/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passkey_approval: an approval plugin of sudo, sudo_plugin(5). Asks passkeyd, before each command,
 * for the passkey of whoever calls sudo, and says what sudo itself made of the command. It decides
 * nothing: the daemon's "ok" for exactly this user lets the command run, and there is one line that
 * says so. Whatever else happens refuses, and says why, because sudo itself would say nothing.
 */
#include "common/base/cleanup.h"
#include "common/base/ssh_connection.h"
#include "common/base/text.h"
#include "common/bus/conversation.h"
#include "pam/agent.h"
#include "pam/approval_record.h"
#include "pam/command.h"
#include "pam/options.h"
#include "pam/process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sudo_plugin.h>
#include <sys/signalfd.h>

#define EXPORTED __attribute__((visibility("default")))

#define APPROVED 1
#define REFUSED  0
/* Of open(). It must never return 0: sudo would run the command without asking check(). */
#define OPENED 1
#define FAILED (-1)

/*
 * Seconds: to connect and for the first reply, for which nobody has to do anything. After it the
 * daemon's own deadline counts, as long as it lives.
 */
#define FIRST_REPLY 3

#define MEMBERS_MAX 20

/* What open() was given. Everything is sudo's, and stays until close(). */
static struct {
    sudo_conv_t conversation;
    sudo_printf_t print;
    char *const *user_info;
    char *const *environment; /* the caller's; nothing of it is believed but that it is remote */
    struct options options;
    bool nobody_types; /* questions are declined: their answers would be no person's */
    bool root;         /* root calls sudo: nobody approves that */
} plugin;

/* One question to the daemon. */
struct approval {
    sigset_t before; /* the signal mask that check() found */
    bool unasked;    /* a question was declined because nobody types */
    bool interrupted;
    char rhost[PK_SSH_ADDRESS_MAX + 1];
    int record, agent; /* -1: none */
    struct pk_bus_member members[MEMBERS_MAX];
    size_t count;
};

static void approval_clear(struct approval *approval)
{
    cleanup_close_fd(&approval->record);
    cleanup_close_fd(&approval->agent);
}

static void complain(const char *text)
{
    if (plugin.print)
        (void)plugin.print(SUDO_CONV_ERROR_MSG, "sudo: passkey_approval: %s\n", text);
}

/* --- the dialogue ----------------------------------------------------------------------------- */

/*
 * While the daemon is waited for, the signals that end sudo are blocked and seen by a descriptor.
 * They stay pending, so that sudo itself ends by them once it has its answer.
 */
static void fill_ending(sigset_t *ret)
{
    (void)sigemptyset(ret);
    (void)sigaddset(ret, SIGINT);
    (void)sigaddset(ret, SIGQUIT);
    (void)sigaddset(ret, SIGTERM);
    (void)sigaddset(ret, SIGHUP);
}

static void block_ending(sigset_t *ret_before)
{
    sigset_t ending;

    fill_ending(&ending);
    (void)sigprocmask(SIG_BLOCK, &ending, ret_before);
}

/* Unlike the daemon, a person is waited for with the signals as sudo has them: they interrupt it.
 */
static enum pk_status converse(struct approval *approval, int type, const char *text,
                               struct sudo_conv_reply *reply)
{
    const struct sudo_conv_message message = {.msg_type = type, .msg = text};
    int result;

    (void)sigprocmask(SIG_SETMASK, &approval->before, NULL);
    errno = 0;
    result = plugin.conversation(1, &message, reply, NULL);
    if (result != 0 && errno == EINTR)
        approval->interrupted = true;
    block_ending(&approval->before);
    return result == 0 ? PK_OK : PK_IO;
}

static enum pk_status show(struct approval *approval, int type, const char *text)
{
    PK_AUTO_FREE char *line = pk_text_format("%s\n", text);
    struct sudo_conv_reply none = {0};

    return line ? converse(approval, type | SUDO_CONV_PREFER_TTY, line, &none) : PK_NO_MEMORY;
}

static enum pk_status info(void *context, const char *event, const char *text)
{
    return plugin.options.quiet && !options_needs_act(event)
               ? PK_OK
               : show(context, SUDO_CONV_INFO_MSG, text);
}

static enum pk_status error(void *context, const char *reason, const char *text)
{
    (void)reason;
    return show(context, SUDO_CONV_ERROR_MSG, text);
}

static void drop(char *reply)
{
    if (reply)
        explicit_bzero(reply, strlen(reply));
    free(reply);
}

/* A question that nobody would answer is declined, and the daemon decides what follows. */
static enum pk_status question(struct approval *approval, int type, const char *text,
                               char **ret_reply)
{
    struct sudo_conv_reply reply = {0};
    enum pk_status status;

    if (plugin.nobody_types) {
        approval->unasked = true;
        return PK_CANCELLED;
    }
    status = converse(approval, type, text, &reply);
    if (status == PK_OK && !reply.reply)
        return PK_CANCELLED;
    if (status != PK_OK) {
        drop(reply.reply);
        return status;
    }
    *ret_reply = reply.reply;
    return PK_OK;
}

static enum pk_status ask(void *context, const char *event, const char *text, char **ret_answer)
{
    (void)event;
    return question(context, SUDO_CONV_PROMPT_ECHO_ON, text, ret_answer);
}

static enum pk_status ask_secret(void *context, const char *event, const char *text,
                                 struct pk_secret *ret_answer)
{
    char *reply = NULL;
    enum pk_status status = question(context, SUDO_CONV_PROMPT_ECHO_OFF, text, &reply);

    (void)event;
    if (status != PK_OK)
        return status;
    status = pk_secret_copy(pk_view_string(reply), ret_answer);
    drop(reply);
    return status;
}

static const struct pk_prompt_ops prompt_ops = {
    .info = info, .error = error, .ask = ask, .ask_secret = ask_secret};

/* --- what the daemon is told ------------------------------------------------------------------ */

static void add_string(struct approval *approval, const char *name, const char *value)
{
    if (value && *value)
        approval->members[approval->count++] =
            (struct pk_bus_member){.name = name, .type = 's', .string = value};
}

static void add_number(struct approval *approval, const char *name, uint32_t number)
{
    approval->members[approval->count++] =
        (struct pk_bus_member){.name = name, .type = 'u', .number = number};
}

static void add_descriptor(struct approval *approval, const char *name, int fd)
{
    if (fd >= 0)
        approval->members[approval->count++] =
            (struct pk_bus_member){.name = name, .type = 'h', .fd = fd};
}

static void add_members(struct approval *approval, const char *user)
{
    const struct process process = process_of_this();

    add_string(approval, "act", "approve");
    add_descriptor(approval, "resolved", approval->record);
    add_descriptor(approval, "agent", approval->agent);
    add_string(approval, "service", "sudo");
    add_string(approval, "ruser", user);
    add_string(approval, "tty", approval_find(plugin.user_info, "tty"));
    add_string(approval, "rhost", approval->rhost);
    add_string(approval, "rp", plugin.options.rp);
    add_string(approval, "methods", plugin.options.methods);
    add_string(approval, "uv", plugin.options.uv);
    add_number(approval, "real-uid", process.real_uid);
    add_number(approval, "login-uid", process.login_uid);
    add_number(approval, "audit-session", process.audit_session);
    add_number(approval, "terminal", process.terminal);
    if (plugin.options.timeout)
        add_number(approval, "timeout", plugin.options.timeout);
}

static enum pk_status collect(const struct approval_facts *facts, const char *user,
                              struct approval *approval)
{
    PK_AUTO_BYTES struct pk_bytes record = {0};
    enum pk_status status = approval_record(facts, &record);

    if (status == PK_OK)
        status = command_seal(pk_view_of(&record), &approval->record);
    if (status == PK_OK && options_allow(&plugin.options, PK_METHOD_AGENT) &&
        agent_connect_named(approval_find(plugin.environment, "SSH_AUTH_SOCK"), &approval->agent) ==
            PK_INTERNAL)
        status = PK_INTERNAL;
    /* All that can come of a false one is that a key in this computer is not asked. */
    if (pk_ssh_client_address(approval_find(plugin.environment, "SSH_CONNECTION"),
                              approval->rhost) != PK_OK)
        approval->rhost[0] = '\0';
    if (status == PK_OK)
        add_members(approval, user);
    return status;
}

/* --- the question ----------------------------------------------------------------------------- */

static enum pk_status ask_daemon(const char *user, struct approval *approval,
                                 struct pk_outcome *outcome)
{
    unsigned seconds = plugin.options.timeout ? plugin.options.timeout : OPTION_TIMEOUT_MAX;
    sigset_t ending;
    PK_AUTO_GIVE_UP struct pk_give_up give_up = {-1, "next way", "stop"};
    PK_AUTO_CLOSE int interrupt = -1;
    PK_AUTO_BUS struct pk_bus *bus = NULL;
    enum pk_status status;

    fill_ending(&ending);
    interrupt = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
    status = interrupt >= 0 ? pk_bus_open(FIRST_REPLY, interrupt, &bus) : PK_IO;
    if (status == PK_OK)
        status = pk_conversation_run(bus,
                                     &(struct pk_conversation_request){
                                         .kind = PK_CONVERSATION_AUTHENTICATE,
                                         .user = user,
                                         .members = approval->members,
                                         .member_count = approval->count,
                                         .seconds = seconds,
                                         .give_up = plugin.nobody_types ? NULL : &give_up,
                                     },
                                     &prompt_ops, approval, outcome);
    return status;
}

static bool signal_is_pending(void)
{
    static const int ending[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
    sigset_t pending;

    if (sigpending(&pending) < 0)
        return true;
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        if (sigismember(&pending, ending[i]) == 1)
            return true;
    return false;
}

static const char *reason(enum pk_status status, const struct approval *approval,
                          const struct pk_outcome *outcome)
{
    if (approval->interrupted)
        return "interrupted";
    if (approval->unasked)
        return "something would have to be typed, and nobody would type it (sudo -n, -S, -A, or no "
               "terminal)";
    if (outcome->text && *outcome->text)
        return outcome->text;
    if (status == PK_UNAVAILABLE || status == PK_TIMEOUT)
        return "passkeyd does not answer, and without it no command is approved";
    return pk_status_name(status);
}

/* Whether the person whose command it is approved it. Says why not. */
static bool approve(const struct approval_facts *facts, const char *user)
{
    __attribute__((cleanup(approval_clear))) struct approval approval = {.record = -1, .agent = -1};
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    enum pk_status status;

    block_ending(&approval.before);
    status = collect(facts, user, &approval);
    if (status == PK_OK)
        status = ask_daemon(user, &approval, &outcome);
    approval.interrupted = approval.interrupted || signal_is_pending();
    (void)sigprocmask(SIG_SETMASK, &approval.before, NULL);
    if (status == PK_OK && (!outcome.user || strcmp(outcome.user, user) != 0))
        status = PK_PROTOCOL;
    if (status == PK_OK && !approval.interrupted)
        return true;
    complain(reason(status, &approval, &outcome));
    return false;
}

/* --- sudo's calls ----------------------------------------------------------------------------- */

static bool parse_words(char *const words[])
{
    const char *bad = "";
    int count = 0;

    while (words && words[count])
        count++;
    if (options_parse(count, (const char **)(uintptr_t)words, &plugin.options, &bad) == PK_OK &&
        !plugin.options.identify && !plugin.options.nullok)
        return true;
    if (plugin.print)
        (void)plugin.print(SUDO_CONV_ERROR_MSG,
                           "sudo: passkey_approval: an option in sudo.conf is unknown, malformed, "
                           "repeated or not served: %s\n",
                           bad);
    return false;
}

/* sudo -S and -A, also among other letters: rather once too often, which costs a PIN that is not
 * asked. */
static bool is_answered_by_program(int optind, char *const argv[])
{
    for (int i = 1; argv && i < optind && argv[i]; i++) {
        const char *word = argv[i];

        if (strncmp(word, "--", 2) == 0 ? word[2] == 's' || word[2] == 'a'
                                        : word[0] == '-' && strpbrk(word, "SA"))
            return true;
    }
    return false;
}

static int approval_open(unsigned version, sudo_conv_t conversation, sudo_printf_t print,
                         char *const settings[], char *const user_info[], int submit_optind,
                         char *const submit_argv[], char *const submit_envp[],
                         char *const plugin_options[], const char **errstr)
{
    const char *noninteractive = approval_find(settings, "noninteractive");

    (void)errstr;
    plugin.conversation = conversation;
    plugin.print = print;
    plugin.user_info = user_info;
    plugin.environment = submit_envp;
    plugin.nobody_types = (noninteractive && strcmp(noninteractive, "true") == 0) ||
                          !approval_find(user_info, "tty") ||
                          is_answered_by_program(submit_optind, submit_argv);
    plugin.root = getuid() == 0;
    /* Whatever is wrong, root must be able to mend it. */
    if (plugin.root)
        return OPENED;
    if (SUDO_API_VERSION_GET_MAJOR(version) != SUDO_API_VERSION_MAJOR) {
        complain("made for another version of sudo");
        return FAILED;
    }
    return conversation && parse_words(plugin_options) ? OPENED : FAILED;
}

static void approval_close(void)
{
}

static int approval_check(char *const command_info[], char *const run_argv[],
                          char *const run_envp[], const char **errstr)
{
    const char *user = approval_find(plugin.user_info, "user");
    const struct approval_facts facts = {
        .command_info = command_info,
        .user_info = plugin.user_info,
        .run_envp = run_envp,
        .run_argv = run_argv,
    };

    if (plugin.root)
        return APPROVED;
    if (user && *user && approve(&facts, user))
        return APPROVED;
    if (errstr)
        *errstr = "not approved by a passkey";
    return REFUSED;
}

static int approval_show_version(int verbose)
{
    (void)verbose;
    if (plugin.print)
        (void)plugin.print(SUDO_CONV_INFO_MSG, "passkey_approval plugin version %s\n",
                           PACKAGE_VERSION);
    return 1;
}

extern struct approval_plugin passkey_approval;
EXPORTED struct approval_plugin passkey_approval = {
    SUDO_APPROVAL_PLUGIN, SUDO_API_VERSION, approval_open,
    approval_close,       approval_check,   approval_show_version,
};
