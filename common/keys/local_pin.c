/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the PIN of a key may be asked for, and which key it is that asks. */
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/local_private.h"
#include "common/keys/place.h"

#include <string.h>

#define UNKNOWN_TRIES 0xff

/* Its name, and its place where another key is called the same. NULL: no memory. */
static char *full_name(const struct candidate *candidate)
{
    PK_AUTO_FREE char *place = NULL;

    for (const struct candidate *c = candidate->ceremony->candidates; c; c = c->next) {
        if (c == candidate || strcmp(c->name, candidate->name) != 0)
            continue;
        place = pk_key_place(candidate->path);
        return place ? pk_text_format("%s, %s", candidate->name, place) : NULL;
    }
    return strdup(candidate->name);
}

/* Why that person must not be asked; the caller's to free, NULL: may be. */
static char *refusal(const struct candidate *candidate, unsigned tries)
{
    const struct pk_local_ceremony *ceremony = candidate->ceremony;
    int64_t wait = ceremony->payer ? pk_pin_budget_wait(pk_keys_pin_budget(ceremony->keys),
                                                        ceremony->payer, candidate->model)
                                   : 0;

    if (wait > 0)
        return pk_text_format("Two wrong PINs: the PIN of \"%s\" is not asked for again for %lld "
                              "minutes.",
                              candidate->name, (long long)(wait + 59) / 60);
    if (ceremony->payer && tries != UNKNOWN_TRIES && tries <= PK_PIN_RESERVED_TRIES &&
        !(ceremony->holder && candidate->shown && candidate->listed))
        return pk_text_format("\"%s\" has only %u PIN %s left. They are kept for whoever has a "
                              "passkey on it.",
                              candidate->name, tries, tries == 1 ? "try" : "tries");
    return NULL;
}

bool local_may_ask_pin(const struct candidate *candidate)
{
    const struct pk_local_ceremony *ceremony = candidate->ceremony;

    return candidate->shown || ceremony->hidden || (candidate->mute && ceremony->insists);
}

void local_pin_needed(struct candidate *candidate, const struct pk_pin_needed *needed)
{
    static const struct pk_secret declined = {0};
    struct pk_local_ceremony *ceremony = candidate->ceremony;
    bool alone = local_count(ceremony, ACTIVE) == 1;
    PK_AUTO_FREE char *why = refusal(candidate, needed->tries);

    candidate->spent = false;
    ceremony->announced = 0; /* the touch that follows the PIN is announced again */
    free(pk_steal(candidate->pin_name));
    candidate->pin_name = full_name(candidate);
    if (why)
        ceremony->person.ops->error(ceremony->person.data, PK_PIN_REQUIRED, why);
    if (why || ceremony->unattended || !candidate->pin_name) {
        pk_key_session_answer_pin(candidate->session, &declined);
        return;
    }
    if (alone) /* typing may take longer than a touch */
        pk_deadlines_stop(&ceremony->deadlines, TOUCH_TIMEOUT);
    pk_pin_dialogue_needed(&ceremony->pin, candidate, candidate->session, candidate->pin_name,
                           needed);
}

bool local_pin_spend(void *data, const void *who)
{
    struct pk_local_ceremony *ceremony = data;

    if (!ceremony->payer)
        return true;
    for (struct candidate *c = ceremony->candidates; c; c = c->next)
        if (c == who)
            return c->spent = pk_pin_budget_spend(pk_keys_pin_budget(ceremony->keys),
                                                  ceremony->payer, c->model);
    return false;
}

void local_pin_taken(struct candidate *candidate)
{
    struct pk_local_ceremony *ceremony = candidate->ceremony;

    if (candidate->spent)
        pk_pin_budget_refund(pk_keys_pin_budget(ceremony->keys), ceremony->payer, candidate->model);
    candidate->spent = false;
}
