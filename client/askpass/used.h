/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which passkeys a key has answered with from this account of this computer, or has made and may
 * show to a verified user only: passkey/used in $XDG_STATE_HOME or in ~/.local/state, a line each,
 * the SHA-256 of the credential id in hex, and behind it "hidden" for the second kind. It decides
 * nothing but how long a key is waited for and whether its PIN is asked for where it shows none: a
 * host names passkeys to everybody, also such as nobody has (doc/protocol.md, decoys). Whatever is
 * wrong with the file, none is known.
 */
#ifndef CLIENT_ASKPASS_USED_H
#define CLIENT_ASKPASS_USED_H

#include "common/wire/forward.h"

struct askpass_used {
    bool any;    /* of those that a GET request names one is among them */
    bool hidden; /* and one that its key hides */
    /* Of the answer (key.h): a phone gave it, and no key is known by it. */
    bool by_phone;
};

void askpass_used_find(const struct pk_forward_request *request, struct askpass_used *ret);

/* Adds one; the file and its folder are made where they are missing (0600, 0700). */
void askpass_used_add(struct pk_view credential_id, bool hidden);

#endif
