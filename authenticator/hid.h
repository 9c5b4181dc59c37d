/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O functions that libfido2 uses instead of its own: while it waits for the key they also
 * listen to the channel, so that CANCEL reaches the key, and they turn the key's keepalives into
 * TOUCH frames.
 */
#ifndef AUTHENTICATOR_HID_H
#define AUTHENTICATOR_HID_H

#include "common/helper/channel.h"

#include <fido.h>

#define HID_PACKET_SIZE  64
#define HID_INFO_PACKETS 16 /* of a longer answer to getInfo none is kept */

/* The answer to getInfo. */
struct hid_info {
    enum { INFO_NONE, INFO_AWAITED, INFO_KEPT, INFO_REPEATED } state;
    size_t count, next; /* packets: had, and read again */
    size_t left;        /* bytes to come */
    unsigned char packets[HID_INFO_PACKETS][HID_PACKET_SIZE];
};

struct hid {
    struct pk_channel *channel;
    fido_dev_t *device; /* that CTAPHID_CANCEL goes to */
    int fd;
    /*
     * PK_OK, or why the conversation with the key stopped: DEVICE_REMOVED, DEVICE_SILENT,
     * DEVICE_ERROR, BUSY, CANCELLED, PROTOCOL. More precise than libfido2's error number.
     */
    enum pk_status trouble;
    /*
     * True: the key may wait for a person, without a limit here as long as it says so (CTAP 2.1
     * section 11.2.9.2.1), and TOUCH is reported.
     */
    bool person;
    /* The key is asked whether it holds something: where it wants a touch first, it is stopped. */
    bool silent;
    bool wanted_touch;       /* it was */
    uint32_t channel_id;     /* of the message sent last, as it stands in the packet */
    uint8_t command;         /* CTAPHID command of that message */
    uint8_t ctap;            /* CTAP2 command, when it was CTAPHID_CBOR */
    bool touch_reported;     /* for that message */
    int64_t touch_wanted_at; /* since when, in milliseconds of the monotonic clock; 0: not */
    int64_t heard_at;        /* the last sign of life, or when it was last asked */
    int64_t give_up_at;      /* once cancelled */
    struct hid_info info;
};

/*
 * Makes device talk through hid, which must live as long as it, and through fd, the opened key,
 * which is closed with it; one at a time in the process, because libfido2 hands its open function
 * nothing but a path, which is not used. PK_INTERNAL.
 */
enum pk_status hid_attach(struct hid *hid, fido_dev_t *device, int fd) PK_WARN_UNUSED;

/* pk_channel_expect() while nothing is asked of the key: also PK_DEVICE_REMOVED when it is pulled.
 */
enum pk_status hid_expect(struct hid *hid, enum pk_frame_type type,
                          struct pk_frame *ret) PK_WARN_UNUSED;

/* For how many milliseconds the key has waited for a person, in the message sent last. */
int64_t hid_touch_wait(const struct hid *hid);

#endif
