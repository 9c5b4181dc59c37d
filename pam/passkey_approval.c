/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passkey_approval: an approval plugin of sudo, sudo_plugin(5). Asks passkeyd, before each command,
 * for the passkey of whoever calls sudo, and says what sudo itself made of the command. It decides
 * nothing: the daemon's "ok" for exactly this user lets the command run, and there is one line that
 * says so. Whatever else happens refuses, and says why, because sudo itself would say nothing.
 */
#include "common/base/cleanup.h"
#include "common/base/pam_options.h"
#include "common/base/ssh_connection.h"
#include "common/base/text.h"
#include "common/bus/conversation.h"
#include "pam/agent.h"
#include "pam/approval_record.h"
#include "pam/authenticated.h"
#include "pam/command.h"
#include "pam/members.h"
#include "pam/picture.h"
#include "pam/sudo_flags.h"

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

/* What open() was given. Everything is sudo's, and stays until close(). */
static struct {
    bool opened;
    sudo_conv_t conversation;
    sudo_printf_t print;
    char *const *user_info;
    char *const *environment; /* the caller's; nothing of it is believed but that it is remote */
    struct options options;
    bool unattended; /* questions are declined: their answers would be no person's */
    bool known;      /* sudo says who calls it, and it is true: */
    uid_t uid;
    bool root; /* root calls sudo: nobody approves that */
} plugin;

/* One question to the daemon. */
struct approval {
    sigset_t before; /* the signal mask that check() found */
    bool unasked;    /* a question was declined because nobody types */
    bool interrupted;
    char rhost[PK_SSH_ADDRESS_MAX + 1];
    int record, agent; /* -1: none */
    struct members_caller caller;
    struct members members;
    bool pictures;       /* a QR code is seen as one, */
    struct winsize room; /* if it fits in here */
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
    const struct approval *approval = context;

    if (strcmp(event, "qr-code") == 0 &&
        !(approval->pictures && picture_fits(&approval->room, text)))
        return PK_OK;
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

    if (plugin.unattended) {
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

static const char *variable(const char *name)
{
    return approval_find(plugin.environment, name);
}

static void add_members(struct approval *approval, const char *user)
{
    struct members *members = &approval->members;

    approval->caller = members_find_caller(plugin.uid);
    members_add_string(members, "act", "approve");
    members_add_descriptor(members, "resolved", approval->record);
    members_add_descriptor(members, "agent", approval->agent);
    members_add_string(members, "service", "sudo");
    members_add_string(members, "ruser", user);
    members_add_string(members, "tty", approval_find(plugin.user_info, "tty"));
    members_add_string(members, "rhost", approval->rhost);
    members_add_options(members, &plugin.options);
    members_add_caller(members, &approval->caller);
    members_add_flag(members, "unattended", plugin.unattended);
    approval->pictures = !plugin.unattended && !plugin.options.quiet &&
                         approval->caller.process.terminal != 0 && picture_locale_is_utf8(variable);
    approval->room = picture_room();
    members_add_flag(members, "pictures",
                     approval->pictures && picture_room_has_code(&approval->room));
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
    PK_AUTO_GIVE_UP struct pk_give_up give_up = {
        .fd = -1, .next = "go on to the next way", .end = "stop"};
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
                                         .members = approval->members.items,
                                         .member_count = approval->members.count,
                                         .seconds = seconds,
                                         .give_up = plugin.unattended ? NULL : &give_up,
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
    if (approval->unasked || (plugin.unattended && status == PK_PIN_REQUIRED))
        return "something would have to be typed, and nobody would type it (sudo -n, -S, -A, or no "
               "terminal)";
    if (outcome->text && *outcome->text)
        return outcome->text;
    if (status == PK_UNAVAILABLE || status == PK_TIMEOUT)
        return "passkeyd does not answer, and without it no command is approved";
    return pk_status_name(status);
}

/* Whether the account that the daemon authenticated is the one that calls sudo, by uid and name. */
static bool is_caller(const struct pk_outcome *outcome, const char *user)
{
    return authenticated_is(outcome, user) && outcome->uid == plugin.uid;
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
    if (status == PK_OK && !approval.interrupted && is_caller(&outcome, user))
        return true;
    complain(status == PK_OK && !approval.interrupted
                 ? "the daemon vouched for another account than the one that calls sudo"
                 : reason(status, &approval, &outcome));
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

/*
 * Both sudo and the kernel say who calls it, and one that says root does not make the other's word
 * root's: sudo may become wholly root before it asks, for what an approved command runs in its
 * turn.
 */
static void find_caller(char *const *user_info)
{
    const uid_t real = getuid();
    uint32_t uid = 0;
    bool told = approval_find_id(user_info, "uid", &uid);

    plugin.uid = uid;
    plugin.known = told && (real == uid || real == 0);
    /* Whatever is wrong, root must be able to mend it. */
    plugin.root = real == 0 && (!told || uid == 0);
}

static bool can_serve(unsigned version, char *const words[])
{
    if (SUDO_API_VERSION_GET_MAJOR(version) != SUDO_API_VERSION_MAJOR) {
        complain("made for another version of sudo");
        return false;
    }
    if (!plugin.conversation) {
        complain("sudo gives no way to talk to whoever calls it");
        return false;
    }
    return parse_words(words);
}

static int approval_open(unsigned version, sudo_conv_t conversation, sudo_printf_t print,
                         char *const settings[], char *const user_info[], int submit_optind,
                         char *const submit_argv[], char *const submit_envp[],
                         char *const plugin_options[], const char **errstr)
{
    const char *noninteractive = approval_find(settings, "noninteractive");

    (void)errstr, (void)submit_optind;
    (void)memset(&plugin, 0, sizeof(plugin));
    plugin.conversation = conversation;
    plugin.print = print;
    plugin.user_info = user_info;
    plugin.environment = submit_envp;
    plugin.unattended = (noninteractive && strcmp(noninteractive, "true") == 0) ||
                        !approval_find(user_info, "tty") ||
                        sudo_flags_unattended_vector(submit_argv);
    find_caller(user_info);
    plugin.opened = plugin.root || can_serve(version, plugin_options);
    return plugin.opened ? OPENED : FAILED;
}

static void approval_close(void)
{
    (void)memset(&plugin, 0, sizeof(plugin));
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

    if (plugin.opened && plugin.root)
        return APPROVED;
    if (!plugin.opened || !plugin.known || !user || !*user)
        complain("sudo does not say who calls it");
    else if (approve(&facts, user))
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
