/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/hid.h"

#include "common/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* CTAP 2.1 section 11.2.4: a packet, and where its parts are. */
#define PACKET_SIZE   HID_PACKET_SIZE
#define AT_COMMAND    4
#define AT_LENGTH     5
#define AT_DATA       7
#define INIT_PACKET   0x80
#define CMD_MSG       (INIT_PACKET | 0x03)
#define CMD_CBOR      (INIT_PACKET | 0x10)
#define CMD_CANCEL    (INIT_PACKET | 0x11)
#define CMD_KEEPALIVE (INIT_PACKET | 0x3b)
#define CMD_ERROR     (INIT_PACKET | 0x3f)
#define UP_NEEDED     2
#define ERROR_BUSY    6

#define CTAP_MAKE_CREDENTIAL 0x01
#define CTAP_GET_ASSERTION   0x02
#define CTAP_GET_INFO        0x04
#define CTAP_RESET           0x07
#define CTAP_SELECTION       0x0b

/* How long a key may be silent, also while it waits for a person: a keepalive comes every 100 ms.
 */
#define SILENCE_MS 5000
/* How long a key may take to answer CTAPHID_CANCEL. */
#define CANCEL_MS 2000

static struct hid *attached;

static void stop(struct hid *hid, enum pk_status why)
{
    if (hid->trouble == PK_OK)
        hid->trouble = why;
}

static void hid_close(void *handle)
{
    struct hid *hid = handle;

    (void)close(hid->fd);
    hid->fd = -1;
}

static enum pk_status transfer_trouble(int error)
{
    if (error == ETIMEDOUT) /* the kernel gave up: the key takes no packet any more */
        return PK_DEVICE_SILENT;
    return error == EIO || error == ENODEV || error == EPIPE ? PK_DEVICE_REMOVED : PK_DEVICE_ERROR;
}

/* Remembers which message is under way. packet: what follows the report number. */
static void note_message(struct hid *hid, const unsigned char *packet)
{
    hid->heard_at = pk_clock_monotonic_ms(); /* from here on it owes an answer */
    if (!(packet[AT_COMMAND] & INIT_PACKET))
        return;
    memcpy(&hid->channel_id, packet, sizeof(hid->channel_id));
    hid->command = packet[AT_COMMAND];
    hid->ctap = hid->command == CMD_CBOR ? packet[AT_DATA] : 0;
    /* A U2F message is repeated until the touch: that is one wait. */
    if (hid->command == CMD_MSG)
        return;
    hid->touch_reported = false;
    hid->touch_wanted_at = 0;
}

/* --- what the key says of itself -------------------------------------------------------------- */

/*
 * libfido2 asks for it to open a key and does not tell it; asked for once more at once, it is read
 * out of what was said then. Any other message ends that.
 */

static bool asks_for_info(const unsigned char *packet)
{
    return packet[AT_COMMAND] == CMD_CBOR && packet[AT_LENGTH] == 0 && packet[AT_LENGTH + 1] == 1 &&
           packet[AT_DATA] == CTAP_GET_INFO;
}

/* Whether that question is answered here. */
static bool repeats_info(struct hid_info *info, const unsigned char *packet)
{
    bool asks = asks_for_info(packet);

    if (!(packet[AT_COMMAND] & INIT_PACKET))
        return false;
    if (asks && info->state == INFO_KEPT)
        info->state = INFO_REPEATED;
    else
        info->state = asks ? INFO_AWAITED : INFO_NONE;
    info->next = 0;
    return info->state == INFO_REPEATED;
}

/* Takes down a packet of the answer. */
static void keep_info(struct hid_info *info, const unsigned char *packet)
{
    bool first = packet[AT_COMMAND] & INIT_PACKET;
    size_t room = first ? PACKET_SIZE - AT_DATA : PACKET_SIZE - AT_LENGTH;

    if (info->state != INFO_AWAITED || packet[AT_COMMAND] == CMD_KEEPALIVE)
        return;
    if (first) {
        info->left = (size_t)packet[AT_LENGTH] << 8 | packet[AT_LENGTH + 1];
        info->count = 0;
    }
    if ((first && packet[AT_COMMAND] != CMD_CBOR) || (!first && info->count == 0) ||
        info->count == HID_INFO_PACKETS) {
        info->state = INFO_NONE;
        return;
    }
    (void)memcpy(info->packets[info->count++], packet, PACKET_SIZE);
    info->left -= info->left < room ? info->left : room;
    if (info->left == 0)
        info->state = INFO_KEPT;
}

