/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/session.h"

#include "authenticator/ceremony.h"

/* The last frame of a request that failed. A write error is ignored: the caller may be gone. */
static void send_failure(const struct channel *channel, enum pk_status status,
                         const struct key *key)
{
    const struct pk_frame failed = {
        .type = PK_FRAME_FAILED,
        .failure = {.status = status,
                    .pin_tries = key ? key->pin_tries : PIN_TRIES_UNKNOWN,
                    .detail = key ? key->error : 0},
    };

    (void)!channel_send(channel, &failed);
}

static enum pk_status greet(struct channel *channel)
{
    PK_AUTO_FRAME struct pk_frame theirs = {0};
    const struct pk_frame ours = {.type = PK_FRAME_HELLO, .version = PK_FRAME_VERSION};
    enum pk_status status = channel_send(channel, &ours);

    if (status == PK_OK)
        status = channel_expect(channel, PK_FRAME_HELLO, &theirs);
    if (status == PK_OK && theirs.version != PK_FRAME_VERSION)
        status = PK_UNSUPPORTED;
    return status;
}

/* A ceremony on one key: opens it, and sends the last frame. */
static enum pk_status serve(struct channel *channel, const struct pk_frame *request)
{
    PK_AUTO_FRAME struct pk_frame answer = {0};
    bool asserts = request->type == PK_FRAME_GET_ASSERTION;
    struct key key;
    enum pk_status status = key_open(
        &key, channel, asserts ? request->get_assertion.path : request->make_credential.path);

    if (status == PK_OK && asserts)
        status = get_assertion(&key, &request->get_assertion, &answer);
    else if (status == PK_OK)
        status = make_credential(&key, &request->make_credential, &answer);
    if (status == PK_OK)
        status = channel_send(channel, &answer);
    else
        send_failure(channel, status, &key);
    key_close(&key);
    return status;
}

enum pk_status session_run(struct channel *channel)
{
    PK_AUTO_FRAME struct pk_frame request = {0};
    enum pk_status status = greet(channel);

    if (status == PK_OK)
        status = channel_wait(channel, &request);
    if (status == PK_OK) {
        switch (request.type) {
        case PK_FRAME_GET_ASSERTION:
        case PK_FRAME_MAKE_CREDENTIAL:
            return serve(channel, &request);
        case PK_FRAME_WATCH:
            status = watch_devices(channel);
            break;
        default:
            status = PK_PROTOCOL;
            break;
        }
    }
    if (status != PK_OK)
        send_failure(channel, status, NULL);
    return request.type == PK_FRAME_WATCH && status == PK_CANCELLED ? PK_OK : status;
}
