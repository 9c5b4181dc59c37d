/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts about keys, for the person. Every string is the caller's to free, NULL: no memory. */
#ifndef PK_KEYS_MESSAGES_H
#define PK_KEYS_MESSAGES_H

#include "common/wire/frames.h"

/*
 * "Touch your security key PURPOSE"; with several names "Touch one of your security keys (A or B)
 * PURPOSE". verify: "Use the fingerprint reader of" them.
 */
char *pk_message_touch(const struct pk_strings *names, const char *purpose) PK_WARN_UNUSED;
char *pk_message_verify(const struct pk_strings *names, const char *purpose) PK_WARN_UNUSED;

/* A key of that name says nothing more. */
char *pk_message_silent(const char *name) PK_WARN_UNUSED;

/* Asks for a key; strangers: those that are plugged in hold none of the credentials. */
char *pk_message_insert(bool strangers, const char *purpose) PK_WARN_UNUSED;

/* Who asks for the use of a key; borrowed. Empty: not known. */
struct pk_requester {
    const char *user;
    const char *program; /* or service */
    const char *target;  /* the account that the command runs as, or that user becomes */
    const char *command;
    const char *terminal; /* empty: none */
};

/*
 * One line for other people: `alice: sudo "apt update" on /dev/pts/3`, `bob: su to alice, without
 * a terminal`. Whatever the requester chose the words of is printable and cut, and cannot end a
 * quotation.
 */
char *pk_message_requester(const struct pk_requester *requester) PK_WARN_UNUSED;

/* The name of a key: its product, or manufacturer, or "security key". Printable. */
char *pk_message_device_name(const struct pk_device *device) PK_WARN_UNUSED;

/* The text for a ceremony that ended with that status; static, never NULL. */
/*@ assigns \nothing;
    ensures \result != \null; */
const char *pk_message_outcome(enum pk_status status);

#endif
