/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/pam_stack.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX  65536 /* bytes */
#define DEPTH_MAX 16    /* of files in files; libpam has 32 */
#define FILES_MAX 256   /* with repetitions: two that include each other twice would be endless */

struct reader {
    const char *root;
    enum pam_type type;
    struct pam_stack *stack;
};

static void entry_clear(struct pam_entry *entry)
{
    free(entry->where);
    free(entry->module);
    pk_strings_clear(&entry->words);
}

void pam_stack_clear(struct pam_stack *stack)
{
    for (size_t i = 0; i < stack->count; i++)
        entry_clear(&stack->entries[i]);
    free(stack->entries);
    pk_strings_clear(&stack->files);
    pk_strings_clear(&stack->problems);
    *stack = (struct pam_stack){0};
}

static enum pk_status add_problem(const struct reader *reader, const char *where, const char *what)
{
    PK_AUTO_FREE char *text = pk_text_format("%s: %s", where, what);

    return text ? pk_strings_add(&reader->stack->problems, text) : PK_NO_MEMORY;
}

static enum pk_status add_entry(const struct reader *reader, const struct pam_line *line,
                                const char *where, unsigned level)
{
    struct pam_stack *stack = reader->stack;
    const char *slash = strrchr(line->target, '/');
    struct pam_entry entry = {
        .where = strdup(where),
        .level = level,
        .substack = line->kind == PAM_KIND_SUBSTACK,
        .broken = line->kind == PAM_KIND_BROKEN,
        .quiet = line->quiet,
        .module = strdup(slash ? slash + 1 : line->target),
    };
    enum pk_status status = entry.where && entry.module ? PK_OK : PK_NO_MEMORY;
    struct pam_entry *entries = NULL;

    (void)memcpy(entry.actions, line->actions, sizeof(entry.actions));
    for (size_t i = 0; i < line->word_count && status == PK_OK; i++)
        status = pk_strings_add(&entry.words, line->words[i]);
    if (status == PK_OK)
        entries = reallocarray(stack->entries, stack->count + 1, sizeof(*entries));
    if (!entries) {
        entry_clear(&entry);
        return PK_NO_MEMORY;
    }
    stack->entries = entries;
    stack->entries[stack->count++] = entry;
    return PK_OK;
}

/* *ret_path: what a problem names, without the root. */
static int open_file(const char *root, const char *name, char **ret_path)
{
    static const char *const folders[] = {"/etc/pam.d/", "/usr/lib/pam.d/"};
    bool absolute = name[0] == '/';
    int fd = -1;

    for (size_t i = 0; fd < 0 && i < (absolute ? 1 : sizeof(folders) / sizeof(folders[0])); i++) {
        PK_AUTO_FREE char *path = pk_text_format("%s%s", absolute ? "" : folders[i], name);
        PK_AUTO_FREE char *full = path ? pk_text_format("%s%s", root, path) : NULL;

        /* A fifo must not keep us, nor a terminal take us. */
        fd = full ? open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
        if (fd >= 0)
            *ret_path = pk_steal(path);
        else if (errno != ENOENT)
            return -1;
    }
    return fd;
}

static enum pk_status read_file(const struct reader *reader, const char *name, unsigned level,
                                unsigned depth);

/* A line that names a file. */
static enum pk_status read_included(const struct reader *reader, const struct pam_line *line,
                                    const char *where, unsigned level, unsigned depth)
{
    bool substack = line->kind == PAM_KIND_SUBSTACK;
    PK_AUTO_FREE char *what =
        pk_text_format("it includes \"%s\", which cannot be read", line->target);
    struct pam_line broken = *line;
    enum pk_status status = PK_OK;

    if (substack)
        status = add_entry(reader, line, where, level);
    if (status == PK_OK)
        status = depth < DEPTH_MAX
                     ? read_file(reader, line->target, level + (substack ? 1 : 0), depth + 1)
                     : PK_NOT_FOUND;
    if (status != PK_NOT_FOUND)
        return status;
    broken.kind = PAM_KIND_BROKEN;
    broken.target = "";
    status = add_problem(reader, where, what ? what : "");
    return status == PK_OK ? add_entry(reader, &broken, where, level) : status;
}

static enum pk_status read_line(const struct reader *reader, const struct pam_line *line,
                                const char *path, unsigned level, unsigned depth)
{
    PK_AUTO_FREE char *where = pk_text_format("%s:%u", path, line->number);
    enum pk_status status = where ? PK_OK : PK_NO_MEMORY;

    if (status == PK_OK && line->kind == PAM_KIND_BROKEN)
        status = add_problem(reader, where, line->broken);
    if (status != PK_OK || (line->kind != PAM_KIND_ALL && line->type != reader->type))
        return status;
    if (reader->stack->count >= PAM_ENTRIES_MAX)
        return PK_TOO_LARGE;
    if (line->kind == PAM_KIND_MODULE || line->kind == PAM_KIND_BROKEN)
        return add_entry(reader, line, where, level);
    return read_included(reader, line, where, level, depth);
}

