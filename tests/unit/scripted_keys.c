/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/scripted_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define HELPERS_MAX 32
#define NAME_SIZE   64
#define STEP_MS     10
#define PASSES      16 /* turns of the event loop, enough for all consequences of an event */

struct scripted_key {
    int connection; /* to the process; -1: it is gone */
    int fd;         /* the helper's standard input */
    struct event *readable, *ended;
    uint8_t buffer[4 + PK_FRAME_MAX];
    size_t len;
    struct pk_frame setup; /* of passkey-phone */
    struct pk_frame request;
    bool taken; /* by await_request() */
    bool dead;
};

static struct {
    struct event_base *base;
    struct event *children, *accepting, *patience;
    struct pk_keys_setup setup;
    struct pk_keys *keys;
    char folder[SCRATCH_PATH_MAX];
    char *program;
    int listener;
    struct scripted_key *helpers[HELPERS_MAX];
    size_t helper_count;
    struct scripted_key *watcher;
    bool silent; /* the watcher, when it starts */
    char plugged[KEYS_MAX][NAME_SIZE];
    size_t plugged_count;
    bool impatient;
    unsigned errors;
} stage;

static void count_errors(int priority, const char *format, ...)
{
    (void)format;
    stage.errors += priority <= LOG_ERR;
}

unsigned logged_errors(void)
{
    return stage.errors;
}

/* --- the clock -------------------------------------------------------------------------------- */

static int64_t monotonic_ms = 1000000;

/* Replaces the C library's function, for libevent as well. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ret)
{
    if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE)
        return (int)syscall(SYS_clock_gettime, id, ret);
    *ret = (struct timespec){monotonic_ms / 1000, monotonic_ms % 1000 * 1000000};
    return 0;
}

/* --- the loop --------------------------------------------------------------------------------- */

static void on_child(evutil_socket_t number, short what, void *data)
{
    (void)number, (void)what, (void)data;
    pk_keys_reap(stage.keys);
}

static void on_patience(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what, (void)data;
    stage.impatient = true;
}

void settle(void)
{
    for (unsigned i = 0; i < PASSES; i++)
        (void)event_base_loop(stage.base, EVLOOP_NONBLOCK);
}

void let_pass(unsigned milliseconds)
{
    for (unsigned passed = 0; passed < milliseconds; passed += STEP_MS) {
        monotonic_ms += STEP_MS;
        settle();
    }
}

void run_while(bool (*waiting)(const void *), const void *data)
{
    stage.impatient = false;
    (void)alarm(PATIENCE);
    while (!stage.impatient && waiting(data))
        (void)event_base_loop(stage.base, EVLOOP_ONCE);
    (void)alarm(0);
    assert_false(stage.impatient);
}

static bool in_use(const void *data)
{
    (void)data;
    return !pk_keys_idle(stage.keys);
}

void await_idle(void)
{
    run_while(in_use, NULL);
}

void assert_idle(void)
{
    assert_false(in_use(NULL));
}

/* --- the helpers' side ------------------------------------------------------------------------ */

static size_t first_frame(const struct scripted_key *key)
{
    size_t size = 0;

    assert_int_equal(pk_frame_size((struct pk_view){key->buffer, key->len}, &size), PK_OK);
    return size <= key->len ? size : 0;
}

static void take_frame(struct scripted_key *key, struct pk_frame *ret)
{
    size_t size = first_frame(key);

    assert_int_equal(pk_frame_decode((struct pk_view){key->buffer + 4, size - 4}, ret), PK_OK);
    key->len -= size;
    (void)memmove(key->buffer, key->buffer + size, key->len);
}

void send_frame(struct scripted_key *key, const struct pk_frame *frame)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};

    assert_int_equal(pk_frame_encode(frame, &bytes), PK_OK);
    assert_int_equal(send(key->fd, bytes.data, bytes.len, MSG_NOSIGNAL), (ssize_t)bytes.len);
}

static void send_devices(void)
{
    struct pk_device items[KEYS_MAX];
    char maker[] = "Maker";

    for (size_t i = 0; i < stage.plugged_count; i++)
        items[i] = (struct pk_device){
            .path = stage.plugged[i], .manufacturer = maker, .product = stage.plugged[i]};
    send_frame(stage.watcher, &(struct pk_frame){.type = PK_FRAME_DEVICES,
                                                 .devices = {items, stage.plugged_count}});
}

/* Of the key that a request is for; NULL: it is none. */
static const char *asked_path(const struct pk_frame *frame)
{
    switch (frame->type) {
    case PK_FRAME_GET_ASSERTION:
        return frame->get_assertion.path;
    case PK_FRAME_MAKE_CREDENTIAL:
        return frame->make_credential.path;
    case PK_FRAME_KEY_INFO:
    case PK_FRAME_SET_PIN:
    case PK_FRAME_RESET:
    case PK_FRAME_SELECT:
        return frame->key.path;
    default:
        return NULL;
    }
}

