/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frames between the daemon (or passkey-askpass) and passkey-authenticator or passkey-phone, on
 * a private SOCK_STREAM socketpair that is the helper's standard input and output. doc/protocol.md
 * has the bytes: u32 length, u8 type, then the fields in order; a frame is consumed exactly.
 *
 * Both sides begin with HELLO. A helper serves one request and exits; it exits at end of file.
 */
#ifndef PK_WIRE_FRAMES_H
#define PK_WIRE_FRAMES_H

#include "common/wire/frame_contents.h"

#define PK_FRAME_VERSION 1

enum pk_frame_type {
    PK_FRAME_HELLO = 1, /* both ways: u8 version */
    /* to the helper */
    PK_FRAME_WATCH = 16,           /* report devices whenever the list changes, until end of file */
    PK_FRAME_GET_ASSERTION = 17,   /* struct pk_assertion_request */
    PK_FRAME_MAKE_CREDENTIAL = 18, /* struct pk_credential_request */
    PK_FRAME_PIN = 19,             /* the answer to PIN_NEEDED; empty: declined */
    PK_FRAME_CANCEL = 20,          /* give up now: CTAPHID_CANCEL, then FAILED cancelled */
    PK_FRAME_PROCEED = 21,         /* after CHECKED: go on to the touch */
    PK_FRAME_KEY_INFO = 22,        /* struct pk_key_request, and so are the next three */
    PK_FRAME_SET_PIN = 23,         /* a first PIN, or another one */
    PK_FRAME_RESET = 24,           /* makes the key forget everything, after a touch */
    PK_FRAME_SELECT = 25,          /* waits for a touch, to tell keys apart */
    PK_FRAME_PHONE_SETUP = 26,     /* struct pk_phone_setup; to passkey-phone, before the request */
    /* from the helper */
    PK_FRAME_DEVICES = 32,    /* struct pk_device list */
    PK_FRAME_CHECKED = 33,    /* the silent pre-check is over: struct pk_check */
    PK_FRAME_TOUCH = 34,      /* the key waits for a touch (CTAPHID_KEEPALIVE, UPNEEDED) */
    PK_FRAME_PIN_NEEDED = 35, /* struct pk_pin_needed */
    PK_FRAME_VERIFY = 36,     /* the key waits for its own fingerprint or gesture */
    PK_FRAME_ASSERTION = 37,  /* struct pk_assertion_answer; the last frame */
    PK_FRAME_CREDENTIAL = 38, /* struct pk_credential_answer; the last frame */
    PK_FRAME_FAILED = 39,     /* struct pk_failure; the last frame */
    PK_FRAME_KEY_STATE = 40,  /* struct pk_key_state; the last frame */
    PK_FRAME_DONE = 41,       /* SET_PIN, RESET or SELECT is done; the last frame */
    PK_FRAME_PHONE_CODE = 42, /* scanning has begun: the text of the QR code, a secret */
    PK_FRAME_PHONE_STEP = 43,
};

/* One frame of either direction, tagged by type. */
struct pk_frame {
    enum pk_frame_type type;
    union {
        uint8_t version;
        struct pk_assertion_request get_assertion;
        struct pk_credential_request make_credential;
        struct pk_secret pin;
        struct pk_devices devices;
        struct pk_check check;
        struct pk_pin_needed pin_needed;
        struct pk_assertion_answers assertion;
        struct pk_credential_answer credential;
        struct pk_failure failure;
        struct pk_key_request key;
        struct pk_key_state key_state;
        struct pk_phone_setup phone_setup;
        struct pk_secret phone_code;
        struct pk_phone_progress phone_step;
    };
};

/*@ predicate known(enum pk_frame_type type) =
      type == PK_FRAME_HELLO || PK_FRAME_WATCH <= type <= PK_FRAME_PHONE_SETUP ||
      PK_FRAME_DEVICES <= type <= PK_FRAME_PHONE_STEP; */

void pk_frame_clear(struct pk_frame *frame);
#define PK_AUTO_FRAME __attribute__((cleanup(pk_frame_clear)))

/*
 * The whole frame, length included. The bytes may hold a PIN: wipe them. PK_TOO_LARGE,
 * PK_INVALID_ARGUMENT for an unknown type, PK_NO_MEMORY.
 */
enum pk_status pk_frame_encode(const struct pk_frame *frame, struct pk_bytes *ret) PK_WARN_UNUSED;

/*
 * payload: what followed the length. Every owner in *ret is new; the payload is not kept, and a
 * caller whose payload holds a PIN wipes it. PK_TRUNCATED, PK_TRAILING_DATA, PK_TOO_LARGE for a
 * length or count over its limit, PK_PROTOCOL for an unknown type, status name or enum value or an
 * empty field that may not be, PK_INVALID_INPUT for text that is not UTF-8, PK_NO_MEMORY.
 */
/*@ requires readable(payload) && \valid(ret) && \separated(ret, &heap);
    assigns *ret, heap[..];
    ensures \result == PK_OK ==> 0 < payload.len <= PK_FRAME_MAX;
    ensures \result == PK_OK ==> known(ret->type);
    ensures payload.len > PK_FRAME_MAX ==> \result == PK_TOO_LARGE;
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_frame_decode(struct pk_view payload, struct pk_frame *ret) PK_WARN_UNUSED;

/*
 * How many bytes the first frame of a stream takes: *ret_size is 0 while its length has not
 * arrived whole. PK_TOO_LARGE over PK_FRAME_MAX, PK_PROTOCOL for an empty one.
 */
/*@ requires readable(stream) && \valid(ret_size);
    assigns *ret_size;
    ensures \result == PK_OK ==> *ret_size == 0 || 4 < *ret_size <= 4 + PK_FRAME_MAX;
    ensures \result != PK_OK ==> *ret_size == \old(*ret_size); */
enum pk_status pk_frame_size(struct pk_view stream, size_t *ret_size) PK_WARN_UNUSED;

#endif
