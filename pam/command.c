/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/command.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/reader.h"
#include "common/base/text.h"
#include "common/base/writer.h"

#include <fcntl.h>
#include <string.h>

/* Quoting makes four bytes of a quotation mark; the rest is blanks between arguments. */
#define QUOTED_MAX (5 * COMMAND_LINE_MAX)

/* The options of sudo 1.9 that take a value; the others are read as flags. */
static const char short_with_value[] = "aCcDgpRrTtUu";
static const struct {
    const char *name;
    char short_name;
    bool value;
} long_options[] = {
    {"askpass", 'A', false},
    {"auth-type", 'a', true},
    {"background", 'b', false},
    {"bell", 'B', false},
    {"chdir", 'D', true},
    {"chroot", 'R', true},
    {"close-from", 'C', true},
    {"command-timeout", 'T', true},
    {"edit", 'e', false},
    {"group", 'g', true},
    {"help", 'h', false},
    {"host", 'h', true},
    {"list", 'l', false},
    {"login", 'i', false},
    {"login-class", 'c', true},
    {"no-update", 'N', false},
    {"non-interactive", 'n', false},
    {"other-user", 'U', true},
    {"preserve-env", 'E', false},
    {"preserve-groups", 'P', false},
    {"prompt", 'p', true},
    {"remove-timestamp", 'K', false},
    {"reset-timestamp", 'k', false},
    {"role", 'r', true},
    {"set-home", 'H', false},
    {"shell", 's', false},
    {"stdin", 'S', false},
    {"type", 't', true},
    {"user", 'u', true},
    {"validate", 'v', false},
    {"version", 'V', false},
};

struct parser {
    struct pk_reader arguments;
    char mode; /* e, i, s, l, v, or 0 for a plain command */
    const char *target;
    bool cut; /* the last argument has no end */
};

void command_clear(struct command *command)
{
    free(command->text);
    free(command->target);
    *command = (struct command){0};
}

/* The next argument, without consuming it; NULL at the end. A tail without a NUL is dropped. */
static const char *peek(const struct parser *parser)
{
    const struct pk_reader *arguments = &parser->arguments;

    if (arguments->remaining == 0 || !memchr(arguments->ptr, 0, arguments->remaining))
        return NULL;
    return (const char *)arguments->ptr;
}

static const char *take(struct parser *parser)
{
    const char *argument = peek(parser);

    if (argument)
        (void)pk_reader_take(&parser->arguments, strlen(argument) + 1);
    return argument;
}

static void note_option(struct parser *parser, char option, const char *value)
{
    if (option == 'u')
        parser->target = value;
    else if (strchr("eislv", option))
        parser->mode = option;
}

/* sudo reads VAR=value between its options as an assignment, unless it looks like a path. */
static bool is_assignment(const char *argument)
{
    return argument[0] != '/' && argument[0] != '=' && strchr(argument, '=');
}

/* "-h host" is a host; a bare "-h" asks for help. */
static void skip_host(struct parser *parser)
{
    const char *host = peek(parser);

    if (host && host[0] != '-' && !is_assignment(host))
        (void)take(parser);
}

/* "-nu root", "-uroot": flags, of which the last may have a value, here or in the next argument. */
static void parse_short(struct parser *parser, const char *argument)
{
    for (const char *option = argument + 1; *option; option++) {
        if (strchr(short_with_value, *option)) {
            note_option(parser, *option, option[1] ? option + 1 : take(parser));
            return;
        }
        if (*option == 'h') {
            if (strcmp(argument, "-h") == 0)
                skip_host(parser);
            return;
        }
        note_option(parser, *option, NULL);
    }
}

/* "--user=root", "--user root", and getopt's unambiguous beginnings of a name. */
static void parse_long(struct parser *parser, const char *argument)
{
    const char *name = argument + 2;
    size_t len = strcspn(name, "=");
    size_t found = 0, matches = 0;

    for (size_t i = 0; i < sizeof(long_options) / sizeof(long_options[0]); i++) {
        if (strncmp(long_options[i].name, name, len) != 0)
            continue;
        found = i;
        matches++;
        if (strlen(long_options[i].name) == len) {
            matches = 1;
            break;
        }
    }
    if (matches != 1)
        return;
    if (name[len] == '=')
        note_option(parser, long_options[found].short_name, name + len + 1);
    else
        note_option(parser, long_options[found].short_name,
                    long_options[found].value ? take(parser) : NULL);
}

