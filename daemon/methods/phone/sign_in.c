/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signing in by a phone. A code is shown only after somebody asked for it, because each use tells
 * strangers of it. Where the account must be concealed, one without phones offers decoys, as in the
 * browser method.
 */
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/phone_messages.h"
#include "common/keys/phone_words.h"
#include "daemon/accounts/decoy.h"
#include "daemon/auth/sign_in_attempt.h"
#include "daemon/config/config.h"
#include "daemon/daemon.h"
#include "daemon/dialogue/messages.h"
#include "daemon/methods/phone/phone.h"
#include "daemon/verify/credential.h"
#include "daemon/verify/decoy_answer.h"

#include <string.h>

#define TYPED_MAX 32

struct phone_sign_in {
    struct phone phone; /* must be first */
    char *offer;
    struct credential_list decoys; /* what is asked for in the place of passkeys */
};

static void free_state(struct phone *own)
{
    struct phone_sign_in *state = (struct phone_sign_in *)own;

    phone_clear(own);
    free(state->offer);
    credential_list_clear(&state->decoys);
    free(state);
}

static void state_free(struct phone_sign_in *state)
{
    free_state(&state->phone);
}
PK_DEFINE_CLEANUP(struct phone_sign_in *, state_free);

/* --- the answer ------------------------------------------------------------------------------- */

struct assertion_check {
    struct verification verification;
    struct pk_assertion_answer answer;
    struct credential_list decoys;
};

static struct verdict judge(const struct verification *verification)
{
    const struct assertion_check *check = (const struct assertion_check *)verification;
    const struct pk_assertion_answer *answer = &check->answer;
    const struct pk_assertion assertion = {
        .credential_id = pk_view_of(&answer->credential_id),
        .authenticator_data = pk_view_of(&answer->authenticator_data),
        .signature = pk_view_of(&answer->signature),
        .user_handle = pk_view_of(&answer->user_handle),
    };
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status = phone_client_data_hash(verification->ceremony, hash);

    if (!status && check->decoys.count > 0)
        status = decoy_refuse_assertion(verification->store, verification->ceremony,
                                        &check->decoys.items[0], hash, &assertion);
    return status ? verdict_refused(status)
                  : verify_and_commit_assertion(verification->store, verification->ceremony, hash,
                                                &assertion);
}

static void check_clear(struct verification *verification)
{
    struct assertion_check *check = (struct assertion_check *)verification;

    pk_assertion_answer_clear(&check->answer);
    credential_list_clear(&check->decoys);
}

/* A reason in words of its own, where it may be told. */
static void judged(struct verification *verification, struct verdict *verdict)
{
    struct attempt *attempt = verification->attempt;

    if (verdict->status && !attempt->conceal)
        attempt_set_text(attempt, pk_message_phone(verdict->status));
    attempt_decided(attempt, verdict);
}

/* Takes the ceremony first, whatever the outcome: a challenge is used once. */
static void answered(void *data, const struct pk_frame *frame)
{
    static const struct verification_plan plan = {judge, judged, check_clear, false};
    struct phone_sign_in *state = data;
    const struct phone *own = &state->phone;
    struct ceremony *ceremony = attempt_take_ceremony(own->attempt, 0);
    struct assertion_check *check = calloc(1, sizeof(*check));
    enum pk_status status = PK_NO_MEMORY;

    if (check) {
        check->decoys = state->decoys;
        state->decoys = (struct credential_list){0}; /* moved */
        status = pk_assertion_answer_copy(&frame->assertion.items[0], &check->answer);
    }
    attempt_verify(own->attempt, (struct verification *)check, ceremony, status, &plan);
}

/* Why is told at once where another way follows, and else with the refusal. */
static void failed(void *data, enum pk_status why)
{
    const struct phone *own = data;
    struct attempt *attempt = own->attempt;

    if (why != PK_CANCELLED && attempt_may_go_on(attempt))
        conversation_error(attempt->conversation, why, pk_message_phone(why));
    else
        attempt_set_text(attempt, pk_message_phone(why));
    attempt_next(attempt, why);
}

/* --- the question ----------------------------------------------------------------------------- */

static enum pk_status fill_request(const struct ceremony *ceremony,
                                   struct pk_assertion_request *ret)
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    enum pk_status status = phone_client_data_hash(ceremony, ret->client_data_hash);

    ret->user_verification = requirements->user_verification;
    if (!status)
        status = pk_text_copy(requirements->rp_id, &ret->rp_id);
    return status ? status
                  : pk_descriptors_copy(requirements->credentials, requirements->credential_count,
                                        &ret->allow, &ret->allow_count);
}

static enum pk_status show(struct phone *own)
{
    static const struct pk_phone_ceremony_ops ops = {phone_connects, answered, failed};
    const struct ceremony *ceremony = attempt_peek_ceremony(own->attempt, 0);
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_GET_ASSERTION};
    enum pk_status status =
        ceremony ? fill_request(ceremony, &frame.get_assertion) : PK_CHALLENGE_UNKNOWN;

    return status ? status : phone_show(own, &frame, &ops);
}

static void ask(const struct phone_sign_in *state)
{
    conversation_ask(state->phone.attempt->conversation, QUESTION_ECHOED, "phone-offer",
                     state->offer, 0xff);
}

/* Whatever else is typed is no wish for a phone: a password, perhaps, which nobody asked for. */
static void typed(struct phone *own, struct pk_secret *answer)
{
    char text[TYPED_MAX] = "";
    enum pk_status status = PK_CANCELLED;

    if (answer->len > 0 && answer->len < sizeof(text))
        (void)memcpy(text, answer->data, answer->len);
    if (pk_phone_is_wanted(text))
        status = show(own);
    explicit_bzero(text, sizeof(text));
    if (status)
        failed(own, status);
}

