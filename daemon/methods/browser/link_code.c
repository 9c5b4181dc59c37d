/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/browser/link_code.h"

#include "common/base/cleanup.h"
#include "common/base/crockford.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/keys/qr_code.h"
#include "daemon/config/config.h"
#include "daemon/daemon.h"
#include "daemon/dialogue/messages.h"
#include "daemon/verify/forwarded.h"

#include <string.h>

void link_code_end(struct link_code *own)
{
    if (own->link)
        link_free(pk_steal(own->link));
}

void link_code_clear(struct link_code *own)
{
    link_code_end(own);
    if (own->exchange)
        line_exchange_free(own->exchange);
    free(own->url);
    explicit_bzero(own->code, sizeof(own->code));
}

/* --- the link --------------------------------------------------------------------------------- */

static enum pk_status ask(const struct link_code *own, bool again)
{
    PK_AUTO_FREE char *text = again
                                  ? strdup("Code from the page (Enter alone goes on without it): ")
                              : own->attempt->ops->ceremony == PK_REGISTRATION
                                  ? message_link_create(own->attempt->purpose, own->url)
                                  : message_link(own->attempt->purpose, own->url);

    if (!text)
        return PK_NO_MEMORY;
    conversation_ask(own->attempt->conversation, QUESTION_ECHOED, "browser", text, 0xff);
    return PK_OK;
}

static void extend_time(const struct link_code *own)
{
    if (!own->own_timeout)
        conversation_set_timeout(own->attempt->conversation, PK_LINK_LIFETIME);
}

enum pk_status link_code_open(struct link_code *own, const struct rp_config *rp,
                              const struct link_ops *ops)
{
    struct attempt *attempt = own->attempt;
    PK_AUTO_FREE char *code = NULL, *picture = NULL;
    enum pk_status status =
        link_new(attempt->daemon->links, ops, own, attempt->conceal, &own->link);

    if (status)
        return status;
    own->url =
        pk_text_format("%s%s/%s", rp->browser_origin, rp->browser_prefix, link_word(own->link));
    if (!own->url)
        return PK_NO_MEMORY;
    extend_time(own);
    code = pk_qr_code_text(own->url, false);
    /* A line of text first: ssh writes whom it asks for before the first one. */
    picture = code ? pk_text_format("Read this with the camera of a phone, or open the link that "
                                    "follows:\n%s",
                                    code)
                   : NULL;
    if (picture) /* who has none copies the link */
        conversation_info(attempt->conversation, "qr-code", picture);
    return ask(own, false);
}

/* --- a page that is a file -------------------------------------------------------------------- */

/* Without a picture: from the device that would read it, nobody could paste the answer here. */
enum pk_status link_code_paste(struct link_code *own, const char *page,
                               const struct line_exchange_ops *ops)
{
    const struct attempt *attempt = own->attempt;
    const struct ceremony *ceremony = attempt_peek_ceremony(attempt, 0);
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    unsigned left;
    enum pk_status status;

    if (!ceremony)
        return PK_CHALLENGE_UNKNOWN;
    extend_time(own);
    left = conversation_time_left(attempt->conversation);
    status = forwarded_request(ceremony, left > 0 ? left : 1, &request);
    if (!status)
        status =
            line_exchange_new(attempt->conversation, &request,
                              &(struct line_question){attempt->purpose, page, attempt->conceal},
                              ops, own, &own->exchange);
    if (status != PK_TOO_LARGE && status != PK_INVALID_ARGUMENT)
        return status;
    pk_log(LOG_WARNING, "[%s] the request does not fit the link to a page: %s",
           conversation_id(attempt->conversation), pk_status_name(status));
    return PK_UNAVAILABLE;
}

enum pk_status link_code_json(const struct link_code *own, const struct pk_forward_answer *answer,
                              char **ret_json)
{
    const struct ceremony *ceremony = attempt_peek_ceremony(own->attempt, 0);

    return ceremony ? forwarded_page_json(&ceremony->requirements, answer, ret_json)
                    : PK_CHALLENGE_UNKNOWN;
}

/* --- what a link's page says ------------------------------------------------------------------ */

enum pk_status link_code_describe(const struct link_code *own, const char *context, const char *rp,
                                  json_t *object)
{
    const struct rp_config *config = config_rp(own->attempt->daemon->config, rp);
    json_t *bound = context ? json_loads(context, 0, NULL) : json_object();

    if (json_object_set_new(object, "context", bound) ||
        json_object_set_new(object, "rpId", json_string(config && config->id ? config->id : "")))
        return PK_NO_MEMORY;
    return PK_OK;
}

void link_code_disowned(void *data)
{
    struct link_code *own = data;

    link_code_end(own);
    pk_log(LOG_WARNING, "[%s] whoever opened the link says that it was not them: %s",
           conversation_id(own->attempt->conversation), own->attempt->purpose);
    attempt_set_text(own->attempt,
                     "Refused in the browser: whoever opened the link did not ask for this.");
    attempt_drop_verification(own->attempt); /* an answer that is being judged comes to nothing */
    attempt_refused(own->attempt, PK_DENIED);
}

/* --- the code --------------------------------------------------------------------------------- */

void link_code_give(struct link_code *own)
{
    pk_crockford_random(own->code, sizeof(own->code) - 1);
    extend_time(own);
    link_approved(own->link, own->code);
    /* Nobody heard what was typed while the answer was being judged; otherwise it is asked still.
     */
    if (ask(own, true))
        attempt_refused(own->attempt, PK_NO_MEMORY);
}

void link_code_refuse(struct link_code *own, enum pk_status why)
{
    link_refused(own->link, own->attempt->conceal ? NULL : pk_status_name(why));
    link_code_end(own);
}

static void refuse_code(struct link_code *own)
{
    struct attempt *attempt = own->attempt;

    pk_log(LOG_WARNING, "[%s] a wrong code was typed%s", conversation_id(attempt->conversation),
           own->code[0] ? "" : ", and no browser has been given one");
    if (++own->wrong >= PK_BROWSER_TRIES) {
        link_code_end(own);
        attempt_refused(attempt, PK_BROWSER_CODE_INVALID);
        return;
    }
    conversation_error(attempt->conversation, PK_BROWSER_CODE_INVALID,
                       own->wrong + 1 < PK_BROWSER_TRIES
                           ? "This is not the code that the page shows. Two tries are left."
                           : "This is not the code that the page shows. One try is left.");
    if (ask(own, true))
        attempt_refused(attempt, PK_NO_MEMORY);
}

/* Before a browser has been given a code, none is right. */
static bool is_right(const struct link_code *own, const struct pk_secret *answer)
{
    return own->code[0] &&
           pk_crockford_matches(pk_secret_view(answer), own->code, sizeof(own->code) - 1);
}

/* Where whoever asks gives more time than a link has, that of the link is over first. */
bool link_code_is_typed(struct link_code *own, const struct pk_secret *answer)
{
    if (answer->len == 0 || link_is_over(own->link)) {
        link_code_end(own);
        attempt_next(own->attempt, answer->len == 0 ? PK_CANCELLED : PK_TIMEOUT);
        return false;
    }
    if (!is_right(own, answer)) {
        refuse_code(own);
        return false;
    }
    link_code_end(own);
    return true;
}
