/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/key.h"

#include "client/askpass/phone.h"
#include "client/askpass/phone_session.h"
#include "client/outcome.h"
#include "client/own_keys.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/give_up.h"
#include "common/base/text.h"
#include "common/keys/local_ceremony.h"
#include "common/keys/phone_words.h"
#include "common/webauthn/client.h"
#include "common/webauthn/crypto.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE 30 /* seconds to plug in and to touch, as long as the daemon's */
/*
 * Seconds to plug in a key for a sign-in with passkeys of which none was used from here before:
 * whether the person has any of them cannot be told from the request (doc/protocol.md, decoys).
 */
#define STRANGER_PATIENCE 4
/* Set by passkey-ssh --enroll: the host may have no passkey yet, so that none is waited for. */
#define ENROLLING     "PASSKEY_SSH_ENROLLS"
#define HOST_MAX      256
#define ORIGIN_PREFIX "ssh://"

struct job {
    const struct pk_forward_request *request;
    struct askpass_used used;
    struct own_keys own;
    struct pk_local_ceremony *ceremony;
    struct askpass_phone_session *phone; /* NULL: none is used */
    const char *origin, *host;           /* as the person gave it to ssh; borrowed */
    bool by_phone;                       /* it was asked for */
    bool offering;                       /* the open question is whether a phone is to be used */
    bool late;                           /* the host's time for an answer is over */
    enum pk_status before;               /* why no key did, while that is asked */
    struct event *unwanted, *deadline;
    struct event *declined; /* a question that could not be asked */
    struct event *typed;    /* NULL: no question is open */
    struct terminal_question question;
    struct pk_give_up give_up;
    struct event *heard; /* NULL: nobody listens for it */
    int64_t ends;
    uint8_t challenge[PK_HASH_SIZE];
    uint8_t client_data_hash[PK_HASH_SIZE];
    enum pk_status status;
    struct pk_forward_answer answer;
};

static const struct timeval at_once = {0, 0};

static void end(struct job *job, enum pk_status status)
{
    job->status = status;
    (void)event_base_loopbreak(job->own.base);
}

/* --- the person ------------------------------------------------------------------------------- */

static void stop_listening(struct job *job)
{
    if (job->heard)
        event_free(pk_steal(job->heard));
    pk_give_up_close(&job->give_up);
}

static void failed(void *data, enum pk_status why);

/* Enter, in place of a key: a phone may be what the person has. */
static bool phone_may_follow(const struct job *job)
{
    return !job->by_phone && askpass_phone_is_possible();
}

static void give_up_waiting(struct job *job)
{
    if (!phone_may_follow(job)) {
        end(job, PK_CANCELLED);
        return;
    }
    stop_listening(job);
    pk_local_ceremony_give_up(job->ceremony);
}

static void on_heard(evutil_socket_t fd, short what, void *data)
{
    struct job *job = data;

    (void)fd, (void)what;
    if (pk_give_up_typed(&job->give_up))
        give_up_waiting(job);
    else if (job->give_up.fd < 0)
        stop_listening(job);
}

/* Says what Enter leads to, and hears it from now on, until something is asked. */
static void offer(struct job *job)
{
    if (!job->heard) {
        pk_give_up_open(&job->give_up);
        if (job->give_up.fd < 0)
            return;
        job->heard = event_new(job->own.base, job->give_up.fd, EV_READ | EV_PERSIST, on_heard, job);
        if (!job->heard || event_add(job->heard, NULL)) {
            stop_listening(job);
            return;
        }
    }
    (void)!terminal_info("skip", job->request->kind == PK_FORWARD_GET || phone_may_follow(job)
                                     ? "Press Enter alone to go on to the next way."
                                     : "Press Enter alone to stop.");
}

static bool asks_for_key(const char *event)
{
    return strcmp(event, "touch") == 0 || strcmp(event, "verify") == 0 ||
           strcmp(event, "insert") == 0 || strcmp(event, "busy") == 0 ||
           strcmp(event, "phone") == 0;
}

