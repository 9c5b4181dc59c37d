/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/dialogue/network.h"

#include <arpa/inet.h>
#include <string.h>

bool network_of(const char *rhost, char ret[INET6_ADDRSTRLEN])
{
    struct in_addr four;
    struct in6_addr six;

    if (inet_pton(AF_INET, rhost, &four) == 1)
        return inet_ntop(AF_INET, &four, ret, INET6_ADDRSTRLEN) != NULL;
    if (inet_pton(AF_INET6, rhost, &six) != 1)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&six))
        return inet_ntop(AF_INET, &six.s6_addr[12], ret, INET6_ADDRSTRLEN) != NULL;
    (void)memset(&six.s6_addr[8], 0, 8);
    return inet_ntop(AF_INET6, &six, ret, INET6_ADDRSTRLEN) != NULL;
}
