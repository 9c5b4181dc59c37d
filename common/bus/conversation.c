/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/bus/conversation.h"

#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/base/writer.h"
#include "common/bus/message.h"
#include "common/bus/names.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* More than any sign-in has: ends a conversation in which the daemon never comes to "done". */
#define STEPS_MAX 1000

/* Seconds: the daemon's own deadlines come first; ours are for a daemon that forgets. */
#define GRACE         10
#define TIME_LEFT_MAX 3600

struct conversation {
    struct pk_bus *bus;
    const struct pk_prompt_ops *ops;
    void *context;
    char *path;
    bool done;                  /* there is nothing left to cancel */
    bool timed;                 /* the daemon tells the deadline */
    struct pk_give_up *give_up; /* NULL: cannot be heard */
    bool offered;               /* the person has been told of it, and nothing was asked since */
    struct pk_outcome *outcome;
};

/* What the person answered, until it has been sent. */
struct answer {
    char *text;
    struct pk_secret secret;
    bool is_text;
    bool is_secret;
};

/* One reply of Next. The strings live as long as the message. */
struct step {
    DBusMessage *message;
    const char *kind;
    const char *text;
    const char *event;
    const char *reason;
    const char *result;
    const char *user;
    const char *credential;
    const char *correlation;
    const char *skip; /* NULL: what the info asks for must be waited for */
    bool has_uid;
    uint32_t uid;
    uint32_t time_left; /* seconds; 0: not told */
};

void pk_outcome_clear(struct pk_outcome *outcome)
{
    free(outcome->text);
    free(outcome->user);
    free(outcome->credential);
    free(outcome->correlation);
    *outcome = (struct pk_outcome){0};
}

static void answer_clear(struct answer *answer)
{
    if (answer->text)
        explicit_bzero(answer->text, strlen(answer->text));
    free(answer->text);
    pk_secret_clear(&answer->secret);
    *answer = (struct answer){0};
}
#define AUTO_ANSWER __attribute__((cleanup(answer_clear)))

static void step_clear(struct step *step)
{
    if (step->message)
        dbus_message_unref(step->message);
    *step = (struct step){0};
}
#define AUTO_STEP __attribute__((cleanup(step_clear)))

/* Made printable line by line: line breaks are kept. NULL: no memory. */
static char *printable_lines(const char *text)
{
    PK_AUTO_WRITER struct pk_writer lines = pk_writer_new(PK_CONVERSATION_TEXT_MAX + 1);
    struct pk_bytes bytes;

    for (;;) {
        size_t len = strcspn(text, "\n");
        PK_AUTO_FREE char *line = strndup(text, len);
        PK_AUTO_FREE char *shown = line ? pk_text_printable(line, len) : NULL;

        if (!shown)
            return NULL;
        pk_writer_put(&lines, pk_view_string(shown));
        if (!text[len])
            break;
        pk_writer_u8(&lines, '\n');
        text += len + 1;
    }
    pk_writer_u8(&lines, 0);
    return pk_writer_finish(&lines, &bytes) == PK_OK ? (char *)bytes.data : NULL;
}

static enum pk_status open_conversation(struct conversation *conversation,
                                        const struct pk_conversation_request *request)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    PK_AUTO_MESSAGE DBusMessage *call =
        pk_bus_message_new(conversation->bus, PK_BUS_PATH, PK_BUS_MANAGER,
                           request->kind == PK_CONVERSATION_ENROLL ? "Enroll" : "Authenticate");
    const char *const user[] = {request->user, NULL};
    const char *path;
    enum pk_status status;

    if (!call)
        return PK_NO_MEMORY;
    status = pk_bus_append_strings(call, user);
    if (status == PK_OK)
        status = pk_bus_append_members(call, request->members, request->member_count);
    if (status == PK_OK)
        status = pk_bus_call(conversation->bus, call, "o", &reply);
    if (status != PK_OK)
        return status;
    if (!dbus_message_get_args(reply, NULL, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID) ||
        strncmp(path, PK_BUS_CONVERSATION_PREFIX, strlen(PK_BUS_CONVERSATION_PREFIX)) != 0)
        return PK_PROTOCOL;
    conversation->path = strdup(path);
    return conversation->path ? PK_OK : PK_NO_MEMORY;
}

