/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/page_own.h"

#include "common/base/cleanup.h"
#include "gateway/page_write.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIME_SIZE 40

static const char *said(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static void put_word(const struct page *page, enum page_word word)
{
    page_put_words(page, word, "", "");
}

static void put_attribute(const struct page *page, const char *name, const char *value)
{
    (void)fprintf(page->out, " %s=\"", name);
    page_put(page, value);
    page_put_html(page, "\"");
}

/* An element of one row of words. */
static void put_element(const struct page *page, const char *start, enum page_word word,
                        const char *end)
{
    page_put_html(page, start);
    put_word(page, word);
    page_put_html(page, end);
}

static void put_button(const struct page *page, const char *attributes, enum page_word word)
{
    (void)fprintf(page->out, "<button%s>", attributes);
    put_word(page, word);
    page_put_html(page, "</button>\n");
}

static void put_address(const struct page *page, const char *path)
{
    page_put_html(page, "\"");
    page_put(page, page->party->prefix);
    page_put_html(page, path);
    page_put_html(page, "\"");
}

/* --- what all of them have -------------------------------------------------------------------- */

static void begin(const struct page *page, enum page_word title, const char *a, const char *b)
{
    page_put_html(page, "<!DOCTYPE html>\n<html lang=\"");
    put_word(page, WORD_LANGUAGE);
    page_put_html(page, "\">\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                        "<meta name=\"robots\" content=\"noindex\">\n<title>");
    page_put_plain_words(page, title, a, b);
    page_put_html(page, "</title>\n<link rel=\"icon\" href=\"data:,\">\n"
                        "<link rel=\"stylesheet\" href=");
    put_address(page, "/static/style.css");
    page_put_html(page, ">\n<script type=\"module\" src=");
    (void)fprintf(page->out, "\"");
    page_put(page, page->party->prefix);
    (void)fprintf(page->out, "/static/%s\"", page->script);
    page_put_html(page, "></script>\n</head>\n<body>\n");
}

/* What the script says, one at a time, and where a screen reader hears it. */
static const struct {
    const char *name;
    enum page_word word;
} notes[] = {
    {"working", WORD_WORKING},
    {"cancelled", WORD_CANCELLED},
    {"there", WORD_THERE},
    {"failed", WORD_FAILED},
    {"unavailable", WORD_UNAVAILABLE_MORE},
    {"renamed", WORD_OWN_RENAMED},
    {"removed", WORD_OWN_REMOVED},
    {"added", WORD_OWN_ADDED},
    {"refused", WORD_OWN_REFUSED},
    {"taken", WORD_OWN_TAKEN},
    {"bad-name", WORD_OWN_BAD_NAME},
    {"changed", WORD_OWN_CHANGED},
    {"limit", WORD_OWN_LIMIT},
    {"sign-in-refused", WORD_OWN_SIGN_IN_REFUSED},
    {"unknown", WORD_OWN_UNKNOWN},
    {"ended", WORD_OWN_ENDED},
    {"signed-out", WORD_OWN_SIGNED_OUT},
    {"last-gone", WORD_OWN_LAST_GONE},
};

static void put_notes(const struct page *page, const char *shown)
{
    page_put_html(page, "<noscript>");
    put_element(page, "<p class=\"note\">", WORD_OWN_NO_SCRIPT, "</p>");
    page_put_html(page, "</noscript>\n<div role=\"status\">\n");
    for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
        (void)fprintf(page->out, "<p class=\"note\" data-say=\"%s\"%s>", notes[i].name,
                      strcmp(notes[i].name, shown) == 0 ? "" : " hidden");
        put_word(page, notes[i].word);
        page_put_html(page, "</p>\n");
    }
    page_put_html(page, "</div>\n");
}

/* What the script finds when the browser has no passkeys. */
static void put_unsupported(const struct page *page)
{
    page_put_html(page, "<section data-part=\"unsupported\" hidden>\n");
    put_element(page, "<h1 tabindex=\"-1\">", WORD_UNSUPPORTED, "</h1>\n<p>");
    put_word(page, WORD_UNSUPPORTED_MORE);
    page_put_html(page, "</p>\n</section>\n");
}

static void end(const struct page *page)
{
    put_unsupported(page);
    page_put_html(page, "</main>\n<footer>");
    page_put_words(page, WORD_FOOTER, page->party->id, "");
    page_put_html(page, "</footer>\n</body>\n</html>\n");
}

/* --- signing in ------------------------------------------------------------------------------- */

