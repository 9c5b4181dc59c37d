/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/page.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/quote.h"
#include "gateway/page_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SHOWN_MAX 64 /* bytes in a sentence; the row has all of it */
#define ROW_SHOWN_MAX  (4 * PK_COMMAND_TEXT_MAX)

/* HTML 13.1.1 and 13.1.2.3: in text, and in values that stand in double quotes. */
static void put(const struct page *page, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            (void)fputs("&amp;", page->out);
            break;
        case '<':
            (void)fputs("&lt;", page->out);
            break;
        case '>':
            (void)fputs("&gt;", page->out);
            break;
        case '"':
            (void)fputs("&quot;", page->out);
            break;
        default:
            (void)fputc(*text, page->out);
        }
}

/*
 * What others wrote: all of it can be seen, and nothing reads otherwise than it is, as at a
 * terminal (quote.h). Whoever asks for a link chooses the name, for one.
 */
static void put_foreign(const struct page *page, const char *text, size_t max)
{
    PK_AUTO_FREE char *visible = pk_text_visible(pk_view_string(text), ROW_SHOWN_MAX);
    PK_AUTO_FREE char *cut = NULL;

    if (visible && strlen(visible) > max)
        cut = pk_text_visible(pk_view_string(visible), max);
    put(page, cut ? cut : visible ? visible : "?");
    put(page, cut ? "…" : "");
}

/* HTML of this file's own. */
static void put_html(const struct page *page, const char *html)
{
    (void)fputs(html, page->out);
}

/*
 * The words, with a and b, of others, in the place of the first and the second %s. isolated: in an
 * element, so that a name that is written from right to left leaves the rest where it is.
 */
static void put_sentence(const struct page *page, enum page_word word, bool isolated, const char *a,
                         const char *b)
{
    const char *words = page_word(page->language, word);
    const char *place;

    while ((place = strstr(words, "%s"))) {
        (void)fprintf(page->out, "%.*s%s", (int)(place - words), words, isolated ? "<bdi>" : "");
        put_foreign(page, a, NAME_SHOWN_MAX);
        put_html(page, isolated ? "</bdi>" : "");
        a = b;
        words = place + 2;
    }
    (void)fputs(words, page->out);
}

static void put_words(const struct page *page, enum page_word word, const char *a, const char *b)
{
    put_sentence(page, word, true, a, b);
}

static void put_word(const struct page *page, enum page_word word)
{
    put_words(page, word, "", "");
}

static void begin(const struct page *page, enum page_word title, const char *a, const char *b)
{
    put_html(page, "<!DOCTYPE html>\n<html lang=\"");
    put_word(page, WORD_LANGUAGE);
    put_html(page, "\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta name=\"robots\" content=\"noindex\">\n<title>");
    put_sentence(page, title, false, a, b); /* has no elements */
    put_html(page, "</title>\n<link rel=\"icon\" href=\"data:,\">\n"
                   "<link rel=\"stylesheet\" href=\"");
    put(page, page->party->prefix);
    put_html(page, "/static/style.css\">\n<script type=\"module\" src=\"");
    put(page, page->party->prefix);
    put_html(page, "/static/");
    put_html(page, page->script);
    put_html(page, "\"></script>\n</head>\n<body>\n<main>\n");
}

static void end(const struct page *page)
{
    put_html(page, "</main>\n<footer>");
    put_words(page, WORD_FOOTER, page->party->id, "");
    put_html(page, "</footer>\n</body>\n</html>\n");
}

/* What is shown one at a time: the script shows another. */
static void begin_part(const struct page *page, const char *name, bool shown)
{
    (void)fprintf(page->out, "<section data-part=\"%s\"%s>\n", name, shown ? "" : " hidden");
}

static void put_title(const struct page *page, enum page_word title, const char *a, const char *b)
{
    put_html(page, "<h1 tabindex=\"-1\">");
    put_words(page, title, a, b);
    put_html(page, "</h1>\n");
}

static void put_paragraph(const struct page *page, const char *attributes, enum page_word word)
{
    (void)fprintf(page->out, "<p%s>", attributes);
    put_word(page, word);
    put_html(page, "</p>\n");
}

