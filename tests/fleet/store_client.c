/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls verbs of a store process for tests that are not C: a line of standard input is one call, a
 * line of standard output what it came to: the status, how many milliseconds it took, and words.
 *   add NAME UID ID PASSKEY-NAME [TICKET]   ticket NAME UID TEXT   remove NAME UID ID
 *   list NAME UID | list                    use ID COUNTER         state
 *   adopt NAME UID
 *   asks NAME UID                           add-as NAME UID ID PASSKEY-NAME PASSWORD
 * Of list, the words are NAME/UID/ID/COUNTER/PASSKEY-NAME of each, blanks in it as '_'. Ids are
 * texts; of asks, where the account's password is known. The password - is an empty one.
 */
#include "common/base/clock.h"
#include "common/base/text.h"
#include "store/remote/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 8
#define EXPIRES   4102444800 /* seconds since the epoch; in 2100 */

static char words[65536];

struct line {
    char *items[WORDS_MAX];
    size_t count;
};

static const char *word(const struct line *line, size_t i)
{
    return i < line->count ? line->items[i] : "";
}

static uid_t number(const struct line *line, size_t i)
{
    return (uid_t)strtoul(word(line, i), NULL, 10);
}

static void say(const char *text)
{
    (void)strncat(words, text, sizeof(words) - strlen(words) - 1);
}

static struct pk_bytes bytes_of(const char *text)
{
    struct pk_bytes bytes = {0};

    if (pk_bytes_copy(pk_view_string(text), &bytes) != PK_OK)
        abort();
    return bytes;
}

/* A hash of 32 bytes for the ticket of that text. */
static struct pk_view ticket_of(const char *text, uint8_t hash[PK_HASH_SIZE])
{
    memset(hash, 0, PK_HASH_SIZE);
    memcpy(hash, text, strlen(text) < PK_HASH_SIZE ? strlen(text) : PK_HASH_SIZE);
    return (struct pk_view){hash, *text ? PK_HASH_SIZE : 0};
}

static enum pk_status make(struct store *store, const struct line *line, struct credential *ret)
{
    enum pk_status status = store->verbs->account(store, "default", word(line, 1), number(line, 2),
                                                  ACCOUNT_CREATE, &ret->account);

    if (status != PK_OK)
        return status;
    ret->algorithm = -7;
    ret->created = 1700000000;
    ret->record.id = bytes_of(word(line, 3));
    ret->record.public_key = bytes_of("key");
    ret->rp_id = strdup("example.org");
    ret->name = strdup(word(line, 4));
    ret->format = strdup("packed");
    ret->attestation_type = strdup("Basic");
    ret->trust = strdup("yes");
    ret->transports = PK_TRANSPORT_USB | PK_TRANSPORT_NFC;
    ret->discoverable = true;
    return PK_OK;
}

static enum pk_status add(struct store *store, const struct line *line)
{
    AUTO_CREDENTIAL struct credential credential = {.account.uid = PK_NO_UID};
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status = make(store, line, &credential);

    return status == PK_OK
               ? store->verbs->insert(store, &credential, 20, ticket_of(word(line, 5), hash))
               : status;
}

static enum pk_status asks(struct store *store, const struct line *line)
{
    const struct account account = {
        .rp = (char *)(uintptr_t) "default", .name = line->items[1], .uid = number(line, 2)};
    char *where = NULL;
    enum pk_status status = store->verbs->insert_asks(store, &account, &where);

    say(where ? where : "");
    free(where);
    return status;
}

/* The words are how many it had. */
static enum pk_status adopt(struct store *store, const struct line *line)
{
    const struct account account = {
        .rp = (char *)(uintptr_t) "default", .name = line->items[1], .uid = number(line, 2)};
    size_t count = 0;
    enum pk_status status = store->verbs->adopt(store, &account, &count);
    char *text = status == PK_OK ? pk_text_format("%zu", count) : NULL;

    say(text ? text : "");
    free(text);
    return status;
}

static enum pk_status add_as(struct store *store, const struct line *line)
{
    AUTO_CREDENTIAL struct credential credential = {.account.uid = PK_NO_UID};
    PK_AUTO_SECRET struct pk_secret password = {0};
    const char *text = strcmp(word(line, 5), "-") == 0 ? "" : word(line, 5);
    enum pk_status status = make(store, line, &credential);

