/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's side of a store in another process, which is away, late, wedged or says rubbish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_store.h"
#include "tests/unit/held_time.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "store/remote/remote.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define THREADS 8
#define SLACK   1500 /* milliseconds that a call may take besides: the machine may be busy */

struct scene {
    char folder[SCRATCH_PATH_MAX];
    struct fake_store *fake;
    struct store *store;
    size_t descriptors;
};

static size_t count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    (void)closedir(directory);
    return count;
}

static struct store *open_remote(const char *path, const char *kind, bool ceremonies)
{
    const struct remote_setup setup = {.path = path, .kind = kind, .ceremonies = ceremonies};
    struct store *store = NULL;

    assert_int_equal(store_remote_open(&setup, &store), PK_OK);
    return store;
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    scratch_new(scene->folder);
    scene->descriptors = count_descriptors();
    scene->fake = fake_store_new(scene->folder);
    scene->store = open_remote(scene->fake->path, "fake", false);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    held_time_pass(false);
    scene->store->verbs->close(scene->store);
    fake_store_end(scene->fake);
    assert_int_equal(count_descriptors(), scene->descriptors);
    scratch_remove(scene->folder);
    free(scene);
    return 0;
}

static enum pk_status call(struct store *store)
{
    int64_t id = 0;

    return store->verbs->decisions_last(store, &id);
}

/* The words name the socket, what was asked, where something was, and what happened. */
static void assert_fails(struct scene *scene, const char *words)
{
    PK_AUTO_FREE char *start = pk_text_format("%s: ", scene->fake->path);

    assert_int_equal(call(scene->store), PK_STORAGE);
    if (strncmp(store_error(), start, strlen(start)) != 0 || !strstr(store_error(), words))
        fail_msg("\"%s\" is not about \"%s\"", store_error(), words);
}

/* --- connecting ---------------------------------------------------------------------------------
 */

static void one_that_is_not_there(void **state)
{
    struct scene *scene = *state;

    fake_store_end(scene->fake);
    scene->fake = fake_store_new(scene->folder);
    assert_int_equal(unlink(scene->fake->path), 0);
    assert_fails(scene, "No such file");
    assert_fails(scene, "No such file");
    scratch_write(scene->folder, "socket", "", 0);
    assert_fails(scene, "Connection refused");
}

static void one_that_nobody_has_room_at(void **state)
{
    struct scene *scene = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, scene->fake->path, strlen(scene->fake->path));
    assert_int_equal(unlink(scene->fake->path), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_fails(scene, "too many wait for it already");
    (void)close(client);
    (void)close(listener);
}

static void a_path_that_is_too_long(void **state)
{
    char path[200];
    struct store *store = NULL;

    (void)state;
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = 0;
    assert_int_equal(store_remote_open(&(struct remote_setup){.path = path}, &store), PK_TOO_LARGE);
    assert_null(store);
}

static void one_of_another_version(void **state)
{
    struct scene *scene = *state;

    scene->fake->hello.version = PROTOCOL_VERSION + 1;
    assert_fails(scene, "another version of the protocol");
}

static void one_of_another_kind(void **state)
{
    struct scene *scene = *state;

    scene->fake->hello.kind = (char[]){"other"};
    assert_fails(scene, "not of the kind \"fake\"");
}

static void one_with_ceremonies_where_none_are_expected(void **state)
{
    struct scene *scene = *state;

    scene->fake->hello.ceremonies = true;
    assert_fails(scene, "keeps ceremonies");
}

static void one_without_the_ceremonies_that_are_expected(void **state)
{
    struct scene *scene = *state;
    struct store *store = open_remote(scene->fake->path, NULL, true);

    assert_non_null(store->verbs->ceremony_take);
    assert_null(scene->store->verbs->ceremony_take);
    assert_int_equal(call(store), PK_STORAGE);
    assert_non_null(strstr(store_error(), "does not keep ceremonies"));
    store->verbs->close(store);
}

static bool greet_with_rubbish(struct fake_store *fake, int fd)
{
    (void)fake;
    fake_send(fd, "\0\0\0\3\3ab", 7);
    return true;
}

