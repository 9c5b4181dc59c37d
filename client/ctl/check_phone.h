/* SPDX-License-Identifier: BSD-2-Clause */
/* What "passkeyctl check --phone" looks at: all that a phone nearby needs on this computer. */
#ifndef CLIENT_CTL_CHECK_PHONE_H
#define CLIENT_CTL_CHECK_PHONE_H

#include <jansson.h>
#include <stdbool.h>

/* The kernel's adapters, and the switches that keep them off, below root. */
void check_phone_adapters(const char *root, json_t *findings);

/*
 * Whether bluetoothd, which is on the bus or can be started, lets this user scan: what dbus-send
 * printed when it asked an adapter to, and its exit code; NULL: it could not be run.
 */
void check_phone_scan(const char *output, int exit_code, json_t *findings);

/* Whether the name is known here and its port 443 answers; who: who is behind it. */
void check_phone_service(const char *name, const char *who, json_t *findings);

/* All of these; bluetoothd: it is on the bus, or can be started. This tells both services. */
void check_phone(bool bluetoothd, json_t *findings);

#endif
