/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What "sshd -T" does not tell: blocks of sshd_config(5) that begin with Match and change, for some
 * connections, what pam_passkey needs.
 */
#ifndef CLIENT_CTL_CHECK_SSHD_H
#define CLIENT_CTL_CHECK_SSHD_H

#include <jansson.h>
#include <stdbool.h>

/* What holds for everybody else, by "sshd -T"; where it could not be run, what is usual. */
struct check_sshd_usual {
    bool pam;  /* UsePAM */
    bool asks; /* KbdInteractiveAuthentication */
};

/*
 * Reads path, root standing in front of it and of all that it includes, and finds what is set
 * otherwise in a block. A file that cannot be read has nothing to say.
 */
void check_sshd_blocks(const char *root, const char *path, const struct check_sshd_usual *usual,
                       json_t *findings);

#endif
