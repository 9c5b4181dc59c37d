/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/configure.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/keys/keys.h"
#include "common/keys/messages.h"
#include "daemon/bus/gateway_user.h"
#include "daemon/config/config_check.h"
#include "daemon/config/domain.h"
#include "daemon/daemon.h"
#include "daemon/host_names.h"
#include "daemon/jobs/jobs.h"
#include "daemon/open_store.h"
#include "store/store.h"

#include <string.h>

#define RP_ID_KEY "rp-id"

/*
 * Whether a recorded id can be used at all. What earlier versions recorded need not be a domain,
 * and stays what it is, because passkeys may have been made with it; what is no text cannot have
 * been sent to a key.
 */
static bool is_recorded_id(struct pk_view stored)
{
    return stored.len > 0 && stored.len <= PK_RP_ID_MAX && pk_utf8_valid(stored) &&
           !memchr(stored.ptr, 0, stored.len);
}

static enum pk_status record_rp_id(struct daemon *daemon, const struct host_names *names)
{
    const struct pk_host_name own = pk_host_name();
    PK_AUTO_FREE char *id = NULL;
    enum pk_status status = host_id(names, MACHINE_ID_FILE, &id);

    if (!status)
        status = daemon->store->verbs->put(daemon->store, RP_ID_KEY, pk_view_string(id));
    if (status)
        return status;
    if (domain_examine(id) == DOMAIN_GENERATED)
        pk_log(LOG_NOTICE,
               "recorded \"%s\", made for this host, the default relying party's id where the "
               "configuration sets none: this host's name \"%s\" cannot be one",
               id, own.text);
    else
        pk_log(LOG_NOTICE,
               "recorded \"%s\", the default relying party's id where the configuration sets none",
               id);
    daemon->rp_id = pk_steal(id);
    return PK_OK;
}

/* Recorded at first start: a later change of the host's name must not invalidate passkeys. */
static enum pk_status recorded_rp_id(struct daemon *daemon, const struct host_names *names)
{
    PK_AUTO_BYTES struct pk_bytes stored = {0};
    enum pk_status status = daemon->store->verbs->get(daemon->store, RP_ID_KEY, &stored);

    if (status == PK_NOT_FOUND)
        return record_rp_id(daemon, names);
    if (status)
        return status;
    if (!is_recorded_id(pk_view_of(&stored))) {
        pk_log(LOG_WARNING, "the recorded id of the default relying party is no text: made anew");
        return record_rp_id(daemon, names);
    }
    daemon->rp_id = strndup((const char *)stored.data, stored.len);
    return daemon->rp_id ? PK_OK : PK_NO_MEMORY;
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
static enum pk_status complete_ssh_hosts(struct rp_config *rp, const struct host_names *names,
                                         const char *recorded)
{
    const char *const own[] = {recorded, names->full, names->first};
    enum pk_status status = PK_OK;

    if (rp->ssh_hosts.count > 0)
        return PK_OK;
    rp->ssh_loopback = true;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && !status; i++) {
        /* The loopback names are served as what they are; the others are nobody's. */
        if (own[i] && *own[i] && domain_examine(own[i]) != DOMAIN_SHARED &&
            domain_examine(own[i]) != DOMAIN_GENERATED)
            status = add_once(&rp->ssh_hosts, own[i]);
    }
    return status;
}

/* Sets the recorded id for the default relying party, and its default origin. */
static enum pk_status complete_id(struct rp_config *rp, const char *rp_id)
{
    PK_AUTO_FREE char *origin = NULL;

    rp->id = strdup(rp_id);
    if (!rp->id)
        return PK_NO_MEMORY;
    rp->id_recorded = true;
    if (rp->origins.count > 0)
        return PK_OK;
    origin = pk_text_format("https://%s", rp_id);
    return origin ? pk_strings_add(&rp->origins, origin) : PK_NO_MEMORY;
}

/* Once and here, because it reads a file. */
static void examine_id(struct rp_config *rp)
{
    enum domain_kind kind = domain_examine(rp->id);

    rp->id_problem = domain_kind_says(kind);
    rp->id_generated = rp->id_recorded && kind == DOMAIN_GENERATED;
}

/* Fills in what the relying parties' sections leave open. */
static enum pk_status complete_config(struct config *config, const struct host_names *names,
                                      const char *rp_id)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < config->rp_count && !status; i++) {
        struct rp_config *rp = &config->rps[i];
        bool recorded = strcmp(rp->name, "default") == 0 && !rp->id;

        status = complete_ssh_hosts(rp, names, recorded ? rp_id : NULL);
        if (!status && recorded)
            status = complete_id(rp, rp_id);
        if (!status)
            examine_id(rp);
    }
    return status;
}

