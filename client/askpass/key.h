/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passkey-askpass's use of the security keys in this machine: a forwarded request in, what a key
 * made of it out. Whether the request may be answered at all has been decided before.
 */
#ifndef CLIENT_ASKPASS_KEY_H
#define CLIENT_ASKPASS_KEY_H

#include "client/terminal.h"

#include "client/askpass/used.h"
#include "common/wire/forward.h"

/*
 * Answers a GET or CREATE request, which server.h has let pass, for origin ("ssh://" and the host
 * the person connected to): the challenge is computed here from nonce and context (WebAuthn 5.8.1
 * for the client data), so that nothing else is signed than what was shown. Touch, PIN and failures
 * are said on standard error, PINs asked for on the terminal. It ends early, with the key given
 * back and the terminal as it was, when the person interrupts (terminal_prepare()) and when whoever
 * waits for the answer closes a pipe that is standard output: PK_CANCELLED. PK_TIMEOUT after
 * request->timeout seconds, PK_INVALID_ARGUMENT for other requests and for an origin that cannot be
 * one, PK_UNAVAILABLE where passkey-authenticator does not run, PK_DEVICE_ERROR for an answer that
 * does not fit the request, or the key's own reason. used: what of the passkeys that a GET request
 * names was used from here before: plugging in its key may then take as long as touching it, and a
 * key that shows none of them is asked for its PIN where it may hide one. Where no key answers the
 * person may have a phone do it (phone.h): used->by_phone then. What a phone has made is taken only
 * after the person has said that it was theirs, and it has answered a second code.
 */
enum pk_status askpass_key_answer(const struct pk_forward_request *request, const char *origin,
                                  struct askpass_used *used, const struct terminal *terminal,
                                  struct pk_forward_answer *ret) PK_WARN_UNUSED;

#endif
