/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/logind_files.h"

#ifdef HAVE_SD_LOGIN

#include "common/base/cleanup.h"
#include "daemon/bus/console.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>

/* sd_uid_get_sessions(3), require_active */
#define SESSIONS_ACTIVE 1
#define SESSIONS_ALL    (-1)

/* --- sessions --------------------------------------------------------------------------------- */

struct texts {
    char *seat, *type, *class, *state, *host;
};

static void texts_clear(struct texts *texts)
{
    free(texts->seat);
    free(texts->type);
    free(texts->class);
    free(texts->state);
    free(texts->host);
}

/* What logind leaves out where there is none: empty then. */
static bool read_optional(int (*get)(const char *id, char **ret), const char *id, char **ret)
{
    int result = get(id, ret);

    if (result == -ENODATA)
        *ret = strdup("");
    return (result >= 0 || result == -ENODATA) && *ret;
}

static bool read_vt(const char *id, uint32_t *ret)
{
    unsigned number = 0;
    int result = sd_session_get_vt(id, &number);

    *ret = number;
    return result >= 0 || result == -ENODATA;
}

static bool read_bool(int (*get)(const char *id), const char *id, bool *ret)
{
    int result = get(id);

    *ret = result > 0;
    return result >= 0;
}

/* logind names a session after its audit session; where there is none, by a letter and a number. */
static uint32_t audit_of(const char *id)
{
    char *end = NULL;
    unsigned long number = id[0] >= '1' && id[0] <= '9' ? strtoul(id, &end, 10) : 0;

    return number > 0 && number < CALLER_UNSET && end[0] == '\0' ? (uint32_t)number : CALLER_UNSET;
}

/*
 * Each function reads the file anew, and logind replaces it meanwhile, as a whole: the state, which
 * is "active" only of a session that is that in every respect, is read last. What is read before it
 * does not change, but for Active.
 */
static bool read_all(const char *id, struct seat_session *session, struct texts *texts,
                     bool *ret_remote)
{
    session->audit = audit_of(id);
    return sd_session_get_uid(id, &session->user) >= 0 &&
           read_optional(sd_session_get_seat, id, &texts->seat) &&
           sd_session_get_type(id, &texts->type) >= 0 &&
           sd_session_get_class(id, &texts->class) >= 0 && read_vt(id, &session->vt) &&
           read_bool(sd_session_is_remote, id, ret_remote) &&
           read_optional(sd_session_get_remote_host, id, &texts->host) &&
           read_bool(sd_session_is_active, id, &session->active) &&
           sd_session_get_state(id, &texts->state) >= 0;
}

static enum pk_status read_session(const char *id, struct seat_session *ret, char **ret_host)
{
    __attribute__((cleanup(texts_clear))) struct texts texts = {0};
    struct seat_session session = {.vt = 0};
    bool remote = false;

    if (!read_all(id, &session, &texts, &remote) ||
        logind_facts_read(&(struct logind_words){.seat = texts.seat,
                                                 .type = texts.type,
                                                 .class = texts.class,
                                                 .state = texts.state,
                                                 .remote_host = texts.host,
                                                 .remote = remote},
                          &session, ret_host))
        return PK_UNAVAILABLE;
    *ret = session;
    return PK_OK;
}

static enum pk_status add_session(struct logind_facts *facts, const char *id)
{
    struct seat_session session;
    char *host = NULL;

    if (read_session(id, &session, &host) || logind_facts_add(facts, &session, host))
        return PK_UNAVAILABLE;
    return PK_OK;
}

/*
 * The kernel shows which console is on the screen before logind has written it, and also where
 * logind hangs or has ended.
 */
static void hide_consoles(struct logind_facts *facts)
{
    unsigned shown = console_shown();

    for (size_t i = 0; shown && i < facts->session_count; i++)
        if (facts->sessions[i].vt && facts->sessions[i].vt != shown)
            facts->sessions[i].active = false;
}

