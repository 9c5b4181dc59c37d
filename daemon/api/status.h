/* SPDX-License-Identifier: BSD-2-Clause */
/* Manager1.Status: the state of the daemon, for administrators and for passkeyctl check. */
#ifndef PASSKEYD_API_STATUS_H
#define PASSKEYD_API_STATUS_H

/* Drops the calls that wait for the helper: before the keys are freed. */
void status_end(void);

#endif
