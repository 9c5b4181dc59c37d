/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many requests in a second somebody may have: buckets that fill with time, in a table of a
 * fixed size, so that many who come once cost no memory.
 */
#ifndef GATEWAY_RATE_H
#define GATEWAY_RATE_H

#include "common/base/bytes.h"

struct rate;

/* clock: in microseconds, forward only. NULL: no memory. */
struct rate *rate_new(int64_t (*clock)(void));
void rate_free(struct rate *rate);

/*
 * Takes one from the bucket of who, which holds two seconds' worth. false: it is empty. Buckets are
 * found by a keyed hash, so that nobody can choose to share somebody else's; where the table is
 * full of busy ones, the one that was used longest ago is forgotten.
 */
bool rate_take(struct rate *rate, struct pk_view who, unsigned per_second);

#endif
