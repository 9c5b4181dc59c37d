/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/ceremony.h"

enum pk_status ceremony_checked(struct key *key, enum pk_status status, bool uncertain)
{
    PK_AUTO_FRAME struct pk_frame proceed = {0};
    const struct pk_frame checked = {
        .type = PK_FRAME_CHECKED,
        .check = {.status = status,
                  .ctap2 = key->info.ctap2,
                  .has_pin = key->info.pin_set,
                  .has_built_in_uv = key->info.uv_set,
                  .pin_tries = key->pin_tries,
                  .uncertain = uncertain},
    };
    enum pk_status sent = pk_channel_send(key->hid.channel, &checked);

    if (sent != PK_OK)
        return sent;
    if (status != PK_OK && !uncertain)
        return status;
    return hid_expect(&key->hid, PK_FRAME_PROCEED, &proceed);
}

/* Asks until something that can be a PIN comes. PK_PIN_REQUIRED: the person declined. */
static enum pk_status ask_pin(struct key *key, bool wrong, struct pk_frame *ret)
{
    struct pk_frame question = {.type = PK_FRAME_PIN_NEEDED, .pin_needed = {.wrong = wrong}};

    if (key->info.pin_change)
        return PK_PIN_CHANGE;
    if (key->info.pin_min <= PK_PIN_MAX)
        question.pin_needed.min = (uint8_t)key->info.pin_min;
    question.pin_needed.tries = key_pin_tries(key);
    if (key->pin_tries == 0)
        return PK_PIN_BLOCKED;
    for (;;) {
        PK_AUTO_FRAME struct pk_frame answer = {0};
        enum pk_status status = pk_channel_send(key->hid.channel, &question);

        if (status == PK_OK)
            status = hid_expect(&key->hid, PK_FRAME_PIN, &answer);
        if (status != PK_OK)
            return status;
        if (answer.pin.len == 0)
            return PK_PIN_REQUIRED;
        if (pin_fits(&key->info, &answer.pin)) { /* trying others would only cost a try */
            *ret = answer;
            answer = (struct pk_frame){0};
            return PK_OK;
        }
        question.pin_needed.wrong = true;
    }
}

/* One attempt with what was chosen, as a status. */
static enum pk_status attempt(struct key *key, enum verification chosen, bool wrong,
                              const struct operation *operation)
{
    PK_AUTO_FRAME struct pk_frame pin = {0};
    enum pk_status status = PK_OK;
    int error;

    if (chosen == VERIFY_PIN)
        status = ask_pin(key, wrong, &pin);
    else if (chosen == VERIFY_BUILT_IN)
        status = pk_channel_send_bare(key->hid.channel, PK_FRAME_VERIFY);
    if (status != PK_OK)
        return status;
    key->hid.person = true;
    error = operation->run(key, chosen == VERIFY_BUILT_IN,
                           chosen == VERIFY_PIN ? (const char *)pin.pin.data : NULL,
                           operation->context);
    key->hid.person = false;
    return key_status(key, error);
}

enum pk_status ceremony_touch(struct key *key, const struct operation *operation)
{
    return attempt(key, VERIFY_NOT, false, operation);
}

enum pk_status ceremony_run(struct key *key, enum verification first, bool required,
                            const struct operation *operation)
{
    struct refusal refusal = {.tried = first, .required = required};
    enum pk_status status;

    do {
        bool wrong = refusal.status == PK_PIN_INVALID;

        status = attempt(key, refusal.tried, wrong, operation);
        /* A PIN that was asked for and declined is final; so is a key that is gone, or a cancel. */
        if (status == PK_OK || key->hid.trouble != PK_OK ||
            (refusal.tried == VERIFY_PIN && status == PK_PIN_REQUIRED))
            return status;
        refusal.status = status;
        refusal.coded = key->error > 0;
        if (refusal.tried == VERIFY_BUILT_IN)
            refusal.attempts++;
        if (refusal.tried == VERIFY_NOT)
            refusal.required = true; /* the key requires it */
        status = choose_after(&key->info, &refusal, &refusal.tried);
    } while (status == PK_OK);
    if (refusal.tried == VERIFY_PIN)
        (void)key_pin_tries(key);
    return status;
}