static bool greet_with_the_end(struct fake_store *fake, int fd)
{
    (void)fake, (void)fd;
    return false;
}

static bool greet_with_silence(struct fake_store *fake, int fd)
{
    (void)fake, (void)fd;
    held_time_pass(true);
    return true;
}

static void one_that_is_no_store(void **state)
{
    struct scene *scene = *state;

    scene->fake->greet = greet_with_rubbish;
    assert_fails(scene, "what answers there is no store");
    scene->fake->greet = greet_with_the_end;
    assert_fails(scene, "it ended the connection");
}

/* --- time ---------------------------------------------------------------------------------------
 */

static int64_t time_of(struct scene *scene, enum pk_status wanted)
{
    int64_t start = pk_clock_monotonic_ms();

    assert_int_equal(call(scene->store), wanted);
    return pk_clock_monotonic_ms() - start;
}

static void assert_waited(struct scene *scene)
{
    assert_in_range(time_of(scene, PK_STORAGE), PK_STORE_CALL_MS, PK_STORE_CALL_MS + SLACK);
    assert_non_null(strstr(store_error(), "it did not answer in time"));
    held_time_pass(false);
}

/* Nobody is asked then, and the words are those of who waited. */
static void assert_paused(struct scene *scene)
{
    unsigned connections = scene->fake->connections, requests = scene->fake->requests;

    store_set_error("%s", "something else");
    assert_fails(scene, "it did not answer in time");
    assert_int_equal(scene->fake->connections, connections);
    assert_int_equal(scene->fake->requests, requests);
    held_time_add(PK_STORE_PAUSE_MS);
}

static void one_that_accepts_and_says_nothing(void **state)
{
    struct scene *scene = *state;

    scene->fake->greet = greet_with_silence;
    assert_waited(scene);
    assert_int_equal(scene->fake->requests, 0);
    assert_paused(scene);
    scene->fake->greet = NULL;
    assert_int_equal(call(scene->store), PK_OK);
}

static bool answer_with_silence(struct fake_request *request)
{
    (void)request;
    held_time_pass(true);
    return true;
}

static bool answer_zero(struct fake_request *request)
{
    return fake_reply(request, &(struct store_reply){0});
}

static void one_that_does_not_answer_in_time(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(call(scene->store), PK_OK);
    atomic_store(&scene->fake->answer, answer_with_silence);
    assert_waited(scene);
    assert_non_null(strstr(store_error(), "decisions_last"));
    assert_paused(scene);
    atomic_store(&scene->fake->answer, answer_zero);
    assert_int_equal(call(scene->store), PK_OK);
    assert_int_equal(scene->fake->connections, 2);
}

/* What others said in vain does not hold up for longer than it was said to. */
static void a_pause_ends(void **state)
{
    struct scene *scene = *state;

    atomic_store(&scene->fake->answer, answer_with_silence);
    assert_waited(scene);
    atomic_store(&scene->fake->answer, answer_zero);
    held_time_add(PK_STORE_PAUSE_MS / 2);
    assert_int_equal(call(scene->store), PK_STORAGE);
    held_time_add(PK_STORE_PAUSE_MS / 2);
    assert_int_equal(call(scene->store), PK_OK);
}

static bool answer_by_trickling(struct fake_request *request)
{
    static const uint8_t bytes[64] = {0, 0, 0, 60};
    uint8_t nothing;

    /* Nobody's time passes for one that has gone. */
    for (size_t i = 0;
         i < sizeof(bytes) && recv(request->fd, &nothing, 1, MSG_PEEK | MSG_DONTWAIT) != 0; i++) {
        held_time_add(PK_STORE_CALL_MS / 8);
        fake_send(request->fd, &bytes[i], 1);
        held_time_await_empty(request->fd);
    }
    return false;
}

static void one_that_trickles(void **state)
{
    struct scene *scene = *state;

    atomic_store(&scene->fake->answer, answer_by_trickling);
    assert_int_equal(call(scene->store), PK_STORAGE);
    assert_non_null(strstr(store_error(), "it did not answer in time"));
    assert_paused(scene);
}

