/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/accounts/account_watch.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "daemon/accounts/log_names.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define POSITION_KEY "removed-accounts-position"
#define EVENTS                                                                                     \
    (IN_MOVED_TO | IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR)

/* Whoever comes second of the thread that ends and the daemon that does frees the inquiry. */
enum inquiry_end {
    INQUIRY_RUNS,
    INQUIRY_ANSWERED,
    INQUIRY_ABANDONED,
};

/* Questions to the name service; the thread that asks them owns nothing else. */
struct inquiry {
    atomic_int end; /* enum inquiry_end */
    struct account_states states;
    struct password_file file;
    enum name_answer *answers; /* NAME_UNKNOWN: not to be asked, and afterwards: no answer */
    bool *asked;
    int done; /* writing end of a pipe: closed when all are answered */
    pthread_t thread;
};

struct account_watch {
    struct account_watch_setup setup;
    char *name;         /* of the password file in its folder */
    int inotify;        /* -1: the folder cannot be watched */
    bool being_written; /* in place: what is in the file is not the whole */
    struct event *on_change;
    struct event *on_day;
    struct inquiry *inquiry; /* NULL: none is under way */
    struct event *on_answers;
    int answers; /* reading end of the inquiry's pipe */
};

/* --- what was found --------------------------------------------------------------------------- */

static void log_gone(const struct account *account, const char *why)
{
    PK_AUTO_FREE char *user = log_name(account->name);

    pk_log(LOG_WARNING,
           "account %s (%s), uid %u, is gone%s: its passkeys, recovery codes and tickets open "
           "nothing any more, also if the name is given again; \"passkeyctl adopt\" says otherwise",
           user ? user : "?", account->rp, (unsigned)account->uid, why);
}

static void log_changes(const struct account_states *states, const struct account_change *changes,
                        size_t count, const char *why)
{
    size_t at = 0;

    /* The changes are in the order of the states. */
    for (size_t i = 0; i < states->count && at < count; i++) {
        if (states->items[i].id != changes[at].id)
            continue;
        if (changes[at].fate == ACCOUNT_GONE)
            log_gone(&states->items[i].account, why);
        at++;
    }
}

static void log_failure(enum pk_status status)
{
    pk_log(LOG_ERR, "whether accounts are gone could not be seen: %s%s%s", pk_status_name(status),
           status == PK_STORAGE ? ": " : "", status == PK_STORAGE ? store_error() : "");
}

/* position NULL: the list of removed accounts was not read. */
static enum pk_status judge_and_store(struct account_watch *watch,
                                      const struct account_states *states,
                                      const struct presence *presence,
                                      const struct removed_position *position, const char *why)
{
    struct store *store = watch->setup.store;
    PK_AUTO_FREE struct account_change *items = NULL;
    uint8_t stored[REMOVED_POSITION_SIZE];
    struct account_changes changes = {.now = presence->now};
    enum pk_status status = presence_judge(states, presence, &items, &changes.count);

    if (status != PK_OK)
        return status;
    changes.items = items;
    if (position) {
        removed_position_write(position, stored);
        changes.key = POSITION_KEY;
        changes.value = (struct pk_view){stored, sizeof(stored)};
    }
    if (changes.count == 0 && !position)
        return PK_OK;
    status = store->verbs->accounts_update(store, &changes);
    if (status == PK_OK)
        log_changes(states, items, changes.count, why);
    return status;
}

/* --- the password file ------------------------------------------------------------------------ */

static enum pk_status load_position(struct store *store, struct removed_position *ret)
{
    PK_AUTO_BYTES struct pk_bytes stored = {0};
    enum pk_status status = store->verbs->get(store, POSITION_KEY, &stored);

    *ret = removed_position_read(pk_view_of(&stored));
    return status == PK_NOT_FOUND ? PK_OK : status;
}

static enum pk_status read_removed(struct account_watch *watch, struct removed_position *position,
                                   struct pk_strings *names, bool *ret_moved)
{
    struct removed_position before = {0};
    enum pk_status status = load_position(watch->setup.store, &before);

    *position = before;
    if (status == PK_OK)
        status = removed_accounts_read(watch->setup.removed_list, position, names);
    *ret_moved = before.inode != position->inode || before.offset != position->offset ||
                 before.device != position->device;
    return status;
}

static enum pk_status look_at(struct account_watch *watch, const struct presence *presence,
                              const struct removed_position *position)
{
    struct store *store = watch->setup.store;
    AUTO_ACCOUNT_STATES struct account_states states = {0};
    enum pk_status status = store->verbs->accounts(store, &states);

    return status == PK_OK ? judge_and_store(watch, &states, presence, position, "") : status;
}

