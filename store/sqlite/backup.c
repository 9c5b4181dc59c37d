/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/sqlite/backup.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/reader.h"
#include "common/base/text.h"
#include "store/sqlite/commit.h"
#include "store/sqlite/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* SQLite's file format, section 1.3. */
#define RESTORE_TRIES    16 /* each some milliseconds, and what others commit meanwhile ends one */
#define FILE_HEADER_SIZE 100
#define PAGE_SIZE_AT     16 /* 1: 65,536 */
#define PAGE_COUNT_AT    28
#define WRITE_VERSION_AT 18 /* and the next: 2 with a write-ahead log, 1 without */

static void close_database(sqlite3 **db)
{
    (void)sqlite3_close(*db);
}
#define AUTO_DATABASE __attribute__((cleanup(close_database)))

static void free_text(char **text)
{
    sqlite3_free(*text);
}
#define AUTO_SQLITE_TEXT __attribute__((cleanup(free_text)))

static enum pk_status failed(sqlite3 *db, const char *doing)
{
    store_set_error("%s: %s", doing, db ? sqlite3_errmsg(db) : "out of memory");
    return db && sqlite3_errcode(db) != SQLITE_NOMEM ? PK_STORAGE : PK_NO_MEMORY;
}

static enum pk_status run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? PK_OK : failed(db, sql);
}

/* --- values ----------------------------------------------------------------------------------- */

/* The first column of the first row, as text from sqlite3_mprintf(); NULL: there is none. */
static enum pk_status query_text(sqlite3 *db, const char *sql, char **ret)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    char *text = NULL;

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL) {
        text = sqlite3_mprintf("%s", sqlite3_column_text(statement, 0));
        code = text ? SQLITE_ROW : SQLITE_NOMEM;
    }
    (void)sqlite3_finalize(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        sqlite3_free(text);
        return failed(db, sql);
    }
    *ret = text;
    return PK_OK;
}

static enum pk_status query_size(sqlite3 *db, const char *sql, size_t *ret)
{
    AUTO_SQLITE_TEXT char *text = NULL;
    enum pk_status status = query_text(db, sql, &text);

    if (status == PK_OK)
        *ret = text ? strtoul(text, NULL, 10) : 0;
    return status;
}

static enum pk_status count(sqlite3 *db, struct backup_counts *ret)
{
    struct backup_counts counts = {0};
    enum pk_status status = query_size(db, "SELECT count(*) FROM main.account", &counts.accounts);

    if (status == PK_OK)
        status = query_size(db, "SELECT count(*) FROM main.credential", &counts.passkeys);
    if (status == PK_OK)
        status =
            query_size(db, "SELECT count(DISTINCT account) FROM main.recovery_code", &counts.codes);
    if (status == PK_OK)
        status = query_size(db,
                            "SELECT (SELECT count(*) FROM main.api_key) + "
                            "(SELECT count(*) FROM main.signing_key)",
                            &counts.keys);
    if (status == PK_OK)
        *ret = counts;
    return status;
}

/* --- images ----------------------------------------------------------------------------------- */

/* A database in memory. schema: that of the image, attached as that name; NULL: the main one. */
static enum pk_status load(sqlite3 *db, const char *schema, struct pk_view image)
{
    uint8_t *copy;

    if (image.len < FILE_HEADER_SIZE) {
        store_set_error("not a database of passkeyd");
        return PK_INVALID_INPUT;
    }
    copy = sqlite3_malloc64(image.len);
    if (!copy)
        return PK_NO_MEMORY;
    (void)memcpy(copy, image.ptr, image.len);
    /* There is no log beside a database in memory. */
    copy[WRITE_VERSION_AT] = copy[WRITE_VERSION_AT + 1] = 1;
    return sqlite3_deserialize(db, schema, copy, (sqlite3_int64)image.len, (sqlite3_int64)image.len,
                               SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) ==
                   SQLITE_OK
               ? PK_OK
               : failed(db, "loading an image");
}

static enum pk_status open_in_memory(sqlite3 **ret)
{
    static const char settings[] = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; "
                                   "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;";
    enum pk_status status;

