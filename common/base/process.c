/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/process.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STAT_MAX      1024
#define STAT_TERMINAL 4 /* fields between the program's name and the terminal */

/* A file of /proc as a string. false: it cannot be read, or is longer than size - 1. */
static bool read_text(const char *path, char *buffer, size_t size)
{
    PK_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;

    if (fd < 0 || pk_read_all(fd, buffer, size, &len) || len == size)
        return false;
    buffer[len] = '\0';
    return true;
}

/* A decimal number of 32 bits that the text consists of, but for the end of the line. */
static bool parse_number(const char *text, const char *end, uint32_t *ret)
{
    char *rest = NULL;
    unsigned long long number;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    number = strtoull(text, &rest, 10);
    if (errno != 0 || number > UINT32_MAX || strcmp(rest, end) != 0)
        return false;
    *ret = (uint32_t)number;
    return true;
}

static uint32_t read_number(const char *path)
{
    char text[32];
    uint32_t number = PK_PROCESS_UNSET;

    if (!read_text(path, text, sizeof(text)))
        return PK_PROCESS_UNSET;
    text[strcspn(text, "\n")] = '\0';
    return parse_number(text, "", &number) ? number : PK_PROCESS_UNSET;
}

uint32_t pk_process_terminal(struct pk_view stat)
{
    char copy[STAT_MAX] = "", *fields, *save = NULL;
    uint32_t terminal = 0;

    if (stat.len >= sizeof(copy) || memchr(stat.ptr, 0, stat.len))
        return 0;
    (void)memcpy(copy, stat.ptr, stat.len);
    /* The name is in parentheses, and may itself hold blanks and parentheses. */
    fields = strrchr(copy, ')');
    fields = fields ? strtok_r(fields + 1, " ", &save) : NULL;
    for (unsigned i = 0; fields && i < STAT_TERMINAL; i++)
        fields = strtok_r(NULL, " ", &save);
    return fields && parse_number(fields, "", &terminal) ? terminal : 0;
}

static void read_executable(char *ret, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", ret, size);

    ret[len > 0 && (size_t)len < size ? (size_t)len : 0] = '\0';
}

/* folder: /proc/self or /proc/PID. *ret_read: that there is such a process to be seen. */
static struct pk_process read_process(const char *folder, uint32_t real_uid, bool *ret_read)
{
    struct pk_process process = {.real_uid = real_uid};
    char path[64], stat[STAT_MAX];

    (void)snprintf(path, sizeof(path), "%s/loginuid", folder);
    process.login_uid = read_number(path);
    (void)snprintf(path, sizeof(path), "%s/sessionid", folder);
    process.audit_session = read_number(path);
    (void)snprintf(path, sizeof(path), "%s/stat", folder);
    *ret_read = read_text(path, stat, sizeof(stat));
    if (*ret_read)
        process.terminal = pk_process_terminal(pk_view_string(stat));
    return process;
}

struct pk_process pk_process_of_this(void)
{
    bool ignored;
    struct pk_process process = read_process("/proc/self", (uint32_t)getuid(), &ignored);

    read_executable(process.executable, sizeof(process.executable));
    return process;
}

bool pk_process_of_pid(pid_t pid, uint32_t uid, struct pk_process *ret)
{
    struct pk_process process;
    bool seen = false;
    char folder[32];

    (void)snprintf(folder, sizeof(folder), "/proc/%d", (int)pid);
    process = read_process(folder, uid, &seen);
    if (seen)
        *ret = process;
    return seen;
}

pid_t pk_process_of_peer(int fd, struct pk_process *ret, bool *ret_read)
{
    struct ucred peer = {0};
    socklen_t len = sizeof(peer), domain_len = sizeof(int);
    int domain = AF_UNSPEC;
    char folder[32];

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) || domain != AF_UNIX ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) || peer.pid <= 0)
        return 0;
    (void)snprintf(folder, sizeof(folder), "/proc/%d", (int)peer.pid);
    *ret = read_process(folder, (uint32_t)peer.uid, ret_read);
    return peer.pid;
}
