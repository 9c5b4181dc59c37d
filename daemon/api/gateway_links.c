/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of Gateway1 about links: what passkey-gateway's pages ask for whoever opened one. They
 * name no account: a link's word is all that leads to it, for a gateway that was taken over as
 * well.
 */
#include "common/base/cleanup.h"
#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/auth/links.h"
#include "daemon/bus/methods.h"

static const char *argument(const struct call *call, size_t n)
{
    return call->arguments.items[n].text;
}

/* NULL: the call has been answered. */
static struct link *find(const struct daemon *daemon, struct call *call)
{
    struct link *link = links_find(daemon->links, argument(call, 0), argument(call, 1));

    if (!link)
        call_fail(call, PK_BUS_ERROR_UNKNOWN_CHALLENGE,
                  "no such link: it never was, is over, or belongs to another browser");
    return link;
}

static void fail(struct call *call, enum pk_status status)
{
    if (status == PK_CHALLENGE_UNKNOWN)
        call_fail(call, PK_BUS_ERROR_UNKNOWN_CHALLENGE, "the link has been answered, or is over");
    else
        call_fail(call, PK_BUS_ERROR_INTERNAL, "%s", pk_message_outcome(status));
}

void gateway_describe_link(struct daemon *daemon, struct call *call)
{
    const struct link *link = find(daemon, call);
    struct value result = value_body();
    PK_AUTO_FREE char *text = NULL;

    if (!link)
        return;
    text = json_text(link_json(link));
    if (!text) {
        fail(call, PK_NO_MEMORY);
        return;
    }
    value_add_text(&result, 's', text);
    call_reply(call, &result);
}

void gateway_begin_link(struct daemon *daemon, struct call *call)
{
    struct link *link = find(daemon, call);
    struct value result = value_body();
    PK_AUTO_FREE char *options = NULL;
    enum pk_status status;

    if (!link)
        return;
    status = link_begin(link, argument(call, 1), &options);
    if (status) {
        fail(call, status);
        return;
    }
    value_add_text(&result, 's', link_claim(link));
    value_add_text(&result, 's', options);
    call_reply(call, &result);
}

void gateway_finish_link(struct daemon *daemon, struct call *call)
{
    struct link *link = find(daemon, call);
    enum pk_status status;

    if (!link)
        return;
    status = link_answer(link, call, argument(call, 2));
    if (status)
        fail(call, status);
}

void gateway_disown_link(struct daemon *daemon, struct call *call)
{
    struct link *link = find(daemon, call);
    struct value result = value_body();

    if (!link)
        return;
    link_disown(link);
    call_reply(call, &result);
}
