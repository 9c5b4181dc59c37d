/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notices that accounts of the host are gone (presence.h) and marks them as orphans in the store:
 * at start, and on a worker whenever the password file changes and once a day.
 */
#ifndef PASSKEYD_ACCOUNT_WATCH_H
#define PASSKEYD_ACCOUNT_WATCH_H

#include "daemon/accounts/presence.h"

struct account_watch;
struct event_base;
struct jobs;

/* Borrowed; as long as the watch and its jobs. */
struct account_watch_setup {
    struct event_base *base;
    struct jobs *jobs;
    struct store *store;
    const char *password_file; /* PASSWORD_FILE, but for tests */
    const char *removed_list;  /* of userdel's hook (password_file.h) */
    /* Called after a look at the password file; NULL: nobody is. */
    void (*looked)(void *data, const struct presence *presence);
    /* Called when the look of that number has ended (account_watch_catch_up()); may be NULL. */
    void (*reached)(void *data, uint64_t look);
    void *data;
};

/*
 * Looks at once, so that nobody signs in before. A folder that cannot be watched is logged, and
 * looked at daily. PK_NO_MEMORY.
 */
enum pk_status account_watch_new(const struct account_watch_setup *setup,
                                 struct account_watch **ret) PK_WARN_UNUSED;
/* Before the jobs are freed. */
void account_watch_free(struct account_watch *watch);

/*
 * Takes notice of all changes of the password file that were made before: to be called before the
 * answer to anything depends on an account. A single read where there are none. Returns the number
 * of the look that must have ended before, which grows; 0: nothing is to be waited for.
 */
uint64_t account_watch_catch_up(struct account_watch *watch);

/* Looks at everything, and asks the name service, as is done daily. */
void account_watch_look(struct account_watch *watch);

#endif
