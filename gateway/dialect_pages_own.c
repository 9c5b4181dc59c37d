/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pages on which people look after their own passkeys. Whose they are a session says, which
 * passkeyd makes and the browser has as a cookie; nothing of it is kept here. What changes
 * something carries a token beside it that only the session's own page has.
 */
#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "gateway/cookies.h"
#include "gateway/dialect_pages.h"
#include "gateway/page_own.h"

#include <string.h>

static const char *text_of(const json_t *body, const char *name)
{
    const char *text = json_string_value(json_object_get(body, name));

    return text ? text : "";
}

/* --- the session ------------------------------------------------------------------------------ */

/* What the browser has; "": nothing. The caller's to free; NULL: no memory. */
static char *session_of(const struct exchange *exchange)
{
    PK_AUTO_FREE char *cookie = cookie_of_session(exchange);

    return cookie_read(exchange, cookie);
}

/*
 * What the page's own calls carry: it can be computed of the session's cookie alone, which no
 * script and no other site sees. The caller's to free; NULL: no memory.
 */
static char *token_of(const char *session)
{
    PK_AUTO_FREE char *text = pk_text_format("passkeyd page token\n%s", session);
    uint8_t hash[PK_HASH_SIZE];

    if (!text)
        return NULL;
    pk_sha256(pk_view_string(text), hash);
    explicit_bzero(text, strlen(text));
    return pk_hex_encode((struct pk_view){hash, sizeof(hash)});
}

static bool has_token(const json_t *body, const char *session)
{
    PK_AUTO_FREE char *expected = token_of(session);

    return expected &&
           pk_view_equal_secret(pk_view_string(text_of(body, "token")), pk_view_string(expected));
}

static bool keep_session(struct exchange *exchange, const char *session)
{
    PK_AUTO_FREE char *cookie = cookie_of_session(exchange);

    return cookie_set(exchange, cookie, session, 0);
}

static void forget_session(struct exchange *exchange)
{
    PK_AUTO_FREE char *cookie = cookie_of_session(exchange);

    cookie_forget(exchange, cookie);
}

/* Where it is off there are no such pages. */
static bool is_served(struct exchange *exchange)
{
    if (exchange_party(exchange)->self_service)
        return true;
    if (strcmp(exchange_method(exchange), "POST") == 0)
        pages_answer_json(exchange, 404, json_pack("{s:s}", "error", "changed"));
    else
        pages_answer_words(exchange, 404, WORD_NOTHING, WORD_NOTHING_MORE);
    return false;
}

/* --- the pages -------------------------------------------------------------------------------- */

static void answer_sign_in(struct exchange *exchange, unsigned http_status, bool ended)
{
    pages_answer(exchange, http_status,
                 page_of_own_sign_in(exchange_party(exchange), pages_language(exchange), ended));
}

/* A session that is over is said to be; the browser forgets it. */
static bool is_signed_in(struct exchange *exchange, const struct party_answer *answer,
                         unsigned otherwise)
{
    if (answer->outcome == PARTY_DONE)
        return true;
    if (answer->outcome == PARTY_NOT_SIGNED_IN) {
        forget_session(exchange);
        answer_sign_in(exchange, otherwise, true);
    } else {
        pages_refuse_by_outcome(exchange, answer);
    }
    return false;
}

static void described_own(struct exchange *exchange, const struct party_answer *answer)
{
    PK_AUTO_FREE char *place = NULL;

    if (!is_signed_in(exchange, answer, 200))
        return;
    place = pk_text_format("%s/passkeys", exchange_party(exchange)->prefix);
    if (place)
        exchange_add_header(exchange, "Location", place);
    pages_answer(exchange, 303, strdup(""));
}

typedef char *own_page(const struct party *party, enum page_language language, const json_t *own,
                       const char *token);

static void answer_own(struct exchange *exchange, const struct party_answer *answer, own_page *page)
{
    PK_AUTO_FREE char *session = session_of(exchange);
    PK_AUTO_FREE char *token = session ? token_of(session) : NULL;

    if (is_signed_in(exchange, answer, 401))
        pages_answer(
            exchange, 200,
            token ? page(exchange_party(exchange), pages_language(exchange), answer->result, token)
                  : NULL);
}

static void described_passkeys(struct exchange *exchange, const struct party_answer *answer)
{
    answer_own(exchange, answer, page_of_own_passkeys);
}

static void described_decisions(struct exchange *exchange, const struct party_answer *answer)
{
    answer_own(exchange, answer, page_of_own_decisions);
}

static void describe(struct exchange *exchange, unsigned otherwise, party_answered *answered)
{
    PK_AUTO_FREE char *session = session_of(exchange);

    if (!is_served(exchange))
        return;
    if (!session || !*session)
        answer_sign_in(exchange, otherwise, false);
    else
        party_call(exchange, &(struct party_request){.call = PARTY_DESCRIBE_OWN,
                                                     .session = session,
                                                     .answered = answered});
}

void pages_get_own(struct exchange *exchange)
{
    describe(exchange, 200, described_own);
}

void pages_get_passkeys(struct exchange *exchange)
{
    describe(exchange, 401, described_passkeys);
}

void pages_get_decisions(struct exchange *exchange)
{
    describe(exchange, 401, described_decisions);
}

