/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the server that shows a request is the one that made it: the request lists the host keys
 * of the server that will verify the answer, and the key of this connection must be one of them.
 * A server in between that only hands the request on has another key, whatever it is called.
 */
#ifndef CLIENT_ASKPASS_SERVER_H
#define CLIENT_ASKPASS_SERVER_H

#include "client/askpass/ssh_process.h"
#include "common/wire/forward.h"

/* Who shows a request. Borrowed. */
struct askpass_asker {
    const char *host;              /* as the person or ssh calls it */
    const char *user;              /* the account there; NULL: not known */
    const struct askpass_ssh *ssh; /* that is connected to it; NULL: not known, it was pasted */
    unsigned port;                 /* without an ssh: where it is reached; 0: as ssh would */
};

/*
 * The member "hostkeys" of a context; empty where there is none. PK_PROTOCOL for one that is not an
 * array of up to PK_HOST_KEYS_MAX fingerprints, PK_NO_MEMORY.
 */
enum pk_status askpass_server_keys(const char *context, struct pk_strings *ret) PK_WARN_UNUSED;

/*
 * PK_OK: the key in use is listed, or the request is of a server that lists none. Otherwise what is
 * wrong, and what to do, is printed on standard error: PK_DENIED when it is not listed or cannot be
 * told, PK_PROTOCOL for a request that contradicts itself, and whatever failed.
 */
enum pk_status askpass_server_check(const struct pk_forward_request *request,
                                    const struct askpass_asker *asker) PK_WARN_UNUSED;

#endif
