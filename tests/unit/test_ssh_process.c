/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc says of a process, and what passkey-ssh makes of command lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/askpass/ssh_process.h"
#include "client/ssh/hook.h"

#include "common/base/cleanup.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define REST         " 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 4711 23"

static void stat_lines(void **state)
{
    static const struct {
        const char *text;
        enum pk_status status;
        int parent;
    } cases[] = {
        {"12 (ssh) S 77" REST "\n", PK_OK, 77},
        {"12 (a ) S 1 (b) S 78" REST, PK_OK, 78},
        {"12 () S 0" REST, PK_OK, 0},
        {"12 (ssh S 77" REST, PK_INVALID_INPUT, 0},
        {"12 (ssh) S x" REST, PK_INVALID_INPUT, 0},
        {"12 (ssh) S 99999999999" REST, PK_INVALID_INPUT, 0},
        {"12 (ssh) S 77 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21", PK_INVALID_INPUT, 0},
        {"12 (ssh) S 77 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 -1 23", PK_INVALID_INPUT, 0},
        {"12 (ssh)", PK_INVALID_INPUT, 0},
        {"", PK_INVALID_INPUT, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        pid_t parent = 0;
        uint64_t start = 0;

        if (askpass_stat_parse(pk_view_string(cases[i].text), &parent, &start) != cases[i].status ||
            parent != cases[i].parent || start != (cases[i].status ? 0 : 4711))
            fail_msg("%s", cases[i].text);
    }
}

static void connections(void **state)
{
    static const char table[] =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        "timeout inode\n"
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        "
        "0 100 1 0 100 0 0 10 0\n"
        "   1: 0100007F:A1B2 0A0200C0:08Ae 01 00000000:00000000 00:00000000 00000000  1000        "
        "0 200 1 0\n"
        "   2: short\n"
        "   3: 00000000000000000000000001000000:A1B3 00000000000000000000000001000000:0016 01 0:0 "
        "0:0 0 1000 0 300";
    unsigned port = 0;

    (void)state;
    assert_int_equal(askpass_tcp_port(pk_view_string(table), 200, &port), PK_OK);
    assert_int_equal(port, 0x8ae);
    assert_int_equal(askpass_tcp_port(pk_view_string(table), 300, &port), PK_OK);
    assert_int_equal(port, 22);
    assert_int_equal(askpass_tcp_port(pk_view_string(table), 100, &port), PK_NOT_FOUND);
    assert_int_equal(askpass_tcp_port(pk_view_string(table), 1, &port), PK_NOT_FOUND);
    for (size_t len = 0; len < strlen(table); len++)
        if (askpass_tcp_port((struct pk_view){(const uint8_t *)table, len}, 300, &port) == PK_OK)
            assert_true(len > strlen(table) - 4);
}

/* Of this process, which has a connection to itself. */
static void the_peers_port(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    PK_AUTO_CLOSE int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    PK_AUTO_CLOSE int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct askpass_ssh self = {0};
    pid_t parent = 0;

    (void)state;
    assert_int_equal(askpass_process_read(getpid(), &parent, &self), PK_OK);
    assert_true(askpass_ssh_lives(&self));
    assert_int_equal(askpass_ssh_peer_port(&self, 22), PK_NOT_FOUND);
    assert_int_equal(bind(server, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server, 1), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, len), 0);
    assert_int_equal(askpass_ssh_peer_port(&self, ntohs(address.sin_port)), PK_OK);
    assert_int_equal(askpass_ssh_peer_port(&self, ntohs(address.sin_port) ^ 1), PK_DENIED);
}

/* Neither this test nor whatever runs it is called ssh. */
static void other_programs_are_not_ssh(void **state)
{
    struct askpass_ssh ssh = {0};

    (void)state;
    assert_int_equal(askpass_ssh_check(getpid(), &ssh), PK_DENIED);
    assert_int_equal(askpass_ssh_check(getppid(), &ssh), PK_DENIED);
    assert_int_not_equal(askpass_ssh_find(&ssh), PK_OK);
    assert_int_equal(ssh.pid, 0);
}

