/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/quote.h"

#include "common/base/cleanup.h"
#include "common/base/hidden.h"
#include "common/base/text.h"

#include <stdio.h>
#include <string.h>

#define BLANKS_MAX 8  /* in a row: more of them would push the rest out of sight */
#define ESCAPE_MAX 11 /* \U000e0041, and the NUL */

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                            "_@%+=:,./-";

/* One character, or a byte that belongs to none. */
struct character {
    struct pk_view bytes;
    bool valid; /* UTF-8 */
    uint32_t code;
};

/* Cuts the first one off; text is not empty. */
static struct character take_character(struct pk_view *text)
{
    struct character taken = {.bytes = {text->ptr, 1}};
    size_t len = pk_utf8_take(*text, &taken.code);

    taken.valid = len > 0;
    if (taken.valid)
        taken.bytes.len = len;
    else
        taken.code = text->ptr[0];
    text->ptr += taken.bytes.len;
    text->len -= taken.bytes.len;
    return taken;
}

/* blanks: how many came in a row before this character. */
static bool needs_escape(const struct character *character, unsigned blanks)
{
    return !character->valid || pk_is_hidden(character->code) ||
           (character->code == ' ' && blanks >= BLANKS_MAX);
}

static unsigned count_blanks(const struct character *character, unsigned blanks)
{
    return character->valid && character->code == ' ' ? blanks + 1 : 0;
}

static void format_escape(const struct character *character, char ret[ESCAPE_MAX])
{
    static const struct {
        uint32_t code;
        char letter;
    } letters[] = {{'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}};

    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (character->code != letters[i].code)
            continue;
        (void)snprintf(ret, ESCAPE_MAX, "\\%c", letters[i].letter);
        return;
    }
    if (!character->valid || character->code < 0x80)
        (void)snprintf(ret, ESCAPE_MAX, "\\x%02x", (unsigned)(character->code & 0xff));
    else if (character->code <= 0xffff)
        (void)snprintf(ret, ESCAPE_MAX, "\\u%04x", (unsigned)character->code);
    else
        (void)snprintf(ret, ESCAPE_MAX, "\\U%08x", (unsigned)character->code);
}

static bool word_needs_escapes(struct pk_view word)
{
    unsigned blanks = 0;

    while (word.len > 0) {
        const struct character character = take_character(&word);

        if (needs_escape(&character, blanks))
            return true;
        blanks = count_blanks(&character, blanks);
    }
    return false;
}

static bool is_plain(struct pk_view word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.ptr[i] == 0 || !strchr(plain, word.ptr[i]))
            return false;
    return word.len > 0;
}

static void put_text(struct pk_writer *writer, const char *text)
{
    pk_writer_put(writer, pk_view_string(text));
}

static void write_single_quoted(struct pk_writer *writer, struct pk_view word)
{
    put_text(writer, "'");
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] == '\'')
            put_text(writer, "'\\''");
        else
            pk_writer_u8(writer, word.ptr[i]);
    }
    put_text(writer, "'");
}

static void write_escaped(struct pk_writer *writer, struct pk_view word)
{
    unsigned blanks = 0;

    put_text(writer, "$'");
    while (word.len > 0) {
        const struct character character = take_character(&word);
        char escape[ESCAPE_MAX];

        if (needs_escape(&character, blanks)) {
            format_escape(&character, escape);
            put_text(writer, escape);
        } else {
            if (character.code == '\'' || character.code == '\\')
                put_text(writer, "\\");
            pk_writer_put(writer, character.bytes);
        }
        blanks = count_blanks(&character, blanks);
    }
    put_text(writer, "'");
}

void pk_quote_word(struct pk_writer *writer, struct pk_view word)
{
    if (is_plain(word))
        pk_writer_put(writer, word);
    else if (word_needs_escapes(word))
        write_escaped(writer, word);
    else
        write_single_quoted(writer, word);
}

char *pk_text_visible(struct pk_view text, size_t max)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(max + 1);
    struct pk_bytes made = {0};
    unsigned blanks = 0;

    while (text.len > 0) {
        const struct character character = take_character(&text);
        char escape[ESCAPE_MAX];
        struct pk_view shown = character.bytes;

        if (needs_escape(&character, blanks)) {
            format_escape(&character, escape);
            shown = pk_view_string(escape);
        }
        if (shown.len > max - writer.len)
            break;
        pk_writer_put(&writer, shown);
        blanks = count_blanks(&character, blanks);
    }
    pk_writer_u8(&writer, 0);
    return pk_writer_finish(&writer, &made) == PK_OK ? (char *)made.data : NULL;
}

size_t pk_text_piece(const char *text, size_t max)
{
    size_t len = strlen(text), cut = max;

    if (len <= max)
        return len;
    for (size_t at = max; at > max / 2; at--)
        if (text[at - 1] == ' ')
            return at;
    /* Nor inside of an escape. */
    for (size_t at = max - ESCAPE_MAX + 2; at < max && cut == max; at++)
        if (text[at] == '\\')
            cut = at;
    while (cut > max / 2 && (((unsigned char)text[cut] & 0xc0) == 0x80 || text[cut - 1] == '\\'))
        cut--;
    return cut;
}
