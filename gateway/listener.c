/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/listener.h"

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#define SYSTEMD_FIRST   3 /* sd_listen_fds(3) */
#define SYSTEMD_MAX     16
#define ACCEPTS_AT_ONCE 64
#define PAUSE_MS        200

struct listener {
    struct listener *next;
    struct listeners *all;
    int fd;
    enum listener_role role;
    char *path; /* that we made; NULL: none */
    struct event *event;
};

struct listeners {
    struct listener_setup setup;
    struct listener *first;
    struct event *resume;
};

static void listener_free(struct listener *listener)
{
    if (listener->event)
        event_free(listener->event);
    if (listener->fd >= 0)
        (void)close(listener->fd);
    if (listener->path)
        (void)unlink(listener->path);
    free(listener->path);
    free(listener);
}

void listeners_close(struct listeners *listeners)
{
    struct listener *listener;

    if (!listeners)
        return;
    while ((listener = listeners->first)) {
        listeners->first = listener->next;
        listener_free(listener);
    }
    if (listeners->resume)
        event_free(listeners->resume);
    free(listeners);
}

PK_DEFINE_CLEANUP(struct listeners *, listeners_close);

/* --- accepting -------------------------------------------------------------------------------- */

static void on_resume(evutil_socket_t fd, short what, void *data)
{
    struct listeners *listeners = data;

    (void)fd, (void)what;
    for (struct listener *each = listeners->first; each; each = each->next)
        (void)event_add(each->event, NULL);
}

void listeners_pause(struct listeners *listeners, unsigned milliseconds)
{
    const struct timeval when = {0, (suseconds_t)milliseconds * 1000};

    for (struct listener *each = listeners->first; each; each = each->next)
        (void)event_del(each->event);
    (void)evtimer_add(listeners->resume, &when);
}

