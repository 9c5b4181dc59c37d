/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/session.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <errno.h>
#include <fido.h>
#include <poll.h>
#include <string.h>

/*
 * Polled: a kernel event comes before udev has set the permissions of the device node, and its
 * socket would be one more thing for the sandbox to allow.
 */
#define INTERVAL_MS 300

struct found {
    fido_dev_info_t *list;
    size_t count;
};

static void free_found(struct found *found)
{
    fido_dev_info_free(&found->list, PK_DEVICES_MAX);
}

static char *printable(const char *text)
{
    return pk_text_printable(text ? text : "", PK_DEVICE_TEXT_MAX);
}

static enum pk_status describe(const fido_dev_info_t *info, struct pk_device *ret)
{
    ret->path = strdup(fido_dev_info_path(info));
    ret->manufacturer = printable(fido_dev_info_manufacturer_string(info));
    ret->product = printable(fido_dev_info_product_string(info));
    ret->vendor_id = (uint16_t)fido_dev_info_vendor(info);
    ret->product_id = (uint16_t)fido_dev_info_product(info);
    return ret->path && ret->manufacturer && ret->product ? PK_OK : PK_NO_MEMORY;
}

/* Only what hid.c can open: libfido2 also lists NFC readers, which need sockets. */
static bool servable(const fido_dev_info_t *info)
{
    const char *path = fido_dev_info_path(info);

    return path && strncmp(path, "/dev/", 5) == 0 && strlen(path) <= PK_DEVICE_PATH_MAX &&
           pk_utf8_valid(pk_view_string(path));
}

static enum pk_status list_devices(struct pk_frame *ret)
{
    __attribute__((cleanup(free_found))) struct found found = {fido_dev_info_new(PK_DEVICES_MAX),
                                                               0};
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_DEVICES};

    if (!found.list)
        return PK_NO_MEMORY;
    if (fido_dev_info_manifest(found.list, PK_DEVICES_MAX, &found.count) != FIDO_OK)
        found.count = 0;
    frame.devices.items = calloc(PK_DEVICES_MAX, sizeof(*frame.devices.items));
    if (!frame.devices.items)
        return PK_NO_MEMORY;
    for (size_t i = 0; i < found.count; i++) {
        const fido_dev_info_t *info = fido_dev_info_ptr(found.list, i);

        if (!servable(info))
            continue;
        if (describe(info, &frame.devices.items[frame.devices.count++]) != PK_OK)
            return PK_NO_MEMORY;
    }
    *ret = frame;
    frame = (struct pk_frame){0};
    return PK_OK;
}

/* Sends the list if it is not the one sent last, which is kept in *last as its frame. */
static enum pk_status report(const struct pk_channel *channel, struct pk_bytes *last)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    enum pk_status status = list_devices(&frame);

    if (status == PK_OK)
        status = pk_frame_encode(&frame, &bytes);
    if (status != PK_OK || pk_view_equal(pk_view_of(&bytes), pk_view_of(last)))
        return status;
    status = pk_channel_send(channel, &frame);
    if (status == PK_OK) {
        pk_bytes_clear(last);
        *last = bytes;
        bytes = (struct pk_bytes){0};
    }
    return status;
}

/* Waits for the next look. PK_CANCELLED: the caller cancelled or closed. */
static enum pk_status pause_or_end(struct pk_channel *channel)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    struct pollfd polled = {.fd = channel->in, .events = POLLIN};
    int ready = pk_channel_pending(channel) ? 1 : poll(&polled, 1, INTERVAL_MS);
    enum pk_status status;

    if (ready == 0 || (ready < 0 && errno == EINTR))
        return PK_OK;
    if (ready < 0)
        return PK_IO;
    status = pk_channel_read(channel, &frame);
    if (status == PK_NOT_FOUND)
        return PK_OK;
    if (status == PK_OK)
        return frame.type == PK_FRAME_CANCEL ? PK_CANCELLED : PK_PROTOCOL;
    return status;
}

enum pk_status watch_devices(struct pk_channel *channel)
{
    PK_AUTO_BYTES struct pk_bytes last = {0};
    enum pk_status status;

    do {
        status = report(channel, &last);
        if (status == PK_OK)
            status = pause_or_end(channel);
    } while (status == PK_OK);
    return status;
}
