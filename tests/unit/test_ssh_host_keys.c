/* SPDX-License-Identifier: BSD-2-Clause */
/* The host keys that the daemon lists, read from files of this test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/methods/ssh/host_keys.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/wire/host_key.h"
#include "daemon/verify/ceremony.h"
#include "tests/unit/scratch.h"

#include <string.h>
#include <sys/stat.h>

#define EMPTY     "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
#define ED25519   "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define LATER     "ssh-x AAAABXNzaC14eA=="
#define AUTO_LIST __attribute__((cleanup(pk_strings_clear))) struct pk_strings

static char folder[SCRATCH_PATH_MAX];

static int set_up(void **state)
{
    (void)state;
    scratch_new(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

static void write_file(const char *name, const char *text)
{
    scratch_write(folder, name, text, strlen(text));
}

static void add(struct pk_strings *list, const char *name)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/%s", folder, name);

    assert_int_equal(pk_strings_add(list, path), PK_OK);
}

static void files_and_fingerprints(void **state)
{
    AUTO_LIST configured = {0}, keys = {0};

    (void)state;
    write_file("a_key.pub", "# of this host\n\n" ED25519 " root@web1\n" ED25519 "\n");
    write_file("b_key.pub", LATER);
    write_file("c_key", LATER "x");
    add(&configured, "*_key.pub");
    add(&configured, "none");
    assert_int_equal(pk_strings_add(&configured, EMPTY), PK_OK);
    assert_int_equal(pk_strings_add(&configured, EMPTY), PK_OK);
    assert_int_equal(host_keys_read(&configured, &keys), PK_OK);
    assert_int_equal(keys.count, 3);
    for (size_t i = 0; i < keys.count; i++)
        assert_true(pk_fingerprint_valid(pk_view_string(keys.items[i])));
    assert_string_equal(keys.items[2], EMPTY);
}

/* What is no key is left out, and nothing that lies there holds the daemon up. */
static void what_is_no_key_is_left_out(void **state)
{
    AUTO_LIST configured = {0}, keys = {0};
    PK_AUTO_FREE char *fifo = pk_text_format("%s/fifo", folder);
    PK_AUTO_FREE char *inside = pk_text_format("%s/folder", folder);
    PK_AUTO_FREE char *large = calloc(1, 300000);

    (void)state;
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(mkdir(inside, 0700), 0);
    memset(large, 'x', 299999);
    write_file("large", large);
    write_file("garbage", "ssh-ed25519 !!!\nssh-ed25519\n\xff\xfe\n" LATER "\n");
    add(&configured, "*");
    assert_int_equal(host_keys_read(&configured, &keys), PK_OK);
    assert_int_equal(keys.count, 1);
}

static void as_many_as_a_request_holds(void **state)
{
    AUTO_LIST configured = {0}, keys = {0};

    (void)state;
    for (unsigned i = 0; i < PK_HOST_KEYS_MAX + 1; i++) {
        uint8_t hash[PK_HASH_SIZE] = {(uint8_t)i};
        char fingerprint[PK_FINGERPRINT_SIZE];

        pk_fingerprint_write(hash, fingerprint);
        assert_int_equal(pk_strings_add(&configured, fingerprint), PK_OK);
    }
    assert_int_equal(host_keys_read(&configured, &keys), PK_OK);
    assert_int_equal(keys.count, PK_HOST_KEYS_MAX);
}

static void nothing_where_there_is_nothing(void **state)
{
    AUTO_LIST configured = {0}, keys = {0};

    (void)state;
    add(&configured, "none");
    assert_int_equal(host_keys_read(&configured, &keys), PK_OK);
    assert_int_equal(keys.count, 0);
}

/* --- bound ------------------------------------------------------------------------------------ */

static struct ceremony *bound(void)
{
    struct ceremony *ceremony = ceremony_new("0123456789abcdef", 0);

    assert_int_equal(ceremony_bind_act(ceremony, "authenticate", "J\xc3\xb6rg"), PK_OK);
    return ceremony;
}

static void they_are_bound_by_a_version_of_their_own(void **state)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = bound();
    struct pk_view challenge;
    uint8_t expected[PK_HASH_SIZE], older[PK_HASH_SIZE];
    AUTO_LIST keys = {0};

    (void)state;
    assert_int_equal(pk_strings_add(&keys, EMPTY), PK_OK);
    assert_int_equal(pk_strings_add(&keys, "SHA256:b"), PK_OK);
    assert_int_equal(ceremony_bind_host_keys(ceremony, &keys), PK_OK);
    assert_true(ceremony->names_host_keys);
    assert_non_null(
        strstr(ceremony->context, "\",\"hostkeys\":[\"" EMPTY "\",\"SHA256:b\"],\"rhost\":\"\","));
    assert_non_null(strstr(ceremony->context, "\"user\":\"J\xc3\xb6rg\"}"));
    pk_host_key_bound_challenge(ceremony->nonce, pk_view_string(ceremony->context), expected);
    pk_bound_challenge(ceremony->nonce, pk_view_string(ceremony->context), older);
    challenge = pk_view_of(&ceremony->requirements.challenge);
    assert_int_equal(challenge.len, sizeof(expected));
    assert_memory_equal(challenge.ptr, expected, sizeof(expected));
    assert_memory_not_equal(challenge.ptr, older, sizeof(older));
    assert_int_equal(ceremony_bind_host_keys(ceremony, &keys), PK_INVALID_ARGUMENT);
}

static void without_any_it_is_the_version_before(void **state)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = bound();
    PK_CLEANUP(ceremony_free) struct ceremony *unbound = ceremony_new("0123456789abcdef", 0);
    const struct pk_strings none = {0};
    uint8_t expected[PK_HASH_SIZE];

    (void)state;
    assert_int_equal(ceremony_bind_host_keys(unbound, &none), PK_INVALID_ARGUMENT);
    assert_int_equal(ceremony_bind_host_keys(ceremony, &none), PK_OK);
    assert_false(ceremony->names_host_keys);
    assert_non_null(strstr(ceremony->context, ",\"hostkeys\":[],"));
    pk_bound_challenge(ceremony->nonce, pk_view_string(ceremony->context), expected);
    assert_memory_equal(ceremony->requirements.challenge.data, expected, sizeof(expected));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(files_and_fingerprints),
        TEST(what_is_no_key_is_left_out),
        TEST(as_many_as_a_request_holds),
        TEST(nothing_where_there_is_nothing),
        cmocka_unit_test(they_are_bound_by_a_version_of_their_own),
        cmocka_unit_test(without_any_it_is_the_version_before),
    };

    return cmocka_run_group_tests_name("ssh_host_keys", tests, NULL, NULL);
}
