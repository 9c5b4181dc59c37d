/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/ssh_process.h"

#include "client/askpass/files.h"
#include "client/askpass/openssh.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/wire/host_key.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define STAT_MAX      4096
#define ARGUMENTS_MAX 2097152 /* the most that Linux starts a program with, by default */
#define TABLE_MAX     16777216
#define START_FIELD   22 /* of /proc/PID/stat, from 1 (proc(5)) */
#define PARENT_FIELD  4
#define DECIMAL       10
#define HEXADECIMAL   16

PK_DEFINE_CLEANUP(DIR *, closedir);

/* --- reading text of the kernel's ------------------------------------------------------------- */

/* A whole word that is a number. */
static bool parse_number(struct pk_view word, int base, uint64_t *ret)
{
    static const char digits[] = "0123456789ABCDEFabcdef";
    uint64_t value = 0;

    if (word.len == 0 || word.len > 16)
        return false;
    for (size_t i = 0; i < word.len; i++) {
        const char *at = word.ptr[i] ? strchr(digits, word.ptr[i]) : NULL;
        size_t digit = at ? (size_t)(at - digits) : sizeof(digits);

        /* Lower case follows the sixteen. */
        digit = digit >= 16 && at ? digit - 6 : digit;
        if (digit >= (size_t)base)
            return false;
        value = value * (uint64_t)base + digit;
    }
    *ret = value;
    return true;
}

/* The name in brackets may hold anything, brackets too: what counts follows the last one. */
enum pk_status askpass_stat_parse(struct pk_view text, pid_t *ret_parent, uint64_t *ret_start)
{
    const uint8_t *bracket = text.len > 0 ? memrchr(text.ptr, ')', text.len) : NULL;
    struct pk_view rest;
    uint64_t parent = 0, start = 0;

    if (!bracket)
        return PK_INVALID_INPUT;
    rest = (struct pk_view){bracket + 1, text.len - (size_t)(bracket + 1 - text.ptr)};
    for (unsigned field = 3; field <= START_FIELD; field++) {
        struct pk_view word = pk_text_take_word(&rest);

        if ((field == PARENT_FIELD && !parse_number(word, DECIMAL, &parent)) ||
            (field == START_FIELD && !parse_number(word, DECIMAL, &start)))
            return PK_INVALID_INPUT;
    }
    if (parent > INT_MAX)
        return PK_INVALID_INPUT;
    *ret_parent = (pid_t)parent;
    *ret_start = start;
    return PK_OK;
}

/* "sl local remote state queues timer retransmits uid timeout inode …", addresses "HEX:PORT". */
static bool parse_connection(struct pk_view line, uint64_t *ret_inode, uint64_t *ret_port)
{
    struct pk_view remote = {0}, word = {0};
    const uint8_t *colon;

    for (unsigned field = 1; field <= 10; field++) {
        word = pk_text_take_word(&line);
        if (field == 3)
            remote = word;
    }
    colon = remote.len > 0 ? memchr(remote.ptr, ':', remote.len) : NULL;
    if (!colon)
        return false;
    remote.len -= (size_t)(colon + 1 - remote.ptr);
    remote.ptr = colon + 1;
    return parse_number(remote, HEXADECIMAL, ret_port) && parse_number(word, DECIMAL, ret_inode);
}

enum pk_status askpass_tcp_port(struct pk_view text, uint64_t inode, unsigned *ret_port)
{
    while (text.len > 0) {
        uint64_t found = 0, port = 0;

        if (parse_connection(pk_text_take_line(&text), &found, &port) && found == inode &&
            port > 0 && port <= UINT16_MAX) {
            *ret_port = (unsigned)port;
            return PK_OK;
        }
    }
    return PK_NOT_FOUND;
}

/* --- processes -------------------------------------------------------------------------------- */

static char *path_of(pid_t pid, const char *name)
{
    return pk_text_format("/proc/%d/%s", (int)pid, name);
}

static enum pk_status read_proc(pid_t pid, const char *name, size_t max, struct pk_bytes *ret)
{
    PK_AUTO_FREE char *path = path_of(pid, name);
    PK_AUTO_CLOSE int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (!path)
        return PK_NO_MEMORY;
    if (fd < 0)
        return errno == ENOENT ? PK_NOT_FOUND : PK_IO;
    return askpass_file_read(fd, max, ret);
}

enum pk_status askpass_process_read(pid_t pid, pid_t *ret_parent, struct askpass_ssh *ret)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};
    uint64_t start = 0;
    enum pk_status status = read_proc(pid, "stat", STAT_MAX, &text);

    if (status == PK_OK)
        status = askpass_stat_parse(pk_view_of(&text), ret_parent, &start);
    if (status == PK_OK)
        *ret = (struct askpass_ssh){pid, start};
    return status;
}

bool askpass_ssh_lives(const struct askpass_ssh *ssh)
{
    struct askpass_ssh now;
    pid_t parent;

    return askpass_process_read(ssh->pid, &parent, &now) == PK_OK && now.start == ssh->start;
}

