/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/askpass/hosts.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "tests/unit/scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char folder[SCRATCH_PATH_MAX];
static char path[SCRATCH_PATH_MAX + 32];

static int set_up(void **state)
{
    (void)state;
    scratch_new(folder);
    (void)snprintf(path, sizeof(path), "%s/hosts", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

static enum pk_status look(const char *text, const char *host, const char *rp_id,
                           unsigned *ret_number)
{
    AUTO_ASKPASS_HOSTS_LINE struct askpass_hosts_line line = {0};
    enum pk_status status;

    scratch_write(folder, "hosts", text, strlen(text));
    status = askpass_hosts_look(path, host, rp_id, &line);
    *ret_number = line.number;
    if (status == PK_RP_ID_MISMATCH)
        assert_non_null(line.rp_id);
    return status;
}

static void lines_are_read(void **state)
{
    static const char text[] = "# what I have accepted\n"
                               "\n"
                               "web1 example.org\n"
                               "  Web2.Example.ORG.\texample.net  \r\n"
                               "web1 example.com\n"
                               "::1 localhost\n"
                               "[::2] localhost\n"
                               "last example.org";
    static const struct {
        const char *host;
        const char *rp_id;
        enum pk_status status;
        unsigned line;
    } cases[] = {
        {"web1", "example.org", PK_OK, 0},
        {"web1", "example.com", PK_OK, 0},
        {"web1", "example.net", PK_RP_ID_MISMATCH, 3},
        {"web2.example.org", "example.net", PK_OK, 0},
        {"web2.example.org", "example.org", PK_RP_ID_MISMATCH, 4},
        {"::1", "localhost", PK_OK, 0},
        {"::2", "localhost", PK_OK, 0},
        {"last", "example.org", PK_OK, 0},
        {"web", "example.org", PK_NOT_FOUND, 0},
        {"web11", "example.org", PK_NOT_FOUND, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned number = 0;

        if (look(text, cases[i].host, cases[i].rp_id, &number) != cases[i].status)
            fail_msg("%s %s", cases[i].host, cases[i].rp_id);
        assert_int_equal(number, cases[i].line);
    }
}

/* Also where the answer stands in front of it. */
static void a_bad_line_is_named(void **state)
{
    static const char *const lines[] = {"web1",         "web1 a b", "web1 a #b", "web/1 a",
                                        "web1 pam://a", "*.org a",  "web1 a..b", "\001 a"};

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        PK_AUTO_FREE char *text = pk_text_format("good example.org\n%s\n", lines[i]);
        unsigned number = 0;

        if (look(text, "good", "example.org", &number) != PK_CONFIG)
            fail_msg("%s", lines[i]);
        assert_int_equal(number, 2);
    }
}

static void nul_is_no_end_of_a_line(void **state)
{
    static const char text[] = "web1 example.org\0 x\n";
    AUTO_ASKPASS_HOSTS_LINE struct askpass_hosts_line line = {0};

    (void)state;
    scratch_write(folder, "hosts", text, sizeof(text) - 1);
    assert_int_equal(askpass_hosts_look(path, "web1", "example.org", &line), PK_CONFIG);
}

static void a_missing_file_is_an_empty_one(void **state)
{
    AUTO_ASKPASS_HOSTS_LINE struct askpass_hosts_line line = {.number = 7};

    (void)state;
    assert_int_equal(askpass_hosts_look(path, "web1", "example.org", &line), PK_NOT_FOUND);
    assert_int_equal(line.number, 0);
}

static void a_file_that_others_may_write_is_not_believed(void **state)
{
    AUTO_ASKPASS_HOSTS_LINE struct askpass_hosts_line line = {0};

    (void)state;
    scratch_write(folder, "hosts", "web1 example.org\n", 17);
    assert_int_equal(chmod(path, 0620), 0);
    assert_int_equal(askpass_hosts_look(path, "web1", "example.org", &line), PK_DENIED);
    assert_int_equal(askpass_hosts_add(path, "web2", "example.org"), PK_DENIED);
    assert_int_equal(chmod(path, 0602), 0);
    assert_int_equal(askpass_hosts_look(path, "web1", "example.org", &line), PK_DENIED);
    assert_int_equal(askpass_hosts_look(folder, "web1", "example.org", &line), PK_DENIED);
}

static void a_huge_file_is_refused(void **state)
{
    AUTO_ASKPASS_HOSTS_LINE struct askpass_hosts_line line = {0};
    PK_AUTO_FREE char *text = malloc(PK_ASKPASS_HOSTS_MAX + 1);

    (void)state;
    memset(text, '\n', PK_ASKPASS_HOSTS_MAX + 1);
    scratch_write(folder, "hosts", text, PK_ASKPASS_HOSTS_MAX + 1);
    assert_int_equal(askpass_hosts_look(path, "web1", "a", &line), PK_TOO_LARGE);
    scratch_write(folder, "hosts", text, PK_ASKPASS_HOSTS_MAX);
    assert_int_equal(askpass_hosts_look(path, "web1", "a", &line), PK_NOT_FOUND);
}

static void assert_content(const char *file, const char *text)
{
    PK_AUTO_FREE char *found = scratch_read(file, NULL);

    assert_string_equal(found, text);
}

static void lines_are_added_once_and_privately(void **state)
{
    PK_AUTO_FREE char *deep = pk_text_format("%s/.config/passkey/hosts", folder);
    PK_AUTO_FREE char *above = pk_text_format("%s/.config/passkey", folder);
    struct stat about;

    (void)state;
    (void)umask(0);
    assert_int_equal(askpass_hosts_add(deep, "web1", "example.org"), PK_OK);
    assert_int_equal(askpass_hosts_add(deep, "web1", "example.org"), PK_OK);
    assert_int_equal(askpass_hosts_add(deep, "::1", "localhost"), PK_OK);
    assert_int_equal(askpass_hosts_add(deep, "web1", "example.net"), PK_RP_ID_MISMATCH);
    assert_content(deep, "web1 example.org\n::1 localhost\n");
    assert_int_equal(stat(deep, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(stat(above, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0700);
}

static void a_last_line_without_an_end_gets_one(void **state)
{
    (void)state;
    scratch_write(folder, "hosts", "web1 example.org", 16);
    assert_int_equal(askpass_hosts_add(path, "web2", "example.org"), PK_OK);
    assert_content(path, "web1 example.org\nweb2 example.org\n");
    scratch_write(folder, "hosts", "web1", 4);
    assert_int_equal(askpass_hosts_add(path, "web2", "example.org"), PK_CONFIG);
    assert_content(path, "web1");
}

/* Processes that add at the same time lose nothing and write nothing twice. */
static void adding_at_the_same_time(void **state)
{
    enum { PROCESSES = 8, HOSTS = 10 };
    PK_AUTO_FREE char *text = NULL;
    size_t lines = 0;

    (void)state;
    for (int i = 0; i < PROCESSES; i++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid > 0)
            continue;
        for (int number = 0; number < HOSTS; number++) {
            char host[16];

            (void)snprintf(host, sizeof(host), "web%d", (number + i) % HOSTS);
            if (askpass_hosts_add(path, host, "example.org") != PK_OK)
                _exit(1);
        }
        _exit(0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    text = scratch_read(path, NULL);
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, HOSTS);
}

/* Whether the kernel has that process wait for a lock. */
static bool waits_for_lock(pid_t pid)
{
    PK_AUTO_FREE char *wanted = pk_text_format(" %d ", (int)pid);
    PK_AUTO_FCLOSE FILE *locks = fopen("/proc/locks", "re");
    char line[256];

    assert_non_null(locks);
    while (fgets(line, sizeof(line), locks))
        if (strstr(line, "-> FLOCK") && strstr(line, wanted))
            return true;
    return false;
}

/* Lines that another process appends while it holds the lock are seen. */
static void adding_waits_for_the_lock(void **state)
{
    static const char line[] = "web1 example.org\n";
    PK_AUTO_CLOSE int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    pid_t pid;
    int status;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(fd);
        _exit(askpass_hosts_add(path, "web1", "example.org"));
    }
    while (!waits_for_lock(pid))
        assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    assert_int_equal(write(fd, line, strlen(line)), strlen(line));
    assert_int_equal(flock(fd, LOCK_UN), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_content(path, line);
}

static void the_path_follows_the_environment(void **state)
{
    PK_AUTO_FREE char *found = NULL;

    (void)state;
    assert_int_equal(setenv("HOME", "/home/a", 1), 0);
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
    assert_int_equal(askpass_hosts_path(&found), PK_OK);
    assert_string_equal(found, "/home/a/.config/passkey/hosts");
    free(pk_steal(found));
    assert_int_equal(setenv("XDG_CONFIG_HOME", "/c", 1), 0);
    assert_int_equal(askpass_hosts_path(&found), PK_OK);
    assert_string_equal(found, "/c/passkey/hosts");
    free(pk_steal(found));
    assert_int_equal(setenv("XDG_CONFIG_HOME", "c", 1), 0);
    assert_int_equal(askpass_hosts_path(&found), PK_OK);
    assert_string_equal(found, "/home/a/.config/passkey/hosts");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(lines_are_read),
        IN_FOLDER(a_bad_line_is_named),
        IN_FOLDER(nul_is_no_end_of_a_line),
        IN_FOLDER(a_missing_file_is_an_empty_one),
        IN_FOLDER(a_file_that_others_may_write_is_not_believed),
        IN_FOLDER(a_huge_file_is_refused),
        IN_FOLDER(lines_are_added_once_and_privately),
        IN_FOLDER(a_last_line_without_an_end_gets_one),
        IN_FOLDER(adding_at_the_same_time),
        IN_FOLDER(adding_waits_for_the_lock),
        cmocka_unit_test(the_path_follows_the_environment),
    };

    return cmocka_run_group_tests_name("askpass_hosts", tests, NULL, NULL);
}
