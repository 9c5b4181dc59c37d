/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/accounts/account_watch.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "daemon/accounts/log_names.h"
#include "daemon/jobs/jobs.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define POSITION_KEY "removed-accounts-position"
#define EVENTS                                                                                     \
    (IN_MOVED_TO | IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR)

/* A look at the password file, or questions to the name service. */
struct look {
    struct job job;
    struct account_watch *watch; /* for the loop */
    struct account_watch_setup setup;
    struct password_file file;
    struct pk_strings removed;
    struct presence presence; /* what was found there */
};

struct account_watch {
    struct account_watch_setup setup;
    char *name;         /* of the password file in its folder */
    int inotify;        /* -1: the folder cannot be watched */
    bool being_written; /* in place: what is in the file is not the whole */
    struct event *on_change;
    struct event *on_day;
    struct look *look;   /* in progress; NULL: none */
    bool due;            /* another one, of what may have changed since it began */
    uint64_t begun;      /* looks so far */
    struct look *asking; /* the name service; NULL: not now */
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
static enum pk_status judge_and_store(struct store *store, const struct account_states *states,
                                      const struct presence *presence,
                                      const struct removed_position *position, const char *why)
{
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

static enum pk_status read_removed(const struct account_watch_setup *setup,
                                   struct removed_position *position, struct pk_strings *names,
                                   bool *ret_moved)
{
    struct removed_position before = {0};
    enum pk_status status = load_position(setup->store, &before);

    *position = before;
    if (status == PK_OK)
        status = removed_accounts_read(setup->removed_list, position, names);
    *ret_moved = before.inode != position->inode || before.offset != position->offset ||
                 before.device != position->device;
    return status;
}

static enum pk_status judge_all(struct store *store, const struct presence *presence,
                                const struct removed_position *position)
{
    AUTO_ACCOUNT_STATES struct account_states states = {0};
    enum pk_status status = store->verbs->accounts(store, &states);

    return status == PK_OK ? judge_and_store(store, &states, presence, position, "") : status;
}

static enum pk_status look_at_file(struct job *job)
{
    struct look *look = (struct look *)job;
    struct removed_position position;
    bool moved = false;
    enum pk_status readable = password_file_read(look->setup.password_file, &look->file);
    enum pk_status status = read_removed(&look->setup, &position, &look->removed, &moved);

    look->presence = (struct presence){.removed = &look->removed, .now = pk_clock_now()};
    if (readable == PK_OK)
        look->presence.file = &look->file;
    if (status == PK_OK)
        status = judge_all(look->setup.store, &look->presence, moved ? &position : NULL);
    if (status != PK_OK)
        log_failure(status);
    return status;
}

static void look_release(struct job *job)
{
    struct look *look = (struct look *)job;

    password_file_clear(&look->file);
    pk_strings_clear(&look->removed);
    free(look);
}

static struct look *look_new(struct account_watch *watch)
{
    struct look *look = calloc(1, sizeof(*look));

    if (!look)
        return NULL;
    look->watch = watch;
    look->setup = watch->setup;
    return look;
}

static void tell(const struct look *look, enum pk_status status)
{
    if (status == PK_OK && look->setup.looked)
        look->setup.looked(look->setup.data, &look->presence);
}

static void begin_look(struct account_watch *watch);

static void looked(struct job *job, enum pk_status status)
{
    const struct look *look = (const struct look *)job;
    struct account_watch *watch = look->watch;
    uint64_t number = watch->begun;

    watch->look = NULL;
    tell(look, status);
    if (watch->due && watch->being_written) { /* the next one comes when it is whole */
        watch->due = false;
        number++;
    } else if (watch->due) {
        begin_look(watch);
    }
    if (watch->setup.reached)
        watch->setup.reached(watch->setup.data, number);
}

/* What changes from now on, the one in progress may not see. */
static void begin_look(struct account_watch *watch)
{
    static const struct job_step steps[] = {{JOB_WORKER, look_at_file}, {0}};
    static const struct job_plan plan = {steps, looked, look_release};

    watch->due = true;
    if (watch->look)
        return;
    watch->look = look_new(watch);
    if (!watch->look) {
        log_failure(PK_NO_MEMORY); /* still due, with the next call */
        return;
    }
    watch->due = false;
    watch->begun++;
    job_start(watch->setup.jobs, &watch->look->job, &plan, JOB_DAEMON);
}

/* Before anybody is answered. */
static enum pk_status look_at_once(struct account_watch *watch)
{
    struct look *look = look_new(watch);

    if (!look)
        return PK_NO_MEMORY;
    tell(look, look_at_file(&look->job));
    look_release(&look->job);
    return PK_OK;
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

uint64_t account_watch_catch_up(struct account_watch *watch)
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
    if ((look || (watch->due && !watch->look)) && !watch->being_written)
        begin_look(watch);
    if (!watch->look && !watch->due)
        return 0;
    return watch->begun + watch->due;
}

static void on_change(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    (void)account_watch_catch_up(data);
}

/* --- the name service ------------------------------------------------------------------------- */

static enum pk_status ask_about(const struct look *look, const struct account_states *states)
{
    const struct pk_strings nobody = {0};
    const struct presence here = {.file = &look->file, .removed = &nobody};
    PK_AUTO_FREE enum name_answer *answers = calloc(states->count + 1, sizeof(*answers));
    size_t asked = 0;

    if (!answers)
        return PK_NO_MEMORY;
    for (size_t i = 0; i < states->count; i++) {
        const struct account *account = &states->items[i].account;

        if (!presence_is_elsewhere(&here, account))
            continue;
        answers[i] = system_account_ask(account->name, account->uid);
        asked++;
    }
    if (asked == 0)
        return PK_OK;
    return judge_and_store(
        look->setup.store, states,
        &(struct presence){.removed = &nobody, .answers = answers, .now = pk_clock_now()}, NULL,
        ": the name service has not known it for a week");
}

static enum pk_status ask_name_service(struct job *job)
{
    struct look *look = (struct look *)job;
    struct store *store = look->setup.store;
    AUTO_ACCOUNT_STATES struct account_states states = {0};
    enum pk_status status;

    if (password_file_read(look->setup.password_file, &look->file) != PK_OK)
        return PK_OK;
    status = store->verbs->accounts(store, &states);
    if (status == PK_OK)
        status = ask_about(look, &states);
    if (status != PK_OK)
        log_failure(status);
    return status;
}

static void asked(struct job *job, enum pk_status status)
{
    const struct look *look = (const struct look *)job;

    (void)status; /* logged */
    look->watch->asking = NULL;
}

static void ask(struct account_watch *watch)
{
    static const struct job_step steps[] = {{JOB_WORKER, ask_name_service}, {0}};
    static const struct job_plan plan = {steps, asked, look_release};

    if (watch->asking)
        return;
    watch->asking = look_new(watch);
    if (watch->asking)
        job_start(watch->setup.jobs, &watch->asking->job, &plan, JOB_DAEMON);
}

void account_watch_look(struct account_watch *watch)
{
    watch->being_written = false; /* whoever began to write a day ago has left it so */
    begin_look(watch);
    ask(watch);
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
    if (status == PK_OK) /* after the folder is watched: nothing is missed in between */
        status = look_at_once(watch);
    if (status != PK_OK) {
        account_watch_free(watch);
        return status;
    }
    ask(watch);
    *ret = watch;
    return PK_OK;
}

void account_watch_free(struct account_watch *watch)
{
    if (watch->look)
        job_cancel(&watch->look->job);
    if (watch->asking)
        job_cancel(&watch->asking->job);
    if (watch->on_change)
        event_free(watch->on_change);
    if (watch->on_day)
        event_free(watch->on_day);
    if (watch->inotify >= 0)
        (void)close(watch->inotify);
    free(watch->name);
    free(watch);
}
