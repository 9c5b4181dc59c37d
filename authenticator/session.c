/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/session.h"

#include "authenticator/device.h"
#include "authenticator/handover.h"
#include "authenticator/sandbox.h"
#include "authenticator/worker.h"

/* Opens the key and passes it on, or serves it here: the last frame is sent in both cases. */
static enum pk_status pass_on(struct pk_channel *channel, const struct pk_frame *request)
{
    const char *path = request->get_assertion.path; /* first in each of these requests */
    int device = -1;
    enum pk_status status = device_open(path, channel, &device);

    if (status == PK_OK)
        status = handover(channel, request, device);
    return status == PK_UNAVAILABLE ? worker_become(channel, request, device) : status;
}

static enum pk_status list(struct pk_channel *channel)
{
    enum pk_status status = sandbox_enter_list();

    return status == PK_OK ? watch_devices(channel) : status;
}

enum pk_status session_run(struct pk_channel *channel)
{
    PK_AUTO_FRAME struct pk_frame request = {0};
    enum pk_status status = pk_channel_greet(channel);

    if (status == PK_OK)
        status = pk_channel_wait(channel, &request);
    if (status == PK_OK) {
        switch (request.type) {
        case PK_FRAME_GET_ASSERTION:
        case PK_FRAME_MAKE_CREDENTIAL:
        case PK_FRAME_KEY_INFO:
        case PK_FRAME_SET_PIN:
        case PK_FRAME_RESET:
        case PK_FRAME_SELECT:
            status = pass_on(channel, &request);
            break;
        case PK_FRAME_WATCH:
            status = list(channel);
            break;
        default:
            status = PK_PROTOCOL;
            break;
        }
    }
    if (status != PK_OK)
        pk_channel_send_failure(channel, &(struct pk_failure){status, PK_TRIES_UNKNOWN, 0});
    return request.type == PK_FRAME_WATCH && status == PK_CANCELLED ? PK_OK : status;
}
