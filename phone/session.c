/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone/session.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/hybrid/qr.h"
#include "phone/course.h"
#include "phone/dialler.h"
#include "phone/part.h"
#include "phone/radio.h"
#include "phone/sandbox.h"
#include "phone/tls.h"
#include "phone/tunnel.h"

#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define GOODBYE_MS                                                                                 \
    1500 /* that the tunnel has, after the answer, to say that nothing more comes                  \
          */

/* Descriptors of the parts are -1 once these have ended, or are not needed any more. */
struct session {
    struct pk_channel *channel;
    struct pk_frame setup, request;
    struct code code;
    int radio, dialler, tunnel;
    struct course course;
    uint16_t service;       /* that is being connected to, once one is */
    struct pk_frame answer; /* FAILED until there is another */
    bool answered;
};

static uint8_t buffer[PART_PACKET_MAX];

static void session_clear(struct session *session)
{
    cleanup_close_fd(&session->radio);
    cleanup_close_fd(&session->dialler);
    cleanup_close_fd(&session->tunnel);
    code_clear(&session->code);
    pk_frame_clear(&session->setup);
    pk_frame_clear(&session->request);
    pk_frame_clear(&session->answer);
    explicit_bzero(&session->course, sizeof(session->course));
    explicit_bzero(buffer, sizeof(buffer));
}
#define AUTO_SESSION __attribute__((cleanup(session_clear)))

/* ---- the start ---- */

static enum pk_status receive_request(struct session *session)
{
    enum pk_status status = pk_channel_wait(session->channel, &session->request);

    if (status == PK_OK && session->request.type != PK_FRAME_GET_ASSERTION &&
        session->request.type != PK_FRAME_MAKE_CREDENTIAL)
        status = PK_PROTOCOL;
    return status;
}

/* Those that need no secret of the code: they are forked before there is one. */
static enum pk_status start_outer(struct session *session)
{
    const struct pk_phone_setup *setup = &session->setup.phone_setup;
    const struct dialler dialler = {{setup->hashed, setup->connect}, setup->dialler};
    enum pk_status status = part_start(dialler_run, &dialler, &session->dialler);

    return status == PK_OK ? part_start(radio_run, setup->bus, &session->radio) : status;
}

static enum pk_status start_tunnel(struct session *session)
{
    const bool makes = session->request.type == PK_FRAME_MAKE_CREDENTIAL;
    enum pk_status status =
        code_make(makes ? PK_HYBRID_HINT_MAKE : PK_HYBRID_HINT_GET, &session->code);
    const struct tunnel tunnel = {&session->request, &session->code,
                                  session->setup.phone_setup.hashed,
                                  session->setup.phone_setup.ca_file};

    if (status == PK_OK)
        status = part_start(tunnel_run, &tunnel, &session->tunnel);
    if (status == PK_OK)
        status = part_send(session->radio, PART_KEY, pk_secret_view(&session->code.eid_key), -1);
    /* From here on the two parts alone have them. */
    pk_p256_clear(&session->code.own);
    pk_secret_clear(&session->code.secret);
    pk_secret_clear(&session->code.eid_key);
    return status;
}

static enum pk_status start(struct session *session)
{
    enum pk_status status = pk_channel_greet(session->channel);

    if (status == PK_OK)
        status = pk_channel_expect(session->channel, PK_FRAME_PHONE_SETUP, &session->setup);
    if (status == PK_OK)
        status = receive_request(session);
    if (status == PK_OK)
        status = start_outer(session);
    if (status == PK_OK)
        status = start_tunnel(session);
    return status == PK_OK ? phone_sandbox_enter(PHONE_SESSION) : status;
}

/* ---- what the course asks for ---- */

static enum pk_status say_step(const struct session *session, enum pk_phone_step step)
{
    return pk_channel_send(
        session->channel,
        &(struct pk_frame){.type = PK_FRAME_PHONE_STEP, .phone_step = {step, session->service}});
}

static enum pk_status show_code(struct session *session)
{
    enum pk_status status =
        pk_channel_send(session->channel, &(struct pk_frame){.type = PK_FRAME_PHONE_CODE,
                                                             .phone_code = session->code.text});

    pk_secret_clear(&session->code.text);
    return status;
}

