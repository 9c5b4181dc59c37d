/* SPDX-License-Identifier: BSD-2-Clause */
/* What a person is told of how a request to a phone has ended. */
#ifndef PK_KEYS_PHONE_MESSAGES_H
#define PK_KEYS_PHONE_MESSAGES_H

#include "common/base/status.h"

/*
 * As pk_message_outcome(), whose texts are those of security keys, where it was a phone that was
 * asked: why there is no code or no answer, or why an answer is none. Static, never NULL.
 */
const char *pk_message_phone(enum pk_status status);

#endif
