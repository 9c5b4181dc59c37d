/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the person behind a call sits at this computer, so that a key in it may be used: facts
 * in, verdict out. Pure functions; logind.c collects the facts.
 */
#ifndef PASSKEYD_SEAT_H
#define PASSKEYD_SEAT_H

#include "daemon/bus/caller.h"
#include "daemon/config/config.h"

enum seat_type { SEAT_TYPE_OTHER, SEAT_TYPE_TTY, SEAT_TYPE_GRAPHICAL };

/* What logind says of a session; names are those of its properties. */
struct seat_session {
    uid_t user;
    bool has_seat;
    bool active;     /* Active */
    bool foreground; /* State is "active" */
    bool remote;     /* Remote, or with a RemoteHost that is no display of this host */
    bool of_person;  /* Class is one of a login, and not "background" or "manager" */
    enum seat_type type;
    uint32_t vt;    /* VTNr; 0: none */
    uint32_t audit; /* Audit; CALLER_UNSET: none */
};

enum seat_place {
    SEAT_UNKNOWN,    /* logind does not tell, or not in time, or something odd */
    SEAT_NO_LOGIND,  /* this host has none */
    SEAT_IN_SESSION, /* the process is in sessions[0] */
    SEAT_OF_USER,    /* in no session, but a user's; sessions are all of that user's */
    SEAT_OF_NOBODY,  /* in no session, and no user's */
};

/* What the program is, by its PAM service. */
enum seat_program { SEAT_PROGRAM_OTHER, SEAT_PROGRAM_GREETER, SEAT_PROGRAM_POLKIT };

struct seat_facts {
    bool names_remote_host; /* the call has an rhost that is no display of this host */
    enum seat_place place;
    uid_t user; /* SEAT_OF_USER: whose */
    const struct seat_session *sessions;
    size_t session_count;
    uid_t uid; /* of the connection */
    struct caller caller;
    enum seat_program program;
    unsigned shown_vt;    /* the virtual console that is shown; 0: none, or not known */
    uid_t shown_vt_owner; /* of its device; (uid_t)-1: not known */
    enum user_manager user_manager;
    enum without_logind without_logind;
};

enum seat_answer {
    SEAT_NO,
    SEAT_YES,
    SEAT_ASK_PEER,   /* decide for the process at the other end of the caller's socket instead */
    SEAT_ASK_ORIGIN, /* of a row alone: never of seat_decide() */
};

struct seat_verdict {
    const char *row; /* of the table in seat.c, for the log */
    enum seat_answer answer;
    const char *why;
};

struct seat_verdict seat_decide(const struct seat_facts *facts) PK_WARN_UNUSED;

/* The number, 1 to 63, of the virtual console with that device number; 0: it is none. */
unsigned seat_console(uint32_t device) PK_WARN_UNUSED;

#endif
