/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the dialects. */
#ifndef GATEWAY_DIALECTS_H
#define GATEWAY_DIALECTS_H

#include "gateway/dialect.h"

/* By the word of the key "http"; NULL: none. */
const struct dialect *dialect_of(const char *word);

/* The Nth of the table; NULL behind its end. For counters, which are kept by number. */
const struct dialect *dialect_at(size_t n);

#endif