static void put_sign_in(const struct page *page, bool ended)
{
    begin(page, WORD_OWN_SIGN_IN, "", "");
    page_put_html(page, "<main");
    put_attribute(page, "data-base", page->party->prefix);
    page_put_html(page, ">\n<section data-part=\"sign-in\">\n");
    put_element(page, "<h1 tabindex=\"-1\">", WORD_OWN_SIGN_IN, "</h1>\n");
    put_element(page, "<p>", WORD_OWN_SIGN_IN_MORE, "</p>\n");
    put_notes(page, ended ? "ended" : "");
    put_button(page, " type=\"button\" data-do=\"sign-in\" hidden", WORD_OWN_USE);
    page_put_html(page, "<form data-form=\"sign-in\" hidden>\n");
    put_element(page, "<p class=\"quiet-text\">", WORD_OWN_BY_NAME_MORE, "</p>\n");
    put_element(page, "<label for=\"account\">", WORD_OWN_ACCOUNT, "</label>\n");
    page_put_html(page, "<input id=\"account\" name=\"account\" required maxlength=\"128\" "
                        "autocomplete=\"username webauthn\" autocapitalize=\"none\" "
                        "spellcheck=\"false\">\n");
    put_button(page, " class=\"plain\"", WORD_OWN_BY_NAME);
    page_put_html(page, "</form>\n</section>\n");
    end(page);
}

/* --- of who is signed in ---------------------------------------------------------------------- */

static void put_link(const struct page *page, const char *path, bool current, enum page_word word)
{
    page_put_html(page, "<a href=");
    put_address(page, path);
    page_put_html(page, current ? " aria-current=\"page\">" : ">");
    put_word(page, word);
    page_put_html(page, "</a>\n");
}

static void begin_own(const struct page *page, const json_t *own, const char *token,
                      enum page_word title)
{
    const bool decisions = title == WORD_OWN_DECISIONS_OF;

    begin(page, title, said(own, "user"), said(own, "host"));
    page_put_html(page, "<nav aria-label=\"");
    put_word(page, WORD_OWN_PAGES);
    page_put_html(page, "\">\n");
    put_link(page, "/passkeys", !decisions, WORD_OWN_PASSKEYS);
    put_link(page, "/decisions", decisions, WORD_OWN_DECISIONS);
    put_button(page, " type=\"button\" class=\"text\" data-do=\"sign-out\"", WORD_OWN_SIGN_OUT);
    page_put_html(page, "</nav>\n<main");
    put_attribute(page, "data-base", page->party->prefix);
    put_attribute(page, "data-token", token);
    put_attribute(page, "data-rp-id", said(own, "rpId"));
    put_attribute(page, "data-user-handle", said(own, "userHandle"));
    page_put_html(page, ">\n<section data-part=\"own\">\n<h1 tabindex=\"-1\">");
    page_put_words(page, title, said(own, "user"), said(own, "host"));
    page_put_html(page, "</h1>\n");
    put_notes(page, "");
}

/* The script says it in the person's own time zone. */
static void put_time(const struct page *page, json_int_t seconds)
{
    char machine[TIME_SIZE], text[TIME_SIZE];
    time_t when = (time_t)seconds;
    struct tm utc;

    if (!gmtime_r(&when, &utc) ||
        strftime(machine, sizeof(machine), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0 ||
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &utc) == 0)
        return;
    (void)fprintf(page->out, "<time datetime=\"%s\">%s</time>", machine, text);
}

static void begin_row(const struct page *page, enum page_word term)
{
    put_element(page, "<dt>", term, "</dt><dd>");
}

static void put_row(const struct page *page, enum page_word term, const char *text)
{
    if (!*text)
        return;
    begin_row(page, term);
    page_put_foreign(page, text);
    page_put_html(page, "</dd>\n");
}

static void put_time_row(const struct page *page, enum page_word term, json_int_t seconds)
{
    begin_row(page, term);
    if (seconds > 0)
        put_time(page, seconds);
    else
        put_word(page, WORD_OWN_NEVER);
    page_put_html(page, "</dd>\n");
}

/* What the daemon calls the gateway's own page is no program that anybody knows. */
static void put_service(const struct page *page, const char *service)
{
    if (strcmp(service, "passkey-gateway") == 0)
        put_word(page, WORD_OWN_HERE);
    else
        page_put_foreign(page, service);
}

/* "sshd, 192.0.2.7" */
static void put_place(const struct page *page, enum page_word term, const json_t *context)
{
    const char *service = said(context, "service"), *from = said(context, "rhost");

    if (!*service && !*from)
        return;
    begin_row(page, term);
    put_service(page, service);
    page_put_html(page, *service && *from ? ", " : "");
    page_put_foreign(page, from);
    page_put_html(page, "</dd>\n");
}

/* --- passkeys --------------------------------------------------------------------------------- */

