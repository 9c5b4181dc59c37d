/* SPDX-License-Identifier: BSD-2-Clause */
/* What the frames of frames.h hold, a struct for each type that has fields. Owned by the frame. */
#ifndef PK_WIRE_FRAME_CONTENTS_H
#define PK_WIRE_FRAME_CONTENTS_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"
#include "common/base/terms.h"
#include "common/wire/creation.h"

struct pk_device {
    char *path;         /* what GET_ASSERTION and MAKE_CREDENTIAL name */
    char *manufacturer; /* may be empty; made printable before it is shown */
    char *product;
    uint16_t vendor_id;
    uint16_t product_id;
};

struct pk_devices {
    struct pk_device *items;
    size_t count;
};

/* As the frame has them. */
#define PK_HINT_HIDDEN 1u
#define PK_HINT_KNOWN  2u

struct pk_assertion_request {
    char *path;
    char *rp_id;
    uint8_t client_data_hash[PK_HASH_SIZE];
    enum pk_requirement user_verification;
    struct pk_descriptor *allow; /* empty: discoverable */
    size_t allow_count;
    char *appid; /* NULL: none; tried when rp_id finds nothing */
    /* A credential may be one that is shown to a verified user only: a key that might hide it
     * verifies the user, whatever user_verification says. */
    bool hidden;
    /* The key has shown the one credential lately: it need not be asked silently before a touch. */
    bool known;
};

struct pk_credential_request {
    char *path;
    uint8_t client_data_hash[PK_HASH_SIZE];
    struct pk_creation creation;
};

struct pk_check {
    enum pk_status status; /* OK: holds one; NO_MATCH; CREDENTIAL_EXCLUDED; others: cannot serve */
    bool ctap2;            /* false: U2F only */
    bool has_pin;
    bool has_built_in_uv;
    uint8_t pin_tries; /* 0xff: not known */
    /*
     * What the key said without a person is not its last word: after OK it has said nothing, and
     * may turn out to hold none; after NO_MATCH, to hold one. The helper then waits for PROCEED
     * after NO_MATCH too; a caller that takes NO_MATCH for an answer just closes.
     */
    bool uncertain;
};

struct pk_pin_needed {
    uint8_t tries; /* left; 0xff: not known */
    bool wrong;    /* the last one was wrong */
    uint8_t min;   /* code points that a PIN of this key has at least; 0: not said */
};

struct pk_assertion_answer {
    struct pk_bytes credential_id;
    struct pk_bytes authenticator_data; /* raw, not wrapped in CBOR */
    struct pk_bytes signature;
    struct pk_bytes user_handle; /* empty: absent */
};

void pk_assertion_answer_clear(struct pk_assertion_answer *answer);
/* On PK_NO_MEMORY *ret holds what was copied so far and must be cleared. */
enum pk_status pk_assertion_answer_copy(const struct pk_assertion_answer *from,
                                        struct pk_assertion_answer *ret) PK_WARN_UNUSED;

/* Several when the request was discoverable and the key holds several accounts. */
struct pk_assertion_answers {
    struct pk_assertion_answer *items;
    size_t count;
};

struct pk_credential_answer {
    struct pk_bytes attestation_object; /* CBOR, WebAuthn 6.5.4 */
    unsigned transports;
    bool discoverable;
    bool hidden; /* the key does not show it by itself, and can verify the user */
};

/* A key for its own sake: KEY_INFO, SET_PIN, RESET and SELECT. */
struct pk_key_request {
    char *path;
    struct pk_secret pin;     /* SET_PIN alone: the one that it has; empty: it has none yet */
    struct pk_secret new_pin; /* SET_PIN alone */
};

struct pk_key_state {
    bool ctap2; /* false: U2F only, and what follows is not known */
    bool pin_supported, pin_set;
    bool pin_change;           /* the PIN has to be changed before the key accepts it */
    uint8_t pin_tries;         /* 0xff: not known */
    uint8_t pin_min;           /* code points that a PIN has at least; 0: not said */
    bool uv_supported, uv_set; /* built-in verification */
    bool always_uv;
    bool resident_keys;
    int32_t resident_left; /* free places for discoverable credentials; -1: not said */
    uint32_t firmware;     /* firmwareVersion (CTAP 2.1 section 6.4); 0: not said */
    uint8_t version[3];    /* of the device: major, minor, build (section 11.2.9.1.3) */
};

/* How passkey-phone reaches a phone: what root's configuration or the build says, no user. */
struct pk_phone_setup {
    bool hashed; /* tunnels whose names come of a number, not only those of Google and Apple */
    char *bus;   /* D-Bus address; empty: the system bus */
    char
        *dialler; /* socket of the dialler's unit; empty: the helper resolves and connects itself */
    /* For tests, empty otherwise: ADDRESS:PORT in place of every tunnel's, and a PEM file of
     * certificates to trust in place of the system's. The tunnel's name is verified all the same.
     */
    char *connect;
    char *ca_file;
};

enum pk_phone_step {
    PK_PHONE_STEP_HEARD = 1, /* an advert is the phone's: the tunnel is being connected */
    PK_PHONE_STEP_ASKED = 2, /* the phone has the request, and asks its user */
};

struct pk_phone_progress {
    enum pk_phone_step step;
    uint16_t service; /* the number of the tunnel's: see common/hybrid/domain.h */
};

struct pk_failure {
    enum pk_status status; /* one of the authenticator's, or a general one */
    uint8_t pin_tries;     /* 0xff: not known */
    int32_t detail;        /* libfido2's error code, for the debug log */
};

#endif
