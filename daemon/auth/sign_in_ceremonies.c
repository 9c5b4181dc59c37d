/* SPDX-License-Identifier: BSD-2-Clause */
/* The ceremonies of a sign-in: one for each RP id that a road asks for. */
#include "daemon/auth/sign_in_roads.h"
#include "daemon/config/policy.h"

#include <string.h>

struct ceremony *sign_in_take(struct sign_in *sign_in, const struct group *group)
{
    return ceremonies_take(sign_in->daemon->ceremonies, group->id,
                           conversation_uid(sign_in->conversation), PK_AUTHENTICATION,
                           daemon_monotonic());
}

const struct ceremony *sign_in_peek(const struct sign_in *sign_in, const struct group *group)
{
    return ceremonies_peek(sign_in->daemon->ceremonies, group->id);
}

void sign_in_drop(struct sign_in *sign_in, struct groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        struct ceremony *ceremony = sign_in_take(sign_in, &groups->items[i]);

        if (ceremony)
            ceremony_free(ceremony);
        free(groups->items[i].rp_id);
    }
    free(groups->items);
    *groups = (struct groups){0};
}

static enum pk_status name_account(const struct sign_in *sign_in, const char *rp_id,
                                   struct ceremony *ceremony)
{
    const struct account *account = &sign_in->subject.account;

    free(ceremony->requirements.rp_id);
    ceremony->requirements.rp_id = strdup(rp_id);
    ceremony->account.rp = strdup(sign_in->rp);
    ceremony->account.uid = account->uid;
    if (account->name)
        ceremony->account.name = strdup(account->name);
    return ceremony->requirements.rp_id && ceremony->account.rp &&
                   (!account->name || ceremony->account.name)
               ? PK_OK
               : PK_NO_MEMORY;
}

static enum pk_status add_credentials(const struct credential_list *credentials, const char *rp_id,
                                      struct pk_requirements *requirements)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < credentials->count && !status; i++) {
        const struct credential *credential = &credentials->items[i];

        if (strcmp(credential->rp_id, rp_id) != 0)
            continue;
        status = pk_requirements_add_credential(requirements, pk_view_of(&credential->record.id),
                                                credential->transports);
        if (!status && requirements->user_handle.len == 0)
            status = pk_bytes_copy(pk_view_of(&credential->record.user_handle),
                                   &requirements->user_handle);
    }
    return status;
}

/* The requirements of one group: policy's, with the credentials' own RP id. */
static enum pk_status demand(const struct sign_in *sign_in, const char *rp_id, bool over_ssh,
                             struct ceremony *ceremony)
{
    const struct config *config = sign_in->daemon->config;
    const struct rp_config *rp = config_rp(config, sign_in->rp);
    const struct authentication_request request = {
        .user_given = sign_in->subject.account.name != NULL,
        .user_verification = sign_in->user_verification,
        .now = daemon_now(),
    };
    const char *why = "";
    enum pk_status status;

    if (!rp) /* a reload took it away */
        return PK_UNAVAILABLE;
    status = policy_authentication(rp, config_service(config, sign_in->service), &request,
                                   &ceremony->requirements, &why);
    if (!status && over_ssh) {
        pk_strings_clear(&ceremony->requirements.origins);
        status = policy_ssh_origins(rp, sign_in->rhost, &ceremony->requirements.origins);
    }
    if (status)
        return status;
    ceremony->system_account = rp->system_accounts;
    return name_account(sign_in, rp_id, ceremony);
}

enum pk_status sign_in_begin(struct sign_in *sign_in, const struct credential_list *credentials,
                             const char *rp_id, bool over_ssh, struct groups *groups)
{
    PK_CLEANUP(ceremony_free)
    struct ceremony *ceremony = ceremony_new(conversation_id(sign_in->conversation),
                                             conversation_uid(sign_in->conversation));
    struct group *items = reallocarray(groups->items, groups->count + 1, sizeof(*items));
    const struct context context = sign_in_context(sign_in);
    enum pk_status status;

    if (items)
        groups->items = items;
    if (!ceremony || !items)
        return PK_NO_MEMORY;
    status = demand(sign_in, rp_id, over_ssh, ceremony);
    if (!status)
        status = add_credentials(credentials, rp_id, &ceremony->requirements);
    if (!status)
        status = ceremony_bind(ceremony, &context);
    if (!status)
        status = ceremonies_add(sign_in->daemon->ceremonies, ceremony, daemon_monotonic(),
                                SIGN_IN_TIMEOUT_MAX, sign_in->daemon->config->challenges_per_user);
    if (status)
        return status;
    (void)memcpy(items[groups->count].id, ceremony->id, UUID_SIZE);
    ceremony = NULL; /* the table's now */
    items[groups->count].rp_id = strdup(rp_id);
    return items[groups->count++].rp_id ? PK_OK : PK_NO_MEMORY;
}
