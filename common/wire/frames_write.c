/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/wire/frames.h"

#include "common/base/writer.h"

#include <string.h>

#define LENGTH_SIZE 4

static void write_fail(struct pk_writer *writer, enum pk_status status)
{
    if (writer->status == PK_OK)
        writer->status = status;
}

static void write_count(struct pk_writer *writer, size_t count, size_t max)
{
    if (count > max)
        write_fail(writer, PK_TOO_LARGE);
    else
        pk_writer_u8(writer, (uint8_t)count);
}

/* NULL is written as the empty string. */
static void write_text(struct pk_writer *writer, const char *text)
{
    pk_writer_text(writer, text ? text : "");
}

static void write_bytes(struct pk_writer *writer, const struct pk_bytes *bytes)
{
    pk_writer_string(writer, pk_view_of(bytes));
}

static void write_hash(struct pk_writer *writer, const uint8_t hash[PK_HASH_SIZE])
{
    pk_writer_put(writer, (struct pk_view){hash, PK_HASH_SIZE});
}

static void write_descriptors(struct pk_writer *writer, const struct pk_descriptor *items,
                              size_t count)
{
    write_count(writer, count, PK_CREDENTIAL_LIST_MAX);
    for (size_t i = 0; i < count && writer->status == PK_OK; i++) {
        write_bytes(writer, &items[i].id);
        pk_writer_u8(writer, (uint8_t)(items[i].transports & PK_TRANSPORTS_ALL));
    }
}

static void write_get_assertion(struct pk_writer *writer,
                                const struct pk_assertion_request *request)
{
    write_text(writer, request->path);
    write_text(writer, request->rp_id);
    write_hash(writer, request->client_data_hash);
    pk_writer_u8(writer, (uint8_t)request->user_verification);
    write_descriptors(writer, request->allow, request->allow_count);
    write_text(writer, request->appid);
    pk_writer_u8(writer, (uint8_t)((request->hidden ? PK_HINT_HIDDEN : 0) |
                                   (request->known ? PK_HINT_KNOWN : 0)));
}

static void write_make_credential(struct pk_writer *writer,
                                  const struct pk_credential_request *request)
{
    const struct pk_creation *creation = &request->creation;

    write_text(writer, request->path);
    write_text(writer, creation->rp_id);
    write_text(writer, creation->rp_name);
    write_bytes(writer, &creation->user_handle);
    write_text(writer, creation->user_name);
    write_text(writer, creation->user_display_name);
    write_hash(writer, request->client_data_hash);
    write_count(writer, creation->algorithm_count, PK_ALGORITHMS_MAX);
    for (size_t i = 0; i < creation->algorithm_count && writer->status == PK_OK; i++)
        pk_writer_u32(writer, (uint32_t)creation->algorithms[i]);
    write_descriptors(writer, creation->exclude, creation->exclude_count);
    pk_writer_u8(writer, (uint8_t)creation->user_verification);
    pk_writer_u8(writer, (uint8_t)creation->resident_key);
    pk_writer_u8(writer, (uint8_t)creation->attestation);
    pk_writer_u8(writer, (uint8_t)creation->cred_protect);
}

static void write_devices(struct pk_writer *writer, const struct pk_devices *devices)
{
    write_count(writer, devices->count, PK_DEVICES_MAX);
    for (size_t i = 0; i < devices->count && writer->status == PK_OK; i++) {
        write_text(writer, devices->items[i].path);
        write_text(writer, devices->items[i].manufacturer);
        write_text(writer, devices->items[i].product);
        pk_writer_u16(writer, devices->items[i].vendor_id);
        pk_writer_u16(writer, devices->items[i].product_id);
    }
}

static void write_check(struct pk_writer *writer, const struct pk_check *check)
{
    pk_writer_text(writer, pk_status_name(check->status));
    pk_writer_u8(writer, check->ctap2);
    pk_writer_u8(writer, check->has_pin);
    pk_writer_u8(writer, check->has_built_in_uv);
    pk_writer_u8(writer, check->pin_tries);
    pk_writer_u8(writer, check->uncertain);
}

static void write_assertion(struct pk_writer *writer, const struct pk_assertion_answers *answers)
{
    write_count(writer, answers->count, PK_CREDENTIAL_LIST_MAX);
    for (size_t i = 0; i < answers->count && writer->status == PK_OK; i++) {
        write_bytes(writer, &answers->items[i].credential_id);
        write_bytes(writer, &answers->items[i].authenticator_data);
        write_bytes(writer, &answers->items[i].signature);
        write_bytes(writer, &answers->items[i].user_handle);
    }
}

static void write_key_request(struct pk_writer *writer, const struct pk_frame *frame)
{
    write_text(writer, frame->key.path);
    if (frame->type != PK_FRAME_SET_PIN)
        return;
    pk_writer_string(writer, pk_secret_view(&frame->key.pin));
    pk_writer_string(writer, pk_secret_view(&frame->key.new_pin));
}

