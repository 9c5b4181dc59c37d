/* SPDX-License-Identifier: BSD-2-Clause */
/* Passkeys of a SQLite store into the directory, and the directory's into such a store. */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "store/backup.h"
#include "store/ldap/search.h"
#include "store/ldap/tool.h"
#include "store/ldap/tool_private.h"
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RP          "default"
#define PROFILE     "/etc/apparmor.d/local/usr.libexec.passkey.passkey-store-ldap"
#define PER_ACCOUNT 1000000 /* passkeys: what is copied was allowed before */

/* --- SQLite stores ---------------------------------------------------------------------------- */

static enum pk_status complain(const char *what, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", what, why);
    return PK_STORAGE;
}

/* Root is denied a folder by AppArmor, or by a file system that does not know this host's root. */
static enum pk_status complain_of_folder(const char *folder)
{
    int why = errno;

    (void)complain(folder, strerror(why));
    if (why == EACCES && getuid() == 0)
        (void)fprintf(stderr, "Where AppArmor is on, another folder than " PK_STATEDIR
                              " needs two lines in\n" PROFILE
                              ", and\n\"apparmor_parser -r\" of the profile: passkeyctl(1) has "
                              "them.\n");
    return PK_STORAGE;
}

enum pk_status tool_open(const char *folder, bool make, struct store **ret)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/passkeyd.db", folder);
    const char *why = NULL;
    struct stat info;
    enum pk_status status;

    if (!path)
        return PK_NO_MEMORY;
    if (stat(path, &info) < 0) {
        if (errno == ENOENT && !make)
            return PK_NOT_FOUND;
        if (errno != ENOENT || stat(folder, &info) < 0)
            return complain_of_folder(folder);
    }
    if (geteuid() == 0 && seteuid(info.st_uid) < 0)
        return complain(folder, strerror(errno));
    status = store_sqlite_open(folder, ret, &why);
    if (status != PK_OK) {
        (void)complain(folder, why);
        (void)!seteuid(getuid());
    }
    return status;
}

void tool_close(struct store *store)
{
    store->verbs->close(store);
    (void)!seteuid(getuid());
}

/* --- the directory ---------------------------------------------------------------------------- */

struct copy {
    const struct ldap_config *config;
    struct ldap_guard *guard;
    struct pk_strings servers;
    struct ldap_link link;
    size_t copied, present, kept, failed;
};

static enum pk_status connect_to_first(struct copy *copy)
{
    PK_AUTO_FREE char *why = NULL;
    enum pk_status status = ldap_servers(copy->config, &copy->servers, &why);

    if (status != PK_OK)
        return complain("the directory", why ? why : "out of memory");
    copy->guard = ldap_guard_new();
    if (!copy->guard)
        return PK_NO_MEMORY;
    for (size_t i = 0; i < copy->servers.count; i++) {
        status = ldap_link_open(&copy->link, copy->guard, copy->config, copy->servers.items[i],
                                pk_clock_monotonic_ms() + TOOL_CALL_MS);
        if (status == PK_OK)
            return PK_OK;
        (void)complain("the directory", copy->link.words);
        ldap_link_close(&copy->link);
    }
    return PK_UNAVAILABLE;
}

