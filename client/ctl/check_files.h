/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of passkeyctl check that looks at devices, below root ("/", or a test's own). */
#ifndef CLIENT_CTL_CHECK_FILES_H
#define CLIENT_CTL_CHECK_FILES_H

#include <jansson.h>

/* Security keys that are plugged in, and whether the daemon's group may open them. */
void check_devices(const char *root, json_t *findings);

#endif