/* --- the start -------------------------------------------------------------------------------- */

/* Those that have such a transport and, of these, that RP id; NULL: any. Borrows its items. */
static enum pk_status borrow_phones(const struct credential_list *from, const char *rp_id,
                                    struct credential_list *ret)
{
    struct credential *items = calloc(from->count + 1, sizeof(*items));

    if (!items)
        return PK_NO_MEMORY;
    ret->items = items;
    for (size_t i = 0; i < from->count; i++)
        if (credential_is_on_phone(&from->items[i]) &&
            (!rp_id || strcmp(from->items[i].rp_id, rp_id) == 0))
            items[ret->count++] = from->items[i];
    return PK_OK;
}

/*
 * What whoever asks sees of the account on a phone, which may be theirs: of the list that other
 * methods show what phones have; and where that has nothing, one decoy that no other method shows.
 */
static enum pk_status choose_concealed(struct sign_in *sign_in, const char *rp_id,
                                       struct credential_list *decoys, struct credential_list *ret)
{
    const struct account concealed = {.rp = sign_in->rp, .name = sign_in->asked};
    const struct credential_list *list = NULL;
    enum pk_status status = sign_in_appears_to_have(sign_in, rp_id, decoys, &list);

    if (!status)
        status = borrow_phones(list, rp_id, ret);
    if (status || ret->count > 0)
        return status;
    free(pk_steal(ret->items));
    credential_list_clear(decoys);
    sign_in->attempt.truth = PK_NO_CREDENTIALS;
    status = decoy_of_phone(sign_in->attempt.daemon->decoy_key, &concealed, rp_id, decoys);
    return status ? status : borrow_phones(decoys, rp_id, ret);
}

/*
 * One session has one RP id: the relying party's own, where a phone has a passkey for it, and where
 * the account is concealed no other. The list's items are the sign-in's, or those of decoys.
 */
static enum pk_status choose(struct sign_in *sign_in, const struct rp_config *rp,
                             struct credential_list *decoys, struct credential_list *ret)
{
    enum pk_status status;

    if (sign_in->attempt.conceal)
        return rp->id ? choose_concealed(sign_in, rp->id, decoys, ret) : PK_UNAVAILABLE;
    status = borrow_phones(&sign_in->credentials, rp->id, ret);
    if (status || ret->count > 0)
        return status;
    free(pk_steal(ret->items));
    return borrow_phones(&sign_in->credentials, NULL, ret);
}

/* A phone verifies its user always, and that is always demanded of it. */
static enum pk_status begin(struct sign_in *sign_in, const struct rp_config *rp,
                            struct credential_list *decoys)
{
    struct credential_list chosen = {0};
    bool verify = sign_in->verify;
    enum pk_status status = choose(sign_in, rp, decoys, &chosen);

    sign_in->verify = true;
    if (!status && chosen.count == 0)
        status = PK_UNAVAILABLE;
    if (!status)
        status = sign_in_begin(sign_in, &chosen, chosen.items[0].rp_id, ANSWERED_HERE);
    sign_in->verify = verify;
    free(chosen.items);
    return status;
}

/* That a phone could do it, but not here: nobody would know otherwise why none is offered. */
static void tell_unseen(struct sign_in *sign_in)
{
    struct attempt *attempt = &sign_in->attempt;
    bool told = attempt->conceal;

    for (size_t i = 0; i < sign_in->credentials.count && !told; i++)
        told = credential_is_on_phone(&sign_in->credentials.items[i]);
    if (!told)
        return;
    conversation_info(
        attempt->conversation, "phone-unseen",
        "A phone's QR code is not shown here: that takes UTF-8 and 24 lines of 60 columns.");
    if (attempt->failure == PK_UNAVAILABLE && !attempt_may_go_on(attempt))
        attempt_set_text(attempt, "No other passkey of this account can be used here.");
}

static enum pk_status make_offer(const struct sign_in *sign_in, char **ret)
{
    const struct context context = sign_in_context(sign_in);
    char room[SIGN_IN_PERSON_SIZE];
    PK_AUTO_FREE char *why = sign_in_for_another(sign_in)
                                 ? message_for_another(&context, sign_in_person(sign_in, room))
                                 : NULL;

    if (sign_in_for_another(sign_in) && !why)
        return PK_NO_MEMORY;
    *ret = pk_phone_offer(sign_in->attempt.purpose, why);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

enum pk_status phone_sign_in_start(struct sign_in *sign_in, void **ret_state)
{
    const struct rp_config *rp = config_rp(sign_in->attempt.daemon->config, sign_in->rp);
    PK_CLEANUP(state_free) struct phone_sign_in *state = NULL;
    enum pk_status status;

    if (sign_in->phone_unseen)
        tell_unseen(sign_in);
    if (!sign_in->phone_in_play || !rp)
        return PK_UNAVAILABLE;
    state = calloc(1, sizeof(*state));
    if (!state)
        return PK_NO_MEMORY;
    state->phone = (struct phone){.attempt = &sign_in->attempt,
                                  .account = sign_in->asked,
                                  .own_timeout = sign_in->own_timeout,
                                  .typed = typed,
                                  .free = free_state};
    status = begin(sign_in, rp, &state->decoys);
    if (!status)
        status = make_offer(sign_in, &state->offer);
    if (status)
        return status;
    ask(state);
    *ret_state = pk_steal(state);
    return PK_OK;
}
