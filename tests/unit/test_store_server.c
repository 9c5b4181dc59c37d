/* SPDX-License-Identifier: BSD-2-Clause */
/* A store process as whoever connects to it sees it; it runs in a child of the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "store/protocol/channel.h"
#include "store/server/server.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define STRANGER 65534
#define DAEMON   65533
/* Of a run in which all is well nothing waits so long. */
#define LONG_MS 20000

struct scene {
    char folder[SCRATCH_PATH_MAX];
    char path[SCRATCH_PATH_MAX + 8];
    pid_t server;
    int begun[2]; /* a verb that waits has written a byte */
    int go_on[2]; /* it waits for one */
};

/* --- the store ----------------------------------------------------------------------------------
 */

static struct scene *scene_of_child;

static enum pk_status state_of(struct store *store, struct store_state *ret)
{
    (void)store;
    *ret = (struct store_state){.kind = strdup("fake"), .server = strdup("")};
    return PK_OK;
}

/* How many milliseconds the verb has. */
static enum pk_status time_left(struct store *store, int64_t *ret_id)
{
    (void)store;
    *ret_id = store_deadline() - pk_clock_monotonic_ms();
    return PK_OK;
}

/* "fail": with words that are no text; "wait": until it is told to go on; "large": too large. */
static enum pk_status get(struct store *store, const char *key, struct pk_bytes *ret)
{
    uint8_t byte = 0;

    (void)store;
    if (strcmp(key, "fail") == 0) {
        store_set_error("%s", "caf\xe9 \n");
        return PK_STORAGE;
    }
    if (strcmp(key, "wait") == 0 && (write(scene_of_child->begun[1], &byte, 1) != 1 ||
                                     read(scene_of_child->go_on[0], &byte, 1) != 1))
        return PK_IO;
    ret->len = strcmp(key, "large") == 0 ? FIELD_STRING_MAX + 1 : 1;
    ret->data = calloc(1, ret->len);
    return ret->data ? PK_OK : PK_NO_MEMORY;
}

static const struct store_verbs verbs = {
    .state = state_of, .decisions_last = time_left, .get = get};

/* Never returns: the child is the store process. */
static void run_server(const struct scene *scene, bool inherits)
{
    const struct store_server_setup setup = {.socket = inherits ? NULL : scene->path,
                                             .daemon = DAEMON};
    struct store store = {.verbs = &verbs};
    char *why = NULL;
    enum pk_status status;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves it behind */
    status = store_server_run(&store, &setup, &why);
    if (why)
        (void)fprintf(stderr, "%s\n", why);
    free(why);
    _exit(status == PK_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void start_server(struct scene *scene)
{
    scene->server = fork();
    assert_true(scene->server >= 0);
    if (scene->server == 0)
        run_server(scene, false);
}

static void assert_ended(struct scene *scene)
{
    int status = 0;

    assert_int_equal(waitpid(scene->server, &status, 0), scene->server);
    scene->server = 0;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    scratch_new(scene->folder);
    assert_int_equal(chmod(scene->folder, 0755), 0);
    (void)snprintf(scene->path, sizeof(scene->path), "%s/socket", scene->folder);
    assert_int_equal(pipe2(scene->begun, O_CLOEXEC), 0);
    assert_int_equal(pipe2(scene->go_on, O_CLOEXEC), 0);
    scene_of_child = scene;
    start_server(scene);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    if (scene->server > 0) {
        assert_int_equal(kill(scene->server, SIGTERM), 0);
        assert_ended(scene);
    }
    for (size_t i = 0; i < 2; i++) {
        (void)close(scene->begun[i]);
        (void)close(scene->go_on[i]);
    }
    scratch_remove(scene->folder);
    free(scene);
    return 0;
}

/* --- the client ---------------------------------------------------------------------------------
 */

/* -1 and errno. The server may not have its socket yet. */
static int try_to_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path));
    while (connect(fd, (const struct sockaddr *)&address, sizeof(address)))
        if (errno != ENOENT && errno != ECONNREFUSED) {
            (void)close(fd);
            return -1;
        }
    return fd;
}

