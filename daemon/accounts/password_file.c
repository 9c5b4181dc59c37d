/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/accounts/password_file.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/reader.h"
#include "common/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX     16777216 /* bytes; a larger password file is not read */
#define REMOVED_MAX  1048576  /* bytes of the list of removed accounts that are read at once */
#define NAME_MAX_LEN 255

void password_file_clear(struct password_file *file)
{
    free(file->entries);
    pk_bytes_clear(&file->text);
    *file = (struct password_file){0};
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool is_unchanged(const struct stat *before, const struct stat *after)
{
    return before->st_ino == after->st_ino && before->st_size == after->st_size &&
           before->st_mtim.tv_sec == after->st_mtim.tv_sec &&
           before->st_mtim.tv_nsec == after->st_mtim.tv_nsec &&
           before->st_ctim.tv_sec == after->st_ctim.tv_sec &&
           before->st_ctim.tv_nsec == after->st_ctim.tv_nsec;
}

/* The whole of a regular file that nobody writes meanwhile. */
static enum pk_status read_file(const char *path, struct pk_bytes *ret)
{
    PK_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    PK_AUTO_BYTES struct pk_bytes text = {0};
    struct stat before, after;
    size_t len = 0;

    if (fd < 0 || fstat(fd, &before) < 0 || !S_ISREG(before.st_mode) || before.st_size > FILE_MAX)
        return PK_UNAVAILABLE;
    text.data = malloc((size_t)before.st_size + 1);
    if (!text.data)
        return PK_NO_MEMORY;
    if (pk_read_all(fd, text.data, (size_t)before.st_size + 1, &len) != PK_OK ||
        len != (size_t)before.st_size || fstat(fd, &after) < 0 || !is_unchanged(&before, &after))
        return PK_UNAVAILABLE;
    text.len = len;
    *ret = text;
    text = (struct pk_bytes){0};
    return PK_OK;
}

/* --- entries ---------------------------------------------------------------------------------- */

/* Cuts off the field before the next ':', which must be there. */
static bool take_field(struct pk_view *line, struct pk_view *ret)
{
    const uint8_t *end = line->len > 0 ? memchr(line->ptr, ':', line->len) : NULL;

    if (!end)
        return false;
    *ret = (struct pk_view){line->ptr, (size_t)(end - line->ptr)};
    line->len -= ret->len + 1;
    line->ptr = end + 1;
    return true;
}

static bool parse_uid(struct pk_view digits, uid_t *ret)
{
    uint64_t uid = 0;

    if (digits.len == 0 || digits.len > 10)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
        uid = uid * 10 + (digits.ptr[i] - '0');
    }
    *ret = (uid_t)uid;
    return uid < UINT32_MAX;
}

/* "+" and "-" begin the entries that nss_compat gives a meaning of their own. */
static bool parse_entry(struct pk_view line, struct password_entry *ret)
{
    struct pk_view password, uid;

    return take_field(&line, &ret->name) && ret->name.len > 0 && ret->name.ptr[0] != '+' &&
           ret->name.ptr[0] != '-' && take_field(&line, &password) && take_field(&line, &uid) &&
           parse_uid(uid, &ret->uid);
}

static int compare(const void *left, const void *right)
{
    const struct password_entry *a = left, *b = right;
    size_t len = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order = memcmp(a->name.ptr, b->name.ptr, len);

    if (order != 0)
        return order;
    if (a->name.len != b->name.len)
        return a->name.len < b->name.len ? -1 : 1;
    return a->uid == b->uid ? 0 : a->uid < b->uid ? -1 : 1;
}

static size_t count_lines(struct pk_view text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '\n';
    return count;
}

enum pk_status password_file_parse(struct pk_bytes *text, struct password_file *ret)
{
    AUTO_PASSWORD_FILE struct password_file file = {.text = *text};
    struct pk_view rest;
    bool has_superuser = false;