static void info(void *data, const char *event, const char *text)
{
    struct job *job = data;

    (void)!terminal_info(event, text);
    if (asks_for_key(event))
        offer(job);
}

static void error(void *data, enum pk_status reason, const char *text)
{
    (void)data, (void)reason;
    (void)!terminal_error(text);
}

static void unask(void *data)
{
    struct job *job = data;

    (void)evtimer_del(job->declined);
    if (!job->typed)
        return;
    event_free(pk_steal(job->typed));
    terminal_question_close(&job->question);
}

static void phone_answered(struct job *job, const struct pk_secret *answer);

static void pass_on(struct job *job, struct pk_secret *answer)
{
    if (job->offering)
        phone_answered(job, answer);
    else if (job->phone)
        askpass_phone_session_typed(job->phone, answer);
    else
        pk_local_ceremony_answered(job->ceremony, answer);
}

static void on_declined(evutil_socket_t fd, short what, void *data)
{
    struct pk_secret nothing = {0};

    (void)fd, (void)what;
    pass_on(data, &nothing);
}

static void on_typed(evutil_socket_t fd, short what, void *data)
{
    struct job *job = data;
    PK_AUTO_SECRET struct pk_secret answer = {0};
    enum pk_status status = terminal_question_read(&job->question);

    (void)fd, (void)what;
    if (!status && !job->question.answered)
        return;
    if (!status) /* data even of an empty line, which is not the same as no answer */
        status =
            pk_secret_copy((struct pk_view){job->question.line.data, job->question.len}, &answer);
    unask(job);
    pass_on(job, &answer); /* without data after a failure: declined */
}

static void ask(void *data, bool secret, const char *event, const char *text, unsigned tries)
{
    struct job *job = data;
    size_t len = strlen(text);
    PK_AUTO_FREE char *question = strndup(text, len > 0 && text[len - 1] == ' ' ? len - 1 : len);
    enum pk_status status;

    stop_listening(job); /* the question has the terminal for itself */
    /* A stranger's phone may have read the code: no letter that was typed before says whose it is.
     */
    if (strcmp(event, "phone-confirm") == 0)
        terminal_discard();
    status = question ? terminal_question_open(question, secret, &job->question) : PK_NO_MEMORY;

    (void)tries;
    if (!status) {
        job->typed =
            event_new(job->own.base, job->question.fd, EV_READ | EV_PERSIST, on_typed, job);
        if (job->typed && event_add(job->typed, NULL) == 0)
            return;
        terminal_question_close(&job->question);
    } else if (status == PK_UNAVAILABLE) {
        (void)fprintf(stderr, "%s (there is no terminal to ask on)\n", question);
    }
    (void)evtimer_add(job->declined, &at_once);
}

static unsigned time_left(void *data)
{
    const struct job *job = data;
    int64_t left = job->ends - pk_clock_monotonic();

    return left > 0 ? (unsigned)left : 0;
}

/* --- what a key is asked ---------------------------------------------------------------------- */

static enum pk_status fill_assertion(const struct job *job, struct pk_assertion_request *ret)
{
    const struct pk_forward_request *from = job->request;

    (void)memcpy(ret->client_data_hash, job->client_data_hash, PK_HASH_SIZE);
    ret->user_verification = from->user_verification;
    ret->rp_id = strdup(from->rp_id);
    if (!ret->rp_id)
        return PK_NO_MEMORY;
    return pk_descriptors_copy(from->credentials, from->credential_count, &ret->allow,
                               &ret->allow_count);
}

/* passkey-authenticator leaves out what the relying party did not ask for (WebAuthn 5.1.3). */
static enum pk_status fill_credential(const struct job *job, struct pk_credential_request *ret)
{
    (void)memcpy(ret->client_data_hash, job->client_data_hash, PK_HASH_SIZE);
    return pk_creation_copy(&job->request->creation, &ret->creation);
}