static void put_facts(const struct page *page, const json_t *passkey)
{
    page_put_html(page, "<dl>\n");
    put_row(page, WORD_OWN_PROVIDER, said(passkey, "provider"));
    put_time_row(page, WORD_OWN_USED, json_integer_value(json_object_get(passkey, "lastUsed")));
    put_place(page, WORD_OWN_WHERE, json_object_get(passkey, "lastContext"));
    put_time_row(page, WORD_OWN_CREATED, json_integer_value(json_object_get(passkey, "created")));
    page_put_html(page, "</dl>\n");
}

static void put_named_button(const struct page *page, const char *action, const char *name,
                             enum page_word word, enum page_word whole)
{
    (void)fprintf(page->out, "<button type=\"button\" class=\"text\" data-do=\"%s\" aria-label=\"",
                  action);
    page_put_plain_words(page, whole, name, "");
    page_put_html(page, "\">");
    put_word(page, word);
    page_put_html(page, "</button>\n");
}

static void put_rename(const struct page *page, const char *name, size_t number)
{
    (void)fprintf(page->out, "<form data-form=\"rename\" hidden>\n<label for=\"name-%zu\">",
                  number);
    put_word(page, WORD_OWN_NAME);
    (void)fprintf(page->out,
                  "</label>\n<input id=\"name-%zu\" name=\"name\" required maxlength=\"64\" "
                  "autocomplete=\"off\" aria-describedby=\"more-%zu\"",
                  number, number);
    put_attribute(page, "value", name);
    (void)fprintf(page->out, ">\n<p class=\"quiet-text\" id=\"more-%zu\">", number);
    put_word(page, WORD_OWN_NAME_MORE);
    page_put_html(page, "</p>\n");
    put_button(page, "", WORD_OWN_SAVE);
    put_button(page, " type=\"button\" class=\"plain\" data-do=\"cancel\"", WORD_OWN_CANCEL);
    page_put_html(page, "</form>\n");
}

static void put_remove(const struct page *page, const json_t *own, bool last)
{
    json_int_t codes = json_integer_value(json_object_get(own, "recoveryCodes"));
    char number[24];

    page_put_html(page, "<div data-form=\"remove\" hidden>\n");
    if (last) {
        (void)snprintf(number, sizeof(number), "%lld", (long long)codes);
        put_element(page, "<p class=\"note warning\">", WORD_OWN_LAST, "</p>\n<p>");
        page_put_words(page, codes > 0 ? WORD_OWN_LAST_CODES : WORD_OWN_LAST_NO_CODES, number, "");
        page_put_html(page, "</p>\n");
        put_button(page, " type=\"button\" class=\"danger\" data-do=\"remove-last\"",
                   WORD_OWN_LAST_SURE);
    } else {
        put_element(page, "<p>", WORD_OWN_REMOVE_MORE, "</p>\n");
        put_button(page, " type=\"button\" class=\"danger\" data-do=\"remove-now\"",
                   WORD_OWN_REMOVE_BY);
    }
    put_button(page, " type=\"button\" class=\"plain\" data-do=\"cancel\"", WORD_OWN_CANCEL);
    page_put_html(page, "</div>\n");
}

static bool is_usable(const json_t *passkey)
{
    return json_is_true(json_object_get(passkey, "usableHere"));
}

static size_t count_usable(const json_t *list)
{
    size_t count = 0, i;
    const json_t *item;

    json_array_foreach(list, i, item)
    {
        count += is_usable(item);
    }
    return count;
}

static void put_passkey(const struct page *page, const json_t *own, const json_t *passkey,
                        size_t number)
{
    const char *name = said(passkey, "name"), *id = said(passkey, "credentialId");
    bool last = is_usable(passkey) && count_usable(json_object_get(own, "passkeys")) == 1;

    page_put_html(page, "<li");
    put_attribute(page, "data-id", id);
    put_attribute(page, "data-usable", is_usable(passkey) ? "yes" : "no");
    page_put_html(page, ">\n<h2><bdi>");
    page_put_foreign(page, name);
    page_put_html(page, "</bdi></h2>\n");
    put_facts(page, passkey);
    if (strcmp(id, said(own, "credentialId")) == 0)
        put_element(page, "<p class=\"quiet-text\">", WORD_OWN_THIS, "</p>\n");
    if (!is_usable(passkey))
        put_element(page, "<p class=\"quiet-text\">", WORD_OWN_ELSEWHERE, "</p>\n");
    page_put_html(page, "<div class=\"actions\">\n");
    put_named_button(page, "rename", name, WORD_OWN_RENAME, WORD_OWN_RENAME_THIS);
    put_named_button(page, "remove", name, WORD_OWN_REMOVE, WORD_OWN_REMOVE_THIS);
    page_put_html(page, "</div>\n");
    put_rename(page, name, number);
    put_remove(page, own, last);
    page_put_html(page, "</li>\n");
}