    *text = (struct pk_bytes){0};
    rest = pk_view_of(&file.text);
    if (rest.len == 0 || rest.ptr[rest.len - 1] != '\n')
        return PK_UNAVAILABLE;
    file.entries = calloc(count_lines(rest) + 1, sizeof(*file.entries));
    if (!file.entries)
        return PK_NO_MEMORY;
    while (rest.len > 0) {
        struct password_entry *entry = &file.entries[file.count];

        if (!parse_entry(pk_text_take_line(&rest), entry))
            continue;
        has_superuser = has_superuser || entry->uid == 0;
        file.count++;
    }
    if (!has_superuser)
        return PK_UNAVAILABLE;
    qsort(file.entries, file.count, sizeof(*file.entries), compare);
    *ret = file;
    file = (struct password_file){0};
    return PK_OK;
}

enum pk_status password_file_read(const char *path, struct password_file *ret)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};
    enum pk_status status = read_file(path, &text);

    return status == PK_OK ? password_file_parse(&text, ret) : status;
}

bool password_file_has(const struct password_file *file, const char *name, uid_t uid)
{
    const struct password_entry wanted = {pk_view_string(name), uid};

    return file->count > 0 &&
           bsearch(&wanted, file->entries, file->count, sizeof(*file->entries), compare) != NULL;
}

/* --- removed accounts ------------------------------------------------------------------------- */

static uint8_t *put_u64(uint8_t *at, uint64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(number >> shift);
    return at;
}

void removed_position_write(const struct removed_position *position,
                            uint8_t ret[REMOVED_POSITION_SIZE])
{
    (void)put_u64(put_u64(put_u64(ret, position->device), position->inode), position->offset);
}

struct removed_position removed_position_read(struct pk_view stored)
{
    struct pk_reader reader = pk_reader_new(stored);
    struct removed_position position = {.device = pk_reader_u64(&reader)};

    position.inode = pk_reader_u64(&reader);
    position.offset = pk_reader_u64(&reader);
    return pk_reader_finish(&reader) == PK_OK ? position : (struct removed_position){0};
}

/* "SECONDS NAME" */
static enum pk_status add_name(struct pk_view line, struct pk_strings *names)
{
    const uint8_t *blank = line.len > 0 ? memchr(line.ptr, ' ', line.len) : NULL;
    size_t len = blank ? (size_t)(line.ptr + line.len - blank) - 1 : 0;
    char name[NAME_MAX_LEN + 1];

    if (len == 0 || len > NAME_MAX_LEN || memchr(blank + 1, '\0', len))
        return PK_OK;
    memcpy(name, blank + 1, len);
    name[len] = '\0';
    return pk_strings_add(names, name);
}

static enum pk_status read_names(int fd, char *buffer, struct removed_position *position,
                                 struct pk_strings *names)
{
    ssize_t len = pread(fd, buffer, REMOVED_MAX, (off_t)position->offset);
    struct pk_view rest = {(const uint8_t *)buffer, 0};

    if (len < 0)
        return PK_UNAVAILABLE;
    while (len > 0 && buffer[len - 1] != '\n')
        len--;
    rest.len = (size_t)len;
    while (rest.len > 0)
        if (add_name(pk_text_take_line(&rest), names) != PK_OK)
            return PK_NO_MEMORY;
    position->offset += (uint64_t)len;
    return len > 0 ? PK_OK : PK_NOT_FOUND;
}

enum pk_status removed_accounts_read(const char *path, struct removed_position *position,
                                     struct pk_strings *ret)
{
    PK_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    PK_AUTO_FREE char *buffer = NULL;
    struct removed_position next;
    struct stat info;
    enum pk_status status;

    if (fd < 0 && errno == ENOENT)
        return PK_OK;
    if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
        return PK_UNAVAILABLE;
    next = (struct removed_position){.device = info.st_dev, .inode = info.st_ino};
    if (next.device == position->device && next.inode == position->inode &&
        position->offset <= (uint64_t)info.st_size)
        next.offset = position->offset;
    buffer = malloc(REMOVED_MAX);
    if (!buffer)
        return PK_NO_MEMORY;
    do
        status = read_names(fd, buffer, &next, ret);
    while (status == PK_OK);
    if (status != PK_NOT_FOUND)
        return status;
    *position = next;
    return PK_OK;
}
