/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The security keys in this computer, for a command: what is known of them, what is waited for and
 * how long, and that a key is given back when nobody wants it any more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/ctl/plugged.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "tests/unit/scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char folder[SCRATCH_PATH_MAX];
static int interruption[2]; /* the second end is the person's */
static struct terminal person;
static struct plugged *plugged;
static int standard_error = -1;

/*
 * Once nothing has come for so many milliseconds, nothing is to come any more: the time until the
 * next timer passes at once. -1: all of it is waited for.
 */
static int patience = -1;
static int64_t ahead_ms;

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
    if (syscall(SYS_clock_gettime, clock, ret))
        return -1;
    ret->tv_sec += (time_t)(ahead_ms / 1000);
    return 0;
}

__attribute__((visibility("default"))) int epoll_wait(int fd, struct epoll_event *events, int max,
                                                      int milliseconds)
{
    bool hurries = patience >= 0 && milliseconds > patience;
    int count = (int)syscall(SYS_epoll_pwait, fd, events, max, hurries ? patience : milliseconds,
                             NULL, (size_t)0);

    if (hurries && count == 0)
        ahead_ms += milliseconds + 1000;
    return count;
}

/* In front of that of client/terminal.c. */
static bool interrupts; /* the person does, when a touch is asked for */
enum pk_status __real_terminal_info(const char *event, const char *text);
enum pk_status __wrap_terminal_info(const char *event, const char *text);
enum pk_status __wrap_terminal_info(const char *event, const char *text)
{
    assert_string_equal(event, "touch");
    if (interrupts)
        assert_int_equal(write(interruption[1], "", 1), 1);
    interrupts = false;
    return __real_terminal_info(event, text);
}

static int set_up(void **state)
{
    (void)state;
    scratch_new(folder);
    patience = -1;
    assert_int_equal(pipe2(interruption, O_CLOEXEC), 0);
    person.cancel_fd = interruption[0];
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    plugged_close(plugged);
    plugged = NULL;
    (void)close(interruption[0]);
    (void)close(interruption[1]);
    scratch_remove(folder);
    return 0;
}

/* The helper of that name (one_key_helper.c) is used. */
static void open_with(const char *name)
{
    const char *build = getenv("top_builddir");
    PK_AUTO_FREE char *program =
        pk_text_format("%s/tests/unit/one_key_helper", build ? build : ".");
    PK_AUTO_FREE char *link = pk_text_format("%s/%s", folder, name);

    assert_int_equal(symlink(program, link), 0);
    assert_int_equal(setenv("PASSKEY_AUTHENTICATOR", link, 1), 0);
    assert_int_equal(plugged_open(&person, &plugged), PK_OK);
}

static void interrupt(void)
{
    assert_int_equal(write(interruption[1], "", 1), 1);
}

/* The key of the helper was told to stop blinking, and has been waited for. */
static bool was_cancelled(const char *name)
{
    PK_AUTO_FREE char *marker = pk_text_format("%s/%s.cancelled", folder, name);

    return access(marker, F_OK) == 0;
}

static void capture(void)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/stderr", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    standard_error = dup(STDERR_FILENO);
    assert_true(fd >= 0 && standard_error >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    (void)close(fd);
}

/* What was said meanwhile, the caller's to free. */
static char *captured(void)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/stderr", folder);

    assert_true(dup2(standard_error, STDERR_FILENO) >= 0);
    (void)close(standard_error);
    return scratch_read(path, NULL);
}

static enum pk_status ask(enum pk_frame_type type, const char *touch, struct pk_frame *ret)
{
    struct pk_frame request = {.type = type, .key = {.path = strdup("one")}};
    enum pk_status status = PK_OK;

    if (type == PK_FRAME_SET_PIN)
        status = pk_secret_copy(pk_view_string("1234"), &request.key.new_pin);
    assert_int_equal(status, PK_OK);
    status = plugged_ask(plugged, &request, touch, ret);
    assert_null(request.key.path);
    return status;
}

/* --- the list --------------------------------------------------------------------------------- */

static void the_list_has_each_key(void **state)
{
    const struct pk_devices *list = NULL;

    (void)state;
    open_with("two");
    assert_int_equal(plugged_list(plugged, &list), PK_OK);
    assert_int_equal(list->count, 2);
    assert_string_equal(list->items[0].path, "one");
    assert_string_equal(list->items[0].manufacturer, "Maker");
    assert_string_equal(list->items[0].product, "Key");
    assert_int_equal(list->items[0].vendor_id, 1);
    assert_int_equal(list->items[0].product_id, 2);
    assert_string_equal(list->items[1].path, "two");
}