static void put_part(const struct page *page, const char *name, enum page_word title,
                     enum page_word more, bool shown)
{
    begin_part(page, name, shown);
    put_title(page, title, "", "");
    put_paragraph(page, "", more);
    put_html(page, "</section>\n");
}

static void put_note(const struct page *page, const char *name, enum page_word word)
{
    (void)fprintf(page->out, "<p class=\"note\" data-say=\"%s\" hidden>", name);
    put_word(page, word);
    put_html(page, "</p>\n");
}

static void put_disown_button(const struct page *page)
{
    put_html(page, "<button type=\"button\" class=\"quiet\" data-do=\"disown\" hidden>");
    put_word(page, WORD_NOT_ME);
    put_html(page, "</button>\n");
}

/* By itself: that it failed, as over a connection that is gone, is said there as well. */
static void put_disown(const struct page *page)
{
    put_html(page, "<div role=\"status\">\n");
    put_note(page, "failed", WORD_FAILED);
    put_html(page, "</div>\n");
    put_disown_button(page);
}

/* --- a link ----------------------------------------------------------------------------------- */

/* Of what the challenge is bound to; "" where it says nothing. */
static const char *said(const json_t *context, const char *name)
{
    const char *text = json_string_value(json_object_get(context, name));

    return text ? text : "";
}

static void put_row(const struct page *page, enum page_word term, const char *text, bool code)
{
    if (!*text)
        return;
    put_html(page, "<dt>");
    put_word(page, term);
    put_html(page, code ? "</dt><dd><code>" : "</dt><dd>");
    put_foreign(page, text, ROW_SHOWN_MAX);
    put_html(page, code ? "</code></dd>\n" : "</dd>\n");
}

/* In the order of a prompt at the terminal (daemon/dialogue/messages.c). */
static const struct context_row {
    const char *member;
    enum page_word term;
    bool code;
} context_rows[] = {
    {"user", WORD_ACCOUNT, false},    {"host", WORD_HOST, false},
    {"service", WORD_PROGRAM, false}, {"dialog", WORD_DIALOG, true},
    {"command", WORD_COMMAND, true},  {"files", WORD_FILES, true},
    {"digest", WORD_DIGEST, true},    {"target", WORD_TARGET, false},
    {"group", WORD_GROUP, false},     {"cwd", WORD_FOLDER, true},
    {"chroot", WORD_ROOT, true},      {"environment", WORD_ENVIRONMENT, true},
    {"ruser", WORD_ASKER, false},
};

static void put_context(const struct page *page, const json_t *context)
{
    const char *from = said(context, "rhost");

    put_html(page, "<dl>\n");
    for (size_t i = 0; i < sizeof(context_rows) / sizeof(context_rows[0]); i++)
        put_row(page, context_rows[i].term, said(context, context_rows[i].member),
                context_rows[i].code);
    put_row(page, WORD_FROM, *from ? from : page_word(page->language, WORD_HERE), false);
    put_row(page, WORD_TERMINAL, said(context, "tty"), false);
    put_html(page, "</dl>\n");
}

/* What a link is for, by the context's "act". */
static const struct purpose {
    const char *act;
    enum page_word title, asked, use;
} purposes[] = {
    {"authenticate", WORD_SIGN_IN, WORD_ASKED, WORD_USE},
    {"approve", WORD_APPROVE, WORD_ASKED, WORD_USE},
    {"enroll", WORD_ENROLL, WORD_ENROLL_ASKED, WORD_CREATE},
};

static const struct purpose *purpose_of(const json_t *context)
{
    for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
        if (strcmp(purposes[i].act, said(context, "act")) == 0)
            return &purposes[i];
    return &purposes[0];
}

