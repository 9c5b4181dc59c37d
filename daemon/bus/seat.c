/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/seat.h"

#include "daemon/bus/console.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define CONSOLE_MAJOR 4 /* Linux: /dev/ttyN */

/* --- words of the table ----------------------------------------------------------------------- */

/* proc(5), tty_nr: the minor number in bits 31 to 20 and 7 to 0, the major in between. */
unsigned seat_console(uint32_t device)
{
    uint32_t major = (device >> 8) & 0xfff;
    uint32_t minor = (device & 0xff) | ((device >> 12) & 0xfff00);

    return major == CONSOLE_MAJOR && minor <= CONSOLE_MAX ? minor : 0;
}

/*
 * The screen and the keyboard are this session's now. Each of these alone says nothing: every ssh
 * session is active, and a session that su opens in a cron job is not remote.
 */
static bool is_at_seat(const struct seat_session *session)
{
    return session->has_seat && session->active && session->foreground && !session->remote;
}

/* Somebody may be signed in there from anywhere: over the network, by a serial line. */
static bool is_elsewhere(const struct seat_session *session)
{
    return session->remote || (!session->has_seat && session->of_person);
}

/*
 * loginuid and audit session are what they were when the session began. Nobody can change them once
 * they are set, and before that anybody could set them: they count only where the session agrees.
 */
static bool agrees(const struct seat_facts *facts, const struct seat_session *session)
{
    const struct caller *caller = &facts->caller;
    /* No audit in the kernel, or no pam_loginuid in the login's stack. */
    bool without_audit = session->audit == CALLER_UNSET && caller->login_uid == CALLER_UNSET;

    if (!caller->reported)
        return true;
    return caller->audit_session == session->audit &&
           (caller->login_uid == session->user || without_audit);
}

/* Of a caller that is not believed, or says nothing, the connection's uid alone is known. */
static bool is_user(const struct seat_facts *facts, uid_t user)
{
    if (facts->caller.reported)
        return facts->caller.real_uid == user;
    return facts->uid == user || facts->uid == 0;
}

/* The controlling terminal is the session's virtual console; tty_nr cannot be lent as stdin can. */
static bool is_at_console(const struct seat_facts *facts, const struct seat_session *session)
{
    unsigned console = seat_console(facts->caller.terminal);

    return console != 0 && console == session->vt;
}

/* Lockers and polkit's helper have no terminal; other programs of a desktop are given one. */
static bool is_at_desktop(const struct seat_facts *facts)
{
    return facts->caller.terminal != 0 || facts->program != SEAT_PROGRAM_OTHER;
}

/* A pseudo terminal in a session of a console is tmux's or screen's, which is used from anywhere.
 */
static bool is_at_terminal(const struct seat_facts *facts, const struct seat_session *session)
{
    if (!facts->caller.reported)
        return true;
    return session->type == SEAT_TYPE_GRAPHICAL ? is_at_desktop(facts)
                                                : is_at_console(facts, session);
}

static bool is_at_shown_console(const struct seat_facts *facts)
{
    unsigned console = seat_console(facts->caller.terminal);

    return console != 0 && console == facts->shown_vt;
}

static bool any_session(const struct seat_facts *facts,
                        bool (*is)(const struct seat_session *session))
{
    for (size_t i = 0; i < facts->session_count; i++)
        if (is(&facts->sessions[i]))
            return true;
    return false;
}

static bool is_desktop_at_seat(const struct seat_session *session)
{
    return is_at_seat(session) && session->type == SEAT_TYPE_GRAPHICAL;
}

/* --- the rows, asked in their order ----------------------------------------------------------- */

static bool names_remote_host(const struct seat_facts *facts)
{
    return facts->names_remote_host;
}

static bool in_session_not_at_seat(const struct seat_facts *facts)
{
    return facts->place == SEAT_IN_SESSION && !is_at_seat(&facts->sessions[0]);
}

static bool in_session_at_seat(const struct seat_facts *facts)
{
    return facts->place == SEAT_IN_SESSION && is_at_seat(&facts->sessions[0]) &&
           agrees(facts, &facts->sessions[0]);
}

static bool in_own_session(const struct seat_facts *facts)
{
    return in_session_at_seat(facts) && is_user(facts, facts->sessions[0].user);
}

static bool in_own_session_at_its_terminal(const struct seat_facts *facts)
{
    return in_own_session(facts) && is_at_terminal(facts, &facts->sessions[0]);
}

/* Who typed su sits there; a process that su's user left behind has lost the terminal. */
static bool in_others_session_at_its_console(const struct seat_facts *facts)
{
    return in_session_at_seat(facts) && facts->caller.reported &&
           is_at_console(facts, &facts->sessions[0]);
}

/* The audit session says from which session a process in no session was started. */
static const struct seat_session *session_it_came_from(const struct seat_facts *facts)
{
    const struct caller *caller = &facts->caller;

    if (facts->place != SEAT_OF_USER || !caller->reported || caller->audit_session == CALLER_UNSET)
        return NULL;
    for (size_t i = 0; i < facts->session_count; i++)
        if (facts->sessions[i].audit == caller->audit_session)
            return &facts->sessions[i];
    return NULL;
}

static bool is_from_session(const struct seat_facts *facts)
{
    return session_it_came_from(facts) != NULL;
}

