/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/logind_facts.h"

#include "common/base/text.h"
#include "daemon/verify/context.h"

#include <stdlib.h>
#include <string.h>

static enum seat_type type_of(const char *type)
{
    if (strcmp(type, "x11") == 0 || strcmp(type, "wayland") == 0 || strcmp(type, "mir") == 0)
        return SEAT_TYPE_GRAPHICAL;
    return strcmp(type, "tty") == 0 ? SEAT_TYPE_TTY : SEAT_TYPE_OTHER;
}

enum pk_status logind_facts_read(const struct logind_words *words, struct seat_session *session,
                                 char **ret_host)
{
    bool names_host = context_is_remote(&(struct context){.rhost = words->remote_host});
    char *host = pk_text_printable(names_host ? words->remote_host : "", LOGIND_RHOST_MAX);

    if (!host)
        return PK_NO_MEMORY;
    session->has_seat = words->seat[0] != '\0';
    session->type = type_of(words->type);
    /* "user", "user-early", "user-light" …; what logind does not name may be anything. */
    session->of_person = words->class[0] == '\0' || strncmp(words->class, "user", 4) == 0;
    session->foreground = strcmp(words->state, "active") == 0;
    /*
     * Remote alone does not decide: logind does not count a session from "localhost" as remote,
     * although that may be the end of a tunnel.
     */
    session->remote = words->remote || names_host;
    *ret_host = host;
    return PK_OK;
}

/* Takes host. Two sessions from two hosts: either may be the one. */
static void keep_host(struct logind_facts *facts, char *host)
{
    if (!facts->host && host[0]) {
        facts->host = host;
        return;
    }
    if (host[0] && strcmp(facts->host, host) != 0)
        facts->host[0] = '\0';
    free(host);
}

enum pk_status logind_facts_add(struct logind_facts *facts, const struct seat_session *session,
                                char *host)
{
    enum pk_status status = PK_OK;

    if (facts->session_count == LOGIND_SESSIONS_MAX)
        status = PK_LIMIT_EXCEEDED;
    else if (facts->place == SEAT_OF_USER && session->user != facts->user)
        status = PK_INVALID_INPUT;
    if (status) {
        free(host);
        return status;
    }
    facts->sessions[facts->session_count++] = *session;
    keep_host(facts, host);
    return PK_OK;
}

void logind_facts_clear(struct logind_facts *facts)
{
    free(facts->host);
    *facts = (struct logind_facts){.place = SEAT_UNKNOWN};
}
