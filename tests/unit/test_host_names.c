/* SPDX-License-Identifier: BSD-2-Clause */
/* What is recorded as the id of a host: a domain name of its own, or one that was made for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/host_names.h"
#include "tests/unit/scratch.h"

#include <string.h>

static const char *canonical; /* what the name service says */
static unsigned lookups;

static char *lookup(const char *name)
{
    (void)name;
    lookups++;
    return canonical ? strdup(canonical) : NULL;
}

static char *id_of(const char *name, const char *machine_id)
{
    char folder[SCRATCH_PATH_MAX];
    PK_AUTO_FREE char *path = NULL;
    struct host_names names = host_names_of(name, lookup);
    char *id = NULL;

    scratch_new(folder);
    path = pk_text_format("%s/machine-id", folder);
    if (machine_id)
        scratch_write(folder, "machine-id", machine_id, strlen(machine_id));
    assert_int_equal(host_id(&names, path, &id), PK_OK);
    scratch_remove(folder);
    return id;
}

static void full_names_are_ids(void **state)
{
    static const char *const rows[][3] = {
        /* gethostname(2), the name service, the id */
        {"web1.example.org", NULL, "web1.example.org"},
        {"Web1.Example.org.", "other.example.net", "web1.example.org"},
        {"web1", "web1.example.org", "web1.example.org"},
        {"web1", "Web1.Example.ORG.", "web1.example.org"},
        {"web1.localdomain", "web1.example.org", "web1.example.org"},
        {"b\xc3\xbcro.example.de", NULL, "xn--bro-hoa.example.de"},
        {"b\xc3\xbcro", "b\xc3\xbcro.example.de", "xn--bro-hoa.example.de"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        PK_AUTO_FREE char *id = NULL;

        canonical = rows[i][1];
        id = id_of(rows[i][0], NULL);
        assert_string_equal(id, rows[i][2]);
    }
}

#define MACHINE_ID "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
/* printf 'passkeyd: id of the default relying party' |
 *     openssl dgst -sha256 -hmac 0a1b2c3d4e5f60718293a4b5c6d7e8f9, the first half of it */
#define GENERATED "7d14e2b079e2bb0a878efd10b6d4d4be.passkeyd.invalid"

static void other_names_are_not(void **state)
{
    static const char *const names[] = {
        "(none)",      "my_laptop", "web1.",   "10.0.0.5", "localhost", "b\xc3\xbcro",
        "deb12box",    "",          "b\xfcro", "com",      "-x",        "localhost.localdomain",
        "web1.invalid"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        static const char *const answers[] = {NULL, "localhost", "my_laptop.example.org",
                                              "10.0.0.5"};

        for (size_t j = 0; j < sizeof(answers) / sizeof(answers[0]); j++) {
            PK_AUTO_FREE char *id = NULL;

            canonical = answers[j];
            id = id_of(names[i], MACHINE_ID "\n");
            assert_string_equal(id, GENERATED);
        }
    }
}

static void without_a_machine_id_it_is_random(void **state)
{
    static const char *const unfit[] = {NULL,
                                        "",
                                        "uninitialized\n",
                                        "00000000000000000000000000000000\n",
                                        "0a1b2c3d4e5f60718293a4b5c6d7e8f90",
                                        "0A1B2C3D4E5F60718293A4B5C6D7E8F9\n"};

    (void)state;
    canonical = NULL;
    for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
        PK_AUTO_FREE char *first = id_of("deb12box", unfit[i]);
        PK_AUTO_FREE char *second = id_of("deb12box", unfit[i]);

        assert_string_not_equal(first, second);
        assert_int_equal(strlen(first), strlen(GENERATED));
        assert_string_not_equal(first, GENERATED);
    }
}

/* A name that cannot be a domain name is asked of nobody; a good one need not be. */
static void the_name_service_is_asked_when_it_helps(void **state)
{
    struct host_names names;

    (void)state;
    canonical = "web1.example.org";
    lookups = 0;
    (void)host_names_of("(none)", lookup);
    (void)host_names_of("web1.example.org", lookup);
    assert_int_equal(lookups, 0);
    names = host_names_of("web1", lookup);
    assert_int_equal(lookups, 1);
    assert_string_equal(names.full, "web1.example.org");
    assert_string_equal(names.first, "web1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_names_are_ids),
        cmocka_unit_test(other_names_are_not),
        cmocka_unit_test(without_a_machine_id_it_is_random),
        cmocka_unit_test(the_name_service_is_asked_when_it_helps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
