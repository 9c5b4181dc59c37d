/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/cookies.h"

#include "common/base/cleanup.h"
#include "common/base/crockford.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "gateway/party.h"

#include <string.h>

#define NAME       "__Host-passkey-"
#define ATTRIBUTES "; Path=/; Secure; HttpOnly; SameSite=Strict"
#define VALUE_MAX  64 /* longer ones are none of passkeyd's */
#define MARK_SIZE  8  /* bytes of a hash that are in a name */

/* --- names ------------------------------------------------------------------------------------ */

/* The kind, and a mark of whose it is, which leads back to nothing. */
static char *name_of(const char *kind, const char *owner)
{
    uint8_t hash[PK_HASH_SIZE];
    PK_AUTO_FREE char *mark = NULL;

    pk_sha256(pk_view_string(owner), hash);
    mark = pk_hex_encode((struct pk_view){hash, MARK_SIZE});
    return mark ? pk_text_format(NAME "%s-%s", kind, mark) : NULL;
}

char *cookie_of_session(const struct exchange *exchange)
{
    const struct party *party = exchange_party(exchange);
    PK_AUTO_FREE char *owner =
        pk_text_format("session\n%s\n%s\n%s", party->origins.count ? party->origins.items[0] : "",
                       party->prefix, party->id);

    return owner ? name_of("session", owner) : NULL;
}

char *cookie_of_link(const char *word)
{
    char spelled[PK_LINK_WORD_SIZE];

    if (pk_crockford_read(pk_view_string(word), spelled, sizeof(spelled) - 1))
        spelled[0] = '\0'; /* the daemon knows none that is spelled like this */
    return pk_text_format(NAME "link-%s", spelled);
}

char *cookie_of_ticket(const char *ticket)
{
    PK_AUTO_FREE char *owner = pk_text_format("ticket\n%s", ticket);
    char *name = owner ? name_of("ticket", owner) : NULL;

    if (owner)
        explicit_bzero(owner, strlen(owner));
    return name;
}

/* --- values ----------------------------------------------------------------------------------- */

char *cookie_read(const struct exchange *exchange, const char *name)
{
    const char *cookies = exchange_header(exchange, "cookie");
    const size_t name_len = name ? strlen(name) : 0;
    const char *found = "";
    size_t found_len = 0, count = 0;

    if (!name)
        return NULL;
    for (; cookies && *cookies; cookies += strspn(cookies, "; ")) {
        size_t len = strcspn(cookies, ";");

        if (len > name_len && strncmp(cookies, name, name_len) == 0 && cookies[name_len] == '=') {
            found = cookies + name_len + 1;
            found_len = len - name_len - 1;
            count++;
        }
        cookies += len;
    }
    return count == 1 && found_len <= VALUE_MAX ? strndup(found, found_len) : strdup("");
}

bool cookie_set(struct exchange *exchange, const char *name, const char *value, unsigned seconds)
{
    PK_AUTO_FREE char *age = seconds ? pk_text_format("; Max-Age=%u", seconds) : strdup("");
    PK_AUTO_FREE char *cookie =
        name && age ? pk_text_format("%s=%s" ATTRIBUTES "%s", name, value, age) : NULL;

    if (cookie)
        exchange_add_header(exchange, "Set-Cookie", cookie);
    return cookie != NULL;
}

void cookie_forget(struct exchange *exchange, const char *name)
{
    PK_AUTO_FREE char *cookie = name ? pk_text_format("%s=" ATTRIBUTES "; Max-Age=0", name) : NULL;

    if (cookie)
        exchange_add_header(exchange, "Set-Cookie", cookie);
}
