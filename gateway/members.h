/* SPDX-License-Identifier: BSD-2-Clause */
/* What several dialects need to read requests and to write answers: members, texts, rows. */
#ifndef GATEWAY_MEMBERS_H
#define GATEWAY_MEMBERS_H

#include "common/base/bytes.h"
#include "gateway/party.h"

#include <jansson.h>

PK_DEFINE_CLEANUP(json_t *, json_decref);
#define AUTO_JSON PK_CLEANUP(json_decref)

#define MEMBERS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- reading ---------------------------------------------------------------------------------- */

/* A text that a request may have; lengths are in characters (code points), 0: no such limit. */
struct text_rule {
    const char *name;
    bool required;
    size_t max;
};

enum text_fault {
    TEXT_FINE,
    TEXT_MISSING, /* required and absent, null or empty */
    TEXT_TYPE,    /* no string; or one with a NUL */
    TEXT_LONG,
};

/* *ret is borrowed from object, NULL where it is absent or null. object may be NULL: no members. */
enum text_fault members_text(const json_t *object, const struct text_rule *rule,
                             const char **ret) PK_WARN_UNUSED;

/* A boolean that may be absent, which is false. *ret_wrong: it is of another type. */
bool members_flag(const json_t *object, const char *name, bool *ret_wrong);

/* Code points of well-formed UTF-8. */
size_t members_characters(const char *text);

/* Without the type in front of it, as the text of a failure says it: "object", "number", ... */
const char *members_type(const json_t *value);

/* The text of a path of members, "tokens" then "token"; NULL: there is none. Ends with NULL. */
const char *members_find_text(const json_t *object, ...) __attribute__((sentinel));
json_int_t members_number(const json_t *object, const char *name);

/* A decimal number, nothing else, between min and max; absent gives fallback. false: none such. */
bool members_parse_number(const char *text, unsigned min, unsigned max, unsigned *number);

/*
 * JSON that stands in a text of its own, as strict as the request's body: one object, no trailing
 * data. NULL: it is none.
 */
json_t *members_parse(const char *text, size_t len) PK_WARN_UNUSED;

/* --- calls ------------------------------------------------------------------------------------ */

/* Adds a text, a flag; NULL is left out. */
void members_set_text(json_t *object, const char *name, const char *text);
void members_set_flag(json_t *object, const char *name, bool flag);

/* Words as an array of strings; the list ends with NULL. */
json_t *members_words(const char *const *words) PK_WARN_UNUSED;

/* --- answers ---------------------------------------------------------------------------------- */

/* Those members of from that names lists, in that order; absent ones are left out. NULL: none. */
json_t *members_pick(const json_t *from, const char *const *names) PK_WARN_UNUSED;
/* The same with each element of an array. */
json_t *members_pick_each(const json_t *array, const char *const *names) PK_WARN_UNUSED;

/* Base64url without padding as base64 with padding, and back; the caller's to free. NULL: it is
 * not well formed, or memory ran out. */
char *members_to_base64(const char *base64url) PK_WARN_UNUSED;
char *members_to_base64url(const char *base64) PK_WARN_UNUSED;

/* RFC 3339 in UTC, of seconds since the epoch. "" for a time out of range. */
#define MEMBERS_TIME_SIZE sizeof("2026-11-28T04:00:00.000Z")
enum time_form { TIME_SECONDS, TIME_MILLISECONDS };
const char *members_time(json_int_t seconds, enum time_form form, char ret[MEMBERS_TIME_SIZE]);

/* 36 characters of a UUID's form (RFC 9562), in either case. */
bool members_is_uuid(const char *text);

/* A UUID that is always the same for a text (RFC 9562 section 5.8); space tells apart what is of
 * different kinds or owners. */
#define MEMBERS_UUID_SIZE 37
void members_made_uuid(const char *space, const char *text, char ret[MEMBERS_UUID_SIZE]);

/* --- failures --------------------------------------------------------------------------------- */

/* What a dialect says where a call did not succeed. Which members mean what is the dialect's. */
struct failure {
    enum party_outcome outcome;
    const char *reason; /* of PARTY_REFUSED and others; NULL: any */
    unsigned status;    /* of HTTP */
    int code;
    const char *text;
    const char *details;
};

struct failures {
    const struct failure *rows;
    size_t count;
    const struct failures *base; /* where no row fits; NULL: the dialect's own end of them */
};

#define FAILURES(rows, base)                                                                       \
    {                                                                                              \
        rows, MEMBERS_COUNT(rows), base                                                            \
    }

/*
 * A credential that was refused because it is not well formed is PARTY_MALFORMED here.
 * The row of that outcome and reason, else of that outcome with any reason, else of the base; the
 * row of PARTY_FAILED where nobody has one, which the last base must have.
 */
const struct failure *failures_find(const struct failures *failures, enum party_outcome outcome,
                                    const char *reason);

#endif
