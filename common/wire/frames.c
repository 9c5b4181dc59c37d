/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/wire/frames.h"

#include "common/base/reader.h"

#include <stdlib.h>
#include <string.h>

/* ---- what a frame owns ---- */

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

/* ---- reading ---- */

/* A number of 0 to max; anything else is not of this protocol. */
static unsigned read_number(struct pk_reader *reader, unsigned max)
{
    unsigned value = pk_reader_u8(reader);

    if (value > max) {
        pk_reader_fail(reader, PK_PROTOCOL);
        return 0;
    }
    return value;
}

/* The count of a list, with *ret_items as many zeroed items of that size. */
static size_t read_count(struct pk_reader *reader, size_t max, size_t item_size, void **ret_items)
{
    size_t count = pk_reader_u8(reader);
    void *items;

    if (count > max)
        pk_reader_fail(reader, PK_TOO_LARGE);
    if (reader->status != PK_OK || count == 0)
        return 0;
    items = calloc(count, item_size);
    if (!items) {
        pk_reader_fail(reader, PK_NO_MEMORY);
        return 0;
    }
    *ret_items = items;
    return count;
}

static void read_bytes(struct pk_reader *reader, size_t max, struct pk_bytes *ret)
{
    struct pk_view view = pk_reader_string(reader, max);

    if (reader->status == PK_OK && pk_bytes_copy(view, ret) != PK_OK)
        pk_reader_fail(reader, PK_NO_MEMORY);
}

static void read_some_bytes(struct pk_reader *reader, size_t max, struct pk_bytes *ret)
{
    read_bytes(reader, max, ret);
    if (ret->len == 0)
        pk_reader_fail(reader, PK_PROTOCOL);
}

static char *read_some_text(struct pk_reader *reader, size_t max)
{
    char *text = pk_reader_text(reader, max);

    if (text && !*text)
        pk_reader_fail(reader, PK_PROTOCOL);
    return text;
}

static void read_hash(struct pk_reader *reader, uint8_t ret[PK_HASH_SIZE])
{
    struct pk_view view = pk_reader_take(reader, PK_HASH_SIZE);

    if (view.len == PK_HASH_SIZE)
        memcpy(ret, view.ptr, PK_HASH_SIZE);
}

static enum pk_status read_status(struct pk_reader *reader)
{
    struct pk_view name = pk_reader_string(reader, 64);

    for (unsigned status = 0; reader->status == PK_OK && status < PK_STATUS_COUNT; status++) {
        if (pk_view_equal(name, pk_view_string(pk_status_name(status))))
            return status;
    }
    pk_reader_fail(reader, PK_PROTOCOL);
    return PK_INTERNAL;
}

static size_t read_descriptors(struct pk_reader *reader, struct pk_descriptor **ret_items)
{
    void *memory = NULL;
    size_t count = read_count(reader, PK_CREDENTIAL_LIST_MAX, sizeof(**ret_items), &memory);
    struct pk_descriptor *items = memory;

    for (size_t i = 0; i < count && reader->status == PK_OK; i++) {
        read_some_bytes(reader, PK_CREDENTIAL_ID_MAX, &items[i].id);
        items[i].transports = read_number(reader, PK_TRANSPORTS_ALL);
    }
    *ret_items = items;
    return count;
}

static void read_get_assertion(struct pk_reader *reader, struct pk_assertion_request *request)
{
    unsigned hints;

    request->path = read_some_text(reader, PK_DEVICE_PATH_MAX);
    request->rp_id = read_some_text(reader, PK_RP_ID_MAX);
    read_hash(reader, request->client_data_hash);
    request->user_verification = read_number(reader, PK_REQUIRED);
    request->allow_count = read_descriptors(reader, &request->allow);
    request->appid = pk_reader_text(reader, PK_ORIGIN_MAX);
    if (request->appid && !*request->appid) {
        free(request->appid);
        request->appid = NULL;
    }
    hints = read_number(reader, PK_HINT_HIDDEN | PK_HINT_KNOWN);
    request->hidden = hints & PK_HINT_HIDDEN;
    request->known = hints & PK_HINT_KNOWN;
}

static void read_algorithms(struct pk_reader *reader, struct pk_creation *creation)
{
    size_t count = pk_reader_u8(reader);

    if (count > PK_ALGORITHMS_MAX)
        pk_reader_fail(reader, PK_TOO_LARGE);
    if (count == 0)
        pk_reader_fail(reader, PK_PROTOCOL);
    for (size_t i = 0; i < count && reader->status == PK_OK; i++)
        creation->algorithms[i] = (int32_t)pk_reader_u32(reader);
    creation->algorithm_count = reader->status == PK_OK ? count : 0;
}

