/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last decisions about an account, as the store keeps them: of accounts that have a passkey
 * alone, DECISIONS_APPROVED approvals and, apart from these, DECISIONS_REFUSED refusals, so that no
 * stranger's tries push out what the person did. Refusals of the same kind from the same place are
 * one, counted.
 */
#ifndef STORE_DECISION_RECORDS_H
#define STORE_DECISION_RECORDS_H

#include "common/base/bytes.h"

#include <stdbool.h>
#include <sys/types.h>

#define DECISIONS_APPROVED  20
#define DECISIONS_REFUSED   8
#define DECISIONS_TIMES_MAX INT32_MAX

/* What became of one that was to be added. */
enum decision_fate {
    DECISION_NOBODY, /* there is no such account that has a passkey */
    DECISION_KEPT,
    DECISION_LATER, /* as many refusals were written as may be */
};

struct kept_decision {
    int64_t id;   /* positive; a later one's is higher */
    char *rp;     /* of the [rp NAME] section */
    char *name;   /* the account's */
    uid_t uid;    /* of an approval; a refusal is about whoever has the name */
    int64_t made; /* seconds since the epoch */
    bool approved;
    bool enrollment;
    unsigned times; /* from 1 to DECISIONS_TIMES_MAX */
    char *context;  /* JSON; equal texts mean the same place */
    char *passkey;  /* its name then; NULL: none was used */
    struct pk_bytes credential_id;
    enum decision_fate fate;
};

struct kept_decision_list {
    struct kept_decision *items;
    size_t count;
};
void kept_decision_list_clear(struct kept_decision_list *list);
#define AUTO_KEPT_DECISION_LIST __attribute__((cleanup(kept_decision_list_clear)))

#endif
