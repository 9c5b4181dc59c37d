/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libsoftkey.so: shows the keys of the software authenticator to an unmodified program that it is
 * preloaded into, as hidraw nodes below /dev/software-authenticator/. The environment variable
 * SOFTWARE_AUTHENTICATOR names the socket; without it, or without somebody listening, there are no
 * keys.
 *
 * The program may forbid itself socket(2) and connect(2) later on, so all connections are made
 * before main(); from then on read(2), write(2), poll(2) and close(2) are all that is used. One
 * connection serves fido_dev_info_manifest() over and over, each open() takes one of the others.
 */
#undef _FORTIFY_SOURCE /* its inline open() and read() would stand where ours are defined */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fido.h>
#include <linux/hidraw.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

#define DEVICE_FOLDER "/dev/software-authenticator/"
#define REPORT_SIZE   64
#define LIST_MAX      32768
#define POOL_SIZE     8  /* connections kept ready for open() */
#define QUEUE_MAX     64 /* reports that nobody has read yet, as many as hidraw keeps */
#define HIDRAW_MAJOR  240

/* CTAP 2.1 section 11.2.8: usage page 0xf1d0, 64 bytes in, 64 bytes out. */
static const unsigned char report_descriptor[] = {
    0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01, 0x09, 0x20, 0x15, 0x00, 0x26,
    0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x81, 0x02, 0x09, 0x21, 0x15, 0x00,
    0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91, 0x02, 0xc0,
};

