/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone/tunnel.h"

#include "common/base/clock.h"
#include "common/hybrid/advert.h"
#include "common/hybrid/channel.h"
#include "common/hybrid/ctap.h"
#include "common/hybrid/message.h"
#include "phone/part.h"
#include "phone/sandbox.h"
#include "phone/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What each step may take, in milliseconds. */
#define OPENING_MS   15000
#define HANDSHAKE_MS 15000
#define PERSON_MS    120000
#define GOODBYE_MS   1000

#define LENGTH_SIZE   4 /* of a frame's length, which packets are without */
#define TRIES_UNKNOWN 0xff

struct session {
    int socket;
    const struct tunnel *with;
    struct pk_hybrid_advert advert;
    struct stream *stream;
    struct pk_hybrid_channel channel;
    int32_t detail; /* of a failure */
};

static struct stream stream;
static uint8_t buffer[PART_PACKET_MAX];

static bool makes(const struct session *session)
{
    return session->with->request->type == PK_FRAME_MAKE_CREDENTIAL;
}

static void set_deadline(struct session *session, int64_t milliseconds)
{
    session->stream->deadline = pk_clock_monotonic_ms() + milliseconds;
}

/* ---- what the session is told ---- */

static enum pk_status tell(const struct session *session, const struct pk_frame *frame)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    enum pk_status status = pk_frame_encode(frame, &bytes);

    if (status == PK_OK)
        status = part_send(session->socket, PART_FRAME,
                           (struct pk_view){bytes.data + LENGTH_SIZE, bytes.len - LENGTH_SIZE}, -1);
    return status;
}

static void tell_failure(const struct session *session, enum pk_status status)
{
    (void)!tell(session, &(struct pk_frame){
                             .type = PK_FRAME_FAILED,
                             .failure = {status, TRIES_UNKNOWN, session->detail},
                         });
}

/* ---- the steps; each says what its failures mean ---- */

static enum pk_status open_tls(struct session *session, int fd)
{
    char host[PK_HYBRID_DOMAIN_SIZE];
    enum pk_status status = pk_hybrid_domain(session->advert.domain,
                                             PK_HYBRID_TUNNELS_DEFAULT | PK_HYBRID_HASHED, host);

    set_deadline(session, OPENING_MS);
    if (status != PK_OK) {
        (void)close(fd);
        return PK_INTERNAL;
    }
    status = stream_open(session->stream, fd, host);
    return status == PK_OK || status == PK_NO_MEMORY ? status : PK_PHONE_NO_NETWORK;
}

static enum pk_status open_tunnel(struct session *session)
{
    char host[PK_HYBRID_DOMAIN_SIZE];
    struct pk_upgrade upgrade = {.host = host};
    PK_AUTO_SECRET struct pk_secret tunnel_id = {0};
    unsigned number = 0;
    enum pk_status status = pk_hybrid_domain(session->advert.domain,
                                             PK_HYBRID_TUNNELS_DEFAULT | PK_HYBRID_HASHED, host);

    if (status == PK_OK)
        status = pk_hybrid_derive(pk_secret_view(&session->with->code->secret),
                                  (struct pk_view){NULL, 0}, PK_HYBRID_TUNNEL_ID,
                                  PK_HYBRID_TUNNEL_ID_SIZE, &tunnel_id);
    if (status != PK_OK)
        return status;
    (void)memcpy(upgrade.routing_id, session->advert.routing_id, sizeof(upgrade.routing_id));
    (void)memcpy(upgrade.tunnel_id, tunnel_id.data, sizeof(upgrade.tunnel_id));
    status = stream_upgrade(session->stream, &upgrade, &number);
    session->detail = (int32_t)number;
    if (status == PK_OK || status == PK_NO_MEMORY)
        return status;
    /* The phone has gone, or the advert was an old one. */
    return status == PK_NOT_FOUND ? PK_NO_MATCH : PK_PHONE_TUNNEL;
}

static enum pk_status exchange_keys(struct session *session, const struct pk_noise_setup *setup)
{
    PK_AUTO_NOISE struct pk_noise noise = {0};
    PK_AUTO_NOISE_RESULT struct pk_noise_result result = {0};
    PK_AUTO_BYTES struct pk_bytes answer = {0};
    uint8_t message[PK_NOISE_MESSAGE_SIZE];
    enum pk_status status = pk_noise_begin(setup, message, &noise);

