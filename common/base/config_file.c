/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parses with libini-config. The alternative, inih, silently cuts values at 200 bytes and names of
 * sections at 50, and does not give its handler line numbers.
 */
#include "common/base/config_file.h"

#include "common/base/cleanup.h"
#include "common/base/ownership.h"
#include "common/base/text.h"

#include <errno.h>
#include <ini_configobj.h>
#include <ini_valueobj.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 262144 /* bytes */

/* The section in which libini-config puts keys before the first section. */
#define NO_SECTION "default"

static inline void cleanup_file(struct ini_cfgfile **file)
{
    if (*file)
        ini_config_file_destroy(*file);
}

static inline void cleanup_parsed(struct ini_cfgobj **parsed)
{
    if (*parsed)
        ini_config_destroy(*parsed);
}

static enum pk_status set_error(const char *path, const char *what, char **ret_why)
{
    *ret_why = pk_text_format("%s: %s", path, what);
    return *ret_why ? PK_CONFIG : PK_NO_MEMORY;
}

static enum pk_status read_text(const char *path, char **ret_text, size_t *ret_len, char **ret_why)
{
    PK_AUTO_CLOSE int fd = -1;
    PK_AUTO_FREE char *text = NULL;
    struct stat info;
    size_t len = 0;
    ssize_t got;
    enum pk_status status = ownership_open(path, 0, &fd, ret_why);

    if (status != PK_OK)
        return status;
    if (fstat(fd, &info) < 0)
        return set_error(path, strerror(errno), ret_why);
    if (!S_ISREG(info.st_mode))
        return set_error(path, "not a regular file", ret_why);
    text = malloc(FILE_MAX + 1);
    if (!text)
        return PK_NO_MEMORY;
    while ((got = read(fd, text + len, FILE_MAX + 1 - len)) != 0) {
        if (got < 0)
            return set_error(path, strerror(errno), ret_why);
        len += (size_t)got;
        if (len > FILE_MAX)
            return set_error(path, "larger than 256 KiB", ret_why);
    }
    text[len] = 0;
    *ret_text = pk_steal(text);
    *ret_len = len;
    return PK_OK;
}

/* Adds the problem, once; it is released. NULL: there was no memory for it. */
static enum pk_status add_problem(const struct config_reading *reading, char *problem)
{
    enum pk_status status = problem ? PK_OK : PK_NO_MEMORY;

    if (problem && !pk_strings_include(reading->problems, problem))
        status = pk_strings_add(reading->problems, problem);
    free(problem);
    return status;
}

/*
 * Checks line by line, so that an error can name the line. A NUL would end the text early.
 * PK_CONFIG: what is not text is not parsed.
 */
static enum pk_status check_text(const struct config_reading *reading, struct pk_view text)
{
    enum pk_status status = PK_OK;

    for (unsigned number = 1; text.len > 0; number++) {
        const uint8_t *newline = memchr(text.ptr, '\n', text.len);
        struct pk_view line = {text.ptr, newline ? (size_t)(newline - text.ptr) + 1 : text.len};

        if (!pk_utf8_valid(line) || memchr(line.ptr, 0, line.len)) {
            if (add_problem(reading,
                            pk_text_format("%s:%u: not text in UTF-8", reading->path, number)))
                return PK_NO_MEMORY;
            status = PK_CONFIG;
        }
        text.ptr += line.len;
        text.len -= line.len;
    }
    return status;
}

/* Makes the line a comment, so that what is right besides it can be read. */
static void blank_line(char *text, unsigned number)
{
    while (text && number > 1) {
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
        number--;
    }
    if (text)
        (void)memset(text, ';', strcspn(text, "\n"));
}

/*
 * Turns libini's "Error (9) on line 13: What." into "PATH:13: What.", each of them, and blanks the
 * lines in text.
 */
static enum pk_status translate_errors(const struct config_reading *reading,
                                       struct ini_cfgobj *parsed, char *text)
{
    char **errors = NULL;
    enum pk_status status = PK_OK;