/* What the other side is told that it has, is what is left. */
static bool answer_what_is_left(struct fake_request *request)
{
    const struct store_reply reply = {.number = request->head.milliseconds};

    return fake_reply(request, &reply);
}

static void it_is_told_what_is_left(void **state)
{
    struct scene *scene = *state;
    int64_t left = 0;

    atomic_store(&scene->fake->answer, answer_what_is_left);
    assert_int_equal(scene->store->verbs->decisions_last(scene->store, &left), PK_OK);
    assert_int_equal(left, PK_STORE_CALL_MS);
    store_set_deadline(pk_clock_monotonic_ms() + PK_STORE_CALL_MS - 1);
    assert_int_equal(scene->store->verbs->decisions_last(scene->store, &left), PK_OK);
    assert_in_range(left, 1, PK_STORE_CALL_MS - 1);
    store_set_deadline(pk_clock_monotonic_ms());
    assert_int_equal(call(scene->store), PK_STORAGE);
    store_set_deadline(INT64_MAX);
    assert_non_null(strstr(store_error(), "there is no time left"));
    assert_int_equal(scene->fake->requests, 2);
}

static bool answer_when_all_are_here(struct fake_request *request)
{
    atomic_uint *here = request->fake->data;

    if (atomic_fetch_add(here, 1) + 1 == THREADS)
        held_time_add(PK_STORE_CALL_MS);
    return true;
}

struct waiter {
    struct store *store;
    pthread_t thread;
    enum pk_status status;
    int64_t took;
};

static void *wait_in_vain(void *data)
{
    struct waiter *waiter = data;
    int64_t start = pk_clock_monotonic_ms();

    waiter->status = call(waiter->store);
    waiter->took = pk_clock_monotonic_ms() - start;
    return NULL;
}