static void arguments_are_read(void **state)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings arguments = {0};
    struct askpass_ssh self = {0};
    pid_t parent = 0;

    (void)state;
    if (getenv("UNDER_VALGRIND"))
        return; /* the command line would be valgrind's */
    assert_int_equal(askpass_process_read(getpid(), &parent, &self), PK_OK);
    assert_int_equal(askpass_ssh_arguments(&self, &arguments), PK_OK);
    assert_int_equal(arguments.count, 2);
    assert_string_equal(arguments.items[0], "");
    assert_string_equal(arguments.items[1], "a b");
}

/* --- command lines of scp and sftp ------------------------------------------------------------ */

/* The lists, words with a blank between and lists with a '|'. */
static void join(const struct pk_strings *lists, size_t count, char text[1024])
{
    text[0] = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < lists[i].count; j++) {
            strcat(text, j > 0 ? " " : i > 0 ? "|" : "");
            strcat(text, lists[i].items[j]);
        }
    }
}

static void destinations(void **state)
{
    static const struct {
        enum ssh_program program;
        const char *line; /* words with blanks between */
        const char *found;
    } cases[] = {
        {PROGRAM_SSH, "-p 22 web1 id", "-p 22 web1 id"},
        {PROGRAM_SCP, "file alice@web1:copy", "-- alice@web1"},
        {PROGRAM_SCP,
         "-P 3022 -oA=b -Fx -i key -J jump file web1:", "-p3022 -oA=b -Fx -Jjump -- web1"},
        {PROGRAM_SCP, "-rqP3022 -- web1:a web2:b ./x:y .", "-p3022 -- web1|-p3022 -- web2"},
        {PROGRAM_SCP, "[::1]:a alice@[2001:db8::7]:b", "-- ::1|-- alice@2001:db8::7"},
        {PROGRAM_SCP, "scp://alice@web1:3022/a/b .", "-- ssh://alice@web1:3022"},
        {PROGRAM_SCP, "a b", ""},
        {PROGRAM_SCP, "-S /bin/other a web1:", ""},
        {PROGRAM_SCP, "-9 a web1:", ""},
        {PROGRAM_SCP, "-P", ""},
        {PROGRAM_SFTP, "web1", "-- web1"},
        {PROGRAM_SFTP, "-b - alice@web1:dir more", "-- alice@web1"},
        {PROGRAM_SFTP, "-P 3022 -D server -l 10 [::1]", "-p3022 -- ::1"},
        {PROGRAM_SFTP, "sftp://web1/a", "-- ssh://web1"},
        {PROGRAM_SFTP, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_FREE char *line = strdup(cases[i].line);
        char *words[32], *rest = line, text[1024];
        struct pk_strings *lists = NULL;
        size_t count = 0, list_count = 0;

        for (char *word; (word = strtok_r(rest, " ", &rest));)
            words[count++] = word;
        assert_int_equal(ssh_destinations(cases[i].program, words, count, &lists, &list_count),
                         PK_OK);
        join(lists, list_count, text);
        ssh_destinations_free(lists, list_count);
        assert_string_equal(text, cases[i].found);
    }
}

static void the_option(void **state)
{
    PK_AUTO_FREE char *alone = ssh_hook_option("/x/passkey-hostkey", NULL);
    PK_AUTO_FREE char *both = ssh_hook_option("/x/passkey-hostkey", "/bin/keys \"a b\" %%");

    (void)state;
    assert_string_equal(alone, "-oKnownHostsCommand=/x/passkey-hostkey %I %K");
    assert_string_equal(both,
                        "-oKnownHostsCommand=/x/passkey-hostkey %I %K -- /bin/keys \"a b\" %%");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stat_lines),         cmocka_unit_test(connections),
        cmocka_unit_test(the_peers_port),     cmocka_unit_test(other_programs_are_not_ssh),
        cmocka_unit_test(arguments_are_read), cmocka_unit_test(destinations),
        cmocka_unit_test(the_option),
    };

    /* With arguments to be read. */
    if (argc == 1 && !getenv("UNDER_VALGRIND")) {
        char empty[] = "", blank[] = "a b";

        (void)execv("/proc/self/exe", (char *[]){argv[0], empty, blank, NULL});
        return 1;
    }
    return cmocka_run_group_tests_name("ssh_process", tests, NULL, NULL);
}
