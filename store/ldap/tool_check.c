/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "store/ldap/search.h"
#include "store/ldap/tool.h"
#include "store/ldap/tool_private.h"
#include "store/sqlite/directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define SHOWN_MAX     20 /* passkeys that serve nobody */
#define CLOCK_SECONDS 5

struct check {
    const struct ldap_config *config;
    struct ldap_guard *guard;
    size_t problems;
    char *first_csn; /* of the first server that told; those of all servers as one text */
    const char *first_uri;
};

static void problem(struct check *check, char *text)
{
    printf("%s\n", text ? text : "out of memory");
    free(text);
    check->problems++;
}

/* The values of one attribute of one entry as one text. NULL: it has none, or nobody may see it. */
static char *read_values(struct ldap_link *link, const char *dn, const char *attribute)
{
    const char *const attributes[] = {attribute, NULL};
    AUTO_LDAP_MESSAGE LDAPMessage *found = NULL;
    LDAPMessage *first = NULL;
    struct berval **values;
    char *text = NULL;

    if (ldap_link_search(link, dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, &found) == PK_OK)
        first = ldap_first_entry(link->ld, found);
    values = first ? ldap_get_values_len(link->ld, first, attribute) : NULL;
    for (size_t i = 0; values && values[i]; i++) {
        PK_AUTO_FREE char *before = text;

        text = pk_text_format("%s%s%.*s", before ? before : "", before ? " " : "",
                              (int)values[i]->bv_len, values[i]->bv_val);
    }
    ldap_value_free_len(values);
    return text;
}

static void check_schema(struct check *check, struct ldap_link *link)
{
    PK_AUTO_FREE char *where = read_values(link, "", "subschemaSubentry");
    PK_AUTO_FREE char *classes = where ? read_values(link, where, "objectClasses") : NULL;

    if (check->config->passkeys && (!classes || !strstr(classes, "'pkCredential'")))
        problem(check,
                pk_text_format("%s: it does not have the schema: load openldap-passkeyd.ldif "
                               "or openldap-passkeyd.schema, which are with the documentation",
                               link->uri));
}

/* The one that the passkeys are below. */
static char *find_suffix(struct ldap_link *link, const char *below)
{
    PK_AUTO_FREE char *contexts = read_values(link, "", "namingContexts");
    char *rest = NULL;

    for (char *context = contexts ? strtok_r(contexts, " ", &rest) : NULL; context;
         context = strtok_r(NULL, " ", &rest)) {
        size_t len = strlen(context), all = strlen(below);

        if (all >= len && strcasecmp(below + all - len, context) == 0)
            return strdup(context);
    }
    return NULL;
}

/* The latest change of all, "YYYYMMDDhhmmss.…", against this host's clock. */
static void check_clock(struct check *check, struct ldap_link *link, const char *csns)
{
    struct tm parts = {0};
    int64_t ahead = 0;

    for (const char *csn = csns; csn && *csn; csn = strchr(csn, ' ') ? strchr(csn, ' ') + 1 : NULL)
        if (strptime(csn, "%Y%m%d%H%M%S", &parts)) {
            int64_t difference = timegm(&parts) - pk_clock_now();

            ahead = difference > ahead ? difference : ahead;
        }
    if (ahead > CLOCK_SECONDS)
        problem(check, pk_text_format("%s: its latest change is %lld s in the future: the clocks "
                                      "of the servers and of this host differ",
                                      link->uri, (long long)ahead));
}

static void check_state(struct check *check, struct ldap_link *link)
{
    const char *below = check->config->passkeys ? check->config->passkeys : check->config->accounts;
    PK_AUTO_FREE char *suffix = find_suffix(link, below);
    PK_AUTO_FREE char *csns = suffix ? read_values(link, suffix, "contextCSN") : NULL;

    if (!csns) {
        printf("%s: contextCSN cannot be read: whether it is behind others is not known\n",
               link->uri);
        return;
    }
    check_clock(check, link, csns);
    if (!check->first_csn) {
        check->first_csn = pk_steal(csns);
        check->first_uri = link->uri;
    } else if (strcmp(check->first_csn, csns) != 0) {
        problem(check, pk_text_format("%s and %s differ: one has changes that the other has not; "
                                      "ask again in a moment, and look at their replication",
                                      check->first_uri, link->uri));
    }
}