static void read_make_credential(struct pk_reader *reader, struct pk_credential_request *request)
{
    struct pk_creation *creation = &request->creation;

    request->path = read_some_text(reader, PK_DEVICE_PATH_MAX);
    creation->rp_id = read_some_text(reader, PK_RP_ID_MAX);
    creation->rp_name = pk_reader_text(reader, PK_RP_NAME_MAX);
    read_some_bytes(reader, PK_USER_HANDLE_MAX, &creation->user_handle);
    creation->user_name = pk_reader_text(reader, PK_USER_NAME_MAX);
    creation->user_display_name = pk_reader_text(reader, PK_USER_DISPLAY_NAME_MAX);
    read_hash(reader, request->client_data_hash);
    read_algorithms(reader, creation);
    creation->exclude_count = read_descriptors(reader, &creation->exclude);
    creation->user_verification = read_number(reader, PK_REQUIRED);
    creation->resident_key = read_number(reader, PK_REQUIRED);
    creation->attestation = read_number(reader, PK_ATTESTATION_ENTERPRISE);
    creation->cred_protect = read_number(reader, PK_CRED_PROTECT_MAX);
}

static void read_devices(struct pk_reader *reader, struct pk_devices *devices)
{
    void *memory = NULL;

    devices->count = read_count(reader, PK_DEVICES_MAX, sizeof(*devices->items), &memory);
    devices->items = memory;
    for (size_t i = 0; i < devices->count && reader->status == PK_OK; i++) {
        struct pk_device *device = &devices->items[i];

        device->path = read_some_text(reader, PK_DEVICE_PATH_MAX);
        device->manufacturer = pk_reader_text(reader, PK_DEVICE_TEXT_MAX);
        device->product = pk_reader_text(reader, PK_DEVICE_TEXT_MAX);
        device->vendor_id = pk_reader_u16(reader);
        device->product_id = pk_reader_u16(reader);
    }
}

static void read_assertion(struct pk_reader *reader, struct pk_assertion_answers *answers)
{
    void *memory = NULL;

    answers->count = read_count(reader, PK_CREDENTIAL_LIST_MAX, sizeof(*answers->items), &memory);
    answers->items = memory;
    if (answers->count == 0)
        pk_reader_fail(reader, PK_PROTOCOL);
    for (size_t i = 0; i < answers->count && reader->status == PK_OK; i++) {
        struct pk_assertion_answer *answer = &answers->items[i];

        read_some_bytes(reader, PK_CREDENTIAL_ID_MAX, &answer->credential_id);
        read_some_bytes(reader, PK_AUTH_DATA_MAX, &answer->authenticator_data);
        read_some_bytes(reader, PK_SIGNATURE_MAX, &answer->signature);
        read_bytes(reader, PK_USER_HANDLE_MAX, &answer->user_handle);
    }
}

static void read_secret(struct pk_reader *reader, struct pk_secret *secret)
{
    struct pk_view view = pk_reader_string(reader, PK_SECRET_MAX);

    if (reader->status == PK_OK && pk_secret_copy(view, secret) != PK_OK)
        pk_reader_fail(reader, PK_NO_MEMORY);
}

static void read_key_request(struct pk_reader *reader, struct pk_frame *frame)
{
    frame->key.path = read_some_text(reader, PK_DEVICE_PATH_MAX);
    if (frame->type != PK_FRAME_SET_PIN)
        return;
    read_secret(reader, &frame->key.pin);
    read_secret(reader, &frame->key.new_pin);
    if (frame->key.new_pin.len == 0)
        pk_reader_fail(reader, PK_PROTOCOL);
}

static void read_key_state(struct pk_reader *reader, struct pk_key_state *state)
{
    state->ctap2 = read_number(reader, 1);
    state->pin_supported = read_number(reader, 1);
    state->pin_set = read_number(reader, 1);
    state->pin_change = read_number(reader, 1);
    state->pin_tries = pk_reader_u8(reader);
    state->pin_min = pk_reader_u8(reader);
    state->uv_supported = read_number(reader, 1);
    state->uv_set = read_number(reader, 1);
    state->always_uv = read_number(reader, 1);
    state->resident_keys = read_number(reader, 1);
    state->resident_left = (int32_t)pk_reader_u32(reader);
    state->firmware = pk_reader_u32(reader);
    for (size_t i = 0; i < sizeof(state->version); i++)
        state->version[i] = pk_reader_u8(reader);
    if (state->resident_left < -1)
        pk_reader_fail(reader, PK_PROTOCOL);
}

