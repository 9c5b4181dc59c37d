/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/dialogue/slots.h"

#include "common/base/limits.h"
#include "daemon/bus/budget.h"
#include "daemon/config/config.h"
#include "daemon/daemon.h"

#include <string.h>

#define PER_CONNECTION_MAX 64  /* for root as well: one faulty program must not use up the total */
#define RESERVED_FOR_USERS 64  /* of the total: root's programs cannot use them up */
#define RESERVED_CONSOLES  16  /* of the total: sign-ins at a virtual console, nobody else's */
#define STRANGERS_MAX      128 /* many logins must not block sudo and login */
#define PER_NETWORK_MAX    96  /* of those, at one address: others have room left */
#define CROWDED            192 /* open ones from which on a user may have fewer */
#define PER_USER_CROWDED   4
#define FINISHED_PER_USER  32 /* of one user, kept to be fetched and to answer Finished */
#define FINISHED_ROOT      128

#define VIRTUAL_CONSOLES 4 /* major number of /dev/tty1 to /dev/tty63 (linux/major.h) */
#define CONSOLE_FIRST    1
#define CONSOLE_LAST     63

/*
 * The controlling terminal's number as /proc/PID/stat has it: the kernel's, in which minor numbers
 * beyond 255 are split. Beyond 63 are serial lines.
 */
static bool is_virtual_console(uint32_t terminal)
{
    uint32_t minor_number = (terminal & 0xff) | ((terminal >> 12) & 0xfff00);

    return ((terminal >> 8) & 0xfff) == VIRTUAL_CONSOLES && minor_number >= CONSOLE_FIRST &&
           minor_number <= CONSOLE_LAST;
}

/* Whose conversation it will be: of root's programs, that of whoever started them. */
static uid_t find_user(const struct call *call, bool stranger)
{
    const struct caller *caller = &call->caller;

    if (call->uid != 0)
        return call->uid;
    if (caller->reported && caller_user(caller) != 0)
        return caller_user(caller);
    if (stranger)
        return BUDGET_STRANGERS;
    return caller->reported && is_virtual_console(caller->terminal) ? BUDGET_CONSOLE : 0;
}

/* Unfinished conversations: of all, and of those who have a part in the call. */
struct shares {
    size_t total, of_user, of_connection, on_behalf, of_network;
};

static const char *on_behalf_of(const struct conversation_ops *ops, const void *data)
{
    return ops && ops->on_behalf_of ? ops->on_behalf_of(data) : NULL;
}

static const char *network(const struct conversation_ops *ops, const void *data)
{
    return ops && ops->network ? ops->network(data) : NULL;
}

static bool are_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* ops NULL: who has a part in it is not known yet. */
static struct shares count_shares(const struct conversations *conversations,
                                  const struct call *call, const struct conversation_ops *ops,
                                  const void *data)
{
    const char *principal = on_behalf_of(ops, data), *place = network(ops, data);
    const struct conversation *conversation;
    struct shares shares = {0};

    TAILQ_FOREACH(conversation, &conversations->list, entry)
    {
        if (conversation->done)
            continue;
        shares.total++;
        shares.of_user += conversation->charged == call_charged(call);
        shares.of_connection += strcmp(conversation->owner, call->sender) == 0;
        shares.on_behalf +=
            are_same(on_behalf_of(conversation->ops, conversation->data), principal);
        shares.of_network += are_same(network(conversation->ops, conversation->data), place);
    }
    return shares;
}

static size_t limit_of(const struct conversations *conversations, uid_t user, size_t total)
{
    size_t per_user = conversations->daemon->config->conversations_per_user;

    switch (user) {
    case 0:
        return PK_CONVERSATIONS_MAX - RESERVED_FOR_USERS - RESERVED_CONSOLES;
    case BUDGET_CONSOLE:
        return PK_CONVERSATIONS_MAX;
    case BUDGET_STRANGERS:
        return STRANGERS_MAX;
    default:
        return total >= CROWDED && per_user > PER_USER_CROWDED ? PER_USER_CROWDED : per_user;
    }
}

static size_t total_of(uid_t user)
{
    return PK_CONVERSATIONS_MAX - (user == BUDGET_CONSOLE ? 0 : RESERVED_CONSOLES);
}

bool slots_may_open(const struct conversations *conversations, const struct call *call,
                    const struct conversation_ops *ops, const void *data)
{
    const struct shares shares = count_shares(conversations, call, ops, data);
    const char *principal = on_behalf_of(ops, data);
    const uid_t user = call_charged(call);
    unsigned per_user = conversations->daemon->config->conversations_per_user;

    if (shares.total >= total_of(user) || shares.of_connection >= PER_CONNECTION_MAX)
        return false;
    /* A sudo of a user is opened by root but counts for the user. */
    if (principal && shares.on_behalf >= (principal[0] ? per_user : STRANGERS_MAX))
        return false;
    if (shares.of_network >= PER_NETWORK_MAX)
        return false;
    return shares.of_user < limit_of(conversations, user, shares.total);
}

bool conversation_admit(struct daemon *daemon, struct call *call, bool stranger)
{
    const uid_t user = find_user(call, stranger);
    struct shares shares;
    size_t waiting;

    if (!call_charge(call, user) ||
        (call->uid != 0 && !budget_take(daemon->budget, user, BUDGET_OWN_CONVERSATIONS)) ||
        !budget_take(daemon->budget, user, BUDGET_CONVERSATIONS)) {
        call_refuse(call);
        return false;
    }
    /* Calls that root's programs make for the user, this one among them, will open one each. */
    waiting = call->setuid ? budget_holds(call->budget, user, BUDGET_SETUID_CALLS) : 0;
    waiting = waiting > 0 ? waiting : 1;
    shares = count_shares(daemon->conversations, call, NULL, NULL);
    if (shares.of_user + waiting > limit_of(daemon->conversations, user, shares.total)) {
        budget_refused(daemon->budget, user, BUDGET_CONVERSATIONS);
        call_refuse(call);
        return false;
    }
    return true;
}

struct conversation *slots_surplus(const struct conversations *conversations, uid_t charged)
{
    bool by_root = charged == 0 || charged == BUDGET_CONSOLE || charged == BUDGET_STRANGERS;
    struct conversation *conversation, *fetched = NULL, *unfetched = NULL;
    size_t count = 0;

    TAILQ_FOREACH(conversation, &conversations->list, entry)
    {
        if (!conversation->done || conversation->charged != charged)
            continue;
        count++;
        if (conversation->fetched && !fetched)
            fetched = conversation;
        if (!conversation->fetched && !unfetched)
            unfetched = conversation;
    }
    if (count < (by_root ? FINISHED_ROOT : FINISHED_PER_USER))
        return NULL;
    return fetched ? fetched : unfetched;
}
