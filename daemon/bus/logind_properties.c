/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/logind_properties.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/verify/context.h"

#include <string.h>

/* The only argument of a reply to GetAll, an a{sv}; NULL: it is something else. */
static const struct value *properties_of(const struct value *result)
{
    const struct value *dict = result && result->count == 1 ? &result->items[0] : NULL;

    return dict && dict->type == 'a' && strcmp(dict->text, "{sv}") == 0 ? dict : NULL;
}

static bool read_text(const struct value *properties, const char *name, const char **ret)
{
    *ret = value_find_text(properties, name, NULL);
    return *ret != NULL;
}

static bool read_number(const struct value *properties, const char *name, char type, uint32_t *ret)
{
    const struct value *found = value_find(properties, name);

    if (!found || found->type != type)
        return false;
    *ret = (uint32_t)found->number;
    return true;
}

static bool read_bool(const struct value *properties, const char *name, bool *ret)
{
    uint32_t number = 0;

    if (!read_number(properties, name, 'b', &number))
        return false;
    *ret = number != 0;
    return true;
}

/* The first member of a (uo) or (so). */
static const struct value *read_pair(const struct value *pair, char type)
{
    if (!pair || pair->type != 'r' || pair->count != 2 || pair->items[0].type != type ||
        pair->items[1].type != 'o')
        return NULL;
    return &pair->items[0];
}

static bool read_user_and_seat(const struct value *properties, struct seat_session *session)
{
    const struct value *user = read_pair(value_find(properties, "User"), 'u');
    const struct value *seat = read_pair(value_find(properties, "Seat"), 's');

    if (!user || !seat)
        return false;
    session->user = (uid_t)user->number;
    session->has_seat = seat->text[0] != '\0';
    return true;
}

static bool read_kind(const struct value *properties, struct seat_session *session)
{
    const char *type, *class, *state;

    if (!read_text(properties, "Type", &type) || !read_text(properties, "Class", &class) ||
        !read_text(properties, "State", &state))
        return false;
    if (strcmp(type, "x11") == 0 || strcmp(type, "wayland") == 0 || strcmp(type, "mir") == 0)
        session->type = SEAT_TYPE_GRAPHICAL;
    else
        session->type = strcmp(type, "tty") == 0 ? SEAT_TYPE_TTY : SEAT_TYPE_OTHER;
    /* "user", "user-early", "user-light" …; what logind does not name may be anything. */
    session->of_person = class[0] == '\0' || strncmp(class, "user", 4) == 0;
    session->foreground = strcmp(state, "active") == 0;
    return true;
}

/*
 * Remote alone does not decide: logind does not count a session from "localhost" as remote,
 * although that may be the end of a tunnel.
 */
static bool read_remote(const struct value *properties, struct seat_session *session,
                        const char **ret_host)
{
    if (!read_bool(properties, "Remote", &session->remote) ||
        !read_text(properties, "RemoteHost", ret_host))
        return false;
    if (context_is_remote(&(struct context){.rhost = *ret_host}))
        session->remote = true;
    else
        *ret_host = "";
    return true;
}

enum pk_status logind_read_session(const struct value *result, struct seat_session *ret,
                                   char **ret_host)
{
    const struct value *properties = properties_of(result);
    struct seat_session session = {.vt = 0};
    const char *host = "";
    char *shown;

    if (!properties || !read_user_and_seat(properties, &session) ||
        !read_kind(properties, &session) || !read_remote(properties, &session, &host) ||
        !read_bool(properties, "Active", &session.active) ||
        !read_number(properties, "VTNr", 'u', &session.vt) ||
        !read_number(properties, "Audit", 'u', &session.audit))
        return PK_INVALID_INPUT;
    if (session.audit == 0) /* logind's way to say it has none */
        session.audit = CALLER_UNSET;
    shown = pk_text_printable(host, LOGIND_RHOST_MAX);
    if (!shown)
        return PK_NO_MEMORY;
    *ret = session;
    *ret_host = shown;
    return PK_OK;
}

static enum pk_status read_sessions(const struct value *sessions, struct pk_strings *ret)
{
    enum pk_status status = PK_OK;

    if (!sessions || sessions->type != 'a' || strcmp(sessions->text, "(so)") != 0)
        return PK_INVALID_INPUT;
    if (sessions->count > LOGIND_SESSIONS_MAX)
        return PK_LIMIT_EXCEEDED;
    for (size_t i = 0; i < sessions->count && !status; i++)
        status = pk_strings_add(ret, sessions->items[i].items[1].text);
    return status;
}

enum pk_status logind_read_user(const struct value *result, uid_t *ret_uid,
                                struct pk_strings *ret_sessions)
{
    const struct value *properties = properties_of(result);
    struct pk_strings sessions = {0};
    uint32_t uid = 0;
    enum pk_status status;

    if (!properties || !read_number(properties, "UID", 'u', &uid))
        return PK_INVALID_INPUT;
    status = read_sessions(value_find(properties, "Sessions"), &sessions);
    if (status) {
        pk_strings_clear(&sessions);
        return status;
    }
    *ret_uid = (uid_t)uid;
    *ret_sessions = sessions;
    return PK_OK;
}
