/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store as one piece of bytes while it is used, and such an image in the store's place. What
 * can be used once, tickets and recovery codes, is in no image: an old image would make good again
 * what has been used up. Nor are decisions, which say who was where.
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "common/base/terms.h"
#include "store/store.h"

struct backup_counts {
    size_t accounts;
    size_t passkeys;
    size_t codes; /* accounts that have recovery codes, which the image has not */
    size_t keys;  /* API keys and keys that sign, of the image */
};

struct restore_wish {
    struct pk_view image;
    bool replace; /* the store may hold something */
    bool dry_run; /* everything is checked and nothing is changed */
};

#define RESTORE_NAMES_MAX 50
struct restore_report {
    struct backup_counts counts; /* of the image */
    size_t present;              /* passkeys, and keys of applications, that the store holds */
    size_t returning;            /* passkeys of the image that the store has not: removed ones,
                                    where the store is the one that the image was made of */
    struct pk_strings returning_names; /* "USER: NAME", RESTORE_NAMES_MAX at most */
    size_t lost;                       /* passkeys of the store that the image has not */
    char *kept;                        /* where the store's content is now; NULL: it had none */
};
void restore_report_clear(struct restore_report *report);

#endif