static enum pk_status make_request(void *data, size_t group, struct pk_frame *ret)
{
    const struct job *job = data;
    bool get = job->request->kind == PK_FORWARD_GET;
    PK_AUTO_FRAME struct pk_frame frame = {.type = get ? PK_FRAME_GET_ASSERTION
                                                       : PK_FRAME_MAKE_CREDENTIAL};
    enum pk_status status = get ? fill_assertion(job, &frame.get_assertion)
                                : fill_credential(job, &frame.make_credential);

    (void)group;
    if (status)
        return status;
    *ret = frame;
    frame = (struct pk_frame){0};
    return PK_OK;
}

/* --- what it answered ------------------------------------------------------------------------- */

static enum pk_status find_credential(const struct pk_forward_request *from, struct pk_view id,
                                      size_t *ret)
{
    for (size_t i = 0; i < from->credential_count; i++) {
        if (pk_view_equal(pk_view_of(&from->credentials[i].id), id)) {
            *ret = i;
            return PK_OK;
        }
    }
    return PK_DEVICE_ERROR;
}

/* The RP id hash is left out of the answer: the daemon puts its own there. */
static enum pk_status take_assertion(const struct pk_forward_request *from,
                                     const struct pk_assertion_answer *made,
                                     struct pk_forward_answer *ret)
{
    struct pk_view data = pk_view_of(&made->authenticator_data);
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status =
        find_credential(from, pk_view_of(&made->credential_id), &ret->credential);

    pk_sha256(pk_view_string(from->rp_id), hash);
    if (status || data.len <= PK_HASH_SIZE || memcmp(data.ptr, hash, PK_HASH_SIZE) != 0)
        return PK_DEVICE_ERROR;
    status = pk_bytes_copy((struct pk_view){data.ptr + PK_HASH_SIZE, data.len - PK_HASH_SIZE},
                           &ret->auth_data);
    return status ? status : pk_bytes_copy(pk_view_of(&made->signature), &ret->signature);
}

static enum pk_status take(const struct pk_forward_request *from, const struct pk_frame *frame,
                           struct pk_forward_answer *ret)
{
    if (from->kind == PK_FORWARD_GET && frame->type == PK_FRAME_ASSERTION &&
        frame->assertion.count > 0)
        return take_assertion(from, &frame->assertion.items[0], ret);
    if (from->kind != PK_FORWARD_CREATE || frame->type != PK_FRAME_CREDENTIAL)
        return PK_DEVICE_ERROR;
    ret->transports = frame->credential.transports;
    ret->discoverable = frame->credential.discoverable;
    return pk_bytes_copy(pk_view_of(&frame->credential.attestation_object),
                         &ret->attestation_object);
}

static void answered(void *data, size_t group, const char *name, const struct pk_frame *frame)
{
    struct job *job = data;

    (void)group, (void)name;
    end(job, take(job->request, frame, &job->answer));
}

/* --- a phone, where no key did ---------------------------------------------------------------- */

static void phone_done(void *data, const struct pk_frame *frame)
{
    struct job *job = data;

    end(job, take(job->request, frame, &job->answer));
}

static void phone_failed(void *data, enum pk_status why)
{
    end(data, why);
}

static enum pk_status start_phone(struct job *job)
{
    static const struct pk_dialogue_ops dialogue = {info, error, ask, unask, time_left};
    const struct askpass_phone_wish wish = {
        .keys = job->own.keys,
        .request = job->request,
        .origin = job->origin,
        .host = job->host,
        .client_data_hash = job->client_data_hash,
        .person = {&dialogue, job, "askpass"},
        .ops = {.answered = phone_done, .failed = phone_failed},
        .data = job,
    };
    PK_AUTO_FRAME struct pk_frame frame = {0};
    enum pk_status status =
        job->request->kind == PK_FORWARD_GET ? make_request(job, 0, &frame) : PK_OK;