static void look_at_file(struct account_watch *watch)
{
    AUTO_PASSWORD_FILE struct password_file file = {0};
    struct pk_strings removed = {0};
    struct removed_position position;
    struct presence presence = {.removed = &removed, .now = pk_clock_now()};
    bool moved = false;
    enum pk_status readable = password_file_read(watch->setup.password_file, &file);
    enum pk_status status = read_removed(watch, &position, &removed, &moved);

    if (readable == PK_OK)
        presence.file = &file;
    if (status == PK_OK)
        status = look_at(watch, &presence, moved ? &position : NULL);
    if (status != PK_OK)
        log_failure(status);
    else if (watch->setup.looked)
        watch->setup.looked(watch->setup.data, &presence);
    pk_strings_clear(&removed);
}

/* --- events ----------------------------------------------------------------------------------- */

/* Returns whether the file is worth a look. */
static bool note(struct account_watch *watch, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW)
        return true;
    if (event->len == 0 || strcmp(event->name, watch->name) != 0)
        return false;
    if (event->mask & IN_MODIFY)
        watch->being_written = true;
    if (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE))
        watch->being_written = false;
    return !watch->being_written;
}

void account_watch_catch_up(struct account_watch *watch)
{
    _Alignas(struct inotify_event) char buffer[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
    bool look = false;
    ssize_t len;

    while (watch->inotify >= 0 && (len = read(watch->inotify, buffer, sizeof(buffer))) > 0)
        for (char *at = buffer; at < buffer + len;) {
            const struct inotify_event *event = (const struct inotify_event *)(void *)at;

            look = note(watch, event) || look;
            at += sizeof(*event) + event->len;
        }
    if (look && !watch->being_written)
        look_at_file(watch);
}

static void on_change(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    account_watch_catch_up(data);
}

/* --- the name service ------------------------------------------------------------------------- */

static void inquiry_free(struct inquiry *inquiry)
{
    account_states_clear(&inquiry->states);
    password_file_clear(&inquiry->file);
    free(inquiry->answers);
    free(inquiry->asked);
    free(inquiry);
}

static void *ask_name_service(void *data)
{
    struct inquiry *inquiry = data;

    for (size_t i = 0; i < inquiry->states.count; i++)
        if (inquiry->asked[i])
            inquiry->answers[i] = system_account_ask(inquiry->states.items[i].account.name,
                                                     inquiry->states.items[i].account.uid);
    (void)close(inquiry->done);
    if (atomic_exchange(&inquiry->end, INQUIRY_ANSWERED) == INQUIRY_ABANDONED)
        inquiry_free(inquiry);
    return NULL;
}

static struct inquiry *inquiry_new(struct account_watch *watch)
{
    const struct pk_strings nobody = {0};
    struct inquiry *inquiry = calloc(1, sizeof(*inquiry));
    struct presence presence;
    size_t asked = 0;

    if (!inquiry)
        return NULL;
    presence = (struct presence){.file = &inquiry->file, .removed = &nobody};
    if (password_file_read(watch->setup.password_file, &inquiry->file) == PK_OK &&
        watch->setup.store->verbs->accounts(watch->setup.store, &inquiry->states) == PK_OK) {
        inquiry->answers = calloc(inquiry->states.count + 1, sizeof(*inquiry->answers));
        inquiry->asked = calloc(inquiry->states.count + 1, sizeof(*inquiry->asked));
    }
    for (size_t i = 0; inquiry->answers && inquiry->asked && i < inquiry->states.count; i++) {
        inquiry->asked[i] = presence_is_elsewhere(&presence, &inquiry->states.items[i].account);
        asked += inquiry->asked[i];
    }
    if (asked > 0)
        return inquiry;
    inquiry_free(inquiry);
    return NULL;
}

/* The daemon's signals are for the event loop. */
static bool start_thread(struct inquiry *inquiry)
{
    sigset_t all, before;
    bool started;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&inquiry->thread, NULL, ask_name_service, inquiry) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void end_inquiry(struct account_watch *watch)
{
    event_free(watch->on_answers);
    (void)close(watch->answers);
    watch->on_answers = NULL;
    watch->inquiry = NULL;
}

static void on_answers(evutil_socket_t fd, short what, void *data)
{
    struct account_watch *watch = data;
    struct inquiry *inquiry = watch->inquiry;
    const struct pk_strings nobody = {0};
    const struct presence presence = {
        .removed = &nobody, .answers = inquiry->answers, .now = pk_clock_now()};
    enum pk_status status;

    (void)fd, (void)what;
    (void)pthread_join(inquiry->thread, NULL);
    end_inquiry(watch);
    status = judge_and_store(watch, &inquiry->states, &presence, NULL,
                             ": the name service has not known it for a week");
    if (status != PK_OK)
        log_failure(status);
    inquiry_free(inquiry);
}

static void start_inquiry(struct account_watch *watch)
{
    struct inquiry *inquiry = watch->inquiry ? NULL : inquiry_new(watch);
    int ends[2];

    if (!inquiry)
        return;
    if (pipe2(ends, O_CLOEXEC) < 0) {
        inquiry_free(inquiry);
        return;
    }
    inquiry->done = ends[1];
    watch->answers = ends[0];
    watch->inquiry = inquiry;
    watch->on_answers = event_new(watch->setup.base, ends[0], EV_READ, on_answers, watch);
    if (watch->on_answers && event_add(watch->on_answers, NULL) == 0 && start_thread(inquiry))
        return;
    if (watch->on_answers)
        end_inquiry(watch);
    else
        (void)close(ends[0]);
    watch->inquiry = NULL;
    (void)close(ends[1]);
    inquiry_free(inquiry);
}

void account_watch_look(struct account_watch *watch)
{
    watch->being_written = false; /* whoever began to write a day ago has left it so */
    look_at_file(watch);
    start_inquiry(watch);
}

static void on_day(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    account_watch_look(data);
}

/* --- start and end ---------------------------------------------------------------------------- */

static enum pk_status watch_folder(struct account_watch *watch)
{
    PK_AUTO_FREE char *folder = strdup(watch->setup.password_file);
    char *slash = folder ? strrchr(folder, '/') : NULL;

    if (!slash)
        return PK_NO_MEMORY;
    watch->name = strdup(slash + 1);
    slash[slash == folder] = '\0';
    watch->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->inotify >= 0 && inotify_add_watch(watch->inotify, folder, EVENTS) >= 0)
        return watch->name ? PK_OK : PK_NO_MEMORY;
    pk_log(LOG_WARNING, "%s cannot be watched, and is looked at once a day: %s", folder,
           strerror(errno));
    if (watch->inotify >= 0)
        (void)close(watch->inotify);
    watch->inotify = -1;
    return watch->name ? PK_OK : PK_NO_MEMORY;
}

