/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/record.h"

#include "client/askpass/files.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/base/writer.h"
#include "common/wire/host_key.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define BEGINNING "hostkey-"
#define BOOT      "boot "
#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_MAX  64
#define FILE_MAX  (BOOT_MAX + PK_HOST_KEYS_MAX * (PK_FINGERPRINT_SIZE + 1))

PK_DEFINE_CLEANUP(DIR *, closedir);

/* This start of the machine. */
static enum pk_status read_boot(char **ret)
{
    PK_AUTO_CLOSE int fd = open(BOOT_FILE, O_RDONLY | O_CLOEXEC);
    PK_AUTO_BYTES struct pk_bytes text = {0};
    struct pk_view id;
    enum pk_status status = fd >= 0 ? askpass_file_read(fd, BOOT_MAX, &text) : PK_IO;

    if (status != PK_OK)
        return status;
    id = pk_text_trim(pk_view_of(&text));
    if (id.len == 0)
        return PK_IO;
    *ret = strndup((const char *)id.ptr, id.len);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

static char *name_of(const struct askpass_ssh *ssh)
{
    return pk_text_format(BEGINNING "%d-%" PRIu64, (int)ssh->pid, ssh->start);
}

static bool is_of_boot(struct pk_view line, const char *boot)
{
    size_t len = strlen(BOOT);

    return line.len > len && memcmp(line.ptr, BOOT, len) == 0 &&
           pk_view_equal((struct pk_view){line.ptr + len, line.len - len}, pk_view_string(boot));
}

static enum pk_status add_line(struct pk_view line, struct pk_strings *keys)
{
    char text[PK_FINGERPRINT_SIZE];

    if (!pk_fingerprint_valid(line))
        return PK_INVALID_INPUT;
    (void)snprintf(text, sizeof(text), "%.*s", (int)line.len, (const char *)line.ptr);
    return pk_fingerprints_add(keys, text);
}

enum pk_status askpass_record_parse(struct pk_view text, const char *boot, struct pk_strings *ret)
{
    struct pk_strings keys = {0};
    enum pk_status status = PK_OK;

    /* What a hook that was stopped has left ends within a line. */
    if (text.len == 0 || text.ptr[text.len - 1] != '\n')
        return PK_INVALID_INPUT;
    if (!is_of_boot(pk_text_take_line(&text), boot))
        return PK_NOT_FOUND;
    while (text.len > 0 && status == PK_OK)
        status = add_line(pk_text_take_line(&text), &keys);
    if (status == PK_OK && keys.count == 0)
        status = PK_INVALID_INPUT;
    if (status != PK_OK) {
        pk_strings_clear(&keys);
        return status;
    }
    *ret = keys;
    return PK_OK;
}

static enum pk_status read_record(int folder, const struct askpass_ssh *ssh, const char *boot,
                                  struct pk_strings *ret)
{
    PK_AUTO_FREE char *name = name_of(ssh);
    PK_AUTO_BYTES struct pk_bytes text = {0};
    enum pk_status status =
        name ? askpass_folder_read(folder, name, FILE_MAX, &text) : PK_NO_MEMORY;

    return status == PK_OK ? askpass_record_parse(pk_view_of(&text), boot, ret) : status;
}

enum pk_status askpass_record_read(const struct askpass_ssh *ssh, struct pk_strings *ret)
{
    PK_AUTO_CLOSE int folder = -1;
    PK_AUTO_FREE char *boot = NULL;
    enum pk_status status = askpass_folder_open(&folder);

    if (status == PK_OK)
        status = read_boot(&boot);
    return status == PK_OK ? read_record(folder, ssh, boot, ret) : status;
}

/* A name that name_of() does not make again is somebody else's file. */
static bool is_of_the_dead(const char *name)
{
    PK_AUTO_FREE char *again = NULL;
    struct askpass_ssh ssh = {0};
    char *end = NULL;
    long pid;

    if (strncmp(name, BEGINNING, strlen(BEGINNING)) != 0)
        return false;
    pid = strtol(name + strlen(BEGINNING), &end, 10);
    if (pid <= 0 || pid > INT_MAX || *end != '-')
        return false;
    ssh = (struct askpass_ssh){(pid_t)pid, strtoull(end + 1, NULL, 10)};
    again = name_of(&ssh);
    return again && strcmp(again, name) == 0 && !askpass_ssh_lives(&ssh);
}

static void sweep(int folder)
{
    PK_AUTO_CLOSE int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    PK_CLEANUP(closedir) DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (!entries)
        return;
    fd = -1; /* the stream's now */
    while ((entry = readdir(entries)))
        if (is_of_the_dead(entry->d_name))
            (void)unlinkat(folder, entry->d_name, 0);
}

static enum pk_status write_record(int folder, const struct askpass_ssh *ssh, const char *boot,
                                   const struct pk_strings *keys)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(FILE_MAX);
    PK_AUTO_BYTES struct pk_bytes text = {0};
    PK_AUTO_FREE char *name = name_of(ssh);
    enum pk_status status;

    pk_writer_put(&writer, pk_view_string(BOOT));
    pk_writer_put(&writer, pk_view_string(boot));
    pk_writer_u8(&writer, '\n');
    for (size_t i = 0; i < keys->count; i++) {
        pk_writer_put(&writer, pk_view_string(keys->items[i]));
        pk_writer_u8(&writer, '\n');
    }
    status = name ? pk_writer_finish(&writer, &text) : PK_NO_MEMORY;
    return status == PK_OK ? askpass_folder_write(folder, name, pk_view_of(&text)) : status;
}

enum pk_status askpass_record_add(const struct askpass_ssh *ssh, const char *fingerprint)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings keys = {0};
    PK_AUTO_CLOSE int folder = -1;
    PK_AUTO_FREE char *boot = NULL;
    enum pk_status status = askpass_folder_open(&folder);

    if (status == PK_OK)
        status = read_boot(&boot);
    if (status != PK_OK)
        return status;
    sweep(folder);
    /* Another key than before is kept beside it, so that neither counts. */
    status = read_record(folder, ssh, boot, &keys);
    if (status == PK_OK || status == PK_NOT_FOUND)
        status = pk_fingerprints_add(&keys, fingerprint);
    return status == PK_OK ? write_record(folder, ssh, boot, &keys) : status;
}