    if (ini_config_get_errors(parsed, &errors) != 0)
        errors = NULL;
    if (!errors || !errors[0])
        status =
            add_problem(reading, pk_text_format("%s: neither sections, KEY = VALUE, nor comments",
                                                reading->path));
    for (size_t i = 0; errors && errors[i] && status == PK_OK; i++) {
        unsigned number = 0;
        int at = 0;

        /* NOLINTNEXTLINE(cert-err34-c): libini formatted the number. */
        if (sscanf(errors[i], "Error (%*d) on line %u: %n", &number, &at) == 1 && at > 0)
            status = add_problem(
                reading, pk_text_format("%s:%u: %s", reading->path, number, errors[i] + at));
        else
            status = add_problem(reading, pk_text_format("%s: %s", reading->path, errors[i]));
        blank_line(text, number);
    }
    if (errors)
        ini_config_free_errors(errors);
    return status;
}

/* Whether a line that is to begin a section does not: the keys below it are not another's. */
static bool heading_is_broken(const char *text)
{
    for (; text; text = strchr(text, '\n')) {
        const char *end;

        text += strspn(text, " \t\r\n");
        if (*text != '[')
            continue;
        end = text + strcspn(text, "]\n");
        if (*end != ']' || end == text + 1)
            return true;
        end += 1 + strspn(end + 1, " \t\r");
        if (*end && *end != '\n')
            return true;
    }
    return false;
}

/* PK_CONFIG: there are errors, which the object has. */
static enum pk_status parse_text(const char *text, size_t len, struct ini_cfgobj *parsed)
{
    __attribute__((cleanup(cleanup_file))) struct ini_cfgfile *file = NULL;
    int error = ini_config_file_from_mem((void *)(uintptr_t)text, (uint32_t)len, &file);

    if (error == 0)
        error =
            ini_config_parse(file, INI_STOP_ON_NONE, INI_MS_MERGE | INI_MV1S_ERROR | INI_MV2S_ERROR,
                             INI_PARSE_NOWRAP | INI_PARSE_NO_C_COMMENTS, parsed);
    if (error == ENOMEM)
        return PK_NO_MEMORY;
    return error == 0 ? PK_OK : PK_CONFIG;
}

/*
 * *ret_parsed is the caller's to destroy; it stays NULL where what was parsed means nothing. What
 * has errors is not in libini's object at all, so that it is parsed again without them.
 */
static enum pk_status parse(const struct config_reading *reading, char *text, size_t len,
                            struct ini_cfgobj **ret_parsed)
{
    __attribute__((cleanup(cleanup_parsed))) struct ini_cfgobj *parsed = NULL;
    bool broken = heading_is_broken(text);
    enum pk_status status;

    if (ini_config_create(&parsed) != 0)
        return PK_NO_MEMORY;
    status = parse_text(text, len, parsed);
    if (status == PK_CONFIG) {
        status = translate_errors(reading, parsed, text);
        if (status != PK_OK || broken)
            return status;
        cleanup_parsed(&parsed);
        parsed = NULL;
        if (ini_config_create(&parsed) != 0)
            return PK_NO_MEMORY;
        status = parse_text(text, len, parsed);
    }
    if (status == PK_OK)
        *ret_parsed = pk_steal(parsed);
    return status == PK_CONFIG ? PK_OK : status; /* told already */
}

/*
 * Calls the handler once; number 0: the line is unknown. *ret_good: false where there is a problem.
 */
static enum pk_status call_handler(const struct config_reading *reading, unsigned number,
                                   const struct config_line *line, bool *ret_good)
{
    PK_AUTO_FREE char *where =
        number > 0 ? pk_text_format("%s:%u", reading->path, number) : strdup(reading->path);
    PK_AUTO_FREE char *what = NULL;
    enum pk_status status =
        where ? reading->handler(reading->context, where, line, &what) : PK_NO_MEMORY;

    *ret_good = status == PK_OK;
    if (status != PK_CONFIG)
        return status;
    return add_problem(reading,
                       pk_text_format("%s: %s", where, what ? what : pk_status_clause(status)));
}

static enum pk_status read_key(const struct config_reading *reading, struct value_obj *value,
                               struct config_line *line)
{
    PK_AUTO_FREE char *text = NULL;
    uint32_t number = 0;
    int error = value_get_line(value, &number);
    bool good;

    if (error == 0)
        text = ini_get_string_config_value(value, &error);
    if (!text)
        return PK_NO_MEMORY;
    if (!*text)
        return add_problem(
            reading, pk_text_format("%s:%u: no value behind '='; leave the key out for its default",
                                    reading->path, number));
    line->value = text;
    return call_handler(reading, number, line, &good);
}

/*
 * The parser does not keep the line of a section's heading, so the line of its first key stands for
 * it.
 */
