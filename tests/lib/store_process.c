/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store in a process of its own that needs no server: the SQLite store behind the socket, under
 * the name of another kind.
 *
 *     store_process FOLDER SOCKET KIND USER
 */
#include "common/base/text.h"
#include "store/server/server.h"
#include "store/sqlite/sqlite.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

static const char *kind;
static enum pk_status (*sqlite_state)(struct store *store, struct store_state *ret);

static enum pk_status state(struct store *store, struct store_state *ret)
{
    enum pk_status status = sqlite_state(store, ret);

    if (status)
        return status;
    free(ret->kind);
    return pk_text_copy(kind, &ret->kind);
}

int main(int argc, char **argv)
{
    const struct passwd *user = argc == 5 ? getpwnam(argv[4]) : NULL;
    struct store_verbs verbs;
    struct store *store = NULL;
    const char *why = "";
    char *server_why = NULL;

    if (!user) {
        (void)fprintf(stderr, "usage: store_process FOLDER SOCKET KIND USER\n");
        return EXIT_FAILURE;
    }
    kind = argv[3];
    if (store_sqlite_open(argv[1], &store, &why)) {
        (void)fprintf(stderr, "%s\n", why);
        return EXIT_FAILURE;
    }
    verbs = *store->verbs;
    sqlite_state = verbs.state;
    verbs.state = state;
    store->verbs = &verbs;
    if (store_server_run(store,
                         &(struct store_server_setup){.socket = argv[2], .daemon = user->pw_uid},
                         &server_why)) {
        (void)fprintf(stderr, "%s\n", server_why ? server_why : "?");
        return EXIT_FAILURE;
    }
    store->verbs->close(store);
    return EXIT_SUCCESS;
}
