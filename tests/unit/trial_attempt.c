/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/trial_attempt.h"

#include "common/base/clock.h"
#include "daemon/auth/decision.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/soft_key.h"

#include <string.h>

/* --- methods ---------------------------------------------------------------------------------- */

struct trial_method methods[COUNT];
char order[16];

static enum pk_status start(int which, struct attempt *attempt, void **ret_state)
{
    methods[which].started++;
    order[strlen(order)] = (char)('1' + which);
    if (methods[which].act)
        methods[which].act(attempt);
    if (methods[which].status == PK_OK && !methods[which].stateless)
        *ret_state = &methods[which];
    return methods[which].status;
}

static enum pk_status start_first(struct sign_in *sign_in, void **ret_state)
{
    return start(FIRST, (struct attempt *)sign_in, ret_state);
}

static enum pk_status start_second(struct sign_in *sign_in, void **ret_state)
{
    return start(SECOND, (struct attempt *)sign_in, ret_state);
}

static enum pk_status start_third(struct sign_in *sign_in, void **ret_state)
{
    return start(THIRD, (struct attempt *)sign_in, ret_state);
}

static void answered(int which, const void *state, const struct pk_secret *answer)
{
    assert_ptr_equal(state, &methods[which]);
    methods[which].answers++;
    (void)snprintf(methods[which].answer, sizeof(methods[which].answer), "%s",
                   (const char *)answer->data);
}

static void answered_first(void *state, struct pk_secret *answer)
{
    answered(FIRST, state, answer);
}

static void answered_second(void *state, struct pk_secret *answer)
{
    answered(SECOND, state, answer);
}

static void stop(void *state)
{
    for (int i = 0; i < COUNT; i++)
        methods[i].stopped += state == &methods[i];
}

static const struct authmethod first = {
    .start = start_first, .answered = answered_first, .stop = stop};
static const struct authmethod second = {.start = start_second,
                                         .answered = answered_second,
                                         .stop = stop,
                                         .conceals_reason = true,
                                         .over = "wire"};
static const struct authmethod third = {.start = start_third, .stop = stop}; /* asks nothing */

const struct authmethod *const authmethods[PK_METHOD_COUNT] = {
    [PK_METHOD_LOCAL] = &first,
    [PK_METHOD_BROWSER] = &second,
    [PK_METHOD_RECOVERY] = &third,
};

/* --- attempts --------------------------------------------------------------------------------- */

struct trial_kind kind;

static enum pk_status start_method(struct attempt *attempt, const struct authmethod *method,
                                   void **ret_state)
{
    return method->start((struct sign_in *)attempt, ret_state);
}

static void describe(const struct attempt *attempt, struct decision *decision)
{
    (void)attempt;
    decision->user = "whoever";
    decision->rp = "default";
    decision->context = "{context}";
}

static bool accepts(const struct attempt *attempt, const struct approval *approval)
{
    (void)attempt;
    assert_non_null(approval);
    return kind.accepts;
}

static char *credential_json(const struct approval *approval)
{
    return strdup(approval_credential(approval)->name);
}

static void release(struct attempt *attempt)
{
    kind.released++;
    free(attempt);
}

const struct attempt_ops trial_sign_in = {
    .ceremony = PK_AUTHENTICATION,
    .start = start_method,
    .describe = describe,
    .accepts = accepts,
    .release = release,
};

const struct attempt_ops trial_enrollment = {
    .ceremony = PK_REGISTRATION,
    .start = start_method,
    .describe = describe,
    .accepts = accepts,
    .credential_json = credential_json,
    .success_text = "Done.",
    .unreachable_text = "Nothing can be reached.",
    .release = release,
};

struct attempt *new_attempt(const struct attempt_ops *ops)
{
    struct attempt *attempt = calloc(1, sizeof(*attempt));

    *attempt = (struct attempt){
        .daemon = bare_daemon(),
        .ops = ops,
        .owner = ALICE,
        .methods = {{PK_METHOD_LOCAL, PK_METHOD_PHONE, PK_METHOD_BROWSER, PK_METHOD_RECOVERY}, 4},
        .failure = PK_UNAVAILABLE,
        .agent_fd = -1,
        .began = pk_clock_monotonic_us(),
    };
    return attempt;
}

