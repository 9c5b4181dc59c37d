/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of the daemon for a relying party, and what its answers are to the dialects. */
#include "gateway/party.h"

#include "common/base/limits.h"
#include "common/base/log.h"
#include "common/base/quote.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "gateway/bus_client.h"
#include "gateway/gateway.h"
#include "gateway/http_client.h"
#include "gateway/members.h"
#include "gateway/metrics.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_OK 200 /* of HTTP; whether the password is right is in the body */

/* What a call takes beside the relying party's name. */
enum takes {
    TAKES_ID = 1 << 0,
    TAKES_CREDENTIAL = 1 << 1,
    TAKES_OPTIONS = 1 << 2,
    TAKES_CLAIM = 1 << 3,        /* a link's word and claim, in place of the relying party's name */
    TAKES_TICKET_CLAIM = 1 << 4, /* behind the id */
    TAKES_SESSION = 1 << 5,
    TAKES_ACT = 1 << 6,
    TAKES_NAME = 1 << 7,
};

static const struct member {
    const char *name;
    unsigned takes;
} members[] = {
    [PARTY_BEGIN_REGISTRATION] = {"BeginRegistration", TAKES_OPTIONS},
    [PARTY_FINISH_REGISTRATION] = {"FinishRegistration",
                                   TAKES_ID | TAKES_CREDENTIAL | TAKES_OPTIONS},
    [PARTY_BEGIN_AUTHENTICATION] = {"BeginAuthentication", TAKES_OPTIONS},
    [PARTY_FINISH_AUTHENTICATION] = {"FinishAuthentication",
                                     TAKES_ID | TAKES_CREDENTIAL | TAKES_OPTIONS},
    [PARTY_LIST] = {"List", TAKES_OPTIONS},
    [PARTY_RENAME] = {"Rename", TAKES_ID | TAKES_OPTIONS},
    [PARTY_REMOVE] = {"Remove", TAKES_ID | TAKES_OPTIONS},
    [PARTY_USER] = {"User", TAKES_OPTIONS},
    [PARTY_TRANSACTIONS] = {"Transactions", TAKES_OPTIONS},
    [PARTY_ISSUE_TOKEN] = {"IssueToken", TAKES_OPTIONS},
    [PARTY_CHECK_TOKEN] = {"CheckToken", TAKES_ID | TAKES_OPTIONS},
    [PARTY_KEYS] = {"Keys", 0},
    [PARTY_USE_RECOVERY_CODE] = {"UseRecoveryCode", TAKES_OPTIONS},
    [PARTY_BEGIN_PASSWORD_CHECK] = {"BeginPasswordCheck", TAKES_OPTIONS},
    [PARTY_DESCRIBE_LINK] = {"DescribeLink", TAKES_CLAIM},
    [PARTY_BEGIN_LINK] = {"BeginLink", TAKES_CLAIM},
    [PARTY_FINISH_LINK] = {"FinishLink", TAKES_CLAIM | TAKES_CREDENTIAL},
    [PARTY_DISOWN_LINK] = {"DisownLink", TAKES_CLAIM},
    [PARTY_DESCRIBE_TICKET] = {"DescribeTicket", TAKES_ID},
    [PARTY_BEGIN_TICKET] = {"BeginTicket", TAKES_ID},
    [PARTY_FINISH_TICKET] = {"FinishTicket", TAKES_ID | TAKES_TICKET_CLAIM | TAKES_CREDENTIAL},
    [PARTY_DESCRIBE_OWN] = {"DescribeOwn", TAKES_SESSION},
    [PARTY_BEGIN_OWN] = {"BeginOwn", TAKES_SESSION | TAKES_ACT | TAKES_ID},
    [PARTY_FINISH_OWN] = {"FinishOwn", TAKES_SESSION | TAKES_ACT | TAKES_ID | TAKES_CREDENTIAL},
    [PARTY_RENAME_OWN] = {"RenameOwn", TAKES_SESSION | TAKES_ID | TAKES_NAME},
    [PARTY_SIGN_OUT] = {"SignOut", TAKES_SESSION},
};

