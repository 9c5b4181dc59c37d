/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which passkeys a key has answered with from this account of this computer: passkey/used in
 * $XDG_STATE_HOME or in ~/.local/state, a line each, the SHA-256 of the credential id in hex. It
 * decides nothing but how long a key is waited for: a host names passkeys to everybody, also such
 * as nobody has (doc/protocol.md, decoys). Whatever is wrong with the file, none is known.
 */
#ifndef CLIENT_ASKPASS_USED_H
#define CLIENT_ASKPASS_USED_H

#include "common/wire/forward.h"

/* Whether one of those that a GET request names is among them. */
bool askpass_used_any(const struct pk_forward_request *request);

/* Adds one; the file and its folder are made where they are missing (0600, 0700). */
void askpass_used_add(struct pk_view credential_id);

#endif
