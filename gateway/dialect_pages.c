/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pages for people: a link that a terminal shows, answered by a passkey in a browser. The calls
 * of their scripts are JSON, and of the page's own origin; whoever began to answer a link is known
 * by a cookie, and no other browser can go on.
 */
#include "gateway/dialect_pages.h"
#include "common/base/cleanup.h"
#include "common/base/crockford.h"
#include "common/base/limits.h"
#include "gateway/cookies.h"
#include "gateway/dialect.h"
#include "gateway/page.h"
#include "gateway/pages.h"

#include <string.h>

#define COOKIE_AGE  (2 * PK_LINK_LIFETIME)
#define SCRIPT_TYPE "text/javascript; charset=utf-8"

/* No page loads anything from elsewhere, is framed, sends a form, or makes elements of text. */
static const char *const headers[][2] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for "
     "'script'; trusted-types 'none'"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy",
     "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), "
     "geolocation=(), microphone=()"},
    {"Cache-Control", "no-store"},
    {"Vary", "Accept-Language, Cookie"},
};

static void add_headers(struct exchange *exchange)
{
    const struct party *party = exchange_party(exchange);

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        exchange_add_header(exchange, headers[i][0], headers[i][1]);
    if (party->origins.count > 0 && strncmp(party->origins.items[0], "https:", 6) == 0)
        exchange_add_header(exchange, "Strict-Transport-Security", "max-age=63072000");
}

static enum page_language language_of(const struct exchange *exchange)
{
    return page_language(exchange_header(exchange, "accept-language"));
}

/* Takes the page; NULL: there was no memory for it. */
static void answer_page(struct exchange *exchange, unsigned http_status, char *page)
{
    PK_AUTO_FREE char *text = page;

    add_headers(exchange);
    exchange_answer_text(exchange, text ? http_status : 503, "text/html; charset=utf-8",
                         text ? text : "");
}

static void answer_words(struct exchange *exchange, unsigned http_status, enum page_word title,
                         enum page_word more)
{
    answer_page(exchange, http_status,
                page_of_words(exchange_party(exchange), language_of(exchange), title, more));
}

static void answer_json(struct exchange *exchange, unsigned http_status, json_t *body)
{
    add_headers(exchange);
    exchange_answer(exchange, http_status, body);
}

/* --- refusals --------------------------------------------------------------------------------- */

static const struct {
    unsigned http_status;
    enum page_word title, more;
    const char *name; /* for the scripts */
} refusals[] = {
    {404, WORD_OVER, WORD_OVER_MORE, "over"},
    {429, WORD_BUSY, WORD_BUSY_MORE, "busy"},
    {503, WORD_UNAVAILABLE, WORD_UNAVAILABLE_MORE, "unavailable"},
};

static void refuse(struct exchange *exchange, unsigned http_status)
{
    enum page_word title = WORD_WRONG, more = WORD_WRONG_MORE;
    const char *name = "malformed";

    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        if (refusals[i].http_status == http_status) {
            title = refusals[i].title;
            more = refusals[i].more;
            name = refusals[i].name;
        }
    if (strcmp(exchange_method(exchange), "POST") == 0)
        answer_json(exchange, http_status, json_pack("{s:s}", "error", name));
    else
        answer_words(exchange, http_status, title, more);
}

static void refuse_by_outcome(struct exchange *exchange, const struct party_answer *answer)
{
    static const unsigned statuses[PARTY_OUTCOMES] = {
        [PARTY_MALFORMED] = 400,
        [PARTY_UNKNOWN_CHALLENGE] = 404,
        [PARTY_LIMITED] = 429,
    };
    unsigned http_status = statuses[answer->outcome];

    refuse(exchange, http_status ? http_status : 503);
}

/* --- a link ----------------------------------------------------------------------------------- */

/*
 * Of each link its own cookie: a person may have two open, in two tabs, and one claim is nothing to
 * the other. The caller's to free; NULL: no memory.
 */
static char *link_cookie(const struct exchange *exchange)
{
    return cookie_of_link(exchange_capture(exchange, 0));
}

static void ask(struct exchange *exchange, enum party_call call, const char *credential,
                party_answered *answered)
{
    PK_AUTO_FREE char *cookie = link_cookie(exchange);
    PK_AUTO_FREE char *claim = cookie_read(exchange, cookie);

    party_call(exchange, &(struct party_request){.call = call,
                                                 .id = exchange_capture(exchange, 0),
                                                 .claim = claim ? claim : "",
                                                 .credential = credential,
                                                 .answered = answered});
}

/*
 * Who opens a link that nobody has begun is given what the claim will be, if it is they who begin:
 * the reply to that may be lost on its way, and the browser goes on all the same. A cookie that is
 * there stays, since another tab may be about to begin with it.
 */
