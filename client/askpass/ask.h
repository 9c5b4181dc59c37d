/* SPDX-License-Identifier: BSD-2-Clause */
/* Prompts that hold no request: passwords, passphrases, host keys, as ssh would ask them itself. */
#ifndef CLIENT_ASKPASS_ASK_H
#define CLIENT_ASKPASS_ASK_H

#include "client/terminal.h"

/*
 * Hands the prompt to the program that PASSKEY_ASKPASS_FALLBACK names, which takes this one's
 * place; or asks on the terminal, as SSH_ASKPASS_PROMPT says: unset, the answer goes to standard
 * output; "confirm", a question of yes or no; "none", text to be shown until a signal comes.
 * Returns the exit code.
 */
int askpass_ask(char **argv, const struct terminal *terminal);

/*
 * A question whose answer may be seen while it is typed: ssh's own about host keys, and git's and
 * others' for a user name. What begins with the prefix of a server's prompt never is.
 */
bool askpass_may_be_seen(const char *prompt) PK_WARN_UNUSED;

#endif
