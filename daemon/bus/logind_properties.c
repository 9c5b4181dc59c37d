/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/logind_properties.h"

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

static bool read_user_and_seat(const struct value *properties, struct seat_session *session,
                               struct logind_words *words)
{
    const struct value *user = read_pair(value_find(properties, "User"), 'u');
    const struct value *seat = read_pair(value_find(properties, "Seat"), 's');

    if (!user || !seat)
        return false;
    session->user = (uid_t)user->number;
    words->seat = seat->text;
    return true;
}

static bool read_words(const struct value *properties, struct logind_words *words)
{
    return read_text(properties, "Type", &words->type) &&
           read_text(properties, "Class", &words->class) &&
           read_text(properties, "State", &words->state) &&
           read_bool(properties, "Remote", &words->remote) &&
           read_text(properties, "RemoteHost", &words->remote_host);
}

enum pk_status logind_read_session(const struct value *result, struct seat_session *ret,
                                   char **ret_host)
{
    const struct value *properties = properties_of(result);
    struct seat_session session = {.vt = 0};
    struct logind_words words = {.remote = true};
    enum pk_status status;

    if (!properties || !read_user_and_seat(properties, &session, &words) ||
        !read_words(properties, &words) || !read_bool(properties, "Active", &session.active) ||
        !read_number(properties, "VTNr", 'u', &session.vt) ||
        !read_number(properties, "Audit", 'u', &session.audit))
        return PK_INVALID_INPUT;
    if (session.audit == 0) /* logind's way to say it has none */
        session.audit = CALLER_UNSET;
    status = logind_facts_read(&words, &session, ret_host);
    if (status)
        return status;
    *ret = session;
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
