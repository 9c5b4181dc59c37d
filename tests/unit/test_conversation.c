/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/bus/conversation.h"

#include "common/base/text.h"
#include "tests/unit/private_bus.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
/* clang-format on */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define DEADLINE 20 /* seconds; only a defect takes as long */

static struct private_bus private_bus;

/* A person with fixed answers; records what was shown. */
struct person {
    const char *answer;     /* NULL: declines */
    enum pk_status answers; /* what the prompt functions return */
    int cancel_writer;      /* written to at the first info, if > 0 */
    char shown[8192];
};

static void remember(struct person *person, const char *kind, const char *name, const char *text)
{
    size_t used = strlen(person->shown);

    (void)snprintf(person->shown + used, sizeof(person->shown) - used, "%s(%s) %s;", kind, name,
                   text);
}

static enum pk_status info(void *context, const char *event, const char *text)
{
    struct person *person = context;

    remember(person, "info", event, text);
    if (person->cancel_writer > 0)
        assert_int_equal(write(person->cancel_writer, "x", 1), 1);
    return person->answers;
}

static enum pk_status error(void *context, const char *reason, const char *text)
{
    remember(context, "error", reason, text);
    return PK_OK;
}

static enum pk_status ask(void *context, const char *event, const char *text, char **ret_answer)
{
    struct person *person = context;

    remember(person, "ask", event, text);
    if (!person->answer)
        return PK_CANCELLED;
    *ret_answer = strdup(person->answer);
    return PK_OK;
}

static enum pk_status ask_secret(void *context, const char *event, const char *text,
                                 struct pk_secret *ret_answer)
{
    struct person *person = context;

    remember(person, "secret", event, text);
    if (person->answers != PK_OK)
        return person->answers;
    if (!person->answer)
        return PK_CANCELLED;
    return pk_secret_copy(pk_view_string(person->answer), ret_answer);
}

static const struct pk_prompt_ops ops = {
    .info = info, .error = error, .ask = ask, .ask_secret = ask_secret};

static enum pk_status run_for(unsigned seconds, int cancel_fd, const char *scenario,
                              struct person *person, struct pk_outcome *outcome)
{
    PK_AUTO_BUS struct pk_bus *bus = NULL;
    const struct pk_conversation_request request = {.kind = PK_CONVERSATION_AUTHENTICATE,
                                                    .user = scenario};
    enum pk_status status = pk_bus_open(seconds, cancel_fd, &bus);

    if (status != PK_OK)
        return status;
    return pk_conversation_run(bus, &request, &ops, person, outcome);
}

static enum pk_status run(const char *scenario, struct person *person, struct pk_outcome *outcome)
{
    return run_for(DEADLINE, -1, scenario, person, outcome);
}

static int start(void **state)
{
    (void)state;
    return private_bus_start(&private_bus, true) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    private_bus_stop(&private_bus);
    return 0;
}

static void test_success(void **state)
{
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    struct person person = {0};

    (void)state;
    assert_int_equal(run("touch", &person, &outcome), PK_OK);
    assert_string_equal(person.shown, "info(touch) Touch it;");
    assert_string_equal(outcome.user, "touch");
    assert_string_equal(outcome.text, "Welcome");
    assert_string_equal(outcome.correlation, "c0ffee");
    assert_null(outcome.credential);
}

