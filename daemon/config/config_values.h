/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parsers of the values of keys. Each takes the text after '=' and writes *target, of the type that
 * its name says, only with PK_OK; PK_INVALID_INPUT when the text is not allowed. The previous value
 * of *target is released, so that the last file that sets a key wins.
 */
#ifndef PASSKEYD_CONFIG_VALUES_H
#define PASSKEYD_CONFIG_VALUES_H

#include "daemon/config/config.h"

enum pk_status value_bool(const char *text, bool *target) PK_WARN_UNUSED;
/* Decimal, from min to max. */
enum pk_status value_unsigned(const char *text, unsigned min, unsigned max,
                              unsigned *target) PK_WARN_UNUSED;
/* At most max bytes, none of them a control character. */
enum pk_status value_text(const char *text, size_t max, char **target) PK_WARN_UNUSED;
enum pk_status value_path(const char *text, char **target) PK_WARN_UNUSED;
/* "none": *target becomes empty. */
enum pk_status value_path_or_none(const char *text, char **target) PK_WARN_UNUSED;
/* "dark" or "light": what a terminal's background is. */
enum pk_status value_background(const char *text, bool *ret_light) PK_WARN_UNUSED;
/* A host name or address: lower-case letters, digits, '-', '.'. */
enum pk_status value_rp_id(const char *text, char **target) PK_WARN_UNUSED;
/* Comma separated "SCHEME:…", without a path for http and https. */
enum pk_status value_origins(const char *text, struct pk_strings *target) PK_WARN_UNUSED;
enum pk_status value_hosts(const char *text, struct pk_strings *target) PK_WARN_UNUSED;
/* Comma separated absolute paths and fingerprints (common/wire/host_key.h). */
enum pk_status value_host_keys(const char *text, struct pk_strings *target) PK_WARN_UNUSED;
/* Comma separated, each a UUID. */
enum pk_status value_aaguids(const char *text, uint8_t (**target)[PK_AAGUID_SIZE],
                             size_t *target_count) PK_WARN_UNUSED;
/* Comma separated names or COSE numbers, each at most once. */
enum pk_status value_algorithms(const char *text, int32_t target[PK_ALGORITHMS_MAX],
                                size_t *target_count) PK_WARN_UNUSED;
/* A name that PAM services have, and that fits into a bus argument and a log line. */
bool value_is_service(const char *name) PK_WARN_UNUSED;
/* The name of one account, spelled as a service is (value_is_service()). */
enum pk_status value_account(const char *text, char **target) PK_WARN_UNUSED;
/* Comma separated names of PAM services. */
enum pk_status value_services(const char *text, struct pk_strings *target) PK_WARN_UNUSED;
enum pk_status value_user_manager(const char *text, enum user_manager *target) PK_WARN_UNUSED;
enum pk_status value_store_kind(const char *text, enum store_kind *target) PK_WARN_UNUSED;
enum pk_status value_without_logind(const char *text, enum without_logind *target) PK_WARN_UNUSED;
enum pk_status value_http(const char *text, enum pk_http *target) PK_WARN_UNUSED;
/* "/" or "/one/two": letters, digits and any of -_.~, no part of dots alone. "/" becomes "". */
enum pk_status value_http_prefix(const char *text, char **target) PK_WARN_UNUSED;
/* "https://HOST:PORT" and the path behind it, as above; "" where there is none. */
enum pk_status value_browser_page(const char *text, char **origin, char **page) PK_WARN_UNUSED;
enum pk_status value_browser_url(const char *text, char **origin, char **prefix) PK_WARN_UNUSED;
enum pk_status value_tenant_id(const char *text, char **target) PK_WARN_UNUSED;
/* "application" or "refuse". */
enum pk_status value_password_check(const char *text, bool *target) PK_WARN_UNUSED;
/* https, or http to this host's loopback, which passwords do not leave. */
enum pk_status value_password_url(const char *text, char **target) PK_WARN_UNUSED;
enum pk_status value_counter(const char *text, enum pk_counter_policy *target) PK_WARN_UNUSED;

#endif
