/* SPDX-License-Identifier: BSD-2-Clause */
/* Manager1.Backup and Restore: the whole store as an image, and an image in its place. */
#include "store/backup.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/base/log.h"
#include "common/bus/names.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/auth/decision.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/bus/request.h"
#include "daemon/bus/sealed.h"
#include "daemon/daemon.h"
#include "store/sqlite/schema.h"

#include <event2/event.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct backup {
    struct request request;
    bool with_keys, replace, dry_run;
    bool restored; /* the store is another; and the log says so, however the call ends */
    struct pk_bytes image;
    int fd; /* of the memfd that the image is handed out in, or -1 */
    struct backup_counts counts;
    struct restore_report report;
    char why[STORE_ERROR_SIZE]; /* of a store's status that is no PK_STORAGE */
};

static void restored(const struct request *request, const struct call *call);

static void backup_clear(struct request *request)
{
    struct backup *backup = (struct backup *)request;

    /* Who called has left the bus meanwhile: the store is another all the same. */
    if (request_call(request) && backup->restored)
        restored(request, request_call(request));
    if (backup->fd >= 0)
        (void)close(backup->fd);
    /* It may hold private keys. */
    if (backup->image.data)
        explicit_bzero(backup->image.data, backup->image.len);
    pk_bytes_clear(&backup->image);
    restore_report_clear(&backup->report);
}

static void log_done(const struct call *call, const char *what)
{
    PK_AUTO_FREE char *by = decision_caller(call, NULL);

    pk_log(LOG_NOTICE, "[%s] %s, %s", call->id, what, by ? by : "?");
}

static void fail(const struct request *request, struct call *call, enum pk_status status)
{
    if (status == PK_STORAGE)
        pk_log(LOG_ERR, "[%s] store: %s", call->id, request->store_error);
    reply_subject_error(call, status);
}

/* --- backup ----------------------------------------------------------------------------------- */

static enum pk_status make_image(struct job *job)
{
    struct backup *backup = (struct backup *)job;
    struct store *store = backup->request.daemon->store;
    enum pk_status status =
        request_stored(&backup->request, store->verbs->backup(store, backup->with_keys,
                                                              &backup->image, &backup->counts));

    if (status != PK_OK)
        return status;
    /* Up to PK_BACKUP_IMAGE_MAX bytes, whose copy would hold up the loop. */
    backup->fd = sealed_new(pk_view_of(&backup->image));
    return backup->fd >= 0 ? PK_OK : PK_NO_MEMORY;
}

static json_t *counts_json(const struct backup_counts *counts)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "accounts", (json_int_t)counts->accounts, "passkeys",
                     (json_int_t)counts->passkeys, "recoveryCodeAccounts",
                     (json_int_t)counts->codes, "keys", (json_int_t)counts->keys);
}

static void answer_image(struct request *request, struct call *call, enum pk_status status)
{
    struct backup *backup = (struct backup *)request;
    struct value result = value_body();
    PK_AUTO_FREE char *text = NULL;
    json_t *about;

    if (status != PK_OK && status != PK_NO_MEMORY) {
        fail(request, call, status);
        return;
    }
    about = status == PK_OK ? counts_json(&backup->counts) : NULL;
    if (about) {
        (void)json_object_set_new(about, "made", json_integer((json_int_t)pk_clock_now()));
        (void)json_object_set_new(about, "schema", json_integer((json_int_t)store_schema_version));
    }
    text = json_text(about);
    if (!text) {
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "out of memory or descriptors; try again in a moment");
        return;
    }
    log_done(call,
             backup->with_keys ? "backup made, with the keys of applications" : "backup made");
    value_add_fd(&result, backup->fd);
    backup->fd = -1; /* moved */
    value_add_text(&result, 's', text);
    call_reply(call, &result);
}

void manager_backup(struct daemon *daemon, struct call *call)
{
    static const struct member members[] = {{"withKeys", "b", 0}};
    static const struct job_step steps[] = {{JOB_WORKER, make_image}, {0}};
    static const struct request_plan plan = {steps, answer_image, backup_clear};
    const struct value *options = &call->arguments.items[0];
    struct backup *backup;

    if (!call_check(call, options, members, COUNT(members)))
        return;
    backup = calloc(1, sizeof(*backup));
    if (backup) {
        backup->fd = -1;
        backup->with_keys = value_find_number(options, "withKeys") != 0;
    }
    request_start(daemon, call, (struct request *)backup, &plan);
}

