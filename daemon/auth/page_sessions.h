/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sessions of the pages on which people look after their own passkeys (api/gateway_own.h). Each was
 * made with a passkey of its account, and is known to a browser by a token, which is kept here as a
 * hash, in memory alone.
 *
 * A session ends PK_PAGE_SESSION_IDLE seconds after it was last presented, PK_PAGE_SESSION_LIFETIME
 * seconds after it was made, and with its passkey or its account. An account has
 * PK_PAGE_SESSIONS_PER_ACCOUNT at most, all together PK_PAGE_SESSIONS_MAX: those that were not
 * presented for longest make room. Times are monotonic seconds. For the loop alone.
 */
#ifndef PASSKEYD_PAGE_SESSIONS_H
#define PASSKEYD_PAGE_SESSIONS_H

#include "common/base/limits.h"
#include "store/store.h"

#include <sys/queue.h>

struct page_sessions;

struct page_session {
    LIST_ENTRY(page_session) entry;
    uint64_t number; /* never 0, and never given again */
    struct account account;
    struct pk_bytes credential; /* the id of the passkey that it was last proved with */
    int64_t made, presented, proved;
    uint8_t hash[PK_HASH_SIZE];
};

struct page_sessions *page_sessions_new(void) PK_WARN_UNUSED;
void page_sessions_free(struct page_sessions *sessions);

/* Makes one for who has just used that passkey of the account. PK_NO_MEMORY. */
enum pk_status page_sessions_add(struct page_sessions *sessions, const struct account *account,
                                 struct pk_view credential, int64_t now,
                                 char ret_token[static PK_PAGE_SESSION_SIZE]) PK_WARN_UNUSED;

/*
 * The session of that relying party and token, which is presented with that. NULL: there is none;
 * the same for a token that never was and one that is over.
 */
struct page_session *page_sessions_present(struct page_sessions *sessions, const char *rp,
                                           const char *token, int64_t now) PK_WARN_UNUSED;
/* The session of that number, without presenting it. NULL: it is over. */
struct page_session *page_sessions_find(struct page_sessions *sessions, uint64_t number,
                                        int64_t now) PK_WARN_UNUSED;

/* A passkey of its account was used for it: it is the session's from now on. PK_NO_MEMORY. */
enum pk_status page_session_prove(struct page_session *session, struct pk_view credential,
                                  int64_t now) PK_WARN_UNUSED;
/* Whether that was less than PK_PAGE_SESSION_FRESH seconds ago. */
bool page_session_is_fresh(const struct page_session *session, int64_t now);

/* Ends the session of that number, if there is one. */
void page_sessions_end(struct page_sessions *sessions, uint64_t number);
/* Ends those that were made or last proved with that passkey of the account. */
void page_sessions_end_with(struct page_sessions *sessions, const struct account *account,
                            struct pk_view credential);
/* Ends those of accounts of which gone() says so. */
void page_sessions_drop_gone(struct page_sessions *sessions,
                             bool (*gone)(const void *data, const struct account *account),
                             const void *data);
size_t page_sessions_count(const struct page_sessions *sessions);

/*
 * Passkeys of an account are removed one after the other, so that two which are removed with each
 * other's signature are not both gone. The account is borrowed until it is unlocked.
 */
struct page_lock {
    LIST_ENTRY(page_lock) entry;
    const struct account *account; /* NULL: nothing is locked */
};
/* PK_LIMIT_EXCEEDED: another one of the account is being removed. */
enum pk_status page_sessions_lock(struct page_sessions *sessions, struct page_lock *lock,
                                  const struct account *account) PK_WARN_UNUSED;
void page_sessions_unlock(struct page_lock *lock);

#endif