static struct {
    int (*open)(const char *, int, ...);
    int (*openat)(int, const char *, int, ...);
    int (*close)(int);
    ssize_t (*read)(int, void *, size_t);
    int (*ioctl)(int, unsigned long, ...);
    int (*flock)(int, int);
    int (*poll)(struct pollfd *, nfds_t, int);
    int (*ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
    int (*fstat)(int, struct stat *);
    int (*close_range)(unsigned, unsigned, int);
} real;

static pid_t owner; /* of the connections */
static int list_connection = -1;
static int pool[POOL_SIZE];
static bool is_device[1024]; /* by descriptor: opened below DEVICE_FOLDER */
static bool is_kept[1024];   /* by descriptor: ours, not yet handed out */

/* By descriptor: reports that came before the answer to a question; NULL: none ever did. */
static struct queue {
    size_t count;
    unsigned char reports[QUEUE_MAX][REPORT_SIZE];
} * queues[1024];

static void resolve(void)
{
    if (real.close_range != NULL)
        return;
    *(void **)&real.open = dlsym(RTLD_NEXT, "open");
    *(void **)&real.openat = dlsym(RTLD_NEXT, "openat");
    *(void **)&real.close = dlsym(RTLD_NEXT, "close");
    *(void **)&real.read = dlsym(RTLD_NEXT, "read");
    *(void **)&real.ioctl = dlsym(RTLD_NEXT, "ioctl");
    *(void **)&real.flock = dlsym(RTLD_NEXT, "flock");
    *(void **)&real.poll = dlsym(RTLD_NEXT, "poll");
    *(void **)&real.ppoll = dlsym(RTLD_NEXT, "ppoll");
    *(void **)&real.fstat = dlsym(RTLD_NEXT, "fstat");
    *(void **)&real.close_range = dlsym(RTLD_NEXT, "close_range");
}

static bool marked(const bool *marks, int fd)
{
    return fd >= 0 && fd < 1024 && marks[fd];
}

/* A connection to the simulator, or -1. */
static int connect_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("SOFTWARE_AUTHENTICATOR");
    if (path == NULL || strlen(path) >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (fd >= 1024 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        real.close(fd);
        return -1;
    }
    is_kept[fd] = true;
    return fd;
}

static void connect_all(size_t pooled)
{
    owner = getpid();
    list_connection = connect_socket();
    for (size_t i = 0; i < POOL_SIZE; i++)
        pool[i] = list_connection < 0 || i >= pooled ? -1 : connect_socket();
}

static bool is_helper(void)
{
    return strcmp(program_invocation_short_name, "passkey-authenticator") == 0;
}

/*
 * passkey-authenticator keeps no process that forks where a library is preloaded into it, because
 * what that holds would be shared. This one notices, so it is not to be seen.
 */
__attribute__((constructor)) static void start(void)
{
    resolve();
    connect_all(POOL_SIZE);
    if (is_helper())
        unsetenv("LD_PRELOAD");
}

/*
 * A helper that was forked makes its own; it opens one key at most. What another program makes may
 * have that program's own table of descriptors, until it executes something.
 */
static void notice_fork(void)
{
    if (owner == getpid() || !is_helper())
        return;
    for (int fd = 0; fd < 1024; fd++) {
        if (is_kept[fd])
            real.close(fd);
        is_kept[fd] = false;
    }
    connect_all(1);
}

/* Sends a question (none: reads once more); the answer's length, or -1. */
static ssize_t ask(int fd, const char *question, char *answer, size_t size)
{
    size_t length = strlen(question);
    if (length > 0 && write(fd, question, length) != (ssize_t)length)
        return -1;
    /* The program may have asked for O_NONBLOCK. */
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    if (real.poll(&poller, 1, -1) < 0)
        return -1;
    ssize_t got = real.read(fd, answer, size - 1);
    if (got >= 0)
        answer[got] = '\0';
    return got;
}

static int take_connection(void)
{
    for (size_t i = 0; i < POOL_SIZE; i++) {
        int fd = pool[i];
        pool[i] = -1;
        if (fd >= 0)
            return fd;
    }
    return connect_socket();
}

static bool below_folder(const char *path)
{
    return path != NULL && strncmp(path, DEVICE_FOLDER, strlen(DEVICE_FOLDER)) == 0;
}

static void drop_kept(void)
{
    for (int fd = 0; fd < 1024; fd++) {
        if (is_kept[fd])
            real.close(fd);
        is_kept[fd] = false;
    }
    for (size_t i = 0; i < POOL_SIZE; i++)
        pool[i] = -1;
}

static int open_device(const char *path, int flags)
{
    char question[512] = "OPEN ", answer[16];
    if (strlen(path) >= sizeof(question) - strlen(question)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcat(question, path);
    int fd = take_connection();
    if (fd < 0) {
        errno = ENXIO;
        return -1;
    }
    is_kept[fd] = false;
    if (ask(fd, question, answer, sizeof(answer)) < 2 || strcmp(answer, "OK") != 0) {
        real.close(fd);
        errno = ENOENT;
        return -1;
    }
    if (flags & O_NONBLOCK)
        fcntl(fd, F_SETFL, O_NONBLOCK);
    is_device[fd] = true;
    if (is_helper()) /* needs no other, and is asked what it has open */
        drop_kept();
    return fd;
}

/* Reports that have to wait */

static void queue_report(int fd, const char *report)
{
    if (queues[fd] == NULL)
        queues[fd] = calloc(1, sizeof(*queues[fd]));
    struct queue *queue = queues[fd];
    if (queue != NULL && queue->count < QUEUE_MAX)
        memcpy(queue->reports[queue->count++], report, REPORT_SIZE);
}

static bool has_queued(int fd)
{
    return marked(is_device, fd) && queues[fd] != NULL && queues[fd]->count > 0;
}

static ssize_t take_queued(int fd, void *data, size_t size)
{
    struct queue *queue = queues[fd];
    if (size > REPORT_SIZE)
        size = REPORT_SIZE;
    memcpy(data, queue->reports[0], size);
    queue->count--;
    memmove(queue->reports[0], queue->reports[1], queue->count * REPORT_SIZE);
    return (ssize_t)size;
}

static void drop_queue(int fd)
{
    free(queues[fd]);
    queues[fd] = NULL;
    is_device[fd] = false;
}

/* Files */

static mode_t mode_argument(int flags, va_list arguments)
{
    return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(arguments, mode_t) : 0;
}

#define DEFINE_OPEN(name)                                                                          \
    EXPORT int name(const char *path, int flags, ...);                                             \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        resolve();                                                                                 \
        if (below_folder(path))                                                                    \
            return open_device(path, flags);                                                       \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = mode_argument(flags, arguments);                                             \
        va_end(arguments);                                                                         \
        return real.open(path, flags, mode);                                                       \
    }

#define DEFINE_OPENAT(name)                                                                        \
    EXPORT int name(int folder, const char *path, int flags, ...);                                 \
    int name(int folder, const char *path, int flags, ...)                                         \
    {                                                                                              \
        resolve();                                                                                 \
        if (below_folder(path))                                                                    \
            return open_device(path, flags);                                                       \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = mode_argument(flags, arguments);                                             \
        va_end(arguments);                                                                         \
        return real.openat(folder, path, flags, mode);                                             \
    }

/* The large-file names and the checked ones of _FORTIFY_SOURCE mean the same on 64-bit systems. */
DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPEN(__open_2)
DEFINE_OPEN(__open64_2)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)
DEFINE_OPENAT(__openat_2)
DEFINE_OPENAT(__openat64_2)

