/* SPDX-License-Identifier: BSD-2-Clause */
/* The tunnel services that adverts name by number. */
#ifndef PK_HYBRID_DOMAIN_H
#define PK_HYBRID_DOMAIN_H

#include "common/base/status.h"

#include <stdint.h>

#define PK_HYBRID_DOMAIN_SIZE 32 /* "cable.", at most thirteen letters, ".info", with the NUL */

/*
 * Which services may be used, as bits. Anybody can register the name that a number above 255 stands
 * for, so that whoever has the QR code chooses the host that is connected to.
 */
enum pk_hybrid_tunnels {
    PK_HYBRID_GOOGLE = 1 << 0,
    PK_HYBRID_APPLE = 1 << 1,
    PK_HYBRID_HASHED = 1 << 2,
};
#define PK_HYBRID_TUNNELS_DEFAULT (PK_HYBRID_GOOGLE | PK_HYBRID_APPLE)

/* PK_NOT_FOUND for a number that is not assigned, PK_DENIED for a service that is not allowed. */
enum pk_status pk_hybrid_domain(uint16_t number, unsigned allowed,
                                char ret[static PK_HYBRID_DOMAIN_SIZE]) PK_WARN_UNUSED;

#endif