static void no_key_is_a_list_too(void **state)
{
    const struct pk_devices *list = NULL;

    (void)state;
    open_with("empty");
    assert_int_equal(plugged_list(plugged, &list), PK_OK);
    assert_int_equal(list->count, 0);
}

static void a_copy_is_the_callers(void **state)
{
    struct pk_devices copy = {0};

    (void)state;
    open_with("answers");
    assert_int_equal(plugged_copy(plugged, &copy), PK_OK);
    plugged_close(plugged);
    plugged = NULL;
    assert_int_equal(copy.count, 1);
    assert_string_equal(copy.items[0].path, "one");
    plugged_devices_clear(&copy);
    assert_int_equal(copy.count, 0);
}

static void keys_that_cannot_be_listed_are_said(void **state)
{
    const struct pk_devices *list = NULL;
    struct pk_devices copy = {0};
    PK_AUTO_FREE char *said = NULL;

    (void)state;
    assert_int_equal(setenv("PASSKEY_AUTHENTICATOR", "/nonexistent/authenticator", 1), 0);
    capture();
    assert_int_equal(plugged_open(&person, &plugged), PK_OK);
    assert_int_equal(plugged_list(plugged, &list), PK_UNAVAILABLE);
    said = captured();
    assert_int_equal(plugged_copy(plugged, &copy), PK_UNAVAILABLE);
    assert_null(list);
    assert_null(copy.items);
    assert_non_null(strstr(said, "passkeyctl: "));
}

static void a_list_that_does_not_come_is_not_waited_for(void **state)
{
    const struct pk_devices *list = NULL;
    struct pk_devices copy = {0};

    (void)state;
    open_with("mute");
    patience = 0;
    assert_int_equal(plugged_list(plugged, &list), PK_UNAVAILABLE);
    assert_int_equal(plugged_copy(plugged, &copy), PK_UNAVAILABLE);
    assert_null(list);
}

struct wanted {
    size_t count;
    unsigned asked;
};

static bool has_count(void *data, const struct pk_devices *list)
{
    struct wanted *wanted = data;

    wanted->asked++;
    return list->count == wanted->count;
}

static void what_is_waited_for_is_asked_of_the_list(void **state)
{
    struct wanted wanted = {.count = 2};

    (void)state;
    open_with("two");
    assert_int_equal(plugged_wait(plugged, 30, has_count, &wanted), PK_OK);
    assert_true(wanted.asked > 0);
    wanted.count = 1;
    patience = 0;
    assert_int_equal(plugged_wait(plugged, 30, has_count, &wanted), PK_TIMEOUT);
}

/* Before the list is known nothing is so of it. */
static void nothing_is_asked_before_there_is_a_list(void **state)
{
    struct wanted wanted = {.count = 0};

    (void)state;
    open_with("mute");
    patience = 0;
    assert_int_equal(plugged_wait(plugged, 1, has_count, &wanted), PK_TIMEOUT);
    assert_int_equal(wanted.asked, 0);
}

/* --- exchanges -------------------------------------------------------------------------------- */

static void an_answer_comes_back(void **state)
{
    struct pk_frame last = {0};

    (void)state;
    open_with("answers");
    assert_int_equal(ask(PK_FRAME_KEY_INFO, NULL, &last), PK_OK);
    assert_int_equal(last.type, PK_FRAME_KEY_STATE);
    assert_int_equal(last.key_state.pin_tries, 5);
    /* One after the other. */
    assert_int_equal(ask(PK_FRAME_RESET, NULL, &last), PK_OK);
    assert_int_equal(last.type, PK_FRAME_DONE);
}

static void a_touch_is_asked_for_where_there_are_words(void **state)
{
    struct pk_frame last = {0};
    PK_AUTO_FREE char *with = NULL;
    PK_AUTO_FREE char *without = NULL;

    (void)state;
    open_with("answers");
    capture();
    assert_int_equal(ask(PK_FRAME_RESET, "Touch the key.", &last), PK_OK);
    with = captured();
    capture();
    assert_int_equal(ask(PK_FRAME_RESET, NULL, &last), PK_OK);
    without = captured();
    assert_non_null(strstr(with, "Touch the key."));
    assert_string_equal(without, "");
}

