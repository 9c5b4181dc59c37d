/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/hosts.h"

#include "client/askpass/files.h"
#include "client/askpass/prompt.h"
#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum pk_status askpass_hosts_path(char **ret)
{
    PK_AUTO_FREE char *folder = NULL;
    enum pk_status status = askpass_home_folder("XDG_CONFIG_HOME", ".config", &folder);

    if (status != PK_OK)
        return status;
    *ret = pk_text_format("%s/passkey/hosts", folder);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

void askpass_hosts_line_clear(struct askpass_hosts_line *line)
{
    free(line->rp_id);
    *line = (struct askpass_hosts_line){0};
}

static size_t word_length(struct pk_view text)
{
    size_t len = 0;

    while (len < text.len && text.ptr[len] != ' ' && text.ptr[len] != '\t')
        len++;
    return len;
}

/* Both words of a line, in the form that hosts are compared in. PK_NOT_FOUND: nothing is in it. */
static enum pk_status read_line(struct pk_view line, char **ret_host, char **ret_rp_id)
{
    PK_AUTO_FREE char *host = NULL;
    struct pk_view rest;
    enum pk_status status;
    size_t len;

    line = pk_text_trim(line);
    if (line.len == 0 || line.ptr[0] == '#')
        return PK_NOT_FOUND;
    len = word_length(line);
    rest = pk_text_trim((struct pk_view){line.ptr + len, line.len - len});
    if (word_length(rest) != rest.len)
        return PK_INVALID_INPUT;
    status = askpass_host_parse((struct pk_view){line.ptr, len}, &host);
    if (status == PK_OK)
        status = askpass_host_parse(rest, ret_rp_id);
    if (status == PK_OK)
        *ret_host = pk_steal(host);
    return status;
}

/* The line is about that host: accepted, or the first one that accepts something else. */
static enum pk_status judge_line(struct pk_view text, const char *const wanted[2], unsigned number,
                                 struct askpass_hosts_line *mismatch)
{
    PK_AUTO_FREE char *host = NULL;
    PK_AUTO_FREE char *rp_id = NULL;
    enum pk_status status = read_line(text, &host, &rp_id);

    if (status != PK_OK)
        return status;
    if (strcmp(host, wanted[0]) != 0)
        return PK_NOT_FOUND;
    if (strcmp(rp_id, wanted[1]) == 0)
        return PK_OK;
    if (mismatch->number == 0)
        *mismatch = (struct askpass_hosts_line){.number = number, .rp_id = pk_steal(rp_id)};
    return PK_RP_ID_MISMATCH;
}

/* Every line is read, also behind the one that answers: a bad one is never passed over. */
enum pk_status askpass_hosts_look_in(struct pk_view text, const char *host, const char *rp_id,
                                     struct askpass_hosts_line *ret_line)
{
    const char *const wanted[2] = {host, rp_id};
    AUTO_ASKPASS_HOSTS_LINE struct askpass_hosts_line mismatch = {0};
    bool accepted = false;

    *ret_line = (struct askpass_hosts_line){0};
    for (unsigned number = 1; text.len > 0; number++) {
        enum pk_status status = judge_line(pk_text_take_line(&text), wanted, number, &mismatch);

        if (status == PK_INVALID_INPUT) {
            ret_line->number = number;
            return PK_CONFIG;
        }
        if (status == PK_NO_MEMORY)
            return status;
        accepted = accepted || status == PK_OK;
    }
    if (accepted)
        return PK_OK;
    if (mismatch.number == 0)
        return PK_NOT_FOUND;
    *ret_line = mismatch;
    mismatch = (struct askpass_hosts_line){0};
    return PK_RP_ID_MISMATCH;
}

static enum pk_status look_in_file(int fd, const char *host, const char *rp_id,
                                   struct askpass_hosts_line *ret_line, bool *ret_unended)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};
    struct stat about;
    enum pk_status status;

    if (fstat(fd, &about) < 0)
        return PK_IO;
    if (!S_ISREG(about.st_mode) || (about.st_uid != geteuid() && about.st_uid != 0) ||
        (about.st_mode & (S_IWGRP | S_IWOTH)))
        return PK_DENIED;
    status = askpass_file_read(fd, PK_ASKPASS_HOSTS_MAX, &text);
    if (status != PK_OK)
        return status;
    *ret_unended = text.len > 0 && text.data[text.len - 1] != '\n';
    return askpass_hosts_look_in(pk_view_of(&text), host, rp_id, ret_line);
}

enum pk_status askpass_hosts_look(const char *path, const char *host, const char *rp_id,
                                  struct askpass_hosts_line *ret_line)
{
    PK_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool unended;

    *ret_line = (struct askpass_hosts_line){0};
    if (fd < 0)
        return errno == ENOENT ? PK_NOT_FOUND : PK_IO;
    return look_in_file(fd, host, rp_id, ret_line, &unended);
}

enum pk_status askpass_hosts_add(const char *path, const char *host, const char *rp_id)
{
    AUTO_ASKPASS_HOSTS_LINE struct askpass_hosts_line found = {0};
    PK_AUTO_FREE char *line = NULL;
    PK_AUTO_CLOSE int fd = -1;
    enum pk_status status = askpass_folders_make(path);
    bool unended = false;
    size_t len;

    if (status != PK_OK)
        return status;
    fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0 || flock(fd, LOCK_EX) < 0)
        return PK_IO;
    status = look_in_file(fd, host, rp_id, &found, &unended);
    if (status != PK_NOT_FOUND)
        return status;
    line = pk_text_format("%s%s %s\n", unended ? "\n" : "", host, rp_id);
    if (!line)
        return PK_NO_MEMORY;
    len = strlen(line);
    return write(fd, line, len) == (ssize_t)len && fsync(fd) == 0 ? PK_OK : PK_IO;
}
