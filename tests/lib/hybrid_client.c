/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The computer's side of one session by common/hybrid, on a socket that is open already, without
 * TLS:
 *
 *     hybrid_client make|get DESCRIPTOR [CREDENTIAL-ID…]
 *
 * It prints the QR code's text, and reads adverts, a line of hexadecimal each, until one is of this
 * code or an empty line says that no more come. Then it prints "domain NAME", speaks on the socket,
 * and prints "result STATUS STEP" with the step that it came to, before it the answer's parts, a
 * line of a word and hexadecimal each. Exit status: 0, whatever the result.
 */
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/hybrid/advert.h"
#include "common/hybrid/channel.h"
#include "common/hybrid/ctap.h"
#include "common/hybrid/message.h"
#include "common/hybrid/qr.h"
#include "common/hybrid/upgrade.h"
#include "common/hybrid/websocket.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENT_DATA_HASH 0x5a /* each byte of it */
#define SECONDS          30   /* that a session may take before it is ended by SIGALRM */

struct session {
    const char *step;
    int fd;
    bool make;
    struct pk_p256 own, ephemeral;
    struct pk_secret secret;
    struct pk_hybrid_advert advert;
    char domain[PK_HYBRID_DOMAIN_SIZE];
    struct pk_websocket websocket;
    struct pk_hybrid_channel channel;
    uint8_t buffer[2 * PK_HYBRID_MESSAGE_MAX];
    size_t len;
    struct pk_descriptor list[PK_CREDENTIAL_LIST_MAX];
    size_t list_count;
};

static void clear_session(struct session *session)
{
    pk_p256_clear(&session->own);
    pk_p256_clear(&session->ephemeral);
    pk_secret_clear(&session->secret);
    pk_hybrid_advert_clear(&session->advert);
    pk_websocket_clear(&session->websocket);
    pk_hybrid_channel_clear(&session->channel);
    for (size_t i = 0; i < session->list_count; i++)
        pk_bytes_clear(&session->list[i].id);
}

static void print_hex(const char *word, struct pk_view bytes)
{
    PK_AUTO_FREE char *hex = pk_hex_encode(bytes);

    (void)printf("%s %s\n", word, hex);
}

/* Bytes of a line of hexadecimal. */
static struct pk_bytes unhex(const char *hex)
{
    struct pk_bytes bytes = {calloc(1, strlen(hex) / 2 + 1), strlen(hex) / 2};

    for (size_t i = 0; i < bytes.len; i++) {
        unsigned byte = 0;

        if (sscanf(hex + 2 * i, "%2x", &byte) == 1)
            bytes.data[i] = (uint8_t)byte;
    }
    return bytes;
}

/* ---- the code and the advert ---- */

static enum pk_status make_key(struct pk_p256 *ret)
{
    uint8_t scalar[PK_P256_SCALAR_SIZE];

    pk_random(scalar, sizeof(scalar));
    return pk_p256_load((struct pk_view){scalar, sizeof(scalar)}, ret);
}

static enum pk_status show_code(struct session *session)
{
    uint8_t compressed[PK_HYBRID_COMPRESSED_SIZE];
    PK_AUTO_SECRET struct pk_secret text = {0};
    struct pk_hybrid_qr qr = {
        .public_key = {compressed, sizeof(compressed)},
        .domains = PK_HYBRID_DOMAINS,
        .time = 1780000000,
        .has_state_assisted = true,
        .hint = pk_view_string(session->make ? PK_HYBRID_HINT_MAKE : PK_HYBRID_HINT_GET),
    };
    enum pk_status status = make_key(&session->own);

    session->step = "code";
    if (status == PK_OK)
        status = make_key(&session->ephemeral);
    if (status == PK_OK)
        status = pk_secret_new(PK_HYBRID_SECRET_SIZE, &session->secret);
    if (status != PK_OK)
        return status;
    pk_random(session->secret.data, session->secret.len);
    pk_p256_compress(session->own.point, compressed);
    qr.secret = pk_secret_view(&session->secret);
    status = pk_hybrid_qr_text(&qr, &text);
    if (status == PK_OK)
        (void)printf("%s\n", (const char *)text.data);
    (void)fflush(stdout);
    return status;
}