/* Started by the user's service manager, as the terminals of today's desktops are. */
static bool of_user_at_seat(const struct seat_facts *facts)
{
    const struct caller *caller = &facts->caller;

    return facts->place == SEAT_OF_USER && is_user(facts, facts->user) &&
           (caller->login_uid == facts->user || caller->login_uid == CALLER_UNSET) &&
           any_session(facts, is_at_seat) && !any_session(facts, is_elsewhere) &&
           (!caller->reported || is_at_desktop(facts));
}

static bool of_user_at_seat_as_configured(const struct seat_facts *facts)
{
    if (facts->user_manager == USER_MANAGER_NO || !of_user_at_seat(facts))
        return false;
    return facts->user_manager == USER_MANAGER_YES || any_session(facts, is_desktop_at_seat);
}

static bool of_user(const struct seat_facts *facts)
{
    return facts->place == SEAT_OF_USER;
}

static bool of_nobody_after_login(const struct seat_facts *facts)
{
    return facts->place == SEAT_OF_NOBODY && facts->caller.login_uid != CALLER_UNSET;
}

/* A service of root's, nobody having signed in yet. */
static bool of_system(const struct seat_facts *facts)
{
    return facts->place == SEAT_OF_NOBODY && facts->caller.reported &&
           facts->caller.login_uid == CALLER_UNSET && facts->caller.real_uid == 0;
}

static bool of_system_at_shown_console(const struct seat_facts *facts)
{
    return of_system(facts) && is_at_shown_console(facts);
}

static bool of_greeter(const struct seat_facts *facts)
{
    return of_system(facts) && facts->caller.terminal == 0 &&
           facts->program == SEAT_PROGRAM_GREETER;
}

static bool of_socket(const struct seat_facts *facts)
{
    return of_system(facts) && facts->caller.terminal == 0 && facts->caller.peer.pid != 0;
}

static bool without_logind(const struct seat_facts *facts)
{
    return facts->place == SEAT_NO_LOGIND;
}

static bool without_logind_all(const struct seat_facts *facts)
{
    return without_logind(facts) && facts->without_logind == WITHOUT_LOGIND_ALLOW;
}

static bool without_logind_at_console(const struct seat_facts *facts)
{
    return without_logind(facts) && facts->without_logind == WITHOUT_LOGIND_CONSOLE &&
           facts->caller.reported && is_at_shown_console(facts) &&
           (facts->caller.real_uid == 0 || facts->caller.real_uid == facts->shown_vt_owner);
}

static bool otherwise(const struct seat_facts *facts)
{
    (void)facts;
    return true;
}

/* The first row that applies decides. doc/passkeyd.8 says the same to administrators. */
static const struct {
    const char *row;
    bool (*applies)(const struct seat_facts *facts);
    enum seat_answer answer;
    const char *why;
} rows[] = {
    {"1", names_remote_host, SEAT_NO, "the request comes from a remote host"},
    {"2", in_session_not_at_seat, SEAT_NO, "its session is not the one at the seat"},
    {"3", in_own_session_at_its_terminal, SEAT_YES, "its session is the one at the seat"},
    {"4", in_own_session, SEAT_NO, "its terminal is not that of its session, which is at the seat"},
    {"5", in_others_session_at_its_console, SEAT_YES, "its console is at the seat"},
    {"5", in_session_at_seat, SEAT_NO, "its account has been left behind in another's session"},
    {"6", is_from_session, SEAT_ASK_ORIGIN, "it is as its session, which the audit session names"},
    {"7", of_user_at_seat_as_configured, SEAT_YES, "its user's desktop is at the seat"},
    {"7", of_user_at_seat, SEAT_NO, "user-manager does not let what a service manager started"},
    {"8", of_user, SEAT_NO, "it is in no session, and its user not at the seat alone"},
    {"9", of_nobody_after_login, SEAT_NO, "it is in no session, but somebody's: a cron or at job"},
    {"10", of_system_at_shown_console, SEAT_YES, "it is a login on the console that is shown"},
    {"11", of_greeter, SEAT_YES, "it is a display manager or a locker"},
    {"12", of_socket, SEAT_ASK_PEER, "it works for the process at the other end of its socket"},
    {"allow", without_logind_all, SEAT_YES, "there is no logind, and without-logind = allow"},
    {"console", without_logind_at_console, SEAT_YES, "it is on the console that is shown"},
    {"none", without_logind, SEAT_NO, "there is no logind, and without-logind does not allow it"},
    {"13", otherwise, SEAT_NO, "nothing says that it is at the seat"},
};

static struct seat_verdict decide(const struct seat_facts *facts)
{
    size_t i = 0;

    while (i < COUNT(rows) - 1 && !rows[i].applies(facts))
        i++;
    return (struct seat_verdict){rows[i].row, rows[i].answer, rows[i].why};
}

struct seat_verdict seat_decide(const struct seat_facts *facts)
{
    struct seat_verdict verdict = decide(facts);
    struct seat_facts as_origin = *facts;

    if (verdict.answer != SEAT_ASK_ORIGIN)
        return verdict;
    as_origin.place = SEAT_IN_SESSION;
    as_origin.sessions = session_it_came_from(facts);
    as_origin.session_count = 1;
    verdict = decide(&as_origin);
    verdict.row = "6"; /* with the reason of the row for the session */
    return verdict;
}
