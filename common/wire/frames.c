/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading. What a frame owns is released in frames_clear.c. */
#include "common/wire/frames.h"

#include "common/base/reader.h"
#include "common/wire/fields.h"

#include <stdlib.h>

/* What frames hold is within its limits. */
/*@ predicate descriptor{L}(struct pk_descriptor *descriptor) =
      0 < descriptor->id.len <= PK_CREDENTIAL_ID_MAX && descriptor->transports <= PK_TRANSPORTS_ALL;
    predicate descriptors{L}(struct pk_descriptor *items, integer count) =
      \forall integer i; 0 <= i < count ==> descriptor(items + i);
    predicate answer{L}(struct pk_assertion_answer *answer) =
      0 < answer->credential_id.len <= PK_CREDENTIAL_ID_MAX &&
      0 < answer->authenticator_data.len <= PK_AUTH_DATA_MAX &&
      0 < answer->signature.len <= PK_SIGNATURE_MAX &&
      answer->user_handle.len <= PK_USER_HANDLE_MAX;
    predicate answers{L}(struct pk_assertion_answer *items, integer count) =
      \forall integer i; 0 <= i < count ==> answer(items + i); */

/*@ requires sound(reader) && \valid(descriptor);
    requires \separated(reader, descriptor) && \separated(reader, &heap);
    assigns *reader, *descriptor, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> descriptor(descriptor); */
static void read_descriptor(struct pk_reader *reader, struct pk_descriptor *descriptor)
{
    pk_field_some_bytes(reader, PK_CREDENTIAL_ID_MAX, &descriptor->id);
    descriptor->transports = pk_field_number(reader, PK_TRANSPORTS_ALL);
}

/*
 * A list that is to be read: the count, and as many zeroed items. Its like stands in front of each
 * list, so that whoever fills one knows of no more memory than those items.
 */
/*@ requires sound(reader) && \valid(ret_items) && \separated(reader, ret_items);
    assigns *reader, *ret_items;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result <= PK_CREDENTIAL_LIST_MAX;
    ensures \valid(*ret_items + (0 .. \result - 1)) && (\result > 0 ==> on_heap(*ret_items)); */
static size_t new_descriptors(struct pk_reader *reader, struct pk_descriptor **ret_items)
{
    void *items = NULL;
    size_t count =
        pk_field_count(reader, PK_CREDENTIAL_LIST_MAX, sizeof(struct pk_descriptor), &items);

    *ret_items = items;
    return count;
}

/*@ requires sound(reader) && \valid(ret_items) && \separated(reader, ret_items, &heap);
    assigns *reader, *ret_items, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result <= PK_CREDENTIAL_LIST_MAX;
    ensures \valid(*ret_items + (0 .. \result - 1)) && (\result > 0 ==> on_heap(*ret_items));
    ensures reader->status == PK_OK ==> descriptors(*ret_items, \result); */
static size_t read_descriptors(struct pk_reader *reader, struct pk_descriptor **ret_items)
{
    struct pk_descriptor *items = NULL;
    size_t count = new_descriptors(reader, &items);

    /*@ loop invariant 0 <= i <= count && sound(reader) && went_on{Pre, Here}(reader);
        loop invariant reader->status == PK_OK ==> descriptors(items, i);
        loop assigns i, *reader, items[0 .. count - 1], heap[..];
        loop variant count - i; */
    for (size_t i = 0; i < count && reader->status == PK_OK; i++)
        read_descriptor(reader, &items[i]);
    /*@ assert \separated(ret_items, items + (0 .. count - 1)); */
    *ret_items = items;
    return count;
}

/*@ requires sound(reader) && \valid(request) && \separated(reader, request, &heap);
    assigns *reader, *request, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures request->allow_count <= PK_CREDENTIAL_LIST_MAX;
    ensures \valid(request->allow + (0 .. request->allow_count - 1));
    ensures request->user_verification <= PK_REQUIRED; */
static void read_get_assertion(struct pk_reader *reader, struct pk_assertion_request *request)
{
    unsigned hints;

    request->path = pk_field_some_text(reader, PK_DEVICE_PATH_MAX);
    request->rp_id = pk_field_some_text(reader, PK_RP_ID_MAX);
    pk_field_hash(reader, request->client_data_hash);
    request->user_verification = pk_field_number(reader, PK_REQUIRED);
    request->allow_count = read_descriptors(reader, &request->allow);
    request->appid = pk_reader_text(reader, PK_ORIGIN_MAX);
    if (request->appid && !*request->appid) {
        free(request->appid);
        request->appid = NULL;
    }
    hints = pk_field_number(reader, PK_HINT_HIDDEN | PK_HINT_KNOWN);
    request->hidden = hints & PK_HINT_HIDDEN;
    request->known = hints & PK_HINT_KNOWN;
}