    return status ? status : askpass_phone_session_new(&wish, &frame, &job->phone);
}

static void phone_answered(struct job *job, const struct pk_secret *answer)
{
    enum pk_status status = job->before;

    job->offering = false;
    job->by_phone = askpass_phone_is_wanted(answer);
    if (job->by_phone)
        status = start_phone(job);
    if (status)
        end(job, status);
}

static void failed(void *data, enum pk_status why)
{
    struct job *job = data;
    PK_AUTO_FREE char *offer_text = NULL;

    if (askpass_phone_may_follow(why) && phone_may_follow(job))
        offer_text = askpass_phone_offer(job->request, job->host);
    if (!offer_text) {
        end(job, why);
        return;
    }
    job->before = why;
    job->offering = true;
    ask(job, false, "phone-offer", offer_text, 0xff);
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void on_unwanted(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    end(data, PK_CANCELLED);
}

static void on_interrupted(void *data)
{
    end(data, PK_CANCELLED);
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
    struct job *job = data;

    (void)fd, (void)what;
    job->late = true;
    end(job, PK_TIMEOUT);
}

/* Once ssh has ended that pipe has no reader: it reports an error, and never anything else. */
static enum pk_status watch_reader(struct job *job)
{
    struct stat file;

    if (fstat(STDOUT_FILENO, &file) || !S_ISFIFO(file.st_mode))
        return PK_OK;
    job->unwanted = event_new(job->own.base, STDOUT_FILENO, EV_READ, on_unwanted, job);
    return job->unwanted && event_add(job->unwanted, NULL) == 0 ? PK_OK : PK_NO_MEMORY;
}

static unsigned insert_patience(const struct pk_forward_request *request, bool known,
                                unsigned patience)
{
    return request->kind == PK_FORWARD_GET && !known && patience > STRANGER_PATIENCE
               ? STRANGER_PATIENCE
               : patience;
}

static enum pk_status prepare(struct job *job, const struct terminal *terminal)
{
    const struct timeval timeout = {(time_t)job->request->timeout, 0};
    unsigned patience = job->request->timeout < PATIENCE ? job->request->timeout : PATIENCE;
    enum pk_status status = own_keys_open("passkey-askpass", &job->own);

    if (!status)
        status = own_keys_interruptible(&job->own, terminal, on_interrupted, job);
    if (status)
        return status;
    job->own.setup.insert_timeout = insert_patience(job->request, job->used.any, patience);
    job->own.setup.touch_timeout = patience;
    job->own.setup.phone_program = askpass_phone_program();
    job->own.setup.phone = askpass_phone_setup();
    job->deadline = evtimer_new(job->own.base, on_deadline, job);
    job->declined = evtimer_new(job->own.base, on_declined, job);
    if (!job->deadline || !job->declined || evtimer_add(job->deadline, &timeout))
        return PK_NO_MEMORY;
    return watch_reader(job);
}

static char *describe(const struct job *job)
{
    return job->request->kind == PK_FORWARD_GET
               ? pk_text_format("to approve the request of %s", job->host)
               : pk_text_format("to enrol it on %s", job->host);
}

static enum pk_status start(struct job *job, const char *origin)
{
    static const struct pk_dialogue_ops dialogue = {info, error, ask, unask, time_left};
    static const struct pk_local_ceremony_ops ops = {
        .request = make_request, .answered = answered, .failed = failed};
    const struct pk_dialogue person = {&dialogue, job, "askpass"};
    PK_AUTO_FREE char *purpose = describe(job);
    const struct pk_local_request request = {
        .groups = 1,
        .purpose = purpose,
        .requester = {.user = "",
                      .program = "ssh",
                      .target = origin + strlen(ORIGIN_PREFIX),
                      .command = "",
                      .terminal = ""},
        .present_only = job->request->kind == PK_FORWARD_GET && getenv(ENROLLING),
        /* Which passkeys are the person's is known of those alone that were made or used from here:
         * for no other one is a PIN asked for that neither the host nor the key has asked for. */
        .hidden = job->request->kind != PK_FORWARD_GET ||
                  job->request->user_verification == PK_REQUIRED || job->used.hidden,
        .insists = true,
    };

    if (!purpose)
        return PK_NO_MEMORY;
    return pk_local_ceremony_new(job->own.keys, &person, &request, &ops, job, &job->ceremony);
}

static void free_event(struct event *event)
{
    if (event)
        event_free(event);
}

static void finish(struct job *job)
{
    stop_listening(job);
    if (job->phone)
        askpass_phone_session_free(job->phone);
    if (job->ceremony) {
        unask(job);
        pk_local_ceremony_free(job->ceremony);
        free_event(pk_steal(job->unwanted));
        own_keys_give_back(&job->own);
    }
    free_event(job->unwanted);
    free_event(job->deadline);
    free_event(job->declined);
    own_keys_close(&job->own);
    pk_forward_answer_clear(&job->answer);
}

static enum pk_status run(struct job *job, const char *origin, const struct terminal *terminal)
{
    enum pk_status status = prepare(job, terminal);

    if (!status)
        status = start(job, origin);
    if (status)
        return status;
    job->status = PK_INTERNAL; /* unless something ends it */
    (void)event_base_dispatch(job->own.base);
    return job->status;
}

/* Adds what does not come from the key. */
static enum pk_status complete_answer(struct job *job, const char *origin,
                                      struct pk_forward_answer *ret)
{
    job->answer.kind = job->request->kind;
    (void)memcpy(job->answer.challenge, job->challenge, sizeof(job->answer.challenge));
    job->answer.origin = strdup(origin);
    if (!job->answer.origin)
        return PK_NO_MEMORY;
    *ret = job->answer;
    job->answer = (struct pk_forward_answer){0};
    return PK_OK;
}

enum pk_status askpass_key_answer(const struct pk_forward_request *request, const char *origin,
                                  struct askpass_used *used, const struct terminal *terminal,
                                  struct pk_forward_answer *ret)
{
    struct job job = {.request = request,
                      .used = *used,
                      .question = {.fd = -1},
                      .give_up = {.fd = -1},
                      .ends = pk_clock_monotonic() + request->timeout};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    bool get = request->kind == PK_FORWARD_GET;
    PK_AUTO_FREE char *host = NULL;
    enum pk_status status;

    if ((!get && request->kind != PK_FORWARD_CREATE) ||
        strncmp(origin, ORIGIN_PREFIX, strlen(ORIGIN_PREFIX)) != 0)
        return PK_INVALID_ARGUMENT;
    job.origin = origin;
    job.host = host = pk_text_printable(origin + strlen(ORIGIN_PREFIX), HOST_MAX);
    if (!host)
        return PK_NO_MEMORY;
    if (request->names_host_keys)
        pk_host_key_bound_challenge(request->nonce, pk_view_string(request->context),
                                    job.challenge);
    else
        pk_bound_challenge(request->nonce, pk_view_string(request->context), job.challenge);
    status = pk_client_data_hash(get ? PK_AUTHENTICATION : PK_REGISTRATION,
                                 (struct pk_view){job.challenge, sizeof(job.challenge)}, origin,
                                 job.client_data_hash);
    if (status)
        return status;
    /* Standard error may have lost its reader too, and the key is still to be given back. */
    if (sigaction(SIGPIPE, &ignore, &before))
        return PK_INTERNAL;
    status = run(&job, origin, terminal);
    if (!status)
        status = complete_answer(&job, origin, ret);
    if (!status)
        used->by_phone = job.by_phone;
    if (status)
        (void)!terminal_error(job.by_phone && !job.late ? askpass_phone_outcome(status)
                                                        : client_outcome(status));
    finish(&job);
    (void)sigaction(SIGPIPE, &before, NULL);
    return status;
}
