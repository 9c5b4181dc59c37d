/* SPDX-License-Identifier: BSD-2-Clause */
/* org.passkeyd.Credentials1: the passkeys of an account, its recovery codes, and tickets. */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/accounts/account.h"
#include "daemon/accounts/log_names.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/accounts/subject.h"
#include "daemon/auth/decision.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/config/policy.h"

#include <fcntl.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORD_MAX     256

static void fail_store(const struct daemon *daemon, struct call *call, enum pk_status status)
{
    pk_log(LOG_ERR, "[%s] store: %s: %s", call->id, pk_status_name(status), daemon->store->error);
    call_fail(call, PK_BUS_ERROR_STORAGE_FAILURE, "the credential store failed");
}

static bool is_system(const struct daemon *daemon, const struct account *account)
{
    const struct rp_config *rp = config_rp(daemon->config, account->rp);

    return account->uid != PK_NO_UID && (!rp || rp->system_accounts);
}

/* --- List ------------------------------------------------------------------------------------- */

static const struct member list_members[] = {{"rp", "s", WORD_MAX}};

static void answer_list(struct daemon *daemon, struct call *call,
                        const struct credential_filter *filter)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    enum pk_status status = daemon->store->verbs->list(daemon->store, filter, &list);
    json_t *array = json_array();
    struct value result = value_body();
    PK_AUTO_FREE char *text = NULL;

    for (size_t i = 0; i < list.count && !status; i++) {
        const struct credential *item = &list.items[i];

        if (json_array_append_new(array, passkey_json(item, is_system(daemon, &item->account))))
            status = PK_NO_MEMORY;
    }
    text = json_text(array);
    if (status || !text) {
        fail_store(daemon, call, status);
        return;
    }
    value_add_text(&result, 's', text);
    call_reply(call, &result);
}

void credentials_list(struct daemon *daemon, struct call *call)
{
    const char *user = call->arguments.items[0].text;
    const struct value *filter_argument = &call->arguments.items[1];
    const char *rp = value_find_text(filter_argument, "rp", NULL);
    struct credential_filter filter = {.rp = rp && rp[0] ? rp : NULL};

    if (!call_check(call, filter_argument, list_members, COUNT(list_members)))
        return;
    /* Orphans may be somebody else's of the same uid; root looks after them. */
    filter.living = call->uid != 0;
    if (call->uid != 0)
        filter.uid = &call->uid; /* also those under an earlier name of the account */
    else if (user[0])
        filter.account_name = user;
    answer_list(daemon, call, &filter);
}

/* --- Rename and Remove ------------------------------------------------------------------------ */

/*
 * Finds the account's credential by its id; on a failure the call has been answered with an error.
 * Root may also name an account that does not exist any more: its passkeys authenticate nothing but
 * can be removed.
 */
static enum pk_status find_credential(struct daemon *daemon, struct call *call,
                                      struct credential_list *ret, struct pk_bytes *ret_id)
{
    const char *user = call->arguments.items[0].text;
    const char *text = call->arguments.items[1].text;
    enum pk_status status = pk_base64url_decode(pk_view_string(text), PK_CREDENTIAL_ID_MAX, ret_id);
    bool is_owner;

    if (status || ret_id->len == 0) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "credential_id must be base64url");
        return PK_INVALID_INPUT;
    }
    status = daemon->store->verbs->list(
        daemon->store,
        &(struct credential_filter){.credential_id = pk_view_of(ret_id), .living = call->uid != 0},
        ret);
    if (status) {
        fail_store(daemon, call, status);
        return status;
    }
    is_owner =
        ret->count == 1 && (call->uid == 0 || ret->items[0].account.uid == call->uid) &&
        ((user[0] == '\0' && call->uid != 0) || strcmp(ret->items[0].account.name, user) == 0);
    if (is_owner)
        return PK_OK;
    call_fail(call, PK_BUS_ERROR_UNKNOWN_CREDENTIAL, "the account has no such passkey");
    return PK_NOT_FOUND;
}