static void propose_claim(struct exchange *exchange, const json_t *link)
{
    const char *stage = json_string_value(json_object_get(link, "stage"));
    char claim[PK_LINK_CLAIM_SIZE];
    PK_AUTO_FREE char *cookie = link_cookie(exchange);
    PK_AUTO_FREE char *held = cookie_read(exchange, cookie);

    if (!stage || strcmp(stage, "new") != 0 || !held || *held)
        return;
    pk_crockford_random(claim, sizeof(claim) - 1);
    (void)cookie_set(exchange, cookie, claim, COOKIE_AGE);
}

static void described(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE) {
        refuse_by_outcome(exchange, answer);
        return;
    }
    propose_claim(exchange, answer->result);
    answer_page(exchange, 200,
                page_of_link(exchange_party(exchange), language_of(exchange), answer->result));
}

static void get_link(struct exchange *exchange)
{
    ask(exchange, PARTY_DESCRIBE_LINK, NULL, described);
}

/* The claim goes into that cookie, the options to the script. */
static void answer_begun(struct exchange *exchange, const struct party_answer *answer,
                         const char *name)
{
    if (answer->outcome != PARTY_DONE)
        refuse_by_outcome(exchange, answer);
    else if (!cookie_set(exchange, name, answer->id, COOKIE_AGE))
        refuse(exchange, 503);
    else
        answer_json(exchange, 200, json_deep_copy(answer->result));
}

static void begun(struct exchange *exchange, const struct party_answer *answer)
{
    PK_AUTO_FREE char *cookie = link_cookie(exchange);

    answer_begun(exchange, answer, cookie);
}

/*
 * Only the page's own scripts: another site's page could send no JSON, and has another Origin,
 * which no browser leaves out of a POST.
 */
static bool is_from_page(struct exchange *exchange)
{
    const char *site = exchange_header(exchange, "sec-fetch-site");
    const json_t *body = NULL;
    const char *why = NULL;

    if (!exchange_header(exchange, "origin") || (site && strcmp(site, "same-origin") != 0)) {
        refuse(exchange, 403);
        return false;
    }
    if (exchange_json(exchange, &body, &why) || !json_is_object(body)) {
        refuse(exchange, 400);
        return false;
    }
    return true;
}

static void begin_link(struct exchange *exchange)
{
    if (is_from_page(exchange))
        ask(exchange, PARTY_BEGIN_LINK, NULL, begun);
}

char *pages_credential(const json_t *body)
{
    const json_t *credential = json_object_get(body, "credential");

    return json_is_object(credential) ? json_dumps(credential, JSON_COMPACT) : NULL;
}

static void finished(struct exchange *exchange, const struct party_answer *answer)
{
    const char *code = json_string_value(json_object_get(answer->result, "code"));

    if (answer->outcome != PARTY_DONE)
        refuse_by_outcome(exchange, answer);
    else
        answer_json(exchange, 200, code ? json_pack("{s:s}", "code", code) : json_object());
}

static void finish_link(struct exchange *exchange)
{
    const json_t *body = NULL;
    const char *why = NULL;
    PK_AUTO_FREE char *credential = NULL;

    if (!is_from_page(exchange) || exchange_json(exchange, &body, &why))
        return;
    credential = pages_credential(body);
    if (credential)
        ask(exchange, PARTY_FINISH_LINK, credential, finished);
    else
        refuse(exchange, 400);
}

static void disowned(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        refuse_by_outcome(exchange, answer);
    else
        answer_json(exchange, 204, NULL);
}

static void disown_link(struct exchange *exchange)
{
    if (is_from_page(exchange))
        ask(exchange, PARTY_DISOWN_LINK, NULL, disowned);
}

/* --- an enrolment link ------------------------------------------------------------------------ */

/* The same for every ticket, which only the script sees. */
static void get_ticket_page(struct exchange *exchange)
{
    answer_page(exchange, 200, page_of_ticket(exchange_party(exchange), language_of(exchange)));
}

/* Of the page's own script, with the ticket and what else the body has. */
static void ask_with_ticket(struct exchange *exchange, struct party_request request)
{
    const json_t *body = NULL;
    const char *why = NULL;
    PK_AUTO_FREE char *cookie = NULL, *claim = NULL;

    if (!is_from_page(exchange) || exchange_json(exchange, &body, &why))
        return;
    request.id = json_string_value(json_object_get(body, "ticket"));
    if (!request.id) {
        refuse(exchange, 400);
        return;
    }
    cookie = cookie_of_ticket(request.id);
    claim = cookie_read(exchange, cookie);
    request.claim = claim ? claim : "";
    party_call(exchange, &request);
}

static void ticket_answered(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome == PARTY_DONE)
        answer_json(exchange, 200, json_deep_copy(answer->result));
    else
        refuse_by_outcome(exchange, answer);
}

