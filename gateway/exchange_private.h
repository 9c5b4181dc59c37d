/* SPDX-License-Identifier: BSD-2-Clause */
/* What an exchange is made of, for those that serve it; the dialects have exchange.h alone. */
#ifndef GATEWAY_EXCHANGE_PRIVATE_H
#define GATEWAY_EXCHANGE_PRIVATE_H

#include "gateway/address.h"
#include "gateway/dialect.h"
#include "gateway/parties.h"
#include "gateway/target.h"

#define EXCHANGE_BODY_MAX        65536
#define EXCHANGE_HEADERS_MAX     64    /* lines of a request */
#define EXCHANGE_HEADER_BYTES    16384 /* of all names and values together */
#define EXCHANGE_METHOD_SIZE     16
#define EXCHANGE_ANSWER_LINES    24 /* headers of an answer */
#define EXCHANGE_HEADER_NAME_MAX 64

struct gateway;

struct header {
    char *name;
    char *value;
};

struct exchange {
    struct gateway *gateway;
    bool admin; /* it came to the listener for those who run the gateway */

    char id[EXCHANGE_ID_SIZE];
    char method[EXCHANGE_METHOD_SIZE];
    char *raw_target; /* as it was sent */
    struct target target;
    struct header headers[EXCHANGE_HEADERS_MAX];
    size_t header_count;
    size_t header_bytes;
    struct address client;
    char client_text[ADDRESS_TEXT_SIZE];
    struct pk_bytes body;
    size_t body_size; /* allocated */

    struct parties *parties; /* that it was routed by */
    const struct party *party;
    const struct route *route;
    const char *captures[EXCHANGE_CAPTURES_MAX];

    bool json_read;
    json_t *json;
    enum pk_status json_status;

    void *kept;
    void (*release)(void *data);
    unsigned calls; /* of the daemon that are not answered yet */
    bool asked;     /* there was one */

    int64_t began; /* pk_clock_monotonic_us() */
    bool answered;
    unsigned status;
    char *media_type;
    char *text;
    struct header lines[EXCHANGE_ANSWER_LINES];
    size_t line_count;
    size_t lines_before; /* the handler, where its answer is held back */
    /* Called once with the answer, where it did not come within gateway_serve(). */
    void (*wake)(void *data);
    void *wake_data;
};

/* NULL: no memory. */
struct exchange *exchange_new(struct gateway *gateway, const char *raw_target);
/* Not while calls are under way. */
void exchange_free(struct exchange *exchange);

/*
 * Takes a header line. PK_TOO_LARGE: more of them than is taken. PK_INVALID_INPUT: a second one of
 * a name that may come once, a name that is none, or a value with a control character.
 * PK_NO_MEMORY.
 */
enum pk_status exchange_take_header(struct exchange *exchange, struct pk_view name,
                                    struct pk_view value) PK_WARN_UNUSED;

/* PK_TOO_LARGE over EXCHANGE_BODY_MAX; PK_NO_MEMORY. */
enum pk_status exchange_take_body(struct exchange *exchange, struct pk_view more) PK_WARN_UNUSED;

/*
 * Of an answer that is held back, answered being false again: that it is none after all, with
 * what it added to the first lines; that it is the one.
 */
void exchange_forget_answer(struct exchange *exchange, size_t lines);
void exchange_release_answer(struct exchange *exchange);

/* Whether the request says that its body is JSON. */
bool exchange_says_json(const struct exchange *exchange);

#endif