static enum pk_status hear(struct session *session)
{
    PK_AUTO_SECRET struct pk_secret key = {0};
    char line[1024];
    enum pk_status status =
        pk_hybrid_derive(pk_secret_view(&session->secret), (struct pk_view){NULL, 0},
                         PK_HYBRID_EID_KEY, PK_HYBRID_EID_KEY_SIZE, &key);
    enum pk_status heard = PK_NO_MATCH;

    session->step = "advert";
    while (status == PK_OK && heard != PK_OK && fgets(line, sizeof(line), stdin) &&
           line[0] != '\n') {
        PK_AUTO_BYTES struct pk_bytes data = {0};
        enum pk_status one;

        line[strcspn(line, "\n")] = '\0';
        data = unhex(line);
        one = pk_hybrid_advert_open(pk_secret_view(&key), pk_view_of(&data),
                                    PK_HYBRID_TUNNELS_DEFAULT, &session->advert);
        session->advert.suffix = (struct pk_view){NULL, 0};
        if (one != PK_NO_MATCH)
            heard = one;
    }
    if (status == PK_OK)
        status = heard;
    if (status == PK_OK)
        status =
            pk_hybrid_domain(session->advert.domain, PK_HYBRID_TUNNELS_DEFAULT, session->domain);
    if (status == PK_OK)
        (void)printf("domain %s\n", session->domain);
    (void)fflush(stdout);
    return status;
}

/* ---- the socket ---- */

static enum pk_status write_all(const struct session *session, struct pk_view bytes)
{
    while (bytes.len > 0) {
        ssize_t wrote = send(session->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

        if (wrote <= 0)
            return PK_IO;
        bytes = (struct pk_view){bytes.ptr + wrote, bytes.len - (size_t)wrote};
    }
    return PK_OK;
}

static enum pk_status read_more(struct session *session)
{
    ssize_t got = session->len < sizeof(session->buffer)
                      ? recv(session->fd, session->buffer + session->len,
                             sizeof(session->buffer) - session->len, 0)
                      : -1;

    if (got <= 0)
        return PK_IO;
    session->len += (size_t)got;
    return PK_OK;
}

static void drop(struct session *session, size_t used)
{
    session->len -= used;
    memmove(session->buffer, session->buffer + used, session->len);
}

static enum pk_status upgrade_connection(struct session *session)
{
    struct pk_upgrade upgrade = {.host = session->domain};
    struct pk_upgrade_answer answer = {0};
    PK_AUTO_SECRET struct pk_secret tunnel_id = {0};
    PK_AUTO_FREE char *request = NULL;
    enum pk_status status =
        pk_hybrid_derive(pk_secret_view(&session->secret), (struct pk_view){NULL, 0},
                         PK_HYBRID_TUNNEL_ID, PK_HYBRID_TUNNEL_ID_SIZE, &tunnel_id);

    session->step = "upgrade";
    if (status != PK_OK)
        return status;
    pk_random(upgrade.key, sizeof(upgrade.key));
    memcpy(upgrade.routing_id, session->advert.routing_id, sizeof(upgrade.routing_id));
    memcpy(upgrade.tunnel_id, tunnel_id.data, sizeof(upgrade.tunnel_id));
    status = pk_upgrade_request(&upgrade, &request);
    if (status == PK_OK)
        status = write_all(session, pk_view_string(request));
    while (status == PK_OK && answer.used == 0) {
        status = read_more(session);
        if (status == PK_OK)
            status = pk_upgrade_answer_read(
                &upgrade, (struct pk_view){session->buffer, session->len}, &answer);
    }
    if (status == PK_OK)
        drop(session, answer.used);
    return status;
}

static enum pk_status send_frame(const struct session *session, enum pk_websocket_opcode opcode,
                                 struct pk_view payload)
{
    uint8_t mask[PK_WEBSOCKET_MASK_SIZE];
    PK_AUTO_BYTES struct pk_bytes frame = {0};
    enum pk_status status;

