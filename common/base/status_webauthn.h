/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What registration and authentication can find wrong, one value a check: the rows of status.c's
 * table that belong to common/webauthn. For status.c, and for messages.c of common/keys, which has
 * a sentence for each; everybody else asks pk_status_name() and pk_status_clause(). Step numbers
 * are those of Web Authentication Level 3, sections 7.1 (registration) and 7.2 (authentication).
 */
#ifndef PK_BASE_STATUS_WEBAUTHN_H
#define PK_BASE_STATUS_WEBAUTHN_H

/* clang-format off */
#define PK_STATUS_RESPONSE_ROWS(X)                                                                 \
    X(RESPONSE_MALFORMED,      "response-malformed",        "WebAuthn 5.1.8: a required member is missing or of another type") \
    X(BASE64URL_MALFORMED,     "base64url-malformed",       "WebAuthn 3, Base64url encoding: no padding, foreign characters or stray bits") \
    X(CREDENTIAL_TYPE_UNKNOWN, "credential-type-unknown",   "WebAuthn 5.8.2: type is public-key")  \
    X(CREDENTIAL_ID_MISMATCH,  "credential-id-mismatch",    "WebAuthn 5.1: id, rawId and the attested or recorded id are one") \
    X(CREDENTIAL_ID_LENGTH,    "credential-id-length",      "WebAuthn 7.1 step 25: 1 to 1023 bytes") \
    X(CREDENTIAL_REGISTERED,   "credential-registered",     "WebAuthn 7.1 step 26: not registered for any account yet") \
    X(CREDENTIAL_NOT_ALLOWED,  "credential-not-allowed",    "WebAuthn 7.2 step 5: one of allowCredentials") \
    X(USER_HANDLE_MISSING,     "user-handle-missing",       "WebAuthn 7.2 step 6: present when the account was not identified before") \
    X(USER_HANDLE_MISMATCH,    "user-handle-mismatch",      "WebAuthn 7.2 step 6: the handle of the account that owns the credential") \
    X(CLIENT_DATA_MALFORMED,   "client-data-malformed",     "WebAuthn 5.8.1: the JSON of CollectedClientData") \
    X(CLIENT_DATA_NOT_UTF8,    "client-data-not-utf8",      "WebAuthn 7.1 step 5, 7.2 step 8: UTF-8") \
    X(CLIENT_DATA_DUPLICATE,   "client-data-duplicate",     "WebAuthn 5.8.1: no member twice")     \
    X(TYPE_MISMATCH,           "type-mismatch",             "WebAuthn 7.1 step 7, 7.2 step 10")    \
    X(CHALLENGE_MISMATCH,      "challenge-mismatch",        "WebAuthn 7.1 step 8, 7.2 step 11")    \
    X(CHALLENGE_UNKNOWN,       "challenge-unknown",         "WebAuthn 13.4.3: issued here, not used, not expired") \
    X(ORIGIN_MISMATCH,         "origin-mismatch",           "WebAuthn 7.1 step 9, 7.2 step 12")    \
    X(CROSS_ORIGIN_DENIED,     "cross-origin-denied",       "WebAuthn 7.1 step 10, 7.2 step 13")   \
    X(TOP_ORIGIN_MISMATCH,     "top-origin-mismatch",       "WebAuthn 7.1 step 11, 7.2 step 14")   \
    X(PAYMENT_DENIED,          "payment-denied",            "Secure Payment Confirmation: payment.get only for payment-capable credentials") \
    X(PAYMENT_MISMATCH,        "payment-mismatch",          "Secure Payment Confirmation: CollectedClientAdditionalPaymentData names this RP")

