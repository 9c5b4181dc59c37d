/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The router and the daemon that a dialect sees, played by a test: a request is sent into the
 * dialect's table, the call that it made of it is looked at and answered, and then what the client
 * gets. One exchange at a time. Failures end the test.
 */
#ifndef TESTS_UNIT_FAKE_EXCHANGE_H
#define TESTS_UNIT_FAKE_EXCHANGE_H

#include "gateway/dialect.h"

#define FAKE_PREFIX       "/prefix"
#define FAKE_OTHER_PREFIX "/other"
#define FAKE_TENANT       "47c10dd3-7e10-4950-95d5-483dbc9508e6"
#define FAKE_ID           "b4351ecc-ee1a-4455-bc94-2c3dbcc58538"

/* Starts anew, without headers, for relying parties of that dialect. */
void fake_start(const struct dialect *dialect);
/* Ends the exchange, too. */
void fake_stop(void);

/* For the requests that follow, until fake_start(). value NULL: no such header any more. */
void fake_header(const char *name, const char *value);

/*
 * Sends METHOD PATH[?QUERY], the path below the prefix. A body is text, NULL: none. What no row of
 * the table takes, and what lacks the row's access, is the dialect's to refuse, as in the router.
 * fake_send() is the same with a printf-like body.
 */
void fake_request(const char *line, const char *body);
void fake_send(const char *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether people look after their own passkeys there; until fake_start(). */
void fake_self_service(bool on);
/* A relying party that differs by its prefix alone; until fake_start(). */
void fake_prefix(const char *prefix);

/* Refuses a request as the router does, by the dialect's words. */
void fake_refuse(unsigned status);

/* --- the daemon's side ------------------------------------------------------------------------ */

/* Whether a call waits for an answer. */
bool fake_is_asked(void);
/* The waiting call, which must be of that kind; its options, or an empty object. */
const json_t *fake_call(enum party_call call);
const char *fake_call_id(void);
const char *fake_call_claim(void);
const char *fake_call_session(void);
const char *fake_call_act(void);
const char *fake_call_name(void);
const char *fake_call_credential(void);
/* The options are these, no more and no less; text of JSON with ' for ". */
void fake_call_has(enum party_call call, const char *options);

/* Answers it with success: the result is text of JSON with ' for ", or NULL. */
void fake_done(const char *result);
void fake_begun(const char *id, const char *options);
/* Answers it with a failure. */
void fake_failed(enum party_outcome outcome, const char *reason);

/* --- the client's side ------------------------------------------------------------------------ */

/*
 * It was answered with that status and body, byte for byte as compact JSON with ' for "; NULL: with
 * none. Where schema is not NULL, the body is also written for tests/unit/http_schemas.py to check.
 */
void fake_answered(unsigned status, const char *schema, const char *body);
/* The same for a part of it, whatever else it has. */
const json_t *fake_answer(unsigned status, const char *schema);
unsigned fake_status(void);
/* Of an answer that is no JSON. */
const char *fake_answer_text(void);
const char *fake_answer_header(const char *name);

/* Sends a request that is refused without the daemon. */
void fake_refused(const char *line, const char *body, unsigned status, const char *schema,
                  const char *answer);

/* JSON of a text with ' for "; a '' stays one '. The caller's to free. */
json_t *fake_json(const char *text);

#endif
