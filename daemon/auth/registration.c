/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/registration.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/bus/request.h"
#include "daemon/config/passkey_name.h"
#include "daemon/verify/credential.h"

#include <string.h>

struct registration {
    struct request request;
    struct registration_begin begin;
    registration_begun *begun;
    uint8_t ticket[PK_HASH_SIZE]; /* begin.ticket points to it */
    struct pk_strings hints;
    char *rp;
    char *account; /* begin.account points to it */
    struct subject_request who;
    struct subject subject;
    struct account user;  /* begin.user points to it */
    struct account owner; /* and begin.owner to this */
    struct ceremony *ceremony;
    const char *why; /* the reason of policy_registration() */
    size_t existing; /* credentials of the account */
};

/* --- its steps -------------------------------------------------------------------------------- */

static enum pk_status find_subject(struct job *job)
{
    struct registration *registration = (struct registration *)job;

    if (registration->begin.user)
        return account_copy(&registration->user, &registration->subject.account);
    return subject_find(&registration->who, &registration->subject);
}

static enum pk_status check_ticket(struct job *job)
{
    struct registration *registration = (struct registration *)job;
    struct store *store = registration->request.daemon->store;
    const struct account *account = &registration->subject.account;

    if (registration->begin.ticket.len == 0)
        return PK_OK;
    return store->verbs->ticket_check(store, registration->begin.ticket, account->rp, account->name,
                                      account->uid, pk_clock_now());
}

/* A user is shown by the names that the application gave before, where it gives none now. */
static void add_stored_names(struct registration *registration)
{
    struct registration_request *wish = &registration->begin.wish;
    const struct account *user = registration->begin.user;

    if (!user)
        return;
    if (!wish->user_name)
        wish->user_name = user->user_name;
    if (!wish->display_name)
        wish->display_name = user->display_name;
    if (!wish->icon)
        wish->icon = user->icon;
}

/* What the configuration and the caller demand. */
static enum pk_status apply_policy(struct job *job)
{
    struct registration *registration = (struct registration *)job;
    const struct call *call = request_call(&registration->request);
    const struct config *config = registration->request.daemon->config;
    const struct rp_config *rp = config_rp(config, registration->rp);
    struct registration_request *wish = &registration->begin.wish;
    struct ceremony *ceremony;
    enum pk_status status;

    if (!rp) /* removed by a reload */
        return PK_NOT_FOUND;
    ceremony = registration->ceremony = ceremony_new(call->id, call->uid);
    if (!ceremony)
        return PK_NO_MEMORY;
    wish->account_name = registration->subject.account.name;
    wish->account_full_name = registration->subject.full_name;
    add_stored_names(registration);
    wish->now = pk_clock_now();
    status = policy_registration(rp, wish, &ceremony->requirements, &registration->why);
    ceremony->system_account = rp->system_accounts;
    ceremony->max_credentials = config->credentials_per_account;
    if (!status && wish->name) /* which policy has found to be one */
        status = passkey_name_read(wish->name, &ceremony->credential_name);
    if (!status && registration->begin.ticket.len > 0)
        status = pk_bytes_copy(registration->begin.ticket, &ceremony->ticket);
    return status;
}

/*
 * Checks the account's credentials against the limit and the new name, and makes the exclude list.
 */
static enum pk_status check_existing(struct job *job)
{
    struct registration *registration = (struct registration *)job;
    struct ceremony *ceremony = registration->ceremony;
    struct store *store = registration->request.daemon->store;
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    enum pk_status status;

    subject_find_source(&registration->subject);
    status = subject_credentials(store, &registration->subject, NULL, &list);

    if (status)
        return status;
    registration->existing = list.count;
    if (list.count >= ceremony->max_credentials)
        return PK_LIMIT_EXCEEDED;
    /* A gateway's name gets a number when it is taken. */
    if (ceremony->credential_name && !registration->begin.user &&
        credential_name_is_taken(&list, ceremony->credential_name))
        return PK_NAME_TAKEN;
    if (registration->begin.no_exclude_list)
        return PK_OK;
    return credential_list_require(&list, ceremony->requirements.rp_id, &ceremony->requirements);
}