/* Behind PK_BUS_ERROR_PREFIX; what is not here is PARTY_FAILED. */
static const struct {
    const char *name;
    enum party_outcome outcome;
} outcomes[] = {
    {"InvalidArguments", PARTY_MALFORMED},
    {"NotSignedIn", PARTY_NOT_SIGNED_IN},
    {"TokenExpired", PARTY_TOKEN_EXPIRED},
    {"WrongToken", PARTY_WRONG_TOKEN},
    {"AccessDenied", PARTY_FORBIDDEN},
    {"UnknownUser", PARTY_UNKNOWN_USER},
    {"NoCredentials", PARTY_NO_CREDENTIALS},
    {"UnknownChallenge", PARTY_UNKNOWN_CHALLENGE},
    {"TicketInvalid", PARTY_UNKNOWN_CHALLENGE},
    {"VerificationFailed", PARTY_REFUSED},
    {"UnknownCredential", PARTY_UNKNOWN_CREDENTIAL},
    {"AlreadyEnrolled", PARTY_REGISTERED},
    {"Exists", PARTY_EXISTS},
    {"NameTaken", PARTY_EXISTS},
    {"LimitExceeded", PARTY_LIMITED},
    {"UnknownRelyingParty", PARTY_UNAVAILABLE},
    {"StorageFailure", PARTY_UNAVAILABLE},
    {"Unavailable", PARTY_UNAVAILABLE},
};

struct asked {
    struct exchange *exchange;
    enum party_call call;
    party_answered *answered;
    enum pk_status failed; /* where it could not be sent */
};

/* The bus's own errors say that the daemon cannot be reached. */
static enum party_outcome outcome_of(const char *error)
{
    const size_t len = strlen(PK_BUS_ERROR_PREFIX);

    if (strncmp(error, PK_BUS_ERROR_PREFIX, len) != 0)
        return PARTY_UNAVAILABLE;
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
        if (strcmp(outcomes[i].name, error + len) == 0)
            return outcomes[i].outcome;
    return PARTY_FAILED;
}

/* Without the correlation id at its end, which is for the log. The caller's to free. */
static char *reason_of(const char *text)
{
    const char *id = strrchr(text, '[');
    size_t len = id && id > text && id[-1] == ' ' ? (size_t)(id - text) - 1 : strlen(text);

    return strndup(text, len);
}

static void tell(struct asked *asked, const struct party_answer *answer)
{
    struct exchange *exchange = asked->exchange;

    metrics_called(exchange->gateway->metrics, asked->call, answer->outcome, answer->reason);
    exchange->calls--;
    asked->answered(exchange, answer);
    free(asked);
}

static bool gives_nothing(enum party_call call)
{
    return call == PARTY_REMOVE || call == PARTY_DISOWN_LINK || call == PARTY_RENAME_OWN ||
           call == PARTY_SIGN_OUT;
}

static void tell_result(struct asked *asked, const struct bus_reply *reply)
{
    const bool begun = asked->call == PARTY_BEGIN_REGISTRATION ||
                       asked->call == PARTY_BEGIN_AUTHENTICATION ||
                       asked->call == PARTY_BEGIN_LINK || asked->call == PARTY_BEGIN_TICKET ||
                       asked->call == PARTY_BEGIN_OWN;
    const char *text = reply->strings[begun ? 1 : 0];
    struct party_answer answer = {.outcome = PARTY_DONE, .reason = ""};
    json_t *result = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if ((!result && !gives_nothing(asked->call)) || (begun && !reply->strings[0])) {
        answer.outcome = PARTY_FAILED;
        answer.reason = "the daemon's answer cannot be read";
        pk_log(LOG_ERR, "[%s] %s: %s", asked->exchange->id, members[asked->call].name,
               answer.reason);
    } else {
        answer.id = begun ? reply->strings[0] : NULL;
        answer.expires = (int64_t)reply->number;
        answer.result = result;
    }
    tell(asked, &answer);
    json_decref(result);
}

static void on_replied(void *data, const struct bus_reply *reply)
{
    struct asked *asked = data;
    PK_AUTO_FREE char *reason = NULL;
    struct party_answer answer = {0};

    if (!reply->error) {
        tell_result(asked, reply);
        return;
    }
    reason = reason_of(reply->text);
    answer.outcome = outcome_of(reply->error);
    answer.reason = reason ? reason : "";
    if (answer.outcome == PARTY_UNAVAILABLE || answer.outcome == PARTY_FAILED)
        pk_log(LOG_WARNING, "[%s] %s: %s", asked->exchange->id, members[asked->call].name,
               reply->text);
    tell(asked, &answer);
}

