/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a helper's process gives up before it looks at anything from outside: parts for the
 * sandboxes of the programs, which say themselves what each of their processes may.
 */
#ifndef PK_HELPER_SANDBOX_H
#define PK_HELPER_SANDBOX_H

#include "common/helper/landlock.h"

#include "common/base/status.h"

#include <linux/filter.h>
#include <seccomp.h>

#define PK_FILTER_MAX 2048 /* instructions */

/* What open() does beside opening; O_TMPFILE has the bit of O_DIRECTORY too, which is harmless. */
#define PK_CREATING (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

/* ---- making a filter; of two rules about the same calls the first one counts ---- */

/* A call that this architecture does not have is no loss. false: it cannot be added. */
bool pk_filter_add(scmp_filter_ctx filter, uint32_t action, int call,
                   const struct scmp_arg_cmp *where, unsigned count);

bool pk_filter_add_list(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count);
#define PK_FILTER_ADD_LIST(filter, action, calls)                                                  \
    pk_filter_add_list(filter, action, calls, sizeof(calls) / sizeof(*(calls)))

/* What OpenSSL and libc need once everything is loaded and the descriptors are there. */
bool pk_filter_add_common(scmp_filter_ctx filter);

/*
 * The calls for which no helper has a reason: a call means that it was taken over, so it is killed.
 * They are added after what a process may. binds: but for bind(), which resolving a name takes.
 */
bool pk_filter_add_hostile(scmp_filter_ctx filter, bool binds);

struct pk_filter {
    unsigned short count; /* 0: not made yet */
    struct sock_filter code[PK_FILTER_MAX];
};

/*
 * The program that libseccomp makes of what add() adds for that kind; its making takes a good part
 * of a helper's start. The action is for the calls that have no rule.
 */
bool pk_filter_build(bool (*add)(scmp_filter_ctx filter, unsigned kind), unsigned kind,
                     uint32_t action, struct pk_filter *ret);

/* ---- entering ---- */

/*
 * For every process of a helper, at once: no new privileges, no core dump, no reading by a
 * debugger, death with the parent. PK_INTERNAL.
 */
enum pk_status pk_sandbox_prepare(void) PK_WARN_UNUSED;

struct pk_sandbox {
    const struct pk_filter *filter;
    const struct pk_landlock_folder *folders;
    size_t folder_count;
    unsigned left;          /* see landlock.h */
    unsigned long data_max; /* bytes of memory, where the build has no sanitizers */
};

/*
 * Besides what pk_sandbox_prepare() has: few descriptors, no file growth, memory locked where the
 * limit allows, the folders alone of the file system, and the filter's calls. PK_INTERNAL when any
 * of it but the locked memory, and Landlock where the kernel has none, cannot be had: the caller
 * must not go on.
 */
enum pk_status pk_sandbox_enter(const struct pk_sandbox *sandbox) PK_WARN_UNUSED;

#endif
