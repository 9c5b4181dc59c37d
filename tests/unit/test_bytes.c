/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/limits.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct pk_view view(const char *text)
{
    return pk_view_string(text);
}

static void views_compare_length_and_content(void **state)
{
    (void)state;
    assert_true(pk_view_equal(view("abc"), view("abc")));
    assert_false(pk_view_equal(view("abc"), view("abd")));
    assert_false(pk_view_equal(view("abc"), view("ab")));
    assert_true(pk_view_equal((struct pk_view){NULL, 0}, view("")));
    assert_true(pk_view_equal((struct pk_view){NULL, 0}, (struct pk_view){NULL, 0}));
    assert_true(pk_view_equal_secret(view("abc"), view("abc")));
    assert_false(pk_view_equal_secret(view("abc"), view("xbc")));
    assert_false(pk_view_equal_secret(view("abc"), view("abx")));
    assert_false(pk_view_equal_secret(view("abc"), view("abcd")));
    assert_true(pk_view_equal_secret((struct pk_view){NULL, 0}, view("")));
}

static void differences_do_not_cancel_out(void **state)
{
    const uint8_t a[] = {0x01, 0x02};
    const uint8_t b[] = {0x02, 0x01};

    (void)state;
    assert_false(
        pk_view_equal_secret((struct pk_view){a, sizeof(a)}, (struct pk_view){b, sizeof(b)}));
}

static void copies_own_their_bytes(void **state)
{
    char text[] = "abc";
    PK_AUTO_BYTES struct pk_bytes copy = {0};

    (void)state;
    assert_int_equal(pk_bytes_copy(view(text), &copy), PK_OK);
    text[0] = 'x';
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.data, "abc", 3);
    pk_bytes_clear(&copy);
    assert_null(copy.data);
    assert_int_equal(copy.len, 0);
    pk_bytes_clear(&copy);
    assert_int_equal(pk_bytes_copy((struct pk_view){NULL, 0}, &copy), PK_OK);
    assert_int_equal(pk_view_of(&copy).len, 0);
}

static void secrets_end_in_nul_and_have_a_limit(void **state)
{
    uint8_t longest[PK_SECRET_MEMORY_MAX + 1];
    PK_AUTO_SECRET struct pk_secret secret = {0};
    struct pk_secret untouched = {0};

    (void)state;
    memset(longest, 'p', sizeof(longest));
    assert_int_equal(pk_secret_copy((struct pk_view){longest, PK_SECRET_MEMORY_MAX}, &secret), PK_OK);
    assert_int_equal(secret.len, PK_SECRET_MEMORY_MAX);
    assert_int_equal(strlen((const char *)secret.data), PK_SECRET_MEMORY_MAX);
    assert_int_equal(pk_secret_copy((struct pk_view){longest, PK_SECRET_MEMORY_MAX + 1}, &untouched),
                     PK_TOO_LARGE);
    assert_null(untouched.data);
    assert_int_equal(pk_secret_new(SIZE_MAX, &untouched), PK_TOO_LARGE);
    assert_null(untouched.data);
    pk_secret_clear(&secret);
    assert_null(secret.data);
    assert_int_equal(secret.len, 0);
    pk_secret_clear(&secret);
    assert_int_equal(pk_secret_copy((struct pk_view){NULL, 0}, &secret), PK_OK);
    assert_int_equal(pk_secret_view(&secret).len, 0);
    assert_int_equal(secret.data[0], 0);
}

/* What pk_secret_read_fd() makes of a pipe that these bytes were written to, in two pieces. */
static enum pk_status read_secret(const void *bytes, size_t len, struct pk_secret *ret)
{
    int ends[2];
    enum pk_status status;
    size_t half = len / 2;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], bytes, half), half);
    assert_int_equal(write(ends[1], (const uint8_t *)bytes + half, len - half), len - half);
    assert_int_equal(close(ends[1]), 0);
    status = pk_secret_read_fd(ends[0], ret);
    /* The descriptor stays open. */
    assert_true(fcntl(ends[0], F_GETFD) >= 0);
    assert_int_equal(close(ends[0]), 0);
    return status;
}

