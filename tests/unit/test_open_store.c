/* SPDX-License-Identifier: BSD-2-Clause */
/* Which store the configuration names, and that its failures are said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/open_store.h"
#include "store/store.h"
#include "tests/unit/scratch.h"

#include <string.h>
#include <sys/stat.h>

static void by_default_it_is_a_file(void **state)
{
    const struct config config = {.store_kind = STORE_SQLITE};
    char folder[SCRATCH_PATH_MAX];
    PK_AUTO_FREE char *why = NULL;
    PK_AUTO_FREE char *path = NULL;
    struct store *store = NULL;
    struct stat info;

    (void)state;
    scratch_new(folder);
    path = pk_text_format("%s/passkeyd.db", folder);
    assert_false(is_shared_store(&config));
    assert_int_equal(open_store(&config, folder, &store, &why), PK_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_null(store->verbs->ceremony_add);
    store->verbs->close(store);
    scratch_remove(folder);
    assert_int_equal(open_store(&config, folder, &store, &why), PK_STORAGE);
    assert_non_null(strstr(why, "No such file or directory"));
}

/* It is not asked yet: nobody has to be there. */
static void a_network_store_is_another_process(void **state)
{
    static const struct {
        enum store_kind kind;
        bool ceremonies;
        const char *usual;
    } cases[] = {
        {STORE_LDAP, false, "/run/passkey-store-ldap/socket"},
        {STORE_POSTGRESQL, true, "/run/passkey-store-postgresql/socket"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int own = 0; own < 2; own++) {
            const struct config config = {.store_kind = cases[i].kind,
                                          .store_socket = own ? (char[]){"/nowhere/s"} : NULL};
            AUTO_STORE_STATE struct store_state shown = {0};
            PK_AUTO_FREE char *why = NULL;
            struct store *store = NULL;

            assert_true(is_shared_store(&config));
            assert_int_equal(open_store(&config, "/nowhere", &store, &why), PK_OK);
            assert_int_equal(store->verbs->ceremony_add != NULL, cases[i].ceremonies);
            assert_int_equal(store->verbs->state(store, &shown), PK_STORAGE);
            assert_non_null(strstr(store_error(), own ? "/nowhere/s: " : cases[i].usual));
            store->verbs->close(store);
        }
    }
}

static void a_path_that_is_too_long(void **state)
{
    char path[200] = "/";
    const struct config config = {.store_kind = STORE_LDAP, .store_socket = path};
    PK_AUTO_FREE char *why = NULL;
    struct store *store = NULL;

    (void)state;
    memset(path + 1, 'x', sizeof(path) - 2);
    assert_int_equal(open_store(&config, "/nowhere", &store, &why), PK_CONFIG);
    assert_non_null(strstr(why, "is too long for a socket"));
    assert_null(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_default_it_is_a_file),
        cmocka_unit_test(a_network_store_is_another_process),
        cmocka_unit_test(a_path_that_is_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
