/* SPDX-License-Identifier: BSD-2-Clause */
/* MAKE_CREDENTIAL: authenticatorMakeCredential (CTAP 2.1 section 6.1) or U2F registration. */
#include "authenticator/attestation_object.h"
#include "authenticator/ceremony.h"

#include "common/base/cleanup.h"

static void free_cred(fido_cred_t *cred)
{
    fido_cred_free(&cred);
}
PK_DEFINE_CLEANUP(fido_cred_t *, free_cred);

struct credential_task {
    const struct pk_credential_request *request;
    int32_t algorithms[PK_ALGORITHMS_MAX]; /* those worth trying */
    size_t algorithm_count;
    bool discoverable;
    fido_cred_t *answer;
};

static const char *or_null(const char *text)
{
    return text && *text ? text : NULL;
}

/*
 * The excluded credentials once more, as many as the key takes in one list: it also sees those that
 * credProtect hides from the silent check.
 */
static int set_exclude(const struct key *key, const struct pk_creation *creation, fido_cred_t *cred)
{
    struct list_load load = {0};
    int error = FIDO_OK;

    for (size_t i = 0; error == FIDO_OK && i < creation->exclude_count; i++) {
        struct pk_view id = pk_view_of(&creation->exclude[i].id);

        if (!id_fits(&key->info, id))
            continue;
        if (!list_takes(&key->info, id, &load))
            break;
        error = fido_cred_exclude(cred, id.ptr, id.len);
    }
    return error;
}

static int set_names(const struct pk_credential_request *request, fido_cred_t *cred)
{
    const struct pk_creation *creation = &request->creation;
    int error = fido_cred_set_clientdata_hash(cred, request->client_data_hash, PK_HASH_SIZE);

    if (error == FIDO_OK)
        error = fido_cred_set_rp(cred, creation->rp_id, or_null(creation->rp_name));
    if (error == FIDO_OK)
        error = fido_cred_set_user(cred, creation->user_handle.data, creation->user_handle.len,
                                   or_null(creation->user_name),
                                   or_null(creation->user_display_name), NULL);
    return error;
}

static int make_once(struct key *key, bool uv, const char *pin, struct credential_task *task,
                     int32_t algorithm)
{
    PK_CLEANUP(free_cred) fido_cred_t *cred = fido_cred_new();
    int error;

    if (!cred)
        return FIDO_ERR_INTERNAL;
    error = set_names(task->request, cred);
    if (error == FIDO_OK)
        error = fido_cred_set_type(cred, algorithm);
    if (error == FIDO_OK && task->discoverable)
        error = fido_cred_set_rk(cred, FIDO_OPT_TRUE);
    if (error == FIDO_OK && uv)
        error = fido_cred_set_uv(cred, FIDO_OPT_TRUE);
    if (error == FIDO_OK && task->request->creation.cred_protect > 0 && key->info.cred_protect)
        error = fido_cred_set_prot(cred, (int)task->request->creation.cred_protect);
    if (error == FIDO_OK)
        error = set_exclude(key, &task->request->creation, cred);
    if (error == FIDO_OK)
        error = fido_dev_make_cred(key->device, cred, pin);
    if (error == FIDO_OK) {
        fido_cred_free(&task->answer);
        task->answer = pk_steal(cred);
    }
    return error;
}

/* A key that does not list its algorithms refuses the ones it lacks before it asks for a touch. */
static int run_credential(struct key *key, bool uv, const char *pin, void *context)
{
    struct credential_task *task = context;
    int error = FIDO_ERR_UNSUPPORTED_ALGORITHM;

    for (size_t i = 0; error == FIDO_ERR_UNSUPPORTED_ALGORITHM && i < task->algorithm_count; i++)
        error = make_once(key, uv, pin, task, task->algorithms[i]);
    if (error == FIDO_ERR_KEY_STORE_FULL && task->discoverable &&
        task->request->creation.resident_key == PK_PREFERRED) {
        task->discoverable = false;
        return run_credential(key, uv, pin, task);
    }
    return error;
}

