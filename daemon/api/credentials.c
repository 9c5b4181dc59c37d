/* SPDX-License-Identifier: BSD-2-Clause */
/* org.passkeyd.Credentials1: the passkeys of an account, its recovery codes, and tickets. */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "daemon/accounts/account.h"
#include "daemon/accounts/log_names.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/accounts/subject.h"
#include "daemon/api/making.h"
#include "daemon/api/tickets.h"
#include "daemon/auth/decision.h"
#include "daemon/bus/descriptors.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/bus/request.h"
#include "daemon/bus/secret_reader.h"
#include "daemon/config/passkey_name.h"
#include "daemon/verify/credential.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORD_MAX     256
#define ID_SHOWN     64 /* characters of a credential id that is not there */

/* root is told at once what the log says, such as which of a directory's servers is away. */
static void fail_store(const struct request *request, struct call *call, enum pk_status status)
{
    pk_log(LOG_ERR, "[%s] store: %s: %s", call->id, pk_status_name(status), request->store_error);
    if (call->uid == 0 && request->store_error[0])
        call_fail(call, PK_BUS_ERROR_STORAGE_FAILURE, "the credential store failed: %s",
                  request->store_error);
    else
        call_fail(call, PK_BUS_ERROR_STORAGE_FAILURE,
                  "the credential store failed; the system log of passkeyd says why");
}

/* --- List ------------------------------------------------------------------------------------- */

static const struct member list_members[] = {
    {"rp", "s", WORD_MAX}, {"limit", "u", 0}, {"offset", "u", 0}};

struct listing {
    struct request request;
    struct credential_filter filter; /* points into the call, and to uid */
    uid_t uid;
    struct credential_list list;
    size_t count;              /* how many it had */
    struct pk_strings foreign; /* relying parties whose accounts are not the host's */
    char *json;
};

static enum pk_status list_credentials(struct job *job)
{
    struct listing *listing = (struct listing *)job;
    struct store *store = listing->request.daemon->store;
    enum pk_status status = request_stored(
        &listing->request, store->verbs->list(store, &listing->filter, &listing->list));

    listing->count = listing->list.count;
    return status;
}

/*
 * A name that nobody has, or had, is told apart from an account without passkeys, or without more.
 */
static enum pk_status check_name(struct job *job)
{
    struct listing *listing = (struct listing *)job;
    AUTO_SYSTEM_ACCOUNT struct system_account found = {0};

    if (!listing->filter.account_name || listing->count > 0 || listing->filter.offset > 0)
        return PK_OK;
    return system_account_by_name(listing->filter.account_name, &found);
}

static enum pk_status make_json(struct job *job)
{
    struct listing *listing = (struct listing *)job;
    struct account_answer answer = {0};
    json_t *array = json_array();
    bool failed = false;

    for (size_t i = 0; i < listing->list.count && !failed; i++) {
        const struct credential *item = &listing->list.items[i];
        bool orphaned = subject_is_orphaned(&item->account, &listing->foreign, &answer);

        failed = json_array_append_new(array, passkey_json(item, orphaned)) != 0;
    }
    account_answer_clear(&answer);
    /* Here, because there may be many. */
    credential_list_clear(&listing->list);
    listing->json = json_text(array);
    return failed || !listing->json ? PK_NO_MEMORY : PK_OK;
}

static void answer_list(struct request *request, struct call *call, enum pk_status status)
{
    const struct listing *listing = (struct listing *)request;
    const char *rp = listing->filter.rp;
    struct value result = value_body();

    /* What was enrolled for a relying party that is not configured any more can be listed. */
    if (!status && rp && listing->count == 0 && listing->filter.offset == 0 &&
        !config_rp(request->daemon->config, rp))
        status = PK_NOT_FOUND;
    if (status == PK_NOT_FOUND || status == PK_UNKNOWN_USER || status == PK_UNAVAILABLE) {
        reply_subject_error(call, status);
        return;
    }
    if (status) {
        fail_store(request, call, status);
        return;
    }
    value_add_text(&result, 's', listing->json);
    call_reply(call, &result);
}