static int read_info(struct hid_info *info, unsigned char *data, size_t len)
{
    if (len < PACKET_SIZE)
        return -1;
    (void)memcpy(data, info->packets[info->next++], PACKET_SIZE);
    if (info->next == info->count)
        info->state = INFO_NONE;
    return PACKET_SIZE;
}

/* --- libfido2's functions --------------------------------------------------------------------- */

static int hid_write(void *handle, const unsigned char *data, size_t len)
{
    struct hid *hid = handle;
    bool cancels = len == PACKET_SIZE + 1 && data[1 + AT_COMMAND] == CMD_CANCEL;
    ssize_t written;

    /* Once stopped, a further step of the same operation must not begin. */
    if (len != PACKET_SIZE + 1 || (hid->trouble != PK_OK && !cancels))
        return -1;
    if (!cancels)
        note_message(hid, data + 1);
    if (repeats_info(&hid->info, data + 1))
        return (int)len;
    do
        written = write(hid->fd, data, len);
    while (written < 0 && errno == EINTR);
    if (written != (ssize_t)len) {
        stop(hid, transfer_trouble(errno));
        return -1;
    }
    return (int)written;
}

/* Whether the packet is for us: every program that has the device open is given all of them. */
static bool is_ours(const struct hid *hid, const unsigned char *packet)
{
    return memcmp(packet, &hid->channel_id, sizeof(hid->channel_id)) == 0;
}

/* The key refuses because of another program, one that does not lock the device. */
static bool says_busy(const struct hid *hid, const unsigned char *packet)
{
    return is_ours(hid, packet) && packet[AT_COMMAND] == CMD_ERROR && packet[AT_DATA] == ERROR_BUSY;
}

/* Whether that packet means that the key waits for a touch. */
static bool asks_for_touch(const struct hid *hid, const unsigned char *packet)
{
    size_t len = (size_t)packet[AT_LENGTH] << 8 | packet[AT_LENGTH + 1];

    if (!is_ours(hid, packet))
        return false;
    if (packet[AT_COMMAND] == CMD_KEEPALIVE)
        return packet[AT_DATA] == UP_NEEDED &&
               (hid->ctap == CTAP_MAKE_CREDENTIAL || hid->ctap == CTAP_GET_ASSERTION ||
                hid->ctap == CTAP_RESET || hid->ctap == CTAP_SELECTION);
    /* U2F 1.2 raw messages section 3.3: SW_CONDITIONS_NOT_SATISFIED. */
    return hid->command == CMD_MSG && packet[AT_COMMAND] == CMD_MSG && len == 2 &&
           packet[AT_DATA] == 0x69 && packet[AT_DATA + 1] == 0x85;
}

/* Since when the key waits for a touch or a finger, in any command. */
static void note_wait(struct hid *hid, const unsigned char *packet)
{
    if (hid->touch_wanted_at == 0 && packet[AT_COMMAND] == CMD_KEEPALIVE &&
        packet[AT_DATA] == UP_NEEDED)
        hid->touch_wanted_at = hid->heard_at;
}

/* What the key says to other programs is no sign of life for this one. */
static void note_life(struct hid *hid, const unsigned char *packet)
{
    if (!is_ours(hid, packet))
        return;
    hid->heard_at = pk_clock_monotonic_ms();
    note_wait(hid, packet);
}

static void report_touch(struct hid *hid, const unsigned char *packet)
{
    if (!hid->person || hid->touch_reported || hid->trouble != PK_OK ||
        !asks_for_touch(hid, packet))
        return;
    hid->touch_reported = true;
    /* A failure is not reported here: the end of the input follows, and is. */
    (void)!pk_channel_send_bare(hid->channel, PK_FRAME_TOUCH);
}

/*
 * A key that says only to a person what it holds is not waited for: nobody has been told to touch
 * it. It answers the cancel with an error. U2F has a question of its own, which waits for no touch.
 */
static void stop_silent_touch(struct hid *hid, const unsigned char *packet)
{
    if (!hid->silent || hid->wanted_touch || hid->command != CMD_CBOR ||
        !asks_for_touch(hid, packet))
        return;
    hid->wanted_touch = true;
    (void)fido_dev_cancel(hid->device);
}