static enum pk_status dial_tunnel(struct session *session)
{
    const struct course *course = &session->course;
    PK_AUTO_ADVERT struct pk_hybrid_advert advert = {.domain = 0};
    uint8_t number[2];
    bool another;
    enum pk_status status =
        pk_hybrid_advert_read((struct pk_view){course->plain, sizeof(course->plain)},
                              PK_HYBRID_TUNNELS_DEFAULT | PK_HYBRID_HASHED, &advert);

    another = course->dialled == 1 || advert.domain != session->service;

    session->service = advert.domain;
    if (status == PK_OK && another)
        status = say_step(session, PK_PHONE_STEP_HEARD);
    if (status != PK_OK)
        return status;
    number[0] = (uint8_t)(advert.domain >> 8);
    number[1] = (uint8_t)advert.domain;
    /* One that has ended is found out when its end is read. */
    (void)!part_send(session->dialler, PART_DIAL, (struct pk_view){number, sizeof(number)}, -1);
    return PK_OK;
}

/* PK_CANCELLED where nobody listens to the frames any more; otherwise the session goes on. */
static enum pk_status follow(struct session *session, enum course_action action, int fd)
{
    struct course *course = &session->course;

    switch (action) {
    case COURSE_SHOW:
        return show_code(session);
    case COURSE_DIAL:
        return dial_tunnel(session);
    case COURSE_SPEAK:
        (void)!part_send(session->tunnel, PART_SPEAK,
                         (struct pk_view){course->plain, sizeof(course->plain)}, fd);
        return PK_OK;
    case COURSE_LEAVE:
        cleanup_close_fd(&session->radio);
        cleanup_close_fd(&session->dialler);
        return say_step(session, PK_PHONE_STEP_ASKED);
    default:
        return PK_OK;
    }
}

/* ---- what the parts say ---- */

/* Heard of the code, and of a tunnel that may be used. */
static bool is_usable(const struct session *session, struct pk_view plain)
{
    const unsigned allowed =
        PK_HYBRID_TUNNELS_DEFAULT | (session->setup.phone_setup.hashed ? PK_HYBRID_HASHED : 0);
    PK_AUTO_ADVERT struct pk_hybrid_advert advert = {.domain = 0};

    return pk_hybrid_advert_read(plain, allowed, &advert) == PK_OK;
}

/* One of the radio's; what is none of them counts as a fault of the adapter. */
static enum pk_status radio_status(struct pk_view name)
{
    static const enum pk_status statuses[] = {PK_PHONE_NO_ADAPTER, PK_PHONE_ADAPTER_OFF,
                                              PK_PHONE_NO_RIGHT, PK_NO_MEMORY};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (pk_view_equal(name, pk_view_string(pk_status_name(statuses[i]))))
            return statuses[i];
    }
    return PK_PHONE_NO_ADAPTER;
}

static enum course_action on_radio(struct session *session, const struct part_packet *packet)
{
    const int64_t now = pk_clock_monotonic_ms();

    if (packet && packet->word == PART_SCANS)
        return course_scans(&session->course, now);
    if (packet && packet->word == PART_HEARD)
        return is_usable(session, packet->payload)
                   ? course_heard(&session->course, packet->payload.ptr, now)
                   : COURSE_WAIT;
    cleanup_close_fd(&session->radio);
    return course_lost(&session->course, packet && packet->word == PART_LOST
                                             ? radio_status(packet->payload)
                                             : PK_PHONE_NO_ADAPTER);
}

static enum course_action on_dialler(struct session *session, const struct part_packet *packet)
{
    const bool connected = packet && packet->word == PART_DIALLED && packet->fd >= 0;

    if (!packet)
        cleanup_close_fd(&session->dialler);
    return course_dialled(&session->course, connected, pk_clock_monotonic_ms());
}

/* The last frame of the request's kind: the answer. */
static enum course_action take_answer(struct session *session, struct pk_frame *frame)
{
    const enum pk_frame_type wanted =
        session->request.type == PK_FRAME_GET_ASSERTION ? PK_FRAME_ASSERTION : PK_FRAME_CREDENTIAL;

    if (session->course.stage != COURSE_ASKED || frame->type != wanted)
        return course_failed(&session->course, PK_PHONE_TUNNEL, 0);
    pk_frame_clear(&session->answer);
    session->answer = *frame;
    *frame = (struct pk_frame){0};
    session->answered = true;
    return COURSE_END;
}