/* Whether the program that a process runs is root's and has one of these names. */
static bool runs(pid_t pid, const char *const *names, size_t count)
{
    PK_AUTO_FREE char *path = path_of(pid, "exe");
    char target[PATH_MAX], *name, *deleted;
    struct stat about;
    ssize_t len = path ? readlink(path, target, sizeof(target) - 1) : -1;

    if (len < 0 || stat(path, &about) < 0 || about.st_uid != 0 ||
        (about.st_mode & (S_IWGRP | S_IWOTH)))
        return false;
    target[len] = 0;
    name = strrchr(target, '/');
    if (!name)
        return false;
    /* An upgrade may have replaced the file meanwhile; what runs is still behind that path. */
    deleted = strstr(name, " (deleted)");
    if (deleted)
        *deleted = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(name + 1, names[i]) == 0)
            return true;
    return false;
}

enum pk_status askpass_ssh_check(pid_t pid, struct askpass_ssh *ret)
{
    static const char *const name[] = {"ssh"};
    PK_AUTO_FREE char *path = path_of(pid, "exe");
    struct askpass_openssh version;
    pid_t parent;

    if (!path)
        return PK_NO_MEMORY;
    if (!runs(pid, name, 1) || askpass_openssh_ask(path, &version) != PK_OK ||
        !askpass_openssh_writes_prefix(&version))
        return PK_DENIED;
    return askpass_process_read(pid, &parent, ret);
}

enum pk_status askpass_ssh_find(struct askpass_ssh *ret)
{
    static const char *const shells[] = {"sh",  "dash", "bash", "zsh",     "ksh",
                                         "ash", "mksh", "fish", "busybox", "ksh93"};
    pid_t parent = getppid(), above = 0;
    struct askpass_ssh shell;
    enum pk_status status;

    if (!runs(parent, shells, sizeof(shells) / sizeof(shells[0])))
        return askpass_ssh_check(parent, ret);
    status = askpass_process_read(parent, &above, &shell);
    return status == PK_OK ? askpass_ssh_check(above, ret) : status;
}

enum pk_status askpass_ssh_arguments(const struct askpass_ssh *ssh, struct pk_strings *ret)
{
    PK_AUTO_BYTES struct pk_bytes text = {0};
    struct pk_strings arguments = {0};
    enum pk_status status = read_proc(ssh->pid, "cmdline", ARGUMENTS_MAX, &text);

    if (status == PK_OK && (text.len == 0 || text.data[text.len - 1] != 0))
        status = PK_IO;
    /* The first is its own name. */
    for (size_t at = 0; status == PK_OK && at < text.len;) {
        const char *argument = (const char *)text.data + at;

        status = at > 0 ? pk_strings_add(&arguments, argument) : PK_OK;
        at += strlen(argument) + 1;
    }
    if (status != PK_OK) {
        pk_strings_clear(&arguments);
        return status;
    }
    *ret = arguments;
    return PK_OK;
}

/* --- its connection --------------------------------------------------------------------------- */

/* The inode of the socket that an entry of /proc/PID/fd leads to. */
static bool read_inode(int folder, const char *name, uint64_t *ret)
{
    static const char beginning[] = "socket:[";
    char target[64];
    ssize_t len = readlinkat(folder, name, target, sizeof(target));
    size_t skip = strlen(beginning);

    if (len <= (ssize_t)skip || (size_t)len == sizeof(target) || target[len - 1] != ']' ||
        strncmp(target, beginning, skip) != 0)
        return false;
    return parse_number((struct pk_view){(const uint8_t *)target + skip, (size_t)len - skip - 1},
                        DECIMAL, ret);
}

enum pk_status askpass_ssh_peer_port(const struct askpass_ssh *ssh, unsigned port)
{
    PK_AUTO_FREE char *path = path_of(ssh->pid, "fd");
    PK_CLEANUP(closedir) DIR *entries = path ? opendir(path) : NULL;
    PK_AUTO_BYTES struct pk_bytes tcp = {0}, tcp6 = {0};
    enum pk_status status = read_proc(ssh->pid, "net/tcp", TABLE_MAX, &tcp), found = PK_NOT_FOUND;
    const struct dirent *entry;

    if (status == PK_OK)
        status = read_proc(ssh->pid, "net/tcp6", TABLE_MAX, &tcp6);
    if (status == PK_NOT_FOUND) /* a kernel without IPv6 */
        status = PK_OK;
    if (!entries)
        return path ? PK_IO : PK_NO_MEMORY;
    while (status == PK_OK && (entry = readdir(entries))) {
        uint64_t inode = 0;
        unsigned peer = 0;

        if (!read_inode(dirfd(entries), entry->d_name, &inode) ||
            (askpass_tcp_port(pk_view_of(&tcp), inode, &peer) != PK_OK &&
             askpass_tcp_port(pk_view_of(&tcp6), inode, &peer) != PK_OK))
            continue;
        if (peer == port)
            return PK_OK;
        found = PK_DENIED;
    }
    return status == PK_OK ? found : status;
}
