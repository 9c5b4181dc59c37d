/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyboard-interactive form: a request for an authenticator that is at the other end of an ssh
 * connection, and its answer, each as a line of text and base64url of CBOR. A request begins with
 * "passkey2:" when its context lists the server's host keys, else with "passkey1:", as all answers.
 * doc/protocol.md has the bytes. The daemon writes requests and reads answers, passkey-askpass the
 * other way round; both sides share this file.
 *
 * A request carries the nonce and the context instead of the challenge: the client computes the
 * challenge itself (webauthn/client.h), so that what it shows is what is signed.
 */
#ifndef PK_WIRE_FORWARD_H
#define PK_WIRE_FORWARD_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"
#include "common/base/terms.h"
#include "common/wire/creation.h"
#include "common/wire/forward_parts.h"

#define PK_FORWARD_PREFIX      "passkey1:"
#define PK_FORWARD_PREFIX_KEYS "passkey2:" /* of a request that names host keys */

enum pk_forward_kind {
    PK_FORWARD_GET = 1,    /* an assertion */
    PK_FORWARD_CREATE = 2, /* a new credential */
    PK_FORWARD_MORE = 3,   /* the next part of the answer to the request with that nonce */
    /* Of answers only: from a page in a browser, which makes the client data itself. */
    PK_FORWARD_PAGE_GET = 4,
    PK_FORWARD_PAGE_CREATE = 5,
};

/* Owned. */
struct pk_forward_request {
    enum pk_forward_kind kind;
    uint8_t nonce[PK_CHALLENGE_SIZE];
    unsigned part; /* MORE: 2 to PK_FORWARD_PARTS_MAX */

    /* GET and CREATE */
    /*
     * The context has a member "hostkeys" that is not empty, and whoever signs has found the key of
     * its connection in there: the challenge has a version of its own (webauthn/client.h), so that
     * a client that does not know of it cannot answer.
     */
    bool names_host_keys;
    char *context;    /* canonical JSON: user, service, host, tty, rhost, command, target, act */
    unsigned timeout; /* seconds from now until the answer is too late */

    /* GET */
    char *rp_id;
    enum pk_requirement user_verification;
    struct pk_descriptor *credentials; /* allow list, at least one; transports are not sent */
    size_t credential_count;

    /* CREATE; transports are not sent */
    struct pk_creation creation;
};
void pk_forward_request_clear(struct pk_forward_request *request);
#define PK_AUTO_FORWARD_REQUEST __attribute__((cleanup(pk_forward_request_clear)))

/* Of a GET or CREATE; borrowed. */
/*@ requires \valid_read(request);
    assigns \nothing; */
const char *pk_forward_request_rp_id(const struct pk_forward_request *request);

/* Owned. */
struct pk_forward_answer {
    enum pk_forward_kind kind; /* any but MORE */

    /* PAGE_GET and PAGE_CREATE: as the browser made it; the others have the two below instead. */
    struct pk_bytes client_data;
    char *origin; /* "ssh://" and the host the client connected to */
    /* The first bytes of the challenge that was signed: tells a mistaken answer from a false one in
     * the log. It decides nothing; the signature does. */
    uint8_t challenge[PK_FORWARD_CHALLENGE_SIZE];

    /* GET and PAGE_GET */
    size_t credential;         /* index into the request's credentials */
    struct pk_bytes auth_data; /* authenticator data behind the RP id hash: flags, counter, … */
    struct pk_bytes signature;

    /* CREATE and PAGE_CREATE */
    struct pk_bytes attestation_object;
    unsigned transports;
    bool discoverable;
};
void pk_forward_answer_clear(struct pk_forward_answer *answer);
#define PK_AUTO_FORWARD_ANSWER __attribute__((cleanup(pk_forward_answer_clear)))

/*
 * The whole line, without a newline; the caller's to free. PK_INVALID_ARGUMENT for a request that
 * decode would refuse, PK_TOO_LARGE, PK_NO_MEMORY.
 */
enum pk_status pk_forward_request_encode(const struct pk_forward_request *request,
                                         char **ret_line) PK_WARN_UNUSED;

/*
 * The line of a request in a prompt, or in what somebody pasted: the last line that is not blank,
 * which must begin with one of the prefixes; blanks around it, carriage returns and lines in front
 * of it do not matter. Borrowed from text. PK_NOT_FOUND.
 */
/*@ requires readable(text) && \valid(ret_line);
    assigns *ret_line;
    ensures \result == PK_OK ==> readable(*ret_line) && 0 < ret_line->len <= text.len;
    ensures \result != PK_OK ==> *ret_line == \old(*ret_line); */
enum pk_status pk_forward_request_find(struct pk_view text,
                                       struct pk_view *ret_line) PK_WARN_UNUSED;

/*
 * Strict from here on: the map of that kind, all of it, in its order, and nothing else.
 * PK_INVALID_INPUT for another prefix or base64url that is not, PK_CBOR_*, PK_PROTOCOL for a member
 * that is missing, unknown or out of its range, PK_TOO_LARGE, PK_NO_MEMORY. Held to: every limit
 * above, an RP id of printable ASCII without spaces, texts of UTF-8 without NUL, a timeout of 1 to
 * PK_FORWARD_TIMEOUT_MAX. Texts may hold control characters: make them printable before showing.
 */
/*@ requires readable(line) && \valid(ret) && \separated(ret, &heap);
    assigns *ret, heap[..];
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_forward_request_decode(struct pk_view line,
                                         struct pk_forward_request *ret) PK_WARN_UNUSED;

/*
 * The answer in lines, to be given one after the other (forward_parts.h). PK_INVALID_ARGUMENT for
 * an answer that decode would refuse, PK_TOO_LARGE for more than PK_FORWARD_PARTS_MAX lines,
 * PK_NO_MEMORY.
 */
enum pk_status pk_forward_answer_encode(const struct pk_forward_answer *answer,
                                        struct pk_strings *ret_lines) PK_WARN_UNUSED;

/*
 * The answer of that kind, once complete; PK_TRUNCATED before. As strict as
 * pk_forward_request_decode(). Left to the caller: whether the credential is one of those that the
 * request listed. The origin is any word that client data can hold; who compares it with the
 * accepted ones can log it as it is.
 */
/*@ requires \valid_read(parts) && held(parts->text);
    requires \valid(ret) && \separated(ret, &heap);
    assigns *ret, heap[..];
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_forward_answer_decode(enum pk_forward_kind kind,
                                        const struct pk_forward_parts *parts,
                                        struct pk_forward_answer *ret) PK_WARN_UNUSED;

#endif
