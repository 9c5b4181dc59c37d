/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/links.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/crockford.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/bus/call.h"

#include <string.h>
#include <sys/queue.h>

/* As long as a reply is kept back where its time must not show what was found (dispatcher.c). */
static const struct timeval hold = {0, 100000};

enum stage {
    STAGE_NEW,
    STAGE_BEGUN,    /* a browser has the claim */
    STAGE_ANSWERED, /* the answer is being judged */
    STAGE_APPROVED,
    STAGE_REFUSED,
};

/* As the page gets them. */
static const char *const stage_names[] = {"new", "begun", "answered", "approved", "refused"};

struct link {
    LIST_ENTRY(link) entry;
    struct links *links;
    const struct link_ops *ops;
    void *data;
    enum stage stage;
    int64_t ends; /* monotonic seconds */
    bool concealed;
    char word[PK_LINK_WORD_SIZE];
    char claim[PK_LINK_CLAIM_SIZE];
    char code[PK_BROWSER_CODE_SIZE];
    const char *reason; /* of a refusal; static; NULL: not told */
    struct call *call;  /* that waits for what comes of the answer; NULL: none */
    char *text;         /* of the reply; NULL: the answer has not been judged */
    struct event *due;  /* when the reply goes out at the earliest */
    bool held;          /* until then */
    bool over;          /* the owner has gone, and only the reply is left */
};

struct links {
    LIST_HEAD(, link) list;
    size_t count;
    struct event_base *base;
};

struct links *links_new(struct event_base *base)
{
    struct links *links = calloc(1, sizeof(*links));

    if (links)
        links->base = base;
    return links;
}

static void destroy(struct link *link)
{
    LIST_REMOVE(link, entry);
    link->links->count--;
    if (link->call)
        call_fail(link->call, PK_BUS_ERROR_UNKNOWN_CHALLENGE,
                  "the request is over: nobody waits for it at its terminal any more");
    event_free(link->due);
    free(link->text);
    explicit_bzero(link, sizeof(*link));
    free(link);
}

void links_free(struct links *links)
{
    while (!LIST_EMPTY(&links->list))
        destroy(LIST_FIRST(&links->list));
    free(links);
}

void links_vanished(struct links *links, const char *sender)
{
    struct link *link;

    LIST_FOREACH(link, &links->list, entry)
    if (link->call && strcmp(link->call->sender, sender) == 0)
        call_drop(pk_steal(link->call));
}

/* --- the reply -------------------------------------------------------------------------------- */

/* Once the answer has been judged, and the time has come. */
static void reply(struct link *link)
{
    struct value result = value_body();

    if (link->held || !link->call || !link->text)
        return;
    value_add_text(&result, 's', link->text);
    call_reply(pk_steal(link->call), &result);
}

static void on_due(evutil_socket_t fd, short events, void *data)
{
    struct link *link = data;

    (void)fd;
    (void)events;
    link->held = false;
    reply(link);
    if (link->over)
        destroy(link);
}

/* --- for the owner ---------------------------------------------------------------------------- */

enum pk_status link_new(struct links *links, const struct link_ops *ops, void *data, bool concealed,
                        struct link **ret)
{
    struct link *link;

    if (links->count >= PK_LINKS_MAX)
        return PK_LIMIT_EXCEEDED;
    link = calloc(1, sizeof(*link));
    if (!link)
        return PK_NO_MEMORY;
    link->links = links;
    link->ops = ops;
    link->data = data;
    link->concealed = concealed;
    link->ends = pk_clock_monotonic() + PK_LINK_LIFETIME;
    pk_crockford_random(link->word, sizeof(link->word) - 1);
    link->due = evtimer_new(links->base, on_due, link);
    if (!link->due) {
        free(link);
        return PK_NO_MEMORY;
    }
    LIST_INSERT_HEAD(&links->list, link, entry);
    links->count++;
    *ret = link;
    return PK_OK;
}

void link_free(struct link *link)
{
    if (link->held && link->text)
        link->over = true;
    else
        destroy(link);
}

const char *link_word(const struct link *link)
{
    return link->word;
}

bool link_is_over(const struct link *link)
{
    return pk_clock_monotonic() >= link->ends;
}

static void judged(struct link *link, enum stage stage)
{
    link->stage = stage;
    link->ends = pk_clock_monotonic() + PK_LINK_LIFETIME;
    link->text = json_text(link_json(link)); /* without memory the call fails at the link's end */
    reply(link);
}

void link_approved(struct link *link, const char *code)
{
    (void)snprintf(link->code, sizeof(link->code), "%s", code);
    judged(link, STAGE_APPROVED);
}

void link_refused(struct link *link, const char *reason)
{
    link->reason = reason;
    judged(link, STAGE_REFUSED);
}

/* --- for the page's calls --------------------------------------------------------------------- */

static bool same_secret(const char *a, const char *b)
{
    return pk_view_equal_secret(pk_view_string(a), pk_view_string(b));
}

struct link *links_find(struct links *links, const char *word, const char *claim)
{
    char spelled[PK_LINK_WORD_SIZE];
    struct link *link, *found = NULL;

    if (pk_crockford_read(pk_view_string(word), spelled, sizeof(spelled) - 1))
        return NULL;
    LIST_FOREACH(link, &links->list, entry)
    if (!link->over && same_secret(link->word, spelled))
        found = link;
    if (!found || link_is_over(found))
        return NULL;
    /* Where there is no claim yet, the one that comes may be that of whoever begins next. */
    return found->stage == STAGE_NEW || same_secret(found->claim, claim) ? found : NULL;
}

json_t *link_json(const struct link *link)
{
    json_t *object = json_object();
    int64_t left = link->ends - pk_clock_monotonic();
    bool failed =
        !object || link->ops->describe(link->data, object) ||
        json_object_set_new(object, "stage", json_string(stage_names[link->stage])) ||
        json_object_set_new(object, "seconds", json_integer(left > 0 ? left : 0)) ||
        (link->stage == STAGE_APPROVED &&
         json_object_set_new(object, "code", json_string(link->code))) ||
        (link->reason && json_object_set_new(object, "reason", json_string(link->reason)));

    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

/* The proposed one, if it could be one that was made here; otherwise a new one. */
static void set_claim(struct link *link, const char *proposed)
{
    const size_t len = sizeof(link->claim) - 1;

    if (strlen(proposed) != len || pk_crockford_read(pk_view_string(proposed), link->claim, len) ||
        strcmp(link->claim, proposed) != 0)
        pk_crockford_random(link->claim, len);
}

enum pk_status link_begin(struct link *link, const char *proposed, char **ret_json)
{
    enum pk_status status;

    if (link->stage > STAGE_BEGUN)
        return PK_CHALLENGE_UNKNOWN;
    status = link->ops->options(link->data, ret_json);
    if (status || link->stage == STAGE_BEGUN)
        return status;
    set_claim(link, proposed);
    link->stage = STAGE_BEGUN;
    return PK_OK;
}

const char *link_claim(const struct link *link)
{
    return link->claim;
}

enum pk_status link_answer(struct link *link, struct call *call, const char *json)
{
    if (link->stage != STAGE_BEGUN)
        return PK_CHALLENGE_UNKNOWN;
    link->stage = STAGE_ANSWERED;
    link->call = call;
    link->held = link->concealed && evtimer_add(link->due, &hold) == 0;
    link->ops->answered(link->data, json);
    return PK_OK;
}

void link_disown(struct link *link)
{
    link->ops->disowned(link->data);
}
