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
 * From now on a thread writes the lines, so that whoever logs does not wait for a log that takes
 * none. PK_LOG_QUEUE_MAX bytes of them wait at most; the next line that finds room says how many
 * did not. To be called once, after the process has given up its privileges, which are a thread's
 * own in part. Without memory for a thread the log is as it was.
 */
void pk_log_start_thread(void);
/*
 * Gives the thread that many seconds to write what waits: for the end of the program. false: the
 * log still takes nothing, and the thread remains.
 */
bool pk_log_end_thread(unsigned seconds);

/*
 * One line. priority is syslog's (LOG_ERR, LOG_NOTICE…). The finished line is made printable, so
 * text from outside may be passed with %s. Never pass a secret.
 */
void pk_log(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
