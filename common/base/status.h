/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one closed list of outcomes.
 *
 * Every function that can fail returns an enum pk_status. The kebab-case name is stable: it is what
 * JSON ("reason") and the log show. The third column names what the value enforces: for the
 * relying party's checks the clause of Web Authentication Level 3 ("WebAuthn"), elsewhere a phrase.
 *
 * A new value is added here and nowhere else; tests/unit/test_status.c holds the list to its form.
 */
#ifndef PK_BASE_STATUS_H
#define PK_BASE_STATUS_H

#include "common/base/status_webauthn.h"

/* clang-format off */
#define PK_STATUS_GENERAL(X)                                                                       \
    X(OK,                    "ok",                      "success")                                 \
    X(NO_MEMORY,             "no-memory",               "memory or another resource is exhausted") \
    X(INVALID_ARGUMENT,      "invalid-argument",        "the caller broke the function's contract")\
    X(INVALID_INPUT,         "invalid-input",           "not the object that was asked for")       \
    X(TRUNCATED,             "truncated",               "the input ends before its structure does")\
    X(TRAILING_DATA,         "trailing-data",           "bytes are left over after the structure") \
    X(TOO_LARGE,             "too-large",               "larger than a limit in limits.h")         \
    X(IO,                    "io",                      "reading or writing failed")               \
    X(NOT_FOUND,             "not-found",               "no such thing")                           \
    X(EXISTS,                "exists",                  "it is there already")                     \
    X(LIMIT_EXCEEDED,        "limit-exceeded",          "too many of these at once")               \
    X(DENIED,                "denied",                  "not permitted to this caller")            \
    X(BUSY,                  "busy",                    "in use by another request")               \
    X(TIMEOUT,               "timeout",                 "the deadline passed")                     \
    X(CANCELLED,             "cancelled",               "given up before it was decided")          \
    X(UNAVAILABLE,           "unavailable",             "a part that is needed is not there")      \
    X(UNSUPPORTED,           "unsupported",             "known, but not served")                   \
    X(STORAGE,               "storage",                 "the credential store failed")             \
    X(CONFIG,                "config",                  "the configuration is malformed")          \
    X(PROTOCOL,              "protocol",                "the peer broke the protocol")             \
    X(INTERNAL,              "internal",                "a bug or a broken machine")

/* Accounts and credentials, as the daemon judges them. */
#define PK_STATUS_ACCOUNT(X)                                                                       \
    X(UNKNOWN_USER,          "unknown-user",            "no such account")                         \
    X(NO_CREDENTIALS,        "no-credentials",          "the account has no passkey here")         \
    X(ACCOUNT_CHANGED,       "account-changed",         "the name now means another uid")          \
    X(NAME_TAKEN,            "name-taken",              "the account has a passkey of that name")  \
    X(TICKET_INVALID,        "ticket-invalid",          "enrolment ticket unknown, used or expired")\
    X(RECOVERY_CODE_INVALID, "recovery-code-invalid",   "recovery code unknown or used")           \
    X(ANSWER_REFUSED,        "answer-refused",          "the answer did not verify; the log says why")

/* What one authenticator answered, as the helper reports it (CTAP 2.1 section 8.2). */
#define PK_STATUS_AUTHENTICATOR(X)                                                                 \
    X(NO_DEVICE,             "no-device",               "no security key is plugged in")           \
    X(DEVICE_REMOVED,        "device-removed",          "the security key was pulled out")         \
    X(DEVICE_ERROR,          "device-error",            "the security key answered nonsense")      \
    X(NO_MATCH,              "no-match",                "this security key holds none of these")   \
    X(CREDENTIAL_EXCLUDED,   "credential-excluded",     "this security key is enrolled already")   \
    X(PIN_REQUIRED,          "pin-required",            "the operation needs the PIN")             \
    X(PIN_INVALID,           "pin-invalid",             "wrong PIN")                               \
    X(PIN_NOT_SET,           "pin-not-set",             "the security key has no PIN yet")         \
    X(PIN_AUTH_BLOCKED,      "pin-auth-blocked",        "three wrong PINs: unplug the key first")  \
    X(PIN_BLOCKED,           "pin-blocked",             "no PIN tries left: the key must be reset")\
    X(UV_INVALID,            "uv-invalid",              "fingerprint or other gesture not accepted")\
    X(UV_BLOCKED,            "uv-blocked",              "built-in verification is locked")         \
    X(KEY_STORE_FULL,        "key-store-full",          "no room for another passkey on the key")  \
    X(OPERATION_DENIED,      "operation-denied",        "refused on the security key")             \
    X(TOUCH_TIMEOUT,         "touch-timeout",           "not touched in time")

#define PK_STATUS_LIST(X)                                                                          \
    PK_STATUS_GENERAL(X)                                                                           \
    PK_STATUS_ACCOUNT(X)                                                                           \
    PK_STATUS_AUTHENTICATOR(X)                                                                     \
    PK_STATUS_WEBAUTHN(X)
/* clang-format on */

enum pk_status {
#define PK_STATUS_ENUM(symbol, name, clause) PK_##symbol,
    PK_STATUS_LIST(PK_STATUS_ENUM)
#undef PK_STATUS_ENUM
        PK_STATUS_COUNT
};

#define PK_WARN_UNUSED __attribute__((warn_unused_result))

/* The kebab-case name; "internal" for a number outside the list. Static, never NULL. */
const char *pk_status_name(enum pk_status status);

/* The clause or phrase of the third column. Static, never NULL. */
const char *pk_status_clause(enum pk_status status);

/* The status of that name, or PK_INTERNAL when the list does not hold it. */
enum pk_status pk_status_from_name(const char *name);

#endif