/*
 * The channel has something while the key is busy: only CANCEL and the end of the input are in
 * place. False: no answer of the key is to be waited for.
 */
static bool read_channel(struct hid *hid)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    enum pk_status status = pk_channel_read(hid->channel, &frame);

    if (status == PK_NOT_FOUND)
        return true;
    if (status == PK_OK)
        status = frame.type == PK_FRAME_CANCEL ? PK_CANCELLED : PK_PROTOCOL;
    stop(hid, status);
    hid->give_up_at = pk_clock_monotonic_ms() + CANCEL_MS;
    /* U2F knows no cancel; there the message that asks for the touch is simply not repeated. */
    return fido_dev_cancel(hid->device) == FIDO_OK;
}

/* The device is open already, and it is our turn. */
static void *hid_open(const char *path)
{
    (void)path;
    return attached;
}

/* How long to wait for the next packet, in milliseconds. */
static int patience(const struct hid *hid)
{
    int64_t until = hid->trouble != PK_OK ? hid->give_up_at : hid->heard_at + SILENCE_MS;
    int64_t left = until - pk_clock_monotonic_ms();

    return left > 0 ? (int)left : 0;
}

static int read_packet(struct hid *hid, unsigned char *data, size_t len)
{
    ssize_t got;

    do
        got = read(hid->fd, data, len);
    while (got < 0 && errno == EINTR);
    if (got <= 0) {
        stop(hid, got == 0 ? PK_DEVICE_REMOVED : transfer_trouble(errno));
        return -1;
    }
    if (got == PACKET_SIZE) {
        note_life(hid, data);
        if (is_ours(hid, data))
            keep_info(&hid->info, data);
        report_touch(hid, data);
        stop_silent_touch(hid, data);
        if (says_busy(hid, data))
            stop(hid, PK_BUSY);
    }
    return (int)got;
}

/* The time limit that libfido2 passes is never set by us; patience() decides. */
static int hid_read(void *handle, unsigned char *data, size_t len, int ms)
{
    struct hid *hid = handle;

    (void)ms;
    if (hid->info.state == INFO_REPEATED && hid->trouble == PK_OK)
        return read_info(&hid->info, data, len);
    for (;;) {
        struct pollfd polled[2] = {
            {.fd = hid->fd, .events = POLLIN},
            /* After a cancel nothing on the channel changes the outcome. */
            {.fd = hid->trouble == PK_OK ? hid->channel->in : -1, .events = POLLIN},
        };
        bool pending = hid->trouble == PK_OK && pk_channel_pending(hid->channel);
        int ready = poll(polled, 2, pending ? 0 : patience(hid));

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0 || (ready == 0 && !pending)) {
            stop(hid, ready == 0 ? PK_DEVICE_SILENT : PK_DEVICE_ERROR);
            return -1;
        }
        if ((pending || polled[1].revents) && !read_channel(hid))
            return -1;
        if (polled[0].revents & POLLIN)
            return read_packet(hid, data, len);
        if (polled[0].revents) {
            stop(hid, PK_DEVICE_REMOVED);
            return -1;
        }
    }
}

enum pk_status hid_attach(struct hid *hid, fido_dev_t *device, int fd)
{
    static const fido_dev_io_t functions = {hid_open, hid_close, hid_read, hid_write};

    hid->device = device;
    hid->fd = fd;
    attached = hid;
    return fido_dev_set_io_functions(device, &functions) == FIDO_OK ? PK_OK : PK_INTERNAL;
}

enum pk_status hid_expect(struct hid *hid, enum pk_frame_type type, struct pk_frame *ret)
{
    bool spoken = pk_channel_pending(hid->channel);

    while (!spoken) {
        struct pollfd polled[2] = {
            {.fd = hid->channel->in, .events = POLLIN},
            /* Packets now are for other programs; only removal is of interest. */
            {.fd = hid->fd, .events = POLLRDHUP},
        };

        if (poll(polled, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            return PK_IO;
        }
        if (polled[1].revents) {
            stop(hid, PK_DEVICE_REMOVED);
            return hid->trouble;
        }
        spoken = polled[0].revents != 0;
    }
    return pk_channel_expect(hid->channel, type, ret);
}

int64_t hid_touch_wait(const struct hid *hid)
{
    return hid->touch_wanted_at > 0 ? pk_clock_monotonic_ms() - hid->touch_wanted_at : 0;
}