/* --- users ------------------------------------------------------------------------------------ */

static void strings_free(char ***strings)
{
    for (size_t i = 0; *strings && (*strings)[i]; i++)
        free((*strings)[i]);
    free((void *)*strings);
}

/* A process in a user's slice has a user that logind has forgotten: it is for logind to explain. */
static bool knows_user(uid_t user)
{
    PK_AUTO_FREE char *state = NULL;

    return sd_uid_get_state(user, &state) >= 0 && strcmp(state, "offline") != 0;
}

static int active_count(const struct logind_facts *facts)
{
    int count = 0;

    for (size_t i = 0; i < facts->session_count; i++)
        count += facts->sessions[i].active;
    return count;
}

/* After a logout the user's file lists the session until something else changes. */
static bool has_ended(const char *id)
{
    uid_t user;

    return sd_session_get_uid(id, &user) == -ENXIO;
}

/* Those that the user's file lists as active; -1: it cannot be read. */
static int count_listed_active(uid_t user)
{
    __attribute__((cleanup(strings_free))) char **sessions = NULL;
    int listed = sd_uid_get_sessions(user, SESSIONS_ACTIVE, &sessions), count = 0;

    for (int i = 0; i < listed; i++)
        count += !has_ended(sessions[i]);
    return listed < 0 ? -1 : count;
}

/* The user's file lists all sessions and the active ones; if one is old, that is seen. */
static enum pk_status read_user(uid_t user, struct logind_facts *facts)
{
    __attribute__((cleanup(strings_free))) char **sessions = NULL;
    int count = sd_uid_get_sessions(user, SESSIONS_ALL, &sessions);
    enum pk_status status = count < 0 || !knows_user(user) ? PK_UNAVAILABLE : PK_OK;

    facts->place = SEAT_OF_USER;
    facts->user = user;
    for (int i = 0; i < count && !status; i++)
        if (!has_ended(sessions[i]))
            status = add_session(facts, sessions[i]);
    if (!status && count_listed_active(user) != active_count(facts))
        status = PK_UNAVAILABLE;
    return status;
}

/* --- processes -------------------------------------------------------------------------------- */

/*
 * That a process is in no session is also said of all where the control groups cannot be seen, and
 * true of all where this logind writes no such files. It writes one for each seat, always seat0.
 */
static bool has_files(void)
{
    return sd_get_seats(NULL) > 0;
}

static bool sees_process(pid_t pid)
{
    PK_AUTO_FREE char *group = NULL;

    return sd_pid_get_cgroup(pid, &group) >= 0;
}

static enum pk_status read_process(pid_t pid, struct logind_facts *facts)
{
    PK_AUTO_FREE char *session = NULL;
    uid_t user = 0;
    int result;

    if (!has_files() || !sees_process(pid))
        return PK_UNAVAILABLE;
    result = sd_pid_get_session(pid, &session);
    if (result >= 0) {
        facts->place = SEAT_IN_SESSION;
        return add_session(facts, session);
    }
    if (result == -ENODATA)
        result = sd_pid_get_owner_uid(pid, &user);
    if (result >= 0)
        return read_user(user, facts);
    facts->place = SEAT_OF_NOBODY;
    return result == -ENODATA ? PK_OK : PK_UNAVAILABLE;
}

enum pk_status logind_files_read(pid_t pid, struct logind_facts *ret)
{
    struct logind_facts facts = {.place = SEAT_UNKNOWN};
    enum pk_status status = pid > 0 ? read_process(pid, &facts) : PK_UNAVAILABLE;

    if (status) {
        logind_facts_clear(&facts);
        return status;
    }
    hide_consoles(&facts);
    *ret = facts;
    return PK_OK;
}

#else

enum pk_status logind_files_read(pid_t pid, struct logind_facts *ret)
{
    (void)pid, (void)ret;
    return PK_UNAVAILABLE;
}

#endif
