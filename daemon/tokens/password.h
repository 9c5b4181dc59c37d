/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking an application whether a user's password is right. The daemon signs the question and
 * believes an answer only that the application has signed, both by the key that the two share: what
 * carries them, passkey-gateway, can withhold an answer and cannot make one.
 *
 * Question and answer are tokens of kinds of their own ("token_type"), so that neither is good as a
 * bearer token, and neither as the other. Both functions block: for a worker.
 */
#ifndef PASSKEYD_TOKENS_PASSWORD_H
#define PASSKEYD_TOKENS_PASSWORD_H

#include "daemon/tokens/party.h"
#include "daemon/tokens/token_text.h"

struct password_question { /* borrowed */
    const char *url;       /* of the application, which is the audience */
    const char *user;      /* the id */
    const char *purpose;
    const char *nonce;
};

/*
 * The signed question: "token_type" ("password_question"), iss (first origin and prefix), aud, sub,
 * purpose, nonce, iat, exp. The caller's to free. PK_UNAVAILABLE: no key has been imported.
 */
enum pk_status password_question_sign(struct store *store, const struct token_party *party,
                                      const struct password_question *question, int64_t now,
                                      char **ret_text) PK_WARN_UNUSED;

struct password_answer { /* owned */
    char *user;
    char *nonce;
    char *email; /* of the user, as the application knows it; NULL: it does not say */
    bool right;
};
void password_answer_clear(struct password_answer *answer);
#define AUTO_PASSWORD_ANSWER __attribute__((cleanup(password_answer_clear)))

/*
 * Reads "token_type" ("password_answer"), sub, nonce, exp, "right" (true or false) and "email",
 * which may be missing. Whether it is the answer to a question that was asked is for the caller.
 * PK_SIGNATURE_INVALID: no key of the relying party has signed it, its time is over, or it is of
 * another form or kind; PK_STORAGE; PK_NO_MEMORY.
 */
enum pk_status password_answer_read(struct store *store, const struct token_party *party,
                                    struct pk_view text, int64_t now,
                                    struct password_answer *ret) PK_WARN_UNUSED;

/* What of that is in the claims of a token whose signature has been verified. */
enum pk_status password_answer_claims(const struct token_text *token, int64_t now,
                                      struct password_answer *ret) PK_WARN_UNUSED;

#endif
