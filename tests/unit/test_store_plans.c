/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SQLite looks no table through for a statement of the store, but for those that say here why. All
 * are run, and each that the sources have is looked for among them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/terms.h"
#include "common/base/text.h"
#include "store/sqlite/backup.h"
#include "store/sqlite/directory.h"
#include "tests/unit/store_fixture.h"

#include <ctype.h>
#include <glob.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A statement that has that text may have that step. */
static const struct {
    const char *statement;
    const char *step;
    const char *why;
} allowed[] = {
    {"FROM sqlite_schema", "SCAN sqlite_master", "a row for each table"},
    {" main.", "SCAN ", "an image is counted, compared and carried over as a whole, in memory"},
    {" now.", "SCAN ", "the same of what the store holds meanwhile"},
    {"pragma_foreign_key_check", "SCAN pragma_foreign_key_check", "every row of an image"},
    {"INSERT INTO account_", "SCAN account", "a step of the schema, once"},
    {"FROM account WHERE orphaned = 0 AND uid <> 4294967295 ORDER BY id",
     "SCAN account USING INDEX account_system", "all system accounts, of an index of no others"},
    {"JOIN account a ON a.id = c.account WHERE 1 ORDER", "SCAN ", "everybody's: root's List"},
    {"JOIN account a ON a.id = c.account WHERE 1 AND a.orphaned = 0 ORDER", "SCAN ", "the same"},
    {"a.id GROUP BY a.rp", "SCAN a USING INDEX account_name",
     "the same: Status, account by account"},
    {"count(*) FROM credential c JOIN account a ON a.id = c.account WHERE 1", "SCAN ",
     "everybody's are counted"},
    {"FROM directory_told WHERE text", "SCAN directory_told", "a hundred sentences"},
    {"FROM directory_told ORDER BY id DESC", "SCAN directory_told", "a hundred sentences"},
};

/* --- what is run ------------------------------------------------------------------------------ */

static struct {
    struct pk_strings statements; /* each once */
    struct pk_strings scans;      /* "STATEMENT: STEP", of those that are not allowed */
    bool explaining, failed;
} seen;

static bool is_allowed(const char *statement, const char *step)
{
    if (strstr(step, "CONSTANT ROW"))
        return true;
    for (size_t i = 0; i < COUNT(allowed); i++)
        if (strstr(statement, allowed[i].statement) &&
            strncmp(step, allowed[i].step, strlen(allowed[i].step)) == 0)
            return true;
    return false;
}

static void explain(sqlite3 *db, const char *statement)
{
    PK_AUTO_FREE char *sql = pk_text_format("EXPLAIN QUERY PLAN %s", statement);
    sqlite3_stmt *plan = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &plan, NULL) != SQLITE_OK)
        return; /* a PRAGMA, or the like */
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(plan, 3);

        if (strncmp(step, "SCAN ", 5) == 0 && !is_allowed(statement, step)) {
            PK_AUTO_FREE char *line = pk_text_format("%s: %s", statement, step);

            seen.failed |= pk_strings_add(&seen.scans, line) != PK_OK;
        }
    }
    (void)sqlite3_finalize(plan);
}

/* Each statement as it is begun, those within sqlite3_exec() too; of triggers there are none. */
static int on_statement(unsigned kind, void *data, void *statement, void *text)
{
    const char *sql = sqlite3_sql(statement);

    (void)kind, (void)text;
    if (seen.explaining || !sql || pk_strings_include(&seen.statements, sql))
        return 0;
    seen.failed |= pk_strings_add(&seen.statements, sql) != PK_OK;
    seen.explaining = true;
    explain(data, sql);
    seen.explaining = false;
    return 0;
}

static int on_open(sqlite3 *db, const char **ret_why, const struct sqlite3_api_routines *routines)
{
    (void)ret_why, (void)routines;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, on_statement, db);
}

static int set_up_traced(void **state)
{
    (void)sqlite3_auto_extension((void (*)(void))on_open);
    return set_up(state);
}

