/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyctl's commands on what the daemon keeps: passkeys and recovery codes. */
#include "client/ctl/commands.h"
#include "client/ctl/show.h"
#include "client/passkeys.h"

#include "common/base/text.h"
#include "common/bus/calls.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAGE_LENGTH 1000 /* passkeys that are asked for at once */

static void cleanup_json(json_t **value)
{
    json_decref(*value);
}
#define AUTO_JSON __attribute__((cleanup(cleanup_json)))

static enum pk_status fetch_page(struct session *session, const char *user,
                                 const struct pk_page *page, json_t **ret)
{
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status = pk_credentials_list(session->bus, user, session->line.rp, page, &text);

    return status == PK_OK ? passkeys_parse(text, ret) : status;
}

/* Everybody's may be more than one message holds. */
static enum pk_status fetch_all(struct session *session, json_t **ret)
{
    struct pk_page page = {.limit = PAGE_LENGTH};
    AUTO_JSON json_t *all = json_array();
    size_t found = PAGE_LENGTH;

    for (; found == PAGE_LENGTH; page.offset += PAGE_LENGTH) {
        AUTO_JSON json_t *some = NULL;
        enum pk_status status = fetch_page(session, "", &page, &some);

        if (status != PK_OK)
            return status;
        found = json_array_size(some);
        if (json_array_extend(all, some))
            return PK_NO_MEMORY;
    }
    *ret = pk_steal(all);
    return PK_OK;
}

static enum pk_status fetch(struct session *session, const char *user, json_t **ret)
{
    return fetch_page(session, user, NULL, ret);
}

int command_list(struct session *session)
{
    AUTO_JSON json_t *passkeys = NULL;
    enum pk_status status;

    /* The daemon takes an empty name for the caller's own: the list would only look complete. */
    if (session->line.all && geteuid() != 0)
        return session_fail(session, PK_DENIED, "Only root may list every account's passkeys.");
    status = session_open(session);
    if (status == PK_OK)
        status = session->line.all ? fetch_all(session, &passkeys)
                                   : fetch(session, session->line.user, &passkeys);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    if (session->line.json)
        print_json(json_incref(passkeys));
    else if (json_array_size(passkeys) == 0)
        (void)fprintf(stderr, "There are no passkeys. \"passkey-enroll\" makes one.\n");
    else
        passkeys_print(passkeys, session->line.all);
    return EXIT_DONE;
}

static int fail_to_find(const struct session *session, enum pk_status status, const char *wanted)
{
    PK_AUTO_FREE char *name = pk_text_printable(wanted, 64);
    PK_AUTO_FREE char *user = pk_text_printable(session->line.user, 64);
    PK_AUTO_FREE char *text = pk_text_format(
        "%s has no passkey of the name or id \"%s\". \"passkeyctl list\" shows them.",
        user ? user : "The account", name ? name : "");

    return session_fail(session, status, text);
}

/* Opens the session and finds the passkey that the first argument names; prints any failure. */
static int open_and_find(struct session *session, json_t **ret_all, const json_t **ret_one)
{
    const char *wanted = session->line.arguments[0];
    enum pk_status status = session_open(session);

    if (status == PK_OK)
        status = fetch(session, session->line.user, ret_all);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    status = passkeys_find(*ret_all, wanted, ret_one);
    if (status == PK_EXISTS)
        return session_fail(session, status,
                            "More than one passkey's id begins like that: give more of it.");
    if (status != PK_OK)
        return fail_to_find(session, status, wanted);
    return EXIT_DONE;
}

int command_show(struct session *session)
{
    AUTO_JSON json_t *passkeys = NULL;
    const json_t *passkey = NULL;
    int code = open_and_find(session, &passkeys, &passkey);

    if (code != EXIT_DONE)
        return code;
    if (session->line.json)
        print_json(json_deep_copy(passkey));
    else
        show_passkey(passkey);
    return EXIT_DONE;
}

static int report(const struct session *session, enum pk_status status, const char *done)
{
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    if (session->line.json)
        print_json(json_pack("{s:b}", "ok", 1));
    else
        (void)printf("%s\n", done);
    return EXIT_DONE;
}

int command_rename(struct session *session)
{
    AUTO_JSON json_t *passkeys = NULL;
    const json_t *passkey = NULL;
    int code = open_and_find(session, &passkeys, &passkey);

    if (code != EXIT_DONE)
        return code;
    session_allow_questions(session);
    return report(session,
                  pk_credential_rename(session->bus, session->line.user,
                                       member_text(passkey, "credentialId"),
                                       session->line.arguments[1]),
                  "Renamed.");
}