static void test_questions(void **state)
{
    static const struct {
        const char *scenario;
        const char *answer;
        enum pk_status status;
        const char *shown;
    } cases[] = {
        {"pin", "correct horse", PK_OK, "secret(pin) PIN for the key:;info(touch) Touch it;"},
        {"pin", "wrong", PK_PIN_INVALID, "secret(pin) PIN for the key:;"},
        {"pin", "", PK_PIN_INVALID, "secret(pin) PIN for the key:;"},
        {"pin", NULL, PK_CANCELLED, "secret(pin) PIN for the key:;"},
        {"ask", "2", PK_OK, "ask(choose) Which one?\nType a number:;"},
        {"ask", "3", PK_DENIED, "ask(choose) Which one?\nType a number:;"},
        {"ask", NULL, PK_DENIED, "ask(choose) Which one?\nType a number:;"},
        {"ask", "\xff", PK_DENIED, "ask(choose) Which one?\nType a number:;"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
        struct person person = {.answer = cases[i].answer};

        assert_int_equal(run(cases[i].scenario, &person, &outcome), cases[i].status);
        assert_string_equal(person.shown, cases[i].shown);
    }
}

/* A request for an authenticator elsewhere names many credentials. */
static void test_a_long_question(void **state)
{
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    struct person person = {.answer = "no"};

    (void)state;
    assert_int_equal(run("long-question", &person, &outcome), PK_OK);
}

/* Nothing that is not done(ok) is PK_OK. */
static void test_failures(void **state)
{
    static const struct {
        const char *scenario;
        enum pk_status status;
    } cases[] = {
        {"no-credentials", PK_NO_CREDENTIALS},
        {"unknown-user", PK_UNKNOWN_USER},
        {"pin-blocked", PK_PIN_BLOCKED},
        {"done-unavailable", PK_UNAVAILABLE},
        {"result-unknown", PK_INTERNAL},
        {"result-missing", PK_PROTOCOL},
        {"result-number", PK_PROTOCOL},
        {"result-in-text", PK_PROTOCOL},
        {"user-not-string", PK_PROTOCOL},
        {"ok-as-kind", PK_PROTOCOL},
        {"junk-kind", PK_PROTOCOL},
        {"empty-kind", PK_PROTOCOL},
        {"huge-text", PK_PROTOCOL},
        {"chatter", PK_PROTOCOL},
        {"time-left-text", PK_PROTOCOL},
        {"signature-short", PK_PROTOCOL},
        {"signature-number", PK_PROTOCOL},
        {"signature-extra", PK_PROTOCOL},
        {"signature-empty", PK_PROTOCOL},
        {"elsewhere", PK_PROTOCOL},
        {"next-error", PK_LIMIT_EXCEEDED},
        {"next-error-strange", PK_PROTOCOL},
        {"refused", PK_DENIED},
        {"spoofed", PK_PROTOCOL},
        {"dies", PK_UNAVAILABLE},
        {"not UTF-8: \xff", PK_INVALID_ARGUMENT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
        struct person person = {0};

        assert_int_equal(run(cases[i].scenario, &person, &outcome), cases[i].status);
        assert_null(outcome.user && strcmp(outcome.user, cases[i].scenario) != 0 ? outcome.user
                                                                                 : NULL);
    }
}

static void test_refusal_says_why(void **state)
{
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    struct person person = {0};

    (void)state;
    assert_int_equal(run("refused", &person, &outcome), PK_DENIED);
    assert_string_equal(outcome.text, "Not for you? [17]");
}

static void test_text_is_made_printable(void **state)
{
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    struct person person = {0};

    (void)state;
    assert_int_equal(run("hostile-text", &person, &outcome), PK_DENIED);
    assert_string_equal(person.shown, "info() a?[2Jb\nc?d;");
    assert_string_equal(outcome.text, "?no");
}

static void test_deadline(void **state)
{
    static const char *const scenarios[] = {"silent", "never-opens"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
        struct person person = {0};
        time_t before = time(NULL);

        assert_int_equal(run_for(1, -1, scenarios[i], &person, &outcome), PK_TIMEOUT);
        assert_true(time(NULL) - before < 10);
    }
}

static void test_cancel(void **state)
{
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    struct person person = {0};
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    person.cancel_writer = ends[1];
    assert_int_equal(run_for(DEADLINE, ends[0], "touch", &person, &outcome), PK_CANCELLED);
    assert_string_equal(person.shown, "info(touch) Touch it;");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void test_failing_prompt_ends_it(void **state)
{
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    struct person person = {.answers = PK_IO};

    (void)state;
    assert_int_equal(run("touch", &person, &outcome), PK_IO);
    assert_int_equal(run("pin", &person, &outcome), PK_IO);
}

static void test_no_service(void **state)
{
    struct private_bus bare = {0};
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    struct person person = {0};
    PK_AUTO_FREE char *address = strdup(getenv("DBUS_SYSTEM_BUS_ADDRESS"));

    (void)state;
    assert_true(private_bus_start(&bare, false));
    assert_int_equal(run("touch", &person, &outcome), PK_UNAVAILABLE);
    private_bus_stop(&bare);
    /* The socket has been closed. */
    assert_int_equal(run("touch", &person, &outcome), PK_UNAVAILABLE);
    assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "gibberish", 1), 0);
    assert_int_equal(run("touch", &person, &outcome), PK_UNAVAILABLE);
    assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
}

/* The bus stops answering: it accepts the connection and sends nothing. */
static void test_frozen_bus(void **state)
{
    struct private_bus frozen = {0};
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    struct person person = {0};
    PK_AUTO_FREE char *address = strdup(getenv("DBUS_SYSTEM_BUS_ADDRESS"));

    (void)state;
    assert_true(private_bus_start(&frozen, false));
    assert_int_equal(kill(frozen.daemon, SIGSTOP), 0);
    assert_int_equal(run_for(1, -1, "touch", &person, &outcome), PK_TIMEOUT);
    assert_int_equal(kill(frozen.daemon, SIGCONT), 0);
    private_bus_stop(&frozen);
    assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
}

static enum pk_status kill_bus(void *context, const char *event, const char *text)
{
    struct private_bus *bus = context;

    (void)event;
    (void)text;
    assert_int_equal(kill(bus->daemon, SIGKILL), 0);
    assert_int_equal(waitpid(bus->daemon, NULL, 0), bus->daemon);
    return PK_OK;
}

/* The process must survive the loss of its bus; by default libdbus exits. */
static void test_bus_dies(void **state)
{
    static const struct pk_prompt_ops killer = {
        .info = kill_bus, .error = error, .ask = ask, .ask_secret = ask_secret};
    const struct pk_conversation_request request = {.kind = PK_CONVERSATION_AUTHENTICATE,
                                                    .user = "touch"};
    PK_AUTO_FREE char *address = strdup(getenv("DBUS_SYSTEM_BUS_ADDRESS"));
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    PK_AUTO_BUS struct pk_bus *bus = NULL;
    struct private_bus doomed = {0};

    (void)state;
    assert_true(private_bus_start(&doomed, true));
    assert_int_equal(pk_bus_open(DEADLINE, -1, &bus), PK_OK);
    assert_int_equal(pk_conversation_run(bus, &request, &killer, &doomed, &outcome),
                     PK_UNAVAILABLE);
    doomed.daemon = 0;
    private_bus_stop(&doomed);
    assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
}

static void test_not_used_after_fork(void **state)
{
    PK_AUTO_BUS struct pk_bus *bus = NULL;
    int result;
    pid_t child;

    (void)state;
    assert_int_equal(pk_bus_open(DEADLINE, -1, &bus), PK_OK);
    child = fork();
    if (child == 0)
        _exit(pk_bus_find_daemon(bus) == PK_INVALID_ARGUMENT ? 0 : 1);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_int_equal(pk_bus_find_daemon(bus), PK_OK);
}

/* Counts open descriptors, and those that a program started now would inherit. */
static void count_descriptors(unsigned *open_count, unsigned *inherited)
{
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;

    assert_non_null(folder);
    *open_count = *inherited = 0;
    while ((entry = readdir(folder))) {
        int flags = fcntl(atoi(entry->d_name), F_GETFD);

        if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(folder) || flags < 0)
            continue;
        ++*open_count;
        *inherited += !(flags & FD_CLOEXEC);
    }
    (void)closedir(folder);
}

