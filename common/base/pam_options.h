/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words after pam_passkey.so in a PAM file: for the module, and for passkeyctl check, which
 * looks at the files.
 */
#ifndef PK_BASE_PAM_OPTIONS_H
#define PK_BASE_PAM_OPTIONS_H

#include "common/base/limits.h"
#include "common/base/methods.h"

#include <stdbool.h>

#define OPTION_TIMEOUT_MAX PK_ATTEMPT_TIMEOUT_MAX

struct options {
    const char *rp;      /* rp=NAME; NULL: the daemon's choice for the service */
    unsigned timeout;    /* timeout=SECONDS, 1 to OPTION_TIMEOUT_MAX; 0: the daemon's choice */
    const char *uv;      /* uv=required, preferred or discouraged; NULL as above */
    const char *methods; /* methods=a,b as it stands, to be handed on; NULL as above */
    struct pk_methods allowed; /* the same, read */
    bool old_name;             /* that was given as transports=, its old name */
    bool nullok;               /* an account without passkeys is none of our business */
    bool identify;             /* without a user name, the passkey names the user */
    bool debug;                /* say more in the log */
    bool quiet;                /* tell the person only what needs an act */
};

/*
 * Strict: an unknown word, a malformed or empty value, or a word given twice is PK_CONFIG with
 * *ret_bad, the word; PK_UNSUPPORTED, likewise, for a method that is not served. Strings in *ret
 * are borrowed from argv.
 */
enum pk_status options_parse(int argc, const char **argv, struct options *ret,
                             const char **ret_bad) PK_WARN_UNUSED;

/* Whether that method may be tried, as far as the module is asked. */
bool options_allow(const struct options *options, enum pk_method method) PK_WARN_UNUSED;

/*
 * Whether a message of that event asks for an act, or says which request an act would serve: it is
 * shown with quiet as well.
 */
bool options_needs_act(const char *event) PK_WARN_UNUSED;

#endif
