/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passkeyctl import: keys that were made elsewhere become passkeys. What a file would come to is
 * shown first; a line that is broken, or whose credentials are refused, is left out whole.
 */
#include "client/ctl/commands.h"
#include "client/ctl/import_lines.h"
#include "client/passkeys.h"

#include "common/base/io.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/bus/calls.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const formats[] = {
    [IMPORT_SSH] = "ssh",
    [IMPORT_PAM_U2F] = "pam-u2f",
    [IMPORT_SSSD] = "sssd",
};

/* What became of an item, or would. */
enum outcome {
    OUTCOME_WAITS, /* it can be imported */
    OUTCOME_DONE,
    OUTCOME_PRESENT, /* the account has it already */
    OUTCOME_SKIPPED,
    OUTCOME_FAILED,
};
#define OUTCOMES (OUTCOME_FAILED + 1)

struct row {
    const struct import_item *item;
    const char *user; /* NULL: nobody knows */
    enum outcome outcome;
    char *text; /* the name, or why; owned */
};

struct import {
    struct session *session;
    enum import_format format;
    const char *rp_id; /* NULL: the key says it */
    int ticket;
    struct import_items items;
    struct row *rows; /* one for each item */
};

/* --- the file --------------------------------------------------------------------------------- */

/* Standard input for "-". PK_IO with errno, PK_TOO_LARGE. */
static enum pk_status read_file(const char *path, struct pk_bytes *ret)
{
    PK_AUTO_CLOSE int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                                  : open(path, O_RDONLY | O_CLOEXEC);
    PK_AUTO_BYTES struct pk_bytes bytes = {malloc(IMPORT_FILE_MAX + 1), 0};
    enum pk_status status;

    if (!bytes.data)
        return PK_NO_MEMORY;
    if (fd < 0)
        return PK_IO;
    status = pk_read_all(fd, bytes.data, IMPORT_FILE_MAX + 1, &bytes.len);
    if (status == PK_OK && bytes.len > IMPORT_FILE_MAX)
        status = PK_TOO_LARGE;
    if (status != PK_OK)
        return status;
    *ret = bytes;
    bytes = (struct pk_bytes){0};
    return PK_OK;
}

/* pam_u2f's own default. */
static const char *own_rp_id(void)
{
    static char id[sizeof("pam://") + HOST_NAME_MAX];
    char host[HOST_NAME_MAX + 1] = "";

    if (gethostname(host, sizeof(host) - 1) < 0 || !host[0])
        return NULL;
    (void)snprintf(id, sizeof(id), "pam://%s", host);
    return id;
}

/* --- the rows --------------------------------------------------------------------------------- */

static enum pk_status set_text(struct row *row, enum outcome outcome, const char *text)
{
    free(row->text);
    row->text = NULL;
    row->outcome = outcome;
    return pk_text_copy(text, &row->text);
}

/* What is known of an item without asking anybody. */
static enum pk_status judge_item(const struct import *import, struct row *row)
{
    const struct command_line *line = &import->session->line;
    const struct import_item *item = row->item;

    row->user = item->user;
    if (!row->user && (line->user_given || import->format == IMPORT_SSH))
        row->user = line->user;
    if (item->kind != IMPORT_CREDENTIAL)
        return set_text(row, item->kind == IMPORT_BROKEN ? OUTCOME_FAILED : OUTCOME_SKIPPED,
                        item->why);
    if (!row->user)
        return set_text(row, OUTCOME_FAILED, "the file does not say whose it is: --user says it");
    if (line->user_given && strcmp(row->user, line->user) != 0)
        return set_text(row, OUTCOME_SKIPPED, "it is another user's than --user says");
    return PK_OK;
}

static enum pk_status judge_items(struct import *import)
{
    enum pk_status status = PK_OK;

    import->rows = calloc(import->items.count + 1, sizeof(*import->rows));
    if (!import->rows)
        return PK_NO_MEMORY;
    for (size_t i = 0; i < import->items.count && status == PK_OK; i++) {
        import->rows[i].item = &import->items.items[i];
        status = judge_item(import, &import->rows[i]);
    }
    return status;
}