/* Takes the configuration into use; the loop alone reads it. */
static void use_config(struct daemon *daemon, struct config *config)
{
    if (daemon->config)
        config_free(daemon->config);
    daemon->config = config;
    if (daemon->gateway_user)
        gateway_user_forget(daemon);
    daemon->keys_setup->program = config->authenticator_program;
    daemon->keys_setup->phone_program = config->phone.enabled ? config->phone.program : NULL;
    daemon->keys_setup->phone = &config->phone.setup;
    daemon->keys_setup->insert_timeout = config->insert_timeout;
    daemon->keys_setup->touch_timeout = config->touch_timeout;
    if (daemon->keys)
        pk_keys_changed(daemon->keys);
    for (size_t i = 0; i < config->warnings.count; i++)
        pk_log(LOG_WARNING, "%s", config->warnings.items[i]);
    pk_log_set_debug(config->debug);
}

/* For the log: what will not work, so that it is not searched for long. */
static enum pk_status warn_of_findings(struct config *config)
{
    struct config_findings findings = {0};
    enum pk_status status = config_check(config, "", &findings);
    const struct pk_strings *const both[] = {&findings.faults, &findings.warnings};

    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < both[i]->count && !status; j++)
            status = pk_strings_add(&config->warnings, both[i]->items[j]);
    config_findings_clear(&findings);
    return status;
}

/* For the log: an id that was recorded before ids were examined. */
static enum pk_status warn_of_ids(struct config *config)
{
    const struct rp_config *rp = config_rp(config, NULL);
    const char *says = rp->id_recorded ? rp->id_problem : NULL;
    PK_AUTO_FREE char *text = pk_text_format(
        "the recorded id \"%s\" of the default relying party %s; it is kept, because "
        "passkeys may be made with it",
        rp->id, says ? says : "");

    if (!says)
        return PK_OK;
    return text ? pk_strings_add(&config->warnings, text) : PK_NO_MEMORY;
}

/* What config_load() could not know: the recorded id. */
static enum pk_status check_browser_url(const struct config *config, char **ret_why)
{
    PK_AUTO_FREE char *problem = config_browser_problem(config_rp(config, NULL));

    if (!problem)
        return PK_OK;
    *ret_why = pk_text_format("[rp default] %s", problem);
    return PK_CONFIG;
}

static enum pk_status complete(struct config *config, const struct host_names *names,
                               const char *rp_id, char **ret_why)
{
    enum pk_status status = PK_CONFIG;

    /* A store of many hosts has recorded none for this one. */
    if (!config_rp(config, NULL)->id && !rp_id)
        *ret_why = strdup("[rp default] needs an id until passkeyd is started again, because "
                          "[store] was another one then");
    else
        status = complete_config(config, names, rp_id);
    if (!status)
        status = check_browser_url(config, ret_why);
    if (!status)
        status = warn_of_ids(config);
    if (!status)
        status = warn_of_findings(config);

    if (status && !*ret_why)
        *ret_why =
            pk_text_format("the relying party id cannot be kept: %s", pk_message_outcome(status));
    return status;
}

/* Where many hosts have the store, the configuration has the id, and the store need not be there.
 */
static enum pk_status find_rp_id(struct daemon *daemon, const struct config *config,
                                 const struct host_names *names, char **ret_why)
{
    enum pk_status status = is_shared_store(config) ? PK_OK : recorded_rp_id(daemon, names);

    if (status)
        *ret_why =
            pk_text_format("the relying party id cannot be kept: %s", pk_message_outcome(status));
    return status;
}

enum pk_status daemon_configure(struct daemon *daemon, const char *state_directory, char **ret_why)
{
    struct config *config = NULL;
    enum pk_status status = config_load(daemon->config_path, &config, ret_why);
    struct host_names names;

    if (status)
        return status;
    names = host_names_find();
    status = open_store(config, state_directory, &daemon->store, ret_why);
    if (!status)
        status = find_rp_id(daemon, config, &names, ret_why);
    if (!status)
        status = complete(config, &names, daemon->rp_id, ret_why);
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
    struct host_names names;

    if (status)
        return status;
    names = host_names_find();
    return complete(reload->config, &names, reload->daemon->rp_id, &reload->why);
}

static bool is_other_store(const struct config *old, const struct config *new)
{
    const char *old_socket = old->store_socket ? old->store_socket : "";
    const char *new_socket = new->store_socket ? new->store_socket : "";

    return old->store_kind != new->store_kind || strcmp(old_socket, new_socket) != 0;
}

/* What was opened at the start stays in use, and later comparisons are with that. */
static void keep_store(const struct config *old, struct config *new)
{
    char *socket = old->store_socket ? strdup(old->store_socket) : NULL;

    new->store_kind = old->store_kind;
    free(new->store_socket);
    new->store_socket = socket;
}

static void reloaded(struct job *job, enum pk_status status)
{
    struct reload *reload = (struct reload *)job;
    struct daemon *daemon = reload->daemon;

    if (!status && is_other_store(daemon->config, reload->config))
        pk_log(LOG_WARNING, "[store] is as it was until passkeyd is started again");
    if (status) {
        pk_log(LOG_ERR, "configuration kept as it was: %s",
               reload->why ? reload->why : pk_status_name(status));
    } else {
        keep_store(daemon->config, reload->config);
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
