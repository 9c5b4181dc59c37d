/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/pin_dialogue.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/pin_text.h"

#include <string.h>
#include <strings.h>

#define TRIES_UNKNOWN 0xff
#define LAST_TRIES    2 /* are not spent without a confirmation */
#define MALFORMED_MAX 3

static void show_error(const struct pk_pin_dialogue *dialogue, enum pk_status why, const char *text)
{
    dialogue->person.ops->error(dialogue->person.data, why, text);
}

static void ask(const struct pk_pin_dialogue *dialogue, bool secret, const char *event,
                const char *text)
{
    dialogue->person.ops->ask(dialogue->person.data, secret, event, text,
                              dialogue->requests[0].needed.tries);
}

static void unask(const struct pk_pin_dialogue *dialogue)
{
    dialogue->person.ops->unask(dialogue->person.data);
}

static void ask_pin(struct pk_pin_dialogue *dialogue)
{
    const struct pk_pin_request *request = &dialogue->requests[0];
    PK_AUTO_FREE char *text = pk_text_format("PIN of your security key \"%s\": ", request->name);

    dialogue->step = PK_PIN_ASKED;
    ask(dialogue, true, "pin", text ? text : "PIN: ");
}

static void ask_confirmation(struct pk_pin_dialogue *dialogue)
{
    const struct pk_pin_request *request = &dialogue->requests[0];
    PK_AUTO_FREE char *text = pk_text_format(
        "Only %u PIN %s left on your security key \"%s\"; after that it is locked for good. "
        "Type \"yes\" to go on: ",
        (unsigned)request->needed.tries, request->needed.tries == 1 ? "try is" : "tries are",
        request->name);

    dialogue->step = PK_PIN_CONFIRM;
    ask(dialogue, false, "pin-last-tries",
        text ? text : "The PIN is about to be locked. Type \"yes\" to go on: ");
}

static void show_wrong(struct pk_pin_dialogue *dialogue, const struct pk_pin_request *request)
{
    PK_AUTO_FREE char *text =
        request->needed.tries == TRIES_UNKNOWN
            ? strdup("Wrong PIN.")
            : pk_text_format("Wrong PIN: %u %s left.", (unsigned)request->needed.tries,
                             request->needed.tries == 1 ? "try" : "tries");

    show_error(dialogue, PK_PIN_INVALID, text ? text : "Wrong PIN.");
}

static void ask_next(struct pk_pin_dialogue *dialogue)
{
    const struct pk_pin_request *request = &dialogue->requests[0];

    dialogue->step = PK_PIN_IDLE;
    if (dialogue->count == 0)
        return;
    dialogue->malformed = 0;
    if (request->needed.wrong) {
        dialogue->last_wrong = request->who;
        show_wrong(dialogue, request);
    }
    if (request->needed.tries <= LAST_TRIES)
        ask_confirmation(dialogue);
    else
        ask_pin(dialogue);
}

static void remove_at(struct pk_pin_dialogue *dialogue, size_t i)
{
    dialogue->count--;
    (void)memmove(&dialogue->requests[i], &dialogue->requests[i + 1],
                  (dialogue->count - i) * sizeof(dialogue->requests[0]));
}

void pk_pin_dialogue_needed(struct pk_pin_dialogue *dialogue, const void *who,
                            struct pk_key_session *session, const char *name,
                            const struct pk_pin_needed *needed)
{
    const struct pk_pin_request request = {who, session, name, *needed};
    bool again = dialogue->trying == who;
    size_t at = again ? 0 : dialogue->count;

    if (dialogue->count == PK_PIN_WAITING_MAX)
        return;
    (void)memmove(&dialogue->requests[at + 1], &dialogue->requests[at],
                  (dialogue->count - at) * sizeof(request));
    dialogue->requests[at] = request;
    dialogue->count++;
    if (again)
        dialogue->trying = NULL;
    if (dialogue->step == PK_PIN_IDLE && !dialogue->trying)
        ask_next(dialogue);
}

void pk_pin_dialogue_withdraw(struct pk_pin_dialogue *dialogue, const void *who)
{
    bool first = dialogue->count > 0 && dialogue->requests[0].who == who;

    for (size_t i = 0; i < dialogue->count; i++) {
        if (dialogue->requests[i].who == who) {
            remove_at(dialogue, i);
            break;
        }
    }
    if (first && dialogue->step != PK_PIN_IDLE) {
        unask(dialogue);
        dialogue->step = PK_PIN_IDLE;
    }
    if (dialogue->trying == who)
        dialogue->trying = NULL;
    if (dialogue->step == PK_PIN_IDLE && !dialogue->trying)
        ask_next(dialogue);
}

void pk_pin_dialogue_stop(struct pk_pin_dialogue *dialogue)
{
    if (dialogue->step != PK_PIN_IDLE)
        unask(dialogue);
    dialogue->step = PK_PIN_IDLE;
    dialogue->count = 0;
}

static const struct pk_secret declined = {0};

/* Hands the answer to the key and goes on to the next one that waits, if it was declined. */
static void settle(struct pk_pin_dialogue *dialogue, const struct pk_secret *pin)
{
    const struct pk_pin_request request = dialogue->requests[0];

    remove_at(dialogue, 0);
    dialogue->step = PK_PIN_IDLE;
    if (pin->len > 0 && dialogue->spend && !dialogue->spend(dialogue->data, request.who))
        pin = &declined;
    pk_key_session_answer_pin(request.session, pin);
    /* While that key tries its PIN, or waits for its touch, no other one asks. */
    if (pin->len > 0)
        dialogue->trying = request.who;
    else
        ask_next(dialogue);
}

/* Says what is wrong with an answer that cannot be this key's PIN, which is not worth a try. */
static void show_malformed(const struct pk_pin_dialogue *dialogue, enum pk_status why)
{
    const struct pk_pin_request *request = &dialogue->requests[0];
    PK_AUTO_FREE char *text = pk_pin_complaint(why, request->needed.min);

    show_error(dialogue, PK_INVALID_INPUT, text ? text : "That cannot be a PIN.");
}

void pk_pin_dialogue_answered(struct pk_pin_dialogue *dialogue, struct pk_secret *answer)
{
    PK_AUTO_SECRET struct pk_secret pin = {0};
    enum pk_status status;

    if (dialogue->count == 0 || dialogue->step == PK_PIN_IDLE)
        return;
    if (dialogue->step == PK_PIN_CONFIRM) {
        if (answer->len == 3 && strncasecmp((const char *)answer->data, "yes", 3) == 0)
            ask_pin(dialogue);
        else
            settle(dialogue, &declined);
        return;
    }
    status =
        answer->len > 0 ? pk_pin_normalize(answer, dialogue->requests[0].needed.min, &pin) : PK_OK;
    if (status && ++dialogue->malformed < MALFORMED_MAX) {
        show_malformed(dialogue, status);
        ask_pin(dialogue);
        return;
    }
    settle(dialogue, &pin);
}

bool pk_pin_dialogue_was_wrong(const struct pk_pin_dialogue *dialogue, const void *who)
{
    return dialogue->last_wrong == who;
}
