/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gateway1.BeginOwn: a challenge that says what its answer does. Who asks to sign in by a name gets
 * the same for an account that is not there or has no passkeys: decoys. Root gets what a link to
 * sign in as root shows, too, and is refused once its answer has been verified.
 */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/accounts/decoy.h"
#include "daemon/accounts/subject.h"
#include "daemon/api/begun.h"
#include "daemon/api/gateway_own.h"
#include "daemon/auth/registration.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/config/policy.h"
#include "daemon/verify/credential.h"

#include <string.h>

#define SERVICE "passkey-gateway" /* of the context: what asks */

/* clang-format off */
const struct own_act_row own_acts[OWN_ACTS] = {
    [OWN_SIGN_IN] = {"sign-in", "page-sign-in", "authenticate", PK_AUTHENTICATION},
    [OWN_PROVE] = {"prove", "page-prove", "prove", PK_AUTHENTICATION},
    [OWN_REMOVE] = {"remove", "page-remove", "remove", PK_AUTHENTICATION},
    [OWN_REMOVE_LAST] = {"remove-last", "page-remove-last", "remove-last", PK_AUTHENTICATION},
    [OWN_ADD] = {"add", "page-add", "enroll", PK_REGISTRATION},
};
/* clang-format on */

bool own_act_find(const char *word, enum own_act *ret)
{
    for (size_t i = 0; i < OWN_ACTS; i++)
        if (strcmp(own_acts[i].word, word) == 0) {
            *ret = (enum own_act)i;
            return true;
        }
    return false;
}

struct beginning {
    struct own_request own;
    enum own_act act;
    struct ceremony *ceremony;  /* owned; NULL once it is in the table, and where it is none yet */
    struct subject_request who; /* sign-in: the name points into the call */
    struct pk_bytes object;
};

/* --- the ceremony ----------------------------------------------------------------------------- */

/* What is the pages' about a ceremony, and binds it to what its answer does. */
static enum pk_status bind(const struct beginning *beginning, struct ceremony *ceremony)
{
    const struct own_act_row *row = &own_acts[beginning->act];
    const struct pk_host_name host = pk_host_name();
    PK_AUTO_FREE char *object = pk_base64url_encode(pk_view_of(&beginning->object));
    enum pk_status status = object ? PK_OK : PK_NO_MEMORY;

    ceremony->gateway = true;
    /* Who has a session may begin as many as strangers: theirs must not keep others out. */
    ceremony->anonymous = true;
    ceremony->system_account = true;
    ceremony->page_session = beginning->own.session;
    (void)snprintf(ceremony->purpose, sizeof(ceremony->purpose), "%s", row->purpose);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&beginning->object), &ceremony->object);
    if (status)
        return status;
    return ceremony_bind(
        ceremony, &(struct context){.act = row->context,
                                    .user = ceremony->account.name ? ceremony->account.name : "",
                                    .service = SERVICE,
                                    .host = host.text,
                                    .tty = "",
                                    .rhost = "",
                                    .command = "",
                                    .target = object});
}

static enum pk_status set_origin(const struct rp_config *rp, struct ceremony *ceremony)
{
    pk_strings_clear(&ceremony->requirements.origins);
    return pk_strings_add(&ceremony->requirements.origins, rp->browser_origin);
}

/* Of an authentication: in the loop, before anything is looked up. */
static enum pk_status make_ceremony(struct beginning *beginning, const struct call *call,
                                    const struct rp_config *rp)
{
    const struct authentication_request request = {
        .user_given = beginning->act != OWN_SIGN_IN || *beginning->who.name,
        .now = beginning->own.gateway.now,
    };
    struct ceremony *ceremony = beginning->ceremony = ceremony_new(call->id, call->uid);
    enum pk_status status;

    if (!ceremony)
        return PK_NO_MEMORY;
    status =
        policy_authentication(rp, NULL, &request, &ceremony->requirements, &beginning->own.why);
    if (!status)
        status = set_origin(rp, ceremony);
    if (!status)
        status = pk_text_copy(rp->name, &ceremony->account.rp);
    ceremony->account.uid = PK_NO_UID;
    return status;
}

/* Allows the passkeys of the list that a browser can use here, but not that one. */
static enum pk_status allow(const struct beginning *beginning, const struct credential_list *list,
                            struct pk_view but)
{
    struct ceremony *ceremony = beginning->ceremony;
    struct pk_requirements *requirements = &ceremony->requirements;
    enum pk_status status = pk_bytes_copy(credential_list_handle(list, requirements->rp_id, false),
                                          &requirements->user_handle);

