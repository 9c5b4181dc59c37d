/* SPDX-License-Identifier: BSD-2-Clause */
/* A conversation with the daemon, held on the terminal. */
#ifndef CLIENT_PROMPTS_H
#define CLIENT_PROMPTS_H

#include "common/bus/conversation.h"

/* What the daemon says goes to standard error: standard output is for results. */
extern const struct pk_prompt_ops terminal_prompt_ops; /* context: struct terminal */

#endif
