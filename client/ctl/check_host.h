/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of passkeyctl check that ask other programs, and the host. */
#ifndef CLIENT_CTL_CHECK_HOST_H
#define CLIENT_CTL_CHECK_HOST_H

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

/* passkeyd --check-config; program is its path. */
void check_config(const char *program, json_t *findings);

/* What "sshd -T" printed, NULL where it could not be run: what pam_passkey needs of it. */
void check_sshd_settings(const char *settings, json_t *findings);
/* What "sudo -V" printed to root. */
void check_sudo_settings(const char *settings, json_t *findings);
/* Both, of services that come to the module, and where they can be asked. */
void check_programs(json_t *findings);

/* The person's ssh-agent, by SSH_AUTH_SOCK. */
void check_agent(json_t *findings);

/* The file by which polkit knows what passkeyd asks it. */
void check_polkit_actions(const char *root, json_t *findings);

/*
 * now: the clock; known: a moment that has certainly passed; synchronized: by the kernel's opinion.
 */
void check_clock(time_t now, time_t known, bool synchronized, json_t *findings);
/* The same of this host's, where known is when this program was installed. */
void check_own_clock(json_t *findings);

#endif