/* --- calls of its script ---------------------------------------------------------------------- */

static const struct {
    enum party_outcome outcome;
    unsigned http_status;
    const char *name; /* for the script, as in the page's notes */
} failures[] = {
    {PARTY_NOT_SIGNED_IN, 401, "ended"},       {PARTY_FORBIDDEN, 403, "prove"},
    {PARTY_UNKNOWN_CHALLENGE, 404, "changed"}, {PARTY_UNKNOWN_CREDENTIAL, 410, "unknown"},
    {PARTY_NO_CREDENTIALS, 409, "changed"},    {PARTY_EXISTS, 409, "taken"},
    {PARTY_REGISTERED, 409, "there"},          {PARTY_REFUSED, 422, "refused"},
    {PARTY_MALFORMED, 400, "malformed"},       {PARTY_LIMITED, 429, "limit"},
};

static void fail(struct exchange *exchange, const struct party_answer *answer)
{
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
        if (failures[i].outcome == answer->outcome) {
            if (answer->outcome == PARTY_NOT_SIGNED_IN)
                forget_session(exchange);
            pages_answer_json(exchange, failures[i].http_status,
                              json_pack("{s:s}", "error", failures[i].name));
            return;
        }
    pages_answer_json(exchange, 503, json_pack("{s:s}", "error", "unavailable"));
}

/*
 * The body of a call from the page of the session that the browser has; NULL: it has been refused.
 * A sign-in needs no session, and so has no token.
 */
static const json_t *read_call(struct exchange *exchange, const char *session, bool signs_in)
{
    const json_t *body = NULL;
    const char *why = NULL;

    if (!is_served(exchange) || !pages_is_from_page(exchange) ||
        exchange_json(exchange, &body, &why))
        return NULL;
    signs_in = signs_in && strcmp(text_of(body, "act"), "sign-in") == 0;
    if (!session || (!*session && !signs_in)) {
        pages_answer_json(exchange, 401, json_pack("{s:s}", "error", "ended"));
        return NULL;
    }
    if (!signs_in && !has_token(body, session)) {
        pages_answer_json(exchange, 403, json_pack("{s:s}", "error", "changed"));
        return NULL;
    }
    return body;
}

static void own_begun(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        fail(exchange, answer);
    else
        pages_answer_json(exchange, 200,
                          json_pack("{s:s, s:O}", "id", answer->id, "options", answer->result));
}

void pages_begin_own(struct exchange *exchange)
{
    PK_AUTO_FREE char *session = session_of(exchange);
    const json_t *body = read_call(exchange, session, true);
    const char *act = text_of(body, "act");

    if (body)
        party_call(exchange,
                   &(struct party_request){.call = PARTY_BEGIN_OWN,
                                           .session = strcmp(act, "sign-in") == 0 ? "" : session,
                                           .act = act,
                                           .id = text_of(body, "object"),
                                           .answered = own_begun});
}

/* The session is the browser's alone: its script gets nothing of it. */
static void own_finished(struct exchange *exchange, const struct party_answer *answer)
{
    const char *session = json_string_value(json_object_get(answer->result, "session"));
    bool over = json_is_true(json_object_get(answer->result, "signedOut"));

    if (answer->outcome != PARTY_DONE) {
        fail(exchange, answer);
        return;
    }
    if (session && !keep_session(exchange, session)) {
        pages_answer_json(exchange, 503, json_pack("{s:s}", "error", "unavailable"));
        return;
    }
    if (over)
        forget_session(exchange);
    pages_answer_json(exchange, 200, json_pack("{s:b}", "signedOut", over));
}

void pages_finish_own(struct exchange *exchange)
{
    PK_AUTO_FREE char *session = session_of(exchange);
    const json_t *body = read_call(exchange, session, true);
    PK_AUTO_FREE char *credential = body ? pages_credential(body) : NULL;

    if (!body)
        return;
    if (!credential) {
        pages_answer_json(exchange, 400, json_pack("{s:s}", "error", "malformed"));
        return;
    }
    party_call(exchange, &(struct party_request){.call = PARTY_FINISH_OWN,
                                                 .session = session,
                                                 .act = text_of(body, "act"),
                                                 .id = text_of(body, "id"),
                                                 .credential = credential,
                                                 .answered = own_finished});
}

static void own_changed(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        fail(exchange, answer);
    else
        pages_answer_json(exchange, 204, NULL);
}

void pages_rename_own(struct exchange *exchange)
{
    PK_AUTO_FREE char *session = session_of(exchange);
    const json_t *body = read_call(exchange, session, false);

    if (body)
        party_call(exchange, &(struct party_request){.call = PARTY_RENAME_OWN,
                                                     .session = session,
                                                     .id = text_of(body, "object"),
                                                     .name = text_of(body, "name"),
                                                     .answered = own_changed});
}

static void signed_out(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome == PARTY_DONE)
        forget_session(exchange);
    own_changed(exchange, answer);
}

void pages_sign_out(struct exchange *exchange)
{
    PK_AUTO_FREE char *session = session_of(exchange);

    if (read_call(exchange, session, false))
        party_call(exchange, &(struct party_request){.call = PARTY_SIGN_OUT,
                                                     .session = session,
                                                     .answered = signed_out});
}