static int64_t deadline(void)
{
    return pk_clock_monotonic_ms() + LONG_MS;
}

static enum pk_status greet(int fd, uint16_t version, struct store_hello *ret)
{
    const struct store_hello own = {.version = version, .kind = (char[]){"passkeyd"}};
    AUTO_FRAME struct pk_bytes sent = {0}, received = {0};
    enum pk_status status = frame_hello(&own, &sent);

    if (status == PK_OK)
        status = channel_send(fd, pk_view_of(&sent), deadline());
    if (status == PK_OK)
        status = channel_receive(fd, deadline(), &received);
    return status ? status : frame_hello_read(pk_view_of(&received), ret);
}

static int connect_and_greet(const struct scene *scene)
{
    AUTO_STORE_HELLO struct store_hello hello = {0};
    int fd = try_to_connect(scene->path);

    assert_true(fd >= 0);
    assert_int_equal(greet(fd, PROTOCOL_VERSION, &hello), PK_OK);
    assert_string_equal(hello.kind, "fake");
    assert_false(hello.ceremonies);
    return fd;
}

static void send_call(int fd, enum store_call call, const char *key, uint32_t milliseconds)
{
    const struct request_head head = {.number = 77, .call = call, .milliseconds = milliseconds};
    const struct store_request request = {.key = (char *)(uintptr_t)key};
    AUTO_FRAME struct pk_bytes frame = {0};

    assert_int_equal(frame_request(&head, &request, &frame), PK_OK);
    assert_int_equal(channel_send(fd, pk_view_of(&frame), deadline()), PK_OK);
}

/* Its why is the caller's to free. */
static struct reply_head receive_reply(int fd, enum store_call call, struct store_reply *ret)
{
    AUTO_FRAME struct pk_bytes frame = {0};
    struct reply_head head = {0};

    assert_int_equal(channel_receive(fd, deadline(), &frame), PK_OK);
    assert_int_equal(frame_reply_read(pk_view_of(&frame), call, &head, ret), PK_OK);
    assert_int_equal(head.number, 77);
    return head;
}

static void assert_serves(int fd)
{
    struct store_reply reply;
    struct reply_head head;

    send_call(fd, CALL_DECISIONS_LAST, NULL, 1000);
    head = receive_reply(fd, CALL_DECISIONS_LAST, &reply);
    assert_int_equal(head.status, PK_OK);
    assert_string_equal(head.why, "");
    free(head.why);
}

static void assert_closed(int fd)
{
    AUTO_FRAME struct pk_bytes frame = {0};
    enum pk_status status = channel_receive(fd, deadline(), &frame);

    assert_true(status == PK_NOT_FOUND || (status == PK_IO && errno == ECONNRESET));
    (void)close(fd);
}

/* --- who may connect ----------------------------------------------------------------------------
 */

/* In a child: 0 when a user of that uid was served, 1 when the connection was closed. */
static int connect_as(const struct scene *scene, uid_t uid)
{
    AUTO_STORE_HELLO struct store_hello hello = {0};
    int fd;
    enum pk_status status;

    if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
        return 2;
    fd = try_to_connect(scene->path);
    if (fd < 0)
        return 3;
    status = greet(fd, PROTOCOL_VERSION, &hello);
    (void)close(fd);
    return status == PK_OK ? 0 : status == PK_NOT_FOUND || status == PK_IO ? 1 : 4;
}

static int status_of_user(const struct scene *scene, uid_t uid)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(connect_as(scene, uid));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void nobody_but_the_daemon_is_served(void **state)
{
    struct scene *scene = *state;
    int fd;

    if (geteuid() != 0)
        skip();
    fd = connect_and_greet(scene);
    /* The socket's mode is the first wall; this is about the second one. */
    assert_int_equal(chmod(scene->path, 0666), 0);
    assert_int_equal(status_of_user(scene, STRANGER), 1);
    assert_int_equal(status_of_user(scene, DAEMON), 0);
    assert_int_equal(status_of_user(scene, 0), 0);
    assert_serves(fd);
    (void)close(fd);
}

