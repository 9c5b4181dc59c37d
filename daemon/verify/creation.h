/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The request for a new credential that a ceremony sends to an authenticator, local or forwarded.
 */
#ifndef PASSKEYD_CREATION_H
#define PASSKEYD_CREATION_H

#include "common/webauthn/requirements.h"
#include "common/wire/creation.h"

/* PK_NO_MEMORY. */
enum pk_status creation_from_requirements(const struct pk_requirements *requirements,
                                          struct pk_creation *ret) PK_WARN_UNUSED;

#endif
