/* SPDX-License-Identifier: BSD-2-Clause */
/* Connecting to a tunnel service, which is named by its number alone. */
#ifndef PHONE_DIAL_H
#define PHONE_DIAL_H

#include "common/base/status.h"

#include <stdbool.h>
#include <stdint.h>

#define DIAL_SECONDS 15 /* that resolving and connecting may take together */

struct dial_rules {
    bool hashed;         /* see common/hybrid/domain.h */
    const char *connect; /* for tests: "ADDRESS:PORT" in place of every tunnel's; NULL, "": none */
};

/*
 * A connected TCP socket, which does not block. Every address of the name is tried, of both
 * families in turn, the next one while the one before does not answer. PK_DENIED: no such tunnel
 * may be connected to. PK_NOT_FOUND: the name has no address. PK_INVALID_ARGUMENT for a connect
 * that is none. PK_IO: no address answers. PK_TIMEOUT: none has within DIAL_SECONDS; a name service
 * that does not answer may take longer.
 */
enum pk_status dial(uint16_t number, const struct dial_rules *rules, int *ret) PK_WARN_UNUSED;

#endif