static int finish(struct copy *copy, enum pk_status status, const char *where)
{
    ldap_link_close(&copy->link);
    ldap_guard_free(copy->guard);
    pk_strings_clear(&copy->servers);
    if (status != PK_OK && status != PK_STORAGE && status != PK_UNAVAILABLE)
        (void)complain("not finished", pk_status_clause(status));
    printf("%zu added to %s, %zu were there, %zu stay on this host, %zu failed\n", copy->copied,
           where, copy->present, copy->kept, copy->failed);
    return status == PK_OK && copy->failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- push ------------------------------------------------------------------------------------- */

static void say(const struct credential *credential, const char *what)
{
    printf("%s, \"%s\": %s\n", credential->account.name, credential->name, what);
}

/* Whether what has the id there is this passkey. Who may add any could have been faster. */
static enum pk_status is_there(struct copy *copy, const struct credential *credential)
{
    PK_AUTO_FREE char *dn = entry_dn(pk_view_of(&credential->record.id), copy->config->passkeys);
    AUTO_LDAP_MESSAGE LDAPMessage *found = NULL;
    AUTO_CREDENTIAL struct credential other = {.account.uid = PK_NO_UID};
    const char *why = "";
    LDAPMessage *first;
    enum pk_status status =
        dn ? ldap_link_search(&copy->link, dn, LDAP_SCOPE_BASE, "(objectClass=pkCredential)",
                              entry_attributes, &found)
           : PK_NO_MEMORY;

    first = status == PK_OK ? ldap_first_entry(copy->link.ld, found) : NULL;
    if (status == PK_OK)
        status = first ? ldap_passkey_read(&copy->link, copy->config, first, &other, &why)
                       : PK_NOT_FOUND;
    if (status != PK_OK)
        return status;
    return strcmp(other.account.name, credential->account.name) == 0 &&
                   other.account.uid == credential->account.uid &&
                   strcmp(other.rp_id, credential->rp_id) == 0 &&
                   pk_view_equal(pk_view_of(&other.record.public_key),
                                 pk_view_of(&credential->record.public_key))
               ? PK_OK
               : PK_NOT_FOUND;
}

/* What became of adding it. */
static void count_pushed(struct copy *copy, const struct credential *credential,
                         enum pk_status status)
{
    copy->copied += status == PK_OK;
    if (status == PK_EXISTS && is_there(copy, credential) == PK_OK) {
        copy->present++;
    } else if (status != PK_OK) {
        copy->failed++;
        say(credential, status == PK_EXISTS ? "the directory has an entry with its id that is not "
                                              "this passkey; remove that there"
                                            : copy->link.words);
    }
}

static enum pk_status push_one(struct copy *copy, const struct credential *credential)
{
    AUTO_LDAP_ACCOUNT struct ldap_account account = {0};
    PK_AUTO_FREE char *dn = NULL;
    enum pk_status status;

    if (credential->account.uid < copy->config->min_uid || credential->account.uid == PK_NO_UID ||
        credential->account.orphaned || credential->id_unknown) {
        copy->kept++;
        say(credential, "stays on this host");
        return PK_OK;
    }
    ldap_link_until(&copy->link, pk_clock_monotonic_ms() + TOOL_CALL_MS);
    status = ldap_account_named(&copy->link, copy->config, credential->account.name,
                                credential->account.uid, &account);
    if (status == PK_NOT_FOUND) {
        copy->kept++;
        say(credential, "stays on this host: the directory does not have the account");
        return PK_OK;
    }
    if (status == PK_OK)
        status = ldap_entry_add(&copy->link, copy->config, credential, &account, &dn);
    count_pushed(copy, credential, status);
    /* Without the right or the server the others would fail, too. */
    return status == PK_DENIED || status == PK_UNAVAILABLE ? status : PK_OK;
}

static enum pk_status read_all(const char *folder, struct credential_list *ret)
{
    const struct credential_filter filter = {.rp = RP};
    struct store *store = NULL;
    enum pk_status status = tool_open(folder, false, &store);

    if (status == PK_NOT_FOUND)
        return complain(folder, "there is no passkeyd.db");
    if (status != PK_OK)
        return status;
    status = store->verbs->list(store, &filter, ret);
    if (status == PK_STORAGE)
        (void)complain(folder, store_error());
    tool_close(store);
    return status;
}

int ldap_tool_push(const struct ldap_config *config, const char *folder)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    struct copy copy = {.config = config};
    enum pk_status status;

    if (!config->passkeys) {
        (void)complain("the configuration", "without passkeys there is nowhere to add them");
        return EXIT_FAILURE;
    }
    status = read_all(folder, &list);
    if (status == PK_OK)
        status = connect_to_first(&copy);
    for (size_t i = 0; i < list.count && status == PK_OK; i++)
        status = push_one(&copy, &list.items[i]);
    return finish(&copy, status, "the directory");
}

/* --- pull ------------------------------------------------------------------------------------- */

static enum pk_status pull_one(struct copy *copy, struct store *store,
                               struct credential *credential)
{
    const struct credential_filter same = {.credential_id = pk_view_of(&credential->record.id)};
    AUTO_ACCOUNT struct account account = {.uid = PK_NO_UID};
    size_t count = 0;
    enum pk_status status = store->verbs->count(store, &same, &count);

    if (status == PK_OK && count > 0) {
        copy->present++;
        return PK_OK;
    }
    if (status == PK_OK)
        status = store->verbs->account(store, RP, credential->account.name, credential->account.uid,
                                       ACCOUNT_CREATE, &account);
    if (status != PK_OK)
        return status;
    account_clear(&credential->account);
    credential->account = account;
    account = (struct account){.uid = PK_NO_UID}; /* moved */
    status = store->verbs->insert(store, credential, PER_ACCOUNT, (struct pk_view){0});
    copy->copied += status == PK_OK;
    if (status == PK_NAME_TAKEN) {
        copy->failed++;
        say(credential, "the account has another passkey of that name there; rename one");
    }
    return status == PK_NAME_TAKEN ? PK_OK : status;
}