static void listing_clear(struct request *request)
{
    struct listing *listing = (struct listing *)request;

    credential_list_clear(&listing->list);
    pk_strings_clear(&listing->foreign);
    free(listing->json);
}

void credentials_list(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {
        {JOB_WORKER, list_credentials}, {JOB_WORKER, check_name}, {JOB_WORKER, make_json}, {0}};
    static const struct request_plan plan = {steps, answer_list, listing_clear};
    const char *user = call->arguments.items[0].text;
    const struct value *filter_argument = &call->arguments.items[1];
    struct listing *listing;
    const char *rp;

    if (!call_check(call, filter_argument, list_members, COUNT(list_members)))
        return;
    listing = calloc(1, sizeof(*listing));
    rp = value_find_text(filter_argument, "rp", NULL);
    if (listing) {
        listing->uid = call->uid;
        listing->filter.rp = rp && rp[0] ? rp : NULL;
        listing->filter.limit = value_find_number(filter_argument, "limit");
        if (listing->filter.limit > 0)
            listing->filter.offset = value_find_number(filter_argument, "offset");
        /* Orphans may be somebody else's of the same uid; root looks after them. */
        listing->filter.living = call->uid != 0;
        if (call->uid != 0)
            listing->filter.uid = &listing->uid; /* also under an earlier name of the account */
        else if (user[0])
            listing->filter.account_name = user;
        if (subject_foreign_rps(daemon->config, &listing->foreign)) {
            listing_clear(&listing->request);
            free(pk_steal(listing));
        }
    }
    request_start(daemon, call, (struct request *)listing, &plan);
}

/* --- Rename and Remove ------------------------------------------------------------------------ */

struct change {
    struct request request;
    char *new_name; /* owned; NULL: it is removed */
    bool check;     /* whether it could be made is all that is asked */
    struct pk_bytes id;
    struct credential_list list; /* the one credential */
};

/*
 * Finds the account's credential by its id. Root may also name an account that does not exist any
 * more: its passkeys authenticate nothing but can be removed.
 */
static enum pk_status find_credential(struct job *job)
{
    struct change *change = (struct change *)job;
    const struct call *call = request_call(&change->request);
    const char *user = call->arguments.items[0].text;
    struct store *store = change->request.daemon->store;
    const struct credential_filter filter = {.credential_id = pk_view_of(&change->id),
                                             .living = call->uid != 0};
    enum pk_status status =
        request_stored(&change->request, store->verbs->list(store, &filter, &change->list));
    const struct account *account;

    if (status)
        return status;
    if (change->list.count != 1)
        return PK_NOT_FOUND;
    account = &change->list.items[0].account;
    if ((call->uid == 0 || account->uid == call->uid) &&
        ((user[0] == '\0' && call->uid != 0) || strcmp(account->name, user) == 0))
        return PK_OK;
    return PK_NOT_FOUND;
}

/* Whether the new name is free: it may also be the one that the credential has. */
static enum pk_status check_new_name(struct job *job)
{
    struct change *change = (struct change *)job;
    struct store *store = change->request.daemon->store;
    const struct account *account = &change->list.items[0].account;
    const struct credential_filter filter = {
        .rp = account->rp, .account_name = account->name, .uid = &account->uid};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    enum pk_status status;

    if (!change->new_name || strcmp(change->list.items[0].name, change->new_name) == 0)
        return PK_OK;
    status = request_stored(&change->request, store->verbs->list(store, &filter, &list));
    return !status && credential_name_is_taken(&list, change->new_name) ? PK_NAME_TAKEN : status;
}

