/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/ownership.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as many as the kernel follows */

/* A way through the file system, one name after the other. */
struct walk {
    uid_t own;           /* may own what is on the way, besides root; 0: nobody may */
    int folder;          /* reached so far */
    char done[PATH_MAX]; /* its name, without links; empty: / */
    char rest[PATH_MAX];
    unsigned links;
};

/* The daemon's own user does not: what took the daemon over must not write what binds it. */
static uid_t private_user(void)
{
    const struct passwd *daemon = getpwnam(PASSKEYD_USER);
    uid_t own = geteuid();

    return daemon && daemon->pw_uid == own ? 0 : own;
}

static enum pk_status refuse(char **ret_why, char *why)
{
    *ret_why = why;
    return why ? PK_CONFIG : PK_NO_MEMORY;
}

static enum pk_status check(const struct walk *walk, const char *path, const struct stat *found,
                            char **ret_why)
{
    unsigned mode = (unsigned)found->st_mode & 07777;

    if (found->st_uid != 0 && found->st_uid != walk->own)
        return refuse(ret_why, pk_text_format("%s: belongs to uid %u, who could change what "
                                              "passkeyd does; run chown root %s",
                                              path, (unsigned)found->st_uid, path));
    if (S_ISLNK(found->st_mode) || (S_ISDIR(found->st_mode) && (mode & S_ISVTX)))
        return PK_OK;
    if (mode & (S_IWGRP | S_IWOTH))
        return refuse(ret_why, pk_text_format("%s: %s may write to it (mode %04o); run chmod %s %s",
                                              path, mode & S_IWOTH ? "everybody" : "its group",
                                              mode, mode & S_IWOTH ? "go-w" : "g-w", path));
    return PK_OK;
}

/* An error of the system's at what is named. */
static enum pk_status failed(const char *path, char **ret_why)
{
    if (errno == ENOENT)
        return PK_NOT_FOUND;
    return refuse(ret_why, pk_text_format("%s: %s", path, strerror(errno)));
}

static enum pk_status too_long(const struct walk *walk, char **ret_why)
{
    return refuse(ret_why,
                  pk_text_format("%s/%s: the name is too long, or its links go in a circle",
                                 walk->done, walk->rest));
}

/* Takes the next name out of the rest; false: there is none left. */
static bool next_name(struct walk *walk, char ret[NAME_MAX + 1], bool *ret_last)
{
    const char *name = walk->rest + strspn(walk->rest, "/");
    size_t len = strcspn(name, "/");
    const char *after = name + len + strspn(name + len, "/");

    if (len == 0 || len > NAME_MAX)
        return false;
    (void)memcpy(ret, name, len);
    ret[len] = 0;
    *ret_last = *after == 0;
    (void)memmove(walk->rest, after, strlen(after) + 1);
    return true;
}

/* Goes on to the folder whose descriptor that is, which is taken over. */
static void enter(struct walk *walk, int *fd, const char *path)
{
    (void)close(walk->folder);
    walk->folder = pk_steal_fd(fd);
    (void)snprintf(walk->done, sizeof(walk->done), "%s", path);
}

static enum pk_status begin(struct walk *walk, char **ret_why)
{
    PK_AUTO_CLOSE int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat found;

    if (fd < 0 || fstat(fd, &found) != 0)
        return failed("/", ret_why);
    enter(walk, &fd, "");
    return check(walk, "/", &found, ret_why);
}

/* Puts what the link says before the rest. */
static enum pk_status follow(struct walk *walk, int link, const char *path, char **ret_why)
{
    char target[PATH_MAX], rest[PATH_MAX];
    ssize_t len = readlinkat(link, "", target, sizeof(target));
    int written;

    if (len <= 0)
        return failed(path, ret_why);
    written = snprintf(rest, sizeof(rest), "%.*s%s%s", (int)len, target, *walk->rest ? "/" : "",
                       walk->rest);
    if (walk->links++ == LINKS_MAX || len == sizeof(target) || written >= (int)sizeof(rest))
        return too_long(walk, ret_why);
    (void)memcpy(walk->rest, rest, (size_t)written + 1);
    return target[0] == '/' ? begin(walk, ret_why) : PK_OK;
}

/* The last name: the file itself, opened and then looked at. */
static enum pk_status finish(struct walk *walk, const char *name, const char *path, int flags,
                             int *ret_fd, char **ret_why)
{
    PK_AUTO_CLOSE int fd = openat(
        walk->folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | flags);
    struct stat found;
    enum pk_status status;

    if (fd < 0 || fstat(fd, &found) != 0)
        return failed(path, ret_why);
    status = check(walk, path, &found, ret_why);
    if (status == PK_OK)
        *ret_fd = pk_steal_fd(&fd);
    return status;
}

/* One name further. *ret_fd is set when it was the last. */
static enum pk_status step(struct walk *walk, int flags, int *ret_fd, char **ret_why)
{
    char name[NAME_MAX + 1], path[PATH_MAX];
    PK_AUTO_CLOSE int fd = -1;
    struct stat found;
    enum pk_status status;
    bool last;

    if (!next_name(walk, name, &last))
        return too_long(walk, ret_why);
    if (strcmp(name, "..") == 0) { /* checked on the way here */
        char *slash = strrchr(walk->done, '/');

        (void)snprintf(path, sizeof(path), "%.*s", slash ? (int)(slash - walk->done) : 0,
                       walk->done);
    } else if (strcmp(name, ".") == 0) {
        (void)snprintf(path, sizeof(path), "%s", walk->done);
    } else if (snprintf(path, sizeof(path), "%s/%s", walk->done, name) >= (int)sizeof(path)) {
        return too_long(walk, ret_why);
    }
    fd = openat(walk->folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &found) != 0)
        return failed(path, ret_why);
    status = check(walk, *path ? path : "/", &found, ret_why);
    if (status != PK_OK)
        return status;
    if (S_ISLNK(found.st_mode))
        return follow(walk, fd, path, ret_why);
    if (last)
        return finish(walk, name, path, flags, ret_fd, ret_why);
    enter(walk, &fd, path);
    return PK_OK;
}

enum pk_status ownership_open(const char *path, int flags, int *ret_fd, char **ret_why)
{
    PK_AUTO_FREE struct walk *walk = calloc(1, sizeof(*walk));
    PK_AUTO_FREE char *here = *path == '/' ? NULL : getcwd(NULL, 0);
    enum pk_status status;
    int fd = -1;

    if (!walk || (*path != '/' && !here))
        return PK_NO_MEMORY;
    *walk = (struct walk){.own = private_user(), .folder = -1};
    if (snprintf(walk->rest, sizeof(walk->rest), "%s/%s", here ? here : "", path) >=
        (int)sizeof(walk->rest))
        return refuse(ret_why, pk_text_format("%s: the name is too long", path));
    status = begin(walk, ret_why);
    while (status == PK_OK && fd < 0)
        status = step(walk, flags, &fd, ret_why);
    (void)close(walk->folder);
    if (status == PK_OK)
        *ret_fd = fd;
    return status;
}