static void put_ask(const struct page *page, const json_t *context, bool shown)
{
    const struct purpose *purpose = purpose_of(context);

    begin_part(page, "ask", shown);
    put_title(page, purpose->title, said(context, "user"), said(context, "host"));
    put_paragraph(page, "", purpose->asked);
    put_context(page, context);
    put_html(page, "<noscript>");
    put_paragraph(page, " class=\"note\"", WORD_NO_SCRIPT);
    put_html(page, "</noscript>\n<div role=\"status\">\n");
    put_note(page, "working", WORD_WORKING);
    put_note(page, "cancelled", WORD_CANCELLED);
    put_note(page, "there", WORD_THERE);
    put_note(page, "failed", WORD_FAILED);
    put_html(page, "</div>\n<button type=\"button\" data-do=\"use\" hidden>");
    put_word(page, purpose->use);
    put_html(page, "</button>\n");
    put_disown_button(page);
    put_html(page, "</section>\n");
}

static void put_code(const struct page *page, const json_t *context, const char *code)
{
    const char *from = said(context, "rhost");

    begin_part(page, "code", *code);
    put_title(page, WORD_CODE, "", "");
    put_html(page, "<p class=\"note\">");
    put_words(page, *from ? WORD_CODE_WHERE : WORD_CODE_WHERE_HERE, said(context, "host"), from);
    put_html(page, "</p>\n<output class=\"code\" data-code>");
    put(page, code);
    put_html(page, "</output>\n");
    put_paragraph(page, " class=\"quiet-text\"", WORD_CODE_AFTER);
    put_disown(page);
    put_html(page, "</section>\n");
}

static void put_link(const struct page *page, const json_t *link)
{
    const json_t *context = json_object_get(link, "context");
    const char *stage = said(link, "stage"), *code = said(link, "code");
    bool refused = strcmp(stage, "refused") == 0;

    begin(page, purpose_of(context)->title, said(context, "user"), said(context, "host"));
    put_ask(page, context, !*code && !refused);
    put_code(page, context, code);
    put_part(page, "refused", WORD_REFUSED, WORD_REFUSED_MORE, refused);
    put_part(page, "disowned", WORD_DISOWNED, WORD_DISOWNED_MORE, false);
    put_part(page, "over", WORD_OVER, WORD_OVER_MORE, false);
    begin_part(page, "unsupported", false);
    put_title(page, WORD_UNSUPPORTED, "", "");
    put_paragraph(page, "", WORD_UNSUPPORTED_MORE);
    put_disown(page);
    put_html(page, "</section>\n");
    end(page);
}

/* --- an enrolment link ------------------------------------------------------------------------ */

/* The words, with a place for each %s that the script fills. */
static void put_places(const struct page *page, enum page_word word, const char *a, const char *b)
{
    const char *words = page_word(page->language, word);
    const char *place;

    while ((place = strstr(words, "%s"))) {
        (void)fprintf(page->out, "%.*s<bdi data-fill=\"%s\"></bdi>", (int)(place - words), words,
                      a);
        a = b;
        words = place + 2;
    }
    put_html(page, words);
}

static void put_place_row(const struct page *page, enum page_word term, const char *name)
{
    put_html(page, "<dt>");
    put_word(page, term);
    (void)fprintf(page->out, "</dt><dd><bdi data-fill=\"%s\"></bdi></dd>\n", name);
}

static void put_wait(const struct page *page)
{
    begin_part(page, "wait", true);
    put_title(page, WORD_TICKET, "", "");
    put_html(page, "<noscript>");
    put_paragraph(page, " class=\"note\"", WORD_NO_SCRIPT);
    put_html(page, "</noscript>\n</section>\n");
}

static void put_make(const struct page *page)
{
    begin_part(page, "ask", false);
    put_html(page, "<h1 tabindex=\"-1\">");
    put_places(page, WORD_ENROLL, "user", "host");
    put_html(page, "</h1>\n");
    put_paragraph(page, "", WORD_ENROLL_ASKED);
    put_html(page, "<dl>\n");
    put_place_row(page, WORD_ACCOUNT, "user");
    put_place_row(page, WORD_HOST, "host");
    put_place_row(page, WORD_UNTIL, "expires");
    put_html(page, "</dl>\n<div role=\"status\">\n");
    put_note(page, "working", WORD_WORKING);
    put_note(page, "cancelled", WORD_NOT_MADE);
    put_note(page, "there", WORD_THERE);
    put_note(page, "refused", WORD_MADE_REFUSED);
    put_note(page, "failed", WORD_MADE_FAILED);
    put_html(page, "</div>\n<button type=\"button\" data-do=\"use\">");
    put_word(page, WORD_CREATE);
    put_html(page, "</button>\n</section>\n");
}