    if (status == PK_OK)
        status = pk_secret_copy(pk_view_string(text), &password);
    return status == PK_OK
               ? store->verbs->insert_as(store, &credential, 20, (struct pk_view){0}, &password)
               : status;
}

static enum pk_status ticket(struct store *store, const struct line *line)
{
    uint8_t hash[PK_HASH_SIZE];

    return store->verbs->ticket_add(store, ticket_of(word(line, 3), hash), "default", word(line, 1),
                                    number(line, 2), EXPIRES);
}

static enum pk_status take_away(struct store *store, const struct line *line)
{
    const struct account account = {
        .rp = (char *)(uintptr_t) "default", .name = line->items[1], .uid = number(line, 2)};

    return store->verbs->remove(store, &account, pk_view_string(word(line, 3)));
}

static enum pk_status list(struct store *store, const struct line *line)
{
    AUTO_CREDENTIAL_LIST struct credential_list found = {0};
    uid_t uid = number(line, 2);
    const struct credential_filter filter = {.rp = "default",
                                             .account_name = line->count > 1 ? word(line, 1) : NULL,
                                             .uid = line->count > 2 ? &uid : NULL};
    enum pk_status status = store->verbs->list(store, &filter, &found);

    for (size_t i = 0; i < found.count; i++) {
        const struct credential *credential = &found.items[i];
        char *text =
            pk_text_format("%s%s/%lu/%.*s/%lu/%s", i > 0 ? " " : "", credential->account.name,
                           (unsigned long)credential->account.uid, (int)credential->record.id.len,
                           (const char *)credential->record.id.data,
                           (unsigned long)credential->record.sign_count, credential->name);

        char *shown = text ? pk_text_printable(text, sizeof(words)) : NULL;

        for (char *c = shown ? strchr(shown + 1, ' ') : NULL; c; c = strchr(c + 1, ' '))
            *c = '_';
        say(shown ? shown : "");
        free(shown);
        free(text);
    }
    return status;
}

static enum pk_status use(struct store *store, const struct line *line)
{
    const struct credential_use made = {.sign_count = number(line, 2), .when = 1700000001};

    return store->verbs->use(store, pk_view_string(word(line, 1)), &made);
}

static enum pk_status state(struct store *store, const struct line *line)
{
    AUTO_STORE_STATE struct store_state found = {0};
    enum pk_status status = store->verbs->state(store, &found);
    char *text = NULL;

    (void)line;
    if (status == PK_OK)
        text = pk_text_format("%s age=%lld refuses=%lld server=%s", found.kind,
                              (long long)found.age, (long long)found.refuses, found.server);
    say(text ? text : "");
    free(text);
    return status;
}

static const struct {
    const char *name;
    enum pk_status (*call)(struct store *store, const struct line *line);
    size_t words;
} calls[] = {{"add", add, 5},   {"ticket", ticket, 4}, {"remove", take_away, 4},
             {"list", list, 1}, {"use", use, 3},       {"state", state, 1},
             {"asks", asks, 3}, {"add-as", add_as, 6}, {"adopt", adopt, 3}};

static enum pk_status call(struct store *store, const struct line *line)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (strcmp(calls[i].name, word(line, 0)) == 0 && line->count >= calls[i].words)
            return calls[i].call(store, line);
    return PK_INVALID_ARGUMENT;
}

int main(int argc, char **argv)
{
    const struct remote_setup setup = {.path = argc == 2 ? argv[1] : ""};
    struct store *store = NULL;
    char text[4096];

    if (argc != 2 || store_remote_open(&setup, &store) != PK_OK)
        return 2;
    while (fgets(text, sizeof(text), stdin)) {
        struct line line = {0};
        int64_t begun = pk_clock_monotonic_ms();
        char *rest = NULL;
        enum pk_status status;

        words[0] = '\0';
        for (char *item = strtok_r(text, " \n", &rest); item && line.count < WORDS_MAX;
             item = strtok_r(NULL, " \n", &rest))
            line.items[line.count++] = item;
        status = call(store, &line);
        if (status == PK_STORAGE || status == PK_DENIED || status == PK_PASSWORD_REFUSED)
            say(store_error());
        (void)printf("%s %lld %s\n", pk_status_name(status),
                     (long long)(pk_clock_monotonic_ms() - begun), words);
        (void)fflush(stdout);
    }
    store->verbs->close(store);
    return 0;
}