EXPORT int close(int fd)
{
    resolve();
    if (marked(is_kept, fd)) {
        errno = EBADF; /* the program knows nothing of it and closes everything in sight */
        return -1;
    }
    if (marked(is_device, fd))
        drop_queue(fd);
    return real.close(fd);
}

/* Closes the ranges between the connections that must live on. */
EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    resolve();
    notice_fork();
    for (unsigned fd = 0; fd < 1024 && !(flags & CLOSE_RANGE_CLOEXEC); fd++) {
        if (fd < first || fd > last)
            continue;
        drop_queue((int)fd);
        if (!is_kept[fd])
            continue;
        if (fd > first && real.close_range(first, fd - 1, flags) < 0)
            return -1;
        first = fd + 1;
    }
    return first > last ? 0 : real.close_range(first, last, flags);
}

EXPORT void closefrom(int first)
{
    close_range(first < 0 ? 0 : (unsigned)first, ~0U, 0);
}

/* After unplugging hidraw says EIO where a socket says end of file. */
EXPORT ssize_t read(int fd, void *data, size_t size)
{
    resolve();
    if (has_queued(fd))
        return take_queued(fd, data, size);
    ssize_t got = real.read(fd, data, size);
    if (got == 0 && size > 0 && marked(is_device, fd)) {
        errno = EIO;
        return -1;
    }
    return got;
}

EXPORT ssize_t __read_chk(int fd, void *data, size_t size, size_t room);
EXPORT ssize_t __read_chk(int fd, void *data, size_t size, size_t room)
{
    if (size > room)
        abort();
    return read(fd, data, size);
}

/* Whether one of them has something queued to read; then nothing is to be waited for. */
static bool any_queued(const struct pollfd *polled, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++) {
        if ((polled[i].events & POLLIN) && has_queued(polled[i].fd))
            return true;
    }
    return false;
}

static int poll_queued(struct pollfd *polled, nfds_t count)
{
    int ready = real.poll(polled, count, 0);
    for (nfds_t i = 0; i < count && ready >= 0; i++) {
        if (!(polled[i].events & POLLIN) || !has_queued(polled[i].fd))
            continue;
        ready += polled[i].revents == 0;
        polled[i].revents |= POLLIN;
    }
    return ready;
}

EXPORT int poll(struct pollfd *polled, nfds_t count, int timeout)
{
    resolve();
    return any_queued(polled, count) ? poll_queued(polled, count)
                                     : real.poll(polled, count, timeout);
}

EXPORT int __poll_chk(struct pollfd *polled, nfds_t count, int timeout, size_t room);
EXPORT int __poll_chk(struct pollfd *polled, nfds_t count, int timeout, size_t room)
{
    if (count * sizeof(*polled) > room)
        abort();
    return poll(polled, count, timeout);
}

EXPORT int ppoll(struct pollfd *polled, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask)
{
    resolve();
    return any_queued(polled, count) ? poll_queued(polled, count)
                                     : real.ppoll(polled, count, timeout, mask);
}

EXPORT int __ppoll_chk(struct pollfd *polled, nfds_t count, const struct timespec *timeout,
                       const sigset_t *mask, size_t room);
EXPORT int __ppoll_chk(struct pollfd *polled, nfds_t count, const struct timespec *timeout,
                       const sigset_t *mask, size_t room)
{
    if (count * sizeof(*polled) > room)
        abort();
    return ppoll(polled, count, timeout, mask);
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    resolve();
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (!marked(is_device, fd))
        return real.ioctl(fd, request, argument);
    if (request == HIDIOCGRDESCSIZE) {
        *(int *)argument = sizeof(report_descriptor);
        return 0;
    }
    if (request == HIDIOCGRDESC) {
        struct hidraw_report_descriptor *descriptor = argument;
        memcpy(descriptor->value, report_descriptor, sizeof(report_descriptor));
        return 0;
    }
    if (request == HIDIOCGRAWINFO) {
        struct hidraw_devinfo info = {.bustype = 3, .vendor = 0x1209, .product = (short)0xf1d0};
        memcpy(argument, &info, sizeof(info));
        return 0;
    }
    errno = EINVAL;
    return -1;
}