    pk_random(mask, sizeof(mask));
    status = pk_websocket_write(opcode, payload, mask, &frame);
    return status == PK_OK ? write_all(session, pk_view_of(&frame)) : status;
}

/* The next message; pings are answered meanwhile. */
static enum pk_status next_message(struct session *session, struct pk_bytes *ret)
{
    for (;;) {
        PK_AUTO_WEBSOCKET_EVENT struct pk_websocket_event event = {0};
        size_t used = 0;
        enum pk_status status = pk_websocket_read(
            &session->websocket, (struct pk_view){session->buffer, session->len}, &used, &event);

        if (status == PK_OK && used == 0)
            status = read_more(session);
        if (status == PK_OK && event.type == PK_WEBSOCKET_ASKED)
            status = send_frame(session, PK_WEBSOCKET_PONG, pk_view_of(&event.payload));
        if (status == PK_OK && event.type == PK_WEBSOCKET_FINISHED)
            status = PK_IO;
        if (status != PK_OK)
            return status;
        drop(session, used);
        if (event.type == PK_WEBSOCKET_MESSAGE) {
            *ret = event.payload;
            event.payload = (struct pk_bytes){0};
            return PK_OK;
        }
    }
}

/* ---- the session ---- */

static enum pk_status shake_hands(struct session *session)
{
    PK_AUTO_SECRET struct pk_secret psk = {0};
    PK_AUTO_NOISE struct pk_noise noise = {0};
    PK_AUTO_NOISE_RESULT struct pk_noise_result result = {0};
    PK_AUTO_BYTES struct pk_bytes answer = {0};
    struct pk_noise_setup setup = {
        .pattern = PK_NOISE_KN_PSK0, .ephemeral = &session->ephemeral, .own_static = &session->own};
    uint8_t message[PK_NOISE_MESSAGE_SIZE];
    enum pk_status status = pk_hybrid_derive(pk_secret_view(&session->secret),
                                             pk_secret_view(&session->advert.plaintext),
                                             PK_HYBRID_PSK, PK_HYBRID_PSK_SIZE, &psk);

    session->step = "handshake";
    setup.psk = pk_secret_view(&psk);
    if (status == PK_OK)
        status = pk_noise_begin(&setup, message, &noise);
    if (status == PK_OK)
        status =
            send_frame(session, PK_WEBSOCKET_BINARY, (struct pk_view){message, sizeof(message)});
    if (status == PK_OK)
        status = next_message(session, &answer);
    if (status == PK_OK)
        status = pk_noise_finish(&noise, &setup, pk_view_of(&answer), &result);
    if (status == PK_OK)
        session->channel = pk_hybrid_channel_of_client(&result);
    return status;
}

static enum pk_status next_plain(struct session *session, struct pk_bytes *ret)
{
    PK_AUTO_BYTES struct pk_bytes sealed = {0};
    enum pk_status status = next_message(session, &sealed);

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
    return status == PK_OK ? send_frame(session, PK_WEBSOCKET_BINARY, pk_view_of(&sealed)) : status;
}

static enum pk_status be_greeted(struct session *session)
{
    PK_AUTO_BYTES struct pk_bytes plain = {0};
    struct pk_hybrid_greeting greeting = {0};
    enum pk_status status;

    session->step = "greeting";
    status = next_plain(session, &plain);
    if (status == PK_OK)
        status = pk_hybrid_greeting_parse(pk_view_of(&plain), &greeting);
    if (status == PK_OK && (!greeting.ctap2 || !greeting.stores))
        status = PK_UNSUPPORTED;
    return status == PK_OK && !greeting.verifies ? PK_KEY_CANNOT_VERIFY : status;
}

/* What both requests are about. */
static char rp_id[] = "host.example.org", name[] = "alice";
static uint8_t handle[] = {1, 2, 3, 4};

static struct pk_credential_request credential_request(const struct session *session)
{
    struct pk_credential_request request = {
        .creation = {.rp_id = rp_id,
                     .user_handle = {handle, sizeof(handle)},
                     .user_name = name,
                     .algorithms = {-7, -257},
                     .algorithm_count = 2,
                     .exclude = (struct pk_descriptor *)(uintptr_t)session->list,
                     .exclude_count = session->list_count}};