static void accept_one(const struct listener *listener, int fd, const struct sockaddr_storage *from,
                       socklen_t len)
{
    const struct listeners *all = listener->all;
    int yes = 1;

    if (from->ss_family == AF_INET || from->ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    all->setup.accepted(all->setup.data, fd, listener->role, (const struct sockaddr *)from, len);
}

static void on_connection(evutil_socket_t socket, short what, void *data)
{
    const struct listener *listener = data;

    (void)what;
    for (unsigned i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_storage from = {0};
        socklen_t len = sizeof(from);
        int fd = accept4(socket, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            accept_one(listener, fd, &from, len);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pk_log(LOG_WARNING, "connections have to wait: %s", strerror(errno));
            listeners_pause(listener->all, PAUSE_MS);
        }
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

/* --- opening ---------------------------------------------------------------------------------- */

static enum pk_status refuse(const char *what, char **ret_why)
{
    *ret_why = pk_text_format("%s: %s", what, strerror(errno));
    return PK_IO;
}

/* Takes fd and path, also when it fails. */
static enum pk_status add(struct listeners *all, int fd, enum listener_role role, char *path)
{
    struct listener *listener = calloc(1, sizeof(*listener));

    if (!listener) {
        (void)close(fd);
        free(path);
        return PK_NO_MEMORY;
    }
    *listener =
        (struct listener){.next = all->first, .all = all, .fd = fd, .role = role, .path = path};
    all->first = listener;
    listener->event = event_new(all->setup.base, fd, EV_READ | EV_PERSIST, on_connection, listener);
    return listener->event && event_add(listener->event, NULL) == 0 ? PK_OK : PK_NO_MEMORY;
}

/* Whether somebody listens there already; a socket that nobody has is what a crash left. */
static bool is_in_use(const struct endpoint *endpoint)
{
    PK_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    return connect(fd, (const struct sockaddr *)&endpoint->address, endpoint->len) == 0 ||
           errno == EAGAIN;
}

static enum pk_status make_way(const struct endpoint *endpoint, const char *path, char **ret_why)
{
    struct stat found;

    if (lstat(path, &found) < 0)
        return errno == ENOENT ? PK_OK : refuse(path, ret_why);
    if (!S_ISSOCK(found.st_mode) || is_in_use(endpoint)) {
        errno = EADDRINUSE;
        return refuse(path, ret_why);
    }
    return unlink(path) == 0 ? PK_OK : refuse(path, ret_why);
}

static enum pk_status open_endpoint(struct listeners *all, const struct endpoint *endpoint,
                                    enum listener_role role, char **ret_why)
{
    const struct sockaddr *address = (const struct sockaddr *)&endpoint->address;
    const char *path =
        endpoint->kind == ENDPOINT_UNIX ? ((const struct sockaddr_un *)address)->sun_path : NULL;
    PK_AUTO_CLOSE int fd =
        socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    char text[ADDRESS_TEXT_SIZE] = "";
    struct address parsed = address_of(address);
    enum pk_status status = PK_OK;
    char *made = NULL;
    int yes = 1;

    address_text(&parsed, text);
    if (fd < 0)
        return refuse(path ? path : text, ret_why);
    if (path)
        status = make_way(endpoint, path, ret_why);
    else
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (status != PK_OK)
        return status;
    if (address->sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
    if (bind(fd, address, endpoint->len) < 0 || listen(fd, SOMAXCONN) < 0)
        return refuse(path ? path : text, ret_why);
    /* Who may connect, the folder says: the proxy is another user. */
    if (path && chmod(path, 0666) < 0)
        return refuse(path, ret_why);
    if (path && !(made = strdup(path)))
        return PK_NO_MEMORY;
    return add(all, pk_steal_fd(&fd), role, made);
}

static unsigned systemd_count(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    unsigned long number;

    if (!pid || !count || strtoul(pid, NULL, 10) != (unsigned long)getpid())
        return 0;
    number = strtoul(count, NULL, 10);
    return number <= SYSTEMD_MAX ? (unsigned)number : 0;
}

static enum pk_status open_systemd(struct listeners *all, enum listener_role role, char **ret_why)
{
    const unsigned count = systemd_count();

    if (count == 0) {
        *ret_why = strdup("systemd has passed no sockets on");
        return PK_CONFIG;
    }
    for (unsigned i = 0; i < count; i++) {
        int fd = SYSTEMD_FIRST + (int)i;
        enum pk_status status;

        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || evutil_make_socket_nonblocking(fd) < 0)
            return refuse("a socket of systemd's", ret_why);
        status = add(all, fd, role, NULL);
        if (status)
            return status;
    }
    return PK_OK;
}

static enum pk_status open_all(struct listeners *all, const struct endpoints *endpoints,
                               enum listener_role role, char **ret_why)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < endpoints->count && !status; i++)
        status = endpoints->items[i].kind == ENDPOINT_SYSTEMD
                     ? open_systemd(all, role, ret_why)
                     : open_endpoint(all, &endpoints->items[i], role, ret_why);
    return status;
}

static enum pk_status open_default(struct listeners *all, char **ret_why)
{
    struct endpoints fallback = {.count = 1};

    if (systemd_count() > 0)
        return open_systemd(all, LISTENER_PLAIN, ret_why);
    if (!endpoint_parse(pk_view_string("unix:/run/passkey-gateway/socket"), &fallback.items[0]))
        return PK_INTERNAL;
    return open_all(all, &fallback, LISTENER_PLAIN, ret_why);
}

enum pk_status listeners_open(const struct listener_setup *setup,
                              const struct gateway_config *config, struct listeners **ret,
                              char **ret_why)
{
    PK_CLEANUP(listeners_close) struct listeners *all = calloc(1, sizeof(*all));
    enum pk_status status;

    if (!all)
        return PK_NO_MEMORY;
    all->setup = *setup;
    all->resume = evtimer_new(setup->base, on_resume, all);
    if (!all->resume)
        return PK_NO_MEMORY;
    status = open_all(all, &config->listen, LISTENER_PLAIN, ret_why);
    if (!status)
        status = open_all(all, &config->tls_listen, LISTENER_TLS, ret_why);
    if (!status && config->listen.count == 0 && config->tls_listen.count == 0)
        status = open_default(all, ret_why);
    if (!status)
        status = open_all(all, &config->admin_listen, LISTENER_ADMIN, ret_why);
    if (!status)
        *ret = pk_steal(all);
    return status;
}