    if (status == PK_OK)
        status = stream_send(session->stream, (struct pk_view){message, sizeof(message)});
    if (status == PK_OK)
        status = stream_next(session->stream, &answer);
    if (status == PK_OK)
        status = pk_noise_finish(&noise, setup, pk_view_of(&answer), &result);
    if (status == PK_OK)
        session->channel = pk_hybrid_channel_of_client(&result);
    return status;
}

static enum pk_status shake_hands(struct session *session)
{
    const struct code *code = session->with->code;
    PK_AUTO_P256 struct pk_p256 ephemeral = {.scalar = {0}};
    PK_AUTO_SECRET struct pk_secret psk = {0};
    struct pk_noise_setup setup = {
        .pattern = PK_NOISE_KN_PSK0, .ephemeral = &ephemeral, .own_static = &code->own};
    enum pk_status status =
        pk_hybrid_derive(pk_secret_view(&code->secret), pk_secret_view(&session->advert.plaintext),
                         PK_HYBRID_PSK, PK_HYBRID_PSK_SIZE, &psk);

    set_deadline(session, HANDSHAKE_MS);
    session->detail = 0;
    if (status == PK_OK)
        status = code_make_key(&ephemeral);
    if (status != PK_OK)
        return status;
    setup.psk = pk_secret_view(&psk);
    status = exchange_keys(session, &setup);
    /* Whoever it is, it is not the phone that has this code and has sent this advert. */
    return status == PK_OK || status == PK_NO_MEMORY ? status : PK_NO_MATCH;
}

static enum pk_status next_plain(struct session *session, struct pk_bytes *ret)
{
    PK_AUTO_BYTES struct pk_bytes sealed = {0};
    enum pk_status status = stream_next(session->stream, &sealed);

    return status == PK_OK ? pk_hybrid_channel_read(&session->channel, pk_view_of(&sealed), ret)
                           : status;
}

static enum pk_status send_typed(struct session *session, enum pk_hybrid_type type,
                                 struct pk_view payload)
{
    PK_AUTO_BYTES struct pk_bytes message = {0};
    PK_AUTO_BYTES struct pk_bytes sealed = {0};
    enum pk_status status = pk_hybrid_message_make(type, payload, &message);

    if (status == PK_OK)
        status = pk_hybrid_channel_write(&session->channel, pk_view_of(&message), &sealed);
    return status == PK_OK ? stream_send(session->stream, pk_view_of(&sealed)) : status;
}

/* What an end behind the handshake means, whichever message it comes in place of. */
static enum pk_status broken(enum pk_status status)
{
    switch (status) {
    case PK_OK:
    case PK_NO_MEMORY:
        return status;
    case PK_IO:
        return PK_PHONE_ENDED;
    default:
        return PK_PHONE_TUNNEL;
    }
}

static enum pk_status be_greeted(struct session *session)
{
    PK_AUTO_BYTES struct pk_bytes plain = {0};
    struct pk_hybrid_greeting greeting = {.ctap2 = false};
    enum pk_status status = next_plain(session, &plain);

    if (status == PK_OK)
        status = pk_hybrid_greeting_parse(pk_view_of(&plain), &greeting);
    if (status == PK_UNSUPPORTED || (status == PK_OK && !greeting.ctap2))
        return PK_PHONE_TOO_OLD;
    if (status == PK_OK && !greeting.verifies)
        return PK_KEY_CANNOT_VERIFY;
    if (status == PK_OK && makes(session) && !greeting.stores)
        return PK_KEY_CANNOT_STORE;
    return broken(status);
}

static enum pk_status ask(struct session *session)
{
    const struct pk_frame *request = session->with->request;
    const struct pk_frame asked = {.type = PK_FRAME_PHONE_STEP,
                                   .phone_step = {PK_PHONE_STEP_ASKED, session->advert.domain}};
    PK_AUTO_BYTES struct pk_bytes command = {0};
    enum pk_status status = makes(session)
                                ? pk_hybrid_make_credential(&request->make_credential, &command)
                                : pk_hybrid_get_assertion(&request->get_assertion, &command);

    if (status != PK_OK)
        return status;
    status = broken(send_typed(session, PK_HYBRID_CTAP, pk_view_of(&command)));
    return status == PK_OK ? tell(session, &asked) : status;
}

static enum pk_status answered(enum pk_status status)
{
    switch (status) {
    case PK_NO_MATCH:
        return PK_PHONE_NO_PASSKEY;
    case PK_CREDENTIAL_EXCLUDED:
        return PK_PHONE_HAS_ONE;
    case PK_OPERATION_DENIED:
    case PK_UV_INVALID:
    case PK_UV_BLOCKED:
        return PK_PHONE_DECLINED;
    case PK_DEVICE_ERROR:
        return PK_PHONE_TUNNEL;
    default:
        return status;
    }
}

