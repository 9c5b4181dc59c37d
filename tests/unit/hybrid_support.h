/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of common/hybrid share. */
#ifndef PK_TESTS_HYBRID_SUPPORT_H
#define PK_TESTS_HYBRID_SUPPORT_H

#include "common/hybrid/crypto.h"
#include "tests/unit/wire_support.h"

static inline void check_views(struct pk_view got, struct pk_view wanted, int line)
{
    if (!pk_view_equal(got, wanted))
        fail_msg("line %d: %zu bytes are not the %zu that are wanted", line, got.len, wanted.len);
}
#define assert_views_equal(...) check_views(__VA_ARGS__, __LINE__)

static inline struct pk_view view_of_point(const struct pk_p256 *key)
{
    return (struct pk_view){key->point, sizeof(key->point)};
}

#endif
