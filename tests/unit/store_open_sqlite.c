/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/store_fixture.h"

const bool store_is_file = true;

struct store *open_store(const char *folder)
{
    struct store *store = NULL;
    const char *why = NULL;

    if (store_sqlite_open(folder, &store, &why) != PK_OK)
        fail_msg("%s", why);
    return store;
}

void end_store(void)
{
}