/* libpam reads the lines of one type at a time, and so is it done here. */
static enum pk_status read_file(const struct reader *reader, const char *name, unsigned level,
                                unsigned depth)
{
    PK_AUTO_FREE char *path = NULL;
    PK_AUTO_CLOSE int fd = open_file(reader->root, name, &path);
    PK_AUTO_FREE char *bytes = malloc(FILE_MAX);
    struct pam_line *line = malloc(sizeof(*line));
    unsigned number = 0;
    size_t len = 0;
    struct pk_view text;
    enum pk_status status = bytes && line ? PK_OK : PK_NO_MEMORY;

    if (status == PK_OK && (fd < 0 || pk_read_all(fd, bytes, FILE_MAX, &len) != PK_OK))
        status = PK_NOT_FOUND;
    if (status == PK_OK && reader->stack->files.count >= FILES_MAX)
        status = PK_TOO_LARGE;
    if (status == PK_OK && depth > 0)
        status = pk_strings_add(&reader->stack->files, strrchr(path, '/') + 1);
    text = (struct pk_view){(const uint8_t *)bytes, len};
    while (status == PK_OK && pam_line_take(&text, &number, line))
        status = read_line(reader, line, path, level, depth);
    free(line);
    return status;
}

enum pk_status pam_stack_read(const char *root, const char *service, enum pam_type type,
                              struct pam_stack *ret)
{
    struct pam_stack stack = {0};
    const struct reader reader = {root, type, &stack};
    enum pk_status status = read_file(&reader, service, 0, 0);

    if (status == PK_OK)
        *ret = stack;
    else
        pam_stack_clear(&stack);
    return status;
}

/* --- what comes of it ------------------------------------------------------------------------- */

enum impression { UNDEFINED, POSITIVE, NEGATIVE };

/* The index behind the module there, and behind the substack that begins there. */
static size_t behind(const struct pam_stack *stack, size_t index)
{
    unsigned level = stack->entries[index].level;

    do
        index++;
    while (index < stack->count && stack->entries[index].level > level);
    return index;
}

unsigned pam_stack_behind(const struct pam_stack *stack, size_t index)
{
    unsigned level = stack->entries[index].level, count = 0;

    for (size_t i = behind(stack, index); i < stack->count && stack->entries[i].level == level;
         i = behind(stack, i))
        count++;
    return count;
}

/* The first entry that is no longer in the stack, or substack, of the one at index. */
static size_t end_of_level(const struct pam_stack *stack, size_t index)
{
    unsigned level = stack->entries[index].level;

    while (index < stack->count && stack->entries[index].level >= level)
        index++;
    return index;
}

struct pam_end pam_stack_run(const struct pam_stack *stack, pam_module *module, void *data)
{
    struct pam_end end = {0};
    enum impression impression = UNDEFINED;
    bool good = false; /* what counts so far is a success */
    size_t i = 0;

    while (i < stack->count) {
        const struct pam_entry *entry = &stack->entries[i];
        unsigned result, action;

        if (entry->substack) {
            i++;
            continue;
        }
        end.called[i] = true;
        result = entry->broken ? PAM_RESULT_AUTH_ERR : module(entry, data);
        action = entry->actions[result < PAM_RETURNS ? result : PAM_RESULT_AUTH_ERR];
        if (action == PAM_RESET) {
            impression = UNDEFINED;
            good = false;
        }
        if (action == PAM_OK || action == PAM_DONE) {
            if ((impression == UNDEFINED || (impression == POSITIVE && good)) &&
                result != PAM_RESULT_IGNORE) {
                impression = POSITIVE;
                good = result == PAM_RESULT_SUCCESS;
            }
        }
        if (action == PAM_BAD || action == PAM_DIE) {
            impression = NEGATIVE;
            good = false;
        }
        if ((action == PAM_DONE && impression == POSITIVE) || action == PAM_DIE) {
            i = end_of_level(stack, i);
            continue;
        }
        if (action >= PAM_JUMP && action - PAM_JUMP + 1 > pam_stack_behind(stack, i)) {
            end.bad_jump = entry;
            impression = NEGATIVE;
            good = false;
        }
        for (unsigned skip = action >= PAM_JUMP ? action - PAM_JUMP + 1 : 0;
             skip > 0 && !end.bad_jump; skip--)
            i = behind(stack, i);
        i = behind(stack, i);
    }
    end.success = impression == POSITIVE && good;
    return end;
}
