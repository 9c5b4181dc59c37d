/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/address.h"

#include "common/base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define V4_PREFIX_BITS 96
#define COUNTED_BITS   64 /* of IPv6: what one subscriber has */
#define SITE_BITS      48
#define HOPS_MAX       16 /* proxies that are looked at in one header */

static const uint8_t v4_prefix[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const struct address *address)
{
    return !address->local && memcmp(address->bytes, v4_prefix, sizeof(v4_prefix)) == 0;
}

static bool copy_text(struct pk_view text, char ret[ADDRESS_TEXT_SIZE])
{
    if (text.len == 0 || text.len >= ADDRESS_TEXT_SIZE || memchr(text.ptr, 0, text.len))
        return false;
    (void)memcpy(ret, text.ptr, text.len);
    ret[text.len] = 0;
    return true;
}

bool address_parse(struct pk_view text, struct address *ret)
{
    char copy[ADDRESS_TEXT_SIZE];
    struct address address = {0};

    if (!copy_text(text, copy))
        return false;
    if (inet_pton(AF_INET, copy, address.bytes + sizeof(v4_prefix)) == 1)
        (void)memcpy(address.bytes, v4_prefix, sizeof(v4_prefix));
    else if (inet_pton(AF_INET6, copy, address.bytes) != 1)
        return false;
    *ret = address;
    return true;
}

struct address address_of(const struct sockaddr *from)
{
    struct address address = {0};

    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)from;

        (void)memcpy(address.bytes, v4_prefix, sizeof(v4_prefix));
        (void)memcpy(address.bytes + sizeof(v4_prefix), &in->sin_addr, sizeof(in->sin_addr));
    } else if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)from;

        (void)memcpy(address.bytes, &in6->sin6_addr, sizeof(address.bytes));
    } else {
        address.local = true;
    }
    return address;
}