    for (size_t i = 0; i < list->count && !status; i++) {
        const struct credential *credential = &list->items[i];
        const struct pk_credential_record *record = &credential->record;

        if (strcmp(credential->rp_id, requirements->rp_id) != 0 ||
            pk_view_equal(pk_view_of(&record->id), but))
            continue;
        status = pk_requirements_add_credential(requirements, pk_view_of(&record->id),
                                                credential->transports);
    }
    return status;
}

/* --- steps: signing in ------------------------------------------------------------------------ */

static bool has_rp_id(const struct credential_list *list, const char *rp_id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].rp_id, rp_id) == 0)
            return true;
    return false;
}

/*
 * Decoys are made for everybody, so that the time is the same. The account of a ceremony that has
 * them is that of the name that was asked for, without a uid.
 */
static enum pk_status find_account(struct job *job)
{
    struct beginning *beginning = (struct beginning *)job;
    const struct daemon *daemon = beginning->own.gateway.request.daemon;
    struct ceremony *ceremony = beginning->ceremony;
    const char *rp_id = ceremony->requirements.rp_id;
    AUTO_SUBJECT struct subject subject = {0};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    AUTO_CREDENTIAL_LIST struct credential_list decoys = {0};
    const struct account asked = {.rp = ceremony->account.rp,
                                  .name = (char *)(uintptr_t)beginning->who.name,
                                  .uid = PK_NO_UID};
    bool unknown;
    enum pk_status status;

    if (!*beginning->who.name)
        return PK_OK;
    status = decoy_credentials(daemon->decoy_key, &asked, rp_id, true, &decoys);
    if (status)
        return status;
    status = subject_find(&beginning->who, &subject);
    unknown = status == PK_UNKNOWN_USER;
    if (unknown) /* whom the store is asked for as well */
        status = account_copy(&asked, &subject.account);
    if (!status)
        status = request_stored(&beginning->own.gateway.request,
                                subject_credentials(daemon->store, &subject, NULL, &list));
    if (status)
        return status;
    if (unknown || !has_rp_id(&list, rp_id)) {
        status = pk_text_copy(asked.name, &ceremony->account.name);
        return status ? status : allow(beginning, &decoys, (struct pk_view){0});
    }
    ceremony->account.uid = subject.account.uid;
    ceremony->account.name = pk_steal(subject.account.name);
    return allow(beginning, &list, (struct pk_view){0});
}

/* --- steps: of a session ---------------------------------------------------------------------- */

static enum pk_status find_object(struct job *job)
{
    struct beginning *beginning = (struct beginning *)job;
    const struct own_request *own = &beginning->own;
    struct ceremony *ceremony = beginning->ceremony;
    struct pk_view object = pk_view_of(&beginning->object);
    const bool last = beginning->act == OWN_REMOVE_LAST;
    const struct credential *credential;
    enum pk_status status = pk_text_copy(own->gateway.user.name, &ceremony->account.name);

    ceremony->account.uid = own->gateway.user.uid;
    if (status || beginning->act == OWN_PROVE)
        return status ? status : allow(beginning, &own->list, object);
    credential = own_find(own, object);
    if (!credential)
        return PK_NOT_FOUND;
    if (last != (own_others(own, object) == 0))
        return PK_NO_CREDENTIALS;
    if (!last)
        return allow(beginning, &own->list, object);
    return allow(beginning,
                 &(struct credential_list){(struct credential *)(uintptr_t)credential, 1},
                 (struct pk_view){0});
}

/* --- the end ---------------------------------------------------------------------------------- */

static void publish(struct daemon *daemon, struct call *call, struct beginning *beginning,
                    struct ceremony *ceremony)
{
    enum pk_status status = bind(beginning, ceremony);

    if (status) {
        ceremony_free(ceremony);
        own_fail(&beginning->own, call, status);
        return;
    }
    begun_publish(daemon, call, ceremony);
}

static void answer_begun(struct request *request, struct call *call, enum pk_status status)
{
    struct beginning *beginning = (struct beginning *)request;

    if (status)
        own_fail(&beginning->own, call, status);
    else
        publish(request->daemon, call, beginning, pk_steal(beginning->ceremony));
}

static void beginning_clear(struct request *request)
{
    struct beginning *beginning = (struct beginning *)request;

    if (beginning->ceremony)
        ceremony_free(beginning->ceremony);
    pk_bytes_clear(&beginning->object);
    own_request_clear(request);
}

/* --- adding one ------------------------------------------------------------------------------- */