static enum course_action on_tunnel(struct session *session, const struct part_packet *packet)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    const int64_t now = pk_clock_monotonic_ms();

    if (!packet || packet->word != PART_FRAME || pk_frame_decode(packet->payload, &frame)) {
        cleanup_close_fd(&session->tunnel);
        return course_failed(&session->course,
                             session->course.stage < COURSE_SPEAKS ? PK_INTERNAL : PK_PHONE_TUNNEL,
                             now);
    }
    if (frame.type == PK_FRAME_PHONE_STEP && frame.phone_step.step == PK_PHONE_STEP_ASKED)
        return course_asked(&session->course, now);
    if (frame.type == PK_FRAME_FAILED) {
        session->answer.failure.detail = frame.failure.detail;
        return course_failed(&session->course, frame.failure.status, now);
    }
    return take_answer(session, &frame);
}

/* ---- the loop ---- */

/* CANCEL, the end of the input, or something that was not asked for. */
static enum pk_status on_frames(struct session *session)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    enum pk_status status = pk_channel_read(session->channel, &frame);

    if (status == PK_NOT_FOUND)
        return PK_OK;
    if (status == PK_OK)
        return frame.type == PK_FRAME_CANCEL ? PK_CANCELLED : PK_PROTOCOL;
    return status;
}

/* The next packet of a part: how it is taken. PK_OK: the session goes on, or has ended. */
static enum pk_status on_part(struct session *session, int socket,
                              enum course_action (*take)(struct session *session,
                                                         const struct part_packet *packet))
{
    struct part_packet packet = {.fd = -1};
    enum pk_status status = part_receive(socket, buffer, &packet);
    PK_AUTO_CLOSE int fd = packet.fd;

    return follow(session, take(session, status == PK_OK ? &packet : NULL), fd);
}

static bool ended(const struct session *session)
{
    return session->answered || session->course.stage == COURSE_ENDED;
}

/* Waits for what comes first, and takes one thing of it. */
static enum pk_status take_one(struct session *session)
{
    struct pollfd polled[] = {{.fd = session->channel->in, .events = POLLIN},
                              {.fd = session->tunnel, .events = POLLIN},
                              {.fd = session->dialler, .events = POLLIN},
                              {.fd = session->radio, .events = POLLIN}};
    const int64_t left = session->course.deadline - pk_clock_monotonic_ms();

    if (pk_channel_pending(session->channel))
        return on_frames(session);
    (void)poll(polled, sizeof(polled) / sizeof(polled[0]), left > 0 ? (int)left : 0);
    if (polled[0].revents)
        return on_frames(session);
    if (polled[1].revents)
        return on_part(session, session->tunnel, on_tunnel);
    if (polled[2].revents)
        return on_part(session, session->dialler, on_dialler);
    if (polled[3].revents)
        return on_part(session, session->radio, on_radio);
    return follow(session, course_waited(&session->course, pk_clock_monotonic_ms()), -1);
}

/* The tunnel may say to the phone that it is done, unless whoever asked wants to be left alone. */
static void let_finish(const struct session *session)
{
    struct pollfd polled[] = {{.fd = session->tunnel, .events = POLLIN},
                              {.fd = session->channel->in, .events = POLLIN}};

    (void)poll(polled, sizeof(polled) / sizeof(polled[0]), GOODBYE_MS);
}

enum pk_status session_run(struct pk_channel *channel)
{
    AUTO_SESSION struct session session = {
        .channel = channel, .radio = -1, .dialler = -1, .tunnel = -1};
    enum pk_status status;

    session.answer.type = PK_FRAME_FAILED;
    session.answer.failure.pin_tries = PK_TRIES_UNKNOWN;
    tls_begin();
    status = start(&session);
    session.course = course_new(pk_clock_monotonic_ms());
    while (status == PK_OK && !ended(&session))
        status = take_one(&session);
    if (status == PK_OK && session.answered) {
        status = pk_channel_send(channel, &session.answer);
        let_finish(&session);
        return status;
    }
    session.answer.failure.status = status == PK_OK ? session.course.end : status;
    pk_channel_send_failure(channel, &session.answer.failure);
    return session.answer.failure.status;
}