#define PK_STATUS_DATA_ROWS(X)                                                                     \
    X(CBOR_TRUNCATED,          "cbor-truncated",            "RFC 8949 section 3: the input ends inside an item") \
    X(CBOR_TRAILING_DATA,      "cbor-trailing-data",        "WebAuthn 6.5: nothing follows the item") \
    X(CBOR_MALFORMED,          "cbor-malformed",            "RFC 8949 section 3: well-formed items and valid UTF-8") \
    X(CBOR_INDEFINITE_LENGTH,  "cbor-indefinite-length",    "CTAP 2.1 section 8: definite lengths") \
    X(CBOR_NOT_SHORTEST,       "cbor-not-shortest",         "CTAP 2.1 section 8: shortest integers and lengths") \
    X(CBOR_TAG,                "cbor-tag",                  "CTAP 2.1 section 8: no tags")         \
    X(CBOR_DUPLICATE_KEY,      "cbor-duplicate-key",        "CTAP 2.1 section 8: no key twice in a map") \
    X(CBOR_TOO_DEEP,           "cbor-too-deep",             "nested deeper than PK_CBOR_DEPTH_MAX") \
    X(CBOR_TOO_LARGE,          "cbor-too-large",            "more items or pairs than limits.h allows") \
    X(CBOR_TYPE_MISMATCH,      "cbor-type-mismatch",        "an item of another type than its place demands") \
    X(ATTESTATION_OBJECT_MALFORMED, "attestation-object-malformed", "WebAuthn 6.5.4: fmt, attStmt and authData, no others") \
    X(AUTH_DATA_TRUNCATED,     "auth-data-truncated",       "WebAuthn 6.1: rpIdHash, flags, signCount and what the flags announce") \
    X(AUTH_DATA_TRAILING_DATA, "auth-data-trailing-data",   "WebAuthn 6.1: nothing follows what the flags announce") \
    X(AUTH_DATA_TOO_LARGE,     "auth-data-too-large",       "larger than PK_AUTH_DATA_MAX")        \
    X(ATTESTED_DATA_MISSING,   "attested-data-missing",     "WebAuthn 6.1: AT set in a registration") \
    X(ATTESTED_DATA_UNEXPECTED,"attested-data-unexpected",  "OpenSSH PROTOCOL.u2f: flags UP and UV only") \
    X(RP_ID_MISMATCH,          "rp-id-mismatch",            "WebAuthn 7.1 step 14, 7.2 step 15")   \
    X(USER_NOT_PRESENT,        "user-not-present",          "WebAuthn 7.1 step 15, 7.2 step 16")   \
    X(USER_NOT_VERIFIED,       "user-not-verified",         "WebAuthn 7.1 step 16, 7.2 step 17")   \
    X(BACKUP_STATE_INVALID,    "backup-state-invalid",      "WebAuthn 7.1 step 17, 7.2 step 18: BS only with BE") \
    X(BACKUP_ELIGIBILITY_CHANGED, "backup-eligibility-changed", "WebAuthn 7.2 step 19: BE as recorded") \
    X(EXTENSIONS_MALFORMED,    "extensions-malformed",      "WebAuthn 9: a map from extension identifier to output of that extension's type") \
    X(EXTENSION_UNSOLICITED,   "extension-unsolicited",     "WebAuthn 7.1 step 28, 7.2 step 23: only extensions that were asked for") \
    X(CRED_PROTECT_TOO_WEAK,   "cred-protect-too-weak",     "CTAP 2.1 section 12.1: enforced credential protection") \
    X(RESIDENT_KEY_MISSING,    "resident-key-missing",      "WebAuthn 10.1.3: credProps.rk where a resident key is required")

#define PK_STATUS_KEY_ROWS(X)                                                                      \
    X(KEY_MALFORMED,           "key-malformed",             "WebAuthn 6.5.1.1: a COSE_Key with the parameters its type requires") \
    X(KEY_PARAMETER_UNKNOWN,   "key-parameter-unknown",     "WebAuthn 6.5.1.1: no optional parameters") \
    X(KEY_TYPE_MISMATCH,       "key-type-mismatch",         "RFC 9053: kty agrees with alg")       \
    X(KEY_CURVE_MISMATCH,      "key-curve-mismatch",        "WebAuthn 5.8.5: crv agrees with alg") \
    X(KEY_LENGTH_INVALID,      "key-length-invalid",        "RFC 9053 section 7: exact coordinate and key lengths, uncompressed points") \
    X(KEY_POINT_INVALID,       "key-point-invalid",         "RFC 9053 section 7: a point of the curve, not of small order") \
    X(KEY_RSA_MODULUS,         "key-rsa-modulus",           "RFC 8230 section 4: odd, no leading zero, 2048 to 8192 bits") \
    X(KEY_RSA_EXPONENT,        "key-rsa-exponent",          "FIPS 186-5 section 5.4: odd, 65537 to 64 bits") \
    X(ALGORITHM_UNSUPPORTED,   "algorithm-unsupported",     "an algorithm that this build or its OpenSSL does not verify") \
    X(ALGORITHM_NOT_OFFERED,   "algorithm-not-offered",     "WebAuthn 7.1 step 20")                \
    X(SIGNATURE_MALFORMED,     "signature-malformed",       "WebAuthn 6.5.5: DER with r and s in range, or the algorithm's exact length") \
    X(SIGNATURE_INVALID,       "signature-invalid",         "WebAuthn 7.2 step 21")                \
    X(COUNTER_REGRESSED,       "counter-regressed",         "WebAuthn 7.2 step 22")

