/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs log, libraries return: only the programs' own folders may include this header. */
#ifndef PK_BASE_LOG_H
#define PK_BASE_LOG_H

#include <stdbool.h>
#include <syslog.h>

/*
 * Opens the log: syslog with facility AUTHPRIV, or standard error when to_stderr. Messages less
 * important than LOG_INFO appear only when debug is set.
 */
void pk_log_open(const char *program, bool to_stderr, bool debug);
void pk_log_set_debug(bool debug);

/*
 * One line. priority is syslog's (LOG_ERR, LOG_NOTICE…). The finished line is made printable, so
 * text from outside may be passed with %s. Never pass a secret.
 */
void pk_log(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