static int tear_down_traced(void **state)
{
    sqlite3_reset_auto_extension();
    pk_strings_clear(&seen.statements);
    pk_strings_clear(&seen.scans);
    return tear_down(state);
}

/* --- every verb ------------------------------------------------------------------------------- */

static char rp[] = "default", shop[] = "shop", alice_name[] = "alice", carol_name[] = "carol";
static char word[] = "word", empty[] = "";
static const struct account alice = {.rp = rp, .name = alice_name, .uid = 1000};
static const struct pk_view ticket = {(const uint8_t *)"a ticket's hash, of thirty-two b", 32};

/* All that a filter can be, whether or not anybody has asked for it. */
static void list_all(struct store *store)
{
    static const uid_t uids[] = {1000, PK_NO_UID};

    for (unsigned bits = 0; bits < 1u << 8; bits++) {
        struct credential_filter filter = {
            .rp = bits & 1 ? rp : NULL,
            .account_name = bits & 2 ? alice_name : NULL,
            .uid = bits & 4 ? &uids[bits >> 7 & 1] : NULL,
            .credential_id = bits & 8 ? pk_view_string("a") : (struct pk_view){0},
            .user_handle = bits & 16 ? pk_view_string("handle") : (struct pk_view){0},
            .living = bits & 32,
            .limit = bits & 64 ? 10 : 0,
        };
        size_t count;

        /* Nobody asks for all users of all applications. */
        if (filter.uid == &uids[1] && !filter.rp)
            continue;
        for (enum credential_order order = 0; order <= CREDENTIALS_NEWEST_FIRST; order++) {
            filter.order = order;
            (void)count_of(store, &filter);
        }
        filter.first_factor = bits & 1;
        (void)count_of(store, &filter);
        assert_int_equal(store->verbs->count(store, &filter, &count), PK_OK);
    }
}

static void change_credentials(struct store *store)
{
    const struct pk_view id = pk_view_string("a");
    struct credential_use use = {.when = 2000};
    AUTO_ACCOUNT struct account found = {0};
    int64_t expires;

    assert_int_equal(store->verbs->ticket_add(store, ticket, rp, alice_name, 1000, 5000), PK_OK);
    (void)store->verbs->ticket_check(store, ticket, rp, alice_name, 1000, 1000);
    (void)store->verbs->ticket_find(store, ticket, 1000, &found, &expires);
    AUTO_CREDENTIAL struct credential credential =
        make(account_of(store, rp, alice_name, 1000), "a", "a");

    assert_int_equal(store->verbs->insert(store, &credential, MAX, ticket), PK_OK);
    assert_int_equal(store->verbs->use(store, id, &use), PK_OK);
    use.found_id = pk_view_string("found");
    (void)store->verbs->use(store, id, &use);
    (void)store->verbs->tickets_remove(store, &alice);
    assert_int_equal(store->verbs->rename(store, &alice, id, "b"), PK_OK);
    assert_int_equal(store->verbs->remove(store, &alice, id), PK_OK);
    assert_int_equal(insert(store, alice_name, 1000, "a", "a"), PK_OK);
}

static void change_accounts(struct store *store)
{
    struct recovery_code code = {.scheme = RECOVERY_HMAC}, codes[PK_RECOVERY_CODES];
    struct account_change changes[ACCOUNT_GONE + 1];
    const struct account later = {.rp = rp, .name = alice_name, .uid = 1001};
    PK_AUTO_BYTES struct pk_bytes value = {0};
    size_t count;

    assert_int_equal(store->verbs->recovery_replace(store, &alice, &code, 1), PK_OK);
    assert_int_equal(store->verbs->recovery_list(store, &alice, codes, &count), PK_OK);
    (void)store->verbs->recovery_use(store, &alice, code.hash);
    for (int round = 0; round < 2; round++) {
        AUTO_ACCOUNT_STATES struct account_states states = {0};

        assert_int_equal(store->verbs->accounts(store, &states), PK_OK);
        assert_true(states.count > 0);
        for (enum account_fate fate = 0; fate <= ACCOUNT_GONE; fate++)
            changes[fate] = (struct account_change){states.items[0].id, fate};
        assert_int_equal(
            store->verbs->accounts_update(
                store, &(struct account_changes){changes, COUNT(changes), .key = word}),
            PK_OK);
        if (round == 1)
            (void)account_of(store, rp, alice_name, 1001);
        assert_int_equal(store->verbs->adopt(store, &later, &count), PK_OK);
    }
    assert_int_equal(store->verbs->get(store, word, &value), PK_OK);
    for (int i = 0; i < 2; i++) {
        AUTO_ACCOUNT_HOLDINGS struct account_holdings holdings = {0};

        assert_int_equal(store->verbs->holdings(store, i ? &later.uid : NULL, &holdings), PK_OK);
    }
}

