/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/capture.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

extern char **environ;

/* The input in memory, so that writing it does not wait for the program. */
static enum pk_status open_input(struct pk_view input, int *ret_fd)
{
    PK_AUTO_CLOSE int fd = memfd_create("input", MFD_CLOEXEC);

    if (fd < 0 || pk_write_all(fd, input) != PK_OK || lseek(fd, 0, SEEK_SET) != 0)
        return PK_IO;
    *ret_fd = pk_steal_fd(&fd);
    return PK_OK;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    int failed;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    failed = posix_spawnattr_setsigmask(attributes, &none);
    if (!failed)
        failed = posix_spawnattr_setsigdefault(attributes, &all);
    if (!failed)
        failed =
            posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return failed;
}

static enum pk_status spawn(const struct capture *capture, int input, int output, pid_t *ret)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return PK_NO_MEMORY;
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return PK_NO_MEMORY;
    }
    failed = set_attributes(&attributes);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!failed && capture->errors)
        failed = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    if (!failed && capture->quiet)
        failed =
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (!failed)
        failed = posix_spawnp(ret, capture->program, &actions, &attributes, capture->argv, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (failed == ENOENT)
        return PK_NOT_FOUND;
    return failed ? PK_IO : PK_OK;
}

static int wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Until there is output, or the program is wanted no longer and has been told so. */
static void wait_for_output(const struct capture *capture, pid_t pid, int output)
{
    struct pollfd events[1 + CAPTURE_ENDS_MAX] = {{.fd = output, .events = POLLIN}};
    int count;

    for (size_t i = 0; i < capture->end_count; i++)
        events[1 + i] = capture->ends[i];
    do
        count = poll(events, 1 + capture->end_count, -1);
    while (count < 0 && errno == EINTR);
    if (count > 0 && !events[0].revents)
        (void)kill(pid, SIGTERM);
}

enum pk_status capture_run(const struct capture *capture, struct pk_bytes *ret_output,
                           int *ret_exit)
{
    PK_AUTO_BYTES struct pk_bytes text = {malloc(capture->max), 0};
    PK_AUTO_CLOSE int input = -1, output = -1, written = -1;
    int ends[2];
    pid_t pid = 0;
    enum pk_status status = open_input(capture->input, &input);

    if (status == PK_OK && !text.data)
        status = PK_NO_MEMORY;
    if (status != PK_OK)
        return status;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return PK_IO;
    output = ends[0];
    written = ends[1];
    status = spawn(capture, input, written, &pid);
    if (status != PK_OK)
        return status;
    (void)close(pk_steal_fd(&written));
    wait_for_output(capture, pid, output);
    status = pk_read_all(output, text.data, capture->max, &text.len);
    (void)close(pk_steal_fd(&output)); /* what is beyond is not read */
    *ret_exit = wait_for(pid);
    if (status != PK_OK)
        return status;
    *ret_output = text;
    text = (struct pk_bytes){0};
    return PK_OK;
}