static void on_failed(evutil_socket_t fd, short what, void *data)
{
    struct asked *asked = data;
    struct party_answer answer = {.reason = pk_status_clause(asked->failed)};

    (void)fd, (void)what;
    answer.outcome = asked->failed == PK_INVALID_ARGUMENT ? PARTY_MALFORMED
                     : asked->failed == PK_LIMIT_EXCEEDED ? PARTY_LIMITED
                                                          : PARTY_UNAVAILABLE;
    tell(asked, &answer);
}

void party_call(struct exchange *exchange, const struct party_request *request)
{
    static const struct timeval at_once = {0, 0};
    const struct member *member = &members[request->call];
    struct gateway *gateway = exchange->gateway;
    struct asked *asked = malloc(sizeof(*asked));
    struct bus_call call = {.member = member->name,
                            .strings = {exchange->party->name},
                            .options = member->takes & TAKES_OPTIONS ? request->options : NULL,
                            .seconds = gateway->config->limits.call_seconds,
                            .replied = on_replied,
                            .data = asked};
    json_t *none = NULL;
    size_t count = 1;

    if (!asked) {
        exchange_forget_answer(exchange, exchange->line_count);
        gateway_refuse(exchange, 503);
        json_decref(request->options);
        return;
    }
    *asked = (struct asked){exchange, request->call, request->answered, PK_OK};
    exchange->calls++;
    exchange->asked = true;
    if (member->takes & TAKES_CLAIM) {
        call.strings[0] = request->id;
        call.strings[count++] = request->claim ? request->claim : "";
    }
    if (member->takes & TAKES_SESSION)
        call.strings[count++] = request->session ? request->session : "";
    if (member->takes & TAKES_ACT)
        call.strings[count++] = request->act ? request->act : "";
    if (member->takes & TAKES_ID)
        call.strings[count++] = request->id ? request->id : "";
    if (member->takes & TAKES_TICKET_CLAIM)
        call.strings[count++] = request->claim ? request->claim : "";
    if (member->takes & TAKES_CREDENTIAL)
        call.strings[count++] = request->credential ? request->credential : "";
    if (member->takes & TAKES_NAME)
        call.strings[count++] = request->name ? request->name : "";
    if (member->takes & TAKES_OPTIONS && !call.options)
        call.options = none = json_object();
    asked->failed = bus_client_call(gateway->bus, &call);
    if (asked->failed && event_base_once(gateway->base, -1, EV_TIMEOUT, on_failed, asked, &at_once))
        on_failed(-1, 0, asked);
    json_decref(none);
    json_decref(request->options);
}

/* Kept with the exchange. */
struct password_call {
    struct party_request request; /* its options are owned until the call is made */
    struct pk_secret members;     /* "password" and how it was written, as JSON without the '{' */
};

static void password_call_free(void *data)
{
    struct password_call *kept = data;

    json_decref(kept->request.options);
    pk_secret_clear(&kept->members);
    free(kept);
}

/* --- an answer about a password --------------------------------------------------------------- */

static void tell_own(struct exchange *exchange, enum party_outcome outcome, const char *reason)
{
    const struct password_call *kept = exchange_kept(exchange);
    const struct party_answer answer = {.outcome = outcome, .reason = reason};

    kept->request.answered(exchange, &answer);
}

static void refuse_answer(struct exchange *exchange, const char *why)
{
    pk_log(LOG_WARNING, "[%s] %s: the application was asked about a password: %s", exchange->id,
           exchange->party->name, why);
    tell_own(exchange, PARTY_UNAVAILABLE,
             "the application did not say whether the password is right");
}

static void go_on(struct exchange *exchange, const char *text)
{
    struct password_call *kept = exchange_kept(exchange);
    struct party_request request = kept->request;

    request.options = pk_steal(kept->request.options);
    members_set_text(request.options, "passwordAnswer", text);
    party_call(exchange, &request);
}

static void on_answer(void *data, const struct http_answer *answer)
{
    struct exchange *exchange = data;
    AUTO_JSON json_t *body = NULL;
    PK_AUTO_FREE char *why = NULL;
    const char *text;

    exchange->calls--;
    if (answer->status != ANSWER_OK) {
        why = answer->status ? pk_text_format("HTTP status %u", answer->status)
                             : pk_text_visible(pk_view_string(answer->why), PK_BUS_TEXT_MAX);
        refuse_answer(exchange, why ? why : "no answer");
        return;
    }
    body = members_parse((const char *)answer->body.ptr, answer->body.len);
    text = members_find_text(body, "answer", NULL);
    if (!text || strlen(text) > PK_TOKEN_MAX)
        refuse_answer(exchange, "what it answers is no JSON object with a text \"answer\"");
    else
        go_on(exchange, text);
}