enum pk_status pk_bus_secret_pipe(const struct pk_secret *secret, int *ret_fd)
{
    int ends[2];
    ssize_t written;

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return PK_IO;
    /* At most PK_ANSWER_MAX bytes into an empty pipe: all or nothing, without waiting. */
    do
        written = write(ends[1], secret->data, secret->len);
    while (written < 0 && errno == EINTR);
    (void)close(ends[1]);
    if (written != (ssize_t)secret->len) {
        (void)close(ends[0]);
        return PK_IO;
    }
    *ret_fd = ends[0];
    return PK_OK;
}

static enum pk_status append_answer(DBusMessage *call, const struct answer *answer)
{
    PK_AUTO_CLOSE int fd = -1;
    struct pk_bus_member member = {0};
    enum pk_status status;

    if (answer->is_text)
        member = (struct pk_bus_member){.name = "text", .type = 's', .string = answer->text};
    if (answer->is_secret) {
        status = pk_bus_secret_pipe(&answer->secret, &fd);
        if (status != PK_OK)
            return status;
        member = (struct pk_bus_member){.name = "secret", .type = 'h', .fd = fd};
    }
    /* libdbus keeps a duplicate of the descriptor, so that ours can be closed here. */
    return pk_bus_append_members(call, &member, 1);
}

static enum pk_status read_uid(DBusMessageIter *value, struct step *step)
{
    dbus_uint32_t uid;

    if (step->has_uid || dbus_message_iter_get_arg_type(value) != DBUS_TYPE_UINT32)
        return PK_PROTOCOL;
    dbus_message_iter_get_basic(value, &uid);
    step->has_uid = true;
    step->uid = uid;
    return PK_OK;
}

static enum pk_status read_time_left(DBusMessageIter *value, uint32_t *ret)
{
    dbus_uint32_t seconds;

    if (dbus_message_iter_get_arg_type(value) != DBUS_TYPE_UINT32)
        return PK_PROTOCOL;
    dbus_message_iter_get_basic(value, &seconds);
    *ret = seconds;
    return PK_OK;
}

/* details: the known members, each a string but uid and time-left, each at most once; unknown ones
 * are for later versions. */
static enum pk_status read_details(DBusMessageIter *details, struct step *step)
{
    const struct {
        const char *name;
        const char **value;
    } known[] = {
        {"event", &step->event},
        {"reason", &step->reason},
        {"result", &step->result},
        {"user", &step->user},
        {"credential", &step->credential},
        {"correlation", &step->correlation},
        {"skip", &step->skip},
    };

    for (; dbus_message_iter_get_arg_type(details) == DBUS_TYPE_DICT_ENTRY;
         dbus_message_iter_next(details)) {
        DBusMessageIter entry, value;
        const char *name;

        dbus_message_iter_recurse(details, &entry);
        dbus_message_iter_get_basic(&entry, &name);
        dbus_message_iter_next(&entry);
        dbus_message_iter_recurse(&entry, &value);
        if (strcmp(name, "uid") == 0 && read_uid(&value, step) != PK_OK)
            return PK_PROTOCOL;
        if (strcmp(name, "time-left") == 0 && read_time_left(&value, &step->time_left))
            return PK_PROTOCOL;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            if (strcmp(known[i].name, name) != 0)
                continue;
            if (*known[i].value || dbus_message_iter_get_arg_type(&value) != DBUS_TYPE_STRING)
                return PK_PROTOCOL;
            dbus_message_iter_get_basic(&value, known[i].value);
        }
    }
    return PK_OK;
}

/* The conversation's own call, whose answer says nothing. */
static void send_own(struct conversation *conversation, const char *member)
{
    PK_AUTO_MESSAGE DBusMessage *call =
        pk_bus_message_new(conversation->bus, conversation->path, PK_BUS_CONVERSATION, member);

    if (call)
        pk_bus_send(conversation->bus, call);
}

