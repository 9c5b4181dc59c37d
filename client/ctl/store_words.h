/* SPDX-License-Identifier: BSD-2-Clause */
/* What Status says of the store, in words. */
#ifndef CTL_STORE_WORDS_H
#define CTL_STORE_WORDS_H

#include "common/base/status.h"

#include <jansson.h>
#include <stdbool.h>

/* One line, for passkeyctl status. The caller's to free; NULL: no memory, or nothing was said. */
char *store_words(const json_t *store) PK_WARN_UNUSED;

/*
 * What is wrong with it, for passkeyctl check; *ret_refuses: nobody can sign in by it, now. The
 * caller's to free; NULL: nothing is.
 */
char *store_trouble(const json_t *store, bool *ret_refuses) PK_WARN_UNUSED;

#endif
