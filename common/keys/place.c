/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/place.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <limits.h>
#include <string.h>

/* "1-2.4": a bus and the ports from there on. */
static bool is_port(const char *component)
{
    static const char digits[] = "0123456789";
    size_t bus = strspn(component, digits);
    size_t rest = component[bus] == '-' ? strspn(component + bus + 1, "0123456789.") : 0;

    return bus > 0 && rest > 0 && component[bus + 1 + rest] == '\0';
}

char *pk_key_place(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *device = slash ? slash + 1 : path;
    PK_AUTO_FREE char *link = pk_text_format("/sys/class/hidraw/%s", device);
    PK_AUTO_FREE char *real = link ? realpath(link, NULL) : NULL;
    const char *port = NULL;
    char *rest = NULL;

    for (char *each = real ? strtok_r(real, "/", &rest) : NULL; each;
         each = strtok_r(NULL, "/", &rest))
        if (is_port(each))
            port = each;
    return port ? pk_text_format("USB port %s", port) : pk_text_printable(device, NAME_MAX);
}
