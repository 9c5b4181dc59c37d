/* SPDX-License-Identifier: BSD-2-Clause */
/* What passkey-enroll and passkeyctl have in common: options, exit codes and error messages. */
#ifndef CLIENT_COMMAND_LINE_H
#define CLIENT_COMMAND_LINE_H

#include "client/polkit_agent.h"
#include "client/terminal.h"

#include "common/bus/connection.h"

#include <jansson.h>

/* As the man pages list them. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1,     /* it was refused, failed, or something is not as it should be */
    EXIT_USAGE = 2,       /* wrong usage */
    EXIT_UNAVAILABLE = 3, /* the bus or the daemon is not there */
    EXIT_INTERRUPTED = 130,
};

/* Every option that one of the programs knows. Strings are borrowed from argv. */
struct command_line {
    bool json;
    bool yes;
    bool all;
    bool agent;
    bool browser;
    bool phone;
    bool link;
    bool revoke;
    enum { WAIT_UNSAID, WAIT_YES, WAIT_NO } wait;
    const char *user; /* never NULL after command_line_parse() */
    bool user_given;
    const char *rp;
    const char *name;
    const char *uv;       /* checked: required, preferred, discouraged */
    const char *resident; /* checked: required, discouraged */
    const char *ticket_file;
    uint32_t lifetime; /* seconds; 0: not given */
    uint32_t timeout;  /* seconds; 0: not given */
    uint32_t bits;     /* 2048 or 3072; 0: not given */
    bool at_once;
    bool dry_run;
    const char *rp_id;
    bool passphrase; /* it is to be asked for */
    const char *passphrase_file;
    bool with_keys;
    bool replace;
    char **arguments; /* what is left, ended by NULL */
    int argument_count;
};

/* Which options a command takes, besides --json, --help and --version. */
enum option_bit {
    OPTION_USER = 1 << 0,
    OPTION_RP = 1 << 1,
    OPTION_NAME = 1 << 2,
    OPTION_UV = 1 << 3,
    OPTION_RESIDENT = 1 << 4,
    OPTION_TICKET_FILE = 1 << 5,
    OPTION_LIFETIME = 1 << 6,
    OPTION_YES = 1 << 7,
    OPTION_ALL = 1 << 8,
    OPTION_TIMEOUT = 1 << 9,
    OPTION_AGENT = 1 << 10,
    OPTION_BITS = 1 << 11,
    OPTION_AT_ONCE = 1 << 12,
    OPTION_BROWSER = 1 << 13,
    OPTION_LINK = 1 << 14,
    OPTION_WAIT = 1 << 15, /* and --no-wait */
    OPTION_RP_ID = 1 << 16,
    OPTION_DRY_RUN = 1 << 17,
    OPTION_PASSPHRASE = 1 << 18,
    OPTION_PASSPHRASE_FILE = 1 << 19,
    OPTION_WITH_KEYS = 1 << 20,
    OPTION_REPLACE = 1 << 21,
    OPTION_REVOKE = 1 << 22,
    OPTION_PHONE = 1 << 23,
};

/*
 * Reads the options behind argv[0]. Prints help or version, or what is wrong, and ends the program
 * then, which is safe because nothing has begun. usage is the text of --help.
 */
void command_line_parse(int argc, char **argv, unsigned allowed, const char *usage,
                        struct command_line *ret);

/* Refuses, in the same way, operands that are too long for the bus, or no UTF-8. */
void command_line_check_operands(const char *program, const struct command_line *line);

/* Whether --json is among the arguments, whatever else is wrong with them. */
bool command_line_wants_json(int argc, char **argv);

/* Says what is wrong with the arguments, as JSON or in words. Returns the exit code. */
int command_line_fail(const char *program, bool json, const char *what);

/* What a command works with, once its options are read. */
struct session {
    struct command_line line;
    struct terminal terminal;
    struct polkit_agent polkit_agent;
    struct pk_bus *bus;
};
void session_close(struct session *session);
#define AUTO_SESSION __attribute__((cleanup(session_close)))

/* Catches signals, connects and finds the daemon. session->line is set. */
enum pk_status session_open(struct session *session) PK_WARN_UNUSED;

/*
 * The same in two steps, for what takes its time before the first call: the daemon closes
 * connections that call nothing for some seconds.
 */
enum pk_status session_prepare(struct session *session) PK_WARN_UNUSED;
enum pk_status session_connect(struct session *session) PK_WARN_UNUSED;

/* For calls that polkit guards: starts an agent and tells the daemon that polkit may ask. */
void session_allow_questions(struct session *session);

/*
 * *ret_fd: a pipe that holds the ticket of --ticket-file, the caller's to close; -1 where none was
 * given. PK_IO with errno, PK_TOO_LARGE.
 */
enum pk_status session_open_ticket(const struct session *session, int *ret_fd) PK_WARN_UNUSED;

/* What a failure of the bus or the daemon means where no message of the daemon says it. */
const char *session_explain(enum pk_status status);

/*
 * Prints why it failed, with text or else the daemon's message where there is one, or as
 * {"ok": false, "reason": …, "message": …} with --json. Returns the exit code.
 */
int session_fail(const struct session *session, enum pk_status status, const char *text);

/* The same for a file that cannot be read; errno is that of PK_IO. what: "ticket". */
int session_fail_to_read(const struct session *session, enum pk_status status, const char *what,
                         const char *path);

/* Prints an object, which is released, as one line on standard output. */
void print_json(json_t *object);

#endif