    if (sqlite3_open_v2(":memory:", ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        return failed(*ret, "a database in memory");
    (void)sqlite3_db_config(*ret, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    status = run(*ret, settings);
    return status;
}

/* Of one moment: what others commit meanwhile is not in it. */
static enum pk_status take_image(sqlite3 *db, struct pk_bytes *ret)
{
    sqlite3_int64 size = 0;
    unsigned char *image = sqlite3_serialize(db, "main", &size, 0);
    enum pk_status status;

    if (!image)
        return failed(db, "making an image");
    status = pk_bytes_copy((struct pk_view){image, (size_t)size}, ret);
    explicit_bzero(image, (size_t)size); /* it may hold private keys */
    sqlite3_free(image);
    return status;
}

static enum pk_status invalid(const char *why)
{
    store_set_error("%s", why);
    return PK_INVALID_INPUT;
}

static enum pk_status expect(sqlite3 *db, const char *sql, const char *wanted, const char *why)
{
    AUTO_SQLITE_TEXT char *found = NULL;
    enum pk_status status = query_text(db, sql, &found);

    /* Whatever SQLite finds wrong with it, the image is what is damaged. */
    if (status == PK_STORAGE)
        return invalid(why);
    if (status == PK_OK && (!found || strcmp(found, wanted) != 0))
        return invalid(why);
    return status;
}

#define SCHEMA                                                                                     \
    "SELECT group_concat(type || name || tbl_name || sql, char(10)) FROM "                         \
    "(SELECT * FROM main.sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name)"

/* The tables must be those that this version of the schema has, and nothing else. */
static enum pk_status check_schema(sqlite3 *db, size_t version)
{
    AUTO_DATABASE sqlite3 *fresh = NULL;
    AUTO_SQLITE_TEXT char *wanted = NULL;
    enum pk_status status = open_in_memory(&fresh);

    for (size_t i = 0; i < version && status == PK_OK; i++)
        status = run(fresh, store_schema_steps[i]);
    if (status == PK_OK)
        status = query_text(fresh, SCHEMA, &wanted);
    if (status != PK_OK)
        return status;
    return expect(db, SCHEMA, wanted ? wanted : "", "its tables are not those of passkeyd");
}

static enum pk_status check_version(sqlite3 *db, size_t *ret)
{
    AUTO_SQLITE_TEXT char *application = sqlite3_mprintf("%d", STORE_APPLICATION_ID);
    enum pk_status status;

    if (!application)
        return PK_NO_MEMORY;
    status = expect(db, "PRAGMA main.application_id", application, "not a database of passkeyd");
    if (status == PK_OK)
        status = query_size(db, "PRAGMA main.user_version", ret);
    if (status == PK_OK && *ret > store_schema_version) {
        store_set_error("made by a newer version of passkeyd (schema %zu; this one has %zu)", *ret,
                        store_schema_version);
        return PK_UNSUPPORTED;
    }
    return status == PK_OK && *ret == 0 ? invalid("not a database of passkeyd") : status;
}

static enum pk_status migrate(sqlite3 *db, size_t version)
{
    PK_AUTO_FREE char *pragma = pk_text_format("PRAGMA user_version = %zu", store_schema_version);
    enum pk_status status = pragma ? PK_OK : PK_NO_MEMORY;

    for (; version < store_schema_version && status == PK_OK; version++)
        status = run(db, store_schema_steps[version]);
    return status == PK_OK ? run(db, pragma) : status;
}

/* To SQLite what is missing at the end is zeros. */
static enum pk_status check_size(struct pk_view image)
{
    struct pk_reader reader = pk_reader_new(image);
    uint64_t page, pages;

    (void)pk_reader_take(&reader, PAGE_SIZE_AT);
    page = pk_reader_u16(&reader);
    (void)pk_reader_take(&reader, PAGE_COUNT_AT - PAGE_SIZE_AT - 2);
    pages = pk_reader_u32(&reader);
    if (reader.status != PK_OK || (page == 1 ? 65536 : page) * pages != image.len)
        return invalid("the database is not whole");
    return PK_OK;
}

/* Checks everything before anything of it is believed, and brings it to this schema. */
static enum pk_status open_image(struct pk_view image, sqlite3 **ret)
{
    AUTO_DATABASE sqlite3 *db = NULL;
    size_t version = 0, wrong = 0;
    enum pk_status status = check_size(image);

    if (status == PK_OK)
        status = open_in_memory(&db);
    if (status == PK_OK)
        status = load(db, "main", image);
    if (status == PK_OK)
        status = check_version(db, &version);
    if (status == PK_OK)
        status = expect(db, "PRAGMA main.integrity_check(1)", "ok", "the database is damaged");
    if (status == PK_OK)
        status = check_schema(db, version);
    if (status == PK_OK)
        status = migrate(db, version);
    if (status == PK_OK)
        status = query_size(db, "SELECT count(*) FROM pragma_foreign_key_check", &wrong);
    if (status == PK_OK && wrong > 0)
        status = invalid("a row refers to one that is not there");
    if (status != PK_OK)
        return status;
    *ret = db;
    db = NULL;
    return PK_OK;
}

/* --- backup ----------------------------------------------------------------------------------- */

/* What is of this host and this moment alone. */
#define FORGET_HERE                                                                                \
    "DELETE FROM main.ticket; DELETE FROM main.recovery_code; DELETE FROM main.decision;"

enum pk_status store_sqlite_backup(struct store *base, bool with_keys, struct pk_bytes *ret,
                                   struct backup_counts *ret_counts)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    sqlite3 *live = store_connection(store);
    AUTO_DATABASE sqlite3 *db = NULL;
    PK_AUTO_BYTES struct pk_bytes image = {0};
    struct backup_counts counts = {0};
    enum pk_status status = live ? take_image(live, &image) : PK_STORAGE;

    if (status == PK_OK)
        status = open_image(pk_view_of(&image), &db);
    /* Of one's own store: it is the disk. */
    if (status == PK_INVALID_INPUT || status == PK_UNSUPPORTED)
        status = PK_STORAGE;
    pk_bytes_clear(&image);
    if (status == PK_OK)
        status = count(db, &counts);
    if (status == PK_OK)
        status = run(db, FORGET_HERE);
    if (status == PK_OK && !with_keys) {
        counts.keys = 0;
        status = run(db, "DELETE FROM main.api_key; DELETE FROM main.signing_key");
    }
    /* Nothing of what was deleted is left in free pages. */
    if (status == PK_OK)
        status = run(db, "VACUUM");
    if (status == PK_OK)
        status = take_image(db, ret);
    if (status == PK_OK)
        *ret_counts = counts;
    return status;
}

/* --- restore ---------------------------------------------------------------------------------- */

/* Passkeys, and API keys, which are made void by removing them. */
#define RETURNING                                                                                  \
    "SELECT a.name || ': ' || c.name FROM main.credential c JOIN main.account a "                  \
    "ON a.id = c.account WHERE c.credential_id NOT IN (SELECT credential_id FROM now.credential) " \
    "UNION ALL SELECT k.rp || ': API key ' || k.name FROM main.api_key k "                         \
    "WHERE k.id NOT IN (SELECT id FROM now.api_key) ORDER BY 1"

static enum pk_status name_returning(sqlite3 *db, struct pk_strings *ret)
{
    sqlite3_stmt *statement = NULL;
    enum pk_status status = PK_OK;
    int code = sqlite3_prepare_v2(db, RETURNING, -1, &statement, NULL);

    while (code == SQLITE_OK && status == PK_OK && ret->count < RESTORE_NAMES_MAX &&
           (code = sqlite3_step(statement)) == SQLITE_ROW) {
        status = pk_strings_add(ret, (const char *)sqlite3_column_text(statement, 0));
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(statement);
    if (status != PK_OK)
        return status;
    return code == SQLITE_OK || code == SQLITE_DONE ? PK_OK : failed(db, "comparing");
}

/* db: the image, with the store's present content as "now". */
static enum pk_status compare(sqlite3 *db, struct restore_report *report)
{
    enum pk_status status = count(db, &report->counts);

    if (status == PK_OK)
        status = query_size(db,
                            "SELECT (SELECT count(*) FROM now.credential) + "
                            "(SELECT count(*) FROM now.api_key) + "
                            "(SELECT count(*) FROM now.signing_key)",
                            &report->present);
    if (status == PK_OK)
        status = query_size(db, "SELECT count(*) FROM (" RETURNING ")", &report->returning);
    if (status == PK_OK)
        status = query_size(db,
                            "SELECT count(*) FROM now.credential WHERE credential_id NOT IN "
                            "(SELECT credential_id FROM main.credential)",
                            &report->lost);
    return status == PK_OK ? name_returning(db, &report->returning_names) : status;
}

/*
 * What the store's row of an account has, by the account: of the same name and uid, and living in
 * both.
 */
#define SAME_ACCOUNT                                                                               \
    "  JOIN main.account m ON m.rp = n.rp AND m.name = n.name AND m.uid = n.uid "                  \
    "  AND m.orphaned = 0 WHERE n.orphaned = 0;"

/*
 * What can be used once, and what the image left out, goes on as it is now. A transaction is one an
 * id: users who have come since are brought along where they had some, with no passkey.
 */
static enum pk_status carry_over(sqlite3 *db, const struct backup_counts *image)
{
    static const char once[] = FORGET_HERE
        /* Accounts that have gone since stay gone, whoever has their name and uid now. */
        "UPDATE main.account SET orphaned = (SELECT n.orphaned FROM now.account n "
        "  WHERE n.rp = account.rp AND n.user_handle = account.user_handle) "
        "  WHERE orphaned = 0 AND EXISTS (SELECT 1 FROM now.account n WHERE n.rp = account.rp "
        "  AND n.user_handle = account.user_handle AND n.orphaned <> 0);"
        "INSERT INTO main.ticket SELECT * FROM now.ticket;"
        "INSERT INTO main.recovery_code (account, position, salt, hash, scheme) "
        "  SELECT m.id, r.position, r.salt, r.hash, r.scheme FROM now.recovery_code r "
        "  JOIN now.account n ON n.id = r.account " SAME_ACCOUNT
        "INSERT INTO main.decision (id, account, made, approved, enrollment, times, context, "
        "  passkey, credential_id) SELECT d.id, m.id, d.made, d.approved, d.enrollment, d.times, "
        "  d.context, d.passkey, d.credential_id FROM now.decision d "
        "  JOIN now.account n ON n.id = d.account " SAME_ACCOUNT
        "DELETE FROM main.decision WHERE account NOT IN (SELECT account FROM main.credential);"
        "INSERT OR IGNORE INTO main.account (rp, name, uid, user_handle, listed, missing_looks, "
        "  missing_last, orphaned, user_name, display_name, icon, created) "
        "  SELECT rp, name, uid, user_handle, listed, missing_looks, missing_last, orphaned, "
        "  user_name, display_name, icon, created FROM now.account n "
        "  WHERE EXISTS (SELECT 1 FROM now.user_transaction t WHERE t.account = n.id);"
        "INSERT OR IGNORE INTO main.user_transaction (rp, id, account, data, created) "
        "  SELECT t.rp, t.id, m.id, t.data, t.created FROM now.user_transaction t "
        "  JOIN now.account n ON n.id = t.account " SAME_ACCOUNT;
    static const char keys[] = "INSERT INTO main.api_key SELECT * FROM now.api_key;"
                               "INSERT INTO main.signing_key SELECT * FROM now.signing_key;";
    enum pk_status status = run(db, once);

    return status == PK_OK && image->keys == 0 ? run(db, keys) : status;
}

/* The image, what is in the store, and how they differ. */
static enum pk_status prepare(const struct restore_wish *wish, struct pk_view present,
                              sqlite3 **ret, struct restore_report *report)
{
    AUTO_DATABASE sqlite3 *db = NULL;
    enum pk_status status = open_image(wish->image, &db);

    if (status == PK_OK)
        status = run(db, "ATTACH ':memory:' AS now");
    if (status == PK_OK)
        status = load(db, "now", present);
    if (status == PK_OK)
        status = compare(db, report);
    if (status == PK_OK && report->present > 0 && !wish->replace)
        status = PK_EXISTS;
    if (status == PK_OK)
        status = carry_over(db, &report->counts);
    if (status == PK_OK)
        status = run(db, "DETACH now");
    if (status != PK_OK)
        return status;
    *ret = db;
    db = NULL;
    return PK_OK;
}

/* The content as it was, in a file of its own that only the daemon's user reads. */
static enum pk_status keep(const struct sqlite_store *store, struct pk_view present, char **ret)
{
    time_t now = (time_t)pk_clock_now();
    struct tm when;
    char stamp[sizeof("20261128T235959Z")] = "";
    PK_AUTO_FREE char *path = NULL;
    PK_AUTO_CLOSE int fd = -1;

    if (gmtime_r(&now, &when))
        (void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &when);
    path = pk_text_format("%s.before-restore-%s", store->path, stamp);
    if (!path)
        return PK_NO_MEMORY;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || pk_write_all(fd, present) != PK_OK || fsync(fd) < 0) {
        store_set_error("%s: %s", path, strerror(errno));
        return PK_STORAGE;
    }
    *ret = pk_steal(path);
    return PK_OK;
}

/* Changes with each commit of another connection. */
static enum pk_status data_version(sqlite3 *live, size_t *ret)
{
    return query_size(live, "PRAGMA main.data_version", ret);
}

/*
 * One transaction: whoever reads sees the one or the other. PK_BUSY: something was committed since
 * the content was looked at, which would be undone, so that a code that was used up is good again.
 */
static enum pk_status put(struct sqlite_store *store, sqlite3 *live, sqlite3 *from, size_t seen)
{
    enum pk_status status = commit_begin(store);
    sqlite3_backup *copying;
    uint64_t number;
    size_t now = 0;
    int code;

    if (status != PK_OK)
        return status;
    status = data_version(live, &now);
    if (status == PK_OK && now != seen)
        status = PK_BUSY;
    if (status != PK_OK) {
        (void)commit_end(store);
        return status;
    }
    copying = sqlite3_backup_init(live, "main", from, "main");
    code = copying ? sqlite3_backup_step(copying, -1) : SQLITE_ERROR;
    if (copying)
        (void)sqlite3_backup_finish(copying);
    number = commit_end(store);
    return code == SQLITE_DONE ? commit_sync(store, live, number)
                               : failed(live, "putting an image");
}

/* PK_BUSY: nothing was done; see put(). */
static enum pk_status restore_once(struct sqlite_store *store, const struct restore_wish *wish,
                                   struct restore_report *ret)
{
    sqlite3 *live = store_connection(store);
    AUTO_DATABASE sqlite3 *db = NULL;
    PK_AUTO_BYTES struct pk_bytes present = {0};
    __attribute__((cleanup(restore_report_clear))) struct restore_report report = {0};
    size_t seen = 0;
    enum pk_status status = live ? data_version(live, &seen) : PK_STORAGE;

    if (status == PK_OK)
        status = take_image(live, &present);
    if (status == PK_OK)
        status = prepare(wish, pk_view_of(&present), &db, &report);
    if (status == PK_OK && !wish->dry_run && report.present > 0)
        status = keep(store, pk_view_of(&present), &report.kept);
    if (status == PK_OK && !wish->dry_run)
        status = put(store, live, db, seen);
    if (status == PK_BUSY && report.kept)
        (void)unlink(report.kept);
    if (status != PK_OK && status != PK_EXISTS)
        return status;
    *ret = report;
    report = (struct restore_report){0};
    return status;
}

enum pk_status store_sqlite_restore(struct store *base, const struct restore_wish *wish,
                                    struct restore_report *ret)
{
    enum pk_status status = PK_BUSY;

    for (unsigned i = 0; i < RESTORE_TRIES && status == PK_BUSY; i++)
        status = restore_once((struct sqlite_store *)base, wish, ret);
    return status == PK_BUSY ? invalid("passkeyd is used all the time; try it again") : status;
}