static void a_failure_is_the_keys_reason(void **state)
{
    struct pk_frame last = {0};

    (void)state;
    open_with("fails");
    assert_int_equal(ask(PK_FRAME_SET_PIN, NULL, &last), PK_OPERATION_DENIED);
    assert_int_equal(last.type, PK_FRAME_FAILED);
    assert_int_equal(last.failure.pin_tries, 0xff);
}

static void what_goes_wrong_with_a_key_is_said(void **state)
{
    struct pk_frame last = {0};
    PK_AUTO_FREE char *said = NULL;

    (void)state;
    open_with("other-kind");
    capture();
    assert_int_equal(ask(PK_FRAME_KEY_INFO, NULL, &last), PK_DEVICE_ERROR);
    said = captured();
    assert_non_null(strstr(said, "passkeyctl: security key one: frame "));
}

static void who_interrupts_gets_no_answer(void **state)
{
    struct pk_frame last = {0};

    (void)state;
    open_with("blinks");
    interrupt();
    assert_int_equal(ask(PK_FRAME_RESET, NULL, &last), PK_CANCELLED);
    assert_int_equal(last.type, 0);
}

/* It must not go on blinking when the program has ended. */
static void a_key_that_blinks_is_given_back(void **state)
{
    struct pk_frame last = {0};

    (void)state;
    open_with("blinks");
    interrupts = true;
    assert_int_equal(ask(PK_FRAME_RESET, "Touch the key.", &last), PK_CANCELLED);
    plugged_close(plugged);
    plugged = NULL;
    assert_true(was_cancelled("blinks"));
}

static void an_exchange_has_its_time(void **state)
{
    struct pk_frame last = {0};

    (void)state;
    open_with("blinks");
    patience = 0;
    assert_int_equal(ask(PK_FRAME_RESET, NULL, &last), PK_TIMEOUT);
    patience = -1;
}

/* --- which key -------------------------------------------------------------------------------- */

static void the_key_that_is_touched_is_the_one(void **state)
{
    const struct pk_devices *list;
    PK_AUTO_FREE char *path = NULL;

    (void)state;
    open_with("two");
    assert_int_equal(plugged_list(plugged, &list), PK_OK);
    ahead_ms = 0;
    patience = 10000;
    assert_int_equal(plugged_select(plugged, &path), PK_OK);
    assert_string_equal(path, "two");
    /* The time of the other one has not been waited for. */
    assert_int_equal(ahead_ms, 0);
    patience = -1;
    plugged_close(plugged);
    plugged = NULL;
}

static void no_key_is_touched(void **state)
{
    const struct pk_devices *list;
    char *path = NULL;

    (void)state;
    open_with("fails");
    assert_int_equal(plugged_list(plugged, &list), PK_OK);
    ahead_ms = 0;
    patience = 10000;
    assert_int_equal(plugged_select(plugged, &path), PK_TOUCH_TIMEOUT);
    assert_null(path);
    /* There is nothing to wait for. */
    assert_int_equal(ahead_ms, 0);
    patience = -1;
    plugged_close(plugged);
    open_with("blinks");
    assert_int_equal(plugged_list(plugged, &list), PK_OK);
    patience = 0;
    assert_int_equal(plugged_select(plugged, &path), PK_TOUCH_TIMEOUT);
    patience = -1;
    assert_null(path);
}

static void who_interrupts_selects_none(void **state)
{
    const struct pk_devices *list;
    char *path = NULL;

    (void)state;
    open_with("blinks");
    assert_int_equal(plugged_list(plugged, &list), PK_OK);
    interrupt();
    assert_int_equal(plugged_select(plugged, &path), PK_CANCELLED);
    assert_null(path);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_list_has_each_key),
        TEST(no_key_is_a_list_too),
        TEST(a_copy_is_the_callers),
        TEST(keys_that_cannot_be_listed_are_said),
        TEST(a_list_that_does_not_come_is_not_waited_for),
        TEST(what_is_waited_for_is_asked_of_the_list),
        TEST(nothing_is_asked_before_there_is_a_list),
        TEST(an_answer_comes_back),
        TEST(a_touch_is_asked_for_where_there_are_words),
        TEST(a_failure_is_the_keys_reason),
        TEST(what_goes_wrong_with_a_key_is_said),
        TEST(who_interrupts_gets_no_answer),
        TEST(a_key_that_blinks_is_given_back),
        TEST(an_exchange_has_its_time),
        TEST(the_key_that_is_touched_is_the_one),
        TEST(no_key_is_touched),
        TEST(who_interrupts_selects_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
