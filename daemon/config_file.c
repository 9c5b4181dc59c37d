/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config_file.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX 262144 /* bytes */

struct state {
    const char *path;
    config_line_handler handler;
    void *context;
    char *kind; /* NULL: no section yet */
    char *name;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts blanks off both ends, in place. */
static char *trim(char *text)
{
    size_t len;

    while (is_blank(*text))
        text++;
    len = strlen(text);
    while (len > 0 && is_blank(text[len - 1]))
        text[--len] = 0;
    return text;
}

static enum pk_status wrong(char **ret_what, const char *what)
{
    *ret_what = strdup(what);
    return *ret_what ? PK_CONFIG : PK_NO_MEMORY;
}

static enum pk_status read_section(struct state *state, const char *where, char *text,
                                   char **ret_what)
{
    size_t len = strlen(text);
    struct config_line line = {0};
    char *name;

    if (text[len - 1] != ']')
        return wrong(ret_what, "a section ends in ']'");
    text[len - 1] = 0;
    text = trim(text + 1);
    name = text + strcspn(text, " \t");
    if (*name)
        *name++ = 0;
    free(state->kind);
    free(state->name);
    state->kind = strdup(text);
    state->name = strdup(trim(name));
    if (!state->kind || !state->name)
        return PK_NO_MEMORY;
    line.kind = state->kind;
    line.name = state->name;
    return state->handler(state->context, where, &line, ret_what);
}

static enum pk_status read_key(struct state *state, const char *where, char *text, char **ret_what)
{
    char *equals = strchr(text, '=');
    struct config_line line = {.kind = state->kind, .name = state->name};

    if (!equals)
        return wrong(ret_what, "neither a section, nor KEY = VALUE, nor a comment");
    *equals = 0;
    line.key = trim(text);
    line.value = trim(equals + 1);
    if (!state->kind)
        return wrong(ret_what, "a key before the first section");
    if (!*line.key)
        return wrong(ret_what, "no key in front of '='");
    if (!*line.value)
        return wrong(ret_what, "no value behind '='; leave the key out for its default");
    return state->handler(state->context, where, &line, ret_what);
}

static enum pk_status read_line(struct state *state, unsigned number, char *text, char **ret_why)
{
    PK_AUTO_FREE char *where = pk_text_format("%s:%u", state->path, number);
    PK_AUTO_FREE char *what = NULL;
    enum pk_status status = PK_OK;

    if (!where)
        return PK_NO_MEMORY;
    text = trim(text);
    if (*text == '[')
        status = read_section(state, where, text, &what);
    else if (*text && *text != '#' && *text != ';')
        status = read_key(state, where, text, &what);
    if (status == PK_OK)
        return PK_OK;
    *ret_why = pk_text_format("%s: %s", where, what ? what : pk_status_clause(status));
    return status;
}

static enum pk_status complain(const char *path, const char *what, char **ret_why)
{
    *ret_why = pk_text_format("%s: %s", path, what);
    return *ret_why ? PK_CONFIG : PK_NO_MEMORY;
}

/* The whole file with a NUL behind it. */
static enum pk_status slurp(const char *path, char **ret_text, size_t *ret_len, char **ret_why)
{
    PK_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    PK_AUTO_FREE char *text = NULL;
    struct stat info;
    size_t len = 0;
    ssize_t got;

    if (fd < 0 && errno == ENOENT)
        return PK_NOT_FOUND;
    if (fd < 0 || fstat(fd, &info) < 0)
        return complain(path, strerror(errno), ret_why);
    if (!S_ISREG(info.st_mode))
        return complain(path, "not a regular file", ret_why);
    if (info.st_mode & S_IWOTH)
        return complain(path, "everybody may write to it; run chmod o-w", ret_why);
    text = malloc(FILE_MAX + 1);
    if (!text)
        return PK_NO_MEMORY;
    while ((got = read(fd, text + len, FILE_MAX + 1 - len)) != 0) {
        if (got < 0)
            return complain(path, strerror(errno), ret_why);
        len += (size_t)got;
        if (len > FILE_MAX)
            return complain(path, "larger than 256 KiB", ret_why);
    }
    text[len] = 0;
    *ret_text = pk_steal(text);
    *ret_len = len;
    return PK_OK;
}

static enum pk_status read_lines(struct state *state, char *text, size_t len, char **ret_why)
{
    enum pk_status status = PK_OK;
    unsigned number = 0;
    char *end = text + len;

    while (text < end && status == PK_OK) {
        char *newline = memchr(text, '\n', (size_t)(end - text));
        char *next = newline ? newline + 1 : end;
        size_t line_len = (size_t)((newline ? newline : end) - text);

        text[line_len] = 0;
        number++;
        if (strlen(text) != line_len ||
            !pk_utf8_valid((struct pk_view){(uint8_t *)text, line_len})) {
            *ret_why = pk_text_format("%s:%u: not text in UTF-8", state->path, number);
            return PK_CONFIG;
        }
        status = read_line(state, number, text, ret_why);
        text = next;
    }
    return status;
}

enum pk_status config_file_read(const char *path, config_line_handler handler, void *context,
                                char **ret_why)
{
    struct state state = {.path = path, .handler = handler, .context = context};
    PK_AUTO_FREE char *text = NULL;
    size_t len = 0;
    enum pk_status status = slurp(path, &text, &len, ret_why);

    if (status == PK_OK)
        status = read_lines(&state, text, len, ret_why);
    free(state.kind);
    free(state.name);
    return status;
}