/* Whether the key can serve the request at all, and how; none of the excluded is on it. */
static enum pk_status check(struct key *key, struct credential_task *task,
                            enum verification *ret_verification)
{
    const struct pk_creation *creation = &task->request->creation;
    const struct credential_list exclude = {creation->exclude, creation->exclude_count};
    size_t found;
    enum pk_status status = PK_NO_MATCH;

    if (exclude.count > 0)
        status = key_find(key, creation->rp_id, &exclude, &found);
    if (status == PK_OK)
        return PK_CREDENTIAL_EXCLUDED;
    /* A key that will not say is asked again, with the exclude list, by the request itself. */
    if (status != PK_NO_MATCH && status != PK_PIN_REQUIRED)
        return status;
    status = choose_algorithms(&key->info, creation->algorithms, creation->algorithm_count,
                               task->algorithms, &task->algorithm_count);
    if (status == PK_OK)
        status = choose_discoverable(&key->info, creation->resident_key, &task->discoverable);
    if (status == PK_OK)
        status = choose_for_credential(&key->info, creation->user_verification, task->discoverable,
                                       ret_verification);
    return status;
}

static enum pk_status read_answer(const struct key *key, const struct credential_task *task,
                                  struct pk_frame *ret)
{
    const fido_cred_t *cred = task->answer;
    struct pk_frame frame = {.type = PK_FRAME_CREDENTIAL};
    const struct attestation_parts parts = {
        .format = fido_cred_fmt(cred),
        .statement = {fido_cred_attstmt_ptr(cred), fido_cred_attstmt_len(cred)},
        .certificate = {fido_cred_x5c_ptr(cred), fido_cred_x5c_len(cred)},
        .signature = {fido_cred_sig_ptr(cred), fido_cred_sig_len(cred)},
        .auth_data = {fido_cred_authdata_raw_ptr(cred), fido_cred_authdata_raw_len(cred)},
        /* "none" is what an absent preference means (WebAuthn 5.4.7). */
        .drop_statement = task->request->creation.attestation == PK_ATTESTATION_NONE ||
                          task->request->creation.attestation == PK_ATTESTATION_UNSET,
    };
    enum pk_status status = attestation_object_build(&parts, &frame.credential.attestation_object);

    if (status != PK_OK)
        return status;
    frame.credential.transports =
        key->info.transports ? key->info.transports : (unsigned)PK_TRANSPORT_USB;
    frame.credential.discoverable = task->discoverable;
    *ret = frame;
    return PK_OK;
}

/*
 * Whether the key will show the new credential by itself, which it need not have said
 * (credProtect's level is its maker's to choose where nobody asks for one, CTAP 2.1 section 12.1):
 * it is asked.
 */
static bool hides(struct key *key, const struct credential_task *task)
{
    const struct pk_descriptor made = {
        .id = {(uint8_t *)(uintptr_t)fido_cred_id_ptr(task->answer),
               fido_cred_id_len(task->answer)},
    };
    enum pk_status status;
    size_t found;

    if (!key->info.ctap2 || (!key->info.pin_set && !key->info.uv_set) || made.id.len == 0)
        return false;
    status =
        key_find(key, task->request->creation.rp_id, &(struct credential_list){&made, 1}, &found);
    return status == PK_NO_MATCH || status == PK_PIN_REQUIRED;
}

enum pk_status make_credential(struct key *key, const struct pk_credential_request *request,
                               struct pk_frame *ret)
{
    struct credential_task task = {.request = request};
    const struct operation operation = {run_credential, &task};
    enum verification verification = VERIFY_NOT;
    enum pk_status status;

    status = ceremony_checked(key, check(key, &task, &verification), false);
    /* Where verification was chosen the key needs it, even if the relying party would not. */
    if (status == PK_OK)
        status = ceremony_run(key, verification, verification != VERIFY_NOT, &operation);
    if (status == PK_OK)
        status = read_answer(key, &task, ret);
    if (status == PK_OK)
        ret->credential.hidden = hides(key, &task);
    fido_cred_free(&task.answer);
    return status;
}
