/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many wrong PINs one person may try on one key. A key locks itself for good after eight of
 * them, whoever tried, so that nobody may use them up for others. In memory, bounded, and by the
 * monotonic clock.
 */
#ifndef PK_KEYS_PIN_BUDGET_H
#define PK_KEYS_PIN_BUDGET_H

#include "common/base/status.h"

#include <stdbool.h>
#include <stdint.h>

#define PK_PIN_BUDGET_TRIES   2
#define PK_PIN_BUDGET_SECONDS 900
/* That many tries of a key are only for somebody who has a credential on it. */
#define PK_PIN_RESERVED_TRIES 3

struct pk_pin_budget;

struct pk_pin_budget *pk_pin_budget_new(void);
void pk_pin_budget_free(struct pk_pin_budget *budget);

/*
 * payer: the person, as any text that is the same each time. key: what stays the same of a key
 * when it is plugged in again. Seconds until that person may try that key again; 0: now.
 */
int64_t pk_pin_budget_wait(const struct pk_pin_budget *budget, const char *payer,
                           const char *key) PK_WARN_UNUSED;
/*
 * A PIN is tried. It counts as wrong until pk_pin_budget_refund(), so that leaving before the key
 * has answered saves nothing. false: there is no room to count it, and it must not be tried.
 */
bool pk_pin_budget_spend(struct pk_pin_budget *budget, const char *payer,
                         const char *key) PK_WARN_UNUSED;
/* The key took that PIN. Wrong ones before it still count: they may have been of another key. */
void pk_pin_budget_refund(struct pk_pin_budget *budget, const char *payer, const char *key);

#endif
