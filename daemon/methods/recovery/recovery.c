/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The recovery method: a recovery code in place of a passkey. The log warns of its use, and
 * guessing is limited.
 */
#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/keys/messages.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/auth/sign_in_attempt.h"
#include "daemon/daemon.h"
#include "daemon/methods/recovery/guesses.h"

#include <string.h>

#define TRIES_MAX 3 /* wrong codes in one conversation */

struct recovery {
    struct attempt *attempt;
    struct guess_subject subject;
    unsigned tries;
};

static void ask(const struct recovery *recovery)
{
    conversation_ask(recovery->attempt->conversation, QUESTION_SECRET, "recovery-code",
                     "Recovery code (empty to give up): ", 0xff);
}

/* PK_UNAVAILABLE: no code can be accepted, so none is asked for. */
static enum pk_status check_available(const struct recovery *recovery)
{
    const struct account *account = recovery->subject.account;
    size_t left = 0;
    enum pk_status status = recovery_codes_left(recovery->attempt->daemon->store, account, &left);

    if (status)
        return status;
    if (left == 0 && !recovery->subject.conceal)
        return PK_UNAVAILABLE;
    if (!guesses_are_too_many(&recovery->subject))
        return PK_OK;
    pk_log(LOG_WARNING, "[%s] recovery codes of %s are locked for now: too many wrong ones",
           conversation_id(recovery->attempt->conversation), account->name);
    return PK_UNAVAILABLE;
}

/* Shows why the previous methods failed, unless the person declined or none could serve. */
static void show_failure(const struct attempt *attempt)
{
    if (attempt->failure != PK_UNAVAILABLE && attempt->failure != PK_CANCELLED)
        conversation_error(attempt->conversation, attempt->failure,
                           pk_message_outcome(attempt->failure));
}

static enum pk_status start(struct sign_in *sign_in, void **ret_state)
{
    PK_AUTO_FREE struct recovery *recovery = NULL;
    enum pk_status status;

    if (!sign_in->subject.account.name)
        return PK_UNAVAILABLE;
    recovery = calloc(1, sizeof(*recovery));
    if (!recovery)
        return PK_NO_MEMORY;
    *recovery = (struct recovery){
        .attempt = &sign_in->attempt,
        .subject =
            {
                .account = &sign_in->subject.account,
                .decoy_key = sign_in->attempt.daemon->decoy_key,
                .conceal = sign_in->attempt.conceal,
                .decoy = sign_in->why_no_method != PK_OK,
            },
    };
    status = check_available(recovery);
    if (status)
        return status;
    show_failure(&sign_in->attempt);
    ask(recovery);
    *ret_state = pk_steal(recovery);
    return PK_OK;
}

/* Takes the same time as for an account with codes, but accepts none that the store has. */
static struct verdict refuse_decoy(struct store *store, const struct account *account,
                                   const struct pk_secret *answer)
{
    size_t left;
    enum pk_status status = recovery_codes_left(store, account, &left);

    return verdict_refused(status ? status : recovery_code_use(store, NULL, answer));
}

static struct verdict judge(const struct recovery *recovery, const struct pk_secret *answer)
{
    const struct attempt *attempt = recovery->attempt;
    const struct account *account = recovery->subject.account;

    if (recovery->subject.decoy)
        return refuse_decoy(attempt->daemon->store, account, answer);
    return verify_and_commit_recovery_code(attempt->daemon->store,
                                           conversation_id(attempt->conversation), account, answer);
}

static void refuse(struct recovery *recovery, const struct verdict *verdict)
{
    enum pk_status status = verdict->status;
    struct conversation *conversation = recovery->attempt->conversation;
    const struct account *account = recovery->subject.account;

    if (verdict->code_used)
        pk_log(LOG_WARNING, "[%s] RECOVERY CODE of %s (%s) USED, and the sign-in refused: %s",
               conversation_id(conversation), account->name, account->rp, pk_status_name(status));
    else
        pk_log(LOG_WARNING, "[%s] recovery code of %s (%s) refused: %s%s",
               conversation_id(conversation), account->name, account->rp, pk_status_name(status),
               recovery->subject.decoy ? ", there is none" : "");
    if (status == PK_RECOVERY_CODE_INVALID) {
        guesses_count(&recovery->subject);
        if (++recovery->tries < TRIES_MAX && !guesses_are_too_many(&recovery->subject)) {
            conversation_error(conversation, status, "This recovery code is not valid.");
            ask(recovery);
            return;
        }
    }
    attempt_refused(recovery->attempt, status);
}

static void answered(void *state, struct pk_secret *answer)
{
    struct recovery *recovery = state;
    AUTO_VERDICT struct verdict verdict = verdict_refused(PK_CANCELLED);

    if (answer->len == 0) {
        attempt_refused(recovery->attempt, recovery->attempt->failure);
        return;
    }
    verdict = judge(recovery, answer);
    if (verdict.status == PK_OK)
        attempt_decided(recovery->attempt, &verdict);
    else
        refuse(recovery, &verdict);
}

static void stop(void *state)
{
    free(state);
}

const struct authmethod authmethod_recovery = {
    .start = start,
    .answered = answered,
    .stop = stop,
};
