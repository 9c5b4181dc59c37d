/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of a ceremony that RelyingParty1 and Gateway1 share (doc/protocol.md). */
#ifndef PASSKEYD_API_OPTIONS_H
#define PASSKEYD_API_OPTIONS_H

#include "daemon/bus/value.h"
#include "daemon/config/policy.h"

#define OPTION_TEXT_MAX 1024 /* bytes; policy.c has the exact limits, in characters */

/* For an array of struct member: those of BeginRegistration. */
#define REGISTRATION_OPTIONS                                                                       \
    {"userId", "s", OPTION_TEXT_MAX}, {"userName", "s", OPTION_TEXT_MAX},                          \
        {"displayName", "s", OPTION_TEXT_MAX}, {"icon", "s", PK_ICON_MAX},                         \
        {"attestation", "s", OPTION_TEXT_MAX}, {"authenticatorAttachment", "s", OPTION_TEXT_MAX},  \
        {"residentKey", "s", OPTION_TEXT_MAX}, {"requireResidentKey", "b", 0},                     \
        {"userVerification", "s", OPTION_TEXT_MAX}, {"timeout", "u", 0},                           \
        {"hints", "as", OPTION_TEXT_MAX}, {"appid", "s", PK_ORIGIN_MAX},                           \
        {"appidExclude", "s", PK_ORIGIN_MAX}, {"credProps", "b", 0}, {"minPinLength", "b", 0},     \
        {"credProtect", "u", 0}, {"securePaymentConfirmation", "b", 0},                            \
        {"instrumentDisplayName", "s", OPTION_TEXT_MAX},                                           \
    {                                                                                              \
        "mediation", "s", OPTION_TEXT_MAX                                                          \
    }

/* Those of BeginAuthentication. */
#define AUTHENTICATION_OPTIONS                                                                     \
    {"userVerification", "s", OPTION_TEXT_MAX}, {"timeout", "u", 0},                               \
        {"appid", "s", PK_ORIGIN_MAX},                                                             \
    {                                                                                              \
        "hints", "as", OPTION_TEXT_MAX                                                             \
    }

/* What they say, of a dict that was checked; it points into the dict. Without the hints. */
struct registration_request options_registration(const struct value *options) PK_WARN_UNUSED;

/* Copies of the texts under key, if there are any. PK_NO_MEMORY. */
enum pk_status options_strings(const struct value *dict, const char *key,
                               struct pk_strings *ret) PK_WARN_UNUSED;

#endif
