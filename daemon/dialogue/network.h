/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom a remote address is one with, where tries and conversations are counted. */
#ifndef PASSKEYD_NETWORK_H
#define PASSKEYD_NETWORK_H

#include <netinet/in.h>
#include <stdbool.h>

/*
 * The address, or of IPv6 its network of 64 bits: whoever has one of those usually has all of them.
 * false: rhost is no address.
 */
bool network_of(const char *rhost, char ret[INET6_ADDRSTRLEN]);

#endif