void open_attempt(struct attempt *attempt)
{
    assert_true(attempt_open(attempt, call_from(ALICE, SENDER), TRIAL_TIMEOUT));
    assert_string_equal(seen()->error, "");
}

/* Opens, and tries the first. */
struct attempt *begin_kind(const struct attempt_ops *ops)
{
    struct attempt *attempt = new_attempt(ops);

    open_attempt(attempt);
    attempt_begin(attempt);
    return attempt;
}

struct attempt *begin(void)
{
    return begin_kind(&trial_sign_in);
}

struct attempt *begin_concealed(void)
{
    struct attempt *attempt = new_attempt(&trial_sign_in);

    attempt->conceal = true;
    open_attempt(attempt);
    attempt_begin(attempt);
    return attempt;
}

int trial_set_up(void **state)
{
    memset(methods, 0, sizeof(methods));
    memset(order, 0, sizeof(order));
    memset(&kind, 0, sizeof(kind));
    kind.accepts = true;
    return bare_daemon_set_up(state);
}

void ask(const struct attempt *attempt)
{
    conversation_ask(attempt->conversation, QUESTION_ECHOED, "number", "Number: ", 0xff);
}

void add_ceremony(struct attempt *attempt)
{
    struct ceremony *ceremony = ceremony_new(conversation_id(attempt->conversation), ALICE);

    ceremony->requirements.ceremony = attempt->ops->ceremony;
    assert_status(attempt_add_ceremony(attempt, ceremony), PK_OK);
}

size_t ceremonies(void)
{
    return ceremonies_count(bare_daemon()->ceremonies);
}

/* The decisions that were logged. */
unsigned decisions(void)
{
    return log_count("sign-in of ") + log_count("enrolment for ");
}

void drop_caller(void)
{
    conversations_vanished(bare_daemon()->conversations, SENDER);
}

/* What the person is told, and that it was decided once. */
void assert_told(const char *result)
{
    assert_next(NULL, "done", result);
    assert_int_equal(decisions(), 1);
    assert_int_equal(ceremonies(), 0);
}

/* --- approvals -------------------------------------------------------------------------------- */

/* A real one, for the request of that id. */
struct verdict verdict_for(const char *correlation)
{
    static const uint8_t hash[PK_HASH_SIZE];
    static unsigned counter;
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = ceremony_new(correlation, 0);
    PK_AUTO_BYTES struct pk_bytes data = soft_key_data(RP_ID, PK_FLAG_UP, ++counter);
    PK_AUTO_BYTES struct pk_bytes signature = soft_key_sign(&key, pk_view_of(&data), hash);
    struct verdict verdict;

    soft_key_store(&key, bare_daemon()->store, "alice", ALICE, RP_ID, "blue");
    ceremony->requirements.ceremony = PK_AUTHENTICATION;
    ceremony->requirements.rp_id = strdup(RP_ID);
    ceremony->requirements.user_identified_before = true;
    ceremony->account.rp = strdup("default");
    verdict = verify_and_commit_assertion(bare_daemon()->store, ceremony, hash,
                                          &(struct pk_assertion){
                                              .credential_id = pk_view_string("blue"),
                                              .authenticator_data = pk_view_of(&data),
                                              .signature = pk_view_of(&signature),
                                          });
    assert_status(verdict.status, PK_OK);
    return verdict;
}

struct approval *approval_for(const char *correlation)
{
    return verdict_for(correlation).approval;
}

struct approval *own_approval(const struct attempt *attempt)
{
    return approval_for(conversation_id(attempt->conversation));
}

/* Likewise of a new credential. */
struct approval *own_registration(const struct attempt *attempt)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "new");
    const struct account account = {
        .rp = (char[]){"default"}, .name = (char[]){"alice"}, .uid = ALICE};

    return soft_key_register(&key, bare_daemon()->store, conversation_id(attempt->conversation),
                             RP_ID, &account);
}
