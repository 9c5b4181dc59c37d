/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ssh -G and ssh-keygen -F say, against the vectors tests/vectors/host_keys that begin with
 * config and known; and what passkey-hostkey notes, those with record.
 */
#include "client/askpass/known_hosts.h"
#include "client/askpass/record.h"
#include "client/askpass/server.h"

#include "tests/unit/scratch.h"
#include "tests/unit/wire_support.h"

#include <sys/stat.h>
#include <sys/wait.h>

#define BOOT "0f3c1ae6-5c5e-4d0f-9f0b-6f6b0a3d9a11"
#define KEY  "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
#define KEY2 "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static char folder[SCRATCH_PATH_MAX];

static int set_up(void **state)
{
    (void)state;
    scratch_new(folder);
    return setenv("XDG_RUNTIME_DIR", folder, 1);
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

/* --- vectors ---------------------------------------------------------------------------------- */

static enum pk_status read_any(const char *name, struct pk_view text)
{
    AUTO_ASKPASS_SSH_CONFIG struct askpass_ssh_config config = {0};
    AUTO_ASKPASS_KNOWN struct askpass_known known = {0};
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings keys = {0};

    if (strstr(name, "config-"))
        return askpass_ssh_config_parse(text, &config);
    if (strstr(name, "known-"))
        return askpass_known_add(text, &known);
    return askpass_record_parse(text, BOOT, &keys);
}

static void check(const char *name, struct pk_bytes *content)
{
    enum pk_status status;

    if (strncmp(name, "key", 3) == 0)
        return;
    status = read_any(name, pk_view_of(content));
    if (status != PK_OK)
        fail_msg("%s: %s", name, pk_status_name(status));
    /* Cut anywhere, and with one byte more, it is read or refused, and never read beyond. */
    for (size_t len = 0; len <= content->len; len++) {
        PK_AUTO_BYTES struct pk_bytes cut = {0};

        assert_status(pk_bytes_copy((struct pk_view){content->data, len}, &cut), PK_OK);
        status = read_any(name, pk_view_of(&cut));
        if (len < content->len && strncmp(name, "record", 6) == 0 &&
            (len == 0 || cut.data[len - 1] != '\n'))
            assert_int_not_equal(status, PK_OK);
        if (len < 100 && strncmp(name, "config", 6) == 0)
            assert_int_not_equal(status, PK_OK);
    }
    status = read_any(name, (struct pk_view){content->data, content->len + 1});
    if (strncmp(name, "record", 6) == 0)
        assert_status(status, PK_INVALID_INPUT);
}

static void check_bad(const char *name, struct pk_bytes *content)
{
    if (!strstr(name, "--key"))
        check_vector_status(name, read_any(name, pk_view_of(content)));
}

static void vectors(void **state)
{
    (void)state;
    each_vector("host_keys/valid", "", check);
    each_vector("host_keys/invalid", "", check_bad);
}

static void read_config(const char *name, struct askpass_ssh_config *ret)
{
    PK_AUTO_BYTES struct pk_bytes content = read_vector("host_keys/valid", name);

    assert_status(askpass_ssh_config_parse(pk_view_of(&content), ret), PK_OK);
}

static void members_of_the_configuration(void **state)
{
    AUTO_ASKPASS_SSH_CONFIG struct askpass_ssh_config plain = {0}, alias = {0};
    PK_AUTO_FREE char *name = NULL, *alias_name = NULL, *bare = NULL;

    (void)state;
    read_config("config-plain.txt", &plain);
    assert_string_equal(plain.host, "web1.example.org");
    assert_int_equal(plain.port, 2222);
    assert_string_equal(plain.files, "/home/alice/.ssh/known_hosts /home/alice/.ssh/known_hosts2 "
                                     "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2");
    assert_null(plain.command);
    assert_false(plain.alias || plain.proxy || plain.localhost_trusted || plain.dns_trusted);
    name = askpass_known_name(&plain);
    assert_string_equal(name, "[web1.example.org]:2222");
    plain.port = 22;
    bare = askpass_known_name(&plain);
    assert_string_equal(bare, "web1.example.org");
    read_config("config-alias.txt", &alias);
    assert_true(alias.alias);
    alias_name = askpass_known_name(&alias);
    assert_string_equal(alias_name, "web-alias");
}

static void doubts_of_the_configuration(void **state)
{
    static const struct {
        const char *name;
        enum askpass_doubt doubt;
        bool proxy;
    } cases[] = {
        {"config-plain.txt", DOUBT_NONE, false},
        {"config-hook.txt", DOUBT_NONE, false},
        {"config-jump.txt", DOUBT_NONE, true},
        {"config-proxy.txt", DOUBT_NONE, true},
        {"config-command.txt", DOUBT_COMMAND, false},
        {"config-dns.txt", DOUBT_DNS, false},
        {"config-localhost.txt", DOUBT_LOCALHOST, false},
    };
    static const char *const others[] = {"/usr/libexec/passkey/passkey-hostkey %I %K -- /bin/keys",
                                         "/bin/sh passkey-hostkey", "/x/passkey-hostkey2 %I",
                                         "passkey-hostkey"};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ASKPASS_SSH_CONFIG struct askpass_ssh_config config = {0};

        read_config(cases[i].name, &config);
        if (askpass_config_doubt(&config) != cases[i].doubt || config.proxy != cases[i].proxy)
            fail_msg("%s", cases[i].name);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        struct askpass_ssh_config config = {.command = strdup(others[i])};

        assert_int_equal(askpass_config_doubt(&config), DOUBT_COMMAND);
        askpass_ssh_config_clear(&config);
    }
}