/* The daemon's word about a row. Only what ends all of them is returned. */
static enum pk_status ask(const struct import *import, struct row *row, bool dry_run)
{
    struct pk_bus *bus = import->session->bus;
    const struct command_line *line = &import->session->line;
    const struct pk_import call = {
        .format = formats[import->format],
        .data = row->item->data,
        .rp = line->rp,
        .name = line->name,
        .ticket = import->ticket,
        .rp_id = row->item->rp_id ? row->item->rp_id : import->rp_id,
        .verification = row->item->verification,
        .dry_run = dry_run,
    };
    PK_AUTO_FREE char *answer = NULL;
    enum pk_status status = pk_credential_import(bus, row->user, &call, &answer);

    if (status == PK_OK) {
        json_t *credential = json_loads(answer, JSON_REJECT_DUPLICATES, NULL);

        status =
            set_text(row, dry_run ? OUTCOME_WAITS : OUTCOME_DONE, member_text(credential, "name"));
        json_decref(credential);
        return status;
    }
    if (!*pk_bus_error_text(bus)) /* nobody has answered */
        return status;
    return set_text(row, status == PK_CREDENTIAL_EXCLUDED ? OUTCOME_PRESENT : OUTCOME_FAILED,
                    pk_bus_error_text(bus));
}

static enum pk_status ask_all(const struct import *import, bool dry_run)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < import->items.count && status == PK_OK; i++)
        if (import->rows[i].outcome == OUTCOME_WAITS)
            status = ask(import, &import->rows[i], dry_run);
    return status;
}

/* Of a line whose other credential is refused none is imported. */
static enum pk_status keep_lines_whole(const struct import *import)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < import->items.count; i++)
        for (size_t j = 0; j < import->items.count && status == PK_OK; j++)
            if (import->rows[i].outcome == OUTCOME_FAILED &&
                import->rows[j].outcome == OUTCOME_WAITS &&
                import->rows[i].item->line == import->rows[j].item->line)
                status = set_text(&import->rows[j], OUTCOME_SKIPPED,
                                  "another credential of the line cannot be imported");
    return status;
}

static void count_rows(const struct import *import, size_t counts[OUTCOMES])
{
    (void)memset(counts, 0, OUTCOMES * sizeof(*counts));
    for (size_t i = 0; i < import->items.count; i++)
        counts[import->rows[i].outcome]++;
}

/* --- what is shown ---------------------------------------------------------------------------- */

static void print_row(const char *file, const struct row *row)
{
    static const char *const words[] = {
        [OUTCOME_WAITS] = "can be imported as",   [OUTCOME_DONE] = "imported as",
        [OUTCOME_PRESENT] = "is there already:",  [OUTCOME_SKIPPED] = "skipped:",
        [OUTCOME_FAILED] = "cannot be imported:",
    };
    bool named = row->outcome == OUTCOME_WAITS || row->outcome == OUTCOME_DONE;
    const char *quote = named && row->text ? "\"" : "";
    PK_AUTO_FREE char *user = row->user ? pk_text_format("%s: ", row->user) : strdup("");

    (void)printf("%s:%zu: %s%s %s%s%s\n", file, row->item->line, user ? user : "",
                 words[row->outcome], quote, row->text ? row->text : "a passkey", quote);
    if (named && row->item->why)
        (void)printf("%s:%zu: %s%s\n", file, row->item->line, user ? user : "", row->item->why);
}

static void print_rows(const struct import *import)
{
    PK_AUTO_FREE char *file = pk_text_printable(import->session->line.arguments[1], PATH_MAX);
    size_t counts[OUTCOMES];

    if (import->session->line.json)
        return;
    for (size_t i = 0; i < import->items.count; i++)
        print_row(file ? file : "-", &import->rows[i]);
    count_rows(import, counts);
    if (counts[OUTCOME_WAITS] > 0)
        (void)printf("%zu can be imported, ", counts[OUTCOME_WAITS]);
    else
        (void)printf("%zu imported, ", counts[OUTCOME_DONE]);
    (void)printf("%zu there already, %zu skipped, %zu not possible.\n", counts[OUTCOME_PRESENT],
                 counts[OUTCOME_SKIPPED], counts[OUTCOME_FAILED]);
}