EXPORT int flock(int fd, int operation)
{
    resolve();
    if (!marked(is_device, fd))
        return real.flock(fd, operation);
    char answer[REPORT_SIZE + 2];
    const char *question = operation & LOCK_UN   ? "FLOCK UN"
                           : operation & LOCK_SH ? "FLOCK SH"
                                                 : "FLOCK EX";
    ssize_t got = ask(fd, question, answer, sizeof(answer));
    while (got == REPORT_SIZE) { /* it is still there to be read, as it would be with hidraw */
        queue_report(fd, answer);
        got = ask(fd, "", answer, sizeof(answer));
    }
    if (got < 0 || strcmp(answer, "OK") != 0) {
        errno = EWOULDBLOCK;
        return -1;
    }
    return 0;
}

static int device_stat(int fd, struct stat *status)
{
    int result = real.fstat(fd, status);
    if (result == 0 && marked(is_device, fd)) {
        status->st_mode = S_IFCHR | 0660;
        status->st_rdev = makedev(HIDRAW_MAJOR, (unsigned)fd);
    }
    return result;
}

EXPORT int fstat(int fd, struct stat *status)
{
    resolve();
    return device_stat(fd, status);
}

EXPORT int fstat64(int fd, struct stat64 *status)
{
    resolve();
    _Static_assert(sizeof(struct stat64) == sizeof(struct stat), "a 64-bit system");
    return device_stat(fd, (struct stat *)status);
}

/* libfido2 */

/*
 * Where a program opens a device by its fido_dev_info_t, libfido2 reads the report sizes out of
 * what io.open returned, so that must begin as the handle of its own hid_linux.c does.
 */
struct handle {
    int fd;
    size_t report_in_len, report_out_len;
    sigset_t mask;
    const sigset_t *mask_pointer;
};

static void *io_open(const char *path)
{
    struct handle *handle = calloc(1, sizeof(*handle));
    if (handle == NULL)
        return NULL;
    handle->report_in_len = handle->report_out_len = REPORT_SIZE;
    handle->fd = open(path, O_RDWR);
    if (handle->fd >= 0)
        return handle;
    free(handle);
    return NULL;
}

static void io_close(void *data)
{
    struct handle *handle = data;
    close(handle->fd);
    free(handle);
}

static int io_read(void *data, unsigned char *report, size_t size, int timeout)
{
    struct handle *handle = data;
    struct pollfd poller = {.fd = handle->fd, .events = POLLIN};
    if (poll(&poller, 1, timeout) < 1)
        return -1;
    return (int)read(handle->fd, report, size);
}

static int io_write(void *data, const unsigned char *report, size_t size)
{
    struct handle *handle = data;
    return (int)write(handle->fd, report, size);
}

/* One line of LIST: path, manufacturer, product. */
static int set_info(fido_dev_info_t *list, size_t index, char *line)
{
    static const fido_dev_io_t io = {io_open, io_close, io_read, io_write};
    int (*info_set)(fido_dev_info_t *, size_t, const char *, const char *, const char *,
                    const fido_dev_io_t *, const fido_dev_transport_t *);
    *(void **)&info_set = dlsym(RTLD_DEFAULT, "fido_dev_info_set");
    const char *path = strsep(&line, "\t");
    const char *manufacturer = strsep(&line, "\t");
    const char *product = strsep(&line, "\t");
    if (info_set == NULL || product == NULL)
        return FIDO_ERR_INTERNAL;
    return info_set(list, index, path, manufacturer, product, &io, NULL);
}

EXPORT int fido_dev_info_manifest(fido_dev_info_t *list, size_t size, size_t *ret_count)
{
    static char answer[LIST_MAX];
    resolve();
    *ret_count = 0;
    if (list_connection < 0 || ask(list_connection, "LIST", answer, sizeof(answer)) < 0)
        return FIDO_OK;
    char *rest = answer, *line;
    while (*ret_count < size && (line = strsep(&rest, "\n")) != NULL) {
        if (*line == '\0')
            continue;
        int status = set_info(list, *ret_count, line);
        if (status != FIDO_OK)
            return status;
        ++*ret_count;
    }
    return FIDO_OK;
}