static void secrets_are_read_without_their_newline(void **state)
{
    static const struct {
        const char *written;
        size_t len;
        const char *read;
    } cases[] = {
        {"", 0, ""},           {"\n", 1, ""},         {"1234", 4, "1234"},
        {"1234\n", 5, "1234"}, {"12\n\n", 4, "12\n"}, {" 12 \n", 5, " 12 "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        PK_AUTO_SECRET struct pk_secret secret = {0};

        assert_int_equal(read_secret(cases[i].written, cases[i].len, &secret), PK_OK);
        assert_int_equal(secret.len, strlen(cases[i].read));
        assert_string_equal((const char *)secret.data, cases[i].read);
    }
}

static void a_nul_in_a_secret_is_kept(void **state)
{
    PK_AUTO_SECRET struct pk_secret secret = {0};

    (void)state;
    assert_int_equal(read_secret("1\0002", 3, &secret), PK_OK);
    assert_int_equal(secret.len, 3);
}

static void secrets_over_the_limit_are_refused_not_cut(void **state)
{
    uint8_t longest[PK_SECRET_MAX + 2];
    PK_AUTO_SECRET struct pk_secret secret = {0};
    struct pk_secret untouched = {0};

    (void)state;
    memset(longest, 'p', sizeof(longest));
    assert_int_equal(read_secret(longest, PK_SECRET_MAX, &secret), PK_OK);
    assert_int_equal(secret.len, PK_SECRET_MAX);
    assert_int_equal(read_secret(longest, PK_SECRET_MAX + 1, &untouched), PK_TOO_LARGE);
    assert_int_equal(read_secret(longest, PK_SECRET_MAX + 2, &untouched), PK_TOO_LARGE);
    assert_null(untouched.data);
}

static void a_secret_of_full_length_may_end_in_a_newline(void **state)
{
    uint8_t line[PK_SECRET_MAX + 1];
    PK_AUTO_SECRET struct pk_secret secret = {0};

    (void)state;
    memset(line, 'p', sizeof(line));
    line[PK_SECRET_MAX] = '\n';
    assert_int_equal(read_secret(line, sizeof(line), &secret), PK_OK);
    assert_int_equal(secret.len, PK_SECRET_MAX);
}

static void unreadable_descriptors_are_io_errors(void **state)
{
    PK_AUTO_SECRET struct pk_secret secret = {0};
    PK_AUTO_CLOSE int folder = open("/", O_RDONLY | O_DIRECTORY);

    (void)state;
    assert_int_equal(pk_secret_read_fd(-1, &secret), PK_IO);
    assert_int_equal(pk_secret_read_fd(folder, &secret), PK_IO);
    assert_null(secret.data);
}

static void random_bytes_differ(void **state)
{
    uint8_t a[300] = {0};
    uint8_t b[300] = {0};
    size_t zeros = 0;

    (void)state;
    pk_random(a, sizeof(a));
    pk_random(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    for (size_t i = 0; i < sizeof(a); i++)
        zeros += a[i] == 0;
    assert_true(zeros < 30);
    pk_random(a, 0);
}

static void stealing_empties_the_owner(void **state)
{
    PK_AUTO_FREE char *owner = strdup("abc");
    char *before = owner;
    PK_AUTO_FREE char *thief = pk_steal(owner);
    int fd = 7;

    (void)state;
    assert_ptr_equal(thief, before);
    assert_null(owner);
    assert_int_equal(pk_steal_fd(&fd), 7);
    assert_int_equal(fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_length_and_content),
        cmocka_unit_test(differences_do_not_cancel_out),
        cmocka_unit_test(copies_own_their_bytes),
        cmocka_unit_test(secrets_end_in_nul_and_have_a_limit),
        cmocka_unit_test(secrets_are_read_without_their_newline),
        cmocka_unit_test(a_nul_in_a_secret_is_kept),
        cmocka_unit_test(secrets_over_the_limit_are_refused_not_cut),
        cmocka_unit_test(a_secret_of_full_length_may_end_in_a_newline),
        cmocka_unit_test(unreadable_descriptors_are_io_errors),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(stealing_empties_the_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
