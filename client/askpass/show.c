/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/show.h"

#include "common/base/cleanup.h"
#include "common/base/quote.h"
#include "common/base/text.h"
#include "common/base/writer.h"
#include "common/webauthn/json.h"

#include <string.h>

/* A longer member would not be read: it is cut, and its length is shown. */
#define SHOWN_MAX 1024
#define WHOLE_MAX PK_COMMAND_TEXT_MAX /* of a command and what belongs to it */
#define TEXT_MAX  (4 * PK_FORWARD_CONTEXT_MAX)
#define UNKNOWN   "unknown" /* an rhost that the host cannot name: the person knows better */

/* The members of a context (doc/protocol.md), as many as are shown in a sentence of their own. */
enum member {
    ACT,
    USER,
    SERVICE,
    HOST,
    RHOST,
    COMMAND,
    TARGET,
    TTY,
    ALWAYS_COUNT, /* those before are in every context */
    GROUP = ALWAYS_COUNT,
    FOLDER,
    ROOT,
    ENVIRONMENT,
    FILES,
    DIGEST,
    RUSER,
    DIALOG,
    MEMBER_COUNT
};

static const struct {
    const char *name;
    size_t max;
} rows[MEMBER_COUNT] = {
    [ACT] = {"act", SHOWN_MAX},         [USER] = {"user", SHOWN_MAX},
    [SERVICE] = {"service", SHOWN_MAX}, [HOST] = {"host", SHOWN_MAX},
    [RHOST] = {"rhost", SHOWN_MAX},     [COMMAND] = {"command", WHOLE_MAX},
    [TARGET] = {"target", SHOWN_MAX},   [TTY] = {"tty", SHOWN_MAX},
    [GROUP] = {"group", SHOWN_MAX},     [FOLDER] = {"cwd", WHOLE_MAX},
    [ROOT] = {"chroot", WHOLE_MAX},     [ENVIRONMENT] = {"environment", WHOLE_MAX},
    [FILES] = {"files", WHOLE_MAX},     [DIGEST] = {"digest", SHOWN_MAX},
    [RUSER] = {"ruser", SHOWN_MAX},     [DIALOG] = {"dialog", WHOLE_MAX},
};

struct shown {
    char *members[MEMBER_COUNT]; /* all that is hidden in them is visible; "" where it is empty */
    struct pk_writer text;
};

static void shown_clear(struct shown *shown)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        free(shown->members[i]);
    pk_writer_clear(&shown->text);
}

/* *ret is safe on a terminal, and the caller's to free. */
static enum pk_status copy_visible(struct pk_view value, size_t max, char **ret)
{
    PK_AUTO_FREE char *visible = NULL;

    if (value.len > 0 && memchr(value.ptr, 0, value.len))
        return PK_PROTOCOL;
    /* An escape takes at most four bytes of text for each byte that it stands for. */
    visible =
        pk_text_visible((struct pk_view){value.ptr, value.len < max ? value.len : max}, 4 * max);
    if (!visible)
        return PK_NO_MEMORY;
    *ret =
        value.len > max ? pk_text_format("%s… (%zu bytes)", visible, value.len) : pk_steal(visible);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

static void put_line(struct shown *shown, const char *before, const char *value, const char *after)
{
    pk_writer_put(&shown->text, pk_view_string("  "));
    pk_writer_put(&shown->text, pk_view_string(before));
    pk_writer_put(&shown->text, pk_view_string(value));
    pk_writer_put(&shown->text, pk_view_string(after));
    pk_writer_put(&shown->text, pk_view_string("\n"));
}

static bool is_known(const struct pk_json_value *member)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (pk_view_equal(member->key, pk_view_string(rows[i].name)))
            return true;
    /* Compared with the connection's own, see server.h. */
    return pk_view_equal(member->key, pk_view_string("hostkeys"));
}

/* Members that a later passkeyd adds are shown as they came, since they are signed as well. */
static enum pk_status put_unknown_members(const struct pk_json_value *root, struct shown *shown)
{
    for (const struct pk_json_value *member = root->first; member; member = member->next) {
        PK_AUTO_FREE char *name = NULL, *value = NULL;
        enum pk_status status;

        if (is_known(member))
            continue;
        status = copy_visible(member->key, SHOWN_MAX, &name);
        if (status == PK_OK)
            status = copy_visible(member->raw, SHOWN_MAX, &value);
        if (status != PK_OK)
            return status;
        put_line(shown, name, ": ", value);
    }
    return PK_OK;
}

static enum pk_status read_members(const struct pk_json_value *root, struct shown *shown)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        const struct pk_json_value *member = pk_json_get(root, rows[i].name);
        struct pk_view value = {0};
        enum pk_status status;

        if ((member || i < ALWAYS_COUNT) && !pk_json_string(member, &value))
            return PK_PROTOCOL;
        status = copy_visible(value, rows[i].max, &shown->members[i]);
        if (status != PK_OK)
            return status;
    }
    return PK_OK;
}

/* Where the member is empty, nothing. */
static void put_member(struct shown *shown, const char *before, enum member member)
{
    if (*shown->members[member])
        put_line(shown, before, shown->members[member], "");
}