/*@ requires sound(reader) && \valid(creation) && \separated(reader, creation);
    assigns *reader, creation->algorithms[0 .. PK_ALGORITHMS_MAX - 1];
    assigns creation->algorithm_count;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures creation->algorithm_count <= PK_ALGORITHMS_MAX;
    ensures reader->status == PK_OK ==> creation->algorithm_count >= 1; */
static void read_algorithms(struct pk_reader *reader, struct pk_creation *creation)
{
    size_t count = pk_reader_u8(reader);

    if (count > PK_ALGORITHMS_MAX)
        pk_reader_fail(reader, PK_TOO_LARGE);
    if (count == 0)
        pk_reader_fail(reader, PK_PROTOCOL);
    /*@ loop invariant 0 <= i <= count && sound(reader) && went_on{Pre, Here}(reader);
        loop invariant reader->status == PK_OK ==> 1 <= count <= PK_ALGORITHMS_MAX;
        loop assigns i, *reader, creation->algorithms[0 .. PK_ALGORITHMS_MAX - 1];
        loop variant count - i; */
    for (size_t i = 0; i < count && reader->status == PK_OK; i++)
        creation->algorithms[i] = (int32_t)pk_reader_u32(reader);
    creation->algorithm_count = reader->status == PK_OK ? count : 0;
}

/*@ requires sound(reader) && \valid(creation) && \separated(reader, creation, &heap);
    assigns *reader, *creation, heap[..];
    ensures sound(reader);
    ensures went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==>
      held(creation->user_handle) && 0 < creation->user_handle.len <= PK_USER_HANDLE_MAX;
    ensures reader->status == PK_OK ==> creation->rp_id != \null && creation->rp_name != \null; */
static void read_names(struct pk_reader *reader, struct pk_creation *creation)
{
    creation->rp_id = pk_field_some_text(reader, PK_RP_ID_MAX);
    creation->rp_name = pk_reader_text(reader, PK_RP_NAME_MAX);
    pk_field_some_bytes(reader, PK_USER_HANDLE_MAX, &creation->user_handle);
    creation->user_name = pk_reader_text(reader, PK_USER_NAME_MAX);
    creation->user_display_name = pk_reader_text(reader, PK_USER_DISPLAY_NAME_MAX);
}

/*@ requires sound(reader) && \valid(creation) && \separated(reader, creation, &heap);
    assigns *reader, creation->user_verification, creation->resident_key;
    assigns creation->attestation, creation->cred_protect;
    ensures sound(reader);
    ensures went_on{Pre, Post}(reader);
    ensures creation->user_verification <= PK_REQUIRED && creation->resident_key <= PK_REQUIRED;
    ensures creation->attestation <= PK_ATTESTATION_ENTERPRISE;
    ensures creation->cred_protect <= PK_CRED_PROTECT_MAX; */
static void read_preferences(struct pk_reader *reader, struct pk_creation *creation)
{
    creation->user_verification = pk_field_number(reader, PK_REQUIRED);
    creation->resident_key = pk_field_number(reader, PK_REQUIRED);
    creation->attestation = pk_field_number(reader, PK_ATTESTATION_ENTERPRISE);
    creation->cred_protect = pk_field_number(reader, PK_CRED_PROTECT_MAX);
}

/*@ requires sound(reader) && \valid(request) && \separated(reader, request, &heap);
    assigns *reader, *request, heap[..];
    ensures sound(reader);
    ensures went_on{Pre, Post}(reader);
    ensures request->creation.algorithm_count <= PK_ALGORITHMS_MAX;
    ensures reader->status == PK_OK ==> request->creation.algorithm_count >= 1;
    ensures request->creation.exclude_count <= PK_CREDENTIAL_LIST_MAX;
    ensures request->creation.cred_protect <= PK_CRED_PROTECT_MAX; */
