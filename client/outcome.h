/* SPDX-License-Identifier: BSD-2-Clause */
/* What the programs of a person say of a failure that nothing else has explained. */
#ifndef CLIENT_OUTCOME_H
#define CLIENT_OUTCOME_H

#include "common/base/status.h"

/*
 * Sentences: what happened, and what to do. Of every status, as pk_message_outcome(), which speaks
 * for passkeyd; here what failed is the program itself. Static, never NULL.
 */
const char *client_outcome(enum pk_status status);

#endif