/* --- a question about one --------------------------------------------------------------------- */

static enum pk_status make_body(const struct password_call *kept, const char *question,
                                struct pk_secret *ret)
{
    static const char start[] = "{\"question\":\"", middle[] = "\",";
    const size_t len = strlen(question);
    enum pk_status status =
        pk_secret_new(strlen(start) + len + strlen(middle) + kept->members.len, ret);
    uint8_t *at = ret->data;

    if (status)
        return status;
    memcpy(at, start, strlen(start));
    at += strlen(start);
    memcpy(at, question, len);
    at += len;
    memcpy(at, middle, strlen(middle));
    memcpy(at + strlen(middle), kept->members.data, kept->members.len);
    return PK_OK;
}

/* A token has nothing that JSON needs an escape for. */
static bool is_token(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.";

    return text && text[strspn(text, allowed)] == '\0';
}

static void on_question(struct exchange *exchange, const struct party_answer *answer)
{
    struct password_call *kept = exchange_kept(exchange);
    const char *question = members_find_text(answer->result, "question", NULL);
    const char *url = members_find_text(answer->result, "url", NULL);
    struct http_request request = {.url = url, .answered = on_answer, .data = exchange};
    enum pk_status status;

    if (answer->outcome != PARTY_DONE) {
        kept->request.answered(exchange, answer);
        return;
    }
    if (!url || !is_token(question)) {
        tell_own(exchange, PARTY_FAILED, "the daemon's question cannot be read");
        return;
    }
    status = make_body(kept, question, &request.body);
    pk_secret_clear(&kept->members);
    if (!status)
        status = http_client_post(exchange->gateway->http, &request);
    if (!status)
        exchange->calls++;
    else
        tell_own(exchange, status == PK_LIMIT_EXCEEDED ? PARTY_LIMITED : PARTY_UNAVAILABLE,
                 pk_status_clause(status));
}

/* --- a call with a password ------------------------------------------------------------------- */

/* As JSON, and nowhere else any more. PK_TOO_LARGE; PK_NO_MEMORY. */
static enum pk_status take_password(const struct party_password *given, struct pk_secret *ret)
{
    const char *form = given->transmission;
    char *password = json_dumps(given->text, JSON_ENCODE_ANY | JSON_COMPACT);
    AUTO_JSON json_t *said = form ? json_string(form) : NULL;
    PK_AUTO_FREE char *written = said ? json_dumps(said, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    enum pk_status status = password && !form == !written ? PK_OK : PK_NO_MEMORY;
    char *text =
        status ? NULL
               : pk_text_format("\"password\":%s%s%s}", password,
                                form ? ",\"password_transmission\":" : "", form ? written : "");

    if (text)
        status = pk_secret_copy(pk_view_string(text), ret);
    else
        status = PK_NO_MEMORY;
    if (password)
        explicit_bzero(password, strlen(password));
    if (text)
        explicit_bzero(text, strlen(text));
    free(password);
    free(text);
    explicit_bzero((char *)(uintptr_t)json_string_value(given->text),
                   json_string_length(given->text));
    return status;
}

static json_t *question_options(const json_t *options)
{
    static const char *const names[] = {"apiKey", "bearer", "purpose", NULL};

    return members_pick(options, names);
}

void party_call_with_password(struct exchange *exchange, const struct party_request *request,
                              const struct party_password *password)
{
    const struct party_request question = {.call = PARTY_BEGIN_PASSWORD_CHECK,
                                           .options = question_options(request->options),
                                           .answered = on_question};
    struct password_call *kept = calloc(1, sizeof(*kept));
    enum pk_status status = kept && question.options ? PK_OK : PK_NO_MEMORY;

    if (!status)
        status = take_password(password, &kept->members);
    if (status) {
        free(kept);
        json_decref(question.options);
        json_decref(request->options);
        gateway_refuse(exchange, status == PK_TOO_LARGE ? 400 : 503);
        return;
    }
    kept->request = *request;
    exchange_keep(exchange, kept, password_call_free);
    party_call(exchange, &question);
}
