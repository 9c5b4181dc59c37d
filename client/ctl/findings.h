/* SPDX-License-Identifier: BSD-2-Clause */
/* What passkeyctl check finds, one line each. */
#ifndef CLIENT_CTL_FINDINGS_H
#define CLIENT_CTL_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>

enum finding {
    FINDING_OK,
    FINDING_NOTE, /* nothing is wrong; it is good to know */
    FINDING_WARN, /* something will not work, which may be intended */
    FINDING_FAIL, /* passkeys do not work */
};

/*
 * Appends {check, state, text, mend}. mend: a command that mends it, or that shows how; NULL:
 * nothing to mend. Strings are copied.
 */
void finding_add(json_t *findings, const char *check, enum finding finding, const char *text,
                 const char *mend);

/* The same, unless there is one with that text already. */
void finding_add_once(json_t *findings, const char *check, enum finding finding, const char *text,
                      const char *mend);

/* The worst of them. */
enum finding findings_worst(const json_t *findings);
void findings_print(const json_t *findings);

#endif
