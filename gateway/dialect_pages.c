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
#include "common/base/text.h"
#include "gateway/dialect.h"
#include "gateway/page.h"
#include "gateway/pages.h"

#include <string.h>

#define COOKIE        "__Host-passkey-link"
#define TICKET_COOKIE "__Host-passkey-ticket"

/* No page loads anything from elsewhere, is framed, or sends a form. */
static const char *const headers[][2] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for "
     "'script'"},
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

/* What the browser has in that cookie; "": nothing. The caller's to free; NULL: no memory. */
static char *claim_of(const struct exchange *exchange, const char *cookie)
{
    const char *cookies = exchange_header(exchange, "cookie");
    size_t name = strlen(cookie) + 1;

    for (; cookies && *cookies; cookies += strspn(cookies, "; ")) {
        size_t len = strcspn(cookies, ";");

        if (len > name && strncmp(cookies, cookie, name - 1) == 0 && cookies[name - 1] == '=')
            return strndup(cookies + name, len - name);
        cookies += len;
    }
    return strdup("");
}

/*
 * Of each link its own: a person may have two open, in two tabs, and one claim is nothing to the
 * other. The caller's to free; NULL: no memory.
 */
static char *link_cookie(const struct exchange *exchange)
{
    char word[PK_LINK_WORD_SIZE];

    if (pk_crockford_read(pk_view_string(exchange_capture(exchange, 0)), word, sizeof(word) - 1))
        word[0] = '\0'; /* the daemon knows none that is spelled like this */
    return pk_text_format(COOKIE "-%s", word);
}

static void ask(struct exchange *exchange, enum party_call call, const char *credential,
                party_answered *answered)
{
    PK_AUTO_FREE char *cookie = link_cookie(exchange);
    PK_AUTO_FREE char *claim = cookie ? claim_of(exchange, cookie) : NULL;

    party_call(exchange, &(struct party_request){.call = call,
                                                 .id = exchange_capture(exchange, 0),
                                                 .claim = claim ? claim : "",
                                                 .credential = credential,
                                                 .answered = answered});
}

static void described(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome == PARTY_DONE)
        answer_page(exchange, 200,
                    page_of_link(exchange_party(exchange), language_of(exchange), answer->result));
    else
        refuse_by_outcome(exchange, answer);
}

static void get_link(struct exchange *exchange)
{
    ask(exchange, PARTY_DESCRIBE_LINK, NULL, described);
}

/* The claim goes into that cookie, the options to the script. */
static void answer_begun(struct exchange *exchange, const struct party_answer *answer,
                         const char *name)
{
    PK_AUTO_FREE char *cookie = NULL;

    if (answer->outcome != PARTY_DONE) {
        refuse_by_outcome(exchange, answer);
        return;
    }
    cookie = name ? pk_text_format("%s=%s; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%u",
                                   name, answer->id, 2 * PK_LINK_LIFETIME)
                  : NULL;
    if (!cookie) {
        refuse(exchange, 503);
        return;
    }
    exchange_add_header(exchange, "Set-Cookie", cookie);
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
    credential = json_dumps(json_object_get(body, "credential"), JSON_COMPACT);
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
    PK_AUTO_FREE char *claim = NULL;

    if (!is_from_page(exchange) || exchange_json(exchange, &body, &why))
        return;
    request.id = json_string_value(json_object_get(body, "ticket"));
    if (!request.id) {
        refuse(exchange, 400);
        return;
    }
    claim = claim_of(exchange, TICKET_COOKIE);
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
    answer_begun(exchange, answer, TICKET_COOKIE);
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
    credential = json_dumps(json_object_get(body, "credential"), JSON_COMPACT);
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

void pages_answer_script(struct exchange *exchange, const char *script)
{
    add_headers(exchange);
    exchange_answer_text(exchange, 200, "text/javascript; charset=utf-8", script);
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

static void get_style(struct exchange *exchange)
{
    add_headers(exchange);
    exchange_answer_text(exchange, 200, "text/css; charset=utf-8", page_style);
}

static void get_script(struct exchange *exchange)
{
    add_headers(exchange);
    exchange_answer_text(exchange, 200, "text/javascript; charset=utf-8", page_script);
}

static void get_webauthn(struct exchange *exchange)
{
    add_headers(exchange);
    exchange_answer_text(exchange, 200, "text/javascript; charset=utf-8", page_webauthn);
}

static void get_ticket_script(struct exchange *exchange)
{
    add_headers(exchange);
    exchange_answer_text(exchange, 200, "text/javascript; charset=utf-8", page_ticket);
}

static const struct route routes[] = {
    {"GET", "/static/style.css", ACCESS_PUBLIC, get_style},
    {"GET", "/static/link.js", ACCESS_PUBLIC, get_script},
    {"GET", "/static/webauthn.js", ACCESS_PUBLIC, get_webauthn},
    {"GET", "/static/ticket.js", ACCESS_PUBLIC, get_ticket_script},
    {"GET", "/enroll", ACCESS_PUBLIC, get_ticket_page},
    {"POST", "/enroll/describe", ACCESS_PUBLIC, describe_ticket},
    {"POST", "/enroll/begin", ACCESS_PUBLIC, begin_ticket},
    {"POST", "/enroll/finish", ACCESS_PUBLIC, finish_ticket},
    {"GET", "/static/passkeys.js", ACCESS_PUBLIC, pages_get_own_script},
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
