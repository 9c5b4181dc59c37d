/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/user_agent.h"

#include <stddef.h>
#include <string.h>

/* The first row fits whose words are all there; browsers call themselves by older ones' names. */
struct family {
    const char *word;
    const char *also; /* NULL: no other */
    const char *name;
};

static const struct family browsers[] = {
    {"EdgA/", NULL, "Edge Mobile"},
    {"EdgiOS/", NULL, "Edge Mobile"},
    {"Edg/", NULL, "Edge"},
    {"Edge/", NULL, "Edge"},
    {"OPR/", "Mobile", "Opera Mobile"},
    {"OPR/", NULL, "Opera"},
    {"SamsungBrowser/", NULL, "Samsung Internet"},
    {"Vivaldi/", NULL, "Vivaldi"},
    {"YaBrowser/", NULL, "Yandex Browser"},
    {"FxiOS/", NULL, "Firefox iOS"},
    {"Firefox/", "Mobile", "Firefox Mobile"},
    {"Firefox/", NULL, "Firefox"},
    {"CriOS/", NULL, "Chrome Mobile iOS"},
    {"HeadlessChrome/", NULL, "HeadlessChrome"},
    {"Chrome/", "Mobile", "Chrome Mobile"},
    {"Chromium/", NULL, "Chromium"},
    {"Chrome/", NULL, "Chrome"},
    {"Version/", "Mobile/", "Mobile Safari"},
    {"Version/", "Safari/", "Safari"},
};

static const struct family systems[] = {
    {"Windows Phone", NULL, "Windows Phone"},
    {"Windows", NULL, "Windows"},
    {"iPhone", NULL, "iOS"},
    {"iPad", NULL, "iOS"},
    {"Mac OS X", NULL, "Mac OS X"},
    {"Android", NULL, "Android"},
    {"CrOS", NULL, "Chrome OS"},
    {"Ubuntu", NULL, "Ubuntu"},
    {"Fedora", NULL, "Fedora"},
    {"FreeBSD", NULL, "FreeBSD"},
    {"Linux", NULL, "Linux"},
};

static const char *find(const struct family *families, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(text, families[i].word) && (!families[i].also || strstr(text, families[i].also)))
            return families[i].name;
    return "Other";
}

const char *user_agent_browser(const char *user_agent)
{
    return find(browsers, sizeof(browsers) / sizeof(browsers[0]), user_agent);
}

const char *user_agent_system(const char *user_agent)
{
    return find(systems, sizeof(systems) / sizeof(systems[0]), user_agent);
}
