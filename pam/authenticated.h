/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the account that the daemon authenticated is the one that was asked for. For the module
 * and for sudo's own plugin, which has no libpam: nothing of it may be used here.
 */
#ifndef PAM_PASSKEY_AUTHENTICATED_H
#define PAM_PASSKEY_AUTHENTICATED_H

#include "common/bus/conversation.h"

#include <stdbool.h>

/* Whether it names an account of this host, which has a uid; a program's own accounts have none. */
bool authenticated_anybody(const struct pk_outcome *outcome);

/*
 * Whether name is the account that the daemon authenticated, however it is spelt here
 * (EXAMPLE\alice, Alice): the name service gives it the same uid and the same name. Asks the name
 * service.
 */
bool authenticated_is(const struct pk_outcome *outcome, const char *name);

#endif
