/* SPDX-License-Identifier: BSD-2-Clause */
/* What is done to a key for its own sake. */
#ifndef AUTHENTICATOR_CARE_H
#define AUTHENTICATOR_CARE_H

#include "authenticator/ceremony.h"

/*
 * KEY_INFO, SET_PIN, RESET and SELECT on an opened key; *ret becomes the last frame. As
 * key_status(); SET_PIN also PK_PIN_REQUIRED (it has a PIN, and none was given), PK_PIN_NOT_SET
 * (the opposite), PK_INVALID_INPUT (the key takes no such new PIN), PK_UNSUPPORTED.
 */
enum pk_status care_for(struct key *key, const struct pk_frame *request,
                        struct pk_frame *ret) PK_WARN_UNUSED;

#endif