static json_t *row_json(const struct row *row)
{
    static const char *const words[] = {
        [OUTCOME_WAITS] = "possible",  [OUTCOME_DONE] = "imported", [OUTCOME_PRESENT] = "present",
        [OUTCOME_SKIPPED] = "skipped", [OUTCOME_FAILED] = "failed",
    };
    bool named = row->outcome == OUTCOME_WAITS || row->outcome == OUTCOME_DONE;

    return json_pack("{s:I, s:s*, s:s, s:s*, s:s*}", "line", (json_int_t)row->item->line, "user",
                     row->user, "outcome", words[row->outcome], "name", named ? row->text : NULL,
                     "message", named ? row->item->why : row->text);
}

/* Prints the JSON where that is wanted. Returns the exit code. */
static int finish(const struct import *import)
{
    const struct command_line *line = &import->session->line;
    size_t counts[OUTCOMES];
    json_t *rows;

    count_rows(import, counts);
    if (line->json) {
        rows = json_array();
        for (size_t i = 0; i < import->items.count; i++)
            (void)json_array_append_new(rows, row_json(&import->rows[i]));
        print_json(json_pack(
            "{s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:o}", "ok", counts[OUTCOME_FAILED] == 0, "dryRun",
            line->dry_run, "possible", (json_int_t)counts[OUTCOME_WAITS], "imported",
            (json_int_t)counts[OUTCOME_DONE], "present", (json_int_t)counts[OUTCOME_PRESENT],
            "skipped", (json_int_t)counts[OUTCOME_SKIPPED], "failed",
            (json_int_t)counts[OUTCOME_FAILED], "lines", rows));
    }
    return counts[OUTCOME_FAILED] == 0 ? EXIT_DONE : EXIT_REFUSED;
}

/* --- the ways through ------------------------------------------------------------------------- */

/* A .pub file of one key: it is imported without a question. */
static int import_one(struct import *import)
{
    struct session *session = import->session;
    const struct import_item *item = &import->items.items[0];
    const struct pk_import call = {
        .format = formats[import->format],
        .data = item->data,
        .rp = session->line.rp,
        .name = session->line.name,
        .ticket = import->ticket,
        .verification = item->verification,
    };
    PK_AUTO_FREE char *text = NULL;
    json_t *credential;
    enum pk_status status;

    /* A ticket stands for the password. */
    if (import->ticket < 0)
        session_allow_questions(session);
    status = pk_credential_import(session->bus, session->line.user, &call, &text);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    credential = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (session->line.json) {
        print_json(json_pack("{s:b, s:o*}", "ok", 1, "credential", credential));
        return EXIT_DONE;
    }
    (void)printf("Imported \"%s\" for %s.\n", member_text(credential, "name"), session->line.user);
    json_decref(credential);
    return EXIT_DONE;
}

static int import_many(struct import *import)
{
    struct session *session = import->session;
    /* Of anybody else polkit would ask for the password each time. */
    bool rehearsed = geteuid() == 0 && import->ticket < 0;
    size_t counts[OUTCOMES];
    enum pk_status status = judge_items(import);

    if (status == PK_OK && rehearsed)
        status = ask_all(import, true);
    if (status == PK_OK)
        status = keep_lines_whole(import);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    print_rows(import);
    count_rows(import, counts);
    if (session->line.dry_run || counts[OUTCOME_WAITS] == 0)
        return finish(import);
    if (!session->line.yes) {
        (void)fflush(stdout);
        status = terminal_confirm(&session->terminal, "Import what can be imported?");
        if (status == PK_UNAVAILABLE)
            return session_fail(session, PK_DENIED,
                                "There is no terminal to ask on, and nothing was imported; --yes "
                                "goes on without, --dry-run asks for no more than this.");
        if (status != PK_OK)
            return session_fail(session, status, "Nothing was imported.");
    }
    if (import->ticket < 0)
        session_allow_questions(session);
    status = ask_all(import, false);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    print_rows(import);
    return finish(import);
}