static void the_socket_is_its_owner_s(void **state)
{
    struct scene *scene = *state;
    int fd = connect_and_greet(scene);
    struct stat found;

    assert_int_equal(stat(scene->path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    (void)close(fd);
}

/* --- what they say ------------------------------------------------------------------------------
 */

static void another_version_is_told_this_one(void **state)
{
    struct scene *scene = *state;
    AUTO_STORE_HELLO struct store_hello hello = {0};
    int fd = try_to_connect(scene->path);

    assert_int_equal(greet(fd, PROTOCOL_VERSION + 1, &hello), PK_OK);
    assert_int_equal(hello.version, PROTOCOL_VERSION);
    assert_closed(fd);
}

static void rubbish_ends_its_own_connection_alone(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        {"\0\0\0\0", 4},                                         /* empty */
        {"\2\0\0\1", 4},                                         /* too large */
        {"\0\0\0\3\4ab", 7},                                     /* no HELLO, nor a REQUEST */
        {"\0\0\0\13\2\0\0\0\1\0\0\0\0\0\0", 15},                 /* call 0 */
        {"\0\0\0\14\2\0\0\0\1\0\40\0\0\0\0!", 16},               /* call 32, and a byte more */
        {"\0\0\0\17\2\0\0\0\1\0\7\0\0\0\0\377\377\377\377", 19}, /* a key of 4 GiB */
    };
    struct scene *scene = *state;
    int good = connect_and_greet(scene);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int fd = connect_and_greet(scene);
        int ungreeted = try_to_connect(scene->path);

        assert_int_equal(write(fd, rows[i].bytes, rows[i].len), rows[i].len);
        assert_closed(fd);
        assert_int_equal(write(ungreeted, rows[i].bytes, rows[i].len), rows[i].len);
        assert_closed(ungreeted);
    }
    assert_serves(good);
    (void)close(good);
}

static void one_that_leaves_in_the_middle_is_forgotten(void **state)
{
    struct scene *scene = *state;
    int fd = connect_and_greet(scene);

    assert_int_equal(write(fd, "\0\0\0\40\2", 5), 5);
    (void)close(fd);
    fd = connect_and_greet(scene);
    send_call(fd, CALL_GET, "large", 1000);
    (void)close(fd);
    fd = connect_and_greet(scene);
    assert_serves(fd);
    (void)close(fd);
}

static void words_that_are_no_text_are_made_text(void **state)
{
    struct scene *scene = *state;
    int fd = connect_and_greet(scene);
    struct store_reply reply;
    struct reply_head head;

    send_call(fd, CALL_GET, "fail", 1000);
    head = receive_reply(fd, CALL_GET, &reply);
    assert_int_equal(head.status, PK_STORAGE);
    assert_string_equal(head.why, "caf? ?");
    free(head.why);
    /* The words of one call are not the next one's. */
    assert_serves(fd);
    (void)close(fd);
}

static void an_answer_that_cannot_be_sent_is_told(void **state)
{
    struct scene *scene = *state;
    int fd = connect_and_greet(scene);
    struct store_reply reply;
    struct reply_head head;

    send_call(fd, CALL_GET, "large", 1000);
    head = receive_reply(fd, CALL_GET, &reply);
    assert_int_equal(head.status, PK_STORAGE);
    assert_non_null(strstr(head.why, "get: the answer: "));
    free(head.why);
    assert_serves(fd);
    (void)close(fd);
}

static void a_call_that_the_store_lacks_is_told(void **state)
{
    const struct request_head asked = {.number = 77, .call = CALL_CEREMONY_TAKE};
    const struct store_request request = {.rp = (char[]){"rp"}, .id = (char[]){"id"}};
    struct scene *scene = *state;
    int fd = connect_and_greet(scene);
    AUTO_FRAME struct pk_bytes frame = {0};
    struct store_reply reply;
    struct reply_head head;

    assert_int_equal(frame_request(&asked, &request, &frame), PK_OK);
    assert_int_equal(channel_send(fd, pk_view_of(&frame), deadline()), PK_OK);
    head = receive_reply(fd, CALL_CEREMONY_TAKE, &reply);
    assert_int_equal(head.status, PK_UNSUPPORTED);
    free(head.why);
    assert_serves(fd);
    (void)close(fd);
}

