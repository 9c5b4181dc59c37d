/* SPDX-License-Identifier: BSD-2-Clause */
/* Passkeys of a load generator: what a browser and its authenticator make of options. */
#ifndef PASSKEYD_BENCH_AUTHENTICATOR_H
#define PASSKEYD_BENCH_AUTHENTICATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_ID_SIZE     16
#define BENCH_HANDLE_SIZE 96

/* One passkey. Several have the same key pair: to make one takes longer than to use it. */
struct passkey {
    uint8_t id[BENCH_ID_SIZE];
    unsigned user;
    unsigned key;
    char handle[BENCH_HANDLE_SIZE]; /* base64url; empty: made of the user's number */
};

struct authenticator;

/* For an RP id and an origin, borrowed; NULL: no memory. With a few ES256 key pairs. */
struct authenticator *authenticator_new(const char *rp_id, const char *origin);
void authenticator_free(struct authenticator *authenticator);

/* A new one, which the relying party does not know yet. */
void authenticator_make(const struct authenticator *authenticator, unsigned user,
                        struct passkey *ret);

/*
 * The response to a challenge in base64url, as WebAuthn's JSON: RegistrationResponseJSON with
 * attestation "none", or AuthenticationResponseJSON. The caller's to free; NULL: it failed.
 */
char *authenticator_register(const struct authenticator *authenticator,
                             const struct passkey *passkey, const char *challenge);
char *authenticator_sign_in(const struct authenticator *authenticator,
                            const struct passkey *passkey, const char *challenge);

/* The user's id, as it is in options and, in base64url, in responses. */
#define BENCH_USER_FORMAT "user-%08u"

#endif
