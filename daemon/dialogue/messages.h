/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of questions and instructions; every result is the caller's to free, NULL: no memory. */
#ifndef PASSKEYD_MESSAGES_H
#define PASSKEYD_MESSAGES_H

#include "daemon/verify/context.h"

#include "common/keys/messages.h"

/*
 * The purpose of a touch, to follow "Touch your security key": `for what alice typed on web1: sudo
 * apt upgrade`, `to run on web1 as root (group root) in /home/alice: /usr/bin/apt upgrade`. A
 * command is its end. The context's members of struct command must be safe on a terminal, as that
 * has them.
 */
char *message_purpose(const struct context *context) PK_WARN_UNUSED;

/*
 * Why a confirmation is asked for: `bob asks to become alice on web1 (su).`, or, where a command is
 * known, `bob asks to act as alice on web1 (sudo "id").`
 */
char *message_for_another(const struct context *context, const char *person) PK_WARN_UNUSED;

/*
 * "Touch your security key NAME (through your ssh-agent) PURPOSE"; name: of the key, NULL: not
 * needed.
 */
char *message_touch_agent(const char *name, const char *purpose) PK_WARN_UNUSED;

/* `This passkey is enrolled already, as "blue".` */
char *message_enrolled_already(const char *name) PK_WARN_UNUSED;

/*
 * The question of the ssh method for a sign-in: lines for the person, then line, the encoded
 * request. part 0: the request itself, with its purpose; otherwise the number of the part of the
 * answer that is requested, and purpose is not used.
 */
char *message_forward(const char *purpose, unsigned part, const char *line) PK_WARN_UNUSED;
/*
 * The question of the browser method where the page is a file: what to do, and last the page's URL
 * with line, the encoded request, behind it.
 */
char *message_page(const char *purpose, bool create, const char *url,
                   const char *line) PK_WARN_UNUSED;
/* The question for a further line of its answer. */
char *message_page_more(unsigned part) PK_WARN_UNUSED;
/* The question of the browser method for a sign-in: the link, and what its page gives. */
char *message_link(const char *purpose, const char *url) PK_WARN_UNUSED;
/* Likewise for an enrolment. */
char *message_link_create(const char *purpose, const char *url) PK_WARN_UNUSED;
/* The first question of the ssh method for an enrolment. */
char *message_forward_create(const char *purpose, const char *line) PK_WARN_UNUSED;

#endif