/* Reads HELLO, then the request that the helper is started for. */
static void take_first_frames(struct scripted_key *key)
{
    while (key->request.type != PK_FRAME_WATCH && !asked_path(&key->request) &&
           first_frame(key) > 0) {
        take_frame(key, &key->request);
        if (key->request.type == PK_FRAME_HELLO) {
            send_frame(key,
                       &(struct pk_frame){.type = PK_FRAME_HELLO, .version = PK_FRAME_VERSION});
        } else if (key->request.type == PK_FRAME_WATCH) {
            stage.watcher = key;
            if (!stage.silent)
                send_devices();
        } else if (key->request.type == PK_FRAME_PHONE_SETUP) {
            key->setup = key->request;
            key->request = (struct pk_frame){0}; /* moved */
        }
    }
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
    struct scripted_key *key = data;
    ssize_t got =
        recv((int)fd, key->buffer + key->len, sizeof(key->buffer) - key->len, MSG_DONTWAIT);

    (void)what;
    if (got <= 0) {
        (void)event_del(key->readable);
        return;
    }
    key->len += (size_t)got;
    take_first_frames(key);
}

static void on_ended(evutil_socket_t fd, short what, void *data)
{
    struct scripted_key *key = data;

    (void)fd, (void)what;
    key->dead = true;
    if (stage.watcher == key)
        stage.watcher = NULL;
}

static int receive_fd(int connection)
{
    char byte;
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    int fd = -1;

    if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message))
        (void)memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
    return fd;
}

static void on_connection(evutil_socket_t listener, short what, void *data)
{
    struct scripted_key *key = calloc(1, sizeof(*key));
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);

    (void)what, (void)data;
    assert_non_null(key);
    assert_in_range(stage.helper_count, 0, HELPERS_MAX - 1);
    stage.helpers[stage.helper_count++] = key;
    key->connection = accept4((int)listener, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
    key->fd = receive_fd(key->connection);
    key->readable = event_new(stage.base, key->fd, EV_READ | EV_PERSIST, on_readable, key);
    key->ended = event_new(stage.base, key->connection, EV_READ, on_ended, key);
    if (key->fd < 0) {
        key->dead = true; /* killed before it sent anything */
        return;
    }
    assert_int_equal(event_add(key->readable, NULL), 0);
    assert_int_equal(event_add(key->ended, NULL), 0);
}

void send_bare(struct scripted_key *key, enum pk_frame_type type)
{
    send_frame(key, &(struct pk_frame){.type = type});
}

void send_checked(struct scripted_key *key, enum pk_status status, bool uncertain)
{
    const struct pk_check check = {
        .status = status, .ctap2 = true, .pin_tries = 8, .uncertain = uncertain};

    send_frame(key, &(struct pk_frame){.type = PK_FRAME_CHECKED, .check = check});
}

void send_failed(struct scripted_key *key, enum pk_status status)
{
    send_frame(key, &(struct pk_frame){.type = PK_FRAME_FAILED, .failure = {status, 0xff, 0}});
}

void send_assertion(struct scripted_key *key)
{
    uint8_t some[] = "some";
    struct pk_assertion_answer answer = {
        .credential_id = {some, 4}, .authenticator_data = {some, 4}, .signature = {some, 4}};

    send_frame(key, &(struct pk_frame){.type = PK_FRAME_ASSERTION, .assertion = {&answer, 1}});
}

void send_credential(struct scripted_key *key)
{
    uint8_t object[] = "object";

    send_frame(key, &(struct pk_frame){.type = PK_FRAME_CREDENTIAL,
                                       .credential = {{object, sizeof(object)}, 0, false}});
}

void send_pin_needed(struct scripted_key *key, unsigned tries, bool wrong)
{
    send_frame(key, &(struct pk_frame){.type = PK_FRAME_PIN_NEEDED,
                                       .pin_needed = {.tries = (uint8_t)tries, .wrong = wrong}});
}

void end_process(struct scripted_key *key)
{
    if (stage.watcher == key)
        stage.watcher = NULL;
    (void)event_del(key->readable);
    (void)close(pk_steal_fd(&key->fd));
    (void)event_del(key->ended);
    (void)close(pk_steal_fd(&key->connection));
}

void plug_in(const char *first, ...)
{
    va_list more;

    stage.plugged_count = 0;
    va_start(more, first);
    for (const char *each = first; each; each = va_arg(more, const char *))
        (void)snprintf(stage.plugged[stage.plugged_count++], NAME_SIZE, "%s", each);
    va_end(more);
    if (stage.watcher)
        send_devices();
}

void set_watcher_silent(bool silent)
{
    stage.silent = silent;
}

