/* SPDX-License-Identifier: BSD-2-Clause */
/* "passkeyctl ticket": lets somebody enrol once, by a file or by a link for their browser. */
#include "client/ctl/commands.h"
#include "client/passkeys.h"

#include "common/base/text.h"
#include "common/bus/calls.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define SHOWN_MAX    128 /* bytes of a name that is shown */
#define ANSWER_EXTRA 60  /* seconds that the daemon has for an answer after the link's end */
#define CALL_SECONDS 60
#define NAMES_TRIED  3

static void cleanup_json(json_t **value)
{
    json_decref(*value);
}
#define AUTO_JSON __attribute__((cleanup(cleanup_json)))

/* "2026-11-28 22:41" */
static void write_time(int64_t when, char *text, size_t size)
{
    const time_t seconds = (time_t)when;
    struct tm local;

    if (!localtime_r(&seconds, &local) || strftime(text, size, "%Y-%m-%d %H:%M", &local) == 0)
        (void)snprintf(text, size, "soon");
}

/* --- a ticket in a file ----------------------------------------------------------------------- */

static int give_ticket(struct session *session)
{
    struct pk_ticket ticket = {0};
    enum pk_status status = session_open(session);

    if (status == PK_OK)
        status = pk_ticket_create(session->bus, session->line.user, session->line.rp,
                                  session->line.lifetime, &ticket);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    if (session->line.json) {
        print_json(json_pack("{s:b, s:s, s:I}", "ok", 1, "ticket", (char *)ticket.secret.data,
                             "expires", (json_int_t)ticket.expires));
    } else {
        char when[32];

        write_time((int64_t)ticket.expires, when, sizeof(when));
        (void)printf("%s\n", (char *)ticket.secret.data);
        (void)fprintf(stderr,
                      "Good for one enrolment of %s until %s: passkey-enroll "
                      "--ticket-file FILE\n",
                      session->line.user, when);
    }
    pk_secret_clear(&ticket.secret);
    return EXIT_DONE;
}

/* --- a link ----------------------------------------------------------------------------------- */

struct link {
    json_t *about; /* what CreateTicketLink says of it */
    int64_t expires;
    char until[32];
    char *user, *host; /* to be shown */
};

static void link_clear(struct link *link)
{
    json_decref(link->about);
    free(link->user);
    free(link->host);
}

static void print_link(const struct session *session, const struct link *link,
                       const struct pk_secret *ticket)
{
    PK_AUTO_FREE char *url =
        pk_text_format("%s#%s", member_text(link->about, "page"), (char *)ticket->data);

    if (session->line.json) {
        json_t *object = json_deep_copy(link->about);

        (void)json_object_set_new(object, "ok", json_true());
        (void)json_object_set_new(object, "link", json_string(url ? url : ""));
        (void)json_object_del(object, "page");
        print_json(object);
    } else {
        (void)printf("%s\n", url ? url : "");
        (void)fprintf(stderr,
                      "Good once, until %s: whoever opens it can make a passkey that signs in as "
                      "%s on %s.\nSend it where nobody else reads it.\n",
                      link->until, link->user, link->host);
    }
    (void)fflush(stdout);
    if (url)
        explicit_bzero(url, strlen(url));
}

static enum pk_status make_link(struct session *session, struct link *ret)
{
    struct pk_secret ticket = {0};
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status = pk_ticket_link_create(
        session->bus, session->line.user, session->line.rp, session->line.lifetime, &ticket, &text);

    if (status != PK_OK)
        return status;
    ret->about = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    ret->expires = json_integer_value(json_object_get(ret->about, "expires"));
    ret->user = pk_text_printable(member_text(ret->about, "user"), SHOWN_MAX);
    ret->host = pk_text_printable(member_text(ret->about, "host"), SHOWN_MAX);
    write_time(ret->expires, ret->until, sizeof(ret->until));
    if (!ret->about || ret->expires == 0)
        status = PK_PROTOCOL;
    else if (!ret->user || !ret->host)
        status = PK_NO_MEMORY;
    else
        print_link(session, ret, &ticket);
    pk_secret_clear(&ticket);
    return status;
}

