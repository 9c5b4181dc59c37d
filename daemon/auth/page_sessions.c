/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/page_sessions.h"

#include "common/base/cleanup.h"
#include "common/base/crockford.h"
#include "common/webauthn/crypto.h"

#include <string.h>

struct page_sessions {
    LIST_HEAD(, page_session) list;
    LIST_HEAD(, page_lock) locks;
    size_t count;
    uint64_t last_number;
};

struct page_sessions *page_sessions_new(void)
{
    return calloc(1, sizeof(struct page_sessions));
}

static void session_free(struct page_session *session)
{
    account_clear(&session->account);
    pk_bytes_clear(&session->credential);
    free(session);
}
PK_DEFINE_CLEANUP(struct page_session *, session_free);

static void end(struct page_sessions *sessions, struct page_session *session)
{
    LIST_REMOVE(session, entry);
    sessions->count--;
    session_free(session);
}

void page_sessions_free(struct page_sessions *sessions)
{
    while (!LIST_EMPTY(&sessions->list))
        end(sessions, LIST_FIRST(&sessions->list));
    free(sessions);
}

static bool is_of(const struct page_session *session, const struct account *account)
{
    return session->account.uid == account->uid && strcmp(session->account.rp, account->rp) == 0 &&
           strcmp(session->account.name, account->name) == 0;
}

static bool is_over(const struct page_session *session, int64_t now)
{
    return now - session->presented >= PK_PAGE_SESSION_IDLE ||
           now - session->made >= PK_PAGE_SESSION_LIFETIME;
}

static void end_what_is_over(struct page_sessions *sessions, int64_t now)
{
    struct page_session *session, *next;

    for (session = LIST_FIRST(&sessions->list); session; session = next) {
        next = LIST_NEXT(session, entry);
        if (is_over(session, now))
            end(sessions, session);
    }
}

/* --- making one ------------------------------------------------------------------------------- */

/* The one that was not presented for longest, of the account or, without one, of all. */
static struct page_session *find_idle(const struct page_sessions *sessions,
                                      const struct account *account, size_t *ret_count)
{
    struct page_session *session, *idle = NULL;

    *ret_count = 0;
    LIST_FOREACH(session, &sessions->list, entry)
    {
        if (account && !is_of(session, account))
            continue;
        (*ret_count)++;
        /* What comes later in the list is older. */
        if (!idle || session->presented <= idle->presented)
            idle = session;
    }
    return idle;
}

static void make_room(struct page_sessions *sessions, const struct account *account)
{
    size_t count;
    struct page_session *idle = find_idle(sessions, account, &count);

    if (idle && count >= PK_PAGE_SESSIONS_PER_ACCOUNT)
        end(sessions, idle);
    idle = find_idle(sessions, NULL, &count);
    if (idle && count >= PK_PAGE_SESSIONS_MAX)
        end(sessions, idle);
}

enum pk_status page_sessions_add(struct page_sessions *sessions, const struct account *account,
                                 struct pk_view credential, int64_t now,
                                 char ret_token[static PK_PAGE_SESSION_SIZE])
{
    PK_CLEANUP(session_free) struct page_session *session = calloc(1, sizeof(*session));
    enum pk_status status = session ? account_copy(account, &session->account) : PK_NO_MEMORY;

    if (!status)
        status = pk_bytes_copy(credential, &session->credential);
    if (status)
        return status;
    end_what_is_over(sessions, now);
    make_room(sessions, account);
    pk_crockford_random(ret_token, PK_PAGE_SESSION_SIZE - 1);
    pk_sha256(pk_view_string(ret_token), session->hash);
    session->made = session->presented = session->proved = now;
    session->number = ++sessions->last_number;
    LIST_INSERT_HEAD(&sessions->list, session, entry);
    sessions->count++;
    session = NULL; /* the list's */
    return PK_OK;
}

/* --- finding one ------------------------------------------------------------------------------ */

struct page_session *page_sessions_present(struct page_sessions *sessions, const char *rp,
                                           const char *token, int64_t now)
{
    struct page_session *session, *found = NULL;
    uint8_t hash[PK_HASH_SIZE];

    end_what_is_over(sessions, now);
    pk_sha256(pk_view_string(token), hash);
    LIST_FOREACH(session, &sessions->list, entry)
    if (pk_view_equal_secret((struct pk_view){session->hash, sizeof(session->hash)},
                             (struct pk_view){hash, sizeof(hash)}))
        found = session;
    if (!found || strcmp(found->account.rp, rp) != 0)
        return NULL;
    found->presented = now;
    return found;
}

struct page_session *page_sessions_find(struct page_sessions *sessions, uint64_t number,
                                        int64_t now)
{
    struct page_session *session;

    end_what_is_over(sessions, now);
    LIST_FOREACH(session, &sessions->list, entry)
    if (session->number == number)
        return session;
    return NULL;
}

enum pk_status page_session_prove(struct page_session *session, struct pk_view credential,
                                  int64_t now)
{
    struct pk_bytes copy = {0};
    enum pk_status status = pk_bytes_copy(credential, &copy);

    if (status)
        return status;
    pk_bytes_clear(&session->credential);
    session->credential = copy;
    session->proved = now;
    return PK_OK;
}

bool page_session_is_fresh(const struct page_session *session, int64_t now)
{
    return now - session->proved < PK_PAGE_SESSION_FRESH;
}

/* --- ends ------------------------------------------------------------------------------------- */

void page_sessions_end(struct page_sessions *sessions, uint64_t number)
{
    struct page_session *session;

    LIST_FOREACH(session, &sessions->list, entry)
    if (session->number == number) {
        end(sessions, session);
        return;
    }
}

void page_sessions_end_with(struct page_sessions *sessions, const struct account *account,
                            struct pk_view credential)
{
    struct page_session *session, *next;

    for (session = LIST_FIRST(&sessions->list); session; session = next) {
        next = LIST_NEXT(session, entry);
        if (is_of(session, account) && pk_view_equal(pk_view_of(&session->credential), credential))
            end(sessions, session);
    }
}

void page_sessions_drop_gone(struct page_sessions *sessions,
                             bool (*gone)(const void *data, const struct account *account),
                             const void *data)
{
    struct page_session *session, *next;

    for (session = LIST_FIRST(&sessions->list); session; session = next) {
        next = LIST_NEXT(session, entry);
        if (gone(data, &session->account))
            end(sessions, session);
    }
}

size_t page_sessions_count(const struct page_sessions *sessions)
{
    return sessions->count;
}

/* --- one removal at a time -------------------------------------------------------------------- */

enum pk_status page_sessions_lock(struct page_sessions *sessions, struct page_lock *lock,
                                  const struct account *account)
{
    const struct page_lock *other;

    LIST_FOREACH(other, &sessions->locks, entry)
    if (other->account->uid == account->uid && strcmp(other->account->rp, account->rp) == 0 &&
        strcmp(other->account->name, account->name) == 0)
        return PK_LIMIT_EXCEEDED;
    lock->account = account;
    LIST_INSERT_HEAD(&sessions->locks, lock, entry);
    return PK_OK;
}

void page_sessions_unlock(struct page_lock *lock)
{
    if (!lock->account)
        return;
    LIST_REMOVE(lock, entry);
    lock->account = NULL;
}