static void read_make_credential(struct pk_reader *reader, struct pk_credential_request *request)
{
    request->path = pk_field_some_text(reader, PK_DEVICE_PATH_MAX);
    read_names(reader, &request->creation);
    pk_field_hash(reader, request->client_data_hash);
    read_algorithms(reader, &request->creation);
    /*@ assert reader->status == PK_OK ==> request->creation.algorithm_count >= 1; */
    request->creation.exclude_count = read_descriptors(reader, &request->creation.exclude);
    /*@ assert reader->status == PK_OK ==> request->creation.algorithm_count >= 1; */
    read_preferences(reader, &request->creation);
}

/*@ requires sound(reader) && \valid(device);
    requires \separated(reader, device) && \separated(reader, &heap);
    assigns *reader, *device, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==>
      device->path != \null && device->manufacturer != \null && device->product != \null; */
static void read_device(struct pk_reader *reader, struct pk_device *device)
{
    device->path = pk_field_some_text(reader, PK_DEVICE_PATH_MAX);
    device->manufacturer = pk_reader_text(reader, PK_DEVICE_TEXT_MAX);
    device->product = pk_reader_text(reader, PK_DEVICE_TEXT_MAX);
    device->vendor_id = pk_reader_u16(reader);
    device->product_id = pk_reader_u16(reader);
}

/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result.count <= PK_DEVICES_MAX &&
      \valid(\result.items + (0 .. \result.count - 1));
    ensures \result.count > 0 ==> on_heap(\result.items); */
static struct pk_devices new_devices(struct pk_reader *reader)
{
    void *items = NULL;
    size_t count = pk_field_count(reader, PK_DEVICES_MAX, sizeof(struct pk_device), &items);

    return (struct pk_devices){items, count};
}

/*@ requires sound(reader) && \separated(reader, &heap);
    assigns *reader, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result.count <= PK_DEVICES_MAX;
    ensures \valid(\result.items + (0 .. \result.count - 1)); */
static struct pk_devices read_devices(struct pk_reader *reader)
{
    struct pk_devices devices = new_devices(reader);

    /*@ loop invariant 0 <= i <= devices.count && sound(reader) && went_on{Pre, Here}(reader);
        loop assigns i, *reader, devices.items[0 .. devices.count - 1], heap[..];
        loop variant devices.count - i; */
    for (size_t i = 0; i < devices.count && reader->status == PK_OK; i++)
        read_device(reader, &devices.items[i]);
    return devices;
}

/*@ requires sound(reader) && \valid(answer);
    requires \separated(reader, answer) && \separated(reader, &heap);
    assigns *reader, *answer, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> answer(answer); */
static void read_answer(struct pk_reader *reader, struct pk_assertion_answer *answer)
{
    pk_field_some_bytes(reader, PK_CREDENTIAL_ID_MAX, &answer->credential_id);
    pk_field_some_bytes(reader, PK_AUTH_DATA_MAX, &answer->authenticator_data);
    pk_field_some_bytes(reader, PK_SIGNATURE_MAX, &answer->signature);
    /*@ assert reader->status == PK_OK ==> 0 < answer->signature.len <= PK_SIGNATURE_MAX; */
    /*@ assert reader->status == PK_OK ==> 0 < answer->authenticator_data.len <= PK_AUTH_DATA_MAX;
     */
    /*@ assert reader->status == PK_OK ==> 0 < answer->credential_id.len <= PK_CREDENTIAL_ID_MAX; */
    pk_field_bytes(reader, PK_USER_HANDLE_MAX, &answer->user_handle);
}

/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result.count <= PK_CREDENTIAL_LIST_MAX;
    ensures \valid(\result.items + (0 .. \result.count - 1));
    ensures \result.count > 0 ==> on_heap(\result.items); */
static struct pk_assertion_answers new_answers(struct pk_reader *reader)
{
    void *items = NULL;
    size_t count =
        pk_field_count(reader, PK_CREDENTIAL_LIST_MAX, sizeof(struct pk_assertion_answer), &items);

    return (struct pk_assertion_answers){items, count};
}

/*@ requires sound(reader) && \separated(reader, &heap);
    assigns *reader, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> 0 < \result.count <= PK_CREDENTIAL_LIST_MAX;
    ensures reader->status == PK_OK ==> answers(\result.items, \result.count); */
static struct pk_assertion_answers read_assertion(struct pk_reader *reader)
{
    struct pk_assertion_answers answers = new_answers(reader);