static void one_that_is_wedged_holds_up_each_for_a_call_at_most(void **state)
{
    struct scene *scene = *state;
    struct waiter waiters[THREADS];
    atomic_uint here = 0;

    scene->fake->data = &here;
    atomic_store(&scene->fake->answer, answer_when_all_are_here);
    for (size_t i = 0; i < THREADS; i++) {
        waiters[i] = (struct waiter){.store = scene->store};
        assert_int_equal(pthread_create(&waiters[i].thread, NULL, wait_in_vain, &waiters[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(waiters[i].thread, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(waiters[i].status, PK_STORAGE);
        assert_in_range(waiters[i].took, 1, PK_STORE_CALL_MS + SLACK);
    }
    assert_int_equal(scene->fake->requests, THREADS);
    assert_paused(scene);
    atomic_store(&scene->fake->answer, answer_zero);
    assert_int_equal(call(scene->store), PK_OK);
}

/* --- what is no reply ---------------------------------------------------------------------------
 */

static bool answer_with_the_end(struct fake_request *request)
{
    (void)request;
    return false;
}

static bool answer_with_half(struct fake_request *request)
{
    fake_send(request->fd, "\0\0\0\40\3\0\0", 7);
    return false;
}

static bool answer_with_another_number(struct fake_request *request)
{
    request->head.number++;
    return fake_reply(request, &(struct store_reply){0});
}

/* With something to release. */
static bool answer_a_get_with_another_number(struct fake_request *request)
{
    request->head.number++;
    return fake_reply(request, &(struct store_reply){.bytes = {(uint8_t[]){1, 2, 3}, 3}});
}

static bool answer_with_rubbish(struct fake_request *request)
{
    fake_send(request->fd, "\0\0\0\3\3ab", 7);
    return true;
}

static bool answer_with_nothing(struct fake_request *request)
{
    fake_send(request->fd, "\0\0\0\0", 4);
    return true;
}

/* PK_STORE_FRAME_MAX and one more. */
static bool answer_with_too_much(struct fake_request *request)
{
    fake_send(request->fd, "\2\0\0\1", 4);
    return true;
}

static void what_is_no_reply_fails_that_call_alone(void **state)
{
    static const struct {
        fake_answer *answer;
        const char *words;
    } rows[] = {
        {answer_with_the_end, "decisions_last: it ended the connection"},
        {answer_with_half, "decisions_last: Connection reset"},
        {answer_with_another_number, "decisions_last: what it answered is no reply"},
        {answer_with_rubbish, "decisions_last: what it answered is no reply"},
        {answer_with_nothing, "decisions_last: "},
        {answer_with_too_much, "decisions_last: "},
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        atomic_store(&scene->fake->answer, rows[i].answer);
        assert_fails(scene, rows[i].words);
        atomic_store(&scene->fake->answer, answer_zero);
        assert_int_equal(call(scene->store), PK_OK);
        assert_int_equal(scene->fake->connections, 2 + i);
    }
}

static void a_reply_to_another_is_released(void **state)
{
    struct scene *scene = *state;
    struct pk_bytes bytes = {0};

    atomic_store(&scene->fake->answer, answer_a_get_with_another_number);
    assert_int_equal(scene->store->verbs->get(scene->store, "key", &bytes), PK_STORAGE);
    assert_null(bytes.data);
}

/* Both at once, so that the second one is there when the connection is looked for again. */
static bool answer_twice(struct fake_request *request)
{
    const struct reply_head head = {.number = request->head.number, .why = (char[]){""}};
    struct store_reply reply = {.number = 7};
    struct pk_bytes frame = {0};
    uint8_t both[256];

    if (frame_reply(&head, request->head.call, &reply, &frame) == PK_OK &&
        2 * frame.len <= sizeof(both)) {
        memcpy(both, frame.data, frame.len);
        memcpy(both + frame.len, frame.data, frame.len);
        fake_send(request->fd, both, 2 * frame.len);
    }
    pk_bytes_clear(&frame);
    return true;
}

static void a_connection_that_says_something_unasked_is_left(void **state)
{
    struct scene *scene = *state;

    atomic_store(&scene->fake->answer, answer_twice);
    assert_int_equal(call(scene->store), PK_OK);
    atomic_store(&scene->fake->answer, answer_zero);
    assert_int_equal(call(scene->store), PK_OK);
    assert_int_equal(scene->fake->connections, 2);
    assert_int_equal(call(scene->store), PK_OK);
    assert_int_equal(scene->fake->connections, 2);
}

static void one_that_was_restarted_is_asked_anew(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(call(scene->store), PK_OK);
    fake_store_end(scene->fake);
    scene->fake = fake_store_new(scene->folder);
    assert_int_equal(call(scene->store), PK_OK);
    assert_int_equal(call(scene->store), PK_OK);
    assert_int_equal(scene->fake->connections, 1);
}

/* --- outcomes -----------------------------------------------------------------------------------
 */

static bool answer_with_failure(struct fake_request *request)
{
    return fake_refuse(request, PK_STORAGE, request->fake->data);
}

static void why_it_failed_is_the_store_s_words(void **state)
{
    struct scene *scene = *state;
    char longest[PK_STORE_WHY_MAX + 1] = {0};

    atomic_store(&scene->fake->answer, answer_with_failure);
    scene->fake->data = (char[]){"ldaps://a: down"};
    assert_int_equal(call(scene->store), PK_STORAGE);
    assert_string_equal(store_error(), "ldaps://a: down");
    /* Cut between two characters, and of one line. */
    for (size_t i = 0; i + 2 <= PK_STORE_WHY_MAX; i += 2)
        memcpy(longest + i, "\u00fc", 2);
    longest[0] = longest[1] = '\n';
    scene->fake->data = longest;
    assert_int_equal(call(scene->store), PK_STORAGE);
    assert_memory_equal(store_error(), "??\u00fc", 4);
    assert_in_range(strlen(store_error()), STORE_ERROR_SIZE - 3, STORE_ERROR_SIZE - 1);
    assert_true(pk_utf8_valid(pk_view_string(store_error())));
    scene->fake->data = (char[]){""};
    assert_fails(scene, "decisions_last: it failed, and does not say why");
    assert_int_equal(scene->fake->connections, 1);
}

static bool answer_with_status(struct fake_request *request)
{
    return fake_refuse(request, *(const enum pk_status *)request->fake->data, "");
}

static void an_outcome_is_one_that_a_store_can_have(void **state)
{
    static enum pk_status passed[] = {PK_NOT_FOUND,      PK_EXISTS,      PK_LIMIT_EXCEEDED,
                                      PK_NAME_TAKEN,     PK_UNSUPPORTED, PK_PASSWORD_REFUSED,
                                      PK_TICKET_INVALID, PK_DENIED};
    static enum pk_status refused[] = {PK_NO_DEVICE, PK_ANSWER_REFUSED, PK_USER_NOT_VERIFIED,
                                       PK_COMPOUND_MALFORMED};
    struct scene *scene = *state;

    atomic_store(&scene->fake->answer, answer_with_status);
    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
        scene->fake->data = &passed[i];
        assert_int_equal(call(scene->store), passed[i]);
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        scene->fake->data = &refused[i];
        assert_fails(scene, "it answered something else than was asked");
    }
}

static unsigned reported;

static void count_report(const char *why)
{
    (void)why;
    reported++;
}

static bool answer_with_refusal(struct fake_request *request)
{
    return fake_refuse(request, *(const enum pk_status *)request->fake->data, "not taken");
}

/* A person's mistake is no failure of the store, and its words are for the person. */
static void refusals_of_a_password_are_reported_to_nobody(void **state)
{
    static enum pk_status refusals[] = {PK_PASSWORD_REFUSED, PK_DENIED, PK_STORAGE};
    struct scene *scene = *state;

    store_report_by(count_report);
    atomic_store(&scene->fake->answer, answer_with_refusal);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        scene->fake->data = &refusals[i];
        assert_int_equal(call(scene->store), refusals[i]);
        assert_string_equal(store_error(), "not taken");
        assert_int_equal(reported, refusals[i] == PK_STORAGE);
    }
    store_report_by(NULL);
}

static void what_cannot_be_asked_is_not(void **state)
{
    struct scene *scene = *state;
    PK_AUTO_FREE uint8_t *much = calloc(1, FIELD_STRING_MAX + 1);
    PK_AUTO_FREE char *words = NULL;

    assert_int_equal(scene->store->verbs->put(scene->store, NULL, (struct pk_view){0}),
                     PK_INVALID_ARGUMENT);
    assert_int_equal(
        scene->store->verbs->put(scene->store, "key", (struct pk_view){much, FIELD_STRING_MAX + 1}),
        PK_STORAGE);
    words = pk_text_format("%s: put: ", scene->fake->path);
    assert_memory_equal(store_error(), words, strlen(words));
    assert_int_equal(scene->fake->connections, 0);
    assert_int_equal(scene->store->verbs->backup(scene->store, false, NULL, NULL), PK_UNSUPPORTED);
    assert_int_equal(scene->store->verbs->restore(scene->store, NULL, NULL), PK_UNSUPPORTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_that_is_not_there),
        TEST(one_that_nobody_has_room_at),
        TEST(a_path_that_is_too_long),
        TEST(one_of_another_version),
        TEST(one_of_another_kind),
        TEST(one_with_ceremonies_where_none_are_expected),
        TEST(one_without_the_ceremonies_that_are_expected),
        TEST(one_that_is_no_store),
        TEST(one_that_accepts_and_says_nothing),
        TEST(one_that_does_not_answer_in_time),
        TEST(a_pause_ends),
        TEST(one_that_trickles),
        TEST(it_is_told_what_is_left),
        TEST(one_that_is_wedged_holds_up_each_for_a_call_at_most),
        TEST(what_is_no_reply_fails_that_call_alone),
        TEST(a_reply_to_another_is_released),
        TEST(a_connection_that_says_something_unasked_is_left),
        TEST(one_that_was_restarted_is_asked_anew),
        TEST(why_it_failed_is_the_store_s_words),
        TEST(an_outcome_is_one_that_a_store_can_have),
        TEST(refusals_of_a_password_are_reported_to_nobody),
        TEST(what_cannot_be_asked_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
