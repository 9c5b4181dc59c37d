/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What logind's files in /run/systemd say of a process, by sd-login(3), the library that is made
 * for reading them. They and /proc are in memory: reading them waits for nobody.
 */
#ifndef PASSKEYD_LOGIND_FILES_H
#define PASSKEYD_LOGIND_FILES_H

#include "daemon/bus/logind_facts.h"

/*
 * The files are logind's word as long as it runs, which the caller has to know. *ret: to be cleared
 * with logind_facts_clear(). PK_UNAVAILABLE: they do not tell: the process is not seen, a file or a
 * line in it is missing, they contradict each other, or this was built without the library; it is
 * for logind itself to say then.
 */
enum pk_status logind_files_read(pid_t pid, struct logind_facts *ret) PK_WARN_UNUSED;

#endif