static int go_on(struct import *import)
{
    struct session *session = import->session;
    const struct command_line *line = &session->line;
    const struct import_items *items = &import->items;
    enum pk_status status;

    if (items->count == 0)
        return session_fail(session, PK_INVALID_INPUT, "There is nothing to import in this file.");
    if (line->name && items->count > 1)
        return session_fail(session, PK_INVALID_ARGUMENT,
                            "--name names one passkey, and there are several in this file.");
    if (import->format != IMPORT_SSH && geteuid() != 0)
        return session_fail(session, PK_DENIED,
                            "Only root imports credentials of pam_u2f and sssd: nothing proves "
                            "that their keys are there.");
    status = session_open_ticket(session, &import->ticket);
    if (status != PK_OK)
        return session_fail_to_read(session, status, "ticket", line->ticket_file);
    status = session_open(session);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    if (import->format == IMPORT_SSH && items->count == 1 &&
        items->items[0].kind == IMPORT_CREDENTIAL && !line->dry_run)
        return import_one(import);
    return import_many(import);
}

/* A file of one key that is none, in the words for a single key. */
static const char *explain_single(const struct import *import)
{
    const struct import_items *items = &import->items;

    if (import->format != IMPORT_SSH || items->count != 1 ||
        items->items[0].kind == IMPORT_CREDENTIAL)
        return NULL;
    if (items->items[0].kind == IMPORT_SKIPPED)
        return items->items[0].why;
    return "This is not the public key of an OpenSSH security key: such a file has a line for each "
           "key, ends in .pub, and is made by ssh-keygen -t ed25519-sk.";
}

static int run(struct import *import)
{
    struct session *session = import->session;
    const char *path = session->line.arguments[1];
    PK_AUTO_BYTES struct pk_bytes text = {0};
    enum pk_status status = read_file(path, &text);

    if (status != PK_OK)
        return session_fail_to_read(session, status,
                                    import->format == IMPORT_SSH ? "public key" : "file", path);
    /* It would be refused anyway, but it should not leave this process at all. */
    if (import->format == IMPORT_SSH && text.len >= 10 && memcmp(text.data, "-----BEGIN", 10) == 0)
        return session_fail(session, PK_INVALID_INPUT,
                            "This is the private key. The public one is in the file beside it, "
                            "whose name ends in .pub.");
    status = import_lines_read(import->format, pk_view_of(&text), &import->items);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    if (explain_single(import))
        return session_fail(session, PK_INVALID_INPUT, explain_single(import));
    return go_on(import);
}

static void import_clear(struct import *import)
{
    for (size_t i = 0; import->rows && i < import->items.count; i++)
        free(import->rows[i].text);
    free(import->rows);
    import_items_clear(&import->items);
    if (import->ticket >= 0)
        (void)close(import->ticket);
}

int command_import(struct session *session)
{
    const struct command_line *line = &session->line;
    __attribute__((cleanup(import_clear))) struct import import = {.session = session,
                                                                   .ticket = -1};
    size_t format = 0;

    while (format < sizeof(formats) / sizeof(formats[0]) &&
           strcmp(line->arguments[0], formats[format]) != 0)
        format++;
    if (format == sizeof(formats) / sizeof(formats[0]))
        return session_fail(session, PK_INVALID_ARGUMENT,
                            "What can be imported is \"ssh\", \"pam-u2f\" and \"sssd\": passkeyctl "
                            "import ssh FILE.pub");
    import.format = (enum import_format)format;
    import.rp_id = line->rp_id;
    if (import.format == IMPORT_SSH && line->rp_id)
        return session_fail(session, PK_INVALID_ARGUMENT,
                            "--rp-id is for pam-u2f and sssd: an OpenSSH key says its own.");
    if (import.format == IMPORT_SSSD && !line->rp_id)
        return session_fail(session, PK_INVALID_ARGUMENT,
                            "Which domain are they of? sssd's passkeys are made for its domain: "
                            "--rp-id ipa.example.org");
    if (import.format == IMPORT_PAM_U2F && !line->rp_id)
        import.rp_id = own_rp_id();
    return run(&import);
}
