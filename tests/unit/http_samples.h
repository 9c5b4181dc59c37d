/* SPDX-License-Identifier: BSD-2-Clause */
/* The bodies of tests/vectors/http, valid and invalid, of requests and of answers. */
#ifndef TESTS_UNIT_HTTP_SAMPLES_H
#define TESTS_UNIT_HTTP_SAMPLES_H

#include "tests/unit/fake_exchange.h"

/* --- a credential of each kind --- */

#define HTTP_CHALLENGE "TSMn9HYi5vCJasIbJYRwEgf4nHVzHU_ldZUzeySb5Uk"
/* {"type":"webauthn.create","challenge":HTTP_CHALLENGE,"origin":"https://portal.example"} */
#define HTTP_CLIENT_DATA                                                                           \
    "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiVFNNbjlIWWk1dkNKYXNJYkpZUndFZ2Y0bkhWekhV" \
    "X2xkWlV6ZXlTYjVVayIsIm9yaWdpbiI6Imh0dHBzOi8vcG9ydGFsLmV4YW1wbGUifQ"

#define HTTP_ATTESTATION                                                                           \
    "{\"id\":\"AAEC\",\"rawId\":\"AAEC\",\"type\":\"public-key\",\"response\":{"                   \
    "\"clientDataJSON\":\"" HTTP_CLIENT_DATA "\",\"attestationObject\":\"o2Nm\","                  \
    "\"transports\":[\"internal\"]},\"clientExtensionResults\":{}}"
#define HTTP_ASSERTION_WITH(handle)                                                                \
    "{\"id\":\"AAEC\",\"rawId\":\"AAEC\",\"type\":\"public-key\",\"response\":{"                   \
    "\"clientDataJSON\":\"" HTTP_CLIENT_DATA "\",\"authenticatorData\":\"SZYN\","                  \
    "\"signature\":\"MEUC\"" handle "}}"
#define HTTP_ASSERTION HTTP_ASSERTION_WITH(",\"userHandle\":\"dS0x\"")

/* Where the requests of a sample file go, and what the invalid ones are refused with. */
struct http_sample {
    const char *schema; /* "hanko.login-initialize.req" */
    const char *line;   /* "POST /login/initialize" */
    enum party_call call;
    const char *refusals[6]; /* of the invalid ones in their order: the whole answers, ' for " */
    unsigned status;         /* of these */
    const char *accepted;    /* what valid ones end with where their client data, which the samples
                                cut off, would have named the ceremony; NULL: the daemon is asked */
    unsigned accepted_status;
    const char *accepted_schema; /* NULL: that of the dialect's errors */
};

/* For answers that have the time in them: that member of theirs is not compared. Until the next. */
void http_samples_ignore(const char *member);

/*
 * Sends every body of the file: the valid ones reach the daemon, the invalid ones do not and are
 * refused with their answers. Exactly as many refusals as invalid bodies have to be given.
 */
void http_samples_send(const char *dialect, const struct http_sample *sample);

/* The same for all of them; every file of the dialect that ends in .req.json has to be among them.
 */
void http_samples_send_all(const char *dialect, const struct http_sample *samples, size_t count,
                           const char *const *others);

#endif