static void change_users(struct store *store)
{
    struct account user = {.rp = shop, .name = carol_name, .uid = PK_NO_UID, .user_name = word};
    const struct user_filter filters[] = {{.rp = shop, .id = carol_name},
                                          {.rp = shop, .user_name = word},
                                          {.rp = shop, .user_handle = pk_view_string("handle")}};
    const struct transaction transaction = {
        .rp = shop, .user = carol_name, .id = word, .data = word, .created = 1000};
    AUTO_TRANSACTION_LIST struct transaction_list transactions = {0};

    assert_int_equal(pk_bytes_copy(pk_view_string("handle"), &user.user_handle), PK_OK);
    for (int i = 0; i < 2; i++) {
        AUTO_ACCOUNT struct account found = {0};

        assert_int_equal(store->verbs->user_put(store, &user, &found), PK_OK);
    }
    pk_bytes_clear(&user.user_handle);
    for (size_t i = 0; i < COUNT(filters); i++) {
        AUTO_ACCOUNT struct account found = {0};
        size_t passkeys;

        assert_int_equal(store->verbs->user_find(store, &filters[i], &found, &passkeys), PK_OK);
    }
    assert_int_equal(store->verbs->transaction_add(store, &transaction), PK_OK);
    assert_int_equal(store->verbs->transaction_list(store, shop, carol_name, &transactions), PK_OK);
}

static void change_keys(struct store *store)
{
    struct api_key api_key = {.rp = shop, .id = word, .name = empty};
    struct signing_key key = {.rp = shop, .kid = word, .algorithm = word, .created = 1000};
    AUTO_API_KEY_LIST struct api_key_list api_keys = {0};
    AUTO_SIGNING_KEY_LIST struct signing_key_list keys = {0};

    assert_int_equal(store->verbs->api_key_add(store, &api_key), PK_OK);
    assert_int_equal(store->verbs->api_key_list(store, shop, &api_keys), PK_OK);
    assert_int_equal(store->verbs->api_key_revoke(store, shop, word), PK_OK);
    assert_int_equal(pk_secret_copy(pk_view_string("{}"), &key.jwk), PK_OK);
    (void)store->verbs->signing_key_add(store, &key, SIGNING_KEY_FIRST, 0);
    (void)store->verbs->signing_key_add(store, &key, SIGNING_KEY_REPLACE, 2000);
    pk_secret_clear(&key.jwk);
    assert_int_equal(store->verbs->signing_key_list(store, shop, 1000, &keys), PK_OK);
}

/* Of one with a passkey, or nothing is written. */
static void keep_decisions(struct store *store)
{
    struct kept_decision decisions[] = {
        {.id = 1, .rp = rp, .name = alice_name, .uid = 1000, .approved = true, .times = 1},
        {.id = 2, .rp = rp, .name = alice_name, .times = 1},
        {.id = 3, .rp = rp, .name = alice_name, .times = 1},
    };
    struct kept_decision_list list = {decisions, COUNT(decisions)}, found = {0};
    int64_t last;

    for (size_t i = 0; i < COUNT(decisions); i++)
        decisions[i].context = empty;
    assert_int_equal(store->verbs->decisions_add(store, &list, COUNT(decisions)), PK_OK);
    assert_int_equal(decisions[2].fate, DECISION_KEPT);
    assert_int_equal(store->verbs->decisions_list(store, &alice, &found), PK_OK);
    kept_decision_list_clear(&found);
    assert_int_equal(store->verbs->decisions_last(store, &last), PK_OK);
}