/* An approval is of what sudo made of a command; a sign-in knows only what was typed. */
static void put_command(struct shown *shown, bool approve)
{
    const char *asker = shown->members[*shown->members[RUSER] ? RUSER : USER];

    if (*shown->members[FILES])
        put_line(shown, "to let ", asker, " edit files:");
    else if (approve || *shown->members[TARGET])
        put_line(shown, "to let ", asker, " run a command:");
    else
        put_line(shown, "for what ", asker, " typed:");
    put_member(shown, "  ", FILES);
    put_member(shown, "  ", COMMAND);
    put_member(shown, "SHA-256 of all of it: ", DIGEST);
}

/* Whether the act is one of the request's kind, with what belongs to it. */
static bool is_of_kind(const struct shown *shown, enum pk_forward_kind kind)
{
    const char *act = shown->members[ACT];
    bool command = *shown->members[COMMAND] || *shown->members[FILES];

    if (kind == PK_FORWARD_CREATE)
        return strcmp(act, "enroll") == 0;
    return strcmp(act, "authenticate") == 0 || (strcmp(act, "approve") == 0 && command);
}

static enum pk_status put_act(const struct pk_forward_request *request, struct shown *shown)
{
    bool create = request->kind == PK_FORWARD_CREATE;
    const char *user = shown->members[USER];

    if (!is_of_kind(shown, request->kind))
        return PK_PROTOCOL;
    if (create)
        put_line(shown, "to enrol a new passkey for the account ", user, "");
    else if (*shown->members[COMMAND] || *shown->members[FILES])
        put_command(shown, strcmp(shown->members[ACT], "approve") == 0);
    else
        put_line(shown, "to sign in as ", user, "");
    if (*shown->members[RUSER])
        put_line(shown, "asked for by ", shown->members[RUSER], "");
    put_member(shown, "as the account ", TARGET);
    put_member(shown, "with the group ", GROUP);
    put_member(shown, "in ", FOLDER);
    put_member(shown, "under the root ", ROOT);
    put_member(shown, "with ", ENVIRONMENT);
    if (*shown->members[DIALOG])
        put_line(shown, "for what the dialog of ", shown->members[DIALOG], " asks");
    put_member(shown, "through ", SERVICE);
    return PK_OK;
}

static enum pk_status put_rp_id(const struct pk_forward_request *request, const char *host,
                                struct shown *shown)
{
    const char *rp_id = pk_forward_request_rp_id(request);
    PK_AUTO_FREE char *printable = pk_text_printable(rp_id, PK_RP_ID_MAX);

    if (!printable)
        return PK_NO_MEMORY;
    if (strcmp(rp_id, host) != 0)
        put_line(shown, "with a passkey of ", printable, "");
    return PK_OK;
}

/* The host's name, or the first labels of it: most hosts call themselves by the first alone. */
static bool is_called(const char *name, const char *host)
{
    size_t len = strlen(name);

    return strncmp(name, host, len) == 0 && (host[len] == 0 || host[len] == '.');
}

static enum pk_status put_all(const struct pk_forward_request *request, const char *host,
                              const char *user, struct shown *shown)
{
    enum pk_status status = put_act(request, shown);

    if (status != PK_OK)
        return status;
    if (user && strcmp(user, shown->members[USER]) != 0)
        put_line(shown, "although you connect as ", user, "");
    if (*shown->members[HOST] && !is_called(shown->members[HOST], host))
        put_line(shown, "on a host that calls itself ", shown->members[HOST], "");
    if (*shown->members[RHOST] && strcmp(shown->members[RHOST], UNKNOWN) != 0)
        put_line(shown, "from ", shown->members[RHOST], "");
    /* sshd has no terminal yet and names "ssh" instead. */
    if (*shown->members[TTY] && strcmp(shown->members[TTY], "ssh") != 0)
        put_line(shown, "on its terminal ", shown->members[TTY], "");
    return put_rp_id(request, host, shown);
}

enum pk_status askpass_show(FILE *out, const struct pk_forward_request *request, const char *host,
                            const char *user)
{
    __attribute__((cleanup(shown_clear))) struct shown shown = {.text = pk_writer_new(TEXT_MAX)};
    PK_AUTO_BYTES struct pk_bytes text = {0};
    PK_AUTO_JSON struct pk_json *json = NULL;
    const struct pk_json_value *root;
    enum pk_status status = pk_json_parse(pk_view_string(request->context), &json);

    if (status != PK_OK)
        return status == PK_NO_MEMORY ? status : PK_PROTOCOL;
    root = pk_json_root(json);
    status = read_members(root, &shown);
    if (status == PK_OK)
        status = put_all(request, host, user, &shown);
    if (status == PK_OK)
        status = put_unknown_members(root, &shown);
    if (status == PK_OK)
        status = pk_writer_finish(&shown.text, &text);
    if (status != PK_OK)
        return status;
    (void)fprintf(out, "%s asks for your passkey:\n%.*s", host, (int)text.len,
                  (const char *)text.data);
    (void)fflush(out);
    return PK_OK;
}
