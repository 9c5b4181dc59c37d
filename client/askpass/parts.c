/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/parts.h"

#include "client/askpass/files.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/text.h"
#include "common/base/writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define ENDING   ".parts"
#define NAME_LEN (2 * PK_CHALLENGE_SIZE + sizeof(ENDING) - 1)
/* An origin, and every line with its end. */
#define FILE_MAX (PK_ORIGIN_MAX + PK_FORWARD_PARTS_MAX * (PK_FORWARD_LINE_MAX + 1))

PK_DEFINE_CLEANUP(DIR *, closedir);

static char *file_name(const uint8_t nonce[PK_CHALLENGE_SIZE])
{
    PK_AUTO_FREE char *hex = pk_hex_encode((struct pk_view){nonce, PK_CHALLENGE_SIZE});

    return hex ? pk_text_format("%s" ENDING, hex) : NULL;
}

static bool is_our_name(const char *name)
{
    size_t len = strlen(name);

    return len == NAME_LEN && strspn(name, "0123456789abcdef") == 2 * (size_t)PK_CHALLENGE_SIZE &&
           strcmp(name + len - strlen(ENDING), ENDING) == 0;
}

/* A time in the future is a clock that was set back: too old as well. */
static bool is_too_old(const struct stat *about)
{
    int64_t now = pk_clock_now();

    return about->st_mtime > now || now - about->st_mtime > PK_ASKPASS_PARTS_AGE;
}

static void sweep(int folder)
{
    PK_AUTO_CLOSE int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    PK_CLEANUP(closedir) DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (!entries)
        return;
    fd = -1; /* the stream's now */
    while ((entry = readdir(entries))) {
        struct stat about;

        if (is_our_name(entry->d_name) &&
            fstatat(folder, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 && is_too_old(&about))
            (void)unlinkat(folder, entry->d_name, 0);
    }
}

enum pk_status askpass_parts_keep(const uint8_t nonce[PK_CHALLENGE_SIZE], const char *origin,
                                  const struct pk_strings *lines)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(FILE_MAX);
    PK_AUTO_BYTES struct pk_bytes text = {0};
    PK_AUTO_FREE char *name = NULL;
    PK_AUTO_CLOSE int folder = -1;
    enum pk_status status;

    if (lines->count < 2)
        return PK_OK;
    pk_writer_put(&writer, pk_view_string(origin));
    for (size_t i = 1; i < lines->count; i++) {
        pk_writer_u8(&writer, '\n');
        pk_writer_put(&writer, pk_view_string(lines->items[i]));
    }
    status = pk_writer_finish(&writer, &text);
    if (status == PK_OK)
        status = askpass_folder_open(&folder);
    if (status != PK_OK)
        return status;
    sweep(folder);
    name = file_name(nonce);
    return name ? askpass_folder_write(folder, name, pk_view_of(&text)) : PK_NO_MEMORY;
}

enum pk_status askpass_parts_take(const uint8_t nonce[PK_CHALLENGE_SIZE], const char *origin,
                                  unsigned part, char **ret_line)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};
    PK_AUTO_FREE char *name = file_name(nonce);
    PK_AUTO_CLOSE int folder = -1;
    struct pk_view left, line = {0};
    enum pk_status status;

    if (!name)
        return PK_NO_MEMORY;
    status = askpass_folder_open(&folder);
    if (status != PK_OK)
        return status;
    sweep(folder);
    status = askpass_folder_read(folder, name, FILE_MAX, &text);
    if (status != PK_OK)
        return status;
    left = pk_view_of(&text);
    if (!pk_view_equal(pk_text_take_line(&left), pk_view_string(origin)))
        return PK_ORIGIN_MISMATCH;
    for (unsigned i = 1; i < part; i++)
        line = pk_text_take_line(&left);
    if (line.len == 0)
        return PK_NOT_FOUND;
    *ret_line = strndup((const char *)line.ptr, line.len);
    if (!*ret_line)
        return PK_NO_MEMORY;
    if (left.len == 0)
        (void)unlinkat(folder, name, 0);
    return PK_OK;
}