#define PK_STATUS_ATTESTATION_ROWS(X)                                                              \
    X(ATTESTATION_FORMAT_UNKNOWN, "attestation-format-unknown", "WebAuthn 7.1 step 21")            \
    X(ATTESTATION_STATEMENT_MALFORMED, "attestation-statement-malformed", "WebAuthn 7.1 step 22: the syntax of the format, no other members") \
    X(ATTESTATION_ALGORITHM_MISMATCH, "attestation-algorithm-mismatch", "WebAuthn 8.2, 8.3: alg fits the key that signs") \
    X(ATTESTATION_SIGNATURE_INVALID, "attestation-signature-invalid", "WebAuthn 8.2 to 8.6: sig verifies") \
    X(ATTESTATION_KEY_MISMATCH, "attestation-key-mismatch",  "WebAuthn 8.4, 8.8: the certificate's key is the credential's") \
    X(ATTESTATION_UNTRUSTED,   "attestation-untrusted",     "WebAuthn 7.1 step 24: chains to a trust anchor") \
    X(AAGUID_DENIED,           "aaguid-denied",             "WebAuthn 7.1 step 24: AAGUID denied by policy") \
    X(AAGUID_NOT_ALLOWED,      "aaguid-not-allowed",        "WebAuthn 7.1 step 24: attested AAGUID among the allowed") \
    X(CERTIFICATE_MALFORMED,   "certificate-malformed",     "RFC 5280: a DER certificate and nothing after it") \
    X(CERTIFICATE_VERSION,     "certificate-version",       "WebAuthn 8.2.1, 8.3.1: version 3")    \
    X(CERTIFICATE_SUBJECT,     "certificate-subject",       "WebAuthn 8.2.1: C, O, OU and CN; 8.3.1: empty") \
    X(CERTIFICATE_CA,          "certificate-ca",            "WebAuthn 8.2.1, 8.3.1: basic constraints with CA false") \
    X(CERTIFICATE_AAGUID,      "certificate-aaguid",        "WebAuthn 8.2, 8.3: id-fido-gen-ce-aaguid, not critical, equals the authenticator data's") \
    X(CERTIFICATE_EXTENSION,   "certificate-extension",     "WebAuthn 8.2.1, 8.2.2: firmware version and serial number in form and not critical") \
    X(CERTIFICATE_KEY,         "certificate-key",           "WebAuthn 8.6: a P-256 key; elsewhere a key that alg can use") \
    X(CERTIFICATE_ALT_NAME,    "certificate-alt-name",      "WebAuthn 8.3.1: TPM manufacturer, model and version") \
    X(CERTIFICATE_KEY_USAGE,   "certificate-key-usage",     "WebAuthn 8.3.1: extended key usage tcg-kp-AIKCertificate") \
    X(TPM_VERSION,             "tpm-version",               "WebAuthn 8.3: ver is 2.0")            \
    X(TPM_PUB_AREA_MALFORMED,  "tpm-pub-area-malformed",    "TPM 2.0 part 2, TPMT_PUBLIC")         \
    X(TPM_CERT_INFO_MALFORMED, "tpm-cert-info-malformed",   "TPM 2.0 part 2, TPMS_ATTEST")         \
    X(TPM_KEY_MISMATCH,        "tpm-key-mismatch",          "WebAuthn 8.3: pubArea is the credential public key") \
    X(TPM_MAGIC,               "tpm-magic",                 "WebAuthn 8.3: magic is TPM_GENERATED_VALUE") \
    X(TPM_ATTEST_TYPE,         "tpm-attest-type",           "WebAuthn 8.3: type is TPM_ST_ATTEST_CERTIFY") \
    X(TPM_EXTRA_DATA,          "tpm-extra-data",            "WebAuthn 8.3: extraData is the hash of attToBeSigned") \
    X(TPM_NAME_MISMATCH,       "tpm-name-mismatch",         "WebAuthn 8.3: attested.name is the Name of pubArea") \
    X(ANDROID_KEY_DESCRIPTION, "android-key-description",   "WebAuthn 8.4: the key attestation extension") \
    X(ANDROID_KEY_CHALLENGE,   "android-key-challenge",     "WebAuthn 8.4: attestationChallenge is the client data hash") \
    X(ANDROID_KEY_ALL_APPLICATIONS, "android-key-all-applications", "WebAuthn 8.4: allApplications absent") \
    X(ANDROID_KEY_ORIGIN,      "android-key-origin",        "WebAuthn 8.4: origin is there and KM_ORIGIN_GENERATED") \
    X(ANDROID_KEY_PURPOSE,     "android-key-purpose",       "WebAuthn 8.4: purpose is there and KM_PURPOSE_SIGN") \
    X(SAFETYNET_RESPONSE,      "safetynet-response",        "WebAuthn 8.5: a JWS with x5c, of a version") \
    X(SAFETYNET_NONCE,         "safetynet-nonce",           "WebAuthn 8.5: nonce is the hash of authData and client data hash") \
    X(SAFETYNET_HOST,          "safetynet-host",            "WebAuthn 8.5: issued to attest.android.com") \
    X(SAFETYNET_CTS_PROFILE,   "safetynet-cts-profile",     "WebAuthn 8.5: ctsProfileMatch is true") \
    X(SAFETYNET_TIMESTAMP,     "safetynet-timestamp",       "WebAuthn 8.5: not made in the future") \
    X(APPLE_NONCE,             "apple-nonce",               "WebAuthn 8.8: nonce extension is the hash of authData and client data hash") \
    X(COMPOUND_MALFORMED,      "compound-malformed",        "WebAuthn 8.9: two or more statements, none of them compound")

#define PK_STATUS_WEBAUTHN_ROWS(X)                                                                 \
    PK_STATUS_RESPONSE_ROWS(X)                                                                     \
    PK_STATUS_DATA_ROWS(X)                                                                         \
    PK_STATUS_KEY_ROWS(X)                                                                          \
    PK_STATUS_ATTESTATION_ROWS(X)
/* clang-format on */

#endif
