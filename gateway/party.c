/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of the daemon for a relying party, and what its answers are to the dialects. */
#include "gateway/party.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "gateway/bus_client.h"
#include "gateway/gateway.h"
#include "gateway/metrics.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

static const struct member {
    const char *name;
    bool has_id;
    bool has_credential;
    bool no_options;
} members[] = {
    [PARTY_BEGIN_REGISTRATION] = {"BeginRegistration", false, false, false},
    [PARTY_FINISH_REGISTRATION] = {"FinishRegistration", true, true, false},
    [PARTY_BEGIN_AUTHENTICATION] = {"BeginAuthentication", false, false, false},
    [PARTY_FINISH_AUTHENTICATION] = {"FinishAuthentication", true, true, false},
    [PARTY_LIST] = {"List", false, false, false},
    [PARTY_RENAME] = {"Rename", true, false, false},
    [PARTY_REMOVE] = {"Remove", true, false, false},
    [PARTY_USER] = {"User", false, false, false},
    [PARTY_TRANSACTIONS] = {"Transactions", false, false, false},
    [PARTY_ISSUE_TOKEN] = {"IssueToken", false, false, false},
    [PARTY_CHECK_TOKEN] = {"CheckToken", true, false, false},
    [PARTY_KEYS] = {"Keys", false, false, true},
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

static void tell_result(struct asked *asked, const struct bus_reply *reply)
{
    const bool begun =
        asked->call == PARTY_BEGIN_REGISTRATION || asked->call == PARTY_BEGIN_AUTHENTICATION;
    const char *text = reply->strings[begun ? 1 : 0];
    struct party_answer answer = {.outcome = PARTY_DONE, .reason = ""};
    json_t *result = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if ((!result && asked->call != PARTY_REMOVE) || (begun && !reply->strings[0])) {
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
                            .options = member->no_options ? NULL : request->options,
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
    if (member->has_id)
        call.strings[count++] = request->id ? request->id : "";
    if (member->has_credential)
        call.strings[count++] = request->credential ? request->credential : "";
    if (!member->no_options && !call.options)
        call.options = none = json_object();
    asked->failed = bus_client_call(gateway->bus, &call);
    if (asked->failed && event_base_once(gateway->base, -1, EV_TIMEOUT, on_failed, asked, &at_once))
        on_failed(-1, 0, asked);
    json_decref(none);
    json_decref(request->options);
}
