/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PASSKEYD_TEST_STORE is the socket of a store process that runs already, and
 * PASSKEYD_TEST_STORE_RESET the command that empties it before each test. Without them a child of
 * this process serves the SQLite store of the test's folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/store_fixture.h"

#include "common/base/text.h"
#include "store/remote/remote.h"
#include "store/server/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const bool store_is_file = false;

static pid_t server;
static char emptied_for[SCRATCH_PATH_MAX];

static _Noreturn void serve(const char *folder, const char *path)
{
    const struct store_server_setup setup = {.socket = path, .daemon = getuid()};
    struct store *store = NULL;
    const char *why = "";
    char *server_why = NULL;

    if (store_sqlite_open(folder, &store, &why) != PK_OK ||
        store_server_run(store, &setup, &server_why) != PK_OK) {
        (void)fprintf(stderr, "%s\n", server_why ? server_why : why);
        _exit(EXIT_FAILURE);
    }
    store->verbs->close(store);
    _exit(EXIT_SUCCESS);
}

/* By asking: until its socket is there nobody answers. */
static struct store *connect_to(const char *path, bool ceremonies)
{
    const struct remote_setup setup = {.path = path, .ceremonies = ceremonies};
    struct store_state state = {0};
    struct store *store = NULL;

    assert_int_equal(store_remote_open(&setup, &store), PK_OK);
    while (store->verbs->state(store, &state) != PK_OK) {
        int status;

        if (server > 0 && waitpid(server, &status, WNOHANG) != 0)
            fail_msg("the store's process has ended: %s", store_error());
        if (server == 0)
            fail_msg("%s", store_error());
    }
    store_state_clear(&state);
    return store;
}

static void empty_once(const char *folder)
{
    const char *command = getenv("PASSKEYD_TEST_STORE_RESET");

    if (strcmp(emptied_for, folder) == 0)
        return;
    (void)snprintf(emptied_for, sizeof(emptied_for), "%s", folder);
    if (command && system(command) != 0) /* NOLINT(cert-env33-c): the test's own command */
        fail_msg("%s", command);
}

struct store *open_store(const char *folder)
{
    const char *path = getenv("PASSKEYD_TEST_STORE");
    char own[SCRATCH_PATH_MAX + 16];

    if (path) {
        empty_once(folder);
        return connect_to(path, getenv("PASSKEYD_TEST_STORE_CEREMONIES") != NULL);
    }
    end_store();
    (void)snprintf(own, sizeof(own), "%s/socket", folder);
    server = fork();
    assert_true(server >= 0);
    if (server == 0)
        serve(folder, own);
    return connect_to(own, false);
}

void end_store(void)
{
    int status = 0;

    if (server <= 0)
        return;
    assert_int_equal(kill(server, SIGTERM), 0);
    assert_int_equal(waitpid(server, &status, 0), server);
    server = 0;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}