static void a_verb_knows_how_long_it_has(void **state)
{
    static const struct {
        uint32_t milliseconds;
        int64_t least, most;
    } rows[] = {{0, -LONG_MS, 0},
                {100, 100 - LONG_MS, 100},
                {60000, 59900 - LONG_MS, 59900},
                {UINT32_MAX, INT64_C(4294967195) - LONG_MS, INT64_C(4294967195)}};
    struct scene *scene = *state;
    int fd = connect_and_greet(scene);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct store_reply reply;
        struct reply_head head;

        send_call(fd, CALL_DECISIONS_LAST, NULL, rows[i].milliseconds);
        head = receive_reply(fd, CALL_DECISIONS_LAST, &reply);
        assert_true(reply.number >= rows[i].least && reply.number <= rows[i].most);
        free(head.why);
    }
    (void)close(fd);
}

/* --- how many, and the end ----------------------------------------------------------------------
 */

static void one_more_than_there_is_room_for_waits(void **state)
{
    struct scene *scene = *state;
    AUTO_STORE_HELLO struct store_hello hello = {0};
    int fds[PK_STORE_CONNECTIONS_MAX] = {0}, more;
    struct pollfd poller;

    for (size_t i = 0; i < PK_STORE_CONNECTIONS_MAX; i++)
        fds[i] = connect_and_greet(scene);
    more = try_to_connect(scene->path);
    assert_int_equal(write(more, "\0\0\0\12\1\0\1\0\0\0\2me\0", 14), 14);
    for (size_t i = 0; i < PK_STORE_CONNECTIONS_MAX; i++)
        assert_serves(fds[i]);
    poller = (struct pollfd){.fd = more, .events = POLLIN};
    assert_int_equal(poll(&poller, 1, 0), 0);
    (void)close(fds[0]);
    assert_int_equal(poll(&poller, 1, LONG_MS), 1);
    (void)close(more);
    for (size_t i = 1; i < PK_STORE_CONNECTIONS_MAX; i++)
        (void)close(fds[i]);
    assert_int_equal(greet(more = try_to_connect(scene->path), PROTOCOL_VERSION, &hello), PK_OK);
    (void)close(more);
}

static void a_verb_that_was_begun_is_answered_before_the_end(void **state)
{
    struct scene *scene = *state;
    int fd = connect_and_greet(scene), idle = connect_and_greet(scene);
    int silent = try_to_connect(scene->path);
    struct store_reply reply;
    struct reply_head head;
    uint8_t byte = 0;

    send_call(fd, CALL_GET, "wait", 1000);
    assert_int_equal(read(scene->begun[0], &byte, 1), 1);
    assert_int_equal(kill(scene->server, SIGTERM), 0);
    assert_closed(idle);
    assert_int_equal(write(scene->go_on[1], &byte, 1), 1);
    head = receive_reply(fd, CALL_GET, &reply);
    assert_int_equal(head.status, PK_OK);
    assert_int_equal(reply.bytes.len, 1);
    store_reply_clear(CALL_GET, &reply);
    free(head.why);
    assert_closed(fd);
    (void)close(silent);
    assert_ended(scene);
    assert_int_equal(access(scene->path, F_OK), -1);
}

/* --- systemd's socket ---------------------------------------------------------------------------
 */

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)unlink(path);
    memcpy(address.sun_path, path, strlen(path));
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, SOMAXCONN), 0);
    return fd;
}