static unsigned inherited_before;

static enum pk_status check_descriptors(void *context, const char *event, const char *text)
{
    unsigned open_count, inherited;

    (void)context;
    (void)event;
    (void)text;
    count_descriptors(&open_count, &inherited);
    assert_int_equal(inherited, inherited_before);
    return PK_OK;
}

static enum pk_status check_and_answer(void *context, const char *event, const char *text,
                                       struct pk_secret *ret_answer)
{
    enum pk_status status = check_descriptors(context, event, text);

    (void)status;
    return pk_secret_copy(pk_view_string("correct horse"), ret_answer);
}

static void test_leaves_the_process_as_it_was(void **state)
{
    static const struct pk_prompt_ops checker = {
        .info = check_descriptors, .error = error, .ask = ask, .ask_secret = check_and_answer};
    const struct pk_conversation_request request = {.kind = PK_CONVERSATION_AUTHENTICATE,
                                                    .user = "pin"};
    unsigned open_before, open_after, inherited;
    struct sigaction before, after;

    (void)state;
    assert_int_equal(sigaction(SIGPIPE, NULL, &before), 0);
    count_descriptors(&open_before, &inherited_before);
    for (int i = 0; i < 20; i++) {
        PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
        PK_AUTO_BUS struct pk_bus *bus = NULL;

        assert_int_equal(pk_bus_open(DEADLINE, -1, &bus), PK_OK);
        assert_int_equal(pk_conversation_run(bus, &request, &checker, NULL, &outcome), PK_OK);
    }
    count_descriptors(&open_after, &inherited);
    assert_int_equal(sigaction(SIGPIPE, NULL, &after), 0);
    assert_int_equal(open_after, open_before);
    assert_int_equal(inherited, inherited_before);
    assert_ptr_equal(after.sa_handler, before.sa_handler);
    assert_ptr_equal(after.sa_handler, SIG_DFL);
}

static void test_enroll(void **state)
{
    PK_AUTO_BUS struct pk_bus *bus = NULL;
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    struct person person = {0};
    int ends[2];
    struct pk_bus_member members[] = {
        {.name = "name", .type = 's', .string = "blue"},
        {.name = "rp", .type = 's', .string = NULL},
        {.name = "ticket", .type = 'h'},
    };
    const struct pk_conversation_request request = {.kind = PK_CONVERSATION_ENROLL,
                                                    .user = "overridden by the ticket",
                                                    .members = members,
                                                    .member_count = 3};

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "enrolled", 8), 8);
    (void)close(ends[1]);
    members[2].fd = ends[0];
    assert_int_equal(pk_bus_open(DEADLINE, -1, &bus), PK_OK);
    assert_int_equal(pk_conversation_run(bus, &request, &ops, &person, &outcome), PK_OK);
    assert_string_equal(outcome.credential, "{\"name\":\"blue\"}");
    (void)close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_success),
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_a_long_question),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_refusal_says_why),
        cmocka_unit_test(test_text_is_made_printable),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_failing_prompt_ends_it),
        cmocka_unit_test(test_no_service),
        cmocka_unit_test(test_frozen_bus),
        cmocka_unit_test(test_bus_dies),
        cmocka_unit_test(test_not_used_after_fork),
        cmocka_unit_test(test_leaves_the_process_as_it_was),
        cmocka_unit_test(test_enroll),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
