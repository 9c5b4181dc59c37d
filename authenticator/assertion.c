/* SPDX-License-Identifier: BSD-2-Clause */
/* GET_ASSERTION: authenticatorGetAssertion (CTAP 2.1 section 6.2) or U2F authentication. */
#include "authenticator/attestation_object.h"
#include "authenticator/ceremony.h"

/* What is asked of the key once it is known which credential to use. */
struct assertion_task {
    const struct pk_assertion_request *request;
    const char *rp_id; /* the request's, or its appid */
    struct credential_list list;
    fido_assert_t *answer;
};

/* One question with at most a list of the credentials, from *at on; *at moves behind them. */
static int assert_batch(struct key *key, bool uv, const char *pin, struct assertion_task *task,
                        size_t *at)
{
    PK_CLEANUP(free_assert) fido_assert_t *assertion = fido_assert_new();
    struct list_load load = {0};
    int error;

    if (!assertion)
        return FIDO_ERR_INTERNAL;
    error = fido_assert_set_rp(assertion, task->rp_id);
    if (error == FIDO_OK)
        error = fido_assert_set_clientdata_hash(assertion, task->request->client_data_hash,
                                                PK_HASH_SIZE);
    if (error == FIDO_OK && uv)
        error = fido_assert_set_uv(assertion, FIDO_OPT_TRUE);
    for (; error == FIDO_OK && *at < task->list.count; (*at)++) {
        struct pk_view id = pk_view_of(&task->list.items[*at].id);

        if (!id_fits(&key->info, id))
            continue;
        if (!list_takes(&key->info, id, &load))
            break;
        error = fido_assert_allow_cred(assertion, id.ptr, id.len);
    }
    if (error == FIDO_OK && load.count == 0 && task->list.count > 0)
        return FIDO_ERR_NO_CREDENTIALS;
    if (error == FIDO_OK)
        error = fido_dev_get_assert(key->device, assertion, pin);
    if (error == FIDO_OK) {
        fido_assert_free(&task->answer);
        task->answer = pk_steal(assertion);
    }
    return error;
}

static int run_assertion(struct key *key, bool uv, const char *pin, void *context)
{
    struct assertion_task *task = context;
    size_t at = 0;
    int error;

    do
        error = assert_batch(key, uv, pin, task, &at);
    while (error == FIDO_ERR_NO_CREDENTIALS && at < task->list.count);
    return error;
}

/* The silent check: which credential to ask for, under which of the two names. */
static enum pk_status find_credential(struct key *key, struct assertion_task *task)
{
    const struct pk_assertion_request *request = task->request;
    size_t found = 0;
    enum pk_status status = key_find(key, task->rp_id, &task->list, &found);

    if (status == PK_NO_MATCH && request->appid && request->allow_count > 0) {
        status = key_find(key, request->appid, &task->list, &found);
        if (status == PK_OK)
            task->rp_id = request->appid;
    }
    if (status == PK_OK && task->list.count > 0)
        task->list = (struct credential_list){&request->allow[found], 1};
    return status;
}

/*
 * What the silent check means. That a key found nothing is a hint: one with credProtect says so of
 * a credential that it shows to a verified user only, and others before they have been touched.
 */
static enum pk_status judge(const struct key *key, const struct pk_assertion_request *request,
                            enum pk_status found, bool *ret_uncertain)
{
    bool hides = key->info.cred_protect && (key->info.pin_set || key->info.uv_set);
    bool discoverable = request->allow_count == 0;

    *ret_uncertain = false;
    if (discoverable && !key->info.ctap2)
        return PK_NO_MATCH;
    if (found == PK_PIN_REQUIRED) {
        *ret_uncertain = true;
        return PK_OK;
    }
    if (found == PK_NO_MATCH && key->info.ctap2) {
        *ret_uncertain = true;
        return discoverable && hides ? PK_OK : PK_NO_MATCH;
    }
    return found;
}

static enum pk_status copy_answer(const struct assertion_task *task, size_t i,
                                  struct pk_assertion_answer *ret)
{
    const fido_assert_t *from = task->answer;
    struct pk_view id = {fido_assert_id_ptr(from, i), fido_assert_id_len(from, i)};
    struct pk_view data = {fido_assert_authdata_ptr(from, i), fido_assert_authdata_len(from, i)};
    struct pk_view signature = {fido_assert_sig_ptr(from, i), fido_assert_sig_len(from, i)};
    struct pk_view user = {fido_assert_user_id_ptr(from, i), fido_assert_user_id_len(from, i)};
    enum pk_status status;

