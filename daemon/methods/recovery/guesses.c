/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/recovery/guesses.h"

#include "common/base/clock.h"
#include "common/base/text.h"
#include "daemon/accounts/decoy.h"

#include <stdlib.h>
#include <string.h>

#define GUESSES_MAX   5   /* wrong codes for one account, in that many… */
#define GUESS_PERIOD  900 /* seconds */
#define ACCOUNTS_KEPT 256 /* accounts whose wrong codes are counted */
#define SLOTS         512 /* shared by concealed accounts */

struct counter {
    unsigned count;
    int64_t since; /* monotonic seconds */
};

/*
 * Wrong codes by account. When the table is full the oldest row is reused: to have one account
 * forgotten, an attacker needs as many accounts of the store as there are rows.
 */
struct row {
    char *rp, *name;
    struct counter tries;
};
static struct row rows[ACCOUNTS_KEPT];

/*
 * Wrong codes by names that are concealed. Because any number of names can be made up, they share
 * slots and take no row from an account. An existing account has both a slot and a row: if only
 * unknown names had slots, a locked slot would distinguish them. All slots together also bound the
 * daemon's work.
 */
static struct counter slots[SLOTS];

static bool is_expired(const struct counter *counter)
{
    return pk_clock_monotonic() - counter->since >= GUESS_PERIOD;
}

static bool is_full(struct counter *counter)
{
    if (is_expired(counter))
        counter->count = 0;
    return counter->count >= GUESSES_MAX;
}

static void count_guess(struct counter *counter)
{
    /* A counter that was full and not looked at since may have expired by now. */
    if (counter->count == 0 || is_expired(counter))
        *counter = (struct counter){.since = pk_clock_monotonic()};
    counter->count++;
}

static struct counter *find_slot(const struct guess_subject *subject)
{
    unsigned number = 0;

    return &slots[decoy_number(subject->decoy_key, subject->account, SLOTS, &number) ? 0 : number];
}

static bool row_is_for(const struct row *row, const struct account *account)
{
    return row->name && strcmp(row->name, account->name) == 0 && strcmp(row->rp, account->rp) == 0;
}

static struct row *find_row(const struct account *account)
{
    for (size_t i = 0; i < ACCOUNTS_KEPT; i++)
        if (row_is_for(&rows[i], account))
            return &rows[i];
    return NULL;
}

/* An empty row or, if there is none, the oldest. */
static struct row *find_free_row(void)
{
    struct row *oldest = &rows[0];

    for (size_t i = 0; i < ACCOUNTS_KEPT; i++)
        if (!rows[i].name)
            return &rows[i];
    for (size_t i = 0; i < ACCOUNTS_KEPT; i++)
        if (rows[i].tries.since < oldest->tries.since)
            oldest = &rows[i];
    return oldest;
}

static void row_clear(struct row *row)
{
    free(row->rp);
    free(row->name);
    *row = (struct row){0};
}

static void count_account(const struct account *account)
{
    struct row *row = find_row(account);

    if (!row) {
        row = find_free_row();
        row_clear(row);
        if (pk_text_copy(account->rp, &row->rp) || pk_text_copy(account->name, &row->name)) {
            row_clear(row);
            return;
        }
    }
    count_guess(&row->tries);
}

bool guesses_are_too_many(const struct guess_subject *subject)
{
    struct row *row;

    /* The account's row is not used here: it would show what its owner mistyped elsewhere. */
    if (subject->conceal)
        return is_full(find_slot(subject));
    row = find_row(subject->account);
    return row && is_full(&row->tries);
}

void guesses_count(const struct guess_subject *subject)
{
    if (subject->conceal)
        count_guess(find_slot(subject));
    if (!subject->decoy)
        count_account(subject->account);
}
