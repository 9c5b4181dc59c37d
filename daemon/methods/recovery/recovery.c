/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The recovery method: a recovery code in place of a passkey. The log warns of its use, and
 * guessing is limited (guesses.h).
 */
#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/keys/messages.h"
#include "daemon/accounts/log_names.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/auth/sign_in_attempt.h"
#include "daemon/bus/logind.h"
#include "daemon/daemon.h"
#include "daemon/methods/recovery/guesses.h"

#include <string.h>

#define TRIES_MAX 3 /* wrong codes in one conversation */

struct recovery {
    struct attempt *attempt;
    const struct account *account;
    struct guess_source source;
    bool decoy; /* no code is valid, whatever the store has */
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
    const struct sign_in *sign_in = (const struct sign_in *)recovery->attempt;

    if (sign_in->recovery_codes)
        return sign_in->recovery_codes;
    return sign_in->recovery_code_count == 0 && !recovery->attempt->conceal ? PK_UNAVAILABLE
                                                                            : PK_OK;
}

/* Shows why the previous methods failed, unless the person declined or none could serve. */
static void show_failure(const struct attempt *attempt)
{
    if (attempt->failure != PK_UNAVAILABLE && attempt->failure != PK_CANCELLED)
        conversation_error(attempt->conversation, attempt->failure,
                           pk_message_outcome(attempt->failure));
}

/* logind's silence about a console does not make it remote. */
static struct guess_source source_of(const struct sign_in *sign_in)
{
    const struct context context = sign_in_context(sign_in);
    bool remote = context_is_remote(&context) && strcmp(context.rhost, LOGIND_RHOST_UNKNOWN) != 0;

    return guess_source_of(sign_in->attempt.real_uid, remote ? context.rhost : "", context.tty);
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
        .account = &sign_in->subject.account,
        .source = source_of(sign_in),
        .decoy = sign_in->why_no_method != PK_OK,
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

struct code_check {
    struct verification verification;
    struct recovery *recovery; /* for the loop */
    struct account account;
    struct pk_secret code;
    bool decoy;
};

static struct verdict judge(const struct verification *verification)
{
    const struct code_check *check = (const struct code_check *)verification;

    if (check->decoy)
        return refuse_decoy(verification->store, &check->account, &check->code);
    return verify_and_commit_recovery_code(verification->store, verification->correlation,
                                           &check->account, &check->code);
}

static void refuse(struct recovery *recovery, const struct verdict *verdict)
{
    enum pk_status status = verdict->status;
    struct conversation *conversation = recovery->attempt->conversation;
    const struct account *account = recovery->account;
    PK_AUTO_FREE char *name = log_name(account->name);

    if (verdict->code_used)
        pk_log(LOG_WARNING, "[%s] RECOVERY CODE of %s (%s) USED, and the sign-in refused: %s",
               conversation_id(conversation), name ? name : "?", account->rp,
               pk_status_name(status));
    else
        pk_log(LOG_WARNING, "[%s] recovery code of %s (%s) refused: %s%s",
               conversation_id(conversation), name ? name : "?", account->rp,
               pk_status_name(status), recovery->decoy ? ", there is none" : "");
    if (status == PK_RECOVERY_CODE_INVALID && ++recovery->tries < TRIES_MAX) {
        conversation_error(conversation, status, "This recovery code is not valid.");
        ask(recovery);
        return;
    }
    attempt_refused(recovery->attempt, status);
}

/* The code was not looked at, so nothing of it or of the account is told. */
static void refuse_try(struct recovery *recovery)
{
    pk_log(LOG_WARNING, "[%s] a recovery code was not tried: too many wrong ones from there",
           conversation_id(recovery->attempt->conversation));
    conversation_error(recovery->attempt->conversation, PK_UNAVAILABLE,
                       "Too many wrong recovery codes came from here. Try again in a minute.");
    attempt_refused(recovery->attempt, PK_UNAVAILABLE);
}

static void judged(struct verification *verification, struct verdict *verdict)
{
    struct recovery *recovery = ((struct code_check *)verification)->recovery;

    if (verdict->status != PK_RECOVERY_CODE_INVALID)
        guesses_give_back(&recovery->source);
    if (verdict->status == PK_OK)
        attempt_decided(recovery->attempt, verdict);
    else
        refuse(recovery, verdict);
}

static void code_check_clear(struct verification *verification)
{
    struct code_check *check = (struct code_check *)verification;

    account_clear(&check->account);
    pk_secret_clear(&check->code);
}

static void answered(void *state, struct pk_secret *answer)
{
    static const struct verification_plan plan = {judge, judged, code_check_clear, true};
    struct recovery *recovery = state;
    struct code_check *check;
    enum pk_status status;

    if (answer->len == 0) {
        attempt_refused(recovery->attempt, recovery->attempt->failure);
        return;
    }
    if (!guesses_take(&recovery->source)) {
        refuse_try(recovery);
        return;
    }
    check = calloc(1, sizeof(*check));
    status = check ? account_copy(recovery->account, &check->account) : PK_NO_MEMORY;
    if (!status)
        status = pk_secret_copy(pk_secret_view(answer), &check->code);
    if (!status) {
        check->recovery = recovery;
        check->decoy = recovery->decoy;
    }
    attempt_verify(recovery->attempt, (struct verification *)check, NULL, status, &plan);
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
