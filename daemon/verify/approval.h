/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An approval proves that an answer was verified and its outcome stored: an assertion whose use is
 * on disk, a recovery code that was used up or, for an enrolment, a new credential that was stored.
 *
 * The type is opaque and only verify_and_commit.c can create one. Success takes an approval and
 * nothing else, so no other file can report success by itself.
 */
#ifndef PASSKEYD_APPROVAL_H
#define PASSKEYD_APPROVAL_H

#include "common/base/cleanup.h"
#include "common/webauthn/verify.h"
#include "store/store.h"

struct approval;

/*@ axiomatic Approvals {
      logic integer ceremony_of(struct approval *approval);
      logic char *correlation_of(struct approval *approval);
    } */

/* PK_REGISTRATION: an enrolment, which signs nobody in. */
/*@ requires approval != \null;
    assigns \nothing;
    ensures \result == ceremony_of(approval); */
enum pk_ceremony approval_ceremony(const struct approval *approval);
/* The correlation id of the request that was approved. */
/*@ requires approval != \null;
    assigns \nothing;
    ensures is_string(\result) && \result == correlation_of(approval); */
const char *approval_correlation(const struct approval *approval);
/*@ requires approval != \null;
    assigns \nothing;
    ensures \valid_read(\result); */
const struct account *approval_account(const struct approval *approval);
/*
 * The credential as it was before this use, or as it was stored; NULL: approved by a recovery code.
 */
const struct credential *approval_credential(const struct approval *approval);
/* The result of verifying an assertion; otherwise NULL. */
const struct pk_authentication_result *approval_result(const struct approval *approval);

/* `passkey "blue" [ID], user verified`, for the log; the caller's to free, NULL: no memory. */
char *approval_describe(const struct approval *approval) PK_WARN_UNUSED;

void approval_free(struct approval *approval);
PK_DEFINE_CLEANUP(struct approval *, approval_free);

#endif
