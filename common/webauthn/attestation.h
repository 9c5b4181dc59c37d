/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attestation statements (WebAuthn 8): one file a format, attest_*.c, each behind one row of the
 * table in attestation.c.
 */
#ifndef PK_WEBAUTHN_ATTESTATION_H
#define PK_WEBAUTHN_ATTESTATION_H

#include "common/webauthn/authdata.h"
#include "common/webauthn/signature.h"
#include "common/webauthn/verify.h"

struct pk_certificate;

/* What every format verifies against. All borrowed. */
struct pk_attestation_subject {
    const struct pk_auth_data *auth_data;
    struct pk_view client_data_hash; /* PK_HASH_SIZE bytes */
    struct pk_view signed_data;      /* authenticator data, then client data hash */
    struct pk_public_key *key;       /* the credential's */
    time_t time;                     /* when certificates are judged */
    bool rs1_asked_for;              /* else SHA-1 stays in TPMs */
};

/* What a format found. */
struct pk_attestation_finding {
    enum pk_attestation_type type;
    /* The trust path, DER, the attestation certificate first; empty for None and Self. Owned. */
    struct pk_bytes path[PK_X5C_MAX];
    size_t path_count;
};

void pk_attestation_finding_clear(struct pk_attestation_finding *finding);
#define PK_AUTO_FINDING __attribute__((cleanup(pk_attestation_finding_clear)))

/*
 * Appends a copy of a certificate. PK_ATTESTATION_STATEMENT_MALFORMED over PK_X5C_MAX,
 * PK_CERTIFICATE_MALFORMED.
 */
enum pk_status pk_attestation_finding_add(struct pk_attestation_finding *finding,
                                          struct pk_view certificate) PK_WARN_UNUSED;

/* Members of attestation statements, WebAuthn 8.2 to 8.8. */
enum pk_statement_member {
    PK_STATEMENT_ALG = 1 << 0,
    PK_STATEMENT_SIG = 1 << 1,
    PK_STATEMENT_X5C = 1 << 2,
    PK_STATEMENT_VER = 1 << 3,
    PK_STATEMENT_CERT_INFO = 1 << 4,
    PK_STATEMENT_PUB_AREA = 1 << 5,
    PK_STATEMENT_RESPONSE = 1 << 6,
};

/* Views borrow from the statement. */
struct pk_statement {
    unsigned members; /* bits of enum pk_statement_member */
    int64_t alg;
    struct pk_view sig, ver, cert_info, pub_area, response;
    struct pk_view x5c[PK_X5C_MAX]; /* at least one where the member is there */
    size_t x5c_count;
};

/*
 * Takes a checked statement apart: all required members, of the optional ones any, no others.
 * PK_ATTESTATION_STATEMENT_MALFORMED.
 */
enum pk_status pk_statement_parse(struct pk_view statement, unsigned required, unsigned optional,
                                  struct pk_statement *ret) PK_WARN_UNUSED;

/* The first of x5c, whose key must have signed that. PK_CERTIFICATE_*, PK_ATTESTATION_*. */
enum pk_status pk_statement_certificate(const struct pk_statement *statement,
                                        struct pk_view signed_data,
                                        struct pk_certificate **ret) PK_WARN_UNUSED;

/* Appends copies of all of x5c. */
enum pk_status pk_attestation_finding_add_path(struct pk_attestation_finding *finding,
                                               const struct pk_statement *statement) PK_WARN_UNUSED;

/* A format's verification procedure (WebAuthn 8.1). *ret_finding is empty before. */
typedef enum pk_status pk_attest(const struct pk_attestation_subject *subject,
                                 struct pk_view statement,
                                 struct pk_attestation_finding *ret_finding);

pk_attest pk_attest_none, pk_attest_packed, pk_attest_tpm, pk_attest_android_key;
pk_attest pk_attest_safetynet, pk_attest_fido_u2f, pk_attest_apple;

struct pk_attestation_result {
    enum pk_attestation_type type;
    enum pk_trust trust;
    bool aaguid_attested; /* the maker's signature covers it, and the path ends at an anchor */
};

/*
 * WebAuthn 7.1 steps 21 to 24: finds the format, verifies the statement and judges its trust path
 * by the anchors of the requirements; policy is the caller's. statement is one checked CBOR item.
 */
/*@ requires demanded(requirements) && \valid_read(subject) && \valid(ret);
    requires subject->key != \null && \valid_read(subject->auth_data);
    requires readable(subject->client_data_hash) && subject->client_data_hash.len == PK_HASH_SIZE;
    requires readable(subject->signed_data) && readable(format) && readable(statement);
    assigns *ret;
    ensures \result == PK_OK ==>
      attested_by(subject->key, subject->auth_data, subject->client_data_hash.ptr,
                  subject->signed_data, format, statement); */
enum pk_status pk_attestation_verify(const struct pk_requirements *requirements,
                                     const struct pk_attestation_subject *subject,
                                     struct pk_view format, struct pk_view statement,
                                     struct pk_attestation_result *ret) PK_WARN_UNUSED;

/* WebAuthn 8.9. No row of the table: it calls pk_attestation_verify() for each statement. */
enum pk_status pk_attest_compound(const struct pk_requirements *requirements,
                                  const struct pk_attestation_subject *subject,
                                  struct pk_view statement,
                                  struct pk_attestation_result *ret) PK_WARN_UNUSED;

#endif