static void log_change(struct request *request, const struct call *call)
{
    const struct change *change = (struct change *)request;
    const struct credential *credential = &change->list.items[0];
    PK_AUTO_FREE char *passkey = log_credential(credential);
    PK_AUTO_FREE char *user = log_name(credential->account.name);
    PK_AUTO_FREE char *new_quoted = change->new_name ? log_quoted(change->new_name) : NULL;
    PK_AUTO_FREE char *by = decision_caller(call, NULL);

    pk_log(LOG_NOTICE, "[%s] passkey %s of %s (%s) %s%s, %s", call->id, passkey ? passkey : "?",
           user ? user : "?", credential->account.rp, change->new_name ? "renamed to " : "removed",
           new_quoted ? new_quoted : "", by ? by : "?");
}

static enum pk_status change_credential(struct job *job)
{
    struct change *change = (struct change *)job;
    struct store *store = change->request.daemon->store;
    const struct account *account = &change->list.items[0].account;
    struct pk_view id = pk_view_of(&change->id);

    return request_committed(&change->request,
                             change->new_name
                                 ? store->verbs->rename(store, account, id, change->new_name)
                                 : store->verbs->remove(store, account, id),
                             log_change);
}

static void answer_change(struct request *request, struct call *call, enum pk_status status)
{
    struct value empty = value_body();

    if (status == PK_NAME_TAKEN) {
        reply_verdict_error(call, status, "");
    } else if (status == PK_NOT_FOUND) {
        /* base64url: it has been decoded */
        call_fail(call, PK_BUS_ERROR_UNKNOWN_CREDENTIAL,
                  "the account has no passkey of the id \"%.*s\"; \"passkeyctl list\" shows them",
                  ID_SHOWN, call->arguments.items[1].text);
    } else if (status) {
        fail_store(request, call, status);
    } else if (((struct change *)request)->check) {
        methods_authorize(request->daemon, call);
    } else {
        call_reply(call, &empty);
    }
}

static void change_clear(struct request *request)
{
    struct change *change = (struct change *)request;

    free(change->new_name);
    pk_bytes_clear(&change->id);
    credential_list_clear(&change->list);
}

/*
 * new_name: taken over; NULL: it is removed. check: it stays as it is, and the call goes on to
 * polkit.
 */
static void start_change(struct daemon *daemon, struct call *call, char *new_name, bool check)
{
    static const struct job_step steps[] = {
        {JOB_WORKER, find_credential}, {JOB_WORKER, change_credential}, {0}};
    static const struct job_step check_steps[] = {
        {JOB_WORKER, find_credential}, {JOB_WORKER, check_new_name}, {0}};
    static const struct request_plan plan = {steps, answer_change, change_clear};
    static const struct request_plan check_plan = {check_steps, answer_change, change_clear};
    PK_AUTO_BYTES struct pk_bytes id = {0};
    PK_AUTO_FREE char *name = new_name;
    enum pk_status status = pk_base64url_decode(pk_view_string(call->arguments.items[1].text),
                                                PK_CREDENTIAL_ID_MAX, &id);
    struct change *change;

    if (status || id.len == 0) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "credential_id must be base64url");
        return;
    }
    change = calloc(1, sizeof(*change));
    if (change) {
        change->new_name = pk_steal(name);
        change->check = check;
        change->id = id;
        id = (struct pk_bytes){0}; /* moved */
    }
    request_start(daemon, call, (struct request *)change, check ? &check_plan : &plan);
}

static void rename_credential(struct daemon *daemon, struct call *call, bool check)
{
    const char *given = call->arguments.items[2].text;
    char *name = NULL;

    if (reply_name_error(call, given))
        return;
    if (passkey_name_read(given, &name))
        call_fail(call, PK_BUS_ERROR_INTERNAL, "%s", pk_message_outcome(PK_NO_MEMORY));
    else
        start_change(daemon, call, name, check);
}

void credentials_rename(struct daemon *daemon, struct call *call)
{
    rename_credential(daemon, call, false);
}

void credentials_check_rename(struct daemon *daemon, struct call *call)
{
    rename_credential(daemon, call, true);
}