static void put_passkeys(const struct page *page, const json_t *own, const char *token)
{
    size_t i;
    const json_t *item;

    begin_own(page, own, token, WORD_OWN_OF);
    page_put_html(page, "<ul class=\"cards\">\n");
    json_array_foreach(json_object_get(own, "passkeys"), i, item)
    {
        put_passkey(page, own, item, i + 1);
    }
    page_put_html(page, "</ul>\n");
    put_element(page, "<div id=\"adding\">\n<h2>", WORD_OWN_ADD, "</h2>\n");
    put_element(page, "<p>", WORD_OWN_ADD_MORE, "</p>\n");
    put_button(page, " type=\"button\" data-do=\"add\"", WORD_OWN_ADD);
    page_put_html(page, "</div>\n</section>\n");
    end(page);
}

/* --- decisions -------------------------------------------------------------------------------- */

static enum page_word outcome_of(const json_t *decision)
{
    if (!json_is_true(json_object_get(decision, "accepted")))
        return WORD_OWN_NOT_ACCEPTED;
    return json_is_true(json_object_get(decision, "enrollment")) ? WORD_OWN_ENROLLED
                                                                 : WORD_OWN_ACCEPTED;
}

static void put_decision(const struct page *page, const json_t *decision)
{
    const json_t *context = json_object_get(decision, "context");
    json_int_t times = json_integer_value(json_object_get(decision, "times"));
    char number[24];

    page_put_html(page, "<li>\n<h2>");
    put_word(page, outcome_of(decision));
    page_put_html(page, "</h2>\n");
    if (times > 1) {
        (void)snprintf(number, sizeof(number), "%lld", (long long)times);
        page_put_html(page, "<p>");
        page_put_words(page, WORD_OWN_TIMES, number, "");
        page_put_html(page, "</p>\n");
    }
    page_put_html(page, "<dl>\n");
    put_time_row(page, WORD_OWN_WHEN, json_integer_value(json_object_get(decision, "when")));
    if (*said(context, "service")) {
        begin_row(page, WORD_PROGRAM);
        put_service(page, said(context, "service"));
        page_put_html(page, "</dd>\n");
    }
    put_row(page, WORD_COMMAND, said(context, "command"));
    put_row(page, WORD_FROM, said(context, "rhost"));
    put_row(page, WORD_TERMINAL, said(context, "tty"));
    put_row(page, WORD_OWN_BY, said(decision, "passkey"));
    page_put_html(page, "</dl>\n</li>\n");
}

static void put_decisions(const struct page *page, const json_t *own, const char *token)
{
    const json_t *list = json_object_get(own, "decisions");
    size_t i;
    const json_t *item;

    begin_own(page, own, token, WORD_OWN_DECISIONS_OF);
    put_element(page, "<p>", WORD_OWN_DECISIONS_MORE, "</p>\n");
    if (json_array_size(list) == 0)
        put_element(page, "<p>", WORD_OWN_NO_DECISIONS, "</p>\n");
    page_put_html(page, json_array_size(list) > 0 ? "<ul class=\"cards\">\n" : "");
    json_array_foreach(list, i, item)
    {
        put_decision(page, item);
    }
    page_put_html(page, json_array_size(list) > 0 ? "</ul>\n" : "");
    page_put_html(page, "</section>\n");
    end(page);
}

/* --- the whole -------------------------------------------------------------------------------- */

char *page_of_own_sign_in(const struct party *party, enum page_language language, bool ended)
{
    char *text = NULL;
    size_t size = 0;
    struct page page = {open_memstream(&text, &size), party, language, "passkeys.js"};

    if (!page.out)
        return NULL;
    put_sign_in(&page, ended);
    return page_written(&page, &text);
}

char *page_of_own_passkeys(const struct party *party, enum page_language language,
                           const json_t *own, const char *token)
{
    char *text = NULL;
    size_t size = 0;
    struct page page = {open_memstream(&text, &size), party, language, "passkeys.js"};

    if (!page.out)
        return NULL;
    put_passkeys(&page, own, token);
    return page_written(&page, &text);
}

char *page_of_own_decisions(const struct party *party, enum page_language language,
                            const json_t *own, const char *token)
{
    char *text = NULL;
    size_t size = 0;
    struct page page = {open_memstream(&text, &size), party, language, "passkeys.js"};

    if (!page.out)
        return NULL;
    put_decisions(&page, own, token);
    return page_written(&page, &text);
}
