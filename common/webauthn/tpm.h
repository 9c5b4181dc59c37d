/* SPDX-License-Identifier: BSD-2-Clause */
/* The two TPM 2.0 structures of an attestation (Trusted Platform Module Library, part 2). */
#ifndef PK_WEBAUTHN_TPM_H
#define PK_WEBAUTHN_TPM_H

#include "common/webauthn/cose.h"

/* TPMT_PUBLIC of an RSA or ECC key. Views borrow. */
struct pk_tpm_public {
    bool rsa;
    enum pk_hash name_hash;
    uint16_t rsa_bits;
    uint32_t rsa_exponent; /* the default, 65537, in the place of 0 */
    uint16_t ecc_curve;    /* TPM_ECC_CURVE */
    struct pk_view modulus, x, y;
};

/* PK_TPM_PUB_AREA_MALFORMED, also for other types of key, and hashes that are not known here. */
enum pk_status pk_tpm_public_parse(struct pk_view pub_area,
                                   struct pk_tpm_public *ret) PK_WARN_UNUSED;

/* Whether that is the key. A TPM may leave leading zeros of coordinates out. */
bool pk_tpm_public_is(const struct pk_tpm_public *tpm, const struct pk_cose_key *key);

/* TPMS_ATTEST that certifies. Views borrow. */
struct pk_tpm_attest {
    struct pk_view extra_data;
    struct pk_view name; /* TPM2B_NAME of attested, without its size */
};

/* PK_TPM_CERT_INFO_MALFORMED, PK_TPM_MAGIC, PK_TPM_ATTEST_TYPE. */
enum pk_status pk_tpm_attest_parse(struct pk_view cert_info,
                                   struct pk_tpm_attest *ret) PK_WARN_UNUSED;

#endif
