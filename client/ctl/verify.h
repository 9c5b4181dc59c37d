/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyctl verify: the relying party's verification without the daemon, over JSON Lines. */
#ifndef CLIENT_CTL_VERIFY_H
#define CLIENT_CTL_VERIFY_H

#include "common/webauthn/json.h"
#include "common/webauthn/verify.h"

#include <stdio.h>
#include <time.h>

/*
 * Reads a JSON object a line from standard input and writes one for each to standard output, in
 * order. argv[0] is "verify". Returns the exit status: 0 all verified, 1 some not, 2 could not run.
 */
int verify_main(int argc, char **argv);

/* One line of input, ready to be verified. */
struct verify_input {
    struct pk_requirements requirements;
    struct pk_credential_record record;     /* authentication only */
    const struct pk_json_value *credential; /* borrowed from the line */
};

/*
 * Makes requirements and record of a line's members; unknown ones are ignored. now is the time that
 * stands in for an absent verificationTime. PK_INVALID_INPUT, PK_NO_MEMORY.
 */
enum pk_status verify_input_read(const struct pk_json_value *line, time_t now,
                                 struct verify_input *ret) PK_WARN_UNUSED;
void verify_input_clear(struct verify_input *input);

/* Write one line of result. line is NULL when there was none to be read. */
void verify_put_failure(FILE *out, const struct pk_json_value *line, enum pk_status status);
void verify_put_registration(FILE *out, const struct pk_json_value *line,
                             const struct pk_registration_result *result);
void verify_put_authentication(FILE *out, const struct pk_json_value *line,
                               const struct verify_input *input,
                               const struct pk_authentication_result *result);

#endif
