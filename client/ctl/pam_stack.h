/* SPDX-License-Identifier: BSD-2-Clause */
/* A PAM service's stack of one type, with all that it includes, and what comes of it. */
#ifndef CLIENT_CTL_PAM_STACK_H
#define CLIENT_CTL_PAM_STACK_H

#include "client/ctl/pam_line.h"
#include "common/base/terms.h"

#define PAM_ENTRIES_MAX 512

struct pam_entry {  /* owned strings */
    char *where;    /* "/etc/pam.d/FILE:LINE" */
    unsigned level; /* how many substacks it is in */
    bool substack;  /* not a module: a substack begins, one level below */
    bool broken;    /* always fails */
    bool quiet;
    unsigned actions[PAM_RETURNS];
    char *module; /* without its folder */
    struct pk_strings words;
};

struct pam_stack {
    struct pam_entry *entries;
    size_t count;
    struct pk_strings files;    /* that were included */
    struct pk_strings problems; /* "FILE:LINE: what": libpam cannot read them */
};

/*
 * Reads /etc/pam.d/SERVICE, or /usr/lib/pam.d/SERVICE where that is not there, below root.
 * PK_NOT_FOUND, PK_TOO_LARGE, PK_NO_MEMORY; what is wrong inside of it is in the problems.
 */
enum pk_status pam_stack_read(const char *root, const char *service, enum pam_type type,
                              struct pam_stack *ret) PK_WARN_UNUSED;
void pam_stack_clear(struct pam_stack *stack);

/* What a module returns; enum pam_result. */
typedef unsigned pam_module(const struct pam_entry *entry, void *data);

struct pam_end {
    bool success;
    const struct pam_entry *bad_jump; /* one that led past the end; NULL: none */
    bool called[PAM_ENTRIES_MAX];     /* by index: its module was asked */
};

/* Goes through the stack as libpam does (pam_dispatch.c). */
struct pam_end pam_stack_run(const struct pam_stack *stack, pam_module *module, void *data);

/* How many modules a jump there may skip. */
unsigned pam_stack_behind(const struct pam_stack *stack, size_t index);

#endif
