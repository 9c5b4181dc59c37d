/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sudo's command line says of who answers its questions. For the module and for sudo's own
 * plugin, which has no libpam: nothing of it may be used here.
 */
#ifndef PAM_PASSKEY_SUDO_FLAGS_H
#define PAM_PASSKEY_SUDO_FLAGS_H

#include "common/base/bytes.h"

#include <stdbool.h>

/*
 * Whether that command line of sudo's (arguments that end in NUL each) says that nobody types: a
 * program or a pipe answers (-S, -A), or nothing is to be asked (-n). Only these are looked for;
 * whatever else sudo makes of the line is its own business. Also where the line is cut off among
 * the options.
 */
bool sudo_flags_unattended(struct pk_view cmdline);

/* The same of the vector that sudo hands to its plugins; it ends with NULL. Also without one. */
bool sudo_flags_unattended_vector(char *const argv[]);

/* The same of this process, which is sudo. Also where its command line cannot be read. */
bool sudo_flags_unattended_here(void);

#endif