static void back_up_and_restore(struct store *store)
{
    __attribute__((cleanup(restore_report_clear))) struct restore_report report = {0};
    PK_AUTO_BYTES struct pk_bytes image = {0}, with_keys = {0};
    struct backup_counts counts;

    assert_int_equal(store_sqlite_backup(store, true, &with_keys, &counts), PK_OK);
    assert_int_equal(store_sqlite_backup(store, false, &image, &counts), PK_OK);
    const struct restore_wish wish = {.image = pk_view_of(&image), .replace = true};

    assert_int_equal(store_sqlite_restore(store, &wish, &report), PK_OK);
}

/* Where the store is the cache of a directory. */
static void follow_directory(struct store *store)
{
    static struct account bob = {.name = carol_name, .uid = 1001};
    struct credential first = make(bob, "1", word), second = make(bob, "1", word);
    struct directory_change changes[] = {{DIRECTORY_HAS, pk_view_string("k"), &first},
                                         {DIRECTORY_HAS, pk_view_string("k"), &second},
                                         {DIRECTORY_KEEPS, pk_view_string("k"), NULL},
                                         {DIRECTORY_LACKS, pk_view_string("k"), NULL}};
    AUTO_DIRECTORY_OUTCOME struct directory_outcome outcome = {0};
    AUTO_DIRECTORY_IDS struct directory_ids own = {0}, owed = {0};
    PK_AUTO_BYTES struct pk_bytes key = {0};
    const struct account moved = {.rp = word, .name = carol_name, .uid = 2000};
    struct pk_strings told = {0};
    size_t orphans = 0;
    enum directory_source source;
    int64_t generation = 0;

    assert_int_equal(directory_prepare(store), PK_OK);
    assert_int_equal(directory_begin(store, &generation), PK_OK);
    assert_int_equal(pk_bytes_copy(pk_view_string("h"), &first.record.user_handle), PK_OK);
    second.record.public_key.data[0] ^= 1;
    for (enum directory_source each = DIRECTORY_ENTRIES; each <= DIRECTORY_MAPPINGS; each++)
        assert_int_equal(directory_apply(store,
                                         &(struct directory_changes){
                                             each, generation, changes,
                                             each == DIRECTORY_MAPPINGS ? 2 : COUNT(changes), word},
                                         &outcome),
                         PK_OK);
    /* Of somebody's whose it is not, which is told. */
    assert_int_equal(directory_apply(store,
                                     &(struct directory_changes){DIRECTORY_ENTRIES, generation,
                                                                 &changes[1], 1, word},
                                     &outcome),
                     PK_OK);
    assert_int_equal(directory_sweep(store, DIRECTORY_ENTRIES, generation + 1, &outcome), PK_OK);
    assert_int_equal(directory_find(store, pk_view_string("2"), &source, &key), PK_NOT_FOUND);
    assert_int_equal(directory_own(store, &own), PK_OK);
    assert_int_equal(directory_orphans(store, &moved, &orphans), PK_OK);
    assert_int_equal(directory_bury(store, pk_view_string("3")), PK_OK);
    assert_int_equal(directory_owe(store, pk_view_string("2"), word), PK_OK);
    assert_int_equal(directory_owed(store, word, &owed), PK_OK);
    assert_int_equal(directory_pay(store, pk_view_string("2"), word), PK_OK);
    assert_int_equal(directory_told(store, &told), PK_OK);
    pk_strings_clear(&told);
    first.account = second.account = (struct account){0};
    credential_clear(&first);
    credential_clear(&second);
}

