/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/configure.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/keys/keys.h"
#include "daemon/config/config.h"
#include "daemon/daemon.h"
#include "daemon/jobs/jobs.h"
#include "daemon/store/store.h"

#include <ctype.h>
#include <netdb.h>
#include <string.h>

#define RP_ID_KEY "rp-id"

/* The host's full name in lower case, or as much of it as can be found. */
static enum pk_status full_host_name(char ret[PK_RP_ID_MAX + 1])
{
    const struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const struct pk_host_name name = pk_host_name();
    const char *full = name.text;

    if (name.text[0] == '\0')
        return PK_UNAVAILABLE;
    if (!strchr(full, '.') && getaddrinfo(full, NULL, &hints, &found) == 0 && found->ai_canonname &&
        strchr(found->ai_canonname, '.') && strlen(found->ai_canonname) <= PK_RP_ID_MAX)
        full = found->ai_canonname;
    for (size_t i = 0;; i++) {
        ret[i] = (char)tolower((unsigned char)full[i]);
        if (full[i] == '\0')
            break;
    }
    if (found)
        freeaddrinfo(found);
    return PK_OK;
}

/* Recorded at first start: a later change of the host's name must not invalidate passkeys. */
static enum pk_status recorded_rp_id(struct store *store, char **ret_id)
{
    PK_AUTO_BYTES struct pk_bytes stored = {0};
    char name[PK_RP_ID_MAX + 1];
    enum pk_status status = store->verbs->get(store, RP_ID_KEY, &stored);

    if (status == PK_OK) {
        *ret_id = strndup((const char *)stored.data, stored.len);
        return *ret_id ? PK_OK : PK_NO_MEMORY;
    }
    if (status != PK_NOT_FOUND)
        return status;
    status = full_host_name(name);
    if (!status)
        status = store->verbs->put(store, RP_ID_KEY, pk_view_string(name));
    if (status)
        return status;
    pk_log(LOG_NOTICE,
           "recorded \"%s\", the default relying party's id where the configuration sets none",
           name);
    return pk_text_copy(name, ret_id);
}

static enum pk_status add_once(struct pk_strings *strings, const char *item)
{
    return pk_strings_include(strings, item) ? PK_OK : pk_strings_add(strings, item);
}

/*
 * This host's own names, if the configuration gives none. A configured RP id is not among them: it
 * may be the domain of many hosts, each of which could then relay answers that were meant for
 * another.
 */
static enum pk_status complete_ssh_hosts(struct rp_config *rp, const char *recorded)
{
    char full[PK_RP_ID_MAX + 1] = "", first[PK_RP_ID_MAX + 1];
    enum pk_status status = PK_OK;

    if (rp->ssh_hosts.count > 0)
        return PK_OK;
    rp->ssh_loopback = true;
    if (recorded)
        status = pk_strings_add(&rp->ssh_hosts, recorded);
    if (status || full_host_name(full))
        return status;
    (void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(full, "."), full);
    status = add_once(&rp->ssh_hosts, full);
    return status ? status : add_once(&rp->ssh_hosts, first);
}

/* Sets the recorded id for the default relying party, and its default origin. */
static enum pk_status complete_id(struct rp_config *rp, const char *rp_id)
{
    PK_AUTO_FREE char *origin = NULL;

    rp->id = strdup(rp_id);
    if (!rp->id)
        return PK_NO_MEMORY;
    if (rp->origins.count > 0)
        return PK_OK;
    origin = pk_text_format("https://%s", rp_id);
    return origin ? pk_strings_add(&rp->origins, origin) : PK_NO_MEMORY;
}

/* Fills in what the relying parties' sections leave open. */
static enum pk_status complete_config(struct config *config, const char *rp_id)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < config->rp_count && !status; i++) {
        struct rp_config *rp = &config->rps[i];
        bool recorded = strcmp(rp->name, "default") == 0 && !rp->id;

        status = complete_ssh_hosts(rp, recorded ? rp_id : NULL);
        if (!status && recorded)
            status = complete_id(rp, rp_id);
    }
    return status;
}

/* Takes the configuration into use; the loop alone reads it. */
static void use_config(struct daemon *daemon, struct config *config)
{
    if (daemon->config)
        config_free(daemon->config);
    daemon->config = config;
    daemon->keys_setup->program = config->authenticator_program;
    daemon->keys_setup->insert_timeout = config->insert_timeout;
    daemon->keys_setup->touch_timeout = config->touch_timeout;
    for (size_t i = 0; i < config->warnings.count; i++)
        pk_log(LOG_WARNING, "%s", config->warnings.items[i]);
    pk_log_set_debug(config->debug);
}

static enum pk_status complete(struct config *config, const char *rp_id, char **ret_why)
{
    enum pk_status status = complete_config(config, rp_id);

    if (status)
        *ret_why = pk_text_format("relying party id: %s", pk_status_name(status));
    return status;
}

enum pk_status daemon_configure(struct daemon *daemon, char **ret_why)
{
    struct config *config = NULL;
    enum pk_status status = config_load(daemon->config_path, &config, ret_why);

    if (status)
        return status;
    status = recorded_rp_id(daemon->store, &daemon->rp_id);
    if (status)
        *ret_why = pk_text_format("relying party id: %s", pk_status_name(status));
    else
        status = complete(config, daemon->rp_id, ret_why);
    if (status)
        config_free(config);
    else
        use_config(daemon, config);
    return status;
}

/* --- again ------------------------------------------------------------------------------------ */

struct reload {
    struct job job;
    struct daemon *daemon; /* its path and the recorded id do not change any more */
    struct config *config;
    char *why;
};

/* Files, certificates and the host's name may all be far away. */
static enum pk_status read_again(struct job *job)
{
    struct reload *reload = (struct reload *)job;
    enum pk_status status = config_load(reload->daemon->config_path, &reload->config, &reload->why);

    return status ? status : complete(reload->config, reload->daemon->rp_id, &reload->why);
}

static void reloaded(struct job *job, enum pk_status status)
{
    struct reload *reload = (struct reload *)job;
    struct daemon *daemon = reload->daemon;

    if (status) {
        pk_log(LOG_ERR, "configuration kept as it was: %s",
               reload->why ? reload->why : pk_status_name(status));
    } else {
        use_config(daemon, pk_steal(reload->config));
        pk_log(LOG_INFO, "configuration read again");
    }
    daemon->reloading = false;
    if (daemon->reload_again)
        daemon_reload(daemon);
}

static void reload_release(struct job *job)
{
    struct reload *reload = (struct reload *)job;

    if (reload->config)
        config_free(reload->config);
    free(reload->why);
    free(reload);
}

void daemon_reload(struct daemon *daemon)
{
    static const struct job_step steps[] = {{JOB_WORKER, read_again}, {0}};
    static const struct job_plan plan = {steps, reloaded, reload_release};
    struct reload *reload = NULL;

    /* What is being read may be older than this signal. */
    daemon->reload_again = daemon->reloading;
    if (daemon->reloading)
        return;
    reload = calloc(1, sizeof(*reload));
    if (!reload) {
        pk_log(LOG_ERR, "configuration kept as it was: out of memory");
        return;
    }
    reload->daemon = daemon;
    daemon->reloading = true;
    job_start(daemon->jobs, &reload->job, &plan, 0);
}