/* --- giving up -------------------------------------------------------------------------------- */

static void on_typed(void *data)
{
    struct conversation *conversation = data;

    if (pk_give_up_typed(conversation->give_up)) {
        send_own(conversation, "Skip");
        conversation->offered = false;
    }
    if (!conversation->offered || conversation->give_up->fd < 0)
        pk_bus_listen(conversation->bus, -1, NULL, NULL);
}

/* Says what Enter leads to, and hears it from now on. */
static enum pk_status offer(struct conversation *conversation, const char *skip)
{
    struct pk_give_up *give_up = conversation->give_up;
    bool next = strcmp(skip, PK_BUS_SKIP_NEXT) == 0;
    PK_AUTO_FREE char *text = NULL;

    if (!give_up)
        return PK_OK;
    if (!conversation->offered)
        pk_give_up_open(give_up);
    if (give_up->fd < 0)
        return PK_OK;
    conversation->offered = true;
    pk_bus_listen(conversation->bus, give_up->fd, on_typed, conversation);
    text = pk_text_format("Press Enter alone to %s.", next ? give_up->next : give_up->end);
    return text ? conversation->ops->info(conversation->context, "skip", text) : PK_NO_MEMORY;
}

/* A question has the terminal for itself. */
static void withdraw(struct conversation *conversation)
{
    if (!conversation->give_up)
        return;
    conversation->offered = false;
    pk_bus_listen(conversation->bus, -1, NULL, NULL);
    pk_give_up_close(conversation->give_up);
}

/* --- step by step ----------------------------------------------------------------------------- */

static enum pk_status next(struct conversation *conversation, const struct answer *answer,
                           struct step *step)
{
    PK_AUTO_MESSAGE DBusMessage *call =
        pk_bus_message_new(conversation->bus, conversation->path, PK_BUS_CONVERSATION, "Next");
    DBusMessageIter arguments, details;
    enum pk_status status;

    if (!call)
        return PK_NO_MEMORY;
    status = append_answer(call, answer);
    if (status == PK_OK)
        status = pk_bus_call_patiently(conversation->bus, call, "ssa{sv}", &step->message);
    if (status != PK_OK)
        return status;
    if (!dbus_message_iter_init(step->message, &arguments))
        return PK_PROTOCOL;
    dbus_message_iter_get_basic(&arguments, &step->kind);
    dbus_message_iter_next(&arguments);
    dbus_message_iter_get_basic(&arguments, &step->text);
    dbus_message_iter_next(&arguments);
    dbus_message_iter_recurse(&arguments, &details);
    if (strlen(step->text) > PK_CONVERSATION_TEXT_MAX)
        return PK_PROTOCOL;
    return read_details(&details, step);
}

static const char *or_empty(const char *string)
{
    return string ? string : "";
}

/*
 * The bus takes UTF-8 only, and not every application does. Replaced byte for byte, so that the
 * length stays: sshd puts junk of the same length in the place of what users typed who may not sign
 * in.
 */
static void make_sendable(char *answer)
{
    if (pk_utf8_valid(pk_view_string(answer)))
        return;
    for (; *answer; answer++)
        if ((unsigned char)*answer >= 0x80)
            *answer = '?';
}

/* A declined question is an empty answer. */
static enum pk_status accept_decline(enum pk_status status)
{
    return status == PK_CANCELLED ? PK_OK : status;
}

/* Shows or asks what the step wants shown or asked; *answer is empty when called. */
static enum pk_status perform(struct conversation *conversation, const struct step *step,
                              struct answer *answer)
{
    const struct pk_prompt_ops *ops = conversation->ops;
    const char *event = or_empty(step->event);
    PK_AUTO_FREE char *text = printable_lines(step->text);
    enum pk_status status;