    if (answers.count == 0)
        pk_reader_fail(reader, PK_PROTOCOL);
    /*@ loop invariant 0 <= i <= answers.count && sound(reader) && went_on{Pre, Here}(reader);
        loop invariant reader->status == PK_OK ==> 0 < answers.count && answers(answers.items, i);
        loop assigns i, *reader, answers.items[0 .. answers.count - 1], heap[..];
        loop variant answers.count - i; */
    for (size_t i = 0; i < answers.count && reader->status == PK_OK; i++)
        read_answer(reader, &answers.items[i]);
    return answers;
}

/*@ requires sound(reader) && \valid(secret) && \separated(reader, secret);
    assigns *reader, *secret;
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static void read_secret(struct pk_reader *reader, struct pk_secret *secret)
{
    struct pk_view view = pk_reader_string(reader, PK_SECRET_MAX);

    if (reader->status == PK_OK && pk_secret_copy(view, secret) != PK_OK)
        pk_reader_fail(reader, PK_NO_MEMORY);
}

/*@ requires sound(reader) && \valid(key) && \separated(reader, key, &heap);
    assigns *reader, *key, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK && with_pins ==> key->new_pin.len > 0;
    ensures reader->status == PK_OK ==> key->path != \null; */
static void read_key_request(struct pk_reader *reader, bool with_pins, struct pk_key_request *key)
{
    key->path = pk_field_some_text(reader, PK_DEVICE_PATH_MAX);
    if (!with_pins)
        return;
    read_secret(reader, &key->pin);
    read_secret(reader, &key->new_pin);
    if (key->new_pin.len == 0)
        pk_reader_fail(reader, PK_PROTOCOL);
}

/*@ requires sound(reader) && \valid(state) && \separated(reader, state);
    assigns *reader, *state;
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static void read_pin_state(struct pk_reader *reader, struct pk_key_state *state)
{
    state->pin_supported = pk_field_number(reader, 1);
    state->pin_set = pk_field_number(reader, 1);
    state->pin_change = pk_field_number(reader, 1);
    state->pin_tries = pk_reader_u8(reader);
    state->pin_min = pk_reader_u8(reader);
}

/*@ requires sound(reader) && \valid(state) && \separated(reader, state);
    assigns *reader, *state;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> state->resident_left >= -1; */
static void read_key_state(struct pk_reader *reader, struct pk_key_state *state)
{
    state->ctap2 = pk_field_number(reader, 1);
    read_pin_state(reader, state);
    state->uv_supported = pk_field_number(reader, 1);
    state->uv_set = pk_field_number(reader, 1);
    state->always_uv = pk_field_number(reader, 1);
    state->resident_keys = pk_field_number(reader, 1);
    state->resident_left = (int32_t)pk_reader_u32(reader);
    state->firmware = pk_reader_u32(reader);
    /*@ loop invariant 0 <= i <= 3 && sound(reader) && went_on{Pre, Here}(reader);
        loop assigns i, *reader, state->version[0 .. 2];
        loop variant 3 - i; */
    for (size_t i = 0; i < sizeof(state->version); i++)
        state->version[i] = pk_reader_u8(reader);
    if (state->resident_left < -1)
        pk_reader_fail(reader, PK_PROTOCOL);
}

/*@ requires sound(reader) && \valid(setup) && \separated(reader, setup, &heap);
    assigns *reader, *setup, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> setup->bus != \null && setup->dialler != \null;
    ensures reader->status == PK_OK ==> setup->connect != \null && setup->ca_file != \null; */
static void read_phone_setup(struct pk_reader *reader, struct pk_phone_setup *setup)
{
    setup->hashed = pk_field_number(reader, 1);
    setup->bus = pk_reader_text(reader, PK_PHONE_TEXT_MAX);
    setup->dialler = pk_reader_text(reader, PK_PHONE_TEXT_MAX);
    setup->connect = pk_reader_text(reader, PK_PHONE_TEXT_MAX);
    setup->ca_file = pk_reader_text(reader, PK_PHONE_TEXT_MAX);
}

/*@ requires sound(reader) && \valid(code) && \separated(reader, code);
    assigns *reader, *code;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> code->len > 0; */
static void read_phone_code(struct pk_reader *reader, struct pk_secret *code)
{
    read_secret(reader, code);
    if (code->len == 0)
        pk_reader_fail(reader, PK_PROTOCOL);
}