static void put_made(const struct page *page)
{
    begin_part(page, "made", false);
    put_html(page, "<h1 tabindex=\"-1\">");
    put_places(page, WORD_MADE, "user", "host");
    put_html(page, "</h1>\n<p>");
    put_places(page, WORD_MADE_NAME, "name", "");
    put_html(page, "</p>\n<p data-known=\"provider\" hidden>");
    put_places(page, WORD_MADE_PROVIDER, "provider", "");
    put_html(page, "</p>\n<p>");
    put_places(page, WORD_MADE_NEXT, "host", "user");
    put_html(page, "</p>\n<p><code>sudo true</code></p>\n");
    put_paragraph(page, " class=\"quiet-text\"", WORD_MADE_AFTER);
    put_html(page, "</section>\n");
}

static void put_failed(const struct page *page)
{
    begin_part(page, "failed", false);
    put_title(page, WORD_UNAVAILABLE, "", "");
    put_paragraph(page, "", WORD_UNAVAILABLE_MORE);
    put_html(page, "<button type=\"button\" data-do=\"again\">");
    put_word(page, WORD_AGAIN);
    put_html(page, "</button>\n</section>\n");
}

static void put_ticket(const struct page *page)
{
    begin(page, WORD_TICKET, "", "");
    put_wait(page);
    put_make(page);
    put_made(page);
    put_failed(page);
    put_part(page, "over", WORD_TICKET_OVER, WORD_TICKET_OVER_MORE, false);
    put_part(page, "lost", WORD_TICKET_LOST, WORD_TICKET_LOST_MORE, false);
    put_part(page, "incomplete", WORD_INCOMPLETE, WORD_INCOMPLETE_MORE, false);
    put_part(page, "unsupported", WORD_UNSUPPORTED, WORD_UNSUPPORTED_MORE, false);
    end(page);
}

/* --- the whole -------------------------------------------------------------------------------- */

static char *written(const struct page *page, char **text)
{
    bool failed = ferror(page->out) != 0;

    failed |= fclose(page->out) != 0;
    if (!failed)
        return *text;
    free(*text);
    return NULL;
}

char *page_of_link(const struct party *party, enum page_language language, const json_t *link)
{
    char *text = NULL;
    size_t size = 0;
    struct page page = {open_memstream(&text, &size), party, language, "link.js"};

    if (!page.out)
        return NULL;
    put_link(&page, link);
    return written(&page, &text);
}

char *page_of_ticket(const struct party *party, enum page_language language)
{
    char *text = NULL;
    size_t size = 0;
    struct page page = {open_memstream(&text, &size), party, language, "ticket.js"};

    if (!page.out)
        return NULL;
    put_ticket(&page);
    return written(&page, &text);
}

char *page_of_words(const struct party *party, enum page_language language, enum page_word title,
                    enum page_word more)
{
    char *text = NULL;
    size_t size = 0;
    struct page page = {open_memstream(&text, &size), party, language, "link.js"};

    if (!page.out)
        return NULL;
    begin(&page, title, "", "");
    put_part(&page, "words", title, more, true);
    end(&page);
    return written(&page, &text);
}

/* --- for other pages -------------------------------------------------------------------------- */

void page_put(const struct page *page, const char *text)
{
    put(page, text);
}

void page_put_foreign(const struct page *page, const char *text)
{
    put_foreign(page, text, ROW_SHOWN_MAX);
}

void page_put_plain_words(const struct page *page, enum page_word word, const char *a,
                          const char *b)
{
    put_sentence(page, word, false, a, b);
}

void page_put_html(const struct page *page, const char *html)
{
    put_html(page, html);
}

void page_put_words(const struct page *page, enum page_word word, const char *a, const char *b)
{
    put_words(page, word, a, b);
}

char *page_written(const struct page *page, char **text)
{
    return written(page, text);
}