/* --- restore ---------------------------------------------------------------------------------- */

static enum pk_status put_image(struct job *job)
{
    struct backup *backup = (struct backup *)job;
    struct store *store = backup->request.daemon->store;
    struct restore_wish wish = {.replace = backup->replace, .dry_run = backup->dry_run};
    enum pk_status status = sealed_map(request_call(&backup->request)->arguments.items[0].fd,
                                       PK_BACKUP_IMAGE_MAX, &wish.image);

    if (status != PK_OK) {
        (void)snprintf(backup->why, sizeof(backup->why), "a sealed memfd is expected");
        return PK_INVALID_INPUT;
    }
    status = request_stored(&backup->request, store->verbs->restore(store, &wish, &backup->report));
    if (status == PK_INVALID_INPUT || status == PK_UNSUPPORTED)
        (void)snprintf(backup->why, sizeof(backup->why), "%s", store_error());
    sealed_unmap(&wish.image);
    backup->restored = status == PK_OK && !backup->dry_run;
    return status;
}

static json_t *report_json(const struct restore_report *report)
{
    json_t *object = counts_json(&report->counts);
    json_t *names = json_array();

    for (size_t i = 0; names && i < report->returning_names.count; i++)
        (void)json_array_append_new(names, json_string(report->returning_names.items[i]));
    if (!object || !names ||
        json_object_update_new(
            object, json_pack("{s:I, s:I, s:I, s:s*}", "present", (json_int_t)report->present,
                              "returning", (json_int_t)report->returning, "lost",
                              (json_int_t)report->lost, "kept", report->kept)) < 0) {
        json_decref(object);
        json_decref(names);
        return NULL;
    }
    (void)json_object_set_new(object, "returningNames", names);
    (void)json_object_set_new(object, "pid", json_integer((json_int_t)getpid()));
    return object;
}

static void end_daemon(evutil_socket_t fd, short events, void *data)
{
    (void)fd, (void)events, (void)data;
    (void)kill(getpid(), SIGTERM);
}

/*
 * What was read of the store when the daemon started, its RP id and its keys, is another's now: it
 * ends when the answer is out, and the next call starts it.
 */
static void end_soon(const struct daemon *daemon)
{
    static const struct timeval soon = {0, 100000};

    if (event_base_once(daemon->base, -1, EV_TIMEOUT, end_daemon, NULL, &soon) < 0)
        end_daemon(-1, 0, NULL);
}

static void restored(const struct request *request, const struct call *call)
{
    log_done(call, "BACKUP RESTORED in the place of the store; ending, to begin with it");
    end_soon(request->daemon);
}

static void answer_restored(struct request *request, struct call *call, enum pk_status status)
{
    const struct backup *backup = (struct backup *)request;
    PK_AUTO_FREE char *text = NULL;
    struct value result = value_body();

    if (status == PK_INVALID_INPUT || status == PK_UNSUPPORTED) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "the backup cannot be restored, and nothing was changed: %s", backup->why);
        return;
    }
    if (status == PK_EXISTS) {
        call_fail(call, PK_BUS_ERROR_EXISTS,
                  "passkeyd on this host holds %zu passkeys and keys already, and nothing was "
                  "changed; --replace puts the backup in their place",
                  backup->report.present);
        return;
    }
    if (status != PK_OK) {
        fail(request, call, status);
        return;
    }
    if (backup->restored)
        restored(request, call);
    text = json_text(report_json(&backup->report));
    if (!text) {
        call_fail(call, PK_BUS_ERROR_INTERNAL, "passkeyd has no memory left to say what it did");
        return;
    }
    value_add_text(&result, 's', text);
    call_reply(call, &result);
}

void manager_restore(struct daemon *daemon, struct call *call)
{
    static const struct member members[] = {{"replace", "b", 0}, {"dryRun", "b", 0}};
    static const struct job_step steps[] = {{JOB_WORKER, put_image}, {0}};
    static const struct request_plan plan = {steps, answer_restored, backup_clear};
    const struct value *options = &call->arguments.items[1];
    struct backup *backup;

    if (!call_check(call, options, members, COUNT(members)))
        return;
    backup = calloc(1, sizeof(*backup));
    if (backup) {
        backup->fd = -1;
        backup->replace = value_find_number(options, "replace") != 0;
        backup->dry_run = value_find_number(options, "dryRun") != 0;
    }
    request_start(daemon, call, (struct request *)backup, &plan);
}