void credentials_remove(struct daemon *daemon, struct call *call)
{
    start_change(daemon, call, NULL, false);
}

void credentials_check_remove(struct daemon *daemon, struct call *call)
{
    start_change(daemon, call, NULL, true);
}

/* --- recovery codes and tickets --------------------------------------------------------------- */

/* Joins the codes, one per line. */
static enum pk_status join_codes(const struct pk_secret *codes, struct pk_secret *ret)
{
    PK_AUTO_SECRET struct pk_secret lines = {0};
    size_t len = 0, used = 0;
    enum pk_status status;

    for (size_t i = 0; i < PK_RECOVERY_CODES; i++)
        len += codes[i].len + 1;
    status = pk_secret_new(len, &lines);
    if (status)
        return status;
    for (size_t i = 0; i < PK_RECOVERY_CODES; i++) {
        (void)memcpy(lines.data + used, codes[i].data, codes[i].len);
        used += codes[i].len;
        lines.data[used++] = '\n';
    }
    *ret = lines;
    lines = (struct pk_secret){0};
    return PK_OK;
}

static void log_given(const struct call *call, const struct account *account, const char *what)
{
    PK_AUTO_FREE char *user = log_name(account->name);
    PK_AUTO_FREE char *by = decision_caller(call, NULL);

    pk_log(LOG_NOTICE, "[%s] %s for %s (%s) given out, %s", call->id, what, user ? user : "?",
           account->rp, by ? by : "?");
}

static void give_codes(struct call *call, const struct pk_secret *codes)
{
    PK_AUTO_SECRET struct pk_secret lines = {0};
    struct value result = value_body();
    int fd = join_codes(codes, &lines) == PK_OK ? secret_pipe(&lines) : -1;

    if (fd < 0) {
        call_fail(call, PK_BUS_ERROR_INTERNAL, "out of memory or descriptors; make them again");
        return;
    }
    value_add_fd(&result, fd);
    call_reply(call, &result);
}

static void give_ticket(struct call *call, const struct pk_secret *ticket, int64_t expires)
{
    struct value result = value_body();
    int fd = secret_pipe(ticket);

    if (fd < 0) {
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "passkeyd has too many files open; try again in a moment");
        return;
    }
    value_add_fd(&result, fd);
    value_add_number(&result, 't', (uint64_t)expires);
    call_reply(call, &result);
}

/* A call that makes secrets for an account, or finds it some. */
struct giving {
    struct making making; /* must be first */
    struct pk_secret codes[PK_RECOVERY_CODES];
    size_t adopted; /* passkeys */
};

static void log_codes(struct request *request, const struct call *call)
{
    log_given(call, &((struct making *)request)->subject.account,
              "new recovery codes, which replace all earlier ones,");
}

static enum pk_status make_codes(struct job *job)
{
    struct giving *giving = (struct giving *)job;
    struct making *making = &giving->making;

    return request_committed(
        &making->request,
        recovery_codes_create(making->request.daemon->store, &making->account, giving->codes),
        log_codes);
}

static void log_ticket(struct request *request, const struct call *call)
{
    log_given(call, &((struct making *)request)->subject.account, "an enrolment ticket");
}

static enum pk_status make_ticket(struct job *job)
{
    struct making *making = (struct making *)job;

    return request_committed(&making->request,
                             ticket_create(making->request.daemon->store, &making->subject.account,
                                           making->expires, &making->ticket),
                             log_ticket);
}

static void fail_making(const struct request *request, struct call *call, enum pk_status status)
{
    if (status == PK_STORAGE)
        fail_store(request, call, status);
    else
        reply_subject_error(call, status);
}

static void answer_codes(struct request *request, struct call *call, enum pk_status status)
{
    const struct giving *giving = (struct giving *)request;

    if (status)
        fail_making(request, call, status);
    else
        give_codes(call, giving->codes);
}

