/* SPDX-License-Identifier: BSD-2-Clause */
/* What a frame owns. */
#include "common/wire/frames.h"

#include <stdlib.h>

static void clear_devices(struct pk_devices *devices)
{
    for (size_t i = 0; i < devices->count; i++) {
        free(devices->items[i].path);
        free(devices->items[i].manufacturer);
        free(devices->items[i].product);
    }
    free(devices->items);
}

static void clear_get_assertion(struct pk_assertion_request *request)
{
    free(request->path);
    free(request->rp_id);
    pk_descriptors_free(request->allow, request->allow_count);
    free(request->appid);
}

static void clear_make_credential(struct pk_credential_request *request)
{
    free(request->path);
    pk_creation_clear(&request->creation);
}

static void clear_key_request(struct pk_key_request *request)
{
    free(request->path);
    pk_secret_clear(&request->pin);
    pk_secret_clear(&request->new_pin);
}

static void clear_phone_setup(struct pk_phone_setup *setup)
{
    free(setup->bus);
    free(setup->dialler);
    free(setup->connect);
    free(setup->ca_file);
}

void pk_assertion_answer_clear(struct pk_assertion_answer *answer)
{
    pk_bytes_clear(&answer->credential_id);
    pk_bytes_clear(&answer->authenticator_data);
    pk_bytes_clear(&answer->signature);
    pk_bytes_clear(&answer->user_handle);
}

enum pk_status pk_assertion_answer_copy(const struct pk_assertion_answer *from,
                                        struct pk_assertion_answer *ret)
{
    enum pk_status status = pk_bytes_copy(pk_view_of(&from->credential_id), &ret->credential_id);

    if (!status)
        status = pk_bytes_copy(pk_view_of(&from->authenticator_data), &ret->authenticator_data);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&from->signature), &ret->signature);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&from->user_handle), &ret->user_handle);
    return status;
}

static void clear_assertion(struct pk_assertion_answers *answers)
{
    for (size_t i = 0; i < answers->count; i++)
        pk_assertion_answer_clear(&answers->items[i]);
    free(answers->items);
}

void pk_frame_clear(struct pk_frame *frame)
{
    switch (frame->type) {
    case PK_FRAME_GET_ASSERTION:
        clear_get_assertion(&frame->get_assertion);
        break;
    case PK_FRAME_MAKE_CREDENTIAL:
        clear_make_credential(&frame->make_credential);
        break;
    case PK_FRAME_PIN:
        pk_secret_clear(&frame->pin);
        break;
    case PK_FRAME_KEY_INFO:
    case PK_FRAME_SET_PIN:
    case PK_FRAME_RESET:
    case PK_FRAME_SELECT:
        clear_key_request(&frame->key);
        break;
    case PK_FRAME_DEVICES:
        clear_devices(&frame->devices);
        break;
    case PK_FRAME_ASSERTION:
        clear_assertion(&frame->assertion);
        break;
    case PK_FRAME_CREDENTIAL:
        pk_bytes_clear(&frame->credential.attestation_object);
        break;
    case PK_FRAME_PHONE_SETUP:
        clear_phone_setup(&frame->phone_setup);
        break;
    case PK_FRAME_PHONE_CODE:
        pk_secret_clear(&frame->phone_code);
        break;
    default:
        break;
    }
    *frame = (struct pk_frame){0};
}