static void write_key_state(struct pk_writer *writer, const struct pk_key_state *state)
{
    pk_writer_u8(writer, state->ctap2);
    pk_writer_u8(writer, state->pin_supported);
    pk_writer_u8(writer, state->pin_set);
    pk_writer_u8(writer, state->pin_change);
    pk_writer_u8(writer, state->pin_tries);
    pk_writer_u8(writer, state->pin_min);
    pk_writer_u8(writer, state->uv_supported);
    pk_writer_u8(writer, state->uv_set);
    pk_writer_u8(writer, state->always_uv);
    pk_writer_u8(writer, state->resident_keys);
    pk_writer_u32(writer, (uint32_t)state->resident_left);
    pk_writer_u32(writer, state->firmware);
    for (size_t i = 0; i < sizeof(state->version); i++)
        pk_writer_u8(writer, state->version[i]);
}

static void write_phone_setup(struct pk_writer *writer, const struct pk_phone_setup *setup)
{
    pk_writer_u8(writer, setup->hashed);
    write_text(writer, setup->bus);
    write_text(writer, setup->dialler);
    write_text(writer, setup->connect);
    write_text(writer, setup->ca_file);
}

static void write_fields(struct pk_writer *writer, const struct pk_frame *frame)
{
    switch (frame->type) {
    case PK_FRAME_HELLO:
        pk_writer_u8(writer, frame->version);
        break;
    case PK_FRAME_GET_ASSERTION:
        write_get_assertion(writer, &frame->get_assertion);
        break;
    case PK_FRAME_MAKE_CREDENTIAL:
        write_make_credential(writer, &frame->make_credential);
        break;
    case PK_FRAME_PIN:
        pk_writer_string(writer, pk_secret_view(&frame->pin));
        break;
    case PK_FRAME_DEVICES:
        write_devices(writer, &frame->devices);
        break;
    case PK_FRAME_CHECKED:
        write_check(writer, &frame->check);
        break;
    case PK_FRAME_PIN_NEEDED:
        pk_writer_u8(writer, frame->pin_needed.tries);
        pk_writer_u8(writer, frame->pin_needed.wrong);
        pk_writer_u8(writer, frame->pin_needed.min);
        break;
    case PK_FRAME_ASSERTION:
        write_assertion(writer, &frame->assertion);
        break;
    case PK_FRAME_CREDENTIAL:
        write_bytes(writer, &frame->credential.attestation_object);
        pk_writer_u8(writer, (uint8_t)(frame->credential.transports & PK_TRANSPORTS_ALL));
        pk_writer_u8(writer, frame->credential.discoverable);
        pk_writer_u8(writer, frame->credential.hidden);
        break;
    case PK_FRAME_FAILED:
        pk_writer_text(writer, pk_status_name(frame->failure.status));
        pk_writer_u8(writer, frame->failure.pin_tries);
        pk_writer_u32(writer, (uint32_t)frame->failure.detail);
        break;
    case PK_FRAME_KEY_INFO:
    case PK_FRAME_SET_PIN:
    case PK_FRAME_RESET:
    case PK_FRAME_SELECT:
        write_key_request(writer, frame);
        break;
    case PK_FRAME_KEY_STATE:
        write_key_state(writer, &frame->key_state);
        break;
    case PK_FRAME_PHONE_SETUP:
        write_phone_setup(writer, &frame->phone_setup);
        break;
    case PK_FRAME_PHONE_CODE:
        pk_writer_string(writer, pk_secret_view(&frame->phone_code));
        break;
    case PK_FRAME_PHONE_STEP:
        pk_writer_u8(writer, (uint8_t)frame->phone_step.step);
        pk_writer_u16(writer, frame->phone_step.service);
        break;
    case PK_FRAME_WATCH:
    case PK_FRAME_CANCEL:
    case PK_FRAME_PROCEED:
    case PK_FRAME_TOUCH:
    case PK_FRAME_VERIFY:
    case PK_FRAME_DONE:
        break;
    default:
        write_fail(writer, PK_INVALID_ARGUMENT);
        break;
    }
}

enum pk_status pk_frame_encode(const struct pk_frame *frame, struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer fields = pk_writer_new(PK_FRAME_MAX);
    PK_AUTO_WRITER struct pk_writer whole = pk_writer_new(LENGTH_SIZE + PK_FRAME_MAX);

    pk_writer_u8(&fields, (uint8_t)frame->type);
    write_fields(&fields, frame);
    if (fields.status != PK_OK)
        return fields.status;
    pk_writer_string(&whole, (struct pk_view){fields.data, fields.len});
    return pk_writer_finish(&whole, ret);
}
