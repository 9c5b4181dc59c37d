/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/command.h"

#include "common/base/cleanup.h"
#include "common/base/quote.h"
#include "common/base/reader.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"

#include <string.h>

#define WORD_MAX 256 /* bytes of a name of an account or a group */
#define WORDS    2   /* of a resolved command before its arguments: path and name */

/* Escapes make four bytes of one, and an empty word takes three and a blank. */
#define TEXT_MAX(bytes) (4 * (bytes) + 1024)

void command_clear(struct command *command)
{
    free(command->line);
    free(command->digest);
    free(command->target);
    free(command->group);
    free(command->folder);
    free(command->root);
    free(command->environment);
    free(command->files);
    *command = (struct command){0};
}

static enum pk_status hash(struct pk_view bytes, char **ret)
{
    uint8_t digest[PK_HASH_SIZE];

    pk_sha256(bytes, digest);
    *ret = pk_hex_encode((struct pk_view){digest, sizeof(digest)});
    return *ret ? PK_OK : PK_NO_MEMORY;
}

static void put_text(struct pk_writer *writer, const char *text)
{
    pk_writer_put(writer, pk_view_string(text));
}

/* Cuts the next word off, which a NUL or the end ends. words is not empty. */
static struct pk_view take_word(struct pk_view *words)
{
    const uint8_t *end = memchr(words->ptr, 0, words->len);
    struct pk_view word = {words->ptr, end ? (size_t)(end - words->ptr) : words->len};
    size_t taken = word.len + (end ? 1 : 0);

    words->ptr += taken;
    words->len -= taken;
    return word;
}

static void put_words(struct pk_writer *writer, struct pk_view words)
{
    while (words.len > 0) {
        if (writer->len > 0)
            pk_writer_u8(writer, ' ');
        pk_quote_word(writer, take_word(&words));
    }
}

static struct pk_view head(struct pk_view bytes, size_t len)
{
    return (struct pk_view){bytes.ptr, len};
}

static struct pk_view tail(struct pk_view bytes, size_t len)
{
    return (struct pk_view){bytes.ptr + (bytes.len - len), len};
}

/* The end is what a long command most likely hides something in, and gets as much as the rest. */
static enum pk_status put_shortened(struct pk_writer *writer, struct pk_view words,
                                    size_t whole_max)
{
    const size_t shown = whole_max / 4;
    PK_AUTO_FREE char *digest = NULL;
    PK_AUTO_FREE char *gap = NULL;
    enum pk_status status = hash(words, &digest);

    if (status)
        return status;
    gap = pk_text_format(" [... %zu of %zu bytes are not shown; SHA-256 of all: %s ...]",
                         words.len - 2 * shown, words.len, digest);
    if (!gap)
        return PK_NO_MEMORY;
    put_words(writer, head(words, shown));
    put_text(writer, gap);
    put_words(writer, tail(words, shown));
    return PK_OK;
}

/* words behind what was written already. *shortened is set where something had to be left out. */
static enum pk_status finish_text(struct pk_writer *writer, struct pk_view words, size_t whole_max,
                                  bool *shortened, char **ret)
{
    struct pk_bytes text = {0};
    enum pk_status status = PK_OK;

    if (words.len <= whole_max) {
        put_words(writer, words);
    } else {
        status = put_shortened(writer, words, whole_max);
        *shortened = true;
    }
    pk_writer_u8(writer, 0);
    if (!status)
        status = pk_writer_finish(writer, &text);
    if (!status)
        *ret = (char *)text.data;
    return status;
}

static enum pk_status words_text(struct pk_view words, size_t whole_max, bool *shortened,
                                 char **ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(TEXT_MAX(whole_max));

    return finish_text(&writer, words, whole_max, shortened, ret);
}

enum pk_status command_typed(struct pk_view words, struct command *ret)
{
    AUTO_COMMAND struct command command = {0};
    bool shortened = false;
    enum pk_status status;

    if (words.len == 0)
        return PK_INVALID_INPUT;
    if (words.len > COMMAND_BYTES_MAX)
        return PK_TOO_LARGE;
    status = words_text(words, COMMAND_WHOLE_MAX, &shortened, &command.line);
    if (!status && shortened)
        status = hash(words, &command.digest);
    if (status)
        return status;
    *ret = command;
    command = (struct command){0};
    return PK_OK;
}

/* --- what sudo resolved ----------------------------------------------------------------------- */

enum { PATH, ARGUMENTS, FILES, ENVIRONMENT, TARGET, GROUP, FOLDER, ROOT, KINDS };

/* In the order of the record. */
static const struct {
    uint8_t letter;
    bool repeats;
} kinds[KINDS] = {
    [PATH] = {'c', false},       [ARGUMENTS] = {'a', true}, [FILES] = {'f', true},
    [ENVIRONMENT] = {'e', true}, [TARGET] = {'u', false},   [GROUP] = {'g', false},
    [FOLDER] = {'d', false},     [ROOT] = {'r', false},
};