/* How many passkeys of the relying party that this one belongs to still open something. */
static size_t count_working(const json_t *passkeys, const json_t *like)
{
    size_t i, count = 0;
    json_t *passkey;

    json_array_foreach(passkeys, i, passkey)
    {
        count += strcmp(member_text(passkey, "rp"), member_text(like, "rp")) == 0 &&
                 !json_is_true(json_object_get(passkey, "orphaned"));
    }
    return count;
}

int command_remove(struct session *session)
{
    AUTO_JSON json_t *passkeys = NULL;
    const json_t *passkey = NULL;
    enum pk_status status;
    int code = open_and_find(session, &passkeys, &passkey);

    if (code != EXIT_DONE)
        return code;
    if (!session->line.yes && count_working(passkeys, passkey) <= 1) {
        status = terminal_confirm(&session->terminal,
                                  "This is the last passkey of the account: after it, only other "
                                  "ways to sign in are left. Remove it?");
        if (status == PK_UNAVAILABLE)
            return session_fail(session, PK_DENIED,
                                "This is the last passkey of the account, and there is no "
                                "terminal to ask on. --yes removes it all the same.");
        if (status != PK_OK)
            return session_fail(session, status, "Nothing was removed.");
    }
    session_allow_questions(session);
    return report(session,
                  pk_credential_remove(session->bus, session->line.user,
                                       member_text(passkey, "credentialId")),
                  "Removed.");
}

/* codes: a line each. */
static void print_codes(const struct session *session, const struct pk_secret *codes)
{
    json_t *array = json_array();
    const char *at = (const char *)codes->data;

    if (session->line.json) {
        for (size_t len; (len = strcspn(at, "\n")) > 0; at += len + (at[len] == '\n'))
            (void)json_array_append_new(array, json_stringn(at, len));
        print_json(json_pack("{s:b, s:o}", "ok", 1, "codes", array));
        return;
    }
    json_decref(array);
    (void)printf("%s\n", at);
    (void)fprintf(
        stderr, "\nEach of these signs in once, where the service allows recovery codes. They are "
                "not shown again:\nprint them, and keep them away from this computer. Earlier "
                "codes are void.\n");
}

enum pk_status find_account(struct session *session)
{
    PK_AUTO_FREE char *text = NULL;

    return pk_credentials_list(session->bus, session->line.user, NULL, NULL, &text);
}

int command_recovery_codes(struct session *session)
{
    PK_AUTO_SECRET struct pk_secret codes = {0};
    enum pk_status status = session_open(session);

    if (status == PK_OK && !session->line.yes)
        status = find_account(session);
    if (status == PK_OK && !session->line.yes) {
        status = terminal_confirm(&session->terminal,
                                  "Make ten new recovery codes? Earlier ones become void.");
        if (status == PK_UNAVAILABLE)
            return session_fail(session, PK_DENIED,
                                "There is no terminal to ask on; --yes goes on without.");
        if (status != PK_OK)
            return session_fail(session, status, "Nothing was changed.");
    }
    if (status == PK_OK) {
        session_allow_questions(session);
        status = pk_recovery_codes_create(session->bus, session->line.user, &codes);
    }
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    print_codes(session, &codes);
    return EXIT_DONE;
}

int command_adopt(struct session *session)
{
    const char *user = session->line.arguments[0];
    uint32_t count = 0;
    enum pk_status status = session_open(session);

    if (status == PK_OK)
        status = pk_orphans_adopt(session->bus, user, session->line.rp, &count);
    if (status == PK_NO_CREDENTIALS)
        return session_fail(
            session, status,
            "The account has no orphaned passkeys. \"passkeyctl list --all\" shows whose are.");
    if (status == PK_NAME_TAKEN)
        return session_fail(session, status,
                            "Two passkeys would have the same name. \"passkeyctl rename --user "
                            "USER\" gives one of them another.");
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    if (session->line.json) {
        print_json(json_pack("{s:b, s:I}", "ok", 1, "passkeys", (json_int_t)count));
    } else {
        PK_AUTO_FREE char *shown = pk_text_printable(user, 64);

        (void)printf("%u passkey%s of %s sign%s in again.\n", count, count == 1 ? "" : "s",
                     shown ? shown : "the account", count == 1 ? "s" : "");
    }
    return EXIT_DONE;
}
