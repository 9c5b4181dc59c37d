/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call of our own beside those of a service: an application that has an API key gets a token for
 * one of its users, who has signed in otherwise.
 */
#ifndef GATEWAY_TOKEN_CALL_H
#define GATEWAY_TOKEN_CALL_H

#include "gateway/dialect.h"

/* {userId, userName?, displayName?, email?} gives what org.passkeyd.Gateway1.IssueToken gives. */
dialect_handler token_call;

#endif