static void parse_options(struct parser *parser)
{
    const char *argument;

    while ((argument = peek(parser))) {
        if (strcmp(argument, "--") == 0) {
            (void)take(parser);
            return;
        }
        if (argument[0] != '-' && !is_assignment(argument))
            return;
        (void)take(parser);
        if (strncmp(argument, "--", 2) == 0)
            parse_long(parser, argument);
        else if (argument[0] == '-')
            parse_short(parser, argument);
    }
}

/* As a shell would have to be given it, so that "a b" and "a" "b" are told apart. */
static void write_quoted(struct pk_writer *writer, const char *argument)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_@%+=:,./-";

    if (writer->len > 0)
        pk_writer_u8(writer, ' ');
    if (*argument && strspn(argument, plain) == strlen(argument)) {
        pk_writer_put(writer, pk_view_string(argument));
        return;
    }
    pk_writer_u8(writer, '\'');
    for (; *argument; argument++) {
        if (*argument == '\'')
            pk_writer_put(writer, pk_view_string("'\\''"));
        else
            pk_writer_u8(writer, (uint8_t)*argument);
    }
    pk_writer_u8(writer, '\'');
}

/* Printable and at most COMMAND_TEXT_MAX bytes; what is missing is marked. */
static char *shorten(const char *text, bool cut)
{
    PK_AUTO_FREE char *printable = pk_text_printable(text, QUOTED_MAX);
    PK_AUTO_FREE char *head = NULL;

    if (!printable)
        return NULL;
    if (!cut && strlen(printable) <= COMMAND_TEXT_MAX)
        return pk_steal(printable);
    head = pk_text_printable(printable, COMMAND_TEXT_MAX - 3);
    return head ? pk_text_format("%s...", head) : NULL;
}

static enum pk_status render(struct parser *parser, struct command *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(QUOTED_MAX);
    PK_AUTO_BYTES struct pk_bytes line = {0};
    AUTO_COMMAND struct command command = {0};
    bool lists = parser->mode == 'l' || parser->mode == 'v';
    const char *argument;
    enum pk_status status;

    if (parser->mode == 'e')
        pk_writer_put(&writer, pk_view_string("sudoedit"));
    while (!lists && (argument = take(parser)))
        write_quoted(&writer, argument);
    if (writer.len == 0 && parser->mode) {
        pk_writer_put(&writer, pk_view_string("sudo -"));
        pk_writer_u8(&writer, (uint8_t)parser->mode);
    }
    pk_writer_u8(&writer, 0);
    status = pk_writer_finish(&writer, &line);
    if (status != PK_OK)
        return status;
    if (line.len > 1 && !(command.text = shorten((const char *)line.data, parser->cut)))
        return PK_NO_MEMORY;
    if (parser->target && !(command.target = shorten(parser->target, false)))
        return PK_NO_MEMORY;
    *ret = command;
    command = (struct command){0};
    return PK_OK;
}

enum pk_status command_from_sudo(struct pk_view cmdline, struct command *ret)
{
    struct parser parser = {0};
    const char *program, *slash;

    parser.cut = cmdline.len > COMMAND_LINE_MAX;
    if (parser.cut)
        cmdline.len = COMMAND_LINE_MAX;
    parser.arguments = pk_reader_new(cmdline);
    program = take(&parser);
    if (!program)
        return PK_INVALID_INPUT;
    slash = strrchr(program, '/');
    if (strcmp(slash ? slash + 1 : program, "sudoedit") == 0)
        parser.mode = 'e';
    parse_options(&parser);
    return render(&parser, ret);
}

enum pk_status command_of_this_sudo(struct command *ret)
{
    /* One byte more than is looked at, to see that something was left out. */
    uint8_t cmdline[COMMAND_LINE_MAX + 1];
    size_t used = 0;
    enum pk_status status;
    PK_AUTO_CLOSE int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return PK_IO;
    status = pk_read_all(fd, cmdline, sizeof(cmdline), &used);
    if (status != PK_OK)
        return status;
    return command_from_sudo((struct pk_view){cmdline, used}, ret);
}
