/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/key_print.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/messages.h"
#include "common/keys/place.h"

#include <stdio.h>

#define FIRMWARE_SIZE 32
#define TEXT_SHOWN    64

char *key_full_name(const struct pk_device *device)
{
    PK_AUTO_FREE char *name = pk_message_device_name(device);
    PK_AUTO_FREE char *place = pk_key_place(device->path);

    return name && place ? pk_text_format("%s, %s", name, place) : NULL;
}

/* The version of the device where it says one, else the number of its firmware; "" for neither. */
static const char *firmware(const struct pk_key_state *state, char room[FIRMWARE_SIZE])
{
    const uint8_t *version = state->version;

    room[0] = '\0';
    if (version[0] || version[1] || version[2])
        (void)snprintf(room, FIRMWARE_SIZE, "%u.%u.%u", version[0], version[1], version[2]);
    else if (state->firmware > 0)
        (void)snprintf(room, FIRMWARE_SIZE, "%u", state->firmware);
    return room;
}

static const char *pin_state(const struct pk_key_state *state)
{
    if (!state->pin_supported)
        return "not supported";
    if (!state->pin_set)
        return "not set";
    if (state->pin_tries == 0)
        return "locked";
    return state->pin_change ? "must be changed" : "set";
}

static const char *uv_state(const struct pk_key_state *state)
{
    if (!state->uv_supported)
        return "none";
    return state->uv_set ? "set up" : "not set up";
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void add(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

static json_t *text(const char *from)
{
    PK_AUTO_FREE char *printable = pk_text_printable(from, PK_DEVICE_TEXT_MAX);

    return json_string(printable ? printable : "");
}

json_t *key_json(const struct pk_device *device, enum pk_status status,
                 const struct pk_key_state *state)
{
    PK_AUTO_FREE char *place = pk_key_place(device->path);
    char room[FIRMWARE_SIZE];
    json_t *object = json_object();

    add(object, "path", json_string(device->path));
    add(object, "place", json_string(place ? place : ""));
    add(object, "product", text(device->product));
    add(object, "manufacturer", text(device->manufacturer));
    add(object, "vendorId", json_integer(device->vendor_id));
    add(object, "productId", json_integer(device->product_id));
    if (status != PK_OK) {
        add(object, "error", json_string(pk_status_name(status)));
        return object;
    }
    if (firmware(state, room)[0])
        add(object, "firmware", json_string(room));
    add(object, "ctap2", json_boolean(state->ctap2));
    add(object, "pinSupported", json_boolean(state->pin_supported));
    add(object, "pinSet", json_boolean(state->pin_set));
    add(object, "pinMustBeChanged", json_boolean(state->pin_change));
    if (state->pin_tries != KEY_TRIES_UNKNOWN)
        add(object, "pinTriesLeft", json_integer(state->pin_tries));
    if (state->pin_min > 0)
        add(object, "pinLengthMin", json_integer(state->pin_min));
    add(object, "verificationSupported", json_boolean(state->uv_supported));
    add(object, "verificationSetUp", json_boolean(state->uv_set));
    add(object, "alwaysVerifies", json_boolean(state->always_uv));
    add(object, "residentKeys", json_boolean(state->resident_keys));
    if (state->resident_left >= 0)
        add(object, "residentKeysLeft", json_integer(state->resident_left));
    return object;
}

/* --- words ------------------------------------------------------------------------------------ */

void key_print_short(const struct pk_device *device, enum pk_status status,
                     const struct pk_key_state *state)
{
    PK_AUTO_FREE char *name = key_full_name(device);
    char room[FIRMWARE_SIZE];

    (void)printf("%s (%s)\n", name ? name : "security key", device->path);
    if (status != PK_OK) {
        (void)printf("  %s\n", pk_message_outcome(status));
        return;
    }
    if (firmware(state, room)[0])
        (void)printf("  firmware %s; PIN %s", room, pin_state(state));
    else
        (void)printf("  PIN %s", pin_state(state));
    if (state->pin_set && state->pin_tries != KEY_TRIES_UNKNOWN)
        (void)printf(", %u %s left", state->pin_tries, state->pin_tries == 1 ? "try" : "tries");
    if (state->resident_left >= 0)
        (void)printf("; room for %d more passkey%s on it", (int)state->resident_left,
                     state->resident_left == 1 ? "" : "s");
    (void)printf("%s\n", state->ctap2 ? "" : "; U2F only");
}

static void row(const char *name, const char *value)
{
    (void)printf("%-24s %s\n", name, value);
}

static void row_number(const char *name, long long value)
{
    (void)printf("%-24s %lld\n", name, value);
}

void key_print_all(const struct pk_device *device, const struct pk_key_state *state)
{
    PK_AUTO_FREE char *product = pk_text_printable(device->product, TEXT_SHOWN);
    PK_AUTO_FREE char *manufacturer = pk_text_printable(device->manufacturer, TEXT_SHOWN);
    PK_AUTO_FREE char *place = pk_key_place(device->path);
    char room[FIRMWARE_SIZE];

    row("product", product ? product : "");
    row("manufacturer", manufacturer ? manufacturer : "");
    (void)printf("%-24s %04x:%04x\n", "USB id", device->vendor_id, device->product_id);
    row("place", place ? place : "");
    row("device", device->path);
    if (firmware(state, room)[0])
        row("firmware", room);
    row("protocol", state->ctap2 ? "CTAP2 (FIDO2)" : "U2F only: neither PIN nor passkeys on it");
    row("PIN", pin_state(state));
    if (state->pin_set && state->pin_tries != KEY_TRIES_UNKNOWN)
        row_number("PIN tries left", state->pin_tries);
    if (state->pin_min > 0)
        row_number("PIN length, at least", state->pin_min);
    row("fingerprint or the like", uv_state(state));
    if (state->always_uv)
        row("verifies", "always");
    row("passkeys on it", state->resident_keys ? "supported" : "not supported");
    if (state->resident_left >= 0)
        row_number("room for more", state->resident_left);
}
