/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/pin_budget.h"

#include "common/base/clock.h"
#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 256 /* each costs somebody a try of a key */

struct row {
    char *payer, *key; /* NULL: free */
    unsigned spent;
    int64_t until;  /* seconds: forgotten then */
    int64_t before; /* until, without the last one */
};

struct pk_pin_budget {
    struct row rows[ROWS_MAX];
};

struct pk_pin_budget *pk_pin_budget_new(void)
{
    return calloc(1, sizeof(struct pk_pin_budget));
}

static void clear(struct row *row)
{
    free(row->payer);
    free(row->key);
    *row = (struct row){0};
}

void pk_pin_budget_free(struct pk_pin_budget *budget)
{
    if (!budget)
        return;
    for (size_t i = 0; i < ROWS_MAX; i++)
        clear(&budget->rows[i]);
    free(budget);
}

static bool is_current(const struct row *row)
{
    return row->payer && row->until > pk_clock_monotonic();
}

static size_t find(const struct pk_pin_budget *budget, const char *payer, const char *key)
{
    size_t i = 0;

    for (; i < ROWS_MAX; i++) {
        const struct row *row = &budget->rows[i];

        if (is_current(row) && strcmp(row->payer, payer) == 0 && strcmp(row->key, key) == 0)
            break;
    }
    return i;
}

int64_t pk_pin_budget_wait(const struct pk_pin_budget *budget, const char *payer, const char *key)
{
    size_t i = find(budget, payer, key);

    if (i == ROWS_MAX || budget->rows[i].spent < PK_PIN_BUDGET_TRIES)
        return 0;
    return budget->rows[i].until - pk_clock_monotonic();
}

/* A row for one that is not counted yet; none that still counts is given up for it. */
static struct row *add(struct pk_pin_budget *budget, const char *payer, const char *key)
{
    struct row *row = budget->rows;

    while (row < budget->rows + ROWS_MAX && is_current(row))
        row++;
    if (row == budget->rows + ROWS_MAX)
        return NULL;
    clear(row);
    row->payer = strdup(payer);
    row->key = strdup(key);
    if (row->payer && row->key)
        return row;
    clear(row);
    return NULL;
}

bool pk_pin_budget_spend(struct pk_pin_budget *budget, const char *payer, const char *key)
{
    size_t i = find(budget, payer, key);
    struct row *row = i < ROWS_MAX ? &budget->rows[i] : add(budget, payer, key);

    if (!row || row->spent >= PK_PIN_BUDGET_TRIES)
        return false;
    row->spent++;
    row->before = row->until;
    row->until = pk_clock_monotonic() + PK_PIN_BUDGET_SECONDS;
    return true;
}

void pk_pin_budget_refund(struct pk_pin_budget *budget, const char *payer, const char *key)
{
    size_t i = find(budget, payer, key);

    if (i == ROWS_MAX)
        return;
    budget->rows[i].spent--;
    budget->rows[i].until = budget->rows[i].before;
    if (budget->rows[i].spent == 0)
        clear(&budget->rows[i]);
}