static unsigned first_key_line(struct ini_cfgobj *parsed, const char *section, char **keys,
                               int count)
{
    struct value_obj *value = NULL;
    uint32_t number = 0;

    if (count > 0 &&
        ini_get_config_valueobj(section, keys[0], parsed, INI_GET_FIRST_VALUE, &value) == 0 &&
        value)
        (void)value_get_line(value, &number);
    return number;
}

/*
 * The line of "[section]" in the text, for a section without keys; 0: not found in that spelling.
 */
static unsigned heading_line(const char *text, const char *section)
{
    size_t len = strlen(section);

    for (unsigned number = 1; text; number++) {
        if (text[0] == '[' && strncmp(text + 1, section, len) == 0 && text[1 + len] == ']')
            return number;
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    return 0;
}

static enum pk_status read_section(const struct config_reading *reading, struct ini_cfgobj *parsed,
                                   const char *text, const char *section)
{
    PK_AUTO_FREE char *kind = strdup(section);
    struct config_line line = {.kind = kind};
    int count = 0;
    char **keys = ini_get_attribute_list(parsed, section, &count, NULL);
    enum pk_status status;
    bool good = false;
    char *name;

    if (!kind || !keys) {
        ini_free_attribute_list(keys);
        return PK_NO_MEMORY;
    }
    name = kind + strcspn(kind, " \t");
    if (*name)
        *name++ = 0;
    line.name = name + strspn(name, " \t");
    status = call_handler(reading,
                          count > 0 ? first_key_line(parsed, section, keys, count)
                                    : heading_line(text, section),
                          &line, &good);
    for (int i = 0; i < count && status == PK_OK && good; i++) {
        struct value_obj *value = NULL;

        line.key = keys[i];
        if (ini_get_config_valueobj(section, keys[i], parsed, INI_GET_FIRST_VALUE, &value) != 0 ||
            !value)
            status = PK_NO_MEMORY;
        else
            status = read_key(reading, value, &line);
    }
    ini_free_attribute_list(keys);
    return status;
}

/*
 * Finds the line of a key before the first section: the first that is neither blank nor a comment.
 */
static enum pk_status refuse_stray_key(const struct config_reading *reading, const char *text)
{
    unsigned number = 1;

    for (text += strspn(text, " \t\r"); strchr("#;\n", *text); number++) {
        text = strchr(text, '\n');
        if (!text)
            return add_problem(reading,
                               pk_text_format("%s: a key before the first section", reading->path));
        text += 1 + strspn(text + 1, " \t\r");
    }
    return add_problem(
        reading, pk_text_format("%s:%u: a key before the first section", reading->path, number));
}

static enum pk_status read_sections(const struct config_reading *reading, struct ini_cfgobj *parsed,
                                    const char *text)
{
    int count = 0;
    char **sections = ini_get_section_list(parsed, &count, NULL);
    enum pk_status status = sections ? PK_OK : PK_NO_MEMORY;

    for (int i = 0; i < count && status == PK_OK; i++)
        status = strcmp(sections[i], NO_SECTION) == 0
                     ? refuse_stray_key(reading, text)
                     : read_section(reading, parsed, text, sections[i]);
    ini_free_section_list(sections);
    return status;
}

enum pk_status config_file_read(const struct config_reading *reading)
{
    __attribute__((cleanup(cleanup_parsed))) struct ini_cfgobj *parsed = NULL;
    PK_AUTO_FREE char *text = NULL;
    PK_AUTO_FREE char *why = NULL;
    size_t len = 0;
    enum pk_status status = read_text(reading->path, &text, &len, &why);

    if (status == PK_CONFIG)
        return add_problem(reading, pk_steal(why));
    if (status == PK_OK)
        status = check_text(reading, (struct pk_view){(uint8_t *)text, len});
    if (status == PK_CONFIG)
        return PK_OK;
    /* libini-config refuses an empty file. */
    if (status != PK_OK || len == 0)
        return status;
    status = parse(reading, text, len, &parsed);
    return status == PK_OK && parsed ? read_sections(reading, parsed, text) : status;
}

enum pk_status config_file_expected(const char *path, const char *standard, char **ret_why)
{
    if (strcmp(path, standard) == 0 || access(path, F_OK) == 0)
        return PK_OK;
    *ret_why = pk_text_format("%s: %s", path, strerror(errno));
    return PK_CONFIG;
}