static void start_with_socket(struct scene *scene, int listener, const char *count)
{
    scene->server = fork();
    assert_true(scene->server >= 0);
    if (scene->server == 0) {
        char pid[16];

        (void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
        (void)setenv("LISTEN_PID", pid, 1);
        (void)setenv("LISTEN_FDS", count, 1);
        if (listener != 3 && dup2(listener, 3) != 3)
            _exit(2);
        run_server(scene, true);
    }
}

static void end_server(struct scene *scene)
{
    assert_int_equal(kill(scene->server, SIGTERM), 0);
    assert_ended(scene);
}

/* Who has no descriptor to accept with now, may have one later. */
static void one_without_descriptors_goes_on_later(void **state)
{
    struct scene *scene = *state;
    int fd = connect_and_greet(scene), later, lines[2];
    struct rlimit before, none = {.rlim_cur = 4}; /* fewer than are open */
    AUTO_STORE_HELLO struct store_hello hello = {0};
    char said[256] = "";

    (void)close(fd);
    end_server(scene);
    assert_int_equal(pipe2(lines, O_CLOEXEC), 0);
    scene->server = fork();
    assert_true(scene->server >= 0);
    if (scene->server == 0 && dup2(lines[1], STDERR_FILENO) == STDERR_FILENO)
        run_server(scene, false);
    fd = connect_and_greet(scene);
    assert_int_equal(prlimit(scene->server, RLIMIT_NOFILE, NULL, &before), 0);
    none.rlim_max = before.rlim_max;
    assert_int_equal(prlimit(scene->server, RLIMIT_NOFILE, &none, NULL), 0);
    later = try_to_connect(scene->path);
    assert_true(read(lines[0], said, sizeof(said) - 1) > 0);
    assert_non_null(strstr(said, "accept: Too many open files"));
    assert_serves(fd);
    assert_int_equal(prlimit(scene->server, RLIMIT_NOFILE, &before, NULL), 0);
    assert_int_equal(greet(later, PROTOCOL_VERSION, &hello), PK_OK);
    assert_serves(later);
    (void)close(later);
    (void)close(fd);
    (void)close(lines[0]);
    (void)close(lines[1]);
}

/* It is systemd's: who comes while one store ends is served by the next one. */
static void a_socket_of_systemd_outlives_the_store(void **state)
{
    struct scene *scene = *state;
    int listener, fd = connect_and_greet(scene);

    (void)close(fd);
    end_server(scene);
    listener = listen_at(scene->path);
    for (size_t i = 0; i < 3; i++) {
        start_with_socket(scene, listener, "1");
        fd = connect_and_greet(scene);
        assert_serves(fd);
        (void)close(fd);
        end_server(scene);
        assert_int_equal(access(scene->path, F_OK), 0);
    }
    (void)close(listener);
}

static void what_is_no_socket_of_systemd_is_refused(void **state)
{
    struct scene *scene = *state;
    int fd = connect_and_greet(scene), pair[2], status = 0;

    (void)close(fd);
    end_server(scene);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    start_with_socket(scene, pair[0], "1");
    assert_int_equal(waitpid(scene->server, &status, 0), scene->server);
    assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
    start_with_socket(scene, pair[0], "2");
    assert_int_equal(waitpid(scene->server, &status, 0), scene->server);
    assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
    scene->server = 0;
    (void)close(pair[0]);
    (void)close(pair[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_but_the_daemon_is_served),
        TEST(the_socket_is_its_owner_s),
        TEST(another_version_is_told_this_one),
        TEST(rubbish_ends_its_own_connection_alone),
        TEST(one_that_leaves_in_the_middle_is_forgotten),
        TEST(words_that_are_no_text_are_made_text),
        TEST(an_answer_that_cannot_be_sent_is_told),
        TEST(a_call_that_the_store_lacks_is_told),
        TEST(a_verb_knows_how_long_it_has),
        TEST(one_more_than_there_is_room_for_waits),
        TEST(a_verb_that_was_begun_is_answered_before_the_end),
        TEST(one_without_descriptors_goes_on_later),
        TEST(a_socket_of_systemd_outlives_the_store),
        TEST(what_is_no_socket_of_systemd_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
