/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/fake_sd_login.h"

#include "daemon/bus/console.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct fake_login fake_login;
unsigned fake_console_shown;

void fake_login_reset(void)
{
    fake_login = (struct fake_login){.user = 0};
    fake_console_shown = 0;
}

/* --- in place of console.c -------------------------------------------------------------------- */

unsigned console_shown(void)
{
    return fake_console_shown;
}

uid_t console_owner(unsigned console)
{
    (void)console;
    return (uid_t)-1;
}

/* --- in place of libsystemd ------------------------------------------------------------------- */

/* What the function answers instead of going on; 0: it goes on. */
static int failure(const char *function)
{
    return fake_login.fails && strcmp(fake_login.fails, function) == 0 ? -fake_login.error : 0;
}

static char *copy(const char *text)
{
    char *made = strdup(text);

    if (!made)
        abort();
    return made;
}

static char *name_of(size_t index)
{
    const struct session_answer *session = fake_login.sessions[index];
    char text[32] = "gone";

    if (session && session->audit)
        (void)snprintf(text, sizeof(text), "%u", session->audit);
    else if (session)
        (void)snprintf(text, sizeof(text), "c%zu", index + 1);
    return copy(text);
}

static const struct session_answer *find_session(const char *id)
{
    for (size_t i = 0; i < COUNT(fake_login.sessions); i++) {
        char *name = fake_login.sessions[i] ? name_of(i) : NULL;
        bool same = name && strcmp(name, id) == 0;

        free(name);
        if (same)
            return fake_login.sessions[i];
    }
    return NULL;
}

static const struct fake_process *find_process(pid_t pid)
{
    for (size_t i = 0; i < COUNT(fake_login.processes); i++)
        if (fake_login.processes[i].pid == pid)
            return &fake_login.processes[i];
    return NULL;
}

int sd_get_seats(char ***seats)
{
    int result = failure(__func__);

    (void)seats;
    return result ? result : !fake_login.no_seats;
}

int sd_pid_get_cgroup(pid_t pid, char **cgroup)
{
    int result = failure(__func__);

    if (result || !find_process(pid))
        return result ? result : -ESRCH;
    *cgroup = copy("/");
    return 0;
}

int sd_pid_get_session(pid_t pid, char **session)
{
    const struct fake_process *process = find_process(pid);
    int result = failure(__func__);

    if (result || !process || process->session < 0)
        return result ? result : -ENODATA;
    *session = name_of((size_t)process->session);
    return 0;
}

int sd_pid_get_owner_uid(pid_t pid, uid_t *uid)
{
    const struct fake_process *process = find_process(pid);
    int result = failure(__func__);

    if (result || !process || !process->has_user)
        return result ? result : -ENODATA;
    *uid = process->user;
    return 0;
}

/* The session's file; NULL, and *ret_error: what is returned instead of what is in it. */
static const struct session_answer *open_session(const char *id, const char *function,
                                                 int *ret_error)
{
    const struct session_answer *session = find_session(id);

    *ret_error = failure(function);
    if (!*ret_error && !session)
        *ret_error = -ENXIO;
    return *ret_error ? NULL : session;
}

static int text(const char *id, const char *function, size_t member, char **ret)
{
    int error;
    const struct session_answer *session = open_session(id, function, &error);
    const char *value;

    if (!session)
        return error;
    memcpy((void *)&value, (const char *)session + member, sizeof(value));
    if (!value[0])
        return -ENODATA;
    *ret = copy(value);
    return 0;
}

#define TEXT(name, member)                                                                         \
    int sd_session_get_##name(const char *id, char **ret)                                          \
    {                                                                                              \
        return text(id, __func__, offsetof(struct session_answer, member), ret);                   \
    }                                                                                              \
    struct needs_semicolon

TEXT(seat, seat);
TEXT(type, type);
TEXT(class, class);
TEXT(state, state);
TEXT(remote_host, host);

int sd_session_get_uid(const char *id, uid_t *uid)
{
    int error;
    const struct session_answer *session = open_session(id, __func__, &error);

    if (session)
        *uid = session->uid;
    return error;
}

int sd_session_get_vt(const char *id, unsigned *vt)
{
    int error;
    const struct session_answer *session = open_session(id, __func__, &error);

    if (session && session->vt == 0)
        return -ENODATA;
    if (session)
        *vt = session->vt;
    return error;
}

int sd_session_is_active(const char *id)
{
    int error;
    const struct session_answer *session = open_session(id, __func__, &error);

    return session ? session->active : error;
}

int sd_session_is_remote(const char *id)
{
    int error;
    const struct session_answer *session = open_session(id, __func__, &error);

    return session ? session->remote : error;
}

int sd_uid_get_state(uid_t uid, char **state)
{
    int result = failure(__func__);

    if (!result)
        *state = copy(fake_login.has_user && fake_login.user == uid ? "online" : "offline");
    return result;
}

int sd_uid_get_sessions(uid_t uid, int require_active, char ***sessions)
{
    size_t count = fake_login.has_user && fake_login.user == uid ? fake_login.session_count : 0;
    int result = failure(__func__);
    size_t listed = 0;
    char **list;

    if (require_active == 0)
        abort(); /* closing ones would be missing */
    if (result || count == 0)
        return result;
    list = calloc(count + 1, sizeof(*list));
    if (!list)
        abort();
    for (size_t i = 0; i < count; i++)
        if (require_active < 0 || !fake_login.sessions[i % 2] || fake_login.sessions[i % 2]->active)
            list[listed++] = name_of(i % 2); /* also one that has ended */
    for (int i = 0; require_active > 0 && listed > 0 && i < fake_login.active_less; i++) {
        free(list[--listed]);
        list[listed] = NULL;
    }
    *sessions = list;
    return (int)listed;
}
