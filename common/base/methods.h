/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The authentication methods by name, as configuration, PAM options and bus calls spell them.
 *
 * A method is added by one row here and one file in daemon/methods/ that defines its
 * struct authmethod (daemon/auth/authmethod.h). The order is the one in which methods are tried
 * where nothing else is configured. One that this build does not serve is known by name only, so
 * that asking for it is answered with the reason.
 */
#ifndef PK_BASE_METHODS_H
#define PK_BASE_METHODS_H

#include "common/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* X(SYMBOL, name, SERVED or UNSERVED) */
#define PK_METHOD_LIST(X)                                                                          \
    X(LOCAL, local, SERVED)       /* a security key in this machine */                             \
    X(AGENT, agent, SERVED)       /* one that a forwarded ssh-agent reaches */                     \
    X(SSH, ssh, SERVED)           /* one at the other end of an ssh connection, asked in text */   \
    X(PHONE, phone, SERVED)       /* a phone nearby */                                             \
    X(BROWSER, browser, SERVED)   /* a passkey in a browser */                                     \
    X(RECOVERY, recovery, SERVED) /* a recovery code */

enum pk_method {
#define PK_METHOD_ENUM(symbol, name, served) PK_METHOD_##symbol,
    PK_METHOD_LIST(PK_METHOD_ENUM)
#undef PK_METHOD_ENUM
        PK_METHOD_COUNT
};

/* A string literal of the names that are served, with ", " behind each. */
#define PK_METHODS_SERVED                         PK_METHOD_LIST(PK_METHOD_IF_SERVED)
#define PK_METHOD_IF_SERVED(symbol, name, served) PK_METHOD_TEXT_##served(name)
#define PK_METHOD_TEXT_SERVED(name)               #name ", "
#define PK_METHOD_TEXT_UNSERVED(name)             ""

/* Some of them, each once, in the order in which they are to be tried. */
struct pk_methods {
    enum pk_method items[PK_METHOD_COUNT];
    size_t count;
};

/* Static; NULL for a number outside the list. */
const char *pk_method_name(enum pk_method method);
bool pk_method_is_served(enum pk_method method) PK_WARN_UNUSED;

/*
 * "local, ssh" → methods: names separated by commas, blanks or both. PK_INVALID_INPUT for a name
 * that is unknown or stands twice, or no name; PK_UNSUPPORTED for one that is not served.
 * *ret_unserved is then its name (static), otherwise it is left alone.
 */
enum pk_status pk_methods_parse(const char *text, struct pk_methods *ret,
                                const char **ret_unserved) PK_WARN_UNUSED;

bool pk_methods_include(const struct pk_methods *methods, enum pk_method method) PK_WARN_UNUSED;

/* Those that this build serves, in the order of the list. */
struct pk_methods pk_methods_served(void);

#endif