/* --- its use ---------------------------------------------------------------------------------- */

static int report(const struct session *session, const char *outcome, const char *text)
{
    if (session->line.json)
        print_json(json_pack("{s:b, s:s}", "ok", 0, "outcome", outcome));
    else
        (void)fprintf(stderr, "%s\n", text);
    return EXIT_REFUSED;
}

static int keep(const char *user, const char *name)
{
    (void)printf("%s can sign in with \"%s\".\n", user, name);
    return EXIT_DONE;
}

static int take_away(struct session *session, const json_t *passkey)
{
    enum pk_status status = pk_credential_remove(session->bus, session->line.user,
                                                 member_text(passkey, "credentialId"));

    if (status != PK_OK)
        return session_fail(session, status, NULL);
    (void)fprintf(stderr, "Removed: it signs in to nothing. The link is used up.\n");
    return EXIT_REFUSED;
}

/* PK_OK: the question has been answered, and *ret_code is what came of it. */
static enum pk_status ask_once(struct session *session, const struct link *link,
                               const json_t *passkey, const char *name, int *ret_code)
{
    PK_AUTO_FREE char *question = pk_text_format(
        "Its name (Enter: %s; \"no\", if %s has not just made it: it is removed):", name,
        link->user);
    PK_AUTO_FREE char *answer = NULL;
    PK_AUTO_FREE char *shown = NULL;
    enum pk_status status =
        question ? terminal_ask(&session->terminal, question, &answer) : PK_NO_MEMORY;

    if (status != PK_OK)
        return status;
    pk_bus_set_deadline(session->bus, CALL_SECONDS);
    if (*answer == '\0' || strcmp(answer, name) == 0) {
        *ret_code = keep(link->user, name);
        return PK_OK;
    }
    if (strcasecmp(answer, "no") == 0) {
        *ret_code = take_away(session, passkey);
        return PK_OK;
    }
    status = pk_credential_rename(session->bus, session->line.user,
                                  member_text(passkey, "credentialId"), answer);
    shown = pk_text_printable(answer, SHOWN_MAX);
    if (status == PK_OK)
        *ret_code = keep(link->user, shown ? shown : "?");
    else
        *ret_code = session_fail(session, status, NULL);
    return status == PK_INVALID_ARGUMENT || status == PK_NAME_TAKEN ? status : PK_OK;
}

/* The passkey signs in already: whoever sits here says whether it stays. */
static int ask_whether_to_keep(struct session *session, const struct link *link,
                               const json_t *passkey, const char *name)
{
    enum pk_status status = PK_NAME_TAKEN;
    int code = EXIT_REFUSED;

    for (int i = 0; i < NAMES_TRIED && (status == PK_NAME_TAKEN || status == PK_INVALID_ARGUMENT);
         i++)
        status = ask_once(session, link, passkey, name, &code);
    if (status == PK_OK)
        return code;
    (void)fprintf(stderr, "It stays, as \"%s\". \"passkeyctl remove --user %s NAME\" removes it.\n",
                  name, link->user);
    if (terminal_interrupted(&session->terminal))
        return EXIT_INTERRUPTED;
    return status == PK_UNAVAILABLE ? EXIT_DONE : EXIT_REFUSED; /* there is no terminal */
}

static int tell_of_use(struct session *session, const struct link *link, json_t *use)
{
    const json_t *passkey = json_object_get(use, "credential");
    PK_AUTO_FREE char *name = pk_text_printable(member_text(passkey, "name"), SHOWN_MAX);
    PK_AUTO_FREE char *provider = pk_text_printable(member_text(use, "provider"), SHOWN_MAX);

    if (session->line.json) {
        (void)json_object_set_new(use, "ok", json_true());
        print_json(json_incref(use));
        return EXIT_DONE;
    }
    if (!passkey || !name)
        return session_fail(session, PK_NO_MEMORY, NULL);
    (void)fprintf(stderr, "%s has a new passkey: %s.\n", link->user,
                  provider && *provider ? provider : "its provider is not known here");
    return ask_whether_to_keep(session, link, passkey, name);
}