static enum pk_status use_answer(struct session *session, struct pk_view answer,
                                 struct pk_frame *ret)
{
    const struct pk_frame *request = session->with->request;
    enum pk_status status;

    session->detail = answer.len > 0 ? answer.ptr[0] : 0;
    if (makes(session)) {
        ret->type = PK_FRAME_CREDENTIAL;
        return answered(
            pk_hybrid_credential_made(&request->make_credential, answer, &ret->credential));
    }
    ret->type = PK_FRAME_ASSERTION;
    ret->assertion.items = calloc(1, sizeof(*ret->assertion.items));
    if (!ret->assertion.items)
        return PK_NO_MEMORY;
    status = pk_hybrid_assertion_made(&request->get_assertion, answer, ret->assertion.items);
    ret->assertion.count = status == PK_OK ? 1 : 0;
    return answered(status);
}

static enum pk_status be_answered(struct session *session, struct pk_frame *ret)
{
    struct pk_hybrid_order order = {.asked = true};

    set_deadline(session, PERSON_MS);
    for (;;) {
        PK_AUTO_BYTES struct pk_bytes plain = {0};
        enum pk_hybrid_type type = PK_HYBRID_JSON;
        struct pk_view payload = {NULL, 0};
        enum pk_status status = next_plain(session, &plain);

        if (status == PK_TIMEOUT)
            return status;
        if (status == PK_OK)
            status = pk_hybrid_message_parse(pk_view_of(&plain), &type, &payload);
        if (status == PK_OK)
            status = pk_hybrid_order_take(&order, type);
        if (status != PK_OK)
            return broken(status);
        if (type == PK_HYBRID_CTAP)
            return use_answer(session, payload, ret);
    }
}

/* ---- a session ---- */

static enum pk_status speak(struct session *session, int fd)
{
    PK_AUTO_FRAME struct pk_frame answer = {0};
    enum pk_status status = open_tls(session, fd);

    if (status == PK_OK)
        status = open_tunnel(session);
    if (status == PK_OK)
        status = shake_hands(session);
    if (status == PK_OK)
        status = be_greeted(session);
    if (status == PK_OK)
        status = ask(session);
    if (status == PK_OK)
        status = be_answered(session, &answer);
    if (status != PK_OK) {
        tell_failure(session, status);
        return status;
    }
    /* The answer first: that nothing more comes is a courtesy, and the phone may be gone. */
    status = tell(session, &answer);
    set_deadline(session, GOODBYE_MS);
    if (send_typed(session, PK_HYBRID_SHUTDOWN, (struct pk_view){NULL, 0}) == PK_OK)
        stream_finish(session->stream);
    return status;
}

static enum pk_status speak_once(int socket, const struct tunnel *tunnel,
                                 const struct part_packet *packet)
{
    const unsigned allowed = PK_HYBRID_TUNNELS_DEFAULT | (tunnel->hashed ? PK_HYBRID_HASHED : 0);
    struct session session = {.socket = socket, .with = tunnel, .stream = &stream};
    enum pk_status status;

    if (packet->word != PART_SPEAK || packet->fd < 0)
        return PK_PROTOCOL;
    status = pk_hybrid_advert_read(packet->payload, allowed, &session.advert);
    if (status == PK_OK)
        status = speak(&session, packet->fd);
    stream_clear(&stream);
    pk_hybrid_channel_clear(&session.channel);
    pk_hybrid_advert_clear(&session.advert);
    return status;
}

void tunnel_run(int socket, const void *data)
{
    const struct tunnel *tunnel = data;
    const enum pk_status trusted = tls_prepare(tunnel->ca_file);
    struct part_packet packet = {.fd = -1};
    enum pk_status status = PK_NO_MATCH;

    if (trusted != PK_OK)
        (void)fputs("passkey-phone: there are no certificates to trust\n", stderr);
    if (phone_sandbox_enter(PHONE_TUNNEL) != PK_OK) {
        (void)fputs("passkey-phone: the sandbox cannot be set up\n", stderr);
        _exit(EXIT_FAILURE);
    }
    part_close_log();
    while (status == PK_NO_MATCH && part_receive(socket, buffer, &packet) == PK_OK)
        status = speak_once(socket, tunnel, &packet);
}