static bool unwatched(const void *data)
{
    (void)data;
    return stage.watcher == NULL;
}

struct scripted_key *await_watcher(void)
{
    run_while(unwatched, NULL);
    return stage.watcher;
}

static struct scripted_key *find_request(const char *path)
{
    for (size_t i = 0; i < stage.helper_count; i++) {
        struct scripted_key *key = stage.helpers[i];
        const char *asked = asked_path(&key->request);

        if (asked && !key->taken && strcmp(asked, path) == 0)
            return key;
    }
    return NULL;
}

static bool not_asked(const void *path)
{
    return find_request(path) == NULL;
}

struct scripted_key *await_request(const char *path)
{
    struct scripted_key *key;

    run_while(not_asked, path);
    key = find_request(path);
    key->taken = true;
    return key;
}

const struct pk_frame *scripted_key_request(const struct scripted_key *key)
{
    return &key->request;
}

const struct pk_frame *scripted_key_setup(const struct scripted_key *key)
{
    return &key->setup;
}

void assert_no_request(const char *path)
{
    settle();
    assert_null(find_request(path));
}

static bool without_frame(const void *key)
{
    return first_frame(key) == 0;
}

void await_frame(struct scripted_key *key, enum pk_frame_type type, struct pk_frame *ret)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};

    run_while(without_frame, key);
    take_frame(key, &frame);
    assert_int_equal(frame.type, type);
    if (ret) {
        *ret = frame;
        frame = (struct pk_frame){0};
    }
}

void assert_no_frame(struct scripted_key *key)
{
    settle();
    assert_true(without_frame(key));
}

static bool alive(const void *key)
{
    return !((const struct scripted_key *)key)->dead;
}

void await_death(struct scripted_key *key)
{
    run_while(alive, key);
}

/* --- coming and going ------------------------------------------------------------------------- */

void set_timeouts(unsigned insert, unsigned touch)
{
    stage.setup.insert_timeout = insert;
    stage.setup.touch_timeout = touch;
}

void set_program(const char *path)
{
    stage.setup.program = path;
}

void set_phone_program(const char *path)
{
    stage.setup.phone_program = path;
}

struct pk_keys *scripted_keys(void)
{
    return stage.keys;
}

static void listen_for_helpers(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s.socket", stage.program);
    stage.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(stage.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(stage.listener, HELPERS_MAX), 0);
    stage.accepting =
        event_new(stage.base, stage.listener, EV_READ | EV_PERSIST, on_connection, NULL);
    assert_int_equal(event_add(stage.accepting, NULL), 0);
}

int scripted_keys_set_up(void **state)
{
    static char bus[] = "unix:path=/nowhere", dialler[] = "/nowhere/dialler";
    static const struct pk_phone_setup phone_setup = {
        .hashed = true, .bus = bus, .dialler = dialler};
    const char *build = getenv("top_builddir");
    PK_AUTO_FREE char *program = pk_text_format("%s/tests/unit/relay_helper", build ? build : ".");
    PK_AUTO_FREE char *absolute = realpath(program, NULL);

    (void)state;
    (void)memset(&stage, 0, sizeof(stage));
    scratch_new(stage.folder);
    stage.program = pk_text_format("%s/helper", stage.folder);
    assert_non_null(absolute);
    assert_int_equal(symlink(absolute, stage.program), 0);
    stage.base = event_base_new();
    stage.setup = (struct pk_keys_setup){
        .base = stage.base,
        .program = stage.program,
        .phone_program = stage.program,
        .phone = &phone_setup,
        .insert_timeout = PATIENCE,
        .touch_timeout = PATIENCE,
        .log = count_errors,
    };
    stage.keys = pk_keys_new(&stage.setup);
    stage.patience = evsignal_new(stage.base, SIGALRM, on_patience, NULL);
    stage.children = evsignal_new(stage.base, SIGCHLD, on_child, NULL);
    assert_int_equal(event_add(stage.children, NULL), 0);
    assert_int_equal(event_add(stage.patience, NULL), 0);
    listen_for_helpers();
    return 0;
}

static void release(struct scripted_key *key)
{
    event_free(key->readable);
    event_free(key->ended);
    if (key->fd >= 0)
        (void)close(key->fd);
    if (key->connection >= 0)
        (void)close(key->connection);
    pk_frame_clear(&key->setup);
    pk_frame_clear(&key->request);
    free(key);
}

int scripted_keys_tear_down(void **state)
{
    (void)state;
    pk_keys_free(stage.keys);
    for (size_t i = 0; i < stage.helper_count; i++)
        release(stage.helpers[i]);
    event_free(stage.accepting);
    event_free(stage.children);
    event_free(stage.patience);
    event_base_free(stage.base);
    (void)close(stage.listener);
    scratch_remove(stage.folder);
    free(stage.program);
    return 0;
}
