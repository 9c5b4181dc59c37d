/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of passkeyctl check that looks at the PAM files. */
#ifndef CLIENT_CTL_CHECK_PAM_H
#define CLIENT_CTL_CHECK_PAM_H

#include <jansson.h>
#include <stdbool.h>

/*
 * The module, and the stacks of the services that come to it, below root ("" for the host's own).
 * relying_parties: Status's array, NULL where the daemon does not tell.
 */
void check_pam(const char *root, const json_t *relying_parties, json_t *findings);

/* Whether that service comes to the module. */
bool check_pam_service_asks(const char *root, const char *service);

#endif
