/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One attempt to sign in or to enrol, as the authentication methods see it. The dispatcher
 * (dispatcher.c) tries the methods in order, ends the attempt, writes its one log line, and removes
 * its challenges when it ends. sign_in_attempt.h and enrollment_attempt.h add what is specific to
 * the two kinds.
 */
#ifndef PASSKEYD_ATTEMPT_H
#define PASSKEYD_ATTEMPT_H

#include "daemon/auth/authmethod.h"
#include "daemon/auth/verification.h"
#include "daemon/dialogue/conversation.h"
#include "daemon/verify/ceremony.h"

struct attempt;
struct daemon;
struct decision;

#define ATTEMPT_TIMEOUT_MAX PK_ATTEMPT_TIMEOUT_MAX

/* What differs between sign-ins and enrolments. */
struct attempt_ops {
    enum pk_ceremony ceremony;
    /* Calls the method's function for this kind. */
    enum pk_status (*start)(struct attempt *attempt, const struct authmethod *method,
                            void **ret_state);
    /*
     * Fills in user, relying party and context for the log; the strings are borrowed from the
     * attempt.
     */
    void (*describe)(const struct attempt *attempt, struct decision *decision);
    /* Whether the method could serve after another one. NULL: a failure of the first is the end. */
    bool (*may_follow)(const struct attempt *attempt, enum pk_method method);
    /*
     * The answer to what was asked before attempt_begin(); length 0: declined. NULL: nothing is.
     */
    void (*answered)(struct attempt *attempt, struct pk_secret *answer);
    /* Whether the approval is for the account that the attempt is about. */
    bool (*accepts)(const struct attempt *attempt, const struct approval *approval);
    /*
     * The credential's JSON for the caller, who frees it. The function may be NULL: none is sent.
     */
    char *(*credential_json)(const struct approval *approval);
    const char *success_text;     /* for the person; NULL: no text */
    const char *unreachable_text; /* if no method can serve; NULL: the text of the status */
    const char *(*on_behalf_of)(const struct attempt *attempt); /* conversation.h; may be NULL */
    const char *(*network)(const struct attempt *attempt);      /* likewise */
    void (*release)(struct attempt *attempt);                   /* frees the attempt */
};

struct attempt {
    struct daemon *daemon;
    const struct attempt_ops *ops;
    struct conversation *conversation;
    uid_t owner;                       /* uid of the call */
    uid_t real_uid;                    /* who started the calling program, as far as it is known */
    uid_t job_owner;                   /* on whose account its work is (call_owner()) */
    char *by;                          /* who called, for the log; NULL: no memory; owned */
    struct verification *verification; /* of an answer, in progress; NULL: none */
    struct pk_methods methods;         /* to try, in this order */
    size_t tried;                      /* index of the next one */
    struct {
        const struct authmethod *method;
        void *state;         /* the method's own */
    } runs[PK_METHOD_COUNT]; /* methods that were started; the last one is running */
    size_t run_count;
    int64_t began;          /* when it began, by pk_clock_monotonic_us() */
    enum pk_status failure; /* of the method that ended last; PK_UNAVAILABLE: none has run */
    enum pk_status truth;   /* why the running method cannot approve, for the log; PK_OK: it can */
    char (*ceremonies)[UUID_SIZE]; /* ids; owned */
    size_t ceremony_count;
    char *purpose; /* purpose of a touch (messages.h); owned */
    int agent_fd;  /* to an ssh-agent, until its method takes it; -1: none */
    bool conceal;  /* the client must not learn whether the account exists or has passkeys */
    char *text;    /* of a refusal, for the person; NULL: the text of the status; owned */
    bool over;     /* the outcome is decided */
};

/* For the prover (doc/proofs.md): of whose request, kind and account an approval must be. */
/*@ axiomatic Attempts {
      predicate accepted(struct attempt *attempt, struct approval *approval);
    }
    predicate running(struct attempt *attempt) =
      \valid(attempt) && attempt->conversation != \null && attempt->run_count <= PK_METHOD_COUNT &&
      (\forall integer i; 0 <= i < attempt->run_count ==> \valid_read(attempt->runs[i].method)) &&
      \valid_read(attempt->ops);
    predicate good_for{L}(struct approval *approval, struct attempt *attempt) =
      approval != \null && ceremony_of(approval) == attempt->ops->ceremony &&
      same_text(correlation_of(approval), id_of(attempt->conversation)) &&
      accepted(attempt, approval); */