/* new_name NULL: it was removed. */
static void log_change(const struct call *call, const struct credential *credential,
                       const char *new_name)
{
    PK_AUTO_FREE char *passkey = log_credential(credential);
    PK_AUTO_FREE char *user = log_name(credential->account.name);
    PK_AUTO_FREE char *new_quoted = new_name ? log_quoted(new_name) : NULL;
    PK_AUTO_FREE char *by = decision_caller(call, NULL);

    pk_log(LOG_NOTICE, "[%s] passkey %s of %s (%s) %s%s, %s", call->id, passkey ? passkey : "?",
           user ? user : "?", credential->account.rp, new_name ? "renamed to " : "removed",
           new_quoted ? new_quoted : "", by ? by : "?");
}

static void answer_change(struct daemon *daemon, struct call *call, const char *new_name,
                          const struct credential *credential, enum pk_status status)
{
    struct value empty = value_body();

    if (status == PK_NAME_TAKEN) {
        reply_verdict_error(call, status, "");
    } else if (status == PK_NOT_FOUND) {
        call_fail(call, PK_BUS_ERROR_UNKNOWN_CREDENTIAL, "the account has no such passkey");
    } else if (status) {
        fail_store(daemon, call, status);
    } else {
        log_change(call, credential, new_name);
        call_reply(call, &empty);
    }
}

void credentials_rename(struct daemon *daemon, struct call *call)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    PK_AUTO_BYTES struct pk_bytes id = {0};
    const char *name = call->arguments.items[2].text;

    if (!policy_credential_name_valid(name)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "a name is 1 to 64 bytes of printable text");
        return;
    }
    if (find_credential(daemon, call, &list, &id) == PK_OK)
        answer_change(daemon, call, name, &list.items[0],
                      daemon->store->verbs->rename(daemon->store, &list.items[0].account,
                                                   pk_view_of(&id), name));
}

void credentials_remove(struct daemon *daemon, struct call *call)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    PK_AUTO_BYTES struct pk_bytes id = {0};

    if (find_credential(daemon, call, &list, &id) == PK_OK)
        answer_change(
            daemon, call, NULL, &list.items[0],
            daemon->store->verbs->remove(daemon->store, &list.items[0].account, pk_view_of(&id)));
}

/* --- recovery codes and tickets --------------------------------------------------------------- */

/* A pipe that holds the secret and whose writing end is closed; -1: no descriptor, or too large. */
static int secret_pipe(const struct pk_secret *secret)
{
    int ends[2];
    ssize_t written;

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return -1;
    written = write(ends[1], secret->data, secret->len);
    (void)close(ends[1]);
    /* The reading end is made blocking, which readers expect. */
    if (written == (ssize_t)secret->len && fcntl(ends[0], F_SETFL, 0) == 0)
        return ends[0];
    (void)close(ends[0]);
    return -1;
}

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

static void give_codes(struct call *call, const struct account *account,
                       const struct pk_secret *codes)
{
    PK_AUTO_SECRET struct pk_secret lines = {0};
    struct value result = value_body();
    int fd = join_codes(codes, &lines) == PK_OK ? secret_pipe(&lines) : -1;

    log_given(call, account, "new recovery codes, which replace all earlier ones,");
    if (fd < 0) {
        call_fail(call, PK_BUS_ERROR_INTERNAL, "out of memory or descriptors; make them again");
        return;
    }
    value_add_fd(&result, fd);
    call_reply(call, &result);
}

/*
 * The account's row, made if it is not there: what is given out is void when the account is gone.
 */
static enum pk_status make_account(struct daemon *daemon, struct subject *subject,
                                   struct account *ret)
{
    struct store *store = daemon->store;
    const struct account *account = &subject->account;

    subject_find_source(subject);
    return store->verbs->account(store, account->rp, account->name, account->uid,
                                 account->listed ? ACCOUNT_CREATE_LISTED : ACCOUNT_CREATE, ret);
}