void address_text(const struct address *address, char ret[ADDRESS_TEXT_SIZE])
{
    const char *done = NULL;

    if (address->local)
        (void)snprintf(ret, ADDRESS_TEXT_SIZE, "unix");
    else if (is_v4(address))
        done = inet_ntop(AF_INET, address->bytes + sizeof(v4_prefix), ret, ADDRESS_TEXT_SIZE);
    else
        done = inet_ntop(AF_INET6, address->bytes, ret, ADDRESS_TEXT_SIZE);
    if (!address->local && !done)
        ret[0] = 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->local == b->local && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool address_is_loopback(const struct address *address)
{
    static const uint8_t v6[16] = {[15] = 1};

    if (address->local)
        return false;
    return is_v4(address) ? address->bytes[sizeof(v4_prefix)] == 127
                          : memcmp(address->bytes, v6, sizeof(v6)) == 0;
}

struct address address_counted(const struct address *address)
{
    struct address counted = *address;

    if (!is_v4(address))
        (void)memset(counted.bytes + COUNTED_BITS / 8, 0, sizeof(counted.bytes) - COUNTED_BITS / 8);
    return counted;
}

bool address_site(const struct address *address, struct address *ret)
{
    struct address site = *address;

    if (address->local || is_v4(address))
        return false;
    (void)memset(site.bytes + SITE_BITS / 8, 0, sizeof(site.bytes) - SITE_BITS / 8);
    site.bytes[sizeof(site.bytes) - 1] = SITE_BITS; /* no address_counted() ends so */
    *ret = site;
    return true;
}

/* --- networks --------------------------------------------------------------------------------- */

static bool parse_number(struct pk_view text, unsigned max, unsigned *ret)
{
    unsigned number = 0;

    if (text.len == 0 || text.len > 5 || (text.len > 1 && text.ptr[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        number = number * 10 + (text.ptr[i] - '0');
    }
    *ret = number;
    return number <= max;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned rest = bits % 8;

    if (memcmp(a, b, bits / 8) != 0)
        return false;
    return rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

static bool rest_is_zero(const struct network *network)
{
    struct address zero = {0};
    unsigned bits = network->bits;

    (void)memcpy(zero.bytes, network->address.bytes, bits / 8);
    if (bits % 8 != 0)
        zero.bytes[bits / 8] =
            (uint8_t)(network->address.bytes[bits / 8] & (0xff << (8 - bits % 8)));
    return address_equal(&zero, &network->address);
}

bool network_parse(struct pk_view text, struct network *ret)
{
    const uint8_t *slash = memchr(text.ptr, '/', text.len);
    size_t len = slash ? (size_t)(slash - text.ptr) : text.len;
    struct network network = {.bits = 128};
    unsigned before = 0;

    if (pk_view_equal(text, pk_view_string("unix"))) {
        *ret = (struct network){.address = {.local = true}};
        return true;
    }
    if (!address_parse((struct pk_view){text.ptr, len}, &network.address))
        return false;
    before = memchr(text.ptr, ':', len) ? 0 : V4_PREFIX_BITS;
    if (slash) {
        if (!parse_number((struct pk_view){slash + 1, text.len - len - 1}, 128 - before,
                          &network.bits))
            return false;
        network.bits += before;
    }
    if (!rest_is_zero(&network))
        return false;
    *ret = network;
    return true;
}

bool networks_include(const struct networks *networks, const struct address *address)
{
    for (size_t i = 0; i < networks->count; i++) {
        const struct network *network = &networks->items[i];

        if (network->address.local == address->local &&
            same_bits(network->address.bytes, address->bytes, network->bits))
            return true;
    }
    return false;
}

struct address address_forwarded(const struct address *peer, const char *header,
                                 const struct networks *trusted)
{
    struct address client = *peer;
    struct pk_view left = pk_view_string(header ? header : "");

    for (unsigned hops = 0; hops < HOPS_MAX && left.len > 0 && networks_include(trusted, &client);
         hops++) {
        const uint8_t *comma = memrchr(left.ptr, ',', left.len);
        size_t at = comma ? (size_t)(comma - left.ptr) + 1 : 0;
        struct pk_view last = pk_text_trim((struct pk_view){left.ptr + at, left.len - at});

        if (!address_parse(last, &client))
            break;
        left.len = comma ? at - 1 : 0;
    }
    return client;
}

/* --- places to listen at ---------------------------------------------------------------------- */

static bool parse_unix(struct pk_view path, struct endpoint *ret)
{
    struct sockaddr_un *address = (void *)&ret->address;

    if (path.len < 2 || path.ptr[0] != '/' || path.len >= sizeof(address->sun_path) ||
        memchr(path.ptr, 0, path.len))
        return false;
    address->sun_family = AF_UNIX;
    (void)memcpy(address->sun_path, path.ptr, path.len);
    ret->kind = ENDPOINT_UNIX;
    ret->len = sizeof(*address);
    return true;
}

static bool parse_tcp(struct pk_view text, struct endpoint *ret)
{
    const uint8_t *colon = memrchr(text.ptr, ':', text.len);
    struct pk_view host = {text.ptr, colon ? (size_t)(colon - text.ptr) : 0};
    char copy[ADDRESS_TEXT_SIZE];
    unsigned port = 0;
    bool bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';

    if (!colon ||
        !parse_number((struct pk_view){colon + 1, text.len - host.len - 1}, 65535, &port) ||
        port == 0)
        return false;
    if (bracketed)
        host = (struct pk_view){host.ptr + 1, host.len - 2};
    if (!copy_text(host, copy))
        return false;
    ret->kind = ENDPOINT_TCP;
    if (bracketed) {
        struct sockaddr_in6 *address = (void *)&ret->address;

        address->sin6_family = AF_INET6;
        address->sin6_port = htons((uint16_t)port);
        ret->len = sizeof(*address);
        return inet_pton(AF_INET6, copy, &address->sin6_addr) == 1;
    }
    struct sockaddr_in *address = (void *)&ret->address;

    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t)port);
    ret->len = sizeof(*address);
    return inet_pton(AF_INET, copy, &address->sin_addr) == 1;
}

bool endpoint_parse(struct pk_view text, struct endpoint *ret)
{
    static const char unix_prefix[] = "unix:";
    const size_t len = sizeof(unix_prefix) - 1;
    struct endpoint endpoint = {.kind = ENDPOINT_SYSTEMD};
    bool good;

    if (pk_view_equal(text, pk_view_string("systemd")))
        good = true;
    else if (text.len > len && memcmp(text.ptr, unix_prefix, len) == 0)
        good = parse_unix((struct pk_view){text.ptr + len, text.len - len}, &endpoint);
    else
        good = parse_tcp(text, &endpoint);
    if (good)
        *ret = endpoint;
    return good;
}

bool endpoint_is_local(const struct endpoint *endpoint)
{
    struct address address;

    if (endpoint->kind != ENDPOINT_TCP)
        return true;
    address = address_of((const struct sockaddr *)&endpoint->address);
    return address_is_loopback(&address);
}