static void describe_ticket(struct exchange *exchange)
{
    ask_with_ticket(exchange, (struct party_request){.call = PARTY_DESCRIBE_TICKET,
                                                     .answered = ticket_answered});
}

static void ticket_begun(struct exchange *exchange, const struct party_answer *answer)
{
    const json_t *body = NULL;
    const char *why = NULL;
    const char *ticket = exchange_json(exchange, &body, &why)
                             ? NULL
                             : json_string_value(json_object_get(body, "ticket"));
    PK_AUTO_FREE char *cookie = ticket ? cookie_of_ticket(ticket) : NULL;

    answer_begun(exchange, answer, cookie);
}

static void begin_ticket(struct exchange *exchange)
{
    ask_with_ticket(exchange,
                    (struct party_request){.call = PARTY_BEGIN_TICKET, .answered = ticket_begun});
}

static void finish_ticket(struct exchange *exchange)
{
    const json_t *body = NULL;
    const char *why = NULL;
    PK_AUTO_FREE char *credential = NULL;

    if (!is_from_page(exchange) || exchange_json(exchange, &body, &why))
        return;
    credential = pages_credential(body);
    if (credential)
        ask_with_ticket(exchange, (struct party_request){.call = PARTY_FINISH_TICKET,
                                                         .credential = credential,
                                                         .answered = ticket_answered});
    else
        refuse(exchange, 400);
}

/* --- for dialect_pages_own.c ------------------------------------------------------------------ */

void pages_answer(struct exchange *exchange, unsigned http_status, char *page)
{
    answer_page(exchange, http_status, page);
}

void pages_answer_words(struct exchange *exchange, unsigned http_status, enum page_word title,
                        enum page_word more)
{
    answer_words(exchange, http_status, title, more);
}

void pages_answer_json(struct exchange *exchange, unsigned http_status, json_t *body)
{
    answer_json(exchange, http_status, body);
}

void pages_refuse_by_outcome(struct exchange *exchange, const struct party_answer *answer)
{
    refuse_by_outcome(exchange, answer);
}

enum page_language pages_language(const struct exchange *exchange)
{
    return language_of(exchange);
}

bool pages_is_from_page(struct exchange *exchange)
{
    return is_from_page(exchange);
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct {
    const char *name, *type, *text;
} files[] = {
    {"style.css", "text/css; charset=utf-8", page_style},
    {"parts.js", SCRIPT_TYPE, page_parts},
    {"calls.js", SCRIPT_TYPE, page_calls},
    {"webauthn.js", SCRIPT_TYPE, page_webauthn},
    {"link.js", SCRIPT_TYPE, page_link},
    {"ticket.js", SCRIPT_TYPE, page_ticket},
    {"passkeys.js", SCRIPT_TYPE, page_passkeys},
};

/* What the pages load. */
static void get_file(struct exchange *exchange)
{
    const char *name = exchange_capture(exchange, 0);

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (strcmp(files[i].name, name) == 0) {
            add_headers(exchange);
            exchange_answer_text(exchange, 200, files[i].type, files[i].text);
            return;
        }
    answer_words(exchange, 404, WORD_NOTHING, WORD_NOTHING_MORE);
}

static const struct route routes[] = {
    {"GET", "/static/{file}", ACCESS_PUBLIC, get_file},
    {"GET", "/enroll", ACCESS_PUBLIC, get_ticket_page},
    {"POST", "/enroll/describe", ACCESS_PUBLIC, describe_ticket},
    {"POST", "/enroll/begin", ACCESS_PUBLIC, begin_ticket},
    {"POST", "/enroll/finish", ACCESS_PUBLIC, finish_ticket},
    {"GET", "", ACCESS_PUBLIC, pages_get_own},
    {"GET", "/", ACCESS_PUBLIC, pages_get_own},
    {"GET", "/passkeys", ACCESS_PUBLIC, pages_get_passkeys},
    {"GET", "/decisions", ACCESS_PUBLIC, pages_get_decisions},
    {"POST", "/passkeys/begin", ACCESS_PUBLIC, pages_begin_own},
    {"POST", "/passkeys/finish", ACCESS_PUBLIC, pages_finish_own},
    {"POST", "/passkeys/rename", ACCESS_PUBLIC, pages_rename_own},
    {"POST", "/passkeys/sign-out", ACCESS_PUBLIC, pages_sign_out},
    {"GET", "/{link}", ACCESS_PUBLIC, get_link},
    {"POST", "/{link}/begin", ACCESS_PUBLIC, begin_link},
    {"POST", "/{link}/finish", ACCESS_PUBLIC, finish_link},
    {"POST", "/{link}/disown", ACCESS_PUBLIC, disown_link},
};

const struct dialect dialect_pages = {
    .name = "pages",
    .routes = routes,
    .route_count = sizeof(routes) / sizeof(routes[0]),
    .refuse = refuse,
    .refuse_caller = refuse_by_outcome,
};
