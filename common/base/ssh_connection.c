/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/ssh_connection.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>

/* The name or number of an interface. */
static bool zone_valid(const char *zone)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:@";
    size_t len = strlen(zone);

    return len > 0 && len < IF_NAMESIZE && strspn(zone, allowed) == len;
}

static bool address_valid(const char *word)
{
    char address[PK_SSH_ADDRESS_MAX + 1];
    struct in6_addr v6;
    struct in_addr v4;
    char *zone;

    if (inet_pton(AF_INET, word, &v4) == 1)
        return true;
    (void)memcpy(address, word, strlen(word) + 1);
    zone = strchr(address, '%');
    if (zone)
        *zone++ = '\0';
    return inet_pton(AF_INET6, address, &v6) == 1 && (!zone || zone_valid(zone));
}

enum pk_status pk_ssh_client_address(const char *connection, char ret[PK_SSH_ADDRESS_MAX + 1])
{
    size_t len = connection ? strcspn(connection, " ") : 0;
    char word[PK_SSH_ADDRESS_MAX + 1];

    if (len == 0)
        return PK_NOT_FOUND;
    if (len > PK_SSH_ADDRESS_MAX)
        return PK_INVALID_INPUT;
    (void)memcpy(word, connection, len);
    word[len] = '\0';
    if (!address_valid(word))
        return PK_INVALID_INPUT;
    (void)memcpy(ret, word, len + 1);
    return PK_OK;
}
