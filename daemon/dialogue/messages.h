/* SPDX-License-Identifier: BSD-2-Clause */
/* What people read. Every string is the caller's to free, NULL: no memory. */
#ifndef PASSKEYD_MESSAGES_H
#define PASSKEYD_MESSAGES_H

#include "daemon/verify/context.h"

#include "common/keys/messages.h"

/* What the touch is for, to follow "Touch your security key": `to run "apt upgrade" as root on
 * web1`. */
char *message_purpose(const struct context *context) PK_WARN_UNUSED;

/* "Touch your security key PURPOSE (through your ssh-agent)"; name: which one, NULL: not needed. */
char *message_touch_agent(const char *name, const char *purpose) PK_WARN_UNUSED;

/*
 * The question of the ssh road when signing in: some lines for people, then line, the request. part
 * 0: the request itself, with what it is for; otherwise the part of its answer that is asked for,
 * and purpose is not needed.
 */
char *message_forward(const char *purpose, unsigned part, const char *line) PK_WARN_UNUSED;
/* The first one of an enrolment. */
char *message_forward_create(const char *purpose, const char *line) PK_WARN_UNUSED;

#endif
