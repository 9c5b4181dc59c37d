/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/road_ssh.h"

#include "common/base/text.h"
#include "daemon/dialogue/messages.h"

#include <string.h>

/* The shortest line of a part that is not the last; all of these hold as much of the text. */
#define PART_LINE_MIN (sizeof("passkey1/1/2:") - 1 + PK_FORWARD_PART_TEXT)

struct ssh_road {
    struct conversation *conversation;
    uint8_t nonce[PK_CHALLENGE_SIZE];
    enum pk_forward_kind kind;
    bool alike;
    struct pk_forward_parts parts;
    unsigned asked; /* lines; the number of the part that is asked for next is one more */
    bool judged;
    enum pk_status verdict;
    const struct ssh_road_ops *ops;
    void *data;
};

static enum pk_status ask(struct ssh_road *road, const struct pk_forward_request *request,
                          const char *purpose)
{
    PK_AUTO_FREE char *line = NULL;
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status = pk_forward_request_encode(request, &line);

    if (status)
        return status;
    text = request->kind == PK_FORWARD_CREATE ? message_forward_create(purpose, line)
                                              : message_forward(purpose, request->part, line);
    if (!text)
        return PK_NO_MEMORY;
    road->asked++;
    conversation_ask(road->conversation, QUESTION_ECHOED, "ssh", text, 0xff);
    return PK_OK;
}

enum pk_status ssh_road_new(struct conversation *conversation,
                            const struct pk_forward_request *request, const char *purpose,
                            bool alike, const struct ssh_road_ops *ops, void *data,
                            struct ssh_road **ret)
{
    struct ssh_road *road = calloc(1, sizeof(*road));
    enum pk_status status;

    if (!road)
        return PK_NO_MEMORY;
    *road = (struct ssh_road){
        .conversation = conversation,
        .kind = request->kind,
        .alike = alike,
        .ops = ops,
        .data = data,
    };
    (void)memcpy(road->nonce, request->nonce, sizeof(road->nonce));
    status = ask(road, request, purpose);
    if (status) {
        ssh_road_free(road);
        return status;
    }
    *ret = road;
    return PK_OK;
}

static void refuse(struct ssh_road *road, enum pk_status status)
{
    road->ops->refused(road->data, status);
}

static void ask_more(struct ssh_road *road)
{
    struct pk_forward_request request = {.kind = PK_FORWARD_MORE, .part = road->asked + 1};
    enum pk_status status;

    (void)memcpy(request.nonce, road->nonce, sizeof(request.nonce));
    status = ask(road, &request, NULL);
    if (status)
        refuse(road, status);
}

/* status: of taking the parts together, which are complete. */
static void judge(struct ssh_road *road, enum pk_status status)
{
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};

    if (!status)
        status = pk_forward_answer_decode(road->kind, &road->parts, &answer);
    road->judged = true;
    road->verdict = road->ops->judge(road->data, status, status ? NULL : &answer);
}

/* Whether an answer is so long that another part may follow. */
static bool may_go_on(const struct ssh_road *road, size_t len)
{
    return len >= PART_LINE_MIN && road->asked < PK_FORWARD_PARTS_MAX;
}

void ssh_road_answered(struct ssh_road *road, const struct pk_secret *answer)
{
    bool more = may_go_on(road, answer->len);
    bool complete = false;
    enum pk_status status;

    if (answer->len == 0 && road->asked == 1) {
        road->ops->declined(road->data);
        return;
    }
    if (!road->judged) {
        status = pk_forward_parts_add(&road->parts, pk_secret_view(answer), &complete);
        if (!status && !complete && !more)
            status = PK_TRUNCATED; /* a part that leaves room is the last */
        if (status || complete)
            judge(road, status);
    }
    if (road->judged && road->verdict == PK_OK)
        return;
    if (road->judged && !(more && road->alike))
        refuse(road, road->verdict);
    else
        ask_more(road);
}

void ssh_road_free(struct ssh_road *road)
{
    pk_forward_parts_clear(&road->parts);
    free(road);
}