void credentials_create_recovery_codes(struct daemon *daemon, struct call *call)
{
    struct pk_secret codes[PK_RECOVERY_CODES] = {{0}};
    AUTO_SUBJECT struct subject subject = {0};
    struct account account = {0};
    const struct subject_request request = methods_subject(call, NULL);
    enum pk_status status = subject_resolve(daemon->config, &request, &subject);

    if (status) {
        reply_subject_error(call, status);
        return;
    }
    status = make_account(daemon, &subject, &account);
    if (!status)
        status = recovery_codes_create(daemon->store, &account, codes);
    if (status)
        fail_store(daemon, call, status);
    else
        give_codes(call, &account, codes);
    account_clear(&account);
    for (size_t i = 0; i < PK_RECOVERY_CODES; i++)
        pk_secret_clear(&codes[i]);
}

static const struct member ticket_members[] = {{"rp", "s", WORD_MAX}, {"lifetime", "u", 0}};

static void give_ticket(struct daemon *daemon, struct call *call, struct subject *subject,
                        uint32_t lifetime)
{
    int64_t expires = pk_clock_now() + (lifetime > 0 ? lifetime : daemon->config->ticket_lifetime);
    PK_AUTO_SECRET struct pk_secret ticket = {0};
    AUTO_ACCOUNT struct account account = {0};
    struct value result = value_body();
    enum pk_status status = make_account(daemon, subject, &account);
    int fd;

    if (!status)
        status = ticket_create(daemon->store, &subject->account, expires, &ticket);

    if (status) {
        fail_store(daemon, call, status);
        return;
    }
    fd = secret_pipe(&ticket);
    if (fd < 0) {
        call_fail(call, PK_BUS_ERROR_INTERNAL, "out of descriptors");
        return;
    }
    log_given(call, &subject->account, "an enrolment ticket");
    value_add_fd(&result, fd);
    value_add_number(&result, 't', (uint64_t)expires);
    call_reply(call, &result);
}

void credentials_create_ticket(struct daemon *daemon, struct call *call)
{
    const struct value *options = &call->arguments.items[1];
    AUTO_SUBJECT struct subject subject = {0};
    struct subject_request request;
    enum pk_status status;
    uint32_t lifetime;

    if (!call_check(call, options, ticket_members, COUNT(ticket_members)))
        return;
    lifetime = value_find_number(options, "lifetime");
    if (value_find(options, "lifetime") &&
        (lifetime < PK_TICKET_LIFETIME_MIN || lifetime > PK_TICKET_LIFETIME_MAX)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "the lifetime of a ticket is 60 to 86400 seconds");
        return;
    }
    request = methods_subject(call, value_find_text(options, "rp", NULL));
    status = subject_resolve(daemon->config, &request, &subject);
    if (status)
        reply_subject_error(call, status);
    else
        give_ticket(daemon, call, &subject, lifetime);
}

/* --- orphans ---------------------------------------------------------------------------------- */

static const struct member adopt_members[] = {{"rp", "s", WORD_MAX}};

static void answer_adopt(struct daemon *daemon, struct call *call, const struct account *account,
                         enum pk_status status, size_t count)
{
    struct value result = value_body();

    if (status == PK_NOT_FOUND) {
        call_fail(call, PK_BUS_ERROR_NO_CREDENTIALS, "nothing of this name is orphaned");
    } else if (status == PK_NAME_TAKEN) {
        reply_verdict_error(call, status, "");
    } else if (status) {
        fail_store(daemon, call, status);
    } else {
        log_given(call, account, "what earlier accounts of that name left");
        value_add_number(&result, 'u', count);
        call_reply(call, &result);
    }
}

void credentials_adopt(struct daemon *daemon, struct call *call)
{
    const struct value *options = &call->arguments.items[1];
    AUTO_SUBJECT struct subject subject = {0};
    struct subject_request request;
    size_t count = 0;
    enum pk_status status;

    if (!call_check(call, options, adopt_members, COUNT(adopt_members)))
        return;
    request = methods_subject(call, value_find_text(options, "rp", NULL));
    status = subject_resolve(daemon->config, &request, &subject);
    if (!status && subject.account.uid == PK_NO_UID)
        status = PK_UNKNOWN_USER;
    if (status) {
        reply_subject_error(call, status);
        return;
    }
    subject_find_source(&subject);
    status = daemon->store->verbs->adopt(daemon->store, &subject.account, &count);
    answer_adopt(daemon, call, &subject.account, status, count);
}