static enum pk_status pull_all(struct copy *copy, struct store *store, LDAPMessage *found)
{
    enum pk_status status = PK_OK;

    for (LDAPMessage *message = ldap_first_entry(copy->link.ld, found); message && status == PK_OK;
         message = ldap_next_entry(copy->link.ld, message)) {
        AUTO_CREDENTIAL struct credential credential = {.account.uid = PK_NO_UID};
        const char *why = "";

        ldap_link_until(&copy->link, pk_clock_monotonic_ms() + TOOL_CALL_MS);
        status = ldap_passkey_read(&copy->link, copy->config, message, &credential, &why);
        if (status == PK_OK)
            status = pull_one(copy, store, &credential);
        else if (status == PK_NOT_FOUND) /* it serves nobody in the directory either */
            status = PK_OK;
    }
    if (status == PK_STORAGE)
        (void)complain("the store", store_error());
    return status;
}

int ldap_tool_pull(const struct ldap_config *config, const char *folder)
{
    AUTO_LDAP_MESSAGE LDAPMessage *found = NULL;
    struct copy copy = {.config = config};
    struct store *store = NULL;
    enum pk_status status = connect_to_first(&copy);

    if (status == PK_OK) {
        ldap_link_until(&copy.link, pk_clock_monotonic_ms() + TOOL_WHOLE_MS);
        status = ldap_link_search(&copy.link, config->passkeys ? config->passkeys : "",
                                  LDAP_SCOPE_ONELEVEL, "(objectClass=pkCredential)",
                                  entry_attributes, &found);
        if (status != PK_OK)
            (void)complain("the directory", copy.link.words);
    }
    if (status == PK_OK)
        status = tool_open(folder, true, &store);
    if (status == PK_OK) {
        status = pull_all(&copy, store, found);
        tool_close(store);
    }
    return finish(&copy, status, folder);
}

/* --- migrate ---------------------------------------------------------------------------------- */

/* Recovery codes are in no image. */
static enum pk_status copy_codes(struct store *from, struct store *to)
{
    AUTO_ACCOUNT_HOLDINGS struct account_holdings holdings = {0};
    enum pk_status status = from->verbs->holdings(from, NULL, &holdings);

    for (size_t i = 0; i < holdings.count && status == PK_OK; i++) {
        struct recovery_code codes[PK_RECOVERY_CODES];
        size_t count = 0;

        if (holdings.items[i].codes == 0)
            continue;
        status = from->verbs->recovery_list(from, &holdings.items[i].account, codes, &count);
        if (status == PK_OK)
            status = to->verbs->recovery_replace(to, &holdings.items[i].account, codes, count);
    }
    return status;
}

static enum pk_status copy_store(struct store *from, const char *state)
{
    __attribute__((cleanup(restore_report_clear))) struct restore_report report = {0};
    PK_AUTO_BYTES struct pk_bytes image = {0};
    struct backup_counts counts;
    struct store *to = NULL;
    uid_t before = geteuid();
    enum pk_status status = from->verbs->backup(from, true, &image, &counts);
    const struct restore_wish wish = {.image = pk_view_of(&image)};

    if (status != PK_OK)
        return status;
    (void)!seteuid(getuid());
    status = tool_open(state, true, &to);
    if (status != PK_OK)
        return status;
    status = to->verbs->restore(to, &wish, &report);
    if (status == PK_OK)
        status = copy_codes(from, to);
    tool_close(to);
    (void)!seteuid(before);
    return status;
}

int ldap_tool_migrate(const struct ldap_config *config, const char *folder, const char *state)
{
    PK_AUTO_FREE char *cache = pk_text_format("%s/passkeyd.db", state);
    struct store *from = NULL;
    enum pk_status status;

    if (!cache || access(cache, F_OK) == 0) {
        (void)complain(state, "there is a cache already; stop passkey-store-ldap, and move "
                              "passkeyd.db away, or use push");
        return EXIT_FAILURE;
    }
    /* The unit's first start would make it, and sees to whose it is. */
    if (mkdir(state, 0700) && errno != EEXIST) {
        (void)complain(state, strerror(errno));
        return EXIT_FAILURE;
    }
    if (ldap_tool_push(config, folder) != EXIT_SUCCESS)
        return EXIT_FAILURE;
    status = tool_open(folder, false, &from);
    if (status == PK_OK) {
        status = copy_store(from, state);
        if (status != PK_OK)
            (void)complain(state, status == PK_STORAGE ? store_error() : pk_status_clause(status));
        tool_close(from);
    }
    if (status == PK_OK)
        printf("%s has names, counters, recovery codes and this host's own passkeys\n", state);
    return status == PK_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
