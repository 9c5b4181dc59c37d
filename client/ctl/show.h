/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLIENT_CTL_SHOW_H
#define CLIENT_CTL_SHOW_H

#include <jansson.h>

/* Prints a passkey as List has it (doc/protocol.md), a line for each thing that is known. */
void show_passkey(const json_t *passkey);

#endif