/* Values of one kind, one after the other, each with its NUL. */
struct record {
    struct pk_writer values[KINDS];
};

static void record_clear(struct record *record)
{
    for (size_t i = 0; i < KINDS; i++)
        pk_writer_clear(&record->values[i]);
}

static struct pk_view values(const struct record *record, size_t kind)
{
    return (struct pk_view){record->values[kind].data, record->values[kind].len};
}

static enum pk_status read_record(struct pk_view bytes, struct record *record)
{
    size_t kind = 0;

    while (bytes.len > 0) {
        const uint8_t *end = memchr(bytes.ptr, 0, bytes.len);
        size_t len = end ? (size_t)(end - bytes.ptr) + 1 : 0;

        while (kind < KINDS && len > 0 && kinds[kind].letter != bytes.ptr[0])
            kind++;
        if (len < 2 || kind == KINDS || (!kinds[kind].repeats && record->values[kind].len > 0))
            return PK_INVALID_INPUT;
        pk_writer_put(&record->values[kind], (struct pk_view){bytes.ptr + 1, len - 1});
        if (record->values[kind].status)
            return record->values[kind].status;
        bytes = (struct pk_view){bytes.ptr + len, bytes.len - len};
    }
    return PK_OK;
}

/* A command with its name, or files to edit; and always as whom and where. */
static bool is_complete(const struct record *record)
{
    bool command = record->values[PATH].len > 1 && record->values[ARGUMENTS].len > 0;
    bool files = record->values[FILES].len > 0;
    bool either = record->values[PATH].len > 0 || record->values[ARGUMENTS].len > 0;

    return (files ? !either : command) && record->values[TARGET].len > 1 &&
           record->values[GROUP].len > 1 && record->values[FOLDER].len > 1;
}

static struct pk_view base_name(struct pk_view path)
{
    for (size_t i = path.len; i > 0; i--)
        if (path.ptr[i - 1] == '/')
            return (struct pk_view){path.ptr + i, path.len - i};
    return path;
}

/*
 * The path, how the program is called where that is another name (which a program may go by), and
 * its arguments.
 */
static enum pk_status line_text(const struct record *record, bool *shortened, char **ret)
{
    PK_AUTO_WRITER struct pk_writer writer =
        pk_writer_new(TEXT_MAX(COMMAND_WHOLE_MAX) + WORDS * TEXT_MAX(COMMAND_PART_MAX));
    struct pk_view path = values(record, PATH), words = values(record, ARGUMENTS);
    struct pk_view program = take_word(&path), name = take_word(&words);

    if (program.len > COMMAND_PART_MAX || name.len > COMMAND_PART_MAX)
        return PK_TOO_LARGE;
    pk_quote_word(&writer, program);
    if (!pk_view_equal(base_name(program), base_name(name))) {
        put_text(&writer, " (called ");
        pk_quote_word(&writer, name);
        put_text(&writer, ")");
    }
    return finish_text(&writer, words, COMMAND_WHOLE_MAX, shortened, ret);
}

static enum pk_status record_texts(const struct record *record, bool *shortened,
                                   struct command *command)
{
    const struct {
        size_t kind, max;
        char **ret;
    } texts[] = {
        {FILES, COMMAND_WHOLE_MAX, &command->files},
        {ENVIRONMENT, COMMAND_PART_MAX, &command->environment},
        {TARGET, WORD_MAX, &command->target},
        {GROUP, WORD_MAX, &command->group},
        {FOLDER, COMMAND_PART_MAX, &command->folder},
        {ROOT, COMMAND_PART_MAX, &command->root},
    };
    enum pk_status status = PK_OK;

    if (record->values[PATH].len > 0)
        status = line_text(record, shortened, &command->line);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !status; i++)
        if (record->values[texts[i].kind].len > 0)
            status =
                words_text(values(record, texts[i].kind), texts[i].max, shortened, texts[i].ret);
    return status;
}

enum pk_status command_resolved(struct pk_view bytes, struct command *ret)
{
    __attribute__((cleanup(record_clear))) struct record record;
    AUTO_COMMAND struct command command = {0};
    bool shortened = false;
    enum pk_status status;

    for (size_t i = 0; i < KINDS; i++)
        record.values[i] = pk_writer_new(COMMAND_BYTES_MAX);
    if (bytes.len > COMMAND_BYTES_MAX)
        return PK_TOO_LARGE;
    status = read_record(bytes, &record);
    if (!status && !is_complete(&record))
        status = PK_INVALID_INPUT;
    if (!status)
        status = record_texts(&record, &shortened, &command);
    if (!status && shortened)
        status = hash(bytes, &command.digest);
    if (status)
        return status;
    *ret = command;
    command = (struct command){0};
    return PK_OK;
}
