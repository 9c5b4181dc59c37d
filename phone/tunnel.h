/* SPDX-License-Identifier: BSD-2-Clause */
/* The part that speaks with the phone, on connections that it is handed. */
#ifndef PHONE_TUNNEL_H
#define PHONE_TUNNEL_H

#include "phone/code.h"

#include "common/wire/frames.h"

/* What the part is started with. Borrowed; the part has a copy of the keys of its own. */
struct tunnel {
    const struct pk_frame *request; /* GET_ASSERTION or MAKE_CREDENTIAL */
    const struct code *code;
    bool hashed;
    const char *ca_file; /* see tls.h */
};

/*
 * The part, see part.h. For each PART_SPEAK it sends frames: PHONE_STEP 2 when the phone asks its
 * user, and at the end ASSERTION, CREDENTIAL or FAILED. FAILED no-match says that it was not the
 * phone that scanned the code: another advert may be the right one. After any other end no further
 * connection is taken. The detail of FAILED is HTTP's status, or the one that the phone answered
 * with; 0: neither.
 */
void tunnel_run(int socket, const void *tunnel);

#endif
