/* SPDX-License-Identifier: BSD-2-Clause */
/* How the store is, as Status says it. */
#ifndef PASSKEYD_API_STORE_STATE_H
#define PASSKEYD_API_STORE_STATE_H

#include "store/store.h"

#include <jansson.h>

/*
 * On a worker. For root with what only administrators are told: where it is, and what is wrong.
 * doc/protocol.md has the members. NULL: no memory.
 */
json_t *store_state_json(struct store *store, bool for_root) PK_WARN_UNUSED;

#endif