static void read_phone_setup(struct pk_reader *reader, struct pk_phone_setup *setup)
{
    setup->hashed = read_number(reader, 1);
    setup->bus = pk_reader_text(reader, PK_PHONE_TEXT_MAX);
    setup->dialler = pk_reader_text(reader, PK_PHONE_TEXT_MAX);
    setup->connect = pk_reader_text(reader, PK_PHONE_TEXT_MAX);
    setup->ca_file = pk_reader_text(reader, PK_PHONE_TEXT_MAX);
}

static void read_phone_code(struct pk_reader *reader, struct pk_secret *code)
{
    read_secret(reader, code);
    if (code->len == 0)
        pk_reader_fail(reader, PK_PROTOCOL);
}

static struct pk_phone_progress read_phone_step(struct pk_reader *reader)
{
    unsigned step = read_number(reader, PK_PHONE_STEP_ASKED);

    if (step < PK_PHONE_STEP_HEARD)
        pk_reader_fail(reader, PK_PROTOCOL);
    return (struct pk_phone_progress){step, pk_reader_u16(reader)};
}

static void read_fields(struct pk_reader *reader, struct pk_frame *frame)
{
    switch (frame->type) {
    case PK_FRAME_HELLO:
        frame->version = pk_reader_u8(reader);
        break;
    case PK_FRAME_GET_ASSERTION:
        read_get_assertion(reader, &frame->get_assertion);
        break;
    case PK_FRAME_MAKE_CREDENTIAL:
        read_make_credential(reader, &frame->make_credential);
        break;
    case PK_FRAME_PIN:
        read_secret(reader, &frame->pin);
        break;
    case PK_FRAME_DEVICES:
        read_devices(reader, &frame->devices);
        break;
    case PK_FRAME_CHECKED:
        frame->check.status = read_status(reader);
        frame->check.ctap2 = read_number(reader, 1);
        frame->check.has_pin = read_number(reader, 1);
        frame->check.has_built_in_uv = read_number(reader, 1);
        frame->check.pin_tries = pk_reader_u8(reader);
        frame->check.uncertain = read_number(reader, 1);
        break;
    case PK_FRAME_PIN_NEEDED:
        frame->pin_needed.tries = pk_reader_u8(reader);
        frame->pin_needed.wrong = read_number(reader, 1);
        frame->pin_needed.min = pk_reader_u8(reader);
        break;
    case PK_FRAME_ASSERTION:
        read_assertion(reader, &frame->assertion);
        break;
    case PK_FRAME_CREDENTIAL:
        read_some_bytes(reader, PK_ATTESTATION_OBJECT_MAX, &frame->credential.attestation_object);
        frame->credential.transports = read_number(reader, PK_TRANSPORTS_ALL);
        frame->credential.discoverable = read_number(reader, 1);
        frame->credential.hidden = read_number(reader, 1);
        break;
    case PK_FRAME_FAILED:
        frame->failure.status = read_status(reader);
        frame->failure.pin_tries = pk_reader_u8(reader);
        frame->failure.detail = (int32_t)pk_reader_u32(reader);
        if (frame->failure.status == PK_OK)
            pk_reader_fail(reader, PK_PROTOCOL);
        break;
    case PK_FRAME_KEY_INFO:
    case PK_FRAME_SET_PIN:
    case PK_FRAME_RESET:
    case PK_FRAME_SELECT:
        read_key_request(reader, frame);
        break;
    case PK_FRAME_KEY_STATE:
        read_key_state(reader, &frame->key_state);
        break;
    case PK_FRAME_PHONE_SETUP:
        read_phone_setup(reader, &frame->phone_setup);
        break;
    case PK_FRAME_PHONE_CODE:
        read_phone_code(reader, &frame->phone_code);
        break;
    case PK_FRAME_PHONE_STEP:
        frame->phone_step = read_phone_step(reader);
        break;
    case PK_FRAME_WATCH:
    case PK_FRAME_CANCEL:
    case PK_FRAME_PROCEED:
    case PK_FRAME_TOUCH:
    case PK_FRAME_VERIFY:
    case PK_FRAME_DONE:
        break;
    default:
        pk_reader_fail(reader, PK_PROTOCOL);
        break;
    }
}

enum pk_status pk_frame_decode(struct pk_view payload, struct pk_frame *ret)
{
    struct pk_reader reader = pk_reader_new(payload);
    PK_AUTO_FRAME struct pk_frame frame = {0};
    enum pk_status status;

    if (payload.len > PK_FRAME_MAX)
        return PK_TOO_LARGE;
    frame.type = pk_reader_u8(&reader);
    read_fields(&reader, &frame);
    status = pk_reader_finish(&reader);
    if (status != PK_OK)
        return status;
    *ret = frame;
    frame = (struct pk_frame){0};
    return PK_OK;
}

enum pk_status pk_frame_size(struct pk_view stream, size_t *ret_size)
{
    return pk_message_size(stream, PK_FRAME_MAX, ret_size);
}
