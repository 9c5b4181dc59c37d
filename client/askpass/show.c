/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/show.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/base/writer.h"
#include "common/webauthn/json.h"

#include <string.h>

/* A longer member would not be read: it is cut, and its length is shown. */
#define SHOWN_MAX 1024
#define TEXT_MAX  (4 * PK_FORWARD_CONTEXT_MAX)

/* The members of a context (doc/protocol.md), as many as are shown in a sentence of their own. */
enum member { ACT, USER, SERVICE, HOST, RHOST, COMMAND, TARGET, TTY, MEMBER_COUNT };

static const char *const member_names[MEMBER_COUNT] = {
    [ACT] = "act",     [USER] = "user",       [SERVICE] = "service", [HOST] = "host",
    [RHOST] = "rhost", [COMMAND] = "command", [TARGET] = "target",   [TTY] = "tty"};

struct shown {
    char *members[MEMBER_COUNT]; /* printable; "" where it is empty */
    struct pk_writer text;
};

static void shown_clear(struct shown *shown)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        free(shown->members[i]);
    pk_writer_clear(&shown->text);
}

/* *ret is printable, and the caller's to free. */
static enum pk_status copy_printable(struct pk_view value, char **ret)
{
    PK_AUTO_FREE char *copy = NULL, *printable = NULL;

    if (value.len > 0 && memchr(value.ptr, 0, value.len))
        return PK_PROTOCOL;
    copy = strndup(value.len > 0 ? (const char *)value.ptr : "", value.len);
    printable = copy ? pk_text_printable(copy, SHOWN_MAX) : NULL;
    if (!printable)
        return PK_NO_MEMORY;
    *ret = value.len > SHOWN_MAX ? pk_text_format("%s… (%zu bytes)", printable, value.len)
                                 : pk_steal(printable);
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
        if (pk_view_equal(member->key, pk_view_string(member_names[i])))
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
        status = copy_printable(member->key, &name);
        if (status == PK_OK)
            status = copy_printable(member->raw, &value);
        if (status != PK_OK)
            return status;
        put_line(shown, name, ": ", value);
    }
    return PK_OK;
}

static enum pk_status read_members(const struct pk_json_value *root, struct shown *shown)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        struct pk_view value = {0};
        enum pk_status status;

        if (!pk_json_string(pk_json_get(root, member_names[i]), &value))
            return PK_PROTOCOL;
        status = copy_printable(value, &shown->members[i]);
        if (status != PK_OK)
            return status;
    }
    return PK_OK;
}

static enum pk_status put_act(const struct pk_forward_request *request, struct shown *shown)
{
    bool create = request->kind == PK_FORWARD_CREATE;
    const char *user = shown->members[USER], *service = shown->members[SERVICE];

    if (strcmp(shown->members[ACT], create ? "enroll" : "authenticate") != 0)
        return PK_PROTOCOL;
    if (create)
        put_line(shown, "to enrol a new passkey for the account ", user, "");
    else if (*shown->members[COMMAND])
        put_line(shown, "to let ", user, " run a command:");
    else
        put_line(shown, "to sign in as ", user, "");
    if (*shown->members[COMMAND])
        put_line(shown, "  ", shown->members[COMMAND], "");
    if (*shown->members[TARGET])
        put_line(shown, "as the account ", shown->members[TARGET], "");
    if (*service)
        put_line(shown, "through ", service, "");
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
    if (*shown->members[RHOST])
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