    if (!text)
        return PK_NO_MEMORY;
    if (strcmp(step->kind, PK_BUS_KIND_INFO) == 0) {
        status = ops->info(conversation->context, event, text);
        return status == PK_OK && step->skip ? offer(conversation, step->skip) : status;
    }
    if (strcmp(step->kind, PK_BUS_KIND_ERROR) == 0)
        return ops->error(conversation->context, or_empty(step->reason), text);
    withdraw(conversation);
    if (strcmp(step->kind, PK_BUS_KIND_ASK) == 0) {
        status = ops->ask(conversation->context, event, text, &answer->text);
        answer->is_text = status == PK_OK;
        if (answer->is_text)
            make_sendable(answer->text);
        return accept_decline(status);
    }
    if (strcmp(step->kind, PK_BUS_KIND_ASK_SECRET) == 0) {
        status = ops->ask_secret(conversation->context, event, text, &answer->secret);
        answer->is_secret = status == PK_OK;
        return accept_decline(status);
    }
    return PK_PROTOCOL;
}

static enum pk_status copy_printable(const char *from, char **ret)
{
    if (!from || !*from)
        return PK_OK;
    *ret = pk_text_printable(from, PK_BUS_TEXT_MAX);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

/* The only place that reads a result: "ok", and nothing that merely is not an error, is PK_OK. */
static enum pk_status finish(struct pk_outcome *outcome, const struct step *step)
{
    enum pk_status status;

    if (!step->result)
        return PK_PROTOCOL;
    status = copy_printable(step->text, &outcome->text);
    if (status == PK_OK)
        status = copy_printable(step->correlation, &outcome->correlation);
    if (status == PK_OK)
        status = pk_text_copy(step->user, &outcome->user);
    if (status == PK_OK)
        status = pk_text_copy(step->credential, &outcome->credential);
    if (status != PK_OK)
        return status;
    outcome->has_uid = step->has_uid;
    outcome->uid = step->uid;
    return pk_status_from_name(step->result);
}

static enum pk_status converse(struct conversation *conversation)
{
    AUTO_ANSWER struct answer answer = {0};

    for (unsigned steps = 0; steps < STEPS_MAX; steps++) {
        AUTO_STEP struct step step = {0};
        enum pk_status status = next(conversation, &answer, &step);

        answer_clear(&answer);
        if (status != PK_OK)
            return status;
        if (conversation->timed && step.time_left > 0)
            pk_bus_set_deadline(
                conversation->bus,
                GRACE + (step.time_left < TIME_LEFT_MAX ? step.time_left : TIME_LEFT_MAX));
        if (strcmp(step.kind, PK_BUS_KIND_DONE) == 0) {
            conversation->done = true;
            return finish(conversation->outcome, &step);
        }
        status = perform(conversation, &step, &answer);
        if (status != PK_OK)
            return status;
    }
    return PK_PROTOCOL;
}

enum pk_status pk_conversation_run(struct pk_bus *bus,
                                   const struct pk_conversation_request *request,
                                   const struct pk_prompt_ops *ops, void *context,
                                   struct pk_outcome *outcome)
{
    PK_AUTO_FREE char *path = NULL;
    struct conversation conversation = {.bus = bus,
                                        .ops = ops,
                                        .context = context,
                                        .timed = request->seconds > 0,
                                        .give_up = request->give_up,
                                        .outcome = outcome};
    enum pk_status status = pk_bus_find_daemon(bus);

    if (status == PK_OK)
        status = open_conversation(&conversation, request);
    path = conversation.path;
    if (status == PK_OK && request->seconds > 0)
        pk_bus_set_deadline(bus, request->seconds + GRACE);
    if (status == PK_OK)
        status = converse(&conversation);
    withdraw(&conversation);
    if (path && !conversation.done) /* a little earlier than closing the connection would */
        send_own(&conversation, "Cancel");
    /* Best effort: without it the caller uses a message of its own. */
    if (status != PK_OK && !outcome->text && *pk_bus_error_text(bus))
        outcome->text = strdup(pk_bus_error_text(bus));
    return status;
}