/* --- known_hosts files ------------------------------------------------------------------------ */

/* Writes a file of a vector's key lines under that name, and looks it up. */
static enum askpass_doubt look_up(const char *text, char *name, size_t *ret_count)
{
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings keys = {0};
    PK_AUTO_FREE char *files = pk_text_format("%s/known %s/none none", folder, folder);
    const struct askpass_ssh_config config = {.host = name, .alias = true, .files = files};
    enum askpass_doubt doubt = DOUBT_NONE;

    scratch_write(folder, "known", text, strlen(text));
    assert_status(askpass_known_keys(&config, &keys, &doubt), PK_OK);
    *ret_count = keys.count;
    return doubt;
}

static void keys_are_looked_up(void **state)
{
    PK_AUTO_BYTES struct pk_bytes ed = read_vector("host_keys/valid", "key-ssh-ed25519.txt");
    PK_AUTO_BYTES struct pk_bytes rsa = read_vector("host_keys/valid", "key-ssh-rsa.txt");
    char web1[] = "web1", web2[] = "web2", web3[] = "web3", web4[] = "web4", web5[] = "web5";
    size_t count = 0;
    PK_AUTO_FREE char *text = NULL;

    (void)state;
    /* ssh-keygen wants keys that are some: those of the vectors are made up. */
    strchr((char *)ed.data, '\n')[0] = 0;
    strchr((char *)rsa.data, '\n')[0] = 0;
    text = pk_text_format("web1 %s\nweb1,web2 %s\n@revoked web1 %s\n@cert-authority web3 %s\n"
                          "web4 ssh-ed25519 garbage!\n",
                          (char *)ed.data, (char *)rsa.data, (char *)rsa.data, (char *)ed.data);
    assert_int_equal(look_up(text, web1, &count), DOUBT_NONE);
    assert_int_equal(count, 1);
    assert_int_equal(look_up(text, web2, &count), DOUBT_NONE);
    assert_int_equal(count, 1);
    assert_int_equal(look_up(text, web3, &count), DOUBT_AUTHORITY);
    assert_int_equal(look_up(text, web4, &count), DOUBT_LINE);
    assert_int_equal(look_up(text, web5, &count), DOUBT_UNKNOWN);
    assert_int_equal(count, 0);
}

static void files_that_cannot_be_told_apart(void **state)
{
    static const char *const names[] = {"%s/a b", "%s/c", "relative", "%s/a %s/b relative"};
    char host[] = "web1";

    (void)state;
    scratch_write(folder, "a b", "", 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        __attribute__((cleanup(pk_strings_clear))) struct pk_strings keys = {0};
        char files[2 * SCRATCH_PATH_MAX];
        const struct askpass_ssh_config config = {.host = host, .alias = true, .files = files};
        enum askpass_doubt doubt = DOUBT_NONE;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(files, sizeof(files), names[i], folder, folder);
#pragma GCC diagnostic pop
        assert_status(askpass_known_keys(&config, &keys, &doubt), PK_OK);
        assert_int_equal(doubt, i == 1 ? DOUBT_UNKNOWN : DOUBT_FILES);
    }
}

/* --- records ---------------------------------------------------------------------------------- */

static struct askpass_ssh myself(void)
{
    struct askpass_ssh self = {0};
    pid_t parent = 0;

    assert_status(askpass_process_read(getpid(), &parent, &self), PK_OK);
    assert_int_equal(parent, getppid());
    return self;
}