/* --- for the methods -------------------------------------------------------------------------- */

/*
 * The method has failed with that status: tries the next one. After the last one the attempt is
 * refused with the status.
 */
void attempt_next(struct attempt *attempt, enum pk_status why);
/* Whether a method is left that could serve after the running one, as far as is known. */
bool attempt_may_go_on(const struct attempt *attempt) PK_WARN_UNUSED;
/* Ends the attempt with a refusal. */
/*@ requires running(attempt);
    assigns *attempt; */
void attempt_refused(struct attempt *attempt, enum pk_status status);
/* Ends the attempt with success, which only this function can do. Takes the approval. */
/*@ requires running(attempt);
    assigns *attempt, success_by;
    ensures success_by != \old(success_by) ==>
      success_by == approval && good_for{Pre}(approval, attempt);
    ensures success_by != \old(success_by) ==>
      !\old(attempt->over) && \old(attempt->verification) == \null; */
void attempt_approved(struct attempt *attempt, struct approval *approval);
/* Ends the attempt with the verdict on an answer, whose approval is taken. */
/*@ requires running(attempt) && \valid(verdict) && \separated(attempt, verdict);
    assigns *attempt, verdict->approval, success_by;
    ensures success_by != \old(success_by) ==> \old(verdict->status) == PK_OK &&
      success_by == \old(verdict->approval) && good_for{Pre}(success_by, attempt); */
void attempt_decided(struct attempt *attempt, struct verdict *verdict);

/* Sets the text for the person if this attempt is refused; copied. */
void attempt_set_text(struct attempt *attempt, const char *text);

/*
 * Takes the ceremony, adds it to the table and keeps its id under the next index. On a failure the
 * ceremony is freed.
 */
enum pk_status attempt_add_ceremony(struct attempt *attempt,
                                    struct ceremony *ceremony) PK_WARN_UNUSED;
/*
 * Removes a ceremony from the table, to verify its answer; the caller frees it. NULL: it has
 * expired or was taken.
 */
struct ceremony *attempt_take_ceremony(struct attempt *attempt, size_t index) PK_WARN_UNUSED;
/* Reads a ceremony without removing it, to ask the question. NULL as above. */
const struct ceremony *attempt_peek_ceremony(const struct attempt *attempt, size_t index);
/*
 * Binds this host's ssh host keys to a ceremony before its question is asked
 * (ceremony_bind_host_keys()). PK_CHALLENGE_UNKNOWN when it has expired or was taken.
 */
enum pk_status attempt_bind_host_keys(const struct attempt *attempt, size_t index,
                                      const struct pk_strings *host_keys) PK_WARN_UNUSED;
/* From then on a ceremony's answer is good from that origin alone. Likewise, PK_NO_MEMORY. */
enum pk_status attempt_set_origin(const struct attempt *attempt, size_t index,
                                  const char *origin) PK_WARN_UNUSED;
/* What the store is to be given with the passkey; copied. PK_CHALLENGE_UNKNOWN, PK_NO_MEMORY. */
enum pk_status attempt_set_password(const struct attempt *attempt, size_t index,
                                    const struct pk_secret *password) PK_WARN_UNUSED;
/* The index of the one for that RP id; ceremony_count when there is none. */
size_t attempt_find_ceremony(const struct attempt *attempt, const char *rp_id) PK_WARN_UNUSED;
/* Removes all ceremonies; indexes begin at 0 again. */
void attempt_drop_ceremonies(struct attempt *attempt);

/* --- for the two kinds ------------------------------------------------------------------------ */

/*
 * Opens the conversation for timeout seconds and answers the call. false: the call has been
 * answered with an error and the attempt freed.
 */
bool attempt_open(struct attempt *attempt, struct call *call, unsigned timeout) PK_WARN_UNUSED;
/* Starts the first method. */
void attempt_begin(struct attempt *attempt);
/* Frees an attempt that was never opened; an open one is freed by its conversation. */
void attempt_free(struct attempt *attempt);

#endif
