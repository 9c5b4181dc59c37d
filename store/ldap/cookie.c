/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenLDAP's cookies (RFC 4533 leaves their content to the server): "rid=000,sid=001,csn=A;B",
 * where each CSN is TIME#COUNT#SID#MOD, the latest change of one server. What comes while changes
 * are followed holds the CSN of the server that changed alone; whoever presents that as the whole
 * is sent everything again. So the latest of each server are kept.
 */
#include "store/ldap/cookie.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

#define CSNS_MAX   64
#define CSN_MAX    64
#define COOKIE_MAX 8192

struct csn {
    struct pk_view text, sid;
};

struct csns {
    struct csn items[CSNS_MAX];
    size_t count;
};

/* Between the second and the third '#'. false: it is no CSN. */
static bool find_sid(struct pk_view text, struct pk_view *ret)
{
    size_t signs = 0, begin = 0;

    if (text.len == 0 || text.len > CSN_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '#')
            continue;
        signs++;
        if (signs == 2)
            begin = i + 1;
        else if (signs == 3)
            *ret = (struct pk_view){text.ptr + begin, i - begin};
    }
    return signs == 3;
}

static int compare(struct pk_view a, struct pk_view b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* false: there are too many, or one is none. */
static bool add(struct csns *csns, struct pk_view text)
{
    struct csn csn = {.text = text};

    if (!find_sid(text, &csn.sid))
        return false;
    for (size_t i = 0; i < csns->count; i++)
        if (pk_view_equal(csns->items[i].sid, csn.sid)) {
            if (compare(csns->items[i].text, text) < 0)
                csns->items[i] = csn;
            return true;
        }
    if (csns->count == CSNS_MAX)
        return false;
    csns->items[csns->count++] = csn;
    return true;
}

static bool add_all(struct csns *csns, struct pk_view cookie)
{
    static const char name[] = "csn=";
    const uint8_t *found =
        cookie.len > 0 ? memmem(cookie.ptr, cookie.len, name, strlen(name)) : NULL;
    struct pk_view left;

    if (!found)
        return false;
    left = (struct pk_view){found + strlen(name),
                            cookie.len - (size_t)(found - cookie.ptr) - strlen(name)};
    while (left.ptr) {
        const uint8_t *next = left.len > 0 ? memchr(left.ptr, ';', left.len) : NULL;
        const uint8_t *end = left.len > 0 ? memchr(left.ptr, ',', left.len) : NULL;
        size_t len = next ? (size_t)(next - left.ptr) : left.len;

        if (end && (size_t)(end - left.ptr) < len)
            return add(csns, (struct pk_view){left.ptr, (size_t)(end - left.ptr)});
        if (!add(csns, (struct pk_view){left.ptr, len}))
            return false;
        left = next ? (struct pk_view){next + 1, left.len - len - 1} : (struct pk_view){0};
    }
    return true;
}

/* Other servers' cookies are whole each time. */
enum pk_status ldap_cookie_merge(const char *known, struct pk_view said, char **ret)
{
    struct csns csns = {0};
    PK_AUTO_FREE char *merged = NULL;

    if (said.len > COOKIE_MAX || (said.len > 0 && memchr(said.ptr, 0, said.len)) ||
        !pk_utf8_valid(said))
        return PK_INVALID_INPUT;
    if (!add_all(&csns, said)) {
        *ret = strndup((const char *)said.ptr, said.len);
        return *ret ? PK_OK : PK_NO_MEMORY;
    }
    if (known)
        (void)add_all(&csns, pk_view_string(known));
    merged = strdup("rid=000,csn=");
    for (size_t i = 0; i < csns.count && merged; i++) {
        PK_AUTO_FREE char *before = merged;

        merged = pk_text_format("%s%s%.*s", before, i > 0 ? ";" : "", (int)csns.items[i].text.len,
                                (const char *)csns.items[i].text.ptr);
    }
    *ret = merged;
    return pk_steal(merged) ? PK_OK : PK_NO_MEMORY;
}