/* Whether the person has to prove to a directory who they are; before a key is touched in vain. */
static enum pk_status find_directory(struct job *job)
{
    struct registration *registration = (struct registration *)job;
    const struct store_verbs *verbs = registration->request.daemon->store->verbs;

    if (!registration->begin.can_ask || !verbs->insert_asks)
        return PK_OK;
    return verbs->insert_asks(registration->request.daemon->store, &registration->subject.account,
                              &registration->ceremony->directory);
}

/* What the wish says of the user, unless it is to stay what it was. */
static enum pk_status take_over(const char *wished, bool keeps, char **name)
{
    if (!wished || (keeps && *name))
        return PK_OK;
    free(*name);
    *name = NULL;
    return pk_text_copy(wished, name);
}

/*
 * Applications, and sign-in forms, ask for users by that name: by their own word nobody gets one
 * that somebody has.
 */
static enum pk_status is_anothers_name(struct registration *registration, bool *ret)
{
    struct store *store = registration->request.daemon->store;
    const struct account *user = &registration->subject.account;
    const struct user_filter filter = {.rp = user->rp,
                                       .user_name = registration->begin.wish.user_name};
    AUTO_ACCOUNT struct account found = {.uid = PK_NO_UID};
    enum pk_status status = PK_NOT_FOUND;

    if (filter.user_name && registration->begin.keeps_names && !registration->begin.own_label)
        status = store->verbs->user_find(store, &filter, &found, NULL);
    *ret = status == PK_OK && strcmp(found.name, user->name) != 0;
    return status == PK_NOT_FOUND ? PK_OK : request_stored(&registration->request, status);
}

/* Makes the user or takes over what the application says of them now, which policy has checked. */
static enum pk_status put_user(struct registration *registration)
{
    struct store *store = registration->request.daemon->store;
    struct account *user = &registration->subject.account;
    const struct registration_request *wish = &registration->begin.wish;
    const bool keeps = registration->begin.keeps_names;
    struct account stored = {0};
    bool taken = false;
    enum pk_status status = is_anothers_name(registration, &taken);

    if (!status && !taken && !registration->begin.own_label)
        status = take_over(wish->user_name, keeps, &user->user_name);
    if (!status)
        status = take_over(wish->display_name, keeps, &user->display_name);
    if (!status)
        status = take_over(wish->icon, keeps, &user->icon);
    if (!status)
        status =
            request_stored(&registration->request, store->verbs->user_put(store, user, &stored));
    if (status)
        return status;
    account_clear(user);
    *user = stored;
    return PK_OK;
}

static enum pk_status load_handle(struct job *job)
{
    struct registration *registration = (struct registration *)job;
    struct account *account = &registration->subject.account;
    struct ceremony *ceremony = registration->ceremony;
    struct store *store = registration->request.daemon->store;
    enum pk_status status = registration->begin.user
                                ? put_user(registration)
                                : subject_load_handle(store, &registration->subject);

    if (status == PK_INVALID_ARGUMENT)
        registration->why = "userId: at most 64 bytes, as it is the user handle here";
    if (!status)
        status =
            pk_bytes_copy(pk_view_of(&account->user_handle), &ceremony->requirements.user_handle);
    if (status)
        return status;
    ceremony->account = *account;
    *account = (struct account){.uid = PK_NO_UID}; /* moved */
    return ceremony_bind_act(ceremony, "enroll", ceremony->account.name);
}

/* --- the start -------------------------------------------------------------------------------- */

/* What the account has already; NULL: it is not that, or there is no memory. */
static char *explain_existing(const struct registration *registration, enum pk_status status)
{
    const struct ceremony *ceremony = registration->ceremony;
    PK_AUTO_FREE char *name = NULL;

    if (!ceremony)
        return NULL; /* nobody has looked yet */
    if (status == PK_NAME_TAKEN)
        name = pk_text_printable(ceremony->credential_name, PK_CREDENTIAL_NAME_MAX);
    if (name)
        return pk_text_format("the account has a passkey named \"%s\" already; choose another name",
                              name);
    if (status == PK_LIMIT_EXCEEDED && registration->existing >= ceremony->max_credentials)
        return pk_text_format("the account has as many passkeys as it may, %zu "
                              "(credentials-per-account in passkeyd.conf); remove one first",
                              registration->existing);
    return NULL;
}

