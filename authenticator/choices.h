/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What to ask of a key, given what it says of itself (authenticatorGetInfo, CTAP 2.1 section 6.4)
 * and what the relying party wants. Pure: nothing here talks to a key.
 */
#ifndef AUTHENTICATOR_CHOICES_H
#define AUTHENTICATOR_CHOICES_H

#include "common/base/limits.h"
#include "common/base/terms.h"

struct key_info {
    bool ctap2; /* false: U2F only, and nothing else is said */
    bool pin_supported;
    bool pin_set;
    bool pin_change;   /* the key accepts it no more but to set another (forcePINChange) */
    bool uv_supported; /* built-in user verification: fingerprint, pattern */
    bool uv_set;
    bool resident_keys;
    bool always_uv;
    bool make_cred_uv_not_required;
    bool cred_protect;
    size_t pin_min;        /* code points of a PIN at least (minPINLength); 0: not said */
    size_t list_max;       /* credentials in one allow or exclude list; 0: not said */
    size_t id_max;         /* bytes of a credential id; 0: not said */
    size_t message_max;    /* bytes of a request; 0: not said */
    int64_t resident_left; /* -1: not said */
    uint64_t firmware;     /* 0: not said */
    int32_t algorithms[PK_ALGORITHMS_MAX];
    size_t algorithm_count; /* 0: not said */
    unsigned transports;    /* 0: not said */
};

enum verification {
    VERIFY_NOT,
    VERIFY_BUILT_IN,
    VERIFY_PIN,
};

/*
 * How to verify the user for an assertion. Required: built-in before PIN. Preferred: built-in if
 * the key has it; a PIN is asked for only when the key insists. PK_PIN_NOT_SET when verification is
 * required and the key could but is not set up; PK_KEY_CANNOT_VERIFY when it cannot.
 */
enum pk_status choose_for_assertion(const struct key_info *info, enum pk_requirement requirement,
                                    enum verification *ret) PK_WARN_UNUSED;

/*
 * The same for a new credential, which a key that has a PIN or a fingerprint does not make without
 * it unless it says makeCredUvNotRqd and the credential is not discoverable.
 */
enum pk_status choose_for_credential(const struct key_info *info, enum pk_requirement requirement,
                                     bool discoverable, enum verification *ret) PK_WARN_UNUSED;

/*
 * After the key refused with status: what to try next, or that status. attempts counts the refusals
 * of built-in verification; required: going on without verification is no way out. coded: the key
 * said an error code; one that is not known may mean that it wants verification. No PIN try is ever
 * spent without a new PIN.
 */
struct refusal {
    enum verification tried;
    enum pk_status status;
    unsigned attempts;
    bool required;
    bool coded;
};
enum pk_status choose_after(const struct key_info *info, const struct refusal *refusal,
                            enum verification *ret) PK_WARN_UNUSED;

/*
 * What CTAP2_ERR_OPERATION_DENIED means after the key has asked for a touch for that many
 * milliseconds: a key may say so too when its own patience ends (CTAP 2.1 section 6.1.2).
 */
enum pk_status choose_denied(int64_t waited_ms) PK_WARN_UNUSED;

/* Whether the credential is to be discoverable. PK_KEY_CANNOT_STORE, PK_KEY_STORE_FULL: required.
 */
enum pk_status choose_discoverable(const struct key_info *info, enum pk_requirement requirement,
                                   bool *ret) PK_WARN_UNUSED;

/*
 * Which of the wanted algorithms to try, in their order: those that libfido2 can create (ES256,
 * ES384, EdDSA, RS256; U2F: ES256) and, where the key lists its own, that the key can.
 * PK_KEY_ALGORITHM: none. ret has room for count.
 */
enum pk_status choose_algorithms(const struct key_info *info, const int32_t *wanted, size_t count,
                                 int32_t *ret, size_t *ret_count) PK_WARN_UNUSED;

/* Whether that can be a PIN of this key (CTAP 2.1 section 6.5.1). */
bool pin_fits(const struct key_info *info, const struct pk_secret *pin);

/* Whether the key could have made that credential id: longer ones make some keys fail. */
bool id_fits(const struct key_info *info, struct pk_view id);

/* Credentials that one list holds already. */
struct list_load {
    size_t count;
    size_t bytes; /* roughly, as they are sent */
};

/*
 * Counts the credential in if the list has room for it: for one always, for more as far as the key
 * says what it can take, in number and in bytes.
 */
bool list_takes(const struct key_info *info, struct pk_view id, struct list_load *load);

#endif