static void check_accounts(struct check *check, struct ldap_link *link)
{
    const struct ldap_config *config = check->config;
    PK_AUTO_FREE char *filter = pk_text_format("(%s=*)", config->account_name);
    AUTO_LDAP_MESSAGE LDAPMessage *found = NULL;
    AUTO_LDAP_ACCOUNT struct ldap_account account = {0};
    char *list[] = {config->account_name, config->account_number, (char *)(uintptr_t) "entryUUID",
                    NULL};
    LDAPMessage *first;
    int code;

    if (!filter)
        return;
    code = ldap_search_ext_s(link->ld, config->accounts, LDAP_SCOPE_SUBTREE, filter, list, 0, NULL,
                             NULL, NULL, 1, &found);
    first = found ? ldap_first_entry(link->ld, found) : NULL;
    if (!first)
        problem(check, pk_text_format("%s: no account is seen below %s (%s): the access rules have "
                                      "to let this host read %s, %s and entryUUID",
                                      link->uri, config->accounts, ldap_err2string(code),
                                      config->account_name, config->account_number));
    else if (ldap_account_read(link, config, first, &account) == PK_OK && !account.has_uuid)
        problem(check,
                pk_text_format("%s: entryUUID of accounts cannot be read: passkeys that name "
                               "their owner's serve nobody",
                               link->uri));
}

static void check_passkeys(struct check *check, struct ldap_link *link)
{
    AUTO_LDAP_MESSAGE LDAPMessage *found = NULL;
    size_t serving = 0, others = 0;

    if (ldap_link_search(link, check->config->passkeys, LDAP_SCOPE_ONELEVEL,
                         "(objectClass=pkCredential)", entry_attributes, &found) != PK_OK) {
        problem(check, strdup(link->words));
        return;
    }
    for (LDAPMessage *message = ldap_first_entry(link->ld, found); message;
         message = ldap_next_entry(link->ld, message)) {
        AUTO_CREDENTIAL struct credential credential = {.account.uid = PK_NO_UID};
        const char *why = "";
        enum pk_status status = ldap_passkey_read(link, check->config, message, &credential, &why);
        char *dn = ldap_get_dn(link->ld, message);

        serving += status == PK_OK;
        if (status == PK_NOT_FOUND && others++ < SHOWN_MAX)
            problem(check, pk_text_format("%s: serves nobody: %s", dn ? dn : "?", why));
        ldap_memfree(dn);
    }
    printf("%s: %zu passkeys\n", link->uri, serving);
    if (others > SHOWN_MAX)
        printf("%s: and %zu more that serve nobody\n", link->uri, others - SHOWN_MAX);
}

static void check_server(struct check *check, const char *uri, bool whole)
{
    AUTO_LDAP_LINK struct ldap_link link = {0};
    char *name = NULL;
    struct berval *authorized = NULL;

    if (ldap_link_open(&link, check->guard, check->config, uri,
                       pk_clock_monotonic_ms() + TOOL_CALL_MS) != PK_OK) {
        problem(check, strdup(link.words));
        return;
    }
    ldap_link_until(&link, pk_clock_monotonic_ms() + TOOL_WHOLE_MS);
    if (ldap_whoami_s(link.ld, &authorized, NULL, NULL) == LDAP_SUCCESS && authorized)
        name = strndup(authorized->bv_val, authorized->bv_len);
    ber_bvfree(authorized);
    printf("%s: knows this host as %s\n", uri, name && *name ? name : "nobody");
    if (!name || !*name || strcmp(name, "anonymous") == 0)
        problem(check, pk_text_format("%s: this host has no name there: the certificate was not "
                                      "taken, or no rule makes a name of it",
                                      uri));
    free(name);
    check_schema(check, &link);
    check_state(check, &link);
    check_accounts(check, &link);
    if (check->config->passkeys && whole)
        check_passkeys(check, &link);
}

static void check_cache(struct check *check, const char *state)
{
    struct store *store = NULL;
    struct pk_strings told = {0};

    if (tool_open(state, false, &store) != PK_OK)
        return;
    if (directory_prepare(store) == PK_OK && directory_told(store, &told) == PK_OK)
        for (size_t i = 0; i < told.count; i++)
            problem(check, strdup(told.items[i]));
    pk_strings_clear(&told);
    tool_close(store);
}

int ldap_tool_check(const struct ldap_config *config, const char *state)
{
    struct check check = {.config = config, .guard = ldap_guard_new()};
    struct pk_strings servers = {0};
    PK_AUTO_FREE char *why = NULL;

    if (!check.guard)
        return EXIT_FAILURE;
    if (ldap_servers(config, &servers, &why) != PK_OK)
        problem(&check, pk_text_format("%s", why ? why : "out of memory"));
    for (size_t i = 0; i < servers.count; i++)
        check_server(&check, servers.items[i], i == 0);
    check_cache(&check, state);
    pk_strings_clear(&servers);
    free(check.first_csn);
    ldap_guard_free(check.guard);
    if (check.problems == 0)
        printf("Nothing is wrong.\n");
    return check.problems == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