static enum pk_status add_events(struct account_watch *watch)
{
    static const struct timeval day = {.tv_sec = LOOK_SECONDS};

    watch->on_day = event_new(watch->setup.base, -1, EV_PERSIST, on_day, watch);
    if (!watch->on_day || event_add(watch->on_day, &day) < 0)
        return PK_NO_MEMORY;
    if (watch->inotify < 0)
        return PK_OK;
    watch->on_change =
        event_new(watch->setup.base, watch->inotify, EV_READ | EV_PERSIST, on_change, watch);
    return watch->on_change && event_add(watch->on_change, NULL) == 0 ? PK_OK : PK_NO_MEMORY;
}

enum pk_status account_watch_new(const struct account_watch_setup *setup,
                                 struct account_watch **ret)
{
    struct account_watch *watch = calloc(1, sizeof(*watch));
    enum pk_status status;

    if (!watch)
        return PK_NO_MEMORY;
    *watch = (struct account_watch){.setup = *setup, .inotify = -1};
    status = watch_folder(watch);
    if (status == PK_OK)
        status = add_events(watch);
    if (status != PK_OK) {
        account_watch_free(watch);
        return status;
    }
    account_watch_look(watch); /* after the folder is watched: nothing is missed in between */
    *ret = watch;
    return PK_OK;
}

/* A thread that waits for a name service is left behind with what it uses. */
void account_watch_free(struct account_watch *watch)
{
    struct inquiry *inquiry = watch->inquiry;

    if (inquiry) {
        end_inquiry(watch);
        (void)pthread_detach(inquiry->thread);
        if (atomic_exchange(&inquiry->end, INQUIRY_ABANDONED) == INQUIRY_ANSWERED)
            inquiry_free(inquiry);
    }
    if (watch->on_change)
        event_free(watch->on_change);
    if (watch->on_day)
        event_free(watch->on_day);
    if (watch->inotify >= 0)
        (void)close(watch->inotify);
    free(watch->name);
    free(watch);
}
