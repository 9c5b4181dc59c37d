/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A helper with one key. Its signature, and its attestation object, are the client data hash that
 * it was given, so that a test sees what would have been signed. The name of its program file
 * selects what it does:
 *
 *   answers        the last credential of the list
 *   other-id       one that was not asked for
 *   other-rp-id    authenticator data of another RP id
 *   no-data        authenticator data that end with the RP id hash
 *   other-kind     the answer to the other request
 *   blinks         until it is told to stop; then makes the file NAME.cancelled
 *   pin            asks for a PIN, and fails when it gets none
 *   fails          with the status operation-denied
 *   empty          there is no key
 *   two            there are two: of them the second is touched, and the first blinks
 *   mute           it never says which keys there are
 *
 * What is done to a key for its own sake is done at once, after a touch where there has to be one.
 */
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "common/wire/frames.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define AUTH_DATA_REST 5 /* flags and counter */

static const char *name;
static const char *program;

static void send_frame(const struct pk_frame *frame)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};

    if (pk_frame_encode(frame, &bytes) ||
        write(STDOUT_FILENO, bytes.data, bytes.len) != (ssize_t)bytes.len)
        _exit(1);
}

static void read_whole(uint8_t *to, size_t len)
{
    while (len > 0) {
        ssize_t got = read(STDIN_FILENO, to, len);

        if (got <= 0)
            _exit(0);
        to += got;
        len -= (size_t)got;
    }
}

/* Ends the process at end of file. */
static void receive_frame(struct pk_frame *ret)
{
    static uint8_t buffer[4 + PK_FRAME_MAX];
    size_t size = 0;

    read_whole(buffer, 4);
    if (pk_frame_size((struct pk_view){buffer, 4}, &size) || size == 0)
        _exit(1);
    read_whole(buffer + 4, size - 4);
    if (pk_frame_decode((struct pk_view){buffer + 4, size - 4}, ret))
        _exit(1);
}

static bool is(const char *wanted)
{
    return strcmp(name, wanted) == 0;
}

static void watch(void)
{
    char one[] = "one", two[] = "two", maker[] = "Maker", product[] = "Key";
    struct pk_device devices[] = {
        {.path = one, .manufacturer = maker, .product = product, .vendor_id = 1, .product_id = 2},
        {.path = two, .manufacturer = maker, .product = product}};
    struct pk_frame frame = {0};

    if (!is("mute"))
        send_frame(&(struct pk_frame){.type = PK_FRAME_DEVICES,
                                      .devices = {devices, is("empty") ? 0 : (is("two") ? 2 : 1)}});
    receive_frame(&frame);
}

static void blink(void)
{
    struct pk_frame frame = {0};
    PK_AUTO_FREE char *marker = pk_text_format("%s.cancelled", program);
    int fd;

    receive_frame(&frame);
    if (frame.type != PK_FRAME_CANCEL || !marker)
        _exit(1);
    fd = open(marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        _exit(1);
    (void)close(fd);
    send_frame(&(struct pk_frame){.type = PK_FRAME_FAILED, .failure = {PK_CANCELLED, 0xff, 0}});
    _exit(0);
}

static void ask_for_pin(void)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};

    send_frame(&(struct pk_frame){.type = PK_FRAME_PIN_NEEDED, .pin_needed = {.tries = 8}});
    receive_frame(&frame);
    if (frame.type == PK_FRAME_PIN && frame.pin.len > 0)
        return;
    send_frame(&(struct pk_frame){.type = PK_FRAME_FAILED, .failure = {PK_PIN_REQUIRED, 8, 0}});
    _exit(0);
}

static void assertion(const struct pk_assertion_request *request)
{
    uint8_t data[PK_HASH_SIZE + AUTH_DATA_REST] = {0};
    uint8_t hash[PK_HASH_SIZE];
    uint8_t other[] = "another";
    struct pk_assertion_answer answer = {
        .authenticator_data = {data, is("no-data") ? PK_HASH_SIZE : sizeof(data)},
        .signature = {hash, sizeof(hash)},
        .credential_id = is("other-id") ? (struct pk_bytes){other, sizeof(other)}
                                        : request->allow[request->allow_count - 1].id,
    };

    (void)memcpy(hash, request->client_data_hash, sizeof(hash));
    pk_sha256(pk_view_string(is("other-rp-id") ? "example.net" : request->rp_id), data);
    data[PK_HASH_SIZE] = 1;                      /* user present */
    data[PK_HASH_SIZE + AUTH_DATA_REST - 1] = 7; /* signature counter */
    send_frame(&(struct pk_frame){.type = PK_FRAME_ASSERTION, .assertion = {&answer, 1}});
}

static void credential(const uint8_t client_data_hash[PK_HASH_SIZE])
{
    uint8_t object[PK_HASH_SIZE];

    (void)memcpy(object, client_data_hash, sizeof(object));
    send_frame(
        &(struct pk_frame){.type = PK_FRAME_CREDENTIAL,
                           .credential = {{object, sizeof(object)}, PK_TRANSPORT_USB, true}});
}

static void serve(const struct pk_frame *request)
{
    PK_AUTO_FRAME struct pk_frame proceed = {0};
    bool get = request->type == PK_FRAME_GET_ASSERTION;

    send_frame(
        &(struct pk_frame){.type = PK_FRAME_CHECKED, .check = {.ctap2 = true, .pin_tries = 8}});
    receive_frame(&proceed);
    if (proceed.type != PK_FRAME_PROCEED)
        _exit(0);
    if (is("pin"))
        ask_for_pin();
    send_frame(&(struct pk_frame){.type = PK_FRAME_TOUCH});
    if (is("blinks"))
        blink();
    if (is("fails"))
        send_frame(
            &(struct pk_frame){.type = PK_FRAME_FAILED, .failure = {PK_OPERATION_DENIED, 0xff, 0}});
    else if (get != is("other-kind"))
        assertion(&request->get_assertion);
    else
        credential(get ? request->get_assertion.client_data_hash
                       : request->make_credential.client_data_hash);
}

static void care(const struct pk_frame *request)
{
    bool is_info = request->type == PK_FRAME_KEY_INFO;

    if (!is_info)
        send_frame(&(struct pk_frame){.type = PK_FRAME_TOUCH});
    if (is("blinks") || (is("two") && strcmp(request->key.path, "one") == 0))
        blink();
    if (is("fails"))
        send_frame(
            &(struct pk_frame){.type = PK_FRAME_FAILED, .failure = {PK_OPERATION_DENIED, 0xff, 0}});
    else if (is_info && !is("other-kind"))
        send_frame(&(struct pk_frame){.type = PK_FRAME_KEY_STATE, .key_state = {.pin_tries = 5}});
    else
        send_frame(&(struct pk_frame){.type = PK_FRAME_DONE});
}

static bool is_care(enum pk_frame_type type)
{
    return type >= PK_FRAME_KEY_INFO && type <= PK_FRAME_SELECT;
}

int main(int argc, char **argv)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

    if (!slash)
        return 2;
    program = argv[0];
    name = slash + 1;
    receive_frame(&frame);
    send_frame(&(struct pk_frame){.type = PK_FRAME_HELLO, .version = PK_FRAME_VERSION});
    receive_frame(&frame);
    if (frame.type == PK_FRAME_WATCH)
        watch();
    else if (is_care(frame.type))
        care(&frame);
    else
        serve(&frame);
    return 0;
}
