/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors in the form of RFC 9457. */
#ifndef GATEWAY_PROBLEM_H
#define GATEWAY_PROBLEM_H

#include "gateway/exchange.h"

/*
 * Answers with application/problem+json. reason: a word for programs, such as a status's name;
 * detail: for a person; each may be NULL.
 */
void problem_answer(struct exchange *exchange, unsigned http_status, const char *reason,
                    const char *detail);

/* The phrase of RFC 9110 and 6585 for a status that the gateway gives; never NULL. */
const char *problem_title(unsigned http_status);

#endif