/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==>
      PK_PHONE_STEP_HEARD <= \result.step <= PK_PHONE_STEP_ASKED; */
static struct pk_phone_progress read_phone_step(struct pk_reader *reader)
{
    unsigned step = pk_field_number(reader, PK_PHONE_STEP_ASKED);

    if (step < PK_PHONE_STEP_HEARD)
        pk_reader_fail(reader, PK_PROTOCOL);
    return (struct pk_phone_progress){step, pk_reader_u16(reader)};
}

/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result.status < PK_STATUS_COUNT; */
static struct pk_check read_check(struct pk_reader *reader)
{
    struct pk_check check = {0};

    check.status = pk_field_status(reader);
    check.ctap2 = pk_field_number(reader, 1);
    check.has_pin = pk_field_number(reader, 1);
    check.has_built_in_uv = pk_field_number(reader, 1);
    check.pin_tries = pk_reader_u8(reader);
    check.uncertain = pk_field_number(reader, 1);
    return check;
}

/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static struct pk_pin_needed read_pin_needed(struct pk_reader *reader)
{
    struct pk_pin_needed needed = {0};

    needed.tries = pk_reader_u8(reader);
    needed.wrong = pk_field_number(reader, 1);
    needed.min = pk_reader_u8(reader);
    return needed;
}

/*@ requires sound(reader) && \separated(reader, &heap);
    assigns *reader, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> held(\result.attestation_object) &&
      0 < \result.attestation_object.len <= PK_ATTESTATION_OBJECT_MAX;
    ensures \result.transports <= PK_TRANSPORTS_ALL; */
static struct pk_credential_answer read_credential(struct pk_reader *reader)
{
    struct pk_credential_answer answer = {0};

    pk_field_some_bytes(reader, PK_ATTESTATION_OBJECT_MAX, &answer.attestation_object);
    answer.transports = pk_field_number(reader, PK_TRANSPORTS_ALL);
    answer.discoverable = pk_field_number(reader, 1);
    answer.hidden = pk_field_number(reader, 1);
    return answer;
}

/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> PK_OK < \result.status < PK_STATUS_COUNT; */
static struct pk_failure read_failure(struct pk_reader *reader)
{
    struct pk_failure failure = {0};

    failure.status = pk_field_status(reader);
    failure.pin_tries = pk_reader_u8(reader);
    failure.detail = (int32_t)pk_reader_u32(reader);
    if (failure.status == PK_OK)
        pk_reader_fail(reader, PK_PROTOCOL);
    return failure;
}

/*@ requires sound(reader) && \valid(frame) && \separated(reader, frame, &heap);
    assigns *reader, *frame, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> frame->type == \old(frame->type) && known(frame->type); */
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
        frame->devices = read_devices(reader);
        break;
    case PK_FRAME_CHECKED:
        frame->check = read_check(reader);
        break;
    case PK_FRAME_PIN_NEEDED:
        frame->pin_needed = read_pin_needed(reader);
        break;
    case PK_FRAME_ASSERTION:
        frame->assertion = read_assertion(reader);
        break;
    case PK_FRAME_CREDENTIAL:
        frame->credential = read_credential(reader);
        break;
    case PK_FRAME_FAILED:
        frame->failure = read_failure(reader);
        break;
    case PK_FRAME_KEY_INFO:
    case PK_FRAME_SET_PIN:
    case PK_FRAME_RESET:
    case PK_FRAME_SELECT:
        read_key_request(reader, frame->type == PK_FRAME_SET_PIN, &frame->key);
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

/* Of a failure, the frame keeps what was read: it is to be released. */
/*@ requires readable(payload) && \valid(frame) && \separated(frame, &heap);
    assigns *frame, heap[..];
    ensures \result == PK_OK ==> 0 < payload.len <= PK_FRAME_MAX && known(frame->type);
    ensures payload.len > PK_FRAME_MAX ==> \result == PK_TOO_LARGE; */
static enum pk_status read_frame(struct pk_view payload, struct pk_frame *frame)
{
    struct pk_reader reader = pk_reader_new(payload);

    if (payload.len > PK_FRAME_MAX)
        return PK_TOO_LARGE;
    frame->type = pk_reader_u8(&reader);
    read_fields(&reader, frame);
    return pk_reader_finish(&reader);
}

enum pk_status pk_frame_decode(struct pk_view payload, struct pk_frame *ret)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    enum pk_status status = read_frame(payload, &frame);

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
