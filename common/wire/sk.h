/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenSSH's security key types as they travel: public keys, signatures, and the SSHSIG blob that an
 * agent signs (OpenSSH PROTOCOL.u2f, PROTOCOL.sshsig). Strings are RFC 4251's. No cryptography.
 */
#ifndef PK_WIRE_SK_H
#define PK_WIRE_SK_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"

enum pk_sk_type {
    PK_SK_ECDSA,   /* sk-ecdsa-sha2-nistp256@openssh.com */
    PK_SK_ED25519, /* sk-ssh-ed25519@openssh.com */
};

struct pk_sk_key {
    enum pk_sk_type type;
    uint8_t
        point[64]; /* ECDSA: x ‖ y of an uncompressed point; Ed25519: the first 32 are the key */
    char application[PK_RP_ID_MAX + 1]; /* the RP id, such as "ssh:" */
};

/*
 * A key blob, consumed exactly. PK_UNSUPPORTED for another key type (an RSA key, a certificate):
 * which a list of keys may hold; PK_TRUNCATED, PK_TRAILING_DATA, PK_TOO_LARGE,
 * PK_INVALID_INPUT for a point that is compressed or of another size, another curve, or an
 * application that is empty or not printable ASCII without spaces. Whether the point is on the
 * curve is checked where the key is used (pk_public_key_parse()).
 */
/*@ requires readable(blob) && \valid(ret);
    assigns *ret;
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_sk_key_parse(struct pk_view blob, struct pk_sk_key *ret) PK_WARN_UNUSED;

/*
 * A line of a .pub file: type, base64 of the blob, perhaps a comment; the type must be the blob's.
 * A newline at its end does not matter. Options in front, as authorized_keys has them, and a second
 * line are PK_INVALID_INPUT; otherwise as pk_sk_key_parse(). *ret_blob and *ret_comment (NULL:
 * none; printable) are the caller's.
 */
/*@ requires readable(line) && \valid(ret_key) && \valid(ret_blob) && \valid(ret_comment);
    requires \separated(ret_key, ret_blob, ret_comment);
    assigns *ret_key, *ret_blob, *ret_comment, heap[..];
    ensures \result == PK_OK ==> held(*ret_blob) && ret_blob->len <= PK_PUBLIC_KEY_MAX;
    ensures \result != PK_OK ==> *ret_blob == \old(*ret_blob);
    ensures \result != PK_OK ==> *ret_comment == \old(*ret_comment); */
enum pk_status pk_sk_public_line_parse(struct pk_view line, struct pk_sk_key *ret_key,
                                       struct pk_bytes *ret_blob,
                                       char **ret_comment) PK_WARN_UNUSED;

struct pk_sk_signature {
    enum pk_sk_type type;
    uint8_t flags;
    uint32_t counter;
    struct pk_bytes signature; /* as COSE algorithms have it: DER of r and s, or 64 bytes */
};
/*@ requires \valid(signature);
    assigns *signature; */
void pk_sk_signature_clear(struct pk_sk_signature *signature);
#define PK_AUTO_SK_SIGNATURE __attribute__((cleanup(pk_sk_signature_clear)))

/*
 * Consumed exactly. r or s that is zero, negative, oversized or not in its shortest form is
 * PK_INVALID_INPUT. Otherwise as pk_sk_key_parse(). Any flags pass: they are the caller's to judge.
 */
/*@ requires readable(blob) && \valid(ret) && \separated(ret, &heap);
    assigns *ret, heap[..];
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_sk_signature_parse(struct pk_view blob,
                                     struct pk_sk_signature *ret) PK_WARN_UNUSED;

/*
 * What an agent is asked to sign: "SSHSIG", namespace, reserved, hash algorithm, H(message). No
 * signature of a file or of a login can be taken for one of these. PK_NO_MEMORY.
 */
#define PK_SSHSIG_NAMESPACE "passkeyd"
/*@ requires \valid_read(message_sha256 + (0 .. PK_HASH_SIZE - 1)) && \valid(ret);
    assigns *ret, heap[..];
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_sshsig_compose(const uint8_t message_sha256[PK_HASH_SIZE],
                                 struct pk_bytes *ret) PK_WARN_UNUSED;

#endif
