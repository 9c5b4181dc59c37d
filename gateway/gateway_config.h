/* SPDX-License-Identifier: BSD-2-Clause */
/* gateway.conf: where passkey-gateway listens, whom it believes, and what anybody may have of it.
 */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include "common/base/terms.h"
#include "gateway/address.h"

#define GATEWAY_ENDPOINTS_MAX 16

struct endpoints {
    struct endpoint items[GATEWAY_ENDPOINTS_MAX];
    size_t count;
};

struct gateway_limits {
    unsigned connections;         /* in all */
    unsigned address_connections; /* of one address */
    unsigned address_rate;        /* requests in a second */
    unsigned key_rate;            /* likewise of one API key or token */
    unsigned header_seconds;      /* from a connection's or a request's first byte */
    unsigned body_seconds;        /* from the headers' end */
    unsigned idle_seconds;        /* between two requests */
    unsigned call_seconds;        /* for the daemon to answer */
    unsigned stop_seconds;        /* for what is under way at the end */
};

struct gateway_config {
    struct endpoints listen;
    struct endpoints tls_listen;
    struct endpoints admin_listen;
    char *tls_certificate; /* paths; NULL: none */
    char *tls_key;
    struct networks trusted_proxies;
    struct pk_strings server_names; /* in lower case, without ports */
    bool access_log;
    bool debug;
    struct gateway_limits limits;
};

/*
 * Reads the file; one that does not exist is an empty one. *ret_problems: "PATH:LINE: what" for
 * everything that is wrong; the configuration is good where there are none. PK_NO_MEMORY.
 */
enum pk_status gateway_config_read(const char *path, struct gateway_config **ret,
                                   struct pk_strings *problems) PK_WARN_UNUSED;
void gateway_config_free(struct gateway_config *config); /* NULL is taken */

#endif