    /* CTAP 2.1 section 6.2.2: the id may be left out when one credential was asked for. */
    if (id.len == 0 && task->list.count == 1)
        id = pk_view_of(&task->list.items[0].id);
    if (id.len == 0 || id.len > PK_CREDENTIAL_ID_MAX || signature.len == 0 ||
        signature.len > PK_SIGNATURE_MAX || user.len > PK_USER_HANDLE_MAX)
        return PK_DEVICE_ERROR;
    status = byte_string_unwrap(data, PK_AUTH_DATA_MAX, &ret->authenticator_data);
    if (status == PK_OK)
        status = pk_bytes_copy(id, &ret->credential_id);
    if (status == PK_OK)
        status = pk_bytes_copy(signature, &ret->signature);
    return status == PK_OK ? pk_bytes_copy(user, &ret->user_handle) : status;
}

static enum pk_status copy_answers(const struct assertion_task *task, struct pk_frame *ret)
{
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_ASSERTION};
    size_t count = fido_assert_count(task->answer);

    if (count == 0)
        return PK_DEVICE_ERROR;
    if (count > PK_CREDENTIAL_LIST_MAX)
        count = PK_CREDENTIAL_LIST_MAX;
    frame.assertion.items = calloc(count, sizeof(*frame.assertion.items));
    if (!frame.assertion.items)
        return PK_NO_MEMORY;
    frame.assertion.count = count;
    for (size_t i = 0; i < count; i++) {
        enum pk_status status = copy_answer(task, i, &frame.assertion.items[i]);

        if (status != PK_OK)
            return status;
    }
    *ret = frame;
    frame = (struct pk_frame){0};
    return PK_OK;
}

/* The silent check, the person's part, and the answer. */
static enum pk_status checked(struct key *key, struct assertion_task *task)
{
    const struct pk_assertion_request *request = task->request;
    const struct operation operation = {run_assertion, task};
    enum verification verification = VERIFY_NOT;
    bool required = request->user_verification == PK_REQUIRED || key->info.always_uv;
    bool uncertain;
    enum pk_status able =
        choose_for_assertion(&key->info, request->user_verification, &verification);
    enum pk_status status = judge(key, request, find_credential(key, task), &uncertain);

    if (able != PK_OK) {
        status = status == PK_OK ? able : status;
        uncertain = false;
    }
    if (uncertain && request->hidden &&
        choose_for_assertion(&key->info, PK_REQUIRED, &verification) == PK_OK)
        required = true;
    status = ceremony_checked(key, status, uncertain);
    return status == PK_OK ? ceremony_run(key, verification, required, &operation) : status;
}

/* --- a key that has just shown it ------------------------------------------------------------- */

/* Whether the touch may be asked for at once: nothing but a touch is wanted of the key then. */
static bool needs_no_check(const struct key *key, const struct pk_assertion_request *request)
{
    enum verification verification = VERIFY_NOT;

    return request->known && !request->hidden && request->allow_count == 1 && !request->appid &&
           key->info.ctap2 && request->user_verification != PK_REQUIRED && !key->info.always_uv &&
           id_fits(&key->info, pk_view_of(&request->allow[0].id)) &&
           choose_for_assertion(&key->info, request->user_verification, &verification) == PK_OK &&
           verification == VERIFY_NOT;
}

/* Whether the key said no, for a reason that the silent check tells from others. */
static bool is_open(const struct key *key, enum pk_status status)
{
    return key->hid.trouble == PK_OK && key->error > 0 &&
           (status == PK_PIN_REQUIRED || status == PK_DEVICE_ERROR || status == PK_UNSUPPORTED);
}

/*
 * Without the silent check. A key that refuses has not shown the credential: the caller has it
 * asked anew, with the check, before anybody is asked for its PIN.
 */
static enum pk_status unchecked(struct key *key, struct assertion_task *task)
{
    const struct operation operation = {run_assertion, task};
    enum pk_status status = ceremony_checked(key, PK_OK, false);

    if (status == PK_OK)
        status = ceremony_touch(key, &operation);
    return is_open(key, status) ? PK_NO_MATCH : status;
}

enum pk_status get_assertion(struct key *key, const struct pk_assertion_request *request,
                             struct pk_frame *ret)
{
    struct assertion_task task = {
        .request = request,
        .rp_id = request->rp_id,
        .list = {request->allow, request->allow_count},
    };
    enum pk_status status =
        needs_no_check(key, request) ? unchecked(key, &task) : checked(key, &task);

    if (status == PK_OK)
        status = copy_answers(&task, ret);
    fido_assert_free(&task.answer);
    return status;
}