static int fail_waiting(struct session *session, const struct link *link, enum pk_status status)
{
    if (!session->line.json && status != PK_DENIED)
        (void)fprintf(stderr, "The link itself stays good until %s.\n", link->until);
    return session_fail(session, status, status == PK_CANCELLED ? "No longer waiting." : NULL);
}

static int wait_for_use(struct session *session, const struct link *link)
{
    const int64_t left = link->expires - (int64_t)time(NULL);
    PK_AUTO_FREE char *text = NULL;
    AUTO_JSON json_t *use = NULL;
    enum pk_status status;
    const char *outcome;

    if (!session->line.json)
        (void)fprintf(stderr, "Waiting until somebody uses it. Ctrl-C ends the waiting alone.\n");
    pk_bus_set_deadline(session->bus, (unsigned)(left > 0 ? left : 0) + ANSWER_EXTRA);
    status = pk_ticket_link_await(session->bus, member_text(link->about, "id"), &text);
    if (status != PK_OK)
        return fail_waiting(session, link, status);
    use = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    outcome = member_text(use, "outcome");
    if (strcmp(outcome, "used") == 0)
        return tell_of_use(session, link, use);
    if (strcmp(outcome, "gone") == 0)
        return report(session, "gone", "The account is gone, and the link with it.");
    if (strcmp(outcome, "revoked") == 0)
        return report(session, "revoked", "The link was revoked, and nobody has used it.");
    return report(session, "expired", "Nobody has used the link, and its time is over.");
}

static bool is_to_wait(const struct command_line *line)
{
    if (line->wait != WAIT_UNSAID)
        return line->wait == WAIT_YES;
    return !line->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
}

static int give_link(struct session *session)
{
    __attribute__((cleanup(link_clear))) struct link link = {0};
    enum pk_status status = session_open(session);

    if (status == PK_OK)
        status = make_link(session, &link);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    return is_to_wait(&session->line) ? wait_for_use(session, &link) : EXIT_DONE;
}

/* --- none any more ---------------------------------------------------------------------------- */

static int revoke_all(struct session *session)
{
    enum pk_status status = session_open(session);

    if (status == PK_OK)
        status = pk_tickets_revoke(session->bus, session->line.user, session->line.rp);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    if (session->line.json)
        print_json(json_pack("{s:b}", "ok", 1));
    else
        (void)printf("Its tickets and links open nothing any more.\n");
    return EXIT_DONE;
}

/* --- the command ------------------------------------------------------------------------------ */

int command_ticket(struct session *session)
{
    struct command_line *line = &session->line;

    if ((line->argument_count == 1) == line->user_given)
        return command_line_fail("passkeyctl", line->json,
                                 "ticket needs one USER, whom it is for: passkeyctl ticket USER");
    if (line->argument_count == 1)
        line->user = line->arguments[0];
    if (!line->user[0]) /* to the daemon the caller, so that a script would open root's account */
        return command_line_fail("passkeyctl", line->json,
                                 "the USER of a ticket is empty: passkeyctl ticket USER");
    if (line->revoke && (line->link || line->lifetime > 0))
        return command_line_fail("passkeyctl", line->json,
                                 "ticket --revoke makes none, and takes neither --link nor "
                                 "--lifetime");
    if (line->wait != WAIT_UNSAID && !line->link)
        return command_line_fail("passkeyctl", line->json,
                                 "--wait and --no-wait are for ticket --link");
    if (line->revoke)
        return revoke_all(session);
    return line->link ? give_link(session) : give_ticket(session);
}
