/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is well-formed in a configuration and will not work all the same. The daemon starts with it,
 * because what was enrolled under it goes on working, and says so in the log.
 */
#ifndef PASSKEYD_CONFIG_CHECK_H
#define PASSKEYD_CONFIG_CHECK_H

#include "daemon/config/config.h"

/* Each is "FILE:LINE: KEY: what, and what mends it". */
struct config_findings {
    struct pk_strings faults;   /* it cannot work */
    struct pk_strings warnings; /* it may be meant so */
};
void config_findings_clear(struct config_findings *findings);

/*
 * Looks at ids and origins, and at the files that the configuration names, below root ("" for the
 * host's own): the helper's program, the PAM files of services. It blocks. PK_NO_MEMORY.
 */
enum pk_status config_check(const struct config *config, const char *root,
                            struct config_findings *ret) PK_WARN_UNUSED;

#endif