static void answer_ticket(struct request *request, struct call *call, enum pk_status status)
{
    const struct making *making = (struct making *)request;

    if (status)
        fail_making(request, call, status);
    else
        give_ticket(call, &making->ticket, making->expires);
}

static void giving_clear(struct request *request)
{
    struct giving *giving = (struct giving *)request;

    for (size_t i = 0; i < PK_RECOVERY_CODES; i++)
        pk_secret_clear(&giving->codes[i]);
    making_clear(request);
}

static void start_giving(struct daemon *daemon, struct call *call, const char *rp, int64_t expires,
                         const struct request_plan *plan)
{
    struct giving *giving = calloc(1, sizeof(*giving));
    enum pk_status status = giving ? making_set(&giving->making, daemon, call, rp, expires) : PK_OK;

    if (status) {
        giving_clear(&giving->making.request);
        free(giving);
        reply_subject_error(call, status);
    } else {
        request_start(daemon, call, (struct request *)giving, plan);
    }
}

void credentials_create_recovery_codes(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, making_find_subject},
                                            {JOB_WORKER, making_make_account},
                                            {JOB_WORKER, make_codes},
                                            {0}};
    static const struct request_plan plan = {steps, answer_codes, giving_clear};

    start_giving(daemon, call, NULL, 0, &plan);
}

static const struct member ticket_members[] = {{"rp", "s", WORD_MAX}, {"lifetime", "u", 0}};

void credentials_create_ticket(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, making_find_subject},
                                            {JOB_WORKER, making_make_account},
                                            {JOB_WORKER, make_ticket},
                                            {0}};
    static const struct request_plan plan = {steps, answer_ticket, giving_clear};
    const struct value *options = &call->arguments.items[1];
    uint32_t lifetime;

    if (call_check(call, options, ticket_members, COUNT(ticket_members)) &&
        !reply_nobody_error(call) && ticket_lifetime(daemon, call, options, &lifetime))
        start_giving(daemon, call, value_find_text(options, "rp", NULL), pk_clock_now() + lifetime,
                     &plan);
}

/* --- orphans ---------------------------------------------------------------------------------- */

static const struct member adopt_members[] = {{"rp", "s", WORD_MAX}};

static void log_adopted(struct request *request, const struct call *call)
{
    log_given(call, &((struct making *)request)->subject.account,
              "what earlier accounts of that name left");
}

static enum pk_status adopt(struct job *job)
{
    struct giving *giving = (struct giving *)job;
    struct making *making = &giving->making;
    struct store *store = making->request.daemon->store;

    if (making->subject.account.uid == PK_NO_UID)
        return PK_UNKNOWN_USER;
    subject_find_source(&making->subject);
    return request_committed(&making->request,
                             store->verbs->adopt(store, &making->subject.account, &giving->adopted),
                             log_adopted);
}

static void answer_adopt(struct request *request, struct call *call, enum pk_status status)
{
    const struct giving *giving = (struct giving *)request;
    struct value result = value_body();

    if (status == PK_NOT_FOUND) {
        call_fail(
            call, PK_BUS_ERROR_NO_CREDENTIALS,
            "the account has no orphaned passkeys; \"passkeyctl list --all\" shows whose are");
    } else if (status == PK_NAME_TAKEN) {
        reply_verdict_error(call, status, "");
    } else if (status) {
        fail_making(request, call, status);
    } else {
        value_add_number(&result, 'u', giving->adopted);
        call_reply(call, &result);
    }
}

void credentials_adopt(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {
        {JOB_WORKER, making_find_subject}, {JOB_WORKER, adopt}, {0}};
    static const struct request_plan plan = {steps, answer_adopt, giving_clear};
    const struct value *options = &call->arguments.items[1];

    if (call_check(call, options, adopt_members, COUNT(adopt_members)) && !reply_nobody_error(call))
        start_giving(daemon, call, value_find_text(options, "rp", NULL), 0, &plan);
}