    memset(request.client_data_hash, CLIENT_DATA_HASH, sizeof(request.client_data_hash));
    return request;
}

static struct pk_assertion_request assertion_request(const struct session *session)
{
    struct pk_assertion_request request = {
        .rp_id = rp_id,
        .allow = (struct pk_descriptor *)(uintptr_t)session->list,
        .allow_count = session->list_count,
    };

    memset(request.client_data_hash, CLIENT_DATA_HASH, sizeof(request.client_data_hash));
    return request;
}

static enum pk_status ask(struct session *session)
{
    const struct pk_credential_request credential = credential_request(session);
    const struct pk_assertion_request assertion = assertion_request(session);
    PK_AUTO_BYTES struct pk_bytes command = {0};
    enum pk_status status = session->make ? pk_hybrid_make_credential(&credential, &command)
                                          : pk_hybrid_get_assertion(&assertion, &command);

    session->step = "command";
    return status == PK_OK ? send_typed(session, PK_HYBRID_CTAP, pk_view_of(&command)) : status;
}

static enum pk_status use_answer(const struct session *session, struct pk_view answer)
{
    const struct pk_credential_request credential = credential_request(session);
    const struct pk_assertion_request assertion = assertion_request(session);
    struct pk_credential_answer made = {0};
    struct pk_assertion_answer asserted = {0};
    enum pk_status status = session->make ? pk_hybrid_credential_made(&credential, answer, &made)
                                          : pk_hybrid_assertion_made(&assertion, answer, &asserted);

    if (status == PK_OK && session->make) {
        print_hex("object", pk_view_of(&made.attestation_object));
    } else if (status == PK_OK) {
        print_hex("id", pk_view_of(&asserted.credential_id));
        print_hex("data", pk_view_of(&asserted.authenticator_data));
        print_hex("signature", pk_view_of(&asserted.signature));
        print_hex("user", pk_view_of(&asserted.user_handle));
    }
    pk_bytes_clear(&made.attestation_object);
    pk_assertion_answer_clear(&asserted);
    return status;
}

static enum pk_status be_answered(struct session *session)
{
    struct pk_hybrid_order order = {.asked = true};
    enum pk_status status = PK_OK;

    session->step = "answer";
    while (status == PK_OK && !order.answered) {
        PK_AUTO_BYTES struct pk_bytes plain = {0};
        enum pk_hybrid_type type = PK_HYBRID_JSON;
        struct pk_view payload = {NULL, 0};

        status = next_plain(session, &plain);
        if (status == PK_OK)
            status = pk_hybrid_message_parse(pk_view_of(&plain), &type, &payload);
        if (status == PK_OK)
            status = pk_hybrid_order_take(&order, type);
        if (status == PK_OK && type == PK_HYBRID_CTAP)
            status = use_answer(session, payload);
    }
    return status;
}

static enum pk_status run(struct session *session)
{
    static enum pk_status (*const steps[])(struct session *) = {
        show_code, hear, upgrade_connection, shake_hands, be_greeted, ask, be_answered,
    };
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && status == PK_OK; i++)
        status = steps[i](session);
    if (status == PK_OK) {
        session->step = "end";
        (void)!send_typed(session, PK_HYBRID_SHUTDOWN, (struct pk_view){NULL, 0});
    }
    return status;
}

int main(int argc, char **argv)
{
    static struct session whole;
    struct session *session = &whole;
    enum pk_status status;

    if (argc < 3 || argc > 3 + PK_CREDENTIAL_LIST_MAX)
        return 2;
    (void)alarm(SECONDS);
    session->make = strcmp(argv[1], "make") == 0;
    session->fd = (int)strtol(argv[2], NULL, 10);
    session->websocket = pk_websocket_new();
    for (int i = 3; i < argc; i++)
        session->list[session->list_count++].id = unhex(argv[i]);
    status = run(session);
    (void)printf("result %s %s\n", pk_status_name(status), session->step);
    clear_session(session);
    return 0;
}