static void run_everything(struct fixture *fixture)
{
    struct store *store = fixture->store;

    change_credentials(store);
    list_all(store);
    keep_decisions(store);
    change_users(store);
    change_keys(store);
    change_accounts(store);
    back_up_and_restore(store);
    follow_directory(store); /* whose tables no image has */
    (void)reopen(fixture);
    assert_false(seen.failed);
}

/* --- the tests -------------------------------------------------------------------------------- */

static void an_index_answers_each(void **state)
{
    run_everything(*state);
    for (size_t i = 0; i < seen.scans.count; i++)
        print_error("looks a table through: %s\n", seen.scans.items[i]);
    assert_int_equal(seen.scans.count, 0);
}

static bool begins_statement(const char *text)
{
    static const char *const verbs[] = {"SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "};

    for (size_t i = 0; i < COUNT(verbs); i++)
        if (strncmp(text, verbs[i], strlen(verbs[i])) == 0)
            return true;
    return false;
}

/* Past white space, comments, and the ends of lines of a macro. */
static const char *skip_gap(const char *at)
{
    for (;;) {
        const char *end = strncmp(at, "/*", 2) == 0 ? strstr(at, "*/") : NULL;

        if (end)
            at = end + 2;
        else if (isspace((unsigned char)*at) || (*at == '\\' && at[1] == '\n'))
            at++;
        else
            return at;
    }
}

/* The literal at that quotation mark with those right after it. */
static const char *read_literal(const char *at, char **ret)
{
    PK_AUTO_FREE char *text = strdup("");

    while (*at == '"') {
        size_t len = 0;
        char *longer;

        for (at++; at[len] && (at[len] != '"' || at[len - 1] == '\\'); len++)
            ;
        longer = pk_text_format("%s%.*s", text, (int)len, at);
        free(text);
        text = longer;
        at = skip_gap(at + len + (at[len] == '"'));
    }
    *ret = pk_steal(text);
    return at;
}

static bool was_run(const char *piece)
{
    for (size_t i = 0; i < seen.statements.count; i++)
        if (strstr(seen.statements.items[i], piece))
            return true;
    return false;
}

/* Between what is put in, and of several statements each. */
static size_t count_missing(char *literal, const char *path)
{
    size_t missing = 0;

    for (char *at = literal; (at = strstr(at, "%s"));)
        at[0] = at[1] = ';';
    for (char *piece = strtok(literal, ";"); piece; piece = strtok(NULL, ";")) {
        while (*piece == ' ')
            piece++;
        for (size_t len = strlen(piece); len > 0 && piece[len - 1] == ' '; len--)
            piece[len - 1] = 0;
        if (was_run(piece))
            continue;
        print_error("%s: no test runs: %s\n", path, piece);
        missing++;
    }
    return missing;
}

static size_t look_through(const char *path, size_t *ret_found)
{
    PK_AUTO_FREE char *source = scratch_read(path, NULL);
    size_t missing = 0;

    for (const char *at = source; (at = strchr(at, '"'));) {
        PK_AUTO_FREE char *literal = NULL;

        at = read_literal(at, &literal);
        if (!begins_statement(literal))
            continue;
        *ret_found += 1;
        missing += count_missing(literal, path);
    }
    return missing;
}

static void the_sources_have_no_other(void **state)
{
    PK_AUTO_FREE char *pattern = pk_text_format("%s/store/sqlite/*.c", getenv("srcdir"));
    size_t found = 0, missing = 0;
    glob_t sources;

    run_everything(*state);
    assert_int_equal(glob(pattern, 0, NULL, &sources), 0);
    for (size_t i = 0; i < sources.gl_pathc; i++)
        if (!strstr(sources.gl_pathv[i], "/schema.c"))
            missing += look_through(sources.gl_pathv[i], &found);
    globfree(&sources);
    assert_true(found > 50);
    assert_int_equal(missing, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up_traced, tear_down_traced)
    const struct CMUnitTest tests[] = {
        TEST(an_index_answers_each),
        TEST(the_sources_have_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
