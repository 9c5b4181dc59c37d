/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/open_store.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "store/remote/remote.h"
#include "store/sqlite/sqlite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SAID_AGAIN_SECONDS 60

static pthread_mutex_t saying = PTHREAD_MUTEX_INITIALIZER;
static char said[STORE_ERROR_SIZE];
static int64_t said_at;

/*
 * What people are told says that the log says why: whichever call it was, it is said here. Of one
 * that fails again and again it is said once a minute.
 */
static void say(const char *why)
{
    int64_t now = pk_clock_monotonic();
    bool again;

    (void)pthread_mutex_lock(&saying);
    again = strcmp(said, why) == 0 && now < said_at + SAID_AGAIN_SECONDS;
    if (!again) {
        (void)snprintf(said, sizeof(said), "%s", why);
        said_at = now;
    }
    (void)pthread_mutex_unlock(&saying);
    if (!again)
        pk_log(LOG_ERR, "the credential store failed: %s", why);
}

void limit_store_calls(void)
{
    store_set_deadline(pk_clock_monotonic_ms() + PK_STORE_JOB_MS);
}

bool is_shared_store(const struct config *config)
{
    return config->store_kind != STORE_SQLITE;
}

static enum pk_status open_remote(const struct config *config, struct store **ret_store,
                                  char **ret_why)
{
    const char *kind = config_store_name(config->store_kind);
    PK_AUTO_FREE char *usual = pk_text_format("/run/passkey-store-%s/socket", kind);
    const struct remote_setup setup = {
        .path = config->store_socket ? config->store_socket : usual,
        .kind = kind,
        .ceremonies = config->store_kind == STORE_POSTGRESQL,
    };
    enum pk_status status = usual ? store_remote_open(&setup, ret_store) : PK_NO_MEMORY;

    if (status != PK_TOO_LARGE)
        return status;
    *ret_why = pk_text_format("[store] socket: %s is too long for a socket", setup.path);
    return PK_CONFIG;
}

enum pk_status open_store(const struct config *config, const char *folder, struct store **ret_store,
                          char **ret_why)
{
    const char *why = "";
    enum pk_status status;

    if (is_shared_store(config)) {
        status = open_remote(config, ret_store, ret_why);
    } else {
        status = store_sqlite_open(folder, ret_store, &why);
        if (status)
            *ret_why = strdup(why ? why : "");
    }
    if (!status)
        store_report_by(say);
    return status;
}