static void finish(struct request *request, struct call *call, enum pk_status status)
{
    struct registration *registration = (struct registration *)request;
    PK_AUTO_FREE char *existing = explain_existing(registration, status);

    if (status)
        reply_registration_error(call, status, existing ? existing : registration->why);
    else
        registration->begun(request->daemon, call, pk_steal(registration->ceremony));
}

static void registration_clear(struct request *request)
{
    struct registration *registration = (struct registration *)request;

    pk_strings_clear(&registration->hints);
    free(registration->rp);
    free(registration->account);
    account_clear(&registration->user);
    account_clear(&registration->owner);
    subject_clear(&registration->subject);
    if (registration->ceremony)
        ceremony_free(registration->ceremony);
}

static enum pk_status copy_hints(const struct value *from, struct pk_strings *ret)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; from && i < from->count && !status; i++)
        status = pk_strings_add(ret, from->items[i].text);
    return status;
}

/* If accounts are the program's own, user_id names the account, and the call's user the caller. */
static enum pk_status prepare(struct registration *registration, const struct config *config,
                              const struct call *call)
{
    const struct registration_begin *begin = &registration->begin;
    struct subject_request *who = &registration->who;
    enum pk_status status;

    if (begin->user) {
        status = account_copy(begin->user, &registration->user);
        registration->begin.user = &registration->user;
        if (!status)
            status = pk_text_copy(registration->user.rp, &registration->rp);
        return status ? status : copy_hints(begin->hints, &registration->hints);
    }
    if (begin->owner) {
        status = account_copy(begin->owner, &registration->owner);
        if (status)
            return status;
        *who = (struct subject_request){.caller = registration->owner.uid,
                                        .name = registration->owner.name};
        registration->begin.owner = &registration->owner;
    } else {
        *who = methods_subject(call);
    }
    status = subject_set_rp(config, begin->rp, who, &registration->rp);
    if (status)
        return status;
    if (begin->account) {
        status = pk_text_copy(begin->account, &registration->account);
        registration->begin.account = registration->account;
        /* The ticket says whose it is; the caller is nobody. */
        *who = (struct subject_request){.caller = 0,
                                        .rp = who->rp,
                                        .system_accounts = who->system_accounts,
                                        .name = registration->account};
        if (status)
            return status;
    }
    if (!who->system_accounts && begin->user_id && begin->user_id[0]) {
        who->name = begin->user_id;
        who->found = NULL;
    }
    return copy_hints(begin->hints, &registration->hints);
}

void registration_begin(struct daemon *daemon, struct call *call,
                        const struct registration_begin *begin, registration_begun *begun)
{
    static const struct job_step steps[] = {
        {JOB_WORKER, find_subject},
        {JOB_WORKER, check_ticket},
        {JOB_LOOP, apply_policy},
        {JOB_WORKER, check_existing},
        {JOB_WORKER, find_directory},
        {JOB_WORKER, load_handle},
        {0},
    };
    static const struct request_plan plan = {steps, finish, registration_clear};
    struct registration *registration = calloc(1, sizeof(*registration));
    enum pk_status status = PK_OK;

    if (registration) {
        registration->begin = *begin;
        registration->begun = begun;
        registration->why = "";
        registration->begin.wish.hints = &registration->hints;
        if (begin->ticket.len == sizeof(registration->ticket)) {
            (void)memcpy(registration->ticket, begin->ticket.ptr, begin->ticket.len);
            registration->begin.ticket.ptr = registration->ticket;
        }
        status = prepare(registration, daemon->config, call);
    }
    if (!status) {
        request_start(daemon, call, (struct request *)registration, &plan);
        return;
    }
    registration_clear(&registration->request);
    free(registration);
    reply_subject_error(call, status);
}

static void checked(struct daemon *daemon, struct call *call, struct ceremony *ceremony)
{
    ceremony_free(ceremony);
    methods_authorize(daemon, call);
}

void registration_check(struct daemon *daemon, struct call *call,
                        const struct registration_begin *begin)
{
    registration_begin(daemon, call, begin, checked);
}
