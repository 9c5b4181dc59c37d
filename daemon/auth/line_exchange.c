/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/line_exchange.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/dialogue/messages.h"

#include <string.h>

/*
 * The length of the shortest line of a part that is not the last; every such part holds the same
 * amount of text.
 */
#define PART_LINE_MIN (sizeof("passkey1/1/2:") - 1 + PK_FORWARD_PART_TEXT)

struct line_exchange {
    struct conversation *conversation;
    uint8_t nonce[PK_CHALLENGE_SIZE];
    enum pk_forward_kind kind; /* of the answer */
    bool page;
    bool fixed_rounds;
    struct pk_forward_parts parts;
    unsigned asked;         /* lines asked for so far; the next part has this number plus one */
    bool complete;          /* the answer is being verified, or has been */
    bool more;              /* its last line was so long that another may follow */
    struct verdict verdict; /* valid once it has been verified, until done() */
    const struct line_exchange_ops *ops;
    void *data;
};

void line_exchange_free(struct line_exchange *exchange)
{
    pk_forward_parts_clear(&exchange->parts);
    verdict_clear(&exchange->verdict);
    free(exchange);
}

/* --- asking ----------------------------------------------------------------------------------- */

static char *compose(const struct line_exchange *exchange, const struct pk_forward_request *request,
                     const struct line_question *question, const char *line)
{
    bool create = request->kind == PK_FORWARD_CREATE;

    if (request->kind == PK_FORWARD_MORE)
        return exchange->page ? message_page_more(request->part)
                              : message_forward(NULL, request->part, line);
    if (exchange->page)
        return message_page(question->purpose, create, question->page, line);
    return create ? message_forward_create(question->purpose, line)
                  : message_forward(question->purpose, request->part, line);
}

static enum pk_status ask(struct line_exchange *exchange, const struct pk_forward_request *request,
                          const struct line_question *question)
{
    PK_AUTO_FREE char *line = NULL;
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status = pk_forward_request_encode(request, &line);

    if (status)
        return status;
    text = compose(exchange, request, question, line);
    if (!text)
        return PK_NO_MEMORY;
    exchange->asked++;
    conversation_ask(exchange->conversation, QUESTION_ECHOED, exchange->page ? "page" : "ssh", text,
                     0xff);
    return PK_OK;
}

static enum pk_forward_kind kind_of_answer(enum pk_forward_kind kind, bool page)
{
    if (!page)
        return kind;
    return kind == PK_FORWARD_CREATE ? PK_FORWARD_PAGE_CREATE : PK_FORWARD_PAGE_GET;
}

/* Removes the last credential from the request. false: none can be left out. */
static bool drop_last_credential(struct pk_forward_request *request)
{
    bool create = request->kind == PK_FORWARD_CREATE;
    struct pk_descriptor *items = create ? request->creation.exclude : request->credentials;
    size_t *count = create ? &request->creation.exclude_count : &request->credential_count;

    if (*count <= (create ? 0 : 1))
        return false;
    pk_bytes_clear(&items[--*count].id);
    return true;
}

enum pk_status line_exchange_new(struct conversation *conversation,
                                 struct pk_forward_request *request,
                                 const struct line_question *question,
                                 const struct line_exchange_ops *ops, void *data,
                                 struct line_exchange **ret)
{
    struct line_exchange *exchange = calloc(1, sizeof(*exchange));
    enum pk_status status;

    if (!exchange)
        return PK_NO_MEMORY;
    *exchange = (struct line_exchange){
        .conversation = conversation,
        .kind = kind_of_answer(request->kind, question->page),
        .page = question->page,
        .fixed_rounds = question->fixed_rounds,
        .verdict = verdict_refused(PK_INTERNAL),
        .ops = ops,
        .data = data,
    };
    (void)memcpy(exchange->nonce, request->nonce, sizeof(exchange->nonce));
    do
        status = ask(exchange, request, question);
    while (status == PK_TOO_LARGE && drop_last_credential(request));
    if (status) {
        line_exchange_free(exchange);
        return status;
    }
    *ret = exchange;
    return PK_OK;
}

static enum pk_status ask_more(struct line_exchange *exchange)
{
    struct pk_forward_request request = {.kind = PK_FORWARD_MORE, .part = exchange->asked + 1};

    (void)memcpy(request.nonce, exchange->nonce, sizeof(request.nonce));
    return ask(exchange, &request, NULL);
}

/* --- the answer ------------------------------------------------------------------------------- */

/* Goes on after a line: asks for another, or ends. The verdict, if there is one, is known. */
static void go_on(struct line_exchange *exchange)
{
    bool over = exchange->complete &&
                (exchange->verdict.status == PK_OK || !exchange->more || !exchange->fixed_rounds);
    enum pk_status status = over ? PK_OK : ask_more(exchange);

    if (status) {
        verdict_clear(&exchange->verdict);
        exchange->verdict = verdict_refused(status);
    }
    if (over || status)
        exchange->ops->done(exchange->data, &exchange->verdict);
}

void line_exchange_judged(struct line_exchange *exchange, struct verdict *verdict)
{
    verdict_clear(&exchange->verdict);
    exchange->verdict = *verdict;
    *verdict = verdict_refused(PK_INTERNAL); /* moved */
    go_on(exchange);
}

/* Verifies the joined parts; status: of joining them. */
static void judge(struct line_exchange *exchange, enum pk_status status)
{
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};

    if (!status)
        status = pk_forward_answer_decode(exchange->kind, &exchange->parts, &answer);
    exchange->complete = true;
    exchange->ops->judge(exchange->data, status, &answer);
}

/* Whether the answer is long enough that another part may follow. */
static bool may_have_more(const struct line_exchange *exchange, size_t len)
{
    return len >= PART_LINE_MIN && exchange->asked < PK_FORWARD_PARTS_MAX;
}

/* Adds the line, and verifies the answer once it is complete or malformed. */
static void add_line(struct line_exchange *exchange, const struct pk_secret *line)
{
    bool complete = false;
    enum pk_status status = pk_forward_parts_add(&exchange->parts, pk_secret_view(line), &complete);

    if (!status && !complete && !exchange->more)
        status = PK_TRUNCATED; /* only the last part may be shorter */
    if (status || complete)
        judge(exchange, status);
    else
        go_on(exchange);
}

void line_exchange_answered(struct line_exchange *exchange, const struct pk_secret *answer)
{
    if (answer->len == 0 && exchange->asked == 1) {
        exchange->ops->done(exchange->data, NULL);
        return;
    }
    exchange->more = may_have_more(exchange, answer->len);
    if (exchange->complete)
        go_on(exchange);
    else
        add_line(exchange, answer);
}
