/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/road_recovery.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/dialogue/messages.h"

#include <string.h>

#define TRIES_HERE    3   /* in one conversation */
#define TRIES_LATELY  5   /* of one account, in… */
#define LATELY        900 /* seconds */
#define ACCOUNTS_KEPT 256 /* whose wrong tries are remembered */
#define HIDDEN_SLOTS  512

struct recovery_road {
    struct daemon *daemon;
    struct conversation *conversation;
    struct recovery_subject subject;
    unsigned tries;
    void (*finished)(void *data, enum pk_status status);
    void *data;
};

/* Wrong tries by account. When there is no room the oldest goes: an attacker has to own as many
 * accounts as there are rows to make one forgotten. */
struct guesses {
    char *rp, *name;
    unsigned count;
    int64_t since;
};
static struct guesses guesses[ACCOUNTS_KEPT];

/*
 * Those of names whose codes nobody may learn of. As anybody can think of any number of names, they
 * share slots, and take no row from an account. An account has both: a slot that only names without
 * one had would tell these apart once it is shut. And all slots together bound the daemon's work.
 */
static struct {
    unsigned count;
    int64_t since;
} hidden_guesses[HIDDEN_SLOTS];

static struct guesses *find_guesses(const struct account *account)
{
    for (size_t i = 0; i < ACCOUNTS_KEPT; i++)
        if (guesses[i].name && strcmp(guesses[i].name, account->name) == 0 &&
            strcmp(guesses[i].rp, account->rp) == 0)
            return &guesses[i];
    return NULL;
}

static unsigned hidden_slot(const struct recovery_road *road)
{
    unsigned slot = 0;

    return decoy_number(road->daemon->decoy_key, road->subject.account, HIDDEN_SLOTS, &slot) ? 0
                                                                                             : slot;
}

static bool too_many_hidden(unsigned slot)
{
    if (daemon_monotonic() - hidden_guesses[slot].since >= LATELY)
        hidden_guesses[slot].count = 0;
    return hidden_guesses[slot].count >= TRIES_LATELY;
}

static bool too_many(const struct recovery_road *road)
{
    struct guesses *row;

    /* Not the account's own row as well: what its owner mistyped elsewhere would show here. */
    if (road->subject.hidden)
        return too_many_hidden(hidden_slot(road));
    row = find_guesses(road->subject.account);
    if (row && daemon_monotonic() - row->since >= LATELY)
        row->count = 0;
    return row && row->count >= TRIES_LATELY;
}

static void count_hidden(unsigned slot)
{
    if (hidden_guesses[slot].count == 0)
        hidden_guesses[slot].since = daemon_monotonic();
    hidden_guesses[slot].count++;
}

static void count_account(const struct account *account)
{
    struct guesses *row = find_guesses(account);

    for (size_t i = 0; !row && i < ACCOUNTS_KEPT; i++)
        if (!guesses[i].name)
            row = &guesses[i];
    for (size_t i = 0; !row && i < ACCOUNTS_KEPT; i++)
        if (daemon_monotonic() - guesses[i].since >= LATELY)
            row = &guesses[i];
    if (!row) {
        row = &guesses[0];
        for (size_t i = 1; i < ACCOUNTS_KEPT; i++)
            if (guesses[i].since < row->since)
                row = &guesses[i];
    }
    if (!row->name || strcmp(row->name, account->name) != 0 || strcmp(row->rp, account->rp) != 0) {
        free(row->rp);
        free(row->name);
        *row = (struct guesses){.rp = strdup(account->rp), .name = strdup(account->name)};
        if (!row->rp || !row->name) {
            free(row->rp);
            free(row->name);
            *row = (struct guesses){0};
            return;
        }
    }
    if (row->count == 0)
        row->since = daemon_monotonic();
    row->count++;
}

static void count_guess(const struct recovery_road *road)
{
    if (road->subject.hidden)
        count_hidden(hidden_slot(road));
    if (!road->subject.decoy)
        count_account(road->subject.account);
}

static void ask(const struct recovery_road *road)
{
    conversation_ask(road->conversation, QUESTION_SECRET, "recovery-code",
                     "Recovery code (empty to give up): ", 0xff);
}

/* PK_UNAVAILABLE: there is no use in asking. */
static enum pk_status worth_asking(const struct recovery_road *road)
{
    const struct account *account = road->subject.account;
    size_t left = 0;
    enum pk_status status = recovery_codes_left(road->daemon->store, account, &left);

    if (status)
        return status;
    if (left == 0 && !road->subject.hidden)
        return PK_UNAVAILABLE;
    if (!too_many(road))
        return PK_OK;
    pk_log(LOG_WARNING, "[%s] recovery codes of %s are locked for now: too many wrong ones",
           conversation_id(road->conversation), account->name);
    return PK_UNAVAILABLE;
}

enum pk_status recovery_road_new(struct daemon *daemon, struct conversation *conversation,
                                 const struct recovery_subject *subject, enum pk_status why,
                                 void (*finished)(void *data, enum pk_status status), void *data,
                                 struct recovery_road **ret)
{
    struct recovery_road *road = calloc(1, sizeof(*road));
    enum pk_status status;

    if (!road)
        return PK_NO_MEMORY;
    *road = (struct recovery_road){
        .daemon = daemon,
        .conversation = conversation,
        .subject = *subject,
        .finished = finished,
        .data = data,
    };
    status = worth_asking(road);
    if (status) {
        free(road);
        return status;
    }
    /* Who declined knows why. */
    if (why != PK_UNAVAILABLE && why != PK_CANCELLED)
        conversation_error(conversation, why, pk_message_outcome(why));
    ask(road);
    *ret = road;
    return PK_OK;
}

static void log_use(const struct recovery_road *road)
{
    const struct account *account = road->subject.account;
    size_t left = 0;

    if (recovery_codes_left(road->daemon->store, account, &left))
        left = 0;
    pk_log(LOG_WARNING, "[%s] RECOVERY CODE of %s (%s) USED instead of a passkey; %zu left",
           conversation_id(road->conversation), account->name, account->rp, left);
}

/* A decoy takes the same time, and nothing that the store has. */
static enum pk_status use(const struct recovery_road *road, const struct pk_secret *answer)
{
    const struct account *account = road->subject.account;
    struct store *store = road->daemon->store;
    size_t left;
    enum pk_status status;

    if (!road->subject.decoy)
        return recovery_code_use(store, account, answer);
    status = recovery_codes_left(store, account, &left);
    if (!status)
        status = recovery_code_use(store, NULL, answer);
    return status ? status : PK_INTERNAL;
}

void recovery_road_answered(struct recovery_road *road, const struct pk_secret *answer)
{
    const struct account *account = road->subject.account;
    enum pk_status status;

    if (answer->len == 0) {
        road->finished(road->data, PK_CANCELLED);
        return;
    }
    status = use(road, answer);
    if (status == PK_OK) {
        log_use(road);
        road->finished(road->data, PK_OK);
        return;
    }
    pk_log(LOG_WARNING, "[%s] recovery code of %s (%s) refused: %s%s",
           conversation_id(road->conversation), account->name, account->rp, pk_status_name(status),
           road->subject.decoy ? ", there is none" : "");
    if (status == PK_RECOVERY_CODE_INVALID) {
        count_guess(road);
        if (++road->tries < TRIES_HERE && !too_many(road)) {
            conversation_error(road->conversation, status, "This recovery code is not valid.");
            ask(road);
            return;
        }
    }
    road->finished(road->data, status);
}

void recovery_road_free(struct recovery_road *road)
{
    free(road);
}