static void what_was_noted_is_read(void **state)
{
    const struct askpass_ssh self = myself();
    const struct askpass_ssh other = {self.pid, self.start + 1};
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings keys = {0}, more = {0}, none = {0};

    (void)state;
    assert_status(askpass_record_read(&self, &none), PK_NOT_FOUND);
    assert_status(askpass_record_add(&self, KEY), PK_OK);
    assert_status(askpass_record_add(&self, KEY), PK_OK);
    assert_status(askpass_record_read(&self, &keys), PK_OK);
    assert_int_equal(keys.count, 1);
    assert_string_equal(keys.items[0], KEY);
    /* Another process that has the same number. */
    assert_status(askpass_record_read(&other, &none), PK_NOT_FOUND);
    assert_status(askpass_record_add(&self, KEY2), PK_OK);
    assert_status(askpass_record_read(&self, &more), PK_OK);
    assert_int_equal(more.count, 2);
}

static void records_of_the_dead_go(void **state)
{
    const struct askpass_ssh self = myself();
    const struct askpass_ssh dead = {self.pid, self.start + 1};
    PK_AUTO_FREE char *path = pk_text_format("%s/passkey/hostkey-%d-%lu", folder, (int)dead.pid,
                                             (unsigned long)dead.start);
    PK_AUTO_FREE char *kept = pk_text_format("%s/passkey/hostkey-%d-%lux", folder, (int)dead.pid,
                                             (unsigned long)dead.start);
    PK_AUTO_FREE char *inside = pk_text_format("%s/passkey", folder);

    (void)state;
    assert_status(askpass_record_add(&dead, KEY), PK_OK);
    assert_int_equal(access(path, F_OK), 0);
    scratch_write(inside, strrchr(kept, '/') + 1, "", 0);
    assert_status(askpass_record_add(&self, KEY), PK_OK);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(kept, F_OK), 0);
}

static void a_record_in_an_open_folder_is_not_believed(void **state)
{
    const struct askpass_ssh self = myself();
    PK_AUTO_FREE char *inside = pk_text_format("%s/passkey", folder);
    __attribute__((cleanup(pk_strings_clear))) struct pk_strings keys = {0};

    (void)state;
    assert_status(askpass_record_add(&self, KEY), PK_OK);
    assert_int_equal(chmod(inside, 0770), 0);
    assert_status(askpass_record_read(&self, &keys), PK_DENIED);
    assert_status(askpass_record_add(&self, KEY), PK_DENIED);
}

/* --- lists in a context ----------------------------------------------------------------------- */

static void lists(void **state)
{
    static const struct {
        const char *context;
        enum pk_status status;
        size_t count;
    } cases[] = {
        {"{}", PK_OK, 0},
        {"{\"hostkeys\":[]}", PK_OK, 0},
        {"{\"a\":1,\"hostkeys\":[\"" KEY "\"],\"z\":2}", PK_OK, 1},
        {"{\"hostkeys\":[\"" KEY "\",\"" KEY2 "\",\"" KEY "\"]}", PK_OK, 2},
        {"{\"hostkeys\":[\"" KEY "\",1]}", PK_PROTOCOL, 0},
        {"{\"hostkeys\":[[]]}", PK_PROTOCOL, 0},
        {"{\"hostkeys\":[\"\"]}", PK_PROTOCOL, 0},
        {"{\"hostkeys\":[\"" KEY "=\"]}", PK_PROTOCOL, 0},
        {"{\"hostkeys\":\"" KEY "\"}", PK_PROTOCOL, 0},
        {"{\"hostkeys\":null}", PK_PROTOCOL, 0},
        {"{\"hostkeys\":{}}", PK_PROTOCOL, 0},
        {"{\"hostkeys\":[],\"hostkeys\":[]}", PK_PROTOCOL, 0},
        {"", PK_PROTOCOL, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        __attribute__((cleanup(pk_strings_clear))) struct pk_strings keys = {0};

        if (askpass_server_keys(cases[i].context, &keys) != cases[i].status ||
            keys.count != cases[i].count)
            fail_msg("%s", cases[i].context);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(members_of_the_configuration),
        cmocka_unit_test(doubts_of_the_configuration),
        IN_FOLDER(keys_are_looked_up),
        IN_FOLDER(files_that_cannot_be_told_apart),
        IN_FOLDER(what_was_noted_is_read),
        IN_FOLDER(records_of_the_dead_go),
        IN_FOLDER(a_record_in_an_open_folder_is_not_believed),
        cmocka_unit_test(lists),
    };

    return cmocka_run_group_tests_name("known_hosts", tests, NULL, NULL);
}
