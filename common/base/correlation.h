/* SPDX-License-Identifier: BSD-2-Clause */
/* The ids by which an error message and the log lines about it are found together. */
#ifndef PK_BASE_CORRELATION_H
#define PK_BASE_CORRELATION_H

#define PK_CORRELATION_SIZE 17 /* 16 hex digits and a NUL */

/* A fresh one. */
void pk_correlation_new(char ret[PK_CORRELATION_SIZE]);

#endif
