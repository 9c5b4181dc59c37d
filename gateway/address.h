/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of clients and proxies, networks, and the places to listen at. */
#ifndef GATEWAY_ADDRESS_H
#define GATEWAY_ADDRESS_H

#include "common/base/bytes.h"

#include <stdbool.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_SIZE 46 /* of an IPv6 address, with its NUL */

struct address {
    bool local;        /* by a Unix socket; then there are no bytes */
    uint8_t bytes[16]; /* IPv6, or IPv4 as ::ffff:a.b.c.d */
};

/* IPv4 in four decimal parts, or IPv6 without brackets and zone. */
bool address_parse(struct pk_view text, struct address *ret) PK_WARN_UNUSED;
struct address address_of(const struct sockaddr *from);
/* "unix" where it is local. */
void address_text(const struct address *address, char ret[ADDRESS_TEXT_SIZE]);
bool address_equal(const struct address *a, const struct address *b);
bool address_is_loopback(const struct address *address);
/* What is counted as one client: an IPv4 address, or 64 bits of IPv6, which one person has. */
struct address address_counted(const struct address *address);
/*
 * What all of those that one customer can have are counted as together, apart from each: 48 bits of
 * IPv6 (RFC 6177). false: an IPv4 address, which stands for itself.
 */
bool address_site(const struct address *address, struct address *ret);

struct network {
    struct address address;
    unsigned bits; /* of address.bytes that count */
};

/* "unix", an address, or one with "/BITS" behind it, the bits after which are 0. */
bool network_parse(struct pk_view text, struct network *ret) PK_WARN_UNUSED;

struct networks {
    struct network *items;
    size_t count;
};

bool networks_include(const struct networks *networks, const struct address *address);

/*
 * Who the client is that a request comes from: the peer, or, where that is a trusted proxy, whom
 * the proxy names, which may be a trusted proxy itself. header: X-Forwarded-For; NULL: none. What
 * cannot be read ends the search at the last that could be.
 */
struct address address_forwarded(const struct address *peer, const char *header,
                                 const struct networks *trusted);

enum endpoint_kind {
    ENDPOINT_TCP,
    ENDPOINT_UNIX,
    ENDPOINT_SYSTEMD, /* the sockets that systemd passes on */
};

struct endpoint {
    enum endpoint_kind kind;
    struct sockaddr_storage address; /* of TCP and Unix */
    socklen_t len;
};

/* "127.0.0.1:8080", "[::1]:8080", "unix:/PATH", "systemd". Ports are from 1 to 65535. */
bool endpoint_parse(struct pk_view text, struct endpoint *ret) PK_WARN_UNUSED;
/* Nobody but this host's programs can reach it. */
bool endpoint_is_local(const struct endpoint *endpoint);

#endif