/* The session may have ended meanwhile, or been signed out of: it is presented once more. */
static void addition_begun(struct daemon *daemon, struct call *call, struct ceremony *ceremony)
{
    const struct rp_config *rp = own_rp(daemon->config, call->arguments.items[0].text);
    struct own_request *own = own_request_new(daemon, call, sizeof(struct beginning), true);
    enum pk_status status;

    if (!own) {
        ceremony_free(ceremony);
        return;
    }
    status = set_origin(rp, ceremony);
    ((struct beginning *)own)->act = OWN_ADD;
    if (!status) {
        publish(daemon, call, (struct beginning *)own, ceremony);
    } else {
        ceremony_free(ceremony);
        own_fail(own, call, status);
    }
    beginning_clear(&own->gateway.request);
    free(own);
}

/* The call is handed on to registration_begin(), which looks the account up once more. */
static void begin_addition(struct request *request, struct call *call, enum pk_status status)
{
    struct own_request *own = (struct own_request *)request;
    const int64_t now = pk_clock_monotonic();
    const struct page_session *session =
        page_sessions_find(request->daemon->page_sessions, own->session, now);

    if (!status && !session)
        status = PK_NOT_SIGNED_IN;
    if (!status && !page_session_is_fresh(session, now))
        status = PK_DENIED;
    if (status) {
        own_fail(own, call, status);
        return;
    }
    registration_begin(
        request->daemon, call,
        &(struct registration_begin){.rp = own->gateway.party.rp,
                                     .wish = {.cred_props = true, .resident_key = "preferred"},
                                     .owner = &own->gateway.user},
        addition_begun);
}

/* --- the start -------------------------------------------------------------------------------- */

/* What is named: an account for a sign-in, a passkey for a removal, otherwise nothing. */
static enum pk_status read_object(struct beginning *beginning, const char *object)
{
    switch (beginning->act) {
    case OWN_SIGN_IN:
        beginning->who = (struct subject_request){
            .rp = beginning->own.gateway.party.rp, .system_accounts = true, .name = object};
        return strlen(object) <= PK_USER_NAME_MAX ? PK_OK : PK_INVALID_ARGUMENT;
    case OWN_REMOVE:
    case OWN_REMOVE_LAST:
        return *object ? pk_base64url_decode(pk_view_string(object), PK_CREDENTIAL_ID_MAX,
                                             &beginning->object)
                       : PK_INVALID_ARGUMENT;
    case OWN_PROVE:
    case OWN_ADD:
        break;
    }
    return *object ? PK_INVALID_ARGUMENT : PK_OK;
}

static void refuse(struct beginning *beginning, struct call *call, enum pk_status status)
{
    own_fail(&beginning->own, call,
             status == PK_INVALID_INPUT || status == PK_TOO_LARGE ? PK_INVALID_ARGUMENT : status);
    beginning_clear(&beginning->own.gateway.request);
    free(beginning);
}

void gateway_begin_own(struct daemon *daemon, struct call *call)
{
    static const struct job_step sign_in[] = {{JOB_WORKER, find_account}, {0}};
    static const struct job_step of_session[] = {
        {JOB_WORKER, own_check}, {JOB_WORKER, find_object}, {0}};
    static const struct job_step addition[] = {{JOB_WORKER, own_check}, {0}};
    static const struct request_plan plans[OWN_ACTS] = {
        [OWN_SIGN_IN] = {sign_in, answer_begun, beginning_clear},
        [OWN_PROVE] = {of_session, answer_begun, beginning_clear},
        [OWN_REMOVE] = {of_session, answer_begun, beginning_clear},
        [OWN_REMOVE_LAST] = {of_session, answer_begun, beginning_clear},
        [OWN_ADD] = {addition, begin_addition, beginning_clear},
    };
    enum own_act act;
    struct beginning *beginning;
    enum pk_status status;

    if (!own_act_find(call->arguments.items[2].text, &act)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "act: sign-in, prove, remove, remove-last or add");
        return;
    }
    beginning =
        (struct beginning *)own_request_new(daemon, call, sizeof(*beginning), act != OWN_SIGN_IN);
    if (!beginning)
        return;
    beginning->act = act;
    status = read_object(beginning, call->arguments.items[3].text);
    if (!status && act != OWN_ADD)
        status =
            make_ceremony(beginning, call, own_rp(daemon->config, beginning->own.gateway.party.rp));
    if (status)
        refuse(beginning, call, status);
    else
        request_start(daemon, call, &beginning->own.gateway.request, &plans[act]);
}
