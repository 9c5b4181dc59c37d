/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/status.h"

#include <stddef.h>
#include <string.h>

#include "common/base/status_webauthn.h"

/* The table: symbol, name, and what the value enforces, in the order of enum pk_status. */
/* clang-format off */
#define GENERAL_ROWS(X)                                                                            \
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

#define ACCOUNT_ROWS(X)                                                                            \
    X(UNKNOWN_USER,          "unknown-user",            "no such account")                         \
    X(NO_CREDENTIALS,        "no-credentials",          "the account has no passkey here")         \
    X(ACCOUNT_CHANGED,       "account-changed",         "the name now means another uid")          \
    X(NAME_TAKEN,            "name-taken",              "the account has a passkey of that name")  \
    X(TICKET_INVALID,        "ticket-invalid",          "enrolment ticket unknown, used or expired")\
    X(RECOVERY_CODE_INVALID, "recovery-code-invalid",   "recovery code unknown or used")           \
    X(BROWSER_CODE_INVALID,  "browser-code-invalid",    "not the code that the page shows")        \
    X(ANSWER_REFUSED,        "answer-refused",          "the answer did not verify; the log says why")\
    X(NOT_SIGNED_IN,         "not-signed-in",           "no API key or token that is valid here")  \
    X(TOKEN_EXPIRED,         "token-expired",           "the token's time is over")                \
    X(WRONG_TOKEN,           "wrong-token",             "the token is for something else")         \
    X(PASSWORD_REFUSED,      "password-refused",        "the directory did not take the password")

#define AUTHENTICATOR_ROWS(X)                                                                      \
    X(NO_DEVICE,             "no-device",               "no security key is plugged in")           \
    X(DEVICE_REMOVED,        "device-removed",          "the security key was pulled out")         \
    X(DEVICE_SILENT,         "device-silent",           "the security key stopped answering")      \
    X(DEVICE_ERROR,          "device-error",            "the security key answered nonsense")      \
    X(NO_MATCH,              "no-match",                "this security key holds none of these")   \
    X(CREDENTIAL_EXCLUDED,   "credential-excluded",     "this security key is enrolled already")   \
    X(PIN_REQUIRED,          "pin-required",            "the operation needs the PIN")             \
    X(PIN_INVALID,           "pin-invalid",             "wrong PIN")                               \
    X(PIN_NOT_SET,           "pin-not-set",             "the security key has no PIN yet")         \
    X(PIN_CHANGE,            "pin-change",              "the security key wants a new PIN first")  \
    X(PIN_AUTH_BLOCKED,      "pin-auth-blocked",        "three wrong PINs: unplug the key first")  \
    X(PIN_BLOCKED,           "pin-blocked",             "no PIN tries left: the key must be reset")\
    X(UV_INVALID,            "uv-invalid",              "fingerprint or other gesture not accepted")\
    X(UV_BLOCKED,            "uv-blocked",              "built-in verification is locked")         \
    X(KEY_STORE_FULL,        "key-store-full",          "no room for another passkey on the key")  \
    X(OPERATION_DENIED,      "operation-denied",        "refused on the security key")             \
    X(TOUCH_TIMEOUT,         "touch-timeout",           "not touched in time")                     \
    X(KEY_CANNOT_VERIFY,     "key-cannot-verify",       "the key has neither PIN nor fingerprint") \
    X(KEY_CANNOT_STORE,      "key-cannot-store",        "the key keeps no discoverable credentials")\
    X(KEY_ALGORITHM,         "key-algorithm",           "the key knows none of the algorithms")

#define PHONE_ROWS(X)                                                                              \
    X(PHONE_NO_ADAPTER,      "phone-no-adapter",        "no Bluetooth adapter, or no bluetoothd")  \
    X(PHONE_ADAPTER_OFF,     "phone-adapter-off",       "the Bluetooth adapter is off")            \
    X(PHONE_NO_RIGHT,        "phone-no-right",          "bluetoothd refuses to scan")              \
    X(PHONE_NOT_HEARD,       "phone-not-heard",         "no phone that scanned the code was heard")\
    X(PHONE_NO_NETWORK,      "phone-no-network",        "the phone's tunnel cannot be reached")    \
    X(PHONE_TUNNEL,          "phone-tunnel",            "the tunnel or what is behind it misbehaved")\
    X(PHONE_ENDED,           "phone-ended",             "the phone ended without an answer")       \
    X(PHONE_NO_PASSKEY,      "phone-no-passkey",        "the phone has none of these passkeys")    \
    X(PHONE_DECLINED,        "phone-declined",          "declined on the phone")                   \
    X(PHONE_HAS_ONE,         "phone-has-one",           "the phone is enrolled already")           \
    X(PHONE_TOO_OLD,         "phone-too-old",           "the phone speaks an older protocol")

#define ROWS(X)                                                                                    \
    GENERAL_ROWS(X)                                                                                \
    ACCOUNT_ROWS(X)                                                                                \
    AUTHENTICATOR_ROWS(X)                                                                          \
    PHONE_ROWS(X)                                                                                  \
    PK_STATUS_WEBAUTHN_ROWS(X)
/* clang-format on */

/* The proof that table and enum agree: as many rows as values, each row where its value is. */
enum {
#define ROW_NUMBER(symbol, name, clause) ROW_##symbol,
    ROWS(ROW_NUMBER)
#undef ROW_NUMBER
        ROW_COUNT
};
_Static_assert((int)ROW_COUNT == (int)PK_STATUS_COUNT,
               "enum pk_status has a value without a row, or the table a row without a value");
#define ROW_AGREES(symbol, name, clause)                                                           \
    _Static_assert((int)ROW_##symbol == (int)PK_##symbol,                                          \
                   "PK_" #symbol " and its row are in different places of the order");
ROWS(ROW_AGREES)
#undef ROW_AGREES
#define ONE(symbol, name, clause) +1
_Static_assert((0 GENERAL_ROWS(ONE) ACCOUNT_ROWS(ONE) AUTHENTICATOR_ROWS(ONE) PHONE_ROWS(ONE)) ==
                   (int)PK_STATUS_WEBAUTHN_FIRST,
               "PK_STATUS_WEBAUTHN_FIRST is not the first of status_webauthn.h");
#undef ONE

static const struct {
    const char *name;
    const char *clause;
} table[] = {
#define ROW(symbol, name, clause) {name, clause},
    ROWS(ROW)
#undef ROW
};

const char *pk_status_name(enum pk_status status)
{
    return (size_t)status < PK_STATUS_COUNT ? table[status].name : table[PK_INTERNAL].name;
}

const char *pk_status_clause(enum pk_status status)
{
    return (size_t)status < PK_STATUS_COUNT ? table[status].clause : table[PK_INTERNAL].clause;
}

enum pk_status pk_status_from_name(const char *name)
{
    for (size_t i = 0; i < PK_STATUS_COUNT; i++)
        if (strcmp(table[i].name, name) == 0)
            return (enum pk_status)i;
    return PK_INTERNAL;
}
