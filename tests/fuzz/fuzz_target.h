/* SPDX-License-Identifier: BSD-2-Clause */
/* What the targets that need a ceremony share: the one that tests/vectors/maker/ceremony.py makes.
 */
#ifndef PK_TESTS_FUZZ_TARGET_H
#define PK_TESTS_FUZZ_TARGET_H

#include "common/webauthn/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The requirements of that ceremony; made once, never released. */
const struct pk_requirements *fuzz_registration(void);
const struct pk_requirements *fuzz_authentication(void);

#endif
