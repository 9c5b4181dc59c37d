/* SPDX-License-Identifier: BSD-2-Clause */
/* What passkeyctl check finds, one line each. */
#ifndef CLIENT_CTL_FINDINGS_H
#define CLIENT_CTL_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>

enum finding {
    FINDING_OK,
    FINDING_WARN, /* something will not work, which may be intended */
    FINDING_FAIL, /* passkeys do not work */
};

/* Appends {check, state, text, mend}. mend NULL: nothing to mend. Strings are copied. */
void finding_add(json_t *findings, const char *check, enum finding finding, const char *text,
                 const char *mend);

/* Whether none of them is FINDING_FAIL. */
bool findings_good(const json_t *findings);
void findings_print(const json_t *findings);

#endif
